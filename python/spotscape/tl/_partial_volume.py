"""Gaussian mixture with one covariance in which a spot at a border may be half of one group, half of another.

Smoothed over its neighbourhood, a spot at the border of two domains lies between them. A mixture of K groups
spends one on such spots where two domains lie far apart, and has it missing elsewhere. Here every pair of
groups has a component of its own, halfway between their means and so without a mean to be fitted; with
chance m_i a spot belongs to one of those:

    p(x_i) = (1 - m_i) Σ_a π_a N(x_i; μ_a, Σ)  +  m_i Σ_{a<b} ρ_ab N(x_i; (μ_a + μ_b) / 2, Σ),

where m_i is given, and comes from how varied the spot's neighbourhood is (`mixed_chance`). Of a mixed spot's
posterior each of the two groups has half. With A (components x K) telling what each component is made of, and
D the components' sizes, the means solve ``AᵀDA μ = AᵀRᵀX``; with m = 0 it is the ordinary tied mixture.

Source: Laidlaw, Fleischer and Barr 1998, Partial-volume Bayesian classification of material mixtures in MR
volume data, IEEE Trans. Med. Imaging 17; Van Leemput et al. 2003, A unifying framework for partial volume
segmentation of brain MR images, IEEE Trans. Med. Imaging 22.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.linalg import solve_triangular

from spotscape.tl._clustering import covariance_ridge, kmeans_labels, n_leading
from spotscape.tl._smoothing import neighbor_scale

LEADING_SHARE = 0.6
"""Of an embedding's columns that are looked at where not several numbers are: these carry most signal."""
_STEEPNESS = 8
"""How fast the chance of being mixed grows with the variance in the neighbourhood."""
_NEVER_CERTAIN = 0.999
"""The highest chance: a spot that could be nothing else would have nowhere to go where no pair is left."""
_EMPTY = 1e-10
"""Added to the components' sizes, so that one without spots can be divided by."""
_MOST_STEPS = 200
_FEW_STEPS = 5
"""Of each start, before all but the best are given up."""
_KEPT = 2
"""Starts that go on."""
_TOLERANCE = 1e-3
"""Gain of the mean log likelihood at which a fit has come to rest."""
_PRUNE_EVERY = 4
_SMALLEST_PAIR = 1.0
"""Spots below which a pair's component is dropped: most pairs of domains do not touch."""
_FIRST_MIXED = 1e-3
"""Share of a spot that pairs have at the start."""


class PartialVolumeMixture(NamedTuple):
    """A fitted mixture.

    Attributes
    ----------
    means
        μ, K x d.
    whiten
        W with ``Σ⁻¹ = W Wᵀ``, d x d.
    made_of
        A, components x K: K rows with a one, then rows with two halves.
    shares
        π, then ρ: each sums to 1.
    score
        Mean log likelihood of the spots it was fitted to.
    """

    means: np.ndarray
    whiten: np.ndarray
    made_of: np.ndarray
    shares: np.ndarray
    score: float

    def posterior(self, view: np.ndarray, mixed: np.ndarray) -> np.ndarray:
        """Return how likely each spot is in each group, n x K.

        Parameters
        ----------
        view
            n x d.
        mixed
            m, n: 0 to 1.
        """
        parts, _ = _expectation(self, view, mixed)
        groups: np.ndarray = parts @ self.made_of
        return groups

    def labels(self, view: np.ndarray, mixed: np.ndarray) -> np.ndarray:
        """Return the likeliest group of each spot, n."""
        return self.posterior(view, mixed).argmax(axis=1)


def mixed_chance(embedding: np.ndarray, step: sparse.csr_matrix | None) -> np.ndarray:
    """Return the chance of each spot to be mixed, N: ½ where its neighbourhood is as varied as the median's.

    ``1 / (1 + (h / h_i)⁸)``, h_i the variance of the embedding within the spot's neighbourhood, summed over
    columns, and h its median. 0 everywhere without a graph, and where most neighbourhoods are constant.

    Parameters
    ----------
    embedding
        N x d, columns on one scale.
    step
        Ones for the spot itself and its neighbours, N x N.
    """
    n = len(embedding)
    if step is None:
        return np.zeros(n)
    size = np.asarray(step.sum(axis=1)).ravel()
    varied = np.zeros(n)
    for column in embedding.T:
        varied += (step @ (column * column)) / size - np.square((step @ column) / size)
    typical = float(np.median(varied))
    if not typical > 0:
        return np.zeros(n)
    chance = 1 / (1 + (typical / np.maximum(varied, 1e-12 * typical)) ** _STEEPNESS)
    return np.minimum(chance, _NEVER_CERTAIN)


