"""How many slices, or domains, a spot has about it in an embedding: iLISI and cLISI."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spotscape._docs import filled
from spotscape._validate import check_integer
from spotscape.metrics._nearest import nearest
from spotscape.metrics.labels import Labels, labelled_points

__all__ = ["clisi", "ilisi"]
Matrix = NDArray[np.float64]
Codes = NDArray[np.intp]
_TOLERANCE = 1e-5
_MOST_STEPS = 50
"""Of the search for beta, as in the authors' code: part of the definition, for it shows in the digits."""


def ilisi(embedding: ArrayLike, slices: Labels, *, n_neighbors: int = 90) -> float:
    """Return iLISI: how well slices mix in the embedding, from 0 (apart) to 1. Higher is better mixed.

    The neighbours of a spot are weighted by ``exp(-beta d)``, d the distance. beta is such that the weights,
    scaled to sum 1, have the perplexity ``n_neighbors / 3``. With ``p_s`` the sum of the weights of slice s,
    ``LISI = 1 / sum_s p_s^2`` is the effective number of slices there. ``iLISI = (median LISI - 1) / (S -
    1)``.

    Parameters
    ----------
    embedding
        n_spots x n_dimensions, numbers. Distances are Euclidean.
    slices
        Slice of each spot, length n_spots. Spots without one are left out.
    n_neighbors
        Number of neighbours, 6 or more, the spot itself counted among them, without a weight. At most the
        number of spots is taken.

    Returns
    -------
    float
        Slices of unequal size do not reach 1. They need not, where they hold different tissue.

    Raises
    ------
    InputError
        If ``embedding`` is not a finite matrix with a row for each spot, or there are not two slices.

    References
    ----------
    Korsunsky et al., Fast, sensitive and accurate integration of single-cell data with Harmony, Nature
    Methods 2019; scaled as in scib (Luecken et al., Nature Methods 2022). Equal to scib-metrics'
    ``ilisi_knn`` on exact neighbours.

    Examples
    --------
    >>> import numpy as np
    >>> from spotscape.metrics import ilisi
    >>> rows = np.random.default_rng(0).normal(size=(300, 2))
    >>> slices = np.repeat(["one", "two"], 150)
    >>> ilisi(rows, slices) > 0.9, ilisi(rows + 100 * (slices == "two")[:, None], slices)
    (True, 0.0)
    """
    n_neighbors = check_integer("n_neighbors", n_neighbors, 6)
    points, codes = labelled_points(embedding, slices, argument="slices", fewest=2)
    return scaled_ilisi(*nearest(points, n_neighbors), codes)


@filled(like=ilisi)
def clisi(embedding: ArrayLike, labels: Labels, *, n_neighbors: int = 90) -> float:
    """Return cLISI: how pure the neighbourhoods in the embedding are, from 0 to 1. Higher is purer.

    `ilisi` with domains in place of slices, and turned over: ``cLISI = (K - median LISI) / (K - 1)``.

    Parameters
    ----------
    embedding
        {embedding}
    labels
        Domain of each spot, length n_spots; known ones, as a rule. Spots without one are left out.
    n_neighbors
        {n_neighbors}

    Returns
    -------
    float
        It is close to 1 for most embeddings: half of the spots need to lie among their own, no more.

    Raises
    ------
    InputError
        If ``embedding`` is not a finite matrix with a row for each spot, or there are not two domains.

    References
    ----------
    As for `ilisi`. Equal to scib-metrics' ``clisi_knn`` on exact neighbours.

    Examples
    --------
    >>> from spotscape.metrics import clisi
    >>> clisi([[0.0], [0.1], [0.2], [9.0], [9.1], [9.2]], list("aaabbb"), n_neighbors=6) > 0.9
    True
    """
    n_neighbors = check_integer("n_neighbors", n_neighbors, 6)
    points, codes = labelled_points(embedding, labels, fewest=2)
    return scaled_clisi(*nearest(points, n_neighbors), codes)


def scaled_ilisi(distances: Matrix, indices: Codes, codes: Codes, rows: Codes | None = None) -> float:
    """`ilisi` from neighbours; codes 0 to S - 1, of all spots; ``rows`` are those looked at, None for all."""
    return float((np.median(effective_numbers(distances, indices, codes, rows)) - 1) / codes.max())


def scaled_clisi(distances: Matrix, indices: Codes, codes: Codes, rows: Codes | None = None) -> float:
    """`clisi` from neighbours; codes 0 to K - 1, of all spots; ``rows`` are those looked at, None for all."""
    median = np.median(effective_numbers(distances, indices, codes, rows))
    return float((codes.max() + 1 - median) / codes.max())


def effective_numbers(distances: Matrix, indices: Codes, codes: Codes, rows: Codes | None = None) -> Matrix:
    """LISI of each row: distances and numbers of its neighbours, n_rows x n_neighbors."""
    own = indices == (np.arange(len(indices)) if rows is None else rows)[:, None]
    # All weights of a row have one factor in common: the nearest may be at 0.
    least = np.where(own, np.inf, distances).min(axis=1, keepdims=True)
    beyond = np.where(own, 0.0, distances - least)
    weights = _weights(beyond, ~own, np.log(max(distances.shape[1] // 3, 1)))
    squares, kinds = np.zeros(len(weights)), codes[indices]
    for kind in range(int(codes.max()) + 1):
        squares += (weights * (kinds == kind)).sum(axis=1) ** 2
    return 1 / squares


def _weights(beyond: Matrix, used: NDArray[np.bool_], wanted: float) -> Matrix:
    """Weights of neighbours whose entropy is the one wanted: beta by bisection, all rows at once."""
    beta = np.ones(len(beyond))
    low, high = np.full(len(beta), -np.inf), np.full(len(beta), np.inf)
    weights, excess = _at(beyond, used, beta, wanted)
    for _ in range(_MOST_STEPS):
        going = np.flatnonzero(np.abs(excess) >= _TOLERANCE)
        if not len(going):
            break
        b, up = beta[going], excess[going] > 0
        low[going], high[going] = np.where(up, b, low[going]), np.where(up, high[going], b)
        upward = np.where(np.isinf(high[going]), b * 2, (b + high[going]) / 2)
        downward = np.where(np.isinf(low[going]), b / 2, (b + low[going]) / 2)
        beta[going] = np.where(up, upward, downward)
        weights[going], excess[going] = _at(beyond[going], used[going], beta[going], wanted)
    return weights


def _at(beyond: Matrix, used: NDArray[np.bool_], beta: Matrix, wanted: float) -> tuple[Matrix, Matrix]:
    """Weights of rows at their beta, and by how much the entropy is too large."""
    raw = np.exp(-beyond * beta[:, None]) * used
    total = raw.sum(axis=1)
    entropy = np.log(total) + beta * (beyond * raw).sum(axis=1) / total
    return raw / total[:, None], entropy - wanted
