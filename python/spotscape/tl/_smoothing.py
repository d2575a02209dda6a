"""Means over a spot's neighbourhood that keep borders sharp: of the neighbours, those count that are alike.

Each spot becomes the mean over the spots up to so many steps away in the tissue, with weights ``exp(-|e_i -
e_j|² / (2 c s))``, s the median squared distance of direct neighbours in the embedding; where most of these
are equal, s is 0 and equal spots alone count. Across a border spots are unlike, so it is not blurred, and
thin layers are not eaten.

Source: Tomasi and Manduchi 1998, Bilateral filtering for gray and color images, ICCV.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import sparse

_PLAIN = (1, 2)
"""Steps away."""
_EDGE_PRESERVING = ((2, 2.0), (3, 1.0))
"""Steps away, and c: a wider neighbourhood asks for more likeness."""
_BLOCK = 2**22
"""Differences held at once."""


def neighbor_scale(embedding: np.ndarray, graph: sparse.spmatrix | None) -> np.ndarray:
    """Return the root mean squared difference of neighbours in each column; without a graph, its spread."""
    if graph is None:
        scale = embedding.std(axis=0)
    else:
        pairs = sparse.triu(_pattern(graph), k=1).tocoo()
        squares = np.zeros(embedding.shape[1])
        for rows, columns in _blocks(pairs, embedding.shape[1]):
            squares += np.square(embedding[rows] - embedding[columns]).sum(axis=0)
        scale = np.sqrt(squares / max(1, pairs.nnz))
    largest = scale.max(initial=0.0)
    return np.where(scale > 1e-9 * largest, scale, 1.0)


def smoothings(embedding: np.ndarray, graph: sparse.spmatrix) -> Iterator[np.ndarray]:
    """Yield the embedding smoothed over several neighbourhoods, N x d: by plain means, then keeping borders.

    Parameters
    ----------
    embedding
        N x d, columns on one scale.
    graph
        N x N, non-zero for neighbours in the tissue.
    """
    step = _pattern(sparse.csr_matrix(graph))
    reach = [step]
    for _ in range(max(steps for steps, _ in _EDGE_PRESERVING) - 1):
        reach.append(_pattern(reach[-1] @ step))
    for steps in _PLAIN:
        yield weighted_means(embedding, reach[steps - 1])
    direct = squared_distances(embedding, sparse.triu(step, k=1).tocoo())
    typical = float(np.median(direct)) if len(direct) else 0.0
    for steps, softness in _EDGE_PRESERVING:
        yield weighted_means(embedding, likeness(embedding, reach[steps - 1], softness * typical))


def likeness(embedding: np.ndarray, near: sparse.csr_matrix, width: float) -> sparse.csr_matrix:
    """Return ``exp(-|e_i - e_j|² / (2 width))`` for every pair that is near; at width 0 its limit."""
    weights = near.tocoo()
    distances = squared_distances(embedding, weights)
    weights.data = np.exp(-distances / (2 * width)) if width > 0 else (distances == 0).astype(np.float64)
    return weights.tocsr()


def weighted_means(embedding: np.ndarray, weights: sparse.csr_matrix) -> np.ndarray:
    """Return the mean over each row's entries, N x d."""
    return (weights @ embedding) / np.asarray(weights.sum(axis=1)).reshape(-1, 1)


def squared_distances(embedding: np.ndarray, pairs: sparse.coo_matrix) -> np.ndarray:
    """Return the squared distance of each stored pair, block by block."""
    found = [
        np.square(embedding[rows] - embedding[columns]).sum(axis=1)
        for rows, columns in _blocks(pairs, embedding.shape[1])
    ]
    return np.concatenate(found) if found else np.empty(0)


def _blocks(pairs: sparse.coo_matrix, width: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield rows and columns of so many pairs that their differences stay small."""
    length = max(1, _BLOCK // max(1, width))
    for start in range(0, pairs.nnz, length):
        part = slice(start, start + length)
        yield pairs.row[part], pairs.col[part]


def _pattern(matrix: sparse.spmatrix) -> sparse.csr_matrix:
    """Return ones where a matrix or its transpose has entries that are not zero, and on its diagonal."""
    joined = sparse.csr_matrix(sparse.csr_matrix(matrix) != 0, dtype=np.float64)
    joined = joined + joined.T + sparse.identity(joined.shape[0], format="csr")
    return sparse.csr_matrix(joined != 0, dtype=np.float64)
