"""Domains by consensus: many tied mixtures, each on another view of the embedding, and what they agree on.

One mixture finds one of several groupings that fit about as well, and which of them hangs on the start, on
how many components are looked at and on how far they are smoothed. Here a mixture is fitted for each of
several numbers of leading columns, on the embedding as it is and on several smoothings of it (see
`spotscape.tl._smoothing`). Their memberships, side by side, are a bipartite graph of spots and groups, which
is cut spectrally into K domains; then every mixture's groups are matched to the domains one to one, and a
spot's domain is the one of greatest mean posterior. That mean is the confidence.

Source: Strehl and Ghosh 2002, Cluster ensembles, J. Mach. Learn. Res. 3; Fern and Brodley 2004, Solving
cluster ensemble problems by bipartite graph partitioning, ICML.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from scipy import sparse
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.preprocessing import normalize

from spotscape.tl._clustering import fit_mixture, n_leading
from spotscape.tl._smoothing import neighbor_scale, smoothings

_SHARES = (0.4, 0.5, 0.6, 0.7)
"""Of the embedding's columns that a mixture looks at: the leading ones carry most signal."""
_MOST_SPOTS = 20_000
"""A mixture fitted to more spots than these would be the same."""
_ALIGNMENTS = 5


def memberships(
    embedding: np.ndarray, graph: sparse.spmatrix | None, n_domains: int, *, n_starts: int, seed: int
) -> list[np.ndarray]:
    """Fit the mixtures; return the posterior of each spot in each group, N x K for each mixture.

    Parameters
    ----------
    embedding
        N x d, float64, columns by descending signal.
    graph
        N x N, non-zero for neighbours in the tissue; None smooths nothing.
    n_domains
        K.
    n_starts
        Starts of each mixture.
    seed
        Of the starts, and of the sample that mixtures are fitted to where there are many spots.
    """
    rng = np.random.default_rng(seed)
    n = len(embedding)
    sample = np.sort(rng.choice(n, _MOST_SPOTS, replace=False)) if n > _MOST_SPOTS else slice(None)
    found = []
    for view in _views(embedding, graph):
        start = int(rng.integers(2**31))
        mixture = fit_mixture(view[sample], n_domains, n_starts=n_starts, seed=start)
        found.append(mixture.predict_proba(view))
    return found


def _views(embedding: np.ndarray, graph: sparse.spmatrix | None) -> Iterator[np.ndarray]:
    """Yield what the mixtures are fitted to: columns in units of how much neighbours differ."""
    scaled = embedding / neighbor_scale(embedding, graph)
    for columns in sorted({n_leading(scaled.shape[1], share) for share in _SHARES}):
        leading = scaled[:, :columns]
        yield leading
        if graph is not None:
            yield from smoothings(leading, graph)


def agree(posteriors: Sequence[np.ndarray], n_domains: int, *, seed: int) -> np.ndarray:
    """Return the mean posterior of each spot in each domain, N x K, over mixtures with their groups matched.

    Parameters
    ----------
    posteriors
        N x K for each mixture, rows that sum to 1; groups in any order.
    n_domains
        K.
    seed
        Of K-means in the spectral cut.
    """
    labels = _spectral_cut(np.concatenate(posteriors, axis=1), n_domains, seed)
    mean = np.eye(n_domains)[labels]
    for _ in range(_ALIGNMENTS):
        total = np.zeros_like(mean)
        for posterior in posteriors:
            domains, groups = linear_sum_assignment(mean.T @ posterior, maximize=True)
            total[:, domains] += posterior[:, groups]
        settled = np.array_equal(total.argmax(1), mean.argmax(1))
        mean = total / len(posteriors)
        if settled:
            break
    return mean


def _spectral_cut(members: np.ndarray, n_domains: int, seed: int) -> np.ndarray:
    """Cut the bipartite graph of spots and groups, by the leading singular vectors of its weights."""
    weights = members / np.sqrt(np.maximum(members.sum(axis=0), 1e-12))
    values, vectors = np.linalg.eigh(weights.T @ weights)
    leading = weights @ vectors[:, : -n_domains - 1 : -1]
    leading /= np.sqrt(np.maximum(values[: -n_domains - 1 : -1], 1e-12))
    return KMeans(n_domains, n_init=20, random_state=seed).fit_predict(normalize(leading))
