"""The counts of 10x Genomics' HDF5 file, row by row: into memory or an ``.h5ad``, without a second copy.

The file holds features x barcodes by column, which is barcodes x features by row: nothing has to be turned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from scipy import sparse

from spotscape._counts_file import CountsFile
from spotscape._paths import reading

_BLOCK = 2**16
"""Stored counts that are held at a time beside the matrix that is made."""
_MOST_INT32 = np.iinfo(np.int32).max


@dataclass(frozen=True)
class StoredCounts:
    """Counts in a file: barcodes x features, of which the genes are wanted."""

    path: Path
    expected: str
    """What the file should be, for errors."""
    is_gene: np.ndarray
    n_rows: int

    def load(self, rows: np.ndarray) -> tuple[sparse.csr_matrix, np.ndarray]:
        """Return the genes' counts of the rows under a mask, and the sums of their other features."""
        begins = self._begins()
        n_most = _n_of(begins, rows)
        kind = _index_type(n_most)
        # Pages that are never written, because features are left out, are never taken.
        values, columns = np.empty(n_most, np.float32), np.empty(n_most, kind)

        def keep(start: int, part: sparse.csr_matrix) -> None:
            end = start + part.nnz
            values[start:end], columns[start:end] = part.data, part.indices

        starts, others = self._keep_all(rows, begins, kind, keep)
        kept = int(starts[-1])
        shape = (len(others), int(self.is_gene.sum()))
        counts = sparse.csr_matrix((values[:kept], columns[:kept], starts), shape)
        counts.has_sorted_indices = True
        return counts, others

    def write(self, file: h5py.File, rows: np.ndarray) -> np.ndarray:
        """Write the same counts into an ``.h5ad`` as its ``X``, block by block; return the others' sums."""
        begins = self._begins()
        kind = _index_type(_n_of(begins, rows))
        out = CountsFile(file, int(self.is_gene.sum()), np.float32)
        _, others = self._keep_all(rows, begins, kind, lambda _, part: out.append(part))
        out.finish()
        return others

    def _keep_all(
        self,
        rows: np.ndarray,
        begins: np.ndarray,
        kind: type[np.integer[Any]],
        keep: Callable[[int, sparse.csr_matrix], None],
    ) -> tuple[np.ndarray, np.ndarray]:
        """Hand on each block, and how many counts came before; return row starts and the others' sums."""
        others, starts = np.zeros(int(rows.sum())), np.zeros(int(rows.sum()) + 1, kind)
        row = kept = 0
        for part, other in self._blocks(rows, begins):
            last = row + part.shape[0]
            keep(kept, part)
            starts[row + 1 : last + 1] = kept + part.indptr[1:]
            others[row:last] = other
            row, kept = last, kept + part.nnz
        return starts, others

    def n_stored(self) -> int:
        """Return how many counts are in the file, those of other features included; none of them is read."""
        with reading(self.path, self.expected), h5py.File(self.path, "r") as file:
            return int(file["matrix/data"].shape[0])

    def _blocks(self, rows: np.ndarray, starts: np.ndarray) -> Iterator[tuple[sparse.csr_matrix, np.ndarray]]:
        """Yield counts of wanted rows and genes, some rows at a time, and the sums of the other features."""
        n_genes = int(self.is_gene.sum())
        column_of = np.full(len(self.is_gene), -1, np.int32)
        column_of[self.is_gene] = np.arange(n_genes, dtype=np.int32)
        # What goes wrong where a block is used is not of this file, and does not come by here.
        with reading(self.path, self.expected), h5py.File(self.path, "r") as file:
            group = file["matrix"]
            first = 0
            while first < self.n_rows:
                full = int(np.searchsorted(starts, int(starts[first]) + _BLOCK, side="right")) - 1
                last = min(self.n_rows, max(first + 1, full))
                wanted = rows[first:last]
                if wanted.any():
                    stored = slice(int(starts[first]), int(starts[last]))
                    # R's writers have whole numbers as float64.
                    feature, value = group["indices"][stored].astype(np.int64), group["data"][stored]
                    n_features = len(self.is_gene)
                    if len(feature) and (feature.min() < 0 or feature.max() >= n_features):
                        said = f"indices from {feature.min()} to {feature.max()}"
                        raise ValueError(f"{said} for {n_features} features")
                    row = np.repeat(np.arange(last - first), np.diff(starts[first : last + 1]))
                    column = column_of[feature]
                    is_other = column < 0
                    other = np.bincount(row[is_other], value[is_other], minlength=last - first)
                    kept = ~is_other & wanted[row]
                    lengths = np.bincount(row[kept], minlength=last - first)[wanted]
                    ends = np.concatenate([[0], np.cumsum(lengths)])
                    shape = (len(lengths), n_genes)
                    part = sparse.csr_matrix((value[kept].astype(np.float32), column[kept], ends), shape)
                    part.sort_indices()
                    yield part, other[wanted]
                first = last

    def _begins(self) -> np.ndarray:
        """Return where rows begin, or raise where the parts of the file do not fit each other."""
        with reading(self.path, self.expected), h5py.File(self.path, "r") as file:
            group = file["matrix"]
            starts = group["indptr"][:].astype(np.int64, copy=False)
            n_stored = {group[part].shape[0] for part in ("data", "indices")} | {int(starts[-1])}
            said = tuple(int(size) for size in group["shape"][:])
            shape = (self.n_rows, len(self.is_gene))
            if said != shape[::-1] or len(starts) != self.n_rows + 1:
                raise ValueError(f"a matrix of {said} for {shape[1]} features and {shape[0]} barcodes")
            if len(n_stored) > 1 or starts[0] != 0 or (np.diff(starts) < 0).any():
                raise ValueError("data, indices and indptr that do not fit each other")
        return starts


def _n_of(begins: np.ndarray, rows: np.ndarray) -> int:
    """Return how many counts rows under a mask have."""
    return int(np.diff(begins)[rows].sum())


def _index_type(n_stored: int) -> type[np.integer[Any]]:
    """Return the type of a matrix's columns and row starts, which SciPy wants to be the same."""
    return np.int32 if n_stored <= _MOST_INT32 else np.int64
