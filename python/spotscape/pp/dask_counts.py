"""Counts that dask has, of files or of a cluster: each block is read, and its part computed, where dask says.

With a client of `dask.distributed` that is the cluster, without one the threads of this process. Only what a
function gives of a block comes here.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
from scipy import sparse

from spotscape import _row_blocks
from spotscape._row_blocks import OfBlock, Pass, some_rows
from spotscape.pp.in_memory import as_csr

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

    def map_rows(
        self, function: OfBlock, *by_row: np.ndarray, wanted: np.ndarray | None = None
    ) -> Iterator[tuple[slice, Any]]:
        """Yield blocks of rows, and what a function makes of each: `spotscape._row_blocks.map_rows`."""
        import dask

        n, height = self.shape[0], max(1, _row_blocks.VALUES // self.shape[1])
        bounds = ((start, min(n, start + height)) for start in range(0, n, height))
        some = Pass(function, bounds, by_row, wanted)
        left = iter(zip(some.bounds, some.own(), strict=True))
        while now := list(islice(left, _AT_ONCE)):
            do = dask.delayed(some.function, pure=False)  # once for all, as it may hold large arrays
            tasks = [
                dask.delayed(_of_block)(self._stored[start:stop], do, *own) for (start, stop), own in now
            ]
            for ((start, stop), _), found in zip(now, dask.compute(*tasks), strict=True):
                yield some.rows(start, stop), found

    def __getitem__(self, rows: slice | np.ndarray) -> sparse.csr_matrix:
        """Return rows in memory: some that follow each other, or any in ascending order."""
        return as_csr(self._stored[rows]) if isinstance(rows, slice) else some_rows(self, rows)


def _of_block(block: Any, function: OfBlock, *own: np.ndarray) -> Any:
    return function(as_csr(block), *own)
