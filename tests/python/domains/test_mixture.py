"""The tied mixture: against loops, drawn towards a sphere where there are few spots, and on hard input."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture

from spotscape.domains.clustering import kmeans_starts
from spotscape.domains.mixture import fit_mixture, shrinkage


def groups(each=200, seed=0):
    rng = np.random.default_rng(seed)
    return np.repeat(np.array([[0, 0, 0], [4, 0, 1], [0, 4, 2]]), each, axis=0) + rng.normal(
        size=(3 * each, 3)
    )


def test_without_shrinkage_it_is_the_tied_mixture_of_scikit_learn():
    values = groups()
    ours = fit_mixture(values, kmeans_starts(values, 3, 5, seed=0), 3, spots=0.0)
    theirs = GaussianMixture(3, covariance_type="tied", n_init=5, random_state=0).fit(values)
    assert ours.score == pytest.approx(theirs.score(values), abs=1e-3)
    assert adjusted_rand_score(ours.posterior(values).argmax(1), theirs.predict(values)) == 1.0


def test_a_fit_agrees_with_the_formula_spot_by_spot():
    values = groups(each=40)
    n, d = values.shape
    found = fit_mixture(values, kmeans_starts(values, 3, 2, seed=1), 3)
    covariance = np.linalg.inv(found.whiten @ found.whiten.T)
    log = np.empty((n, 3))
    for i, value in enumerate(values):
        for k in range(3):
            away = value - found.means[k]
            log[i, k] = np.log(found.shares[k]) - away @ np.linalg.solve(covariance, away) / 2
    log -= (np.linalg.slogdet(covariance)[1] + d * np.log(2 * np.pi)) / 2
    np.testing.assert_allclose(found.score, np.log(np.exp(log).sum(axis=1)).mean(), rtol=1e-8)
    members = np.exp(log) / np.exp(log).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found.posterior(values), members, atol=1e-8)
    within = (
        sum(
            members[i, k] * np.outer(values[i] - found.means[k], values[i] - found.means[k])
            for i in range(n)
            for k in range(3)
        )
        / n
    )
    drawn = 1000 / (1000 + n)
    expected = (1 - drawn) * within + drawn * np.trace(within) / d * np.eye(d)
    np.testing.assert_allclose(covariance, expected, rtol=0.02, atol=0.02)


def test_few_spots_make_round_groups_and_many_do_not():
    rng = np.random.default_rng(0)
    for n, stretched in ((60, False), (100_000, True)):
        values = rng.normal(size=(n, 2)) * [5, 1]
        found = fit_mixture(values, [np.zeros(n, dtype=int)], 1)
        variances = np.diag(np.linalg.inv(found.whiten @ found.whiten.T))
        assert (variances[0] > 15 * variances[1]) == stretched


def test_shrinkage_is_smooth_and_falls():
    drawn = [shrinkage(n, 1000) for n in (0, 10, 1000, 10**6)]
    assert drawn[0] == 1
    assert drawn[2] == 0.5
    assert (np.diff(drawn) < 0).all()


@pytest.mark.parametrize(
    "values", [np.zeros((20, 3)), np.ones((20, 1)), np.repeat([[0.0], [1.0]], 10, axis=0)]
)
def test_equal_spots_do_no_harm(values):
    found = fit_mixture(values, kmeans_starts(values, 2, 2, seed=0), 2)
    posterior = found.posterior(values)
    assert np.isfinite(posterior).all()
    np.testing.assert_allclose(posterior.sum(axis=1), 1)


def test_units_and_origin_do_not_matter():
    values = groups()
    starts = kmeans_starts(values, 3, 3, seed=0)
    one = fit_mixture(values, starts, 3).posterior(values)
    other = fit_mixture(1e6 + 1e3 * values, starts, 3).posterior(1e6 + 1e3 * values)
    np.testing.assert_allclose(other, one, atol=1e-5)
