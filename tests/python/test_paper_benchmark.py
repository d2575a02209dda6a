"""``benchmarks.paper`` on simulated stand-ins that lie in a folder as the published files do."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from spotscape import datasets

from .platforms_10x import space_ranger, xenium

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
from benchmarks.paper import __main__ as paper  # noqa: E402
from benchmarks.paper.sources import DONORS, EMBRYOS, SECTIONS, SOURCES, TRUTH  # noqa: E402
from benchmarks.paper.tasks import TASKS, settings_of  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::spotscape._validate.SpotscapeWarning")


def stand_in(seed: int, n_spots: int = 120):
    adata = datasets.simulate_slice(n_spots=n_spots, n_genes=40, n_domains=3, seed=seed)
    adata.obs_names = [f"AAAC{i:04d}-1" for i in range(adata.n_obs)]
    adata.obs["label"] = adata.obs["ground_truth"].astype(str)
    return adata


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Every source's files."""
    root = tmp_path_factory.mktemp("paper")
    layers = []
    for k, section in enumerate(SECTIONS):
        place = root / "10x_dlpfc" / section
        place.mkdir(parents=True)
        adata = stand_in(k, 60)
        space_ranger(adata, place, version=1)
        h5 = place / "filtered_feature_bc_matrix.h5"
        h5.rename(place / f"{section}_{h5.name}")
        layers += [(name, section, label) for name, label in adata.obs["label"].iloc[1:].items()]
    pd.DataFrame(layers).to_csv(
        root / "10x_dlpfc" / "barcode_level_layer_map.tsv", sep="\t", header=False, index=False
    )
    metadata = []
    for k, (place, suffix) in enumerate((("2-5", "2_5"), ("T4857", "T4857"))):
        (root / "mtg_ad" / place).mkdir(parents=True)
        adata = stand_in(k)
        space_ranger(adata, root / "mtg_ad" / place, version=1)
        table = adata.obs[["label"]].rename(columns={"label": "Layer"}).assign(patientID=suffix)
        table.iloc[:5, 0] = "Noise"
        metadata.append(table.rename(index=lambda name, s=suffix: f"{name.split('-')[0]}-{s}"))
    pd.concat(metadata).to_csv(root / "mtg_ad" / "metadata.csv")
    (root / "dev_stage_align").mkdir()
    for k, name in enumerate(EMBRYOS):
        adata = stand_in(k)
        adata.layers["count"] = adata.X.copy()
        adata.X = np.log1p(adata.X.toarray())
        adata.obs["annotation"] = adata.obs.pop("label")
        del adata.obs["ground_truth"]
        adata.write_h5ad(root / "dev_stage_align" / f"{name}.MOSTA.h5ad")
    (root / "NSCLC").mkdir()
    adata = stand_in(0)
    adata.obs["coord_x"], adata.obs["coord_y"] = adata.obsm["spatial"].T
    adata.obs["region"] = adata.obs["label"].where(np.arange(120) > 3, "unknown")
    del adata.obsm["spatial"], adata.obs["ground_truth"]
    adata.write_h5ad(root / "NSCLC" / "Lung5_3.h5ad")
    for name in ("visium", "xenium"):
        (root / "breast_cancer" / name).mkdir(parents=True)
    space_ranger(stand_in(1), root / "breast_cancer" / "visium")
    xenium(stand_in(2), root / "breast_cancer" / "xenium", parquet=False)
    return root


