"""Counts as they are stored: checked, read into memory as CSR, summed and changed in blocks of bounded size.

A matrix may be sparse or dense, in memory or on disk. Next to the matrix itself, a block of it is all that is
held, and what is no counts is given up after its first block.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse

from spotscape._adata import is_lazy
from spotscape.pp.stored_counts import StoredCounts, can_stay, row_bounds

_NOTHING = "only zeros"
NOT_WHOLE = "values that are not whole numbers"
_BLOCK = 2**22
"""Stored values looked at in one go: bounds the memory that a check takes."""
MANY_SPOTS = 50_000
"""Above so many spots counts stay where they are, and expression is made of them row by row."""
Stored = sparse.csr_matrix | StoredCounts
"""Counts in memory, or in their file."""


class Counts(NamedTuple):
    """Raw counts and where they were found.

    Attributes
    ----------
    matrix
        ``scipy.sparse.csr_matrix``, n_obs x n_genes, of the dtype it was found in. May share memory with the
        AnnData: not to be changed in place. In a run, `StoredCounts` of many spots that are on disk.
    var_names
        Names of the columns: those of ``adata``, or of ``adata.raw`` where the counts were there.
    source
        ``"X"``, ``"layers['counts']"``, ``"raw"``, ...
    """

    matrix: Stored
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
    stored: Any,
    obs_names: pd.Index,
    var_names: pd.Index,
    *,
    fractional: bool = False,
    stay_above: int | None = None,
) -> Stored | str:
    """Return a stored matrix in memory, or say why it holds no counts: where it can, from its beginning.

    ``fractional`` lets values through that are not whole. More rows than ``stay_above`` stay in their
    file where they can be read from there; None for memory.
    """
    beginning = _beginning(stored)
    for part in (stored,) if beginning is None else (beginning, stored):
        stays = stay_above is not None and can_stay(part) and part.shape[0] > stay_above
        matrix = StoredCounts(part) if stays else _as_csr(part)
        if matrix is None or matrix.dtype.kind not in "iuf":
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


def _what_is_wrong(matrix: Stored, obs_names: pd.Index, var_names: pd.Index, fractional: bool) -> str | None:
    """Say why stored values are no counts, or None if they are."""
    anything = False
    for rows, block in blocks(matrix):
        values = block.data
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
                at = int(np.argmax(where))
                spot = obs_names[rows.start + int(np.searchsorted(block.indptr, at, side="right")) - 1]
                gene = var_names[block.indices[at]]
                return f"{fault} ({values[at]:g} at spot {spot!r}, gene {gene!r})"
    return None if anything else _NOTHING


def is_whole(matrix: Stored) -> bool:
    """Say whether all stored values are whole numbers."""
    return all(bool((block.data == np.floor(block.data)).all()) for _, block in blocks(matrix))


def blocks(matrix: Stored) -> Iterator[tuple[slice, sparse.csr_matrix]]:
    """Yield rows of a matrix whose stored values fit into a block, and these rows: a view if in memory."""
    if isinstance(matrix, StoredCounts):
        yield from matrix.blocks()
        return
    for start, stop in row_bounds(matrix.indptr, _BLOCK):
        here = slice(matrix.indptr[start], matrix.indptr[stop])
        parts = (matrix.data[here], matrix.indices[here], matrix.indptr[start : stop + 1] - here.start)
        yield slice(start, stop), sparse.csr_matrix(parts, shape=(stop - start, matrix.shape[1]), copy=False)


def row_totals(matrix: Stored) -> np.ndarray:
    """Return the sum of each row, float64, without a float64 copy of the matrix."""
    known = matrix.totals if isinstance(matrix, StoredCounts) else None
    if known is None:
        totals = [np.asarray(block.astype(np.float64).sum(axis=1)).ravel() for _, block in blocks(matrix)]
        known = np.concatenate(totals)
        if isinstance(matrix, StoredCounts):
            matrix.totals = known
    return known


def sums_of_groups(matrix: Stored, groups: np.ndarray) -> np.ndarray:
    """Return the counts of each gene in each group of rows, S x G float64; groups are numbered from 0."""
    sums = np.zeros((int(groups.max()) + 1, matrix.shape[1]))
    for rows, block in blocks(matrix):
        own = groups[rows]
        shape = (len(sums), len(own))
        ones = sparse.csr_matrix((np.ones(len(own)), (own, np.arange(len(own)))), shape=shape)
        sums += (ones @ block).toarray()
    return sums


def digests_of_groups(matrix: Stored, groups: np.ndarray) -> list[str]:
    """Return a digest of the counts of each group, in the rows' order: equal where the counts are equal."""
    parts = [[blake2b(digest_size=16) for _ in range(3)] for _ in range(int(groups.max()) + 1)]
    for rows, block in blocks(matrix):
        own = groups[rows]
        for number in np.unique(own):
            part = block[np.flatnonzero(own == number)]
            part.eliminate_zeros()
            # apart from each other, as blocks begin and end anywhere
            for digest, values in zip(parts[number], (np.diff(part.indptr), part.indices), strict=False):
                digest.update(values.astype(np.int64).tobytes())
            parts[number][2].update(part.data.tobytes())
    return ["".join(digest.hexdigest() for digest in one) for one in parts]


def varies(matrix: Stored) -> np.ndarray:
    """Say which columns hold more than one value, zeros included."""
    n, g = matrix.shape
    first = matrix[:1].toarray().ravel()
    differs, n_stored = np.zeros(g, dtype=bool), np.zeros(g, dtype=np.int64)
    for _, block in blocks(matrix):
        differs[block.indices[block.data != first[block.indices]]] = True
        n_stored += np.bincount(block.indices, minlength=g)
    return differs | ((first != 0) & (n_stored < n))


def float_columns(matrix: sparse.csr_matrix, columns: np.ndarray) -> sparse.csr_matrix:
    """Return some columns as float32; what comes back shares no memory with the matrix."""
    if np.array_equal(columns, np.arange(matrix.shape[1])):
        return matrix.astype(np.float32, copy=True)
    part = matrix[:, columns]
    part.data = part.data.astype(np.float32, copy=False)
    return part
