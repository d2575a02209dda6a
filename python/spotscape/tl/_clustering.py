"""From an embedding to labels: tied Gaussian mixture, K-means, Leiden, and smoothing over neighbours."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
import scanpy as sc
from scipy import sparse
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from spotscape._embedding_graph import embedding_graph

SMALL_MATRIX_THREADS = 1
"""Threads while grouping: with matrices this narrow they wait for each other longer than they work."""
MOST_SPOTS = 20_000
"""Spots that a grouping is fitted to; fitted to more it would be the same."""
_AT_ONCE = 8_192
"""Spots that are assigned to groups at once."""
_RIDGE = 1e-6
"""Added to the covariance, as a share of the embedding's mean variance: a unit that never fires has none."""
_FEWEST_COLUMNS = 8
_LEIDEN_NEIGHBORS = 15
_LEIDEN_SEARCH = (1e-3, 10.0, 25)
"""Lowest and highest resolution looked at for a number of domains, and how many halvings."""


def n_leading(width: int, share: float) -> int:
    """Return how many leading columns of an embedding are looked at: a share, but not fewer than 8."""
    return max(min(width, _FEWEST_COLUMNS), round(share * width))


def sample_spots(n_spots: int, rng: np.random.Generator) -> np.ndarray:
    """Return the numbers of the spots that a grouping is fitted to: all, or `MOST_SPOTS`, sorted."""
    if n_spots <= MOST_SPOTS:
        return np.arange(n_spots)
    return np.sort(rng.choice(n_spots, MOST_SPOTS, replace=False))


def blocks_of_spots(n_spots: int) -> Iterator[np.ndarray]:
    """Yield the numbers of all spots in runs of bounded length."""
    for start in range(0, n_spots, _AT_ONCE):
        yield np.arange(start, min(n_spots, start + _AT_ONCE))


def covariance_ridge(embedding: np.ndarray) -> float:
    """Return what is added to the diagonal of a mixture's covariance."""
    return _RIDGE * max(float(embedding.var(axis=0).mean()), float(np.finfo(np.float64).tiny))


def fit_mixture(embedding: np.ndarray, n_domains: int, *, n_starts: int, seed: int) -> GaussianMixture:
    """Fit a Gaussian mixture whose components share one full covariance (mclust's EEE).

    Parameters
    ----------
    embedding
        N x d, float64.
    n_domains
        Number of components.
    n_starts
        K-means starts; the highest likelihood is kept.
    seed
        Of the starts.
    """
    mixture = GaussianMixture(
        n_domains,
        covariance_type="tied",
        n_init=n_starts,
        random_state=seed,
        reg_covar=covariance_ridge(embedding),
        max_iter=200,
    )
    with warnings.catch_warnings():
        # Starts that converge slowly or lose a component are beaten by the others.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return mixture.fit(embedding)


def mixture_posterior(embedding: np.ndarray, n_domains: int, *, n_starts: int, seed: int) -> np.ndarray:
    """Return the posterior of each spot in each component of a mixture fitted to a sample of them, N x K.

    Parameters
    ----------
    embedding, n_domains, n_starts, seed
        As in `fit_mixture`.
    """
    n = len(embedding)
    sample = sample_spots(n, np.random.default_rng(seed))
    mixture = fit_mixture(embedding[sample], n_domains, n_starts=n_starts, seed=seed)
    if len(sample) == n:
        return mixture.predict_proba(embedding)
    posterior = np.empty((n, n_domains), dtype=np.float32)
    for spots in blocks_of_spots(n):
        posterior[spots] = mixture.predict_proba(embedding[spots])
    return posterior


def kmeans_labels(embedding: np.ndarray, n_domains: int, *, n_starts: int, seed: int) -> np.ndarray:
    """Label by the nearest of K-means' centres (Lloyd, k-means++ starts), found on a sample of the spots."""
    sample = sample_spots(len(embedding), np.random.default_rng(seed))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer distinct spots than centres
        means = KMeans(n_domains, n_init=n_starts, random_state=seed).fit(embedding[sample])
    return means.labels_ if len(sample) == len(embedding) else means.predict(embedding)


def leiden_labels(
    embedding: np.ndarray, n_domains: int | None, *, resolution: float, seed: int
) -> np.ndarray:
    """Label by Leiden communities of the 15-nearest-neighbour graph of the embedding.

    With ``n_domains`` the resolution is searched by halving for the one that gives so many communities, or
    the number nearest to it; without, ``resolution`` is used. The graph is of all spots, so time grows faster
    than their number.
    """
    shell = embedding_graph(embedding, min(_LEIDEN_NEIGHBORS, len(embedding) - 1), seed)

    def communities(at: float) -> np.ndarray:
        sc.tl.leiden(shell, at, random_state=seed, flavor="igraph", n_iterations=2, directed=False)
        return shell.obs["leiden"].cat.codes.to_numpy()

    if n_domains is None:
        return communities(resolution)
    low, high, halvings = _LEIDEN_SEARCH
    best: np.ndarray | None = None
    for _ in range(halvings):
        middle = float(np.sqrt(low * high))
        labels = communities(middle)
        found = labels.max() + 1
        if best is None or abs(found - n_domains) < abs(best.max() + 1 - n_domains):
            best = labels
        if found == n_domains:
            break
        low, high = (middle, high) if found < n_domains else (low, middle)
    assert best is not None  # noqa: S101 (for the type checker: there is at least one halving)
    return best


def smooth_labels(labels: np.ndarray, connectivities: sparse.csr_matrix) -> np.ndarray:
    """Give each spot the most frequent label among itself and its neighbours; a tie keeps its own.

    Parameters
    ----------
    labels
        Integers from 0, N.
    connectivities
        N x N, non-zero for neighbours.
    """
    n = len(labels)
    member = sparse.csr_matrix((np.ones(n), (np.arange(n), labels)), shape=(n, labels.max() + 1))
    votes = ((connectivities != 0).astype(np.float64) @ member + member).toarray()
    votes[np.arange(n), labels] += 0.5
    return votes.argmax(axis=1)


def by_size(labels: np.ndarray) -> np.ndarray:
    """Renumber labels 0, 1, ... from the largest domain to the smallest; equal sizes by first spot."""
    _, first, codes, sizes = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    rank = np.empty(len(sizes), dtype=np.int64)
    rank[np.lexsort((first, -sizes))] = np.arange(len(sizes))
    return rank[codes]
