"""The benchmark of domains: whole rows, none run twice, a report of what there is. No peers, tiny runs."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from spotscape.datasets import simulate_slice
from spotscape.domains.confidence import calibrated

ROOT = Path(__file__).resolve().parents[2]
TISSUE = "tumour_cells"


def quality(*arguments: str) -> None:
    """Call the command; the repository's root is no place that packages are found in by themselves."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT)
        patch.setattr(sys, "argv", ["quality", *arguments])
        from benchmarks.quality.__main__ import main

        main()


def run(path: Path, *methods: str) -> None:
    chosen = ("--methods", *methods, "--data", TISSUE, "--seeds", "0", "--set", "n_starts=2")
    quality("run", "--table", str(path), *chosen)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("quality") / "table.csv"
    run(path, "smoothed_pca")
    return path


def test_rows_are_whole_and_scores_in_range(path: Path):
    table = pd.read_csv(path, keep_default_na=False)
    assert list(table.columns) == [
        *("method", "data", "seed", "settings", "clustering", "n_spots", "n_genes", "n_domains"),
        *("ARI", "NMI", "CA", "boundary", "inner", "silhouette", "coherence"),
        *("seconds", "cpu_seconds", "memory", "device"),
    ]
    baseline = table[table["method"] == "smoothed_pca"]
    assert list(baseline["clustering"]) == ["gmm", "kmeans"]
    assert baseline[["ARI", "NMI", "CA", "boundary", "inner", "coherence"]].stack().between(0, 1).all()
    assert baseline["settings"].eq("").all()  # settings of ours mean nothing to a baseline
    assert baseline["memory"].between(0.05, 3).all()


def test_goes_on_where_it_stopped(path: Path, capfd: pytest.CaptureFixture[str]):
    before = path.read_text()
    run(path, "smoothed_pca", "default")
    assert "smoothed_pca" not in capfd.readouterr().out
    assert path.read_text().startswith(before)
    added = pd.read_csv(path).iloc[2:]
    assert list(added["clustering"]) == ["gmm", "kmeans", "own"]
    assert set(added["settings"]) == {"n_starts=2"}
    assert [file.name for file in path.parent.iterdir()] == ["table.csv"]


def test_report_has_default_settings_only(path: Path, tmp_path: Path):
    quality("report", "--table", str(path), "--output", str(tmp_path))
    text = (tmp_path / "quality.md").read_text()
    assert "smoothed_pca" in text
    assert "| default |" not in text
    assert {file.name for file in tmp_path.glob("*.png")} == {"quality_ari.png", "quality_boundary.png"}


def made_up(**ari: dict[str, float]) -> pd.DataFrame:
    """Return runs of one seed with the ARI of each method by tissue."""
    rows = [
        {"method": method, "data": tissue, "seed": 0, "settings": "", "clustering": "gmm", "ARI": value}
        for method, values in ari.items()
        for tissue, value in values.items()
    ]
    scores = {"NMI": 0.5, "CA": 0.5, "boundary": 0.5, "inner": 0.5, "silhouette": 0.5, "coherence": 0.5}
    return pd.DataFrame(rows).assign(**scores, seconds=1.0, cpu_seconds=1.0, memory=1.0, device="cpu")


def report_of(runs: pd.DataFrame, folder: Path) -> dict[str, list[str]]:
    """Return the cells of each row of the first table of two sections, by section and method."""
    runs.to_csv(folder / "table.csv", index=False)
    quality("report", "--table", str(folder / "table.csv"), "--output", str(folder))
    found = {}
    for section in (folder / "quality.md").read_text().split("\n## ")[1:]:
        title = section.splitlines()[0]
        for line in section.split("\n\nOwn labels")[0].splitlines():
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            found[f"{title}: {cells[0]}"] = cells[1:]
    return found


def test_a_method_with_few_tissues_does_not_narrow_the_means(tmp_path: Path):
    five = ("cortex", "tumour", "rare", "hole", "gradient")
    runs = made_up(
        default=dict(zip(five, (0.9, 0.8, 0.7, 0.6, 0.5), strict=True)),
        pca=dict(zip(five[:4], (0.1, 0.1, 0.1, 0.7), strict=True)),
        graphst={"rare": 0.8, "hole": 0.2},
    )
    found = report_of(runs, tmp_path)
    assert found["Over all tissues: default"][0] == "0.750"  # the four tissues that pca has too
    assert found["Over all tissues: default"][-1] == "1.2"
    assert found["Over all tissues: pca"][0] == "0.250"
    assert "Over all tissues: graphst" not in found
    few = found["Methods with few tissues: graphst"]
    assert set(few[0].split(", ")) == {"rare", "hole"}
    assert few[1] == "0.500 / 0.650"
    assert few[-1] == "1 of 2"
    assert "Methods with few tissues: pca" not in found


def test_where_all_methods_have_most_tissues_none_stands_apart(tmp_path: Path):
    found = report_of(made_up(default={"rare": 0.5}, pca={"rare": 0.4}), tmp_path)
    assert "Methods with few tissues: None." in found
    assert found["Over all tissues: pca"][0] == "0.400"


