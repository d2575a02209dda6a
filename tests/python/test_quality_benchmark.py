"""The benchmark of domains: whole rows, none run twice, a report of what there is. No peers, tiny runs."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pytest

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
    chosen = ("--methods", *methods, "--data", TISSUE, "--seeds", "0", "--set", "epochs=2")
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
        *("seconds", "cpu_seconds", "memory"),
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
    assert set(added["settings"]) == {"epochs=2"}
    assert [file.name for file in path.parent.iterdir()] == ["table.csv"]


def test_report_has_default_settings_only(path: Path, tmp_path: Path):
    quality("report", "--table", str(path), "--output", str(tmp_path))
    text = (tmp_path / "quality.md").read_text()
    assert "smoothed_pca" in text
    assert "| default |" not in text
    assert {file.name for file in tmp_path.glob("*.png")} == {"quality_ari.png", "quality_boundary.png"}
