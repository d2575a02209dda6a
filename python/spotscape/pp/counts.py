"""Counts as they are stored: checked, read into memory as CSR, summed and changed in blocks of bounded size.

A matrix may be sparse or dense, in memory or on disk. Next to the matrix itself, a block of it is all that is
held, and what is no counts is given up after its first block. Counts that stay on disk are looked through
once, for all that is asked of them later.
"""

from __future__ import annotations

from functools import partial
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse

from spotscape._row_blocks import map_rows
from spotscape.pp.dask_counts import DaskCounts
from spotscape.pp.in_memory import as_csr, is_dask
from spotscape.pp.stored_counts import StoredCounts, can_stay

_NOTHING = "only zeros"
NOT_WHOLE = "values that are not whole numbers"
_BLOCK = 2**22
"""Values at the beginning of a matrix that are looked at first."""
MANY_SPOTS = 50_000
"""Above so many spots counts stay where they are, and expression is made of them row by row."""
Stored = sparse.csr_matrix | StoredCounts | DaskCounts
"""Counts in memory, in their file, or where dask has them."""


class Survey(NamedTuple):
    """What a look at all counts found.

    Attributes
    ----------
    totals
        Counts of each spot, N float64.
    varies
        Whether a gene has more than one value, zeros included, G.
    """

    totals: np.ndarray
    varies: np.ndarray


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
        matrix = _opened(part, stay_above)
        if matrix is None or matrix.dtype.kind not in "iuf":
            return f"a value of type {type(stored).__name__}"
        verdict = _what_is_wrong(matrix, obs_names, var_names, fractional)
        if verdict is not None and (verdict != _NOTHING or part is stored):
            return verdict
    return matrix


def _opened(stored: Any, stay_above: int | None) -> Stored | None:
    """Return a matrix where it stays, or in memory."""
    stays = stay_above is not None and stored.shape[0] > stay_above
    if stays and can_stay(stored):
        return StoredCounts(stored)
    if stays and is_dask(stored):
        return DaskCounts(stored)
    return as_csr(stored)


