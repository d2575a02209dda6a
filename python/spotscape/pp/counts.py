"""Counts as they are stored: checked, read into memory as CSR, summed and changed in blocks of bounded size.

A matrix may be sparse or dense, in memory or on disk. Next to the matrix itself, a block of it is all that is
held, and what is no counts is given up after its first block.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse

from spotscape._adata import is_lazy

_NOTHING = "only zeros"
NOT_WHOLE = "values that are not whole numbers"
_BLOCK = 2**22
"""Stored values looked at in one go: bounds the memory that a check takes."""


class Counts(NamedTuple):
    """Raw counts and where they were found.

    Attributes
    ----------
    matrix
        ``scipy.sparse.csr_matrix``, n_obs x n_genes, of the dtype it was found in. May share memory with the
        AnnData: not to be changed in place.
    var_names
        Names of the columns: those of ``adata``, or of ``adata.raw`` where the counts were there.
    source
        ``"X"``, ``"layers['counts']"``, ``"raw"``, ...
    """

    matrix: sparse.csr_matrix
    var_names: pd.Index
    source: str

    def totals(self) -> np.ndarray:
        """Return the counts of each spot, float64: whole numbers of any size add up."""
        return row_totals(self.matrix)

    def describe(self, totals: np.ndarray | None = None) -> str:
        """Say where the counts are, and how many a spot has: for a log. Totals are added up if not given."""
        totals = self.totals() if totals is None else totals
        return (
            f"counts from {self.source}: {totals.sum():,.0f} in all, {np.median(totals):,.0f} per spot at "
            f"the median ({totals.min():,.0f} to {totals.max():,.0f})"
        )


def read_counts(
    stored: Any, obs_names: pd.Index, var_names: pd.Index, *, fractional: bool = False
) -> sparse.csr_matrix | str:
    """Return a stored matrix in memory, or say why it holds no counts: where it can, from its beginning.

    ``fractional`` lets values through that are not whole.
    """
    beginning = _beginning(stored)
    for part in (stored,) if beginning is None else (beginning, stored):
        matrix = _as_csr(part)
        if matrix is None:
            return f"a value of type {type(stored).__name__}"
        verdict = _what_is_wrong(matrix, obs_names, var_names, fractional)
        if verdict is not None and (verdict != _NOTHING or part is stored):
            return verdict
    return matrix


def _beginning(stored: Any) -> Any:
    """Return the first rows (of CSC: columns) of a matrix, or None of a small or another kind of one."""
    shape, kind = getattr(stored, "shape", ()), getattr(stored, "format", None)
    if len(shape) != 2 or np.prod(shape, dtype=float) <= _BLOCK or kind not in ("csr", "csc", None):
        return None
    if kind == "csc":
        return stored[:, : max(1, _BLOCK // shape[0])]
    return stored[: max(1, _BLOCK // shape[1])]


def _as_csr(stored: Any) -> sparse.csr_matrix | None:
    """Return a canonical CSR matrix, sharing memory where it can; None for what holds no real numbers."""
    if hasattr(stored, "to_memory"):
        stored = stored.to_memory()
    if not sparse.issparse(stored) and not is_lazy(stored):
        stored = np.asarray(stored)
    if stored.ndim != 2 or stored.dtype.kind not in "iuf":
        return None
    matrix = sparse.csr_matrix(stored) if sparse.issparse(stored) else _sparse_rows(stored)
    if not matrix.has_canonical_format:
        # Sorting or summing in place would reorder the user's own arrays.
        matrix = matrix.copy()
        matrix.sum_duplicates()
    return matrix


def _sparse_rows(dense: Any) -> sparse.csr_matrix:
    """Return a dense matrix, in memory or on disk, as CSR, block by block of its rows."""
    height = max(1, _BLOCK // max(1, dense.shape[1]))
    starts = range(0, max(1, dense.shape[0]), height)
    blocks = [sparse.csr_matrix(_as_dense(dense[start : start + height])) for start in starts]
    return blocks[0] if len(blocks) == 1 else sparse.vstack(blocks, format="csr")


def _as_dense(block: Any) -> np.ndarray:
    """Return rows in memory, in a type that sparse matrices have: no half precision."""
    rows = np.asarray(block)
    return rows.astype(np.float32) if rows.dtype == np.float16 else rows


def _what_is_wrong(
    matrix: sparse.csr_matrix, obs_names: pd.Index, var_names: pd.Index, fractional: bool
) -> str | None:
    """Say why stored values are no counts, or None if they are."""
    anything = False
    for start in range(0, matrix.nnz, _BLOCK):
        values = matrix.data[start : start + _BLOCK]
        anything = anything or bool(values.any())
        if values.dtype.kind == "u":
            continue
        faults = {"negative values": values < 0}
        if values.dtype.kind == "f":
            faults = {
                "NaN": np.isnan(values),
                "infinite values": np.isinf(values),
                **faults,
            }
            if not fractional:
                faults[NOT_WHOLE] = values != np.floor(values)
        for fault, where in faults.items():
            if where.any():
                at = start + int(np.argmax(where))
                spot = obs_names[int(np.searchsorted(matrix.indptr, at, side="right")) - 1]
                gene = var_names[matrix.indices[at]]
                return f"{fault} ({matrix.data[at]:g} at spot {spot!r}, gene {gene!r})"
    return None if anything else _NOTHING


def is_whole(matrix: sparse.csr_matrix) -> bool:
    """Say whether all stored values are whole numbers."""
    return all(bool((values == np.floor(values)).all()) for _, values in row_blocks(matrix))


def row_blocks(matrix: sparse.csr_matrix) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield rows of a matrix whose stored values fit into a block, and a view of these values."""
    start, n = 0, matrix.shape[0]
    while start < n:
        full = int(np.searchsorted(matrix.indptr, int(matrix.indptr[start]) + _BLOCK, side="right")) - 1
        rows = slice(start, min(n, max(start + 1, full)))
        yield rows, matrix.data[matrix.indptr[rows.start] : matrix.indptr[rows.stop]]
        start = rows.stop


def row_totals(matrix: sparse.csr_matrix) -> np.ndarray:
    """Return the sum of each row, float64, without a float64 copy of the matrix."""
    totals = [
        np.asarray(matrix[rows].astype(np.float64).sum(axis=1)).ravel() for rows, _ in row_blocks(matrix)
    ]
    return np.concatenate(totals)


def varies(matrix: sparse.csr_matrix) -> np.ndarray:
    """Say which columns hold more than one value, zeros included."""
    n, g = matrix.shape
    first = matrix[0].toarray().ravel()
    differs, n_stored = np.zeros(g, dtype=bool), np.zeros(g, dtype=np.int64)
    for start in range(0, matrix.nnz, _BLOCK):
        columns = matrix.indices[start : start + _BLOCK]
        differs[columns[matrix.data[start : start + _BLOCK] != first[columns]]] = True
        n_stored += np.bincount(columns, minlength=g)
    return differs | ((first != 0) & (n_stored < n))


def float_columns(matrix: sparse.csr_matrix, columns: np.ndarray) -> sparse.csr_matrix:
    """Return some columns as float32; what comes back shares no memory with the matrix."""
    if np.array_equal(columns, np.arange(matrix.shape[1])):
        return matrix.astype(np.float32, copy=True)
    part = matrix[:, columns]
    part.data = part.data.astype(np.float32, copy=False)
    return part
