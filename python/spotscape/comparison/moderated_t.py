"""The moderated t-test: variances of few samples, steadied by those of all rows.

With 2 or 3 slices a condition, a row's own variance is hardly known. Each row's variance s² (f degrees of
freedom) is drawn towards a common s0² (f0 degrees of freedom), both fitted to all rows' variances:

    s̃² = (f0 s0² + f s²) / (f0 + f),   t = difference of means / (s̃ sqrt(1/n1 + 1/n2)),   f0 + f degrees

Where samples are pairs, s² is of the differences within n pairs, and t = mean difference / (s̃ sqrt(1/n)).

Source: Smyth (2004), Linear models and empirical Bayes methods for assessing differential expression in
microarray experiments, Statistical Applications in Genetics and Molecular Biology 3(1), section 6.2.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import stats
from scipy.special import digamma, polygamma

SMALLEST_VARIANCE = 1e-5
"""Share of the median variance that smaller ones are raised to: a logarithm of them is taken."""


class Moderated(NamedTuple):
    """Differences of means (rows,), statistics (rows,), two-sided p-values (rows,), prior f0 and s0²."""

    difference: np.ndarray
    statistic: np.ndarray
    p_value: np.ndarray
    prior_freedom: float
    prior_variance: float


def moderated_t(first: np.ndarray, second: np.ndarray) -> Moderated:
    """Compare the means of two groups of samples in every row.

    Parameters
    ----------
    first, second
        Rows x samples, float, 2 or more samples in each.
    """
    n_first, n_second = first.shape[1], second.shape[1]
    freedom = n_first + n_second - 2
    squares = sum(((group - group.mean(axis=1, keepdims=True)) ** 2).sum(axis=1) for group in (first, second))
    difference = first.mean(axis=1) - second.mean(axis=1)
    return _moderated(difference, np.asarray(squares) / freedom, freedom, 1 / n_first + 1 / n_second)


def moderated_paired_t(differences: np.ndarray) -> Moderated:
    """Compare the mean of the differences within pairs with 0 in every row.

    Parameters
    ----------
    differences
        Rows x pairs, float, 2 pairs or more.
    """
    n = differences.shape[1]
    return _moderated(differences.mean(axis=1), differences.var(axis=1, ddof=1), n - 1, 1 / n)


def _moderated(difference: np.ndarray, variance: np.ndarray, freedom: int, scale: float) -> Moderated:
    """Test differences (rows,) whose own variance is ``scale`` times that of a sample (rows,)."""
    prior_freedom, prior_variance = fit_prior(variance, freedom)
    if np.isinf(prior_freedom):
        posterior = np.full_like(variance, prior_variance)
    else:
        posterior = (prior_freedom * prior_variance + freedom * variance) / (prior_freedom + freedom)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = difference / np.sqrt(posterior * scale)
    # Rows without any variance or difference say nothing.
    statistic = np.where(np.isnan(statistic), 0.0, statistic)
    # No more degrees of freedom than all rows together have.
    total = min(prior_freedom + freedom, len(variance) * freedom)
    p_value = 2 * stats.t.sf(np.abs(statistic), total)
    return Moderated(difference, statistic, p_value, prior_freedom, prior_variance)


def fit_prior(variance: np.ndarray, freedom: int) -> tuple[float, float]:
    """Return f0 and s0² of the scaled F distribution that the rows' variances (rows,) follow."""
    middle = float(np.median(variance))
    if len(variance) < 2 or not variance.any():
        return 0.0, middle
    floor = SMALLEST_VARIANCE * (middle if middle > 0 else float(variance.max()))
    logs = np.log(np.maximum(variance, floor)) - digamma(freedom / 2) + np.log(freedom / 2)
    excess = float(logs.var(ddof=1) - polygamma(1, freedom / 2))
    if excess <= 0:
        return np.inf, float(np.exp(logs.mean()))
    prior = 2 * inverse_trigamma(excess)
    return prior, float(np.exp(logs.mean() + digamma(prior / 2) - np.log(prior / 2)))


def inverse_trigamma(value: float) -> float:
    """Return y with trigamma(y) = value > 0, by Newton's method on 1 / trigamma, which is nearly straight."""
    y = 0.5 + 1 / value
    for _ in range(50):
        trigamma = float(polygamma(1, y))
        step = trigamma * (1 - trigamma / value) / float(polygamma(2, y))
        y += step
        if -step / y < 1e-10:
            break
    return y
