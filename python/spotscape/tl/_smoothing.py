"""Means over a spot's neighbourhood that keep borders sharp: of the neighbours, those count that are alike.

Each spot becomes the mean over the spots up to so many steps away in the tissue, with weights ``exp(-|e_i -
e_j|² / (2 c s))``, s the median squared distance of direct neighbours in the embedding; where most of these
are equal, s is 0 and equal spots alone count. Across a border spots are unlike, so it is not blurred, and
thin layers are not eaten.

A spot's neighbourhoods are made when it is smoothed: those of a million spots at once would not fit.

Source: Tomasi and Manduchi 1998, Bilateral filtering for gray and color images, ICCV.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from scipy import sparse

_PLAIN = (1, 2)
"""Steps away."""
_EDGE_PRESERVING = ((2, 2.0), (3, 1.0))
"""Steps away, and c: a wider neighbourhood asks for more likeness."""
_BLOCK = 2**22
"""Differences held at once."""


def pattern(graph: sparse.spmatrix) -> sparse.csr_matrix:
    """Return ones where a matrix or its transpose has entries that are not zero, and on its diagonal."""
    joined = sparse.csr_matrix(sparse.csr_matrix(graph) != 0, dtype=np.float64)
    joined = joined + joined.T + sparse.identity(joined.shape[0], format="csr")
    joined.data[:] = 1.0
    return sparse.csr_matrix(joined)


def neighborhoods(step: sparse.csr_matrix, spots: np.ndarray | slice) -> list[sparse.csr_matrix]:
    """Return what is up to one step away from some spots, up to two, and so on: ones, n x N each.

    Parameters
    ----------
    step
        `pattern` of the graph, N x N.
    spots
        Which of its n rows.
    """
    reach = [step[spots]]
    for _ in range(max(steps for steps, _ in _EDGE_PRESERVING) - 1):
        further = reach[-1] @ step
        further.sort_indices()
        further.data[:] = 1.0
        reach.append(further)
    return reach


def neighbor_scale(embedding: np.ndarray, step: sparse.csr_matrix | None) -> np.ndarray:
    """Return the root mean squared difference of neighbours in each column; without a graph, its spread.

    Parameters
    ----------
    embedding
        N x d.
    step
        `pattern` of the graph, N x N.
    """
    if step is None:
        scale = embedding.std(axis=0)
    else:
        pairs = sparse.triu(step, k=1).tocoo()
        squares = np.zeros(embedding.shape[1])
        for first, second in _blocks(pairs.row, pairs.col, embedding.shape[1]):
            squares += np.square(embedding[first] - embedding[second]).sum(axis=0)
        scale = np.sqrt(squares / max(1, pairs.nnz))
    largest = scale.max(initial=0.0)
    return np.where(scale > 1e-9 * largest, scale, 1.0)


def typical_distance(embedding: np.ndarray, step: sparse.csr_matrix) -> float:
    """Return the median squared distance of direct neighbours in the embedding, 0 where there are none."""
    pairs = sparse.triu(step, k=1).tocoo()
    return float(np.median(_squared_distances(embedding, pairs.row, pairs.col))) if pairs.nnz else 0.0


def smoothings(
    embedding: np.ndarray, spots: np.ndarray, near: Sequence[sparse.csr_matrix], typical: float
) -> Iterator[np.ndarray]:
    """Yield some spots smoothed over several neighbourhoods, n x d: by plain means, then keeping borders.

    Parameters
    ----------
    embedding
        Of all spots, N x d, columns on one scale.
    spots
        Numbers of those to smooth, n.
    near
        Their `neighborhoods`.
    typical
        `typical_distance` of the embedding.
    """
    for steps in _PLAIN:
        yield weighted_means(embedding, near[steps - 1])
    for steps, softness in _EDGE_PRESERVING:
        yield weighted_means(embedding, _likeness(embedding, spots, near[steps - 1], softness * typical))


def _likeness(
    embedding: np.ndarray, spots: np.ndarray, near: sparse.csr_matrix, width: float
) -> sparse.csr_matrix:
    """Return ``exp(-|e_i - e_j|² / (2 width))`` for every pair that is near; at width 0 its limit."""
    distances = _squared_distances(embedding, np.repeat(spots, np.diff(near.indptr)), near.indices)
    alike = np.exp(-distances / (2 * width)) if width > 0 else (distances == 0).astype(np.float64)
    return sparse.csr_matrix((alike, near.indices, near.indptr), shape=near.shape)


def weighted_means(embedding: np.ndarray, weights: sparse.csr_matrix) -> np.ndarray:
    """Return the mean over each row's entries, n x d."""
    return (weights @ embedding) / np.asarray(weights.sum(axis=1)).reshape(-1, 1)


def _squared_distances(embedding: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the squared distance of each pair, block by block."""
    found = np.empty(len(first))
    start = 0
    for here, there in _blocks(first, second, embedding.shape[1]):
        differences = embedding[here] - embedding[there]
        np.einsum("ij,ij->i", differences, differences, out=found[start : start + len(here)])
        start += len(here)
    return found


def _blocks(first: np.ndarray, second: np.ndarray, width: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield so many pairs at a time that their differences stay small."""
    length = max(1, _BLOCK // max(1, width))
    for start in range(0, len(first), length):
        yield first[start : start + length], second[start : start + length]
