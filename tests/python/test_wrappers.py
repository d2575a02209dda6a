"""spotscape as a method of other people's benchmarks, in their layouts, on small simulated slices."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.io import mmwrite
from sklearn.metrics import adjusted_rand_score

from spotscape import datasets

ROOT = Path(__file__).resolve().parents[2] / "benchmarks" / "wrappers"
pytestmark = pytest.mark.filterwarnings("ignore::spotscape._validate.SpotscapeWarning")


def script(path: str) -> ModuleType:
    """Import a wrapper as the benchmark does: a file, not a package."""
    spec = importlib.util.spec_from_file_location(Path(path).stem, ROOT / path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tissue(**settings) -> ad.AnnData:
    return datasets.simulate_slice(n_spots=200, n_genes=60, n_domains=3, **settings)


def test_soi_bench():
    """Slices in ``uns["dataset"]``; what comes back has the names that the harness' evaluation reads."""
    slices = {}
    for k, one in enumerate(datasets.simulate_slices(n_slices=2, n_spots=150, n_genes=60, n_domains=3)):
        one.obs["batch"], one.obs["Ground Truth"] = f"s{k}", one.obs["ground_truth"].astype(str)
        one.obs_names = f"s{k}_" + one.obs_names
        one.obs["cell_id"] = one.obs_names
        slices[f"s{k}"] = one
    given = ad.AnnData()
    given.uns["dataset"] = slices
    given.uns["config"] = {"sample_list": np.array(["s0", "s1"]), "rotation": False, "adata_path": "x.h5ad"}
    found = script("soi_bench/run_Spotscape.py").run_Spotscape(given, seed=0, knn=5)
    assert list(found.obs_names) == [*slices["s0"].obs_names, *slices["s1"].obs_names]
    assert found.obsm["integrated"].shape[0] == 300
    assert np.isfinite(found.obsm["spatial_aligned"]).all()
    assert found.obsm["spatial_aligned"].shape == (300, 2)
    assert found.X is None or found.X.sum() == 0
    assert found.uns["filename"] == "seed_0_knn_5_integrated"
    assert (found.uns["seed"], found.uns["config"]["adata_path"]) == (0, "x.h5ad")
    assert adjusted_rand_score(found.obs["Ground Truth"], found.obs["benchmark_cluster"]) > 0.4


def test_spacehack(tmp_path):
    adata = tissue()
    selected = np.arange(200) != 7
    table = pd.DataFrame({"row": 0, "col": 0, "selected": selected}, index=adata.obs_names)
    table.to_csv(tmp_path / "observations.tsv", sep="\t", index_label="")
    pd.DataFrame({"selected": True}, index=adata.var_names).to_csv(tmp_path / "features.tsv", sep="\t")
    # Coordinates in another order: the harness goes by names.
    places = pd.DataFrame(adata.obsm["spatial"], index=adata.obs_names, columns=["x", "y"]).iloc[::-1]
    places.to_csv(tmp_path / "coordinates.tsv", sep="\t", index_label="")
    mmwrite(tmp_path / "counts.mtx", sparse.csr_matrix(adata.X))
    config = ROOT / "spacehack" / "config" / "config_default.json"
    named = {"-c": "coordinates.tsv", "-m": "counts.mtx", "-f": "features.tsv", "-o": "observations.tsv"}
    argv = [part for flag, name in named.items() for part in (flag, str(tmp_path / name))]
    argv += [
        "-d",
        str(tmp_path / "out" / "new"),
        "--n_clusters",
        "3",
        "--technology",
        "Visium",
        "--seed",
        "1",
    ]
    script("spacehack/method_spotscape.py").main([*argv, "--config", str(config)])
    labels = pd.read_table(tmp_path / "out" / "new" / "domains.tsv", index_col=0)["label"]
    embedding = pd.read_table(tmp_path / "out" / "new" / "embedding.tsv", index_col=0)
    assert list(labels.index) == list(adata.obs_names[selected]) == list(embedding.index)
    assert adjusted_rand_score(adata.obs["ground_truth"][selected], labels) > 0.5
    arguments = json.loads((ROOT / "spacehack" / "spotscape_optargs.json").read_text())
    assert arguments["matrix"] in ("counts", "transform", "dimensionality_reduction")
    keys = {"matrix", "integrated_feature_selection", "image", "neighbors", "config_file"}
    assert set(arguments) == keys


def test_benchmarkst(tmp_path):
    """The loaders are the benchmark's: here one that takes their arguments and gives what they give."""

    def load_dlpfc(root_dir: str, section_id: str) -> ad.AnnData:
        assert Path(root_dir) == tmp_path / "DLPFC12"
        adata = datasets.simulate_slice(n_spots=250, n_genes=60, n_domains=5, seed=int(section_id))
        known = adata.obs["ground_truth"].astype(object)
        adata.obs["original_clusters"] = known.where(np.arange(250) % 50 > 0)
        return adata

    out = tmp_path / "spotscape_aris.txt"
    argv = ["--root", str(tmp_path), "--out", str(out), "--sets", "DLPFC", "--iters", "1"]
    argv += ["--sections", "151669"]
    script("benchmarkst/run_spotscape.py").main(argv, SimpleNamespace(load_DLPFC=load_dlpfc))
    # As its analysis/boxplot.py reads them: name first, then numbers, single spaces.
    found = {line.split(" ")[0]: line.split(" ")[1:] for line in out.read_text().splitlines()}
    assert list(found) == ["DLPFC151669"]
    assert all(len(values) == 1 and 0.2 < float(values[0]) <= 1 for values in found.values())


def test_benchmarkst_knows_all_twelve_sections():
    sets = script("benchmarkst/run_spotscape.py").SETS
    assert sum(sets["DLPFC"][2].values()) == 8 * 7 + 4 * 5


def test_sdmbench(tmp_path):
    adata = tissue()
    known = adata.obs["ground_truth"].astype(object)
    adata.obs["Region"] = known.where(np.arange(200) % 40 > 0).astype("category")
    adata.write_h5ad(tmp_path / "151673.h5ad")
    script("sdmbench/Spotscape.py").main(
        [str(tmp_path / "151673.h5ad"), "--out", str(tmp_path), "--runs", "1"]
    )
    found = ad.read_h5ad(tmp_path / "Spotscape_151673.h5ad")
    obs = found.obs[["Region", "pred_1"]].dropna()
    assert len(obs) == 195
    expected = adjusted_rand_score(obs["Region"], obs["pred_1"])
    assert found.uns["ari"].tolist() == pytest.approx([expected])
    assert len(found.uns["time"]) == len(found.uns["memory"]) == 1
    lines = (tmp_path / "Spotscape_151673.txt").read_text().splitlines()
    assert lines == ["Spotscape", *found.obs["pred_1"].astype(str)]


def test_wrappers_need_nothing_of_this_repository():
    for path in ROOT.rglob("*.py"):
        assert "benchmarks" not in {line.split()[1].split(".")[0] for line in imports_of(path)}
        assert path.stem != "spotscape"  # it would be imported in place of the package
    assert "spotscape" in sys.modules


def imports_of(path: Path) -> list[str]:
    lines = path.read_text().splitlines()
    return [line for line in lines if line.startswith(("import ", "from "))]
