"""Conditions dealt anew to slices, against ways gone through one by one and against scipy."""

from itertools import combinations
from math import comb

import numpy as np
import pytest
from scipy import stats

from spotscape.comparison import permutation
from spotscape.comparison.permutation import permute_conditions


def one_by_one(values: np.ndarray, is_first: np.ndarray) -> float:
    """Return the exact two-sided p-value of a row, by its definition."""
    ways = [
        abs(np.mean(values[list(chosen)]) - np.mean(np.delete(values, chosen)))
        for chosen in combinations(range(len(values)), int(is_first.sum()))
    ]
    observed = abs(values[is_first].mean() - values[~is_first].mean())
    return float(np.mean(np.asarray(ways) >= observed - 1e-12))


@pytest.mark.parametrize(("first", "second"), [(2, 2), (3, 3), (2, 4), (4, 3), (5, 5)])
def test_every_way_is_gone_through(first, second):
    rng = np.random.default_rng(first)
    values = rng.normal(size=(8, first + second)) + np.arange(8)[:, None] * (np.arange(first + second) < 2)
    values[0] = np.round(values[0])  # ties
    is_first = rng.permutation(np.arange(first + second) < first)
    found = permute_conditions(values, is_first)
    np.testing.assert_allclose(found.p_value, [one_by_one(row, is_first) for row in values])
    np.testing.assert_allclose(found.first, values[:, is_first].mean(axis=1))
    np.testing.assert_allclose(found.second, values[:, ~is_first].mean(axis=1))
    assert (found.smallest == (2 if first == second else 1) / comb(first + second, first)).all()
    assert (found.p_value >= found.smallest - 1e-12).all()


def test_it_is_that_of_scipy():
    values = np.random.default_rng(3).normal(size=(5, 8))
    found = permute_conditions(values, np.arange(8) < 4)
    reference = stats.permutation_test(
        (values[:, :4], values[:, 4:]),
        lambda x, y, axis: x.mean(axis=axis) - y.mean(axis=axis),
        axis=1,
        n_resamples=np.inf,
    )
    np.testing.assert_allclose(found.p_value, reference.pvalue)


def test_slices_without_a_value_are_left_out_of_their_row():
    values = np.random.default_rng(0).normal(size=(3, 7))
    is_first = np.arange(7) < 3
    values[1, [0, 5]] = np.nan
    values[2, [0, 1]] = np.nan
    found = permute_conditions(values, is_first)
    there = np.isfinite(values[1])
    assert found.p_value[1] == pytest.approx(one_by_one(values[1, there], is_first[there]))
    assert found.smallest.tolist()[:2] == [1 / comb(7, 3), 1 / comb(5, 2)]
    assert np.isnan(found.p_value[2])  # one slice of the first group is left
    assert found.n_first.tolist() == [3, 2, 1]
    assert found.first[2] == values[2, 2]


def test_many_slices_are_sampled_and_agree_with_all_ways(monkeypatch):
    values = np.random.default_rng(1).normal(size=(6, 12)) + 0.7 * (np.arange(12) < 6)
    exact = permute_conditions(values, np.arange(12) < 6)
    monkeypatch.setattr(permutation, "MOST_WAYS", 900)  # of 924
    monkeypatch.setattr(permutation, "_AT_ONCE", 100)
    sampled = permute_conditions(values, np.arange(12) < 6, seed=4)
    np.testing.assert_allclose(sampled.p_value, exact.p_value, atol=0.05)
    assert not np.array_equal(sampled.p_value, exact.p_value)
    assert (sampled.smallest == 1 / 901).all()
    np.testing.assert_array_equal(
        sampled.p_value, permute_conditions(values, np.arange(12) < 6, seed=4).p_value
    )


def test_p_values_hold_where_nothing_differs():
    values = np.random.default_rng(2).standard_t(2, size=(2000, 8))
    p_value = permute_conditions(values, np.arange(8) < 4).p_value
    for level in (2 / 70, 0.1, 0.5):
        assert (p_value <= level + 1e-12).mean() == pytest.approx(level, abs=0.025)