def test_cost_is_of_runs_without_a_gpu(tmp_path: Path):
    runs = made_up(default={"rare": 0.5, "hole": 0.5}, graphst={"rare": 0.4, "hole": 0.4})
    faster = runs.assign(seed=1, cpu_seconds=99.0, device="cuda").iloc[2:]
    found = report_of(pd.concat([runs.iloc[:3], faster]), tmp_path)
    assert found["Cost: rare"] == ["1 s, 1.0 GB", "1 s, 1.0 GB"]
    assert found["Cost: hole"] == ["1 s, 1.0 GB", ""]
    assert found["ARI by tissue: hole"][1] == "0.400"


@pytest.fixture
def calibration(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(ROOT)
    return importlib.import_module("benchmarks.quality.calibration")


def test_the_fit_finds_the_coefficients_that_made_spots_right(calibration: ModuleType):
    rng = np.random.default_rng(0)
    made = []
    for n_domains, n_spots in ((3, 4000), (6, 8000)):
        posterior = 1 / n_domains + (1 - 1 / n_domains) * rng.beta(2, 0.5, n_spots)
        sure = calibrated(posterior, n_domains, (-0.5, 0.4))
        right = rng.random(n_spots) < sure
        names = {"study": str(n_domains), "tissue": str(n_domains)}
        tissue = names | {"n_domains": n_domains, "posterior": posterior, "right": right}
        made.append(pd.DataFrame(tissue))
    found = calibration.fitted(pd.concat(made, ignore_index=True))
    np.testing.assert_allclose(found, (-0.5, 0.4), atol=0.08)


def test_calibration_error_by_hand(calibration: ModuleType):
    confidence = [0.85] * 10 + [0.35] * 10
    right = [True] * 8 + [False] * 2 + [True] * 3 + [False] * 7
    table = pd.DataFrame({"confidence": confidence, "right": right})
    assert calibration.calibration_error(table) == pytest.approx(0.05)


@pytest.fixture
def small_panel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two studies of one small simulated tissue each."""
    panel = importlib.import_module("benchmarks.quality.panel")

    def small(name: str) -> AnnData:
        return simulate_slice(n_spots=200, n_genes=60, n_domains=3, seed=int(name[-1]))

    monkeypatch.setattr(panel, "STUDIES", {"one": ("small1",), "two": ("small2",)})
    monkeypatch.setattr(panel, "read", small)


@pytest.mark.usefixtures("small_panel")
def test_calibration_judges_each_study_by_the_others(
    calibration: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    calibration.write(tmp_path / "table.md", tmp_path / "figure.png")
    text = (tmp_path / "table.md").read_text()
    for study in ("one", "two"):
        assert re.search(rf"^\| {study} \| 0\.\d\d\d \| 0\.\d\d \| 0\.\d\d \|$", text, re.M)
    assert (tmp_path / "figure.png").stat().st_size > 1000
    quality("calibration", "--fit")
    assert re.search(r"^\(-?\d+\.\d\d, -?\d+\.\d\d\d\)$", capsys.readouterr().out, re.M)


@pytest.mark.usefixtures("small_panel")
def test_other_methods_stand_by_study_where_they_ran_a_study_whole(monkeypatch: pytest.MonkeyPatch):
    panel = importlib.import_module("benchmarks.quality.panel")
    monkeypatch.setattr(panel, "STUDIES", {"one": ("a", "b"), "two": ("c",)})
    runs = [("banksy", "a", 0.2), ("banksy", "b", 0.4), ("banksy", "c", 0.5), ("graphst", "a", 0.9)]
    rows = [
        {"method": method, "data": name, "clustering": "gmm", "seed": seed, "ARI": score, "seconds": 3.0}
        for method, name, score in [*runs, ("default", "a", 1.0)]
        for seed in (0, 1)
    ]
    text = panel.peers(pd.DataFrame(rows))
    assert "| banksy, gmm | 0.400 | 0.30 | 0.300 | 0.500 | 6 | 3 |" in text
    assert "| graphst, gmm | – | – | – | – | 2 | 3 |" in text
    assert "default" not in text


@pytest.mark.usefixtures("small_panel")
def test_the_panel_prints_every_method_by_study():
    panel = importlib.import_module("benchmarks.quality.panel")
    rows = [row for name, seed in (("small1", 0), ("small2", 0)) for row in panel.run(name, seed, {})]
    table = pd.DataFrame(rows)
    assert table["ARI"].between(-0.5, 1).all()
    means = panel.by_study(table, panel.STUDIES)
    assert means.shape == (7, 2)
    default = table[(table["method"] == "default") & (table["data"] == "small1")]["ARI"].iloc[0]
    assert means.loc["default", "one"] == default
    lines = panel.report(table, panel.STUDIES).splitlines()
    assert [line.split("|")[1].strip() for line in lines[2:]] == list(means.index)