def _beginning(stored: Any) -> Any:
    """Return the first rows (of CSC: columns) of a matrix, or None of a small or another kind of one."""
    shape, kind = getattr(stored, "shape", ()), getattr(stored, "format", None)
    if len(shape) != 2 or np.prod(shape, dtype=float) <= _BLOCK or kind not in ("csr", "csc", None):
        return None
    if kind == "csc":
        return stored[:, : max(1, _BLOCK // shape[0])]
    return stored[: max(1, _BLOCK // shape[1])]


def _what_is_wrong(matrix: Stored, obs_names: pd.Index, var_names: pd.Index, fractional: bool) -> str | None:
    """Say why stored values are no counts, or None if they are; keep what else was seen of those on disk."""
    stays = not sparse.issparse(matrix)
    first = matrix[:1].toarray().ravel() if stays else None
    anything, totals = False, []
    differs, n_stored = np.zeros(matrix.shape[1], dtype=bool), np.zeros(matrix.shape[1], dtype=np.int64)
    for rows, seen in map_rows(matrix, partial(_look, fractional=fractional, first=first)):
        if seen.fault is not None:
            name, value, row, column = seen.fault
            spot, gene = obs_names[rows.start + row], var_names[column]
            return f"{name} ({value:g} at spot {spot!r}, gene {gene!r})"
        anything = anything or seen.anything
        if seen.totals is not None:
            totals.append(seen.totals)
            differs |= seen.differs
            n_stored += seen.n_stored
    if isinstance(matrix, StoredCounts | DaskCounts):
        varying = _varying(differs, n_stored, first, matrix.shape[0])
        matrix.survey = Survey(np.concatenate(totals), varying)
    return None if anything else _NOTHING


class _Seen(NamedTuple):
    """Of a block: what is no count (its name, value, row and column), whether anything is there; the rest."""

    fault: tuple[str, float, int, int] | None
    anything: bool
    totals: np.ndarray | None = None
    differs: np.ndarray | None = None
    n_stored: np.ndarray | None = None


def _look(block: sparse.csr_matrix, *, fractional: bool, first: np.ndarray | None) -> _Seen:
    """Look at a block; ``first`` is the first row of the matrix where totals and the rest are wanted."""
    fault, anything = _fault(block, fractional), bool(block.data.any())
    if fault is not None or first is None:
        return _Seen(fault, anything)
    return _Seen(None, anything, _totals(block), *_differing(block, first))


def _fault(block: sparse.csr_matrix, fractional: bool) -> tuple[str, float, int, int] | None:
    values = block.data
    if values.dtype.kind == "u":
        return None
    faults = {"negative values": values < 0}
    if values.dtype.kind == "f":
        faults = {"NaN": np.isnan(values), "infinite values": np.isinf(values), **faults}
        if not fractional:
            faults[NOT_WHOLE] = values != np.floor(values)
    for name, where in faults.items():
        if where.any():
            at = int(np.argmax(where))
            row = int(np.searchsorted(block.indptr, at, side="right")) - 1
            return name, float(values[at]), row, int(block.indices[at])
    return None


def _totals(block: sparse.csr_matrix) -> np.ndarray:
    """Return the sum of each row, float64."""
    return np.asarray(block.astype(np.float64).sum(axis=1)).ravel()


def _differing(block: sparse.csr_matrix, first: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return in which columns a value differs from the first row's, and how many are stored in each."""
    differs = np.zeros(block.shape[1], dtype=bool)
    differs[block.indices[block.data != first[block.indices]]] = True
    return differs, np.bincount(block.indices, minlength=block.shape[1])


def is_whole(matrix: Stored) -> bool:
    """Say whether all stored values are whole numbers."""
    return all(whole for _, whole in map_rows(matrix, _whole))


def _whole(block: sparse.csr_matrix) -> bool:
    return bool((block.data == np.floor(block.data)).all())


def row_totals(matrix: Stored) -> np.ndarray:
    """Return the sum of each row, float64, without a float64 copy of the matrix."""
    if isinstance(matrix, StoredCounts | DaskCounts) and matrix.survey is not None:
        return matrix.survey.totals
    return np.concatenate([totals for _, totals in map_rows(matrix, _totals)])


def varies(matrix: Stored) -> np.ndarray:
    """Say which columns hold more than one value, zeros included."""
    if isinstance(matrix, StoredCounts | DaskCounts) and matrix.survey is not None:
        return matrix.survey.varies
    first, g = matrix[:1].toarray().ravel(), matrix.shape[1]
    differs, n_stored = np.zeros(g, dtype=bool), np.zeros(g, dtype=np.int64)
    for _, (own, stored) in map_rows(matrix, partial(_differing, first=first)):
        differs |= own
        n_stored += stored
    return _varying(differs, n_stored, first, matrix.shape[0])


def _varying(differs: np.ndarray, n_stored: np.ndarray, first: np.ndarray, n: int) -> np.ndarray:
    """Return which columns vary: what is not stored is 0, which the first row's value may not be."""
    return differs | ((first != 0) & (n_stored < n))


def digests_of_groups(matrix: Stored, groups: np.ndarray) -> list[str]:
    """Return a digest of the counts of each group, in the rows' order: equal where the counts are equal."""
    parts = [[blake2b(digest_size=16) for _ in range(3)] for _ in range(int(groups.max()) + 1)]
    for _, block in map_rows(matrix, _bytes_of_groups, groups):
        for number, values in block.items():
            # apart from each other, as blocks begin and end anywhere
            for digest, value in zip(parts[number], values, strict=True):
                digest.update(value)
    return ["".join(digest.hexdigest() for digest in one) for one in parts]


def _bytes_of_groups(block: sparse.csr_matrix, groups: np.ndarray) -> dict[int, list[bytes]]:
    """Return lengths of rows, columns and values of each group that has rows here."""
    found = {}
    for number in np.unique(groups):
        part = block[np.flatnonzero(groups == number)]
        part.eliminate_zeros()
        where = [values.astype(np.int64).tobytes() for values in (np.diff(part.indptr), part.indices)]
        found[int(number)] = [*where, part.data.tobytes()]
    return found


def float_columns(matrix: sparse.csr_matrix, columns: np.ndarray) -> sparse.csr_matrix:
    """Return some columns as float32; what comes back shares no memory with the matrix."""
    if np.array_equal(columns, np.arange(matrix.shape[1])):
        return matrix.astype(np.float32, copy=True)
    part = matrix[:, columns]
    part.data = part.data.astype(np.float32, copy=False)
    return part
