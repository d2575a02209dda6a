"""Log expression that is made of counts some rows at a time: nothing of the size of the counts is held."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from spotscape._logarithm import log_scaled
from spotscape.pp.counts import Stored, float_columns
from spotscape.pp.stored_counts import StoredCounts, row_bounds

_BLOCK = 2**22
"""Stored values whose logarithm is taken in one go."""


class LogRows:
    """``log(1 + x)`` of scaled counts, N x G; ``expression[rows]`` is a CSR matrix, float32.

    Parameters
    ----------
    counts
        N x all genes, in memory or on disk.
    columns
        Numbers of the genes that are taken.
    scale
        What the counts of each spot are multiplied by, N float32.
    """

    def __init__(self, counts: Stored, columns: np.ndarray, scale: np.ndarray) -> None:
        self._counts, self._columns, self._scale = counts, columns, scale
        self.shape = (counts.shape[0], len(columns))

    def __getitem__(self, rows: slice | np.ndarray) -> sparse.csr_matrix:
        """Return the expression of some rows; numbers of spots are in ascending order."""
        found = float_columns(self._counts[rows], self._columns)
        log_scaled(found.data, self._scale[rows], np.diff(found.indptr))
        return found

    def whole(self) -> sparse.csr_matrix:
        """Return all of it."""
        counts = self._counts[:] if isinstance(self._counts, StoredCounts) else self._counts
        found = float_columns(counts, self._columns)
        for start, stop in row_bounds(found.indptr, _BLOCK):
            values = found.data[found.indptr[start] : found.indptr[stop]]
            log_scaled(values, self._scale[start:stop], np.diff(found.indptr[start : stop + 1]))
        return found
