"""``benchmarks.measures`` on a small simulated tissue."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from benchmarks import measures

from spotscape import metrics


@pytest.mark.filterwarnings("ignore::spotscape._validate.SpotscapeWarning")
def test_every_method_and_the_annotators(monkeypatch):
    tissue = measures.panel.read("simulated_tumour_200_1")
    known, places = tissue.obs["ground_truth"], tissue.obsm["spatial"]
    monkeypatch.setattr(
        measures.panel, "labels_of", lambda *_: iter([("half", known.isin(list(known.unique())[:2]), 0.1)])
    )
    rows = [row for seed in (0, 1) for row in measures.rows_of("one", "simulated_tumour_200_1", seed)]
    table = pd.DataFrame(rows)
    assert table["method"].tolist() == ["half", measures.ANNOTATORS] * 2
    assert table["ARI"].iloc[1] == 1
    half = known.isin(list(known.unique())[:2])
    assert table["ARI"].iloc[0] == metrics.adjusted_rand_index(known, half)
    assert table["PAS"].iloc[1] == metrics.pas(known, places)
    lines = measures.report(table).splitlines()
    assert lines[0].startswith("| method | ARI ↑ | NMI ↑ | CA ↑ | boundary ↑ | inner ↑ | CHAOS ↓ | PAS ↓ |")
    assert lines[3].startswith(f"| {measures.ANNOTATORS} | 1.000 ± 0.000 |")
    assert lines[-1] == f"| {measures.ANNOTATORS} | 1.00 |"
