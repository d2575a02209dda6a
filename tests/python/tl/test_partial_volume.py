"""The mixture whose spots may lie between two groups: against loops, scikit-learn, and what it is for."""

from itertools import combinations

import numpy as np
import pytest
from scipy import sparse
from scipy.stats import multivariate_normal
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture

from spotscape.tl import _clustering, _partial_volume
from spotscape.tl._partial_volume import fit_from, kmeans_starts, mixed_chance
from spotscape.tl._smoothing import pattern


def path(n):
    return sparse.diags([1, 1], [-1, 1], shape=(n, n), dtype=float, format="csr")


def three_groups(n=90, apart=4.0, seed=0):
    """Values of three groups, some spots halfway between two; the chance of that; a rough labelling."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, n)
    centres = np.eye(3, 4) * apart
    values = centres[labels] + rng.normal(size=(n, 4))
    between = rng.random(n) < 0.3
    values[between] += (centres[(labels[between] + 1) % 3] - centres[labels[between]]) / 2
    mixed = np.where(between, 0.7, 0.1)
    start = np.where(rng.random(n) < 0.2, rng.integers(0, 3, n), labels)
    return values, mixed, start


# ---- literal reference ------------------------------------------------------------------------------------


def slow_expectation(values, mixed, means, covariance, groups, pairs, pair_shares):
    """Each spot's memberships in groups and pairs, spot by spot, and the mean log likelihood."""
    densities = np.zeros((len(values), len(groups) + len(pairs)))
    for i, value in enumerate(values):
        for a, share in enumerate(groups):
            density = multivariate_normal.pdf(value, means[a], covariance)
            densities[i, a] = (1 - mixed[i]) * share * density
        for p, (a, b) in enumerate(pairs):
            density = multivariate_normal.pdf(value, (means[a] + means[b]) / 2, covariance)
            densities[i, len(groups) + p] = mixed[i] * pair_shares[p] * density
    total = densities.sum(axis=1)
    return densities / total[:, None], np.log(total).mean()


def slow_maximization(values, parts, pairs, n_groups):
    """Means by least squares over every spot and component, the covariance of what is left, the shares."""
    made_of = [np.eye(n_groups)[a] for a in range(n_groups)]
    made_of += [(np.eye(n_groups)[a] + np.eye(n_groups)[b]) / 2 for a, b in pairs]
    rows, targets = [], []
    for i, value in enumerate(values):
        for c, row in enumerate(made_of):
            rows.append(np.sqrt(parts[i, c]) * row)
            targets.append(np.sqrt(parts[i, c]) * value)
    means = np.linalg.lstsq(np.array(rows), np.array(targets), rcond=None)[0]
    covariance = np.zeros((values.shape[1], values.shape[1]))
    for i, value in enumerate(values):
        for c, row in enumerate(made_of):
            left = value - row @ means
            covariance += parts[i, c] * np.outer(left, left) / len(values)
    covariance += _clustering._RIDGE * values.var(axis=0).mean() * np.eye(values.shape[1])
    sizes = parts.sum(axis=0)
    groups, pair_sizes = sizes[:n_groups], sizes[n_groups:]
    return means, covariance, groups / groups.sum(), pair_sizes / pair_sizes.sum()


