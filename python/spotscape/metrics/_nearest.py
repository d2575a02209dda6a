"""The nearest spots of each spot in an embedding, itself among them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors


def nearest(
    points: NDArray[np.float64], n_neighbors: int, rows: NDArray[np.intp] | None = None
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Distances and numbers of the nearest, nearest first; the spot itself is one, as in scib-metrics.

    Parameters
    ----------
    points
        N x d.
    n_neighbors
        How many; all where there are no more.
    rows
        Spots whose nearest are sought, among all; None: of all.

    Returns
    -------
    tuple
        Two arrays, rows x n_neighbors.
    """
    asked = points if rows is None else points[rows]
    found = NearestNeighbors(n_neighbors=min(n_neighbors, len(points))).fit(points)
    distances, indices = found.kneighbors(asked)
    return distances, indices
