"""Gaussian mixture with one covariance for all groups, drawn towards a sphere where there are few spots.

    p(x_i) = Σ_k π_k N(x_i; μ_k, Σ),    Σ = (1 - a) W + a (tr W / d) I,    a = 1000 / (1000 + n)

W is the covariance within groups that expectation maximisation gives, n the number of spots, d that of
columns. With very many spots it is the tied mixture (what R users know as mclust's EEE), whose groups may be
stretched in any direction that they share. A few hundred spots do not say which: there the groups are round,
as K-means has them, but of different size.

Source: Dempster, Laird and Rubin 1977, Maximum likelihood from incomplete data, J. R. Stat. Soc. B 39;
Friedman 1989, Regularized discriminant analysis, J. Am. Stat. Assoc. 84, for the shrinkage, which is a fixed
function of n here.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.linalg import solve_triangular

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

    def posterior(self, values: np.ndarray) -> np.ndarray:
        """Return how likely each spot (n x d) is in each group, n x K."""
        return _expectation(self, values)[0]


def shrinkage(n_spots: int, spots: float) -> float:
    """Return how far a covariance of so many spots is drawn towards a sphere, 0 to 1."""
    return spots / (spots + n_spots)


def fit_mixture(
    values: np.ndarray, starts: list[np.ndarray], n_groups: int, *, spots: float = _SPOTS
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
    tried = [fit_from(values, np.eye(n_groups)[labels], _FEW_STEPS, spots=spots) for labels in starts]
    tried.sort(key=lambda each: -each[0].score)
    return max(
        (fit_from(values, members, spots=spots)[0] for _, members in tried[:_KEPT]),
        key=lambda found: found.score,
    )


def fit_from(
    values: np.ndarray, members: np.ndarray, n_steps: int = _MOST_STEPS, *, spots: float = _SPOTS
) -> tuple[TiedMixture, np.ndarray]:
    """Alternate both steps from some memberships, n x K; return the mixture and the memberships it gives."""
    drawn = shrinkage(len(values), spots)
    center = values.mean(axis=0)
    second_moment = (values - center).T @ (values - center) / len(values)
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
    values: np.ndarray, center: np.ndarray, total: np.ndarray, members: np.ndarray, drawn: float
) -> TiedMixture:
    """Return the mixture that is likeliest given memberships; its score is yet to be found."""
    n, width = values.shape
    sizes = np.maximum(members.sum(axis=0), _EMPTY)
    apart = (members.T @ (values - center)) / sizes[:, None]
    within = total - (apart.T * sizes) @ apart / n
    variance = max(float(np.trace(within)) / width, 0.0)
    rounding = 1e-20 * float(np.square(center).mean()) + 1e-280  # where all spots are equal
    ridge = _RIDGE * max(float(np.trace(total)) / width, rounding)
    covariance = (1 - drawn) * (within + within.T) / 2
    covariance.flat[:: width + 1] += drawn * variance + ridge
    lower = np.linalg.cholesky(covariance)
    whiten = solve_triangular(lower, np.eye(width), lower=True).T
    return TiedMixture(center + apart, whiten, sizes / sizes.sum(), -np.inf)


def _expectation(mixture: TiedMixture, values: np.ndarray) -> tuple[np.ndarray, float]:
    """Return memberships, n x K, and the mean log likelihood."""
    origin = mixture.shares @ mixture.means  # distances are taken near 0, where float64 tells them apart
    spots, means = (values - origin) @ mixture.whiten, (mixture.means - origin) @ mixture.whiten
    log = spots @ means.T
    log -= 0.5 * np.square(means).sum(axis=1) - np.log(mixture.shares)
    largest = log.max(axis=1, keepdims=True)
    members = np.exp(log - largest)
    total = members.sum(axis=1, keepdims=True)
    members /= total
    constant = np.log(np.diag(mixture.whiten)).sum() - 0.5 * values.shape[1] * np.log(2 * np.pi)
    score = (largest + np.log(total)).mean() - 0.5 * np.square(spots).sum(axis=1).mean() + constant
    return members, float(score)