@pytest.mark.parametrize("seed", range(3))
def test_both_steps_are_those_of_the_formula(monkeypatch, seed):
    monkeypatch.setattr(_partial_volume, "_PRUNE_EVERY", 1000)
    monkeypatch.setattr(_partial_volume, "_TOLERANCE", 0.0)
    values, mixed, start = three_groups(seed=seed)
    pairs = list(combinations(range(3), 2))
    share = _partial_volume._FIRST_MIXED
    parts = np.hstack([np.eye(3)[start] * (1 - share), np.full((90, 3), share / 3)])
    for n_steps in (1, 2, 3):
        means, covariance, groups, pair_shares = slow_maximization(values, parts, pairs, 3)
        parts, score = slow_expectation(values, mixed, means, covariance, groups, pairs, pair_shares)
        first = _partial_volume._first(start, 3, mixed)
        found, fast = _partial_volume._fit(values, mixed, *first, n_steps)
        np.testing.assert_allclose(found.means, means, rtol=1e-8)
        np.testing.assert_allclose(
            np.linalg.inv(found.whiten @ found.whiten.T), covariance, rtol=1e-7, atol=1e-9
        )
        np.testing.assert_allclose(found.shares, [*groups, *pair_shares], rtol=1e-7)
        np.testing.assert_allclose(fast, parts, rtol=1e-6, atol=1e-12)
        assert found.score == pytest.approx(score, rel=1e-9)
    halves = parts[:, :3].copy()
    for p, (a, b) in enumerate(pairs):
        halves[:, a] += parts[:, 3 + p] / 2
        halves[:, b] += parts[:, 3 + p] / 2
    np.testing.assert_allclose(found.posterior(values, mixed), halves, rtol=1e-6, atol=1e-12)


def test_where_no_spot_is_mixed_it_is_the_tied_mixture_of_scikit_learn():
    values, _, start = three_groups()
    ridge = _clustering._RIDGE * values.var(axis=0).mean()
    means = np.array([values[start == group].mean(axis=0) for group in range(3)])
    left = values - means[start]
    library = GaussianMixture(
        3,
        covariance_type="tied",
        means_init=means,
        weights_init=np.bincount(start) / 90,
        precisions_init=np.linalg.inv(left.T @ left / 90 + ridge * np.eye(4)),
        reg_covar=ridge,
        tol=1e-10,
        max_iter=1000,
    ).fit(values)
    nowhere = np.zeros(90)
    found = fit_from(values, nowhere, 3, [start])
    for _ in range(20):  # on to where the library stops
        found = fit_from(values, nowhere, 3, [found.labels(values, nowhere)])
    np.testing.assert_allclose(found.means, library.means_, atol=0.02)
    np.testing.assert_allclose(found.posterior(values, nowhere), library.predict_proba(values), atol=0.02)
    assert found.score == pytest.approx(library.score(values), abs=1e-3)
    assert len(found.made_of) == 3


# ---- properties -------------------------------------------------------------------------------------------


def test_the_likelihood_does_not_fall(monkeypatch):
    monkeypatch.setattr(_partial_volume, "_PRUNE_EVERY", 1000)
    values, mixed, start = three_groups(apart=2.0)
    first = _partial_volume._first(start, 3, mixed)
    scores = [_partial_volume._fit(values, mixed, *first, steps)[0].score for steps in range(1, 12)]
    assert (np.diff(scores) > -1e-9).all()
    assert scores[-1] > scores[0]


def test_the_start_of_highest_likelihood_is_kept():
    values, mixed, start = three_groups()
    rng = np.random.default_rng(1)
    bad = [np.sort(rng.integers(0, 3, 90)) for _ in range(3)]
    alone = [fit_from(values, mixed, 3, [each]) for each in (*bad, start)]
    together = fit_from(values, mixed, 3, [*bad, start])
    assert together.score == max(each.score for each in alone)


def test_order_of_spots_and_names_of_groups_do_not_matter():
    values, mixed, start = three_groups()
    order = np.random.default_rng(2).permutation(90)
    one = fit_from(values, mixed, 3, [start]).posterior(values, mixed)
    other = fit_from(values[order], mixed[order], 3, [start[order]]).posterior(values[order], mixed[order])
    np.testing.assert_allclose(other, one[order], atol=1e-9)
    renamed = fit_from(values, mixed, 3, [(start + 1) % 3]).posterior(values, mixed)
    np.testing.assert_allclose(renamed[:, [1, 2, 0]], one, atol=1e-9)


def test_posteriors_of_any_spots_sum_to_one():
    values, mixed, start = three_groups()
    found = fit_from(values, mixed, 3, [start])
    everywhere = np.array([0.0, 0.5, 0.999])
    for far in (values[:3], values[:3] + 1e6):
        np.testing.assert_allclose(found.posterior(far, everywhere).sum(axis=1), 1)


