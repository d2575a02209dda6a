"""``boundary_spots`` on nine spots of a square grid, worked by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy.sparse import csr_matrix

from spotscape._validate import InputError
from spotscape.tl import boundary_spots


@pytest.fixture
def grid() -> AnnData:
    """Nine spots, 3 x 3; neighbours share an edge. Domains: A A B / A A B / C C C."""
    adata = AnnData(csr_matrix(np.ones((9, 2), dtype=np.float32)))
    adata.obs["spotscape_domain"] = pd.Categorical(list("AABAABCCC"))
    row, column = np.divmod(np.arange(9), 3)
    apart = abs(row[:, None] - row) + abs(column[:, None] - column)
    adata.obsp["spatial_connectivities"] = csr_matrix((apart == 1).astype(np.float32))
    return adata


def test_nine_spots(grid):
    assert boundary_spots(grid) is None
    # 0 has A's only. 1-2, 4-5: A next to B. 3-6, 4-7: A next to C. 5-8: B next to C.
    expected = [False, True, True, True, True, True, True, True, True]
    assert grid.obs["spotscape_boundary"].tolist() == expected
    assert grid.obs["spotscape_boundary"].dtype == bool


def test_other_key_and_copy(grid):
    grid.obs["layer"] = ["x"] * 8 + ["y"]
    result = boundary_spots(grid, domain_key="layer", key_added="mine", copy=True)
    assert result.obs["mine_boundary"].tolist() == [False] * 5 + [True, False, True, True]
    assert "mine_boundary" not in grid.obs


def test_key_added_names_the_domains_too(grid):
    grid.obs["mine_domain"] = ["x"] * 9
    boundary_spots(grid, key_added="mine")
    assert not grid.obs["mine_boundary"].any()


def test_spots_without_label(grid):
    grid.obs["layer"] = [None, "x", "y", "x", "x", "y", "", np.nan, "y"]
    boundary_spots(grid, domain_key="layer")
    # 8 lies next to 5 (same) and 7 (none); 3 next to 0 and 6 (none) and 4 (same).
    assert np.flatnonzero(grid.obs["spotscape_boundary"]).tolist() == [1, 2, 4, 5]


def test_missing_labels(grid):
    with pytest.raises(InputError, match=r"adata.obs\['layer'\].*holds: 'spotscape_domain'.*domain_key"):
        boundary_spots(grid, domain_key="layer")
    grid.obs["layer"] = [None] * 9
    with pytest.raises(InputError, match=r"adata.obs\['layer'\]: found no label at any spot"):
        boundary_spots(grid, domain_key="layer")
    assert "spotscape_boundary" not in grid.obs


def test_missing_graph(grid):
    del grid.obsp["spatial_connectivities"]
    with pytest.raises(InputError, match=r"adata.obsp\['spatial_connectivities'\].*gr.spatial_neighbors"):
        boundary_spots(grid)