def leading_view(embedding: np.ndarray, step: sparse.csr_matrix | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the leading columns in units of how much neighbours differ, and `mixed_chance` by them.

    Parameters
    ----------
    embedding
        N x d, float64, columns by descending signal.
    step
        Ones for the spot itself and its neighbours, N x N.
    """
    leading = embedding[:, : n_leading(embedding.shape[1], LEADING_SHARE)]
    leading = leading / neighbor_scale(leading, step)
    return leading, mixed_chance(leading, step)


def kmeans_starts(view: np.ndarray, n_groups: int, n_starts: int, seed: int) -> list[np.ndarray]:
    """Return so many labellings by K-means, each from starts of its own."""
    rng = np.random.default_rng(seed)
    seeds = rng.integers(2**31, size=n_starts)
    return [kmeans_labels(view, n_groups, n_starts=1, seed=int(each)) for each in seeds]


def fit_from(
    view: np.ndarray, mixed: np.ndarray, n_groups: int, starts: Sequence[np.ndarray]
) -> PartialVolumeMixture:
    """Fit by expectation maximisation from several labellings; the highest likelihood is kept.

    Every start goes a few steps, and the best of them to the end.

    Parameters
    ----------
    view
        x, n x d, float64.
    mixed
        m, n: 0 to 1.
    n_groups
        K.
    starts
        Labellings, n each: integers from 0 to K - 1.
    """
    firsts = (_first(labels, n_groups, mixed) for labels in starts)
    tried = [_fit(view, mixed, parts, made_of, _FEW_STEPS) for parts, made_of in firsts]
    tried.sort(key=lambda each: -each[0].score)
    return max(
        (_fit(view, mixed, parts, found.made_of, _MOST_STEPS)[0] for found, parts in tried[:_KEPT]),
        key=lambda found: found.score,
    )


def _first(labels: np.ndarray, n_groups: int, mixed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the memberships that a labelling gives, and what their components are made of.

    Those are the groups and, where spots can be mixed, all pairs of groups, with a little of every spot.
    """
    groups = np.eye(n_groups)
    if not mixed.any():
        return groups[labels], groups
    pairs = [(groups[a] + groups[b]) / 2 for a, b in combinations(range(n_groups), 2)]
    in_pairs = np.full((len(labels), len(pairs)), _FIRST_MIXED / len(pairs))
    return np.hstack([groups[labels] * (1 - _FIRST_MIXED), in_pairs]), np.array([*groups, *pairs])


def _fit(
    view: np.ndarray, mixed: np.ndarray, parts: np.ndarray, made_of: np.ndarray, n_steps: int
) -> tuple[PartialVolumeMixture, np.ndarray]:
    """Alternate both steps from some memberships; return the mixture and the memberships it gives."""
    second_moment, ridge = view.T @ view, covariance_ridge(view)
    before = -np.inf
    for step in range(1, n_steps + 1):
        if step % _PRUNE_EVERY == 0:
            parts, made_of = _pruned(parts, made_of)
        mixture = _maximization(view, second_moment, ridge, parts, made_of)
        parts, score = _expectation(mixture, view, mixed)
        mixture = mixture._replace(score=score)
        if abs(score - before) < _TOLERANCE:
            break
        before = score
    return mixture, parts


def _pruned(parts: np.ndarray, made_of: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Drop pairs that hold hardly a spot."""
    keep = (parts.sum(axis=0) > _SMALLEST_PAIR) | (np.arange(len(made_of)) < made_of.shape[1])
    return (parts, made_of) if keep.all() else (parts[:, keep], made_of[keep])


def _maximization(
    view: np.ndarray, second_moment: np.ndarray, ridge: float, parts: np.ndarray, made_of: np.ndarray
) -> PartialVolumeMixture:
    """Return the mixture that is likeliest given memberships; its score is yet to be found."""
    n, width = view.shape
    n_groups = made_of.shape[1]
    sizes = parts.sum(axis=0) + _EMPTY
    sums = parts.T @ view
    gram = (made_of.T * sizes) @ made_of
    means = np.linalg.solve(gram, made_of.T @ sums)
    centres = made_of @ means
    covariance = (second_moment - sums.T @ centres - centres.T @ sums + (centres.T * sizes) @ centres) / n
    covariance.flat[:: width + 1] += ridge
    lower = np.linalg.cholesky((covariance + covariance.T) / 2)
    whiten = solve_triangular(lower, np.eye(width), lower=True).T
    groups, pairs = sizes[:n_groups], sizes[n_groups:]
    shares = np.concatenate([groups / groups.sum(), pairs / max(pairs.sum(), _EMPTY)])
    return PartialVolumeMixture(means, whiten, made_of, shares, -np.inf)


def _expectation(
    mixture: PartialVolumeMixture, view: np.ndarray, mixed: np.ndarray
) -> tuple[np.ndarray, float]:
    """Return memberships of spots in components, n x c, and the mean log likelihood."""
    n_groups = mixture.made_of.shape[1]
    spots, centres = view @ mixture.whiten, mixture.made_of @ mixture.means @ mixture.whiten
    log = spots @ centres.T
    log -= 0.5 * np.square(centres).sum(axis=1) - np.log(mixture.shares)
    with np.errstate(divide="ignore"):  # of a spot that cannot be mixed
        log[:, :n_groups] += np.log1p(-mixed)[:, None]
        log[:, n_groups:] += np.log(mixed)[:, None]
    largest = log.max(axis=1, keepdims=True)
    parts = np.exp(log - largest)
    total = parts.sum(axis=1, keepdims=True)
    parts /= total
    constant = np.log(np.diag(mixture.whiten)).sum() - 0.5 * view.shape[1] * np.log(2 * np.pi)
    score = (largest + np.log(total)).mean() - 0.5 * np.square(spots).sum(axis=1).mean() + constant
    return parts, float(score)
