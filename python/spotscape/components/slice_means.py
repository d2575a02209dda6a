"""Mean expression of each slice."""

from __future__ import annotations

import numpy as np

from spotscape._row_blocks import Rows, group_sums


def slice_means(expression: Rows, groups: np.ndarray) -> np.ndarray:
    """Return the mean expression of each group of spots: S x G, added up in float64 over blocks of rows."""
    means: np.ndarray = group_sums(expression, groups) / np.bincount(groups)[:, None]
    return means
