"""Counts that stay in their file, read some rows at a time: what a run takes of a matrix that is on disk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import sparse

_BLOCK = 2**24
"""Stored values that are held at once, about: 0.1 GB."""


class StoredCounts:
    """Rows of a sparse matrix on disk (CSR, of HDF5 or Zarr); ``counts[rows]`` is a CSR matrix in memory.

    Parameters
    ----------
    stored
        anndata's view of it.
    """

    def __init__(self, stored: Any) -> None:
        self.shape: tuple[int, int] = tuple(stored.shape)
        self._values, self._columns = stored.group["data"], stored.group["indices"]
        self.indptr = np.asarray(stored.group["indptr"][:], dtype=np.int64)
        self.dtype = np.dtype(self._values.dtype)
        self.totals: np.ndarray | None = None
        """Counts of each row, once they were added up."""

    @property
    def nnz(self) -> int:
        """Number of stored values."""
        return int(self.indptr[-1])

    def blocks(self) -> Iterator[tuple[slice, sparse.csr_matrix]]:
        """Yield rows that fit into a block, and their counts."""
        for start, stop in row_bounds(self.indptr, _BLOCK):
            yield slice(start, stop), self[start:stop]

    def __getitem__(self, rows: slice | np.ndarray) -> sparse.csr_matrix:
        """Return rows in memory: some that follow each other, or any in ascending order."""
        if not isinstance(rows, slice):
            return self._some(rows)
        first, last, _ = rows.indices(self.shape[0])
        here = slice(int(self.indptr[first]), int(self.indptr[max(first, last)]))
        parts = (self._values[here], self._columns[here], self.indptr[first : last + 1] - here.start)
        found = sparse.csr_matrix(parts, shape=(max(0, last - first), self.shape[1]))
        if not found.has_canonical_format:
            found.sum_duplicates()
        return found

    def _some(self, spots: np.ndarray) -> sparse.csr_matrix:
        """Return spots from all over the matrix: each block is read once, if it holds any."""
        taken = []
        for start, stop in row_bounds(self.indptr, _BLOCK):
            first, last = np.searchsorted(spots, [start, stop])
            if last > first:
                taken.append(self[start:stop][spots[first:last] - start])
        return sparse.vstack(taken, format="csr") if taken else sparse.csr_matrix((0, self.shape[1]))


def row_bounds(indptr: np.ndarray, most: int) -> Iterator[tuple[int, int]]:
    """Yield where rows begin and end that have at most so many stored values together, or are one row."""
    start, n = 0, len(indptr) - 1
    while start < n:
        full = int(np.searchsorted(indptr, int(indptr[start]) + most, side="right")) - 1
        stop = min(n, max(start + 1, full))
        yield start, stop
        start = stop


def can_stay(stored: Any) -> bool:
    """Tell whether a matrix is on disk in a way that its rows can be read from: sparse, by rows."""
    return getattr(stored, "format", None) == "csr" and hasattr(stored, "group")
