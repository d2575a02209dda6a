"""Log expression that is made of counts some rows at a time: nothing of the size of the counts is held."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from scipy import sparse

from spotscape._logarithm import log_scaled
from spotscape._row_blocks import BLOCK, OfBlock, map_rows, row_bounds, some_rows
from spotscape.pp.counts import Stored, float_columns


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
        if not isinstance(rows, slice):
            return some_rows(self, rows)
        return _log(self._counts[rows], self._scale[rows], self._columns)

    def map_rows(
        self, function: OfBlock, *by_row: np.ndarray, wanted: np.ndarray | None = None
    ) -> Iterator[tuple[slice, Any]]:
        """Yield blocks of rows, and what a function makes of each: `spotscape._row_blocks.map_rows`."""
        do = partial(_of_log, columns=self._columns, function=function)
        return map_rows(self._counts, do, self._scale, *by_row, wanted=wanted)

    def whole(self) -> sparse.csr_matrix:
        """Return all of it."""
        counts = self._counts if sparse.issparse(self._counts) else self._counts[:]
        found = float_columns(counts, self._columns)
        for start, stop in row_bounds(found.indptr, BLOCK):
            values = found.data[found.indptr[start] : found.indptr[stop]]
            log_scaled(values, self._scale[start:stop], np.diff(found.indptr[start : stop + 1]))
        return found


def _log(counts: sparse.csr_matrix, scale: np.ndarray, columns: np.ndarray) -> sparse.csr_matrix:
    found = float_columns(counts, columns)
    log_scaled(found.data, scale, np.diff(found.indptr))
    return found


def _of_log(
    counts: sparse.csr_matrix, scale: np.ndarray, *own: np.ndarray, columns: np.ndarray, function: OfBlock
) -> Any:
    return function(_log(counts, scale, columns), *own)
