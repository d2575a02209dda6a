"""Whether domains are continuous on the map: CHAOS, PAS, and the silhouette in space. No truth is needed.

Coordinates are those of one slice: between slices distances mean nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree
from sklearn.neighbors import NearestNeighbors

from spotscape._docs import filled
from spotscape._validate import check_integer
from spotscape.metrics.labels import Labels, labelled_points, silhouette_widths

__all__ = ["chaos", "pas", "spatial_silhouette"]
_FEWEST = 3
"""A domain with fewer spots adds no distance to CHAOS."""


def chaos(labels: Labels, coordinates: ArrayLike) -> float:
    """Return CHAOS: the mean distance of a spot to the nearest spot of its own domain. Lower is smoother.

    ``CHAOS = 1 / N sum_k sum_(i in k) min_(j in k, j != i) |x_i - x_j|``, with each coordinate scaled to mean
    0 and standard deviation 1. Domains of one or two spots add no distance, and count in N.

    Parameters
    ----------
    labels
        Domain of each spot, length n_spots. Spots without one are left out.
    coordinates
        Places of the spots of one slice, n_spots x 2 or 3.

    Returns
    -------
    float
        0 or more. It falls with the number of spots: compare labels of the same spots.

    Raises
    ------
    InputError
        If ``coordinates`` is not a finite matrix with a row for each label, or no spot has a label.

    References
    ----------
    Shang and Zhou, Spatially aware dimension reduction for spatial transcriptomics, Nature Communications
    2022. The form is that of SDMBench (Yuan et al., Nature Methods 2024).

    Examples
    --------
    >>> from spotscape.metrics import chaos
    >>> row = [[0, 0], [1, 0], [2, 0], [3, 0], [4, 0], [5, 0]]
    >>> round(chaos(list("aaabbb"), row), 3), round(chaos(list("ababab"), row), 3)
    (0.586, 1.171)
    """
    points, codes = labelled_points(coordinates, labels, name="coordinates")
    spread = points.std(axis=0)
    points = (points - points.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    total = 0.0
    for code in np.unique(codes):
        own = points[codes == code]
        if len(own) >= _FEWEST:
            total += cKDTree(own).query(own, k=2)[0][:, 1].sum()
    return float(total / len(points))


@filled(like=chaos)
def pas(labels: Labels, coordinates: ArrayLike, *, n_neighbors: int = 10) -> float:
    """Return PAS, the share of abnormal spots: most of their nearest are of other domains. Lower is smoother.

    ``PAS = 1 / N sum_i [more than k / 2 of the k spots nearest to i are of another domain than i]``

    Parameters
    ----------
    labels
        {labels}
    coordinates
        {coordinates}
    n_neighbors
        k. SDMBench and SOI_Bench take 10, BenchmarkST 6. On a lattice spots lie equally far, and which of
        them are taken is left to the search.

    Returns
    -------
    float
        From 0 to 1.

    Raises
    ------
    {Raises}

    References
    ----------
    {References}

    Examples
    --------
    >>> from spotscape.metrics import pas
    >>> row = [[0, 0], [1, 0], [2.1, 0], [3.3, 0], [4.6, 0], [6, 0]]
    >>> pas(list("aabaaa"), row, n_neighbors=2)
    0.16666666666666666
    """
    n_neighbors = check_integer("n_neighbors", n_neighbors, 1)
    points, codes = labelled_points(coordinates, labels, name="coordinates")
    other = codes[neighbours(points, n_neighbors)] != codes[:, None]
    return float((other.sum(axis=1) > other.shape[1] / 2).mean())


@filled(like=chaos)
def spatial_silhouette(labels: Labels, coordinates: ArrayLike) -> float:
    """Return the mean silhouette width of the domains in space. Higher is more compact.

    `silhouette` of the coordinates. Layers and rings are long or hollow, and have low values when they are
    right.

    Parameters
    ----------
    labels
        {labels}
    coordinates
        {coordinates}

    Returns
    -------
    float
        From -1 to 1.

    Raises
    ------
    InputError
        If ``coordinates`` is not a finite matrix with a row for each label, or there are not at least two
        domains.

    References
    ----------
    SDMBench (Yuan et al., Benchmarking spatial clustering methods with spatially resolved transcriptomics
    data, Nature Methods 2024) calls it ASW.

    Examples
    --------
    >>> from spotscape.metrics import spatial_silhouette
    >>> round(spatial_silhouette(list("aabb"), [[0, 0], [1, 0], [10, 0], [11, 0]]), 4)
    0.8997
    """
    points, codes = labelled_points(coordinates, labels, name="coordinates", fewest=2)
    return float(silhouette_widths(points, codes).mean())


def neighbours(points: NDArray[np.float64], n_neighbors: int) -> NDArray[np.intp]:
    """Numbers of the nearest spots of each, without itself: n_spots x n_neighbors, as far as there are."""
    if len(points) == 1:
        return np.empty((1, 0), dtype=np.intp)
    found = NearestNeighbors(n_neighbors=min(n_neighbors, len(points) - 1)).fit(points)
    indices: NDArray[np.intp] = found.kneighbors(return_distance=False)
    return indices
