"""A spatial graph as matrices: which spots are joined, and the mean over a spot and its neighbours."""

from __future__ import annotations

import numpy as np
from scipy import sparse


def each_once(values: np.ndarray) -> np.ndarray:
    """Return the values in order, each once, as ``numpy.unique``: its table of millions of integers is slow.

    Parameters
    ----------
    values
        Integers, in any order.
    """
    ordered = np.sort(values, axis=None)
    return ordered[np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]]


def pattern(connectivities: sparse.spmatrix) -> sparse.csr_matrix:
    """Return ones where two spots are joined, as a new matrix: to compare one with 0 sorts it in place."""
    found = sparse.csr_matrix(connectivities, copy=True)
    found.data = (found.data != 0).astype(np.float64)
    found.eliminate_zeros()
    return found


def neighborhood_mean(connectivities: sparse.spmatrix) -> sparse.csr_matrix:
    """Return M: the mean over a spot and its neighbours, N x N, rows sum to 1.

    Parameters
    ----------
    connectivities
        N x N; every stored value that is not 0 joins two spots, in both directions.
    """
    joined = pattern(connectivities)
    joined = sparse.csr_matrix(joined + joined.T + sparse.identity(joined.shape[0], format="csr"))
    joined.data[:] = 1.0
    joined.data /= np.repeat(np.diff(joined.indptr), np.diff(joined.indptr))
    return joined


def edges_of(mean: sparse.csr_matrix) -> np.ndarray:
    """Return every edge of M in both directions, without self-loops: 2 x E int64, by source, then by target.

    Parameters
    ----------
    mean
        Of `neighborhood_mean`.
    """
    mean = mean if mean.has_sorted_indices else mean.sorted_indices()
    sources = np.repeat(np.arange(mean.shape[0]), np.diff(mean.indptr))
    kept = sources != mean.indices
    return np.stack([sources[kept], mean.indices[kept]]).astype(np.int64, copy=False)
