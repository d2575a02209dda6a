"""Passes over the rows of a large matrix: a function of each block, computed here or where there is help.

A pass gives ``function(block, *own)`` of one block of rows after the other, ``own`` being the same rows of
other arrays, and yields what it gave in the order of the rows. Where a block begins hangs on the matrix
alone, so that sums over blocks are the same to the bit whoever made their parts. Functions are of a module,
with `functools.partial` around them, so that another process can be told of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any, Protocol

import numpy as np
from scipy import sparse

BLOCK = 2**22
"""Stored values of a block: about 50 MB."""
VALUES = 2**24
"""Values of a block, zeros among them, where it is not known how many are stored."""

OfBlock = Callable[..., Any]
"""Of a CSR matrix with some rows, and of the same rows of other arrays."""
Task = tuple[int, int, list[np.ndarray]]
"""Where a block begins and ends, and its rows of other arrays."""
Team = Callable[[Callable[..., Any], Iterable[Task]], Iterator[Any]]
"""Gives ``do(start, stop, *own)`` of each task, in order."""

_TEAM: ContextVar[Team | None] = ContextVar("team", default=None)


class Rows(Protocol):
    """A matrix that is read in blocks: CSR, or what makes one of some rows when it is asked to."""

    @property
    def shape(self) -> tuple[int, int]:
        """N and G."""

    def __getitem__(self, rows: Any) -> sparse.csr_matrix:
        """Return a slice of rows, or some in ascending order."""


def map_rows(
    matrix: Any, function: OfBlock, *by_row: np.ndarray, wanted: np.ndarray | None = None
) -> Iterator[tuple[slice, Any]]:
    """Yield the rows of each block, and what a function makes of it.

    Parameters
    ----------
    matrix
        N x G: CSR in memory, or what has a ``map_rows`` of its own.
    function
        Called with the block (CSR) and its rows of each further array.
    *by_row
        Arrays of N rows.
    wanted
        N bool: blocks have these rows alone, and the slices count them; None for all.
    """
    if hasattr(matrix, "map_rows"):
        yield from matrix.map_rows(function, *by_row, wanted=wanted)
        return
    some = Pass(function, row_bounds(matrix.indptr, BLOCK), by_row, wanted)
    for (start, stop), own in zip(some.bounds, some.own(), strict=True):
        yield some.rows(start, stop), some.function(_rows_in_memory(matrix, start, stop), *own)


class Pass:
    """What is done with each block: of some rows alone, where only these are wanted.

    Parameters
    ----------
    function, by_row, wanted
        As in `map_rows`.
    bounds
        Where blocks begin and end.

    Attributes
    ----------
    function
        Of a whole block, and of its rows of each array.
    bounds
        Of the blocks that hold any row that is wanted.
    """

    def __init__(
        self,
        function: OfBlock,
        bounds: Iterable[tuple[int, int]],
        by_row: tuple[np.ndarray, ...],
        wanted: np.ndarray | None,
    ) -> None:
        self.function, self.bounds, self._by_row, self._ends = function, list(bounds), by_row, None
        if wanted is not None:
            self._ends = np.concatenate([[0], np.cumsum(wanted)])
            self.function, self._by_row = partial(_of_wanted, function), (wanted, *by_row)
            self.bounds = [(start, stop) for start, stop in self.bounds if wanted[start:stop].any()]

    def own(self) -> Iterator[list[np.ndarray]]:
        """Yield the rows of each array that belong to each block."""
        return ([array[start:stop] for array in self._by_row] for start, stop in self.bounds)

    def rows(self, start: int, stop: int) -> slice:
        """Return which of the rows that are wanted a block has."""
        return slice(start, stop) if self._ends is None else slice(self._ends[start], self._ends[stop])


def some_rows(matrix: Any, spots: np.ndarray) -> sparse.csr_matrix:
    """Return rows from all over a matrix, in ascending order; no more than a block is held beside them."""
    wanted = mask_of(spots, matrix.shape[0])
    taken = [block for _, block in map_rows(matrix, _as_it_is, wanted=wanted)]
    return sparse.vstack(taken, format="csr") if taken else sparse.csr_matrix((0, matrix.shape[1]))


def mask_of(spots: np.ndarray, n: int) -> np.ndarray:
    """Return which of n rows are among some: n bool."""
    wanted = np.zeros(n, dtype=bool)
    wanted[spots] = True
    return wanted


def group_sums(matrix: Any, groups: np.ndarray) -> np.ndarray:
    """Return the sum of each column in each group of rows, S x G float64; groups are numbered from 0."""
    n_groups = int(groups.max()) + 1
    sums = np.zeros((n_groups, matrix.shape[1]))
    for _, part in map_rows(matrix, partial(sums_of_block, n_groups=n_groups), groups):
        sums += part
    return sums


def computed(do: Callable[..., Any], some: Pass) -> Iterator[tuple[slice, Any]]:
    """Yield ``do(start, stop, *own)`` for blocks of rows that any process can read, by the team there is."""
    tasks = ((start, stop, own) for (start, stop), own in zip(some.bounds, some.own(), strict=True))
    for (start, stop), found in zip(some.bounds, (_TEAM.get() or _alone)(do, tasks), strict=True):
        yield some.rows(start, stop), found


@contextmanager
def shared_by(team: Team) -> Iterator[None]:
    """Have a team compute blocks that any process can read."""
    token = _TEAM.set(team)
    try:
        yield
    finally:
        _TEAM.reset(token)


def row_bounds(indptr: np.ndarray, most: int) -> Iterator[tuple[int, int]]:
    """Yield where rows begin and end that have at most so many stored values together, or are one row."""
    start, n = 0, len(indptr) - 1
    while start < n:
        full = int(np.searchsorted(indptr, int(indptr[start]) + most, side="right")) - 1
        stop = min(n, max(start + 1, full))
        yield start, stop
        start = stop


def sums_of_block(block: sparse.csr_matrix, groups: np.ndarray, *, n_groups: int) -> np.ndarray:
    """Return the sum of each column in each group of a block's rows, S x G float64."""
    own = (np.ones(len(groups)), (groups, np.arange(len(groups))))
    found: np.ndarray = (sparse.csr_matrix(own, shape=(n_groups, len(groups))) @ block).toarray()
    return found


def _of_wanted(function: OfBlock, block: sparse.csr_matrix, wanted: np.ndarray, *own: np.ndarray) -> Any:
    rows = np.flatnonzero(wanted)
    return function(block[rows], *(array[rows] for array in own))


def _as_it_is(block: sparse.csr_matrix) -> sparse.csr_matrix:
    return block


def _alone(do: Callable[..., Any], tasks: Iterable[Task]) -> Iterator[Any]:
    return (do(start, stop, *own) for start, stop, own in tasks)


def _rows_in_memory(matrix: sparse.csr_matrix, start: int, stop: int) -> sparse.csr_matrix:
    """Return some rows of a matrix as a view."""
    here = slice(matrix.indptr[start], matrix.indptr[stop])
    parts = (matrix.data[here], matrix.indices[here], matrix.indptr[start : stop + 1] - here.start)
    return sparse.csr_matrix(parts, shape=(stop - start, matrix.shape[1]), copy=False)
