"""The truncated SVD that stands for X, at any number of spots.

Of few spots it is sklearn's randomised one. Its passes over a sparse X are slow, and each holds several N x r
arrays; X of many spots is read twice instead, in blocks of rows: once for the G x G matrix ``XᵀX``, whose
leading eigenvectors V are the right singular vectors, and once for ``X V``. Each block is made dense, because
a dense product runs ten times faster than a sparse one.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import eigh
from sklearn.utils.extmath import randomized_svd

from spotscape._arrays import Array, beside, on_host
from spotscape._row_blocks import Rows, map_rows

_MANY_SPOTS = 50_000
"""Above so many spots X is read in blocks."""
_MOST_GENES = 10_000
"""Above so many genes ``XᵀX`` would take more memory (0.8 GB) than it saves."""
_BLOCK = 2**22
"""Values made dense at once."""


class LowRank(NamedTuple):
    """``left`` @ ``right`` ≈ X, float32.

    Attributes
    ----------
    left
        N x r, singular values included.
    right
        r x G, orthonormal rows by descending singular value.
    """

    left: NDArray[np.float32]
    right: NDArray[np.float32]


def truncated_svd(matrix: sparse.csr_matrix, rank: int, *, seed: int) -> LowRank:
    """Return the leading singular vectors of a sparse matrix, randomised or in blocks by its size.

    Parameters
    ----------
    matrix
        X, N x G, float32.
    rank
        r, at most N and G.
    seed
        Of the randomised one.
    """
    if is_streamed(matrix):
        return streamed_svd(matrix, rank)
    u, s, vt = randomized_svd(matrix, rank, random_state=seed)
    return LowRank((u * s).astype(np.float32), vt.astype(np.float32))


def is_streamed(matrix: Rows) -> bool:
    """Tell whether `truncated_svd` reads this matrix in blocks: ``left`` is then ``X rightᵀ`` to rounding."""
    return bool(matrix.shape[0] > _MANY_SPOTS and matrix.shape[1] <= _MOST_GENES)


def streamed_svd(matrix: sparse.csr_matrix, rank: int) -> LowRank:
    """Return the leading singular vectors of a matrix read twice, in blocks of rows.

    Parameters
    ----------
    matrix
        X, N x G, float32.
    rank
        r, at most G. The sign of a right vector is that which makes its largest entry positive.
    """
    right = right_vectors(matrix, rank)
    return LowRank(project(matrix, right), right)


def right_vectors(
    matrix: Rows,
    rank: int,
    wanted: NDArray[np.bool_] | None = None,
    device: torch.device | str = "cpu",
) -> NDArray[np.float32]:
    """Return the leading right singular vectors alone, r x G, of all rows or of those that are wanted.

    Arguments as above. The matrix is read once, and products are made on the device.
    """
    g = matrix.shape[1]
    gram = np.zeros((g, g))
    for _, part in map_rows(matrix, partial(_gram, device=str(device)), wanted=wanted):
        gram += part
    _, vectors = eigh(gram, subset_by_index=[g - rank, g - 1], overwrite_a=True)
    right = vectors.T[::-1]
    largest = np.take_along_axis(right, np.abs(right).argmax(axis=1)[:, None], axis=1)
    return np.ascontiguousarray(right * np.sign(largest), dtype=np.float32)


def project(
    matrix: Rows,
    right: NDArray[np.float32],
    wanted: NDArray[np.bool_] | None = None,
    device: torch.device | str = "cpu",
) -> NDArray[np.float32]:
    """Return ``X rightᵀ`` (n x r, float32) of all rows, or of those that are wanted, made dense in blocks."""
    n = matrix.shape[0] if wanted is None else int(wanted.sum())
    left = np.empty((n, len(right)), dtype=np.float32)
    of_block = partial(_projected, right=right, device=str(device))
    for rows, part in map_rows(matrix, of_block, wanted=wanted):
        left[rows] = part
    return left


def _gram(block: sparse.csr_matrix, *, device: str) -> NDArray[np.float64]:
    """Return ``XᵀX`` of a block, G x G."""
    found: Array = np.zeros((block.shape[1], block.shape[1]))
    for _, dense in _dense(block, device):
        found = beside(found, dense) if isinstance(found, np.ndarray) else found
        found += dense.T @ dense
    return on_host(found)


def _projected(block: sparse.csr_matrix, *, right: NDArray[np.float32], device: str) -> NDArray[np.float32]:
    """Return ``X rightᵀ`` of a block, n x r."""
    found = np.empty((block.shape[0], len(right)), dtype=np.float32)
    for rows, dense in _dense(block, device):
        if isinstance(dense, np.ndarray):
            np.matmul(dense, right.T, out=found[rows])
        else:
            found[rows] = on_host(dense @ beside(right, dense).T)
    return found


def _dense(block: sparse.csr_matrix, device: str) -> Iterator[tuple[slice, Array]]:
    """Yield rows of a block as float32 arrays of bounded size, on the device, and which rows they are."""
    height = max(1, _BLOCK // block.shape[1])
    there = _there(device)
    for start in range(0, block.shape[0], height):
        rows = slice(start, start + height)
        dense = block[rows].astype(np.float32, copy=False).toarray()
        yield rows, dense if there is None else torch.from_numpy(dense).to(there)


def _there(device: str) -> torch.device | None:
    """Return the device, where it is none of numpy's and the process that has the block has it."""
    asked = torch.device(device)
    return asked if asked.type == "cuda" and torch.cuda.is_available() else None