@pytest.mark.parametrize("name", SOURCES)
def test_every_layout_is_read(folder, name):
    source = SOURCES[name]
    assert source.missing(folder) == []
    slices = source.read(folder)
    for one in slices.values():
        counts = one.X.toarray() if hasattr(one.X, "toarray") else one.X
        assert (counts == counts.round()).all()
        assert counts.sum() > 0
        assert one.obsm["spatial"].shape == (one.n_obs, 2)
    tasks = [task for task in TASKS if task.source == name]
    assert {slice_ for task in tasks for slice_ in task.slices} == set(slices)
    labels = {n: one.obs[TRUTH] for n, one in slices.items() if TRUTH in one.obs}
    assert len(labels) == (0 if name == "breast" else len(slices))
    missing = {"dlpfc": 1, "mtg": 5, "embryo": 0, "nsclc": 4, "breast": 0}[name]
    assert all(column.isna().sum() == missing for column in labels.values())
    if name == "mtg":
        expected = stand_in(1).obs["label"].to_numpy()[5:]
        assert (labels["Alzheimer's"].to_numpy(dtype=object)[5:] == expected).all()


def test_tasks_are_the_papers():
    assert len([task for task in TASKS if task.data.startswith("DLPFC 15")]) == 12
    assert sorted(section for sections in DONORS.values() for section in sections) == sorted(SECTIONS)
    of = {task.data: task for task in TASKS}
    assert of["DLPFC 151507"].published["ARI"] == 0.60
    settings = settings_of("paper", of["mouse embryo"], None)
    assert settings == {"preset": "paper", "learning_rate": 1e-3}
    assert settings_of("default", of["mouse embryo"], None) is None


def table(capsys, folder: Path, source: str, *more: str) -> dict[tuple[str, ...], list[str]]:
    """Print the table of one source with one seed; cells by data and figure, the heads by theirs."""
    paper.main([str(folder), "--sources", source, "--seeds", "0", *more])
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "---" not in line]
    heads = {tuple(rows[0][:3]): rows[0][3:]}
    return heads | {(row[1], row[2]): row[3:] for row in rows[1:]}


def test_the_table(folder, capsys):
    found = table(capsys, folder, "embryo", "--epochs", "2")
    assert list(found) == [("task", "data", "figure"), ("mouse embryo", "LTARI")]
    assert found["task", "data", "figure"] == ["published", "default", "paper"]
    assert found["mouse embryo", "LTARI"][0] == "0.51"
    assert all(-1 <= float(value) <= 1 for value in found["mouse embryo", "LTARI"])
    found = table(capsys, folder, "mtg", "--presets", "default")
    assert found["MTG control", "ARI"][0] == "0.73"
    assert float(found["MTG control", "ARI"][1]) > 0.3
    assert found["MTG control + AD", "silhouette"][0] == "0.69"
    assert len(found) == 1 + 2 * 3 + 4


def test_what_is_missing_is_said_with_its_origin(tmp_path, capsys):
    paper.main([str(tmp_path), "--seeds", "0"])
    text = capsys.readouterr().out
    assert all(f"{name}: {source.title}" in text for name, source in SOURCES.items())
    assert "spatial-dlpfc.s3" in text
    assert "GSE220442" in text
    assert str(tmp_path / "NSCLC" / "Lung5_3.h5ad") in text


def test_slices_without_labels(folder, capsys):
    paper.main([str(folder), "--sources", "breast", "--seeds", "0", "--presets", "default"])
    assert "| breast, Visium + Xenium | iLISI | - |" in capsys.readouterr().out


def test_a_section_that_is_not_the_published_one_is_told(folder, capsys, monkeypatch):
    monkeypatch.setattr(paper, "TASKS", ())
    paper.main([str(folder), "--sources", "dlpfc"])
    assert "151507: 60 spots, the published one has 4226" in capsys.readouterr().out


def test_changed_files_are_told(tmp_path, capsys):
    (tmp_path / "a.txt").write_text("one")
    (tmp_path / "SHA256SUMS").write_text(hashlib.sha256(b"one").hexdigest() + "  a.txt\n")
    paper.main([str(tmp_path), "--sources", "nsclc"])
    assert "not there" in capsys.readouterr().out
    (tmp_path / "a.txt").write_text("two")
    with pytest.raises(SystemExit, match=r"SHA256SUMS has them: a.txt"):
        paper.main([str(tmp_path)])
