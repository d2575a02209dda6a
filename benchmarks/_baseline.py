"""No learning: principal components, averaged over spatial neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors


def principal_components(expression: Any, seed: int) -> np.ndarray:
    """Return the scores of 50 components of the centred expression, as far as there are so many genes."""
    n_components = min(50, expression.shape[1] - 1)
    pca = PCA(n_components, svd_solver="arpack", random_state=seed)
    return pca.fit_transform(expression.astype(np.float64))


def smoothed(scores: np.ndarray, places: np.ndarray, slices: Sequence[Any]) -> np.ndarray:
    """Return the scores averaged over each spot and its 18 nearest of the same slice."""
    found, of = np.empty_like(scores), np.asarray(slices)
    for name in np.unique(of):
        rows = np.flatnonzero(of == name)
        mean = NearestNeighbors(n_neighbors=19).fit(places[rows]).kneighbors_graph(places[rows]) / 19
        found[rows] = sparse.csr_matrix(mean) @ scores[rows]
    return found
