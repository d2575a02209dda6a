"""Counts that dask has, of files or of a cluster: each block is read, and its part computed, where dask says.

With a client of `dask.distributed` that is the cluster, without one the threads of this process. Only what a
function gives of a block comes here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import sparse

from spotscape._row_blocks import OfBlock
from spotscape.pp.in_memory import as_csr

_BLOCK = 2**24
"""Values of a block, zeros among them: about as many are stored as in a block of a file."""
_AT_ONCE = 64
"""Blocks whose results are waited for together."""


class DaskCounts:
    """Rows of an array of dask, of sparse or dense chunks; ``counts[rows]`` is a CSR matrix in memory.

    Parameters
    ----------
    stored
        N x G, a `dask.array.Array`.
    """

    def __init__(self, stored: Any) -> None:
        self._stored = stored
        self.shape: tuple[int, int] = tuple(stored.shape)
        self.dtype = np.dtype(stored.dtype)
        self.survey: Any = None
        """What a look at all of them found: `spotscape.pp.counts.Survey`, once they were looked at."""

    def map_rows(self, function: OfBlock, *by_row: np.ndarray) -> Iterator[tuple[slice, Any]]:
        """Yield blocks of rows, and what a function makes of each: `spotscape._row_blocks.map_rows`."""
        import dask

        height = max(1, _BLOCK // self.shape[1])
        blocks = [slice(start, start + height) for start in range(0, self.shape[0], height)]
        for first in range(0, len(blocks), _AT_ONCE):
            some = blocks[first : first + _AT_ONCE]
            do = dask.delayed(function, pure=False)  # once for all, as it may hold large arrays
            tasks = [
                dask.delayed(_of_block)(self._stored[rows], do, *(array[rows] for array in by_row))
                for rows in some
            ]
            yield from zip(some, dask.compute(*tasks), strict=True)

    def __getitem__(self, rows: slice | np.ndarray) -> sparse.csr_matrix:
        """Return rows in memory: some that follow each other, or any in ascending order."""
        return as_csr(self._stored[rows])


def _of_block(block: Any, function: OfBlock, *own: np.ndarray) -> Any:
    return function(as_csr(block), *own)
