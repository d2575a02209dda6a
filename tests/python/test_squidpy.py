"""What the tutorial with scanpy and squidpy promises, where squidpy is installed."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

PAGE = Path(__file__).parents[2] / "docs" / "tutorials" / "scanpy_squidpy.md"


@pytest.mark.filterwarnings("ignore")
def test_the_page_runs_from_top_to_bottom(tmp_path, monkeypatch):
    pytest.importorskip("squidpy", reason="squidpy is not installed")
    pytest.importorskip("leidenalg", reason="leidenalg is not installed")
    plt = pytest.importorskip("matplotlib.pyplot")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SPOTSCAPE_DATA", raising=False)
    blocks = re.findall(r"^```(?:\{code-cell\} ipython3|python)\n(.*?)^```", PAGE.read_text(), re.M | re.S)
    names: dict = {}
    for block in blocks:
        exec(compile(block, PAGE.name, "exec"), names)
        if "sq.gr.spatial_neighbors(other" in block:
            degree = np.diff(names["other"].obsp["spatial_connectivities"].indptr)
            assert degree.std() > 0.5  # squidpy's triangles, not our six nearest
        plt.close("all")
    adata = names["adata"]
    for table in ("nhood_enrichment", "interactions", "centrality_scores", "co_occurrence", "ripley_L"):
        assert f"spotscape_domain_{table}" in adata.uns
    assert {"nhood_niche_res=0.5", "cellcharter_niche"} <= set(adata.obs)
    assert (tmp_path / "with_squidpy.h5ad").exists()
