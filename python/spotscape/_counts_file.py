"""Counts that are written into an ``.h5ad`` as its ``X`` some rows at a time, so that only these are held."""

from __future__ import annotations

from typing import Any

import h5py
import numpy as np
from scipy import sparse

_CHUNK = 2**16


class CountsFile:
    """The matrix of a file that is being written: rows are appended, and `finish` completes it.

    Parameters
    ----------
    file
        Open for writing, without ``X``.
    n_genes
        Columns.
    dtype
        Of the counts.
    """

    def __init__(self, file: h5py.File, n_genes: int, dtype: np.dtype | type) -> None:
        self._group = file.create_group("X")
        self._n_genes = n_genes
        self._n_stored = 0
        self._ends = [np.zeros(1, np.int64)]
        how: dict[str, Any] = {"shape": (0,), "maxshape": (None,), "chunks": (_CHUNK,)}
        self._values = self._group.create_dataset("data", dtype=dtype, **how)
        self._columns = self._group.create_dataset("indices", dtype=np.int32, **how)

    def append(self, rows: sparse.csr_matrix) -> None:
        """Write rows behind those that are there."""
        end = self._n_stored + rows.nnz
        for stored, found in ((self._values, rows.data), (self._columns, rows.indices)):
            stored.resize((end,))
            stored[self._n_stored : end] = found
        self._ends.append(self._n_stored + rows.indptr[1:].astype(np.int64))
        self._n_stored = end

    def finish(self) -> None:
        """Write where rows begin, and what makes it a matrix of AnnData."""
        starts = np.concatenate(self._ends)
        self._group.create_dataset("indptr", data=starts)
        self._group.attrs.update({"encoding-type": "csr_matrix", "encoding-version": "0.1.0"})
        self._group.attrs["shape"] = np.array([len(starts) - 1, self._n_genes], np.int64)
