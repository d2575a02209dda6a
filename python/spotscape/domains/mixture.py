"""Gaussian mixture with one covariance for all groups, drawn towards a sphere where there are few spots.

    p(x_i) = Σ_k π_k N(x_i; μ_k, Σ),    Σ = (1 - a) W + a (tr W / d) I,    a = 1000 / (1000 + n)

W is the covariance within groups that expectation maximisation gives, n the number of spots, d that of
columns. With very many spots it is the tied mixture (what R users know as mclust's EEE), whose groups may be
stretched in any direction that they share. A few hundred spots do not say which: there the groups are round,
as K-means has them, but of different size.

Source: Dempster, Laird and Rubin 1977, Maximum likelihood from incomplete data, J. R. Stat. Soc. B 39;
Friedman 1989, Regularized discriminant analysis, J. Am. Stat. Assoc. 84, for the shrinkage, which is a fixed
function of n here.

Spots may be an array of numpy's, or a tensor on a device; the mixture itself, which is small, is numpy's.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.linalg import solve_triangular

from spotscape._arrays import Array, beside, functions_of, on_host

_SPOTS = 1000
"""Spots with which a covariance is half its own, half a sphere."""
_RIDGE = 1e-6
"""Added to the diagonal, as a share of the mean variance: a column that never varies has none."""
_EMPTY = 1e-10
"""Least size of a group, so that one without spots can be divided by."""
_FEW_STEPS = 5
"""Of each start, before all but the best are given up."""
_KEPT = 2
"""Starts that go on."""
_MOST_STEPS = 200
_TOLERANCE = 1e-4
"""Gain of the mean log likelihood at which a fit has come to rest."""


class TiedMixture(NamedTuple):
    """A fitted mixture.

    Attributes
    ----------
    means
        μ, K x d.
    whiten
        W with ``Σ⁻¹ = W Wᵀ``, d x d.
    shares
        π, K.
    score
        Mean log likelihood of the spots it was fitted to.
    """

    means: np.ndarray
    whiten: np.ndarray
    shares: np.ndarray
    score: float

    def posterior(self, values: Array) -> Array:
        """Return how likely each spot (n x d) is in each group, n x K."""
        return _expectation(self, values)[0]


def shrinkage(n_spots: int, spots: float) -> float:
    """Return how far a covariance of so many spots is drawn towards a sphere, 0 to 1."""
    return spots / (spots + n_spots)


def fit_mixture(
    values: Array, starts: list[np.ndarray], n_groups: int, *, spots: float = _SPOTS
) -> TiedMixture:
    """Fit by expectation maximisation from several labellings; the highest likelihood is kept.

    Every start goes a few steps, and the best of them to the end.

    Parameters
    ----------
    values
        x, n x d, float64.
    starts
        Labellings, n each: integers from 0 to K - 1.
    n_groups
        K.
    spots
        With how many spots the covariance is half its own, half a sphere.
    """
    tried = [
        fit_from(values, members_of(labels, n_groups, values), _FEW_STEPS, spots=spots) for labels in starts
    ]
    tried.sort(key=lambda each: -each[0].score)
    return max(
        (fit_from(values, members, spots=spots)[0] for _, members in tried[:_KEPT]),
        key=lambda found: found.score,
    )


def members_of(labels: np.ndarray, n_groups: int, values: Array) -> Array:
    """Return the memberships, n x K, that labels stand for: ones and zeros, beside the values."""
    return beside(np.eye(n_groups)[labels], values)


def fit_from(
    values: Array, members: Array, n_steps: int = _MOST_STEPS, *, spots: float = _SPOTS
) -> tuple[TiedMixture, Array]:
    """Alternate both steps from some memberships, n x K; return the mixture and the memberships it gives."""
    drawn = shrinkage(len(values), spots)
    center = functions_of(values).mean(values, axis=0)
    second_moment = on_host((values - center).T @ (values - center) / len(values))
    before = -np.inf
    for _ in range(n_steps):
        mixture = _maximization(values, center, second_moment, members, drawn)
        members, score = _expectation(mixture, values)
        mixture = mixture._replace(score=score)
        if abs(score - before) < _TOLERANCE:
            break
        before = score
    return mixture, members


def _maximization(
    values: Array, center: Array, total: np.ndarray, members: Array, drawn: float
) -> TiedMixture:
    """Return the mixture that is likeliest given memberships; its score is yet to be found."""
    n, width = values.shape
    sizes = np.maximum(on_host(functions_of(members).sum(members, axis=0)), _EMPTY)
    apart = on_host(members.T @ (values - center)) / sizes[:, None]
    center = on_host(center)
    within = total - (apart.T * sizes) @ apart / n
    variance = max(float(np.trace(within)) / width, 0.0)
    rounding = 1e-20 * float(np.square(center).mean()) + 1e-280  # where all spots are equal
    ridge = _RIDGE * max(float(np.trace(total)) / width, rounding)
    covariance = (1 - drawn) * (within + within.T) / 2
    covariance.flat[:: width + 1] += drawn * variance + ridge
    lower = np.linalg.cholesky(covariance)
    whiten = solve_triangular(lower, np.eye(width), lower=True).T
    return TiedMixture(center + apart, whiten, sizes / sizes.sum(), -np.inf)


def _expectation(mixture: TiedMixture, values: Array) -> tuple[Array, float]:
    """Return memberships, n x K, and the mean log likelihood."""
    of = functions_of(values)
    origin = mixture.shares @ mixture.means  # distances are taken near 0, where float64 tells them apart
    spots = (values - beside(origin, values)) @ beside(mixture.whiten, values)
    means = (mixture.means - origin) @ mixture.whiten
    log = spots @ beside(means.T, values)
    log -= beside(0.5 * np.square(means).sum(axis=1) - np.log(mixture.shares), values)
    largest = of.max(log, axis=1, keepdims=True)
    members = of.exp(log - largest)
    total = of.sum(members, axis=1, keepdims=True)
    members /= total
    constant = np.log(np.diag(mixture.whiten)).sum() - 0.5 * values.shape[1] * np.log(2 * np.pi)
    distances = of.sum(of.square(spots), axis=1)
    score = of.mean(largest + of.log(total)) - 0.5 * of.mean(distances) + constant
    return members, float(score)
