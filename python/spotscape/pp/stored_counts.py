"""Counts that stay in their file, read some rows at a time: what a run takes of a matrix that is on disk."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache, partial
from typing import Any

import h5py
import numpy as np
from scipy import sparse

from spotscape import _row_blocks
from spotscape._row_blocks import OfBlock, Pass, computed, row_bounds, some_rows


class StoredCounts:
    """Rows of a sparse matrix on disk (CSR, of HDF5 or Zarr); ``counts[rows]`` is a CSR matrix in memory.

    Another process is given the names of file and group, and reads the rows itself.

    Parameters
    ----------
    stored
        anndata's view of it.
    """

    def __init__(self, stored: Any) -> None:
        self._group = stored.group
        self.shape: tuple[int, int] = tuple(stored.shape)
        self._values, self._columns = self._group["data"], self._group["indices"]
        self.indptr = np.asarray(self._group["indptr"][:], dtype=np.int64)
        self.dtype = np.dtype(self._values.dtype)
        self.survey: Any = None
        """What a look at all of them found: `spotscape.pp.counts.Survey`, once they were looked at."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _Elsewhere, _place(self._group)

    @property
    def nnz(self) -> int:
        """Number of stored values."""
        return int(self.indptr[-1])

    def map_rows(
        self, function: OfBlock, *by_row: np.ndarray, wanted: np.ndarray | None = None
    ) -> Iterator[tuple[slice, Any]]:
        """Yield blocks of rows, and what a function makes of each: `spotscape._row_blocks.map_rows`."""
        some = Pass(function, row_bounds(self.indptr, _row_blocks.BLOCK), by_row, wanted)
        return computed(partial(_of_rows, self, some.function), some)

    def __getitem__(self, rows: slice | np.ndarray) -> sparse.csr_matrix:
        """Return rows in memory: some that follow each other, or any in ascending order."""
        if not isinstance(rows, slice):
            return some_rows(self, rows)
        first, last, _ = rows.indices(self.shape[0])
        here = slice(int(self.indptr[first]), int(self.indptr[max(first, last)]))
        parts = (self._values[here], self._columns[here], self.indptr[first : last + 1] - here.start)
        found = sparse.csr_matrix(parts, shape=(max(0, last - first), self.shape[1]))
        if not found.has_canonical_format:
            found.sum_duplicates()
        return found


def can_stay(stored: Any) -> bool:
    """Tell whether a matrix is on disk in a way that its rows can be read from: sparse, by rows."""
    return getattr(stored, "format", None) == "csr" and hasattr(stored, "group")


def _of_rows(
    counts: StoredCounts | _Elsewhere, function: OfBlock, start: int, stop: int, *own: np.ndarray
) -> Any:
    return function(counts[start:stop], *own)


def _place(group: Any) -> tuple[str, str]:
    """Return the names of file (or folder) and group."""
    if isinstance(group, h5py.Group):
        return str(group.file.filename), str(group.name)
    store = group.store
    return str(getattr(store, "root", None) or getattr(store, "path", store)), str(group.path)


class _Elsewhere:
    """The counts of a file in a process that did not open it: opened where rows are asked for."""

    def __init__(self, file: str, name: str) -> None:
        self._place = file, name

    def __getitem__(self, rows: slice) -> sparse.csr_matrix:
        return _reopened(*self._place)[rows]


@lru_cache(maxsize=4)
def _reopened(file: str, name: str) -> StoredCounts:
    """Return the counts of a file, which stays open for what follows."""
    from anndata.io import sparse_dataset

    if h5py.is_hdf5(file):
        return StoredCounts(sparse_dataset(h5py.File(file, "r")[name]))

    import zarr

    return StoredCounts(sparse_dataset(zarr.open_group(file, mode="r")[name]))