def test_pairs_without_spots_are_dropped_and_nothing_is_lost():
    values, _, start = three_groups()
    rarely = np.full(90, 1e-6)
    found = fit_from(values, rarely, 3, [start])
    assert len(found.made_of) == 3
    surely = np.full(90, _partial_volume._NEVER_CERTAIN)
    np.testing.assert_allclose(found.posterior(values, surely).sum(axis=1), 1)


def test_starts_differ_and_follow_the_seed():
    values, _, _ = three_groups(apart=0.0)
    first, second = (kmeans_starts(values, 3, 3, seed=4) for _ in range(2))
    assert all(np.array_equal(one, other) for one, other in zip(first, second, strict=True))
    assert not np.array_equal(first[0], first[1])
    assert not np.array_equal(first[0], kmeans_starts(values, 3, 1, seed=5)[0])


# ---- what it is for ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_no_group_goes_to_a_border(seed):
    # Of three domains in a row two are alike; between them and the third, means are halfway.
    n = 60
    rng = np.random.default_rng(seed)
    truth = np.repeat([0, 1, 2], n)
    levels = np.array([[0.0, 0.0], [0.0, 3.0], [40.0, 3.0]])
    values = levels[truth] + rng.normal(size=(3 * n, 2))
    at_border = slice(2 * n - 10, 2 * n + 10)
    values[at_border] = levels[1:].mean(axis=0) + rng.normal(size=(20, 2))
    step = pattern(path(3 * n))
    smoothed = step @ values / np.asarray(step.sum(axis=1))
    mixed = np.zeros(3 * n)
    mixed[at_border] = 0.9
    starts = [*kmeans_starts(smoothed, 3, 5, seed=0), truth]  # which of these is likeliest is the question
    plain = fit_from(smoothed, np.zeros(3 * n), 3, starts).labels(smoothed, np.zeros(3 * n))
    better = fit_from(smoothed, mixed, 3, starts).labels(smoothed, mixed)
    inner = np.ones(3 * n, dtype=bool)
    inner[at_border] = False
    assert adjusted_rand_score(truth[inner], better[inner]) > 0.9
    assert adjusted_rand_score(truth[inner], plain[inner]) < 0.8


# ---- the chance of being mixed ----------------------------------------------------------------------------


def test_chance_follows_the_variance_in_the_neighbourhood():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(40, 3)) * np.linspace(1, 3, 40)[:, None]
    step = pattern(path(40))
    varied = []
    for spot in range(40):
        near = [other for other in range(40) if step[spot, other]]
        varied.append(sum(np.var([values[other, column] for other in near]) for column in range(3)))
    expected = [1 / (1 + (np.median(varied) / own) ** 8) for own in varied]
    found = mixed_chance(values, step)
    np.testing.assert_allclose(found, np.minimum(expected, 0.999), rtol=1e-8)
    np.testing.assert_allclose(mixed_chance(values * 1e3, step), found, rtol=1e-8)
    assert 0 < found.min() < 0.5 < found.max() < 1


def test_no_spot_is_mixed_without_neighbours_that_differ():
    values = np.random.default_rng(0).normal(size=(20, 3))
    assert not mixed_chance(values, None).any()
    assert not mixed_chance(np.ones((20, 3)), pattern(path(20))).any()
    mostly_constant = np.repeat([[0.0], [1.0]], 10, axis=0)
    assert not mixed_chance(mostly_constant, pattern(path(20))).any()


def test_a_border_is_mixed_and_the_inside_of_domains_is_not():
    rng = np.random.default_rng(0)
    values = np.repeat([[0.0, 0.0], [9.0, 0.0]], 30, axis=0) + rng.normal(size=(60, 2))
    found = mixed_chance(values, pattern(path(60)))
    assert (found[29:31] > 0.99).all()
    assert np.median(np.delete(found, [29, 30])) < 0.5
