"""Spatial coherence: whether neighbours share their domain more than by chance. No truth is needed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spotscape._docs import filled
from spotscape._validate import check_integer
from spotscape.metrics.continuity import chaos, neighbours
from spotscape.metrics.labels import Labels, labelled_points

__all__ = ["spatial_coherence"]


@filled(like=chaos)
def spatial_coherence(
    labels: Labels,
    coordinates: ArrayLike,
    *,
    n_neighbors: int = 4,
    n_permutations: int = 1000,
    seed: int = 0,
) -> float:
    """Return the spatial coherence score. The further below 0, the more coherent the domains.

    Two spots are joined where one is of the k nearest of the other. Of the joins, the share ``p_ab`` is
    between the domains a and b. Their entropy is ``H = - sum_(a <= b) p_ab log p_ab``. The score is ``(H -
    mean) / sd``, with mean and standard deviation of H over labels that are dealt anew to the spots.

    Parameters
    ----------
    labels
        {labels}
    coordinates
        {coordinates}
    n_neighbors
        k. On a lattice spots lie equally far, and which of them are taken is left to the search.
    n_permutations
        How often labels are dealt, 2 or more.
    seed
        Of the dealing.

    Returns
    -------
    float
        About 0 for labels dealt at random; NaN where all spots are of one domain. It grows with the number
        of spots: compare labels of the same spots.

    Raises
    ------
    {Raises}

    References
    ----------
    Zeira et al., Alignment and integration of spatial transcriptomics data, Nature Methods 2022, in the form
    of SOI_Bench (``scs``).

    Examples
    --------
    >>> from spotscape.metrics import spatial_coherence
    >>> places = [[x, y] for x in range(8) for y in range(8)]
    >>> spatial_coherence(["a"] * 32 + ["b"] * 32, places) < -5
    True
    """
    n_neighbors = check_integer("n_neighbors", n_neighbors, 1)
    n_permutations = check_integer("n_permutations", n_permutations, 2)
    rng = np.random.default_rng(check_integer("seed", seed, 0, 2**32 - 1))
    points, codes = labelled_points(coordinates, labels, name="coordinates")
    joins = joined(points, n_neighbors)
    small = codes.astype(np.int32)  # half of what the draws move about
    dealt = [entropy(rng.permutation(small), joins) for _ in range(n_permutations)]
    spread = np.std(dealt)
    return float((entropy(codes, joins) - np.mean(dealt)) / spread) if spread > 0 else float("nan")


def joined(points: NDArray[np.float64], n_neighbors: int) -> NDArray[np.intp]:
    """Pairs of spots, 2 x n_joins, of which one is of the nearest of the other; each once."""
    near = neighbours(points, n_neighbors)
    here = np.repeat(np.arange(len(near)), near.shape[1])
    low, high = np.minimum(here, near.ravel()), np.maximum(here, near.ravel())
    return np.stack(np.divmod(np.unique(low * len(near) + high), len(near)))


def entropy(codes: NDArray[np.integer[Any]], joins: NDArray[np.integer[Any]]) -> float:
    """Entropy of the two domains of a join, whichever comes first."""
    n_domains = int(codes.max()) + 1
    pairs = codes[joins[0]].astype(np.int64) * n_domains + codes[joins[1]]
    ordered = np.bincount(pairs, minlength=n_domains**2).reshape(n_domains, n_domains)
    counts = np.triu(ordered + np.tril(ordered, -1).T)
    share = counts[counts > 0] / len(pairs)
    return float(-(share * np.log(share)).sum())
