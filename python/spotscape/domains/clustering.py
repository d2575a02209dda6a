"""From an embedding to labels: tied mixture, K-means, Leiden, and smoothing over neighbours."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from spotscape._arrays import Array, beside, on_host, on_nvidia_gpu
from spotscape._neighborhood import pattern
from spotscape._scanpy import embedding_graph
from spotscape.domains.mixture import fit_mixture
from spotscape.domains.split_merge import split_and_merge

SMALL_MATRIX_THREADS = 1
"""Threads while grouping: with matrices this narrow they wait for each other longer than they work."""
MOST_SPOTS = 20_000
"""Spots that a grouping is fitted to; fitted to more it would be the same."""
_AT_ONCE = 8_192
"""Spots that are assigned to groups at once."""
_LEIDEN_NEIGHBORS = 15
_LEIDEN_SEARCH = (1e-3, 10.0, 25)
"""Lowest and highest resolution looked at for a number of domains, and how many halvings."""


def sample_spots(n_spots: int, rng: np.random.Generator) -> np.ndarray:
    """Return the numbers of the spots that a grouping is fitted to: all, or `MOST_SPOTS`, sorted."""
    if n_spots <= MOST_SPOTS:
        return np.arange(n_spots)
    return np.sort(rng.choice(n_spots, MOST_SPOTS, replace=False))


def embedding_order(embedding: np.ndarray) -> np.ndarray:
    """Return the order of the spots by the first column, of equal ones by the second, and so on.

    As ``numpy.lexsort`` has it, which sorts by every column, and takes ten times as long.
    """
    first = embedding[:, 0]
    order = np.argsort(first, kind="stable")
    same = first[order[1:]] == first[order[:-1]]
    tied = np.append(same, False) | np.append(False, same)
    rows = order[tied]
    order[tied] = rows[np.lexsort(embedding[rows].T[::-1])]
    return order


def blocks_of_spots(n_spots: int) -> Iterator[np.ndarray]:
    """Yield the numbers of all spots in runs of bounded length."""
    for start in range(0, n_spots, _AT_ONCE):
        yield np.arange(start, min(n_spots, start + _AT_ONCE))


def mixture_posterior(embedding: Array, n_domains: int, *, n_starts: int, seed: int) -> np.ndarray:
    """Return the posterior of each spot in each component of a mixture fitted to a sample of them, N x K.

    Parameters
    ----------
    embedding
        N x d, float64.
    n_domains
        K.
    n_starts
        K-means starts; the highest likelihood is kept.
    seed
        Of the starts, and of the sample.
    """
    # In an order of their own, so that starts and sample hang on no order of the spots.
    order = embedding_order(on_host(embedding))
    sample = order[sample_spots(len(order), np.random.default_rng(seed))]
    values = embedding[beside(sample, embedding)]
    starts = kmeans_starts(values, n_domains, n_starts, seed)
    mixture = split_and_merge(fit_mixture(values, starts, n_domains), values)
    posterior = np.empty((len(embedding), n_domains), dtype=np.float32)
    for spots in blocks_of_spots(len(embedding)):
        posterior[spots] = on_host(mixture.posterior(embedding[beside(spots, embedding)]))
    return posterior


def kmeans_starts(values: Array, n_groups: int, n_starts: int, seed: int) -> list[np.ndarray]:
    """Return so many labellings by K-means, each from starts of its own."""
    rng = np.random.default_rng(seed)
    seeds = rng.integers(2**31, size=n_starts)
    return [kmeans_labels(values, n_groups, n_starts=1, seed=int(each)) for each in seeds]


def kmeans_labels(embedding: Array, n_domains: int, *, n_starts: int, seed: int) -> np.ndarray:
    """Label by the nearest of K-means' centres (Lloyd, k-means++ starts), found on a sample of the spots."""
    sample = sample_spots(len(embedding), np.random.default_rng(seed))
    kmeans, embedding = _kmeans_for(embedding)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer distinct spots than centres
        means = kmeans(n_clusters=n_domains, n_init=n_starts, random_state=seed)
        means.fit(embedding[beside(sample, embedding)])
    return means.labels_ if len(sample) == len(embedding) else means.predict(embedding)


def _kmeans_for(values: Array) -> tuple[Callable[..., Any], Array]:
    """Return a K-means, and the values as it takes them: cuML's on its GPU, where it is installed."""
    if on_nvidia_gpu(values):
        try:
            from cuml.cluster import KMeans as OnGPU
        except ImportError:
            pass
        else:
            return partial(OnGPU, init="k-means++", output_type="numpy"), values
    return KMeans, on_host(values)


def leiden_labels(embedding: Array, n_domains: int | None, *, resolution: float, seed: int) -> np.ndarray:
    """Label by Leiden communities of the 15-nearest-neighbour graph of the embedding.

    With ``n_domains`` the resolution is searched by halving for the one that gives so many communities, or
    the number nearest to it; without, ``resolution`` is used. The graph is of all spots, so time grows faster
    than their number.
    """
    import scanpy as sc  # takes seconds, and most calls need none of it

    embedding = on_host(embedding)
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
    votes = (pattern(connectivities) @ member + member).toarray()
    votes[np.arange(n), labels] += 0.5
    return votes.argmax(axis=1)


def by_size(labels: np.ndarray) -> np.ndarray:
    """Renumber labels 0, 1, ... from the largest domain to the smallest; equal sizes by first spot."""
    _, first, codes, sizes = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    rank = np.empty(len(sizes), dtype=np.int64)
    rank[np.lexsort((first, -sizes))] = np.arange(len(sizes))
    return rank[codes]
