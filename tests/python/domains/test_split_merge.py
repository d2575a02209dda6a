"""Split and merge: out of optima that starts alone do not leave, and nothing where there is none."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from spotscape.domains.clustering import kmeans_starts, mixture_posterior
from spotscape.domains.mixture import fit_from, fit_mixture
from spotscape.domains.split_merge import split_and_merge

CENTERS = np.array([[0.0, 0, 0], [0, 14, 0], [9, 0, 0], [9, 5, 0], [9, 0, 5]])


def tissue(seed=0, sizes=(900, 900, 60, 60, 60)):
    """Two large domains, and three small ones."""
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(5), sizes)
    return truth, rng.normal(size=(len(truth), 3)) + CENTERS[truth]


def agrees(mixture, values, truth):
    return adjusted_rand_score(truth, mixture.posterior(values).argmax(axis=1))


@pytest.mark.parametrize("seed", range(3))
def test_it_leaves_an_optimum_that_two_groups_share(seed):
    truth, values = tissue(seed)
    start = np.where(truth == 0, np.where(values[:, 2] > 0, 0, 4), np.where(truth == 4, 3, truth))
    stuck = fit_mixture(values, [start], 5)
    assert agrees(stuck, values, truth) < 0.9
    found = split_and_merge(stuck, values)
    best, _ = fit_from(values, np.eye(5)[truth])
    assert agrees(found, values, truth) > 0.99
    assert found.score == pytest.approx(best.score, abs=1e-3)


def test_what_is_best_stays_as_it_is():
    truth, values = tissue()
    best, _ = fit_from(values, np.eye(5)[truth])
    assert split_and_merge(best, values) is best


def test_it_is_never_less_likely_and_does_not_hang_on_the_order():
    rng = np.random.default_rng(1)
    values = rng.normal(size=(300, 4)) * [3, 1, 1, 1]
    stuck = fit_mixture(values, kmeans_starts(values, 6, 1, seed=0), 6)
    found = split_and_merge(stuck, values)
    assert found.score >= stuck.score
    order = rng.permutation(300)
    again = split_and_merge(stuck, values[order])
    assert again.score == pytest.approx(found.score, abs=1e-9)


@pytest.mark.parametrize("n_domains", [1, 2])
def test_few_groups_have_nothing_to_move(n_domains):
    values = np.random.default_rng(0).normal(size=(60, 2))
    assert mixture_posterior(values, n_domains, n_starts=2, seed=0).shape == (60, n_domains)


def test_small_groups_are_not_cut():
    values = np.random.default_rng(0).normal(size=(30, 2))
    mixture = fit_mixture(values, kmeans_starts(values, 3, 2, seed=0), 3)
    assert split_and_merge(mixture, values).score >= mixture.score
