"""Mean expression of each slice."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from spotscape.components.low_rank import Rows

_BLOCK_OF_SPOTS = 2**14
"""Spots whose expression is held as float64 at once."""


def slice_means(expression: Rows, groups: np.ndarray) -> np.ndarray:
    """Return the mean expression of each group of spots: S x G, added up in float64 over blocks of rows."""
    n, g = expression.shape
    sums = np.zeros((int(groups.max()) + 1, g))
    for start in range(0, n, _BLOCK_OF_SPOTS):
        part = groups[start : start + _BLOCK_OF_SPOTS]
        ones = np.ones(len(part))
        indicator = sparse.csr_matrix((ones, (part, np.arange(len(part)))), shape=(len(sums), len(part)))
        sums += (indicator @ expression[start : start + len(part)]).toarray()
    return sums / np.bincount(groups)[:, None]
