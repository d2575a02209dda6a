"""Domains by consensus: many tied mixtures, each on another view of the embedding, and what they agree on.

One mixture finds one of several groupings that fit about as well, and which of them hangs on the start, on
how many components are looked at and on how far they are smoothed. Here a mixture that knows of mixed spots
(see `spotscape.tl._partial_volume`) is fitted for each of several numbers of leading columns, about as many
as so many domains take, on the embedding as it is and on several smoothings of it (see
`spotscape.tl._smoothing`), first from starts of its own, then from what the others found: the best groupings
are rare among the starts of one view, and good ones in all. Their memberships, side by side, are a bipartite
graph of spots and groups, which is cut spectrally into K domains; then every mixture's groups are matched to
the domains one to one, and a spot's domain is the one of greatest mean posterior.

Of many spots a sample is cut and matched; all are then read once, in blocks, and only their mean posterior
is kept.

Source: Strehl and Ghosh 2002, Cluster ensembles, J. Mach. Learn. Res. 3; Fern and Brodley 2004, Solving
cluster ensemble problems by bipartite graph partitioning, ICML.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.preprocessing import normalize

from spotscape.tl._clustering import blocks_of_spots, sample_spots
from spotscape.tl._partial_volume import PartialVolumeMixture, fit_from, kmeans_starts, mixed_chance
from spotscape.tl._smoothing import neighbor_scale, neighborhoods, pattern, smoothings, typical_distance

_N_WIDTHS = 4
_FEWEST_COLUMNS = 5
_NARROWEST, _FURTHER = 1 / 4, 1 / 20
"""Share of the embedding's columns that the narrowest view looks at or more, and by which the others add."""
_ALIGNMENTS = 5


class Agreement(NamedTuple):
    """What mixtures agree on.

    Attributes
    ----------
    mean
        Mean posterior of each spot in each domain, N x K.
    groups
        For each mixture which of its groups each domain is, K.
    """

    mean: np.ndarray
    groups: list[np.ndarray]


class Views:
    """What the mixtures are fitted to: leading columns in units of how much neighbours differ, and smoothed.

    ``mixed`` is the chance of each spot to lie between two domains, N.

    Parameters
    ----------
    embedding
        N x d, float64, columns by descending signal.
    graph
        N x N, non-zero for neighbours in the tissue; None smooths nothing.
    n_domains
        K: what it takes to tell so many apart is looked at.
    """

    def __init__(self, embedding: np.ndarray, graph: sparse.spmatrix | None, n_domains: int) -> None:
        self._step = None if graph is None else pattern(graph)
        scaled = embedding / neighbor_scale(embedding, self._step)
        self._leading = [
            np.ascontiguousarray(scaled[:, :width]) for width in view_widths(scaled.shape[1], n_domains)
        ]
        self._typical = [
            0.0 if self._step is None else typical_distance(leading, self._step) for leading in self._leading
        ]
        self.mixed = mixed_chance(self._leading[-1], self._step)

    def of(self, spots: np.ndarray) -> Iterator[np.ndarray]:
        """Yield every view of some spots, given by number: n x (columns looked at)."""
        near = None if self._step is None else neighborhoods(self._step, spots)
        for leading, typical in zip(self._leading, self._typical, strict=True):
            yield leading[spots]
            if near is not None:
                yield from smoothings(leading, spots, near, typical)


def view_widths(n_columns: int, n_domains: int) -> list[int]:
    """Return how many leading columns each view looks at, ascending.

    K domains take K - 1 columns to tell them apart: one fewer, so many, and a little more, but of 20 columns
    not fewer than 5 to 8.
    """
    first = max(n_domains - 2, _FEWEST_COLUMNS, round(_NARROWEST * n_columns))
    further = max(1, round(_FURTHER * n_columns))
    return sorted({min(n_columns, first + i * further) for i in range(_N_WIDTHS)})


def consensus(
    embedding: np.ndarray, graph: sparse.spmatrix | None, n_domains: int, *, n_starts: int, seed: int
) -> np.ndarray:
    """Return the mean posterior of each spot in each domain, N x K; float32 where there are many spots.

    Parameters
    ----------
    embedding, graph
        As in `Views`.
    n_domains
        K.
    n_starts
        Starts of each mixture.
    seed
        Of the starts, of K-means in the spectral cut, and of the sample where there are many spots.
    """
    rng = np.random.default_rng(seed)
    n = len(embedding)
    sample = sample_spots(n, rng)
    views = Views(embedding, graph, n_domains)
    mixtures, posteriors = memberships(
        list(views.of(sample)), views.mixed[sample], n_domains, n_starts=n_starts, rng=rng
    )
    found = agree(posteriors, n_domains, seed=seed)
    if len(sample) == n:
        return found.mean
    mean = np.empty((n, n_domains), dtype=np.float32)
    for spots in blocks_of_spots(n):
        each = zip(mixtures, views.of(spots), found.groups, strict=True)
        total = sum(mixture.posterior(view, views.mixed[spots])[:, groups] for mixture, view, groups in each)
        mean[spots] = total / len(mixtures)
    return mean


def memberships(
    views: Sequence[np.ndarray],
    mixed: np.ndarray,
    n_domains: int,
    *,
    n_starts: int,
    rng: np.random.Generator,
) -> tuple[list[PartialVolumeMixture], list[np.ndarray]]:
    """Fit a mixture to each view; return them, and the posterior of each spot in each group, N x K."""
    alone = []
    for view in views:
        starts = kmeans_starts(view, n_domains, n_starts, seed=int(rng.integers(2**31)))
        alone.append(fit_from(view, mixed, n_domains, starts))
    labels = [mixture.labels(view, mixed) for mixture, view in zip(alone, views, strict=True)]
    mixtures = [fit_from(view, mixed, n_domains, labels) for view in views]
    return mixtures, [mixture.posterior(view, mixed) for mixture, view in zip(mixtures, views, strict=True)]


def agree(posteriors: Sequence[np.ndarray], n_domains: int, *, seed: int) -> Agreement:
    """Match the groups of mixtures to each other, and take the mean.

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
        groups = [linear_sum_assignment(mean.T @ posterior, maximize=True)[1] for posterior in posteriors]
        before = mean.argmax(1)
        mean = sum(posterior[:, own] for posterior, own in zip(posteriors, groups, strict=True))
        mean = mean / len(posteriors)
        if np.array_equal(mean.argmax(1), before):
            break
    return Agreement(mean, groups)


def _spectral_cut(members: np.ndarray, n_domains: int, seed: int) -> np.ndarray:
    """Cut the bipartite graph of spots and groups, by the leading singular vectors of its weights."""
    weights = members / np.sqrt(np.maximum(members.sum(axis=0), 1e-12))
    values, vectors = np.linalg.eigh(weights.T @ weights)
    leading = weights @ vectors[:, : -n_domains - 1 : -1]
    leading /= np.sqrt(np.maximum(values[: -n_domains - 1 : -1], 1e-12))
    return KMeans(n_domains, n_init=20, random_state=seed).fit_predict(normalize(leading))
