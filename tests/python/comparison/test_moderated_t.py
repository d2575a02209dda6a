"""The moderated t-test against its formulas, written out, and its limits."""

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import brentq
from scipy.special import digamma, polygamma

from spotscape.comparison.moderated_t import fit_prior, inverse_trigamma, moderated_paired_t, moderated_t


def literal(first, second):
    """Smyth (2004), section 6.2, row by row; trigamma is inverted by bisection."""
    variances, differences = [], []
    n1, n2 = first.shape[1], second.shape[1]
    f = n1 + n2 - 2
    for a, b in zip(first, second, strict=True):
        variances.append((sum((x - a.mean()) ** 2 for x in a) + sum((x - b.mean()) ** 2 for x in b)) / f)
        differences.append(a.mean() - b.mean())
    e = [np.log(v) - digamma(f / 2) + np.log(f / 2) for v in variances]
    mean = sum(e) / len(e)
    spread = sum((x - mean) ** 2 for x in e) / (len(e) - 1) - polygamma(1, f / 2)
    f0 = 2 * brentq(lambda y: float(polygamma(1, y)) - spread, 1e-4, 1e6)
    s0 = np.exp(mean + digamma(f0 / 2) - np.log(f0 / 2))
    p = []
    for v, d in zip(variances, differences, strict=True):
        t = d / np.sqrt((f0 * s0 + f * v) / (f0 + f) * (1 / n1 + 1 / n2))
        p.append(2 * stats.t.sf(abs(t), f0 + f))
    return np.array(p), f0, s0


@pytest.mark.parametrize("shape", [(2, 2), (3, 2), (4, 6)])
def test_is_the_formula(shape):
    rng = np.random.default_rng(0)
    sd = np.sqrt(0.5 * 4 / rng.chisquare(4, size=(300, 1)))  # variances scatter: prior of 4 degrees, 0.5
    first, second = (sd * rng.normal(size=(300, n)) for n in shape)
    first[:20] += 3
    found = moderated_t(first, second)
    p_value, prior_freedom, prior_variance = literal(first, second)
    np.testing.assert_allclose(found.p_value, p_value, rtol=1e-6)
    np.testing.assert_allclose(
        [found.prior_freedom, found.prior_variance], [prior_freedom, prior_variance], rtol=1e-6
    )
    np.testing.assert_allclose(found.difference, first.mean(1) - second.mean(1))


def test_equal_variances_are_pooled():
    """Where rows do not differ in variance, all rows' variance is known as well as can be: a normal test."""
    rng = np.random.default_rng(1)
    found = moderated_t(rng.normal(size=(5000, 3)), rng.normal(size=(5000, 3)))
    assert found.prior_freedom > 100
    assert found.prior_variance == pytest.approx(1, rel=0.05)
    assert stats.kstest(found.p_value, "uniform").pvalue > 0.01


def test_one_row_is_the_plain_t_test():
    rng = np.random.default_rng(2)
    first, second = rng.normal(size=(1, 4)), rng.normal(size=(1, 5))
    expected = stats.ttest_ind(first[0], second[0])
    found = moderated_t(first, second)
    assert found.p_value[0] == pytest.approx(expected.pvalue)
    assert found.statistic[0] == pytest.approx(expected.statistic)


def test_rows_without_variance():
    first = np.array([[1.0, 1.0], [0.0, 0.0], [1.0, 1.2], [2.0, 2.3], [1.0, 1.1]])
    second = np.array([[2.0, 2.0], [0.0, 0.0], [1.1, 1.0], [2.0, 2.2], [1.1, 1.4]])
    found = moderated_t(first, second)
    assert np.isfinite(found.p_value).all()
    assert found.p_value[1] == 1
    none = moderated_t(np.ones((3, 2)), np.ones((3, 2)))
    assert none.p_value.tolist() == [1, 1, 1]


@pytest.mark.parametrize("value", [1e-6, 1e-2, 0.5, 3.0, 1e3])
def test_inverse_of_trigamma(value):
    assert float(polygamma(1, inverse_trigamma(value))) == pytest.approx(value, rel=1e-8)


def test_no_variance_at_all_has_no_prior():
    assert fit_prior(np.zeros(4), 3) == (0.0, 0.0)


def test_pairs_are_one_group_of_differences():
    """Smyth's formula for n differences: freedom n - 1, and the mean has the variance of one by n."""
    rng = np.random.default_rng(3)
    differences = np.sqrt(2 / rng.chisquare(4, size=(300, 1))) * rng.normal(size=(300, 4)) + 1
    found = moderated_paired_t(differences)
    prior = fit_prior(differences.var(axis=1, ddof=1), 3)
    assert (found.prior_freedom, found.prior_variance) == prior
    variance = (prior[0] * prior[1] + 3 * differences.var(axis=1, ddof=1)) / (prior[0] + 3)
    statistic = differences.mean(axis=1) / np.sqrt(variance / 4)
    np.testing.assert_allclose(found.p_value, 2 * stats.t.sf(np.abs(statistic), prior[0] + 3))
    alone = moderated_paired_t(differences[:1])
    assert alone.p_value[0] == pytest.approx(stats.ttest_1samp(differences[0], 0).pvalue)
