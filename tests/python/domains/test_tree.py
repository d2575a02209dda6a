"""The tree of domains on groups of groups whose levels are known, and its likelihood by definition."""

import numpy as np
import pytest

from spotscape.domains.clustering import embedding_order
from spotscape.domains.mixture import shrinkage
from spotscape.domains.tree import grow_tree


def groups_of_groups(each=30, seed=0):
    """Eight groups: pairs are 8 apart, pairs of pairs 30, the two halves 200. Returns the finest labels."""
    rng = np.random.default_rng(seed)
    finest = np.repeat(np.arange(8), each)
    centres = np.stack([200.0 * (finest // 4), 30.0 * (finest // 2 % 2), 8.0 * (finest % 2)], axis=1)
    values = np.hstack([centres, np.zeros((len(finest), 2))]) + rng.normal(size=(len(finest), 5))
    return values, finest


def likelihood(values, labels):
    """l of the module, from the spots themselves."""
    names, codes = np.unique(labels, return_inverse=True)
    means = np.stack([values[codes == code].mean(axis=0) for code in range(len(names))])
    apart = values - means[codes]
    within, drawn = apart.T @ apart / len(values), shrinkage(len(values), 1000)
    variance = np.trace(within) / len(within)
    covariance = (1 - drawn) * within + (drawn + 1e-6) * variance * np.eye(len(within))
    shares = np.bincount(codes) / len(codes)
    return (shares * np.log(shares)).sum() - np.linalg.slogdet(covariance)[1] / 2


def same_groups(one, other):
    return len(set(zip(one, other, strict=True))) == len(set(one)) == len(set(other))


def test_levels_below_and_above_are_the_groups_that_are_there():
    values, finest = groups_of_groups()
    tree = grow_tree(values, finest // 2, 2, 8, seed=0)
    assert tree.n_domains.tolist() == [2, 3, 4, 5, 6, 7, 8]
    at = dict(zip(tree.n_domains.tolist(), tree.levels[:, tree.leaves], strict=True))
    np.testing.assert_array_equal(at[4], finest // 2)  # the grouping itself, by its own numbers
    assert same_groups(at[2], finest // 4)
    assert same_groups(at[8], finest)
    for number in range(2, 8):
        assert len(np.unique(at[number])) == number
        assert len(set(zip(at[number + 1], at[number], strict=True))) == number + 1  # nested


def test_the_likelihood_of_each_level_is_that_of_its_spots():
    rng = np.random.default_rng(3)
    values = rng.normal(size=(200, 4)) * [3, 2, 1, 1]
    tree = grow_tree(values, rng.integers(0, 5, 200), 2, 8, seed=0)
    expected = [likelihood(values, level[tree.leaves]) for level in tree.levels]
    np.testing.assert_allclose(tree.log_likelihood, expected, rtol=1e-9)


def test_the_likeliest_merger_is_taken_and_the_larger_domain_keeps_its_number():
    rng = np.random.default_rng(4)
    labels = np.repeat(np.arange(4), [10, 40, 25, 60])
    values = rng.normal(size=(4, 3))[labels] * 2 + rng.normal(size=(135, 3))
    tree = grow_tree(values, labels, 3, 4, seed=0)
    tried = {(a, b): likelihood(values, np.where(labels == b, a, labels)) for a in range(4) for b in range(a)}
    a, b = max(tried, key=tried.get)
    merged = tree.levels[0][[a, b]]
    sizes = np.bincount(labels)
    assert merged.tolist() == [a if sizes[a] > sizes[b] else b] * 2


def test_the_order_of_the_spots_does_not_matter():
    values, finest = groups_of_groups(each=12, seed=2)
    labels = np.unique(finest // 3, return_inverse=True)[1]
    order = np.random.default_rng(1).permutation(len(values))
    one, other = (
        grow_tree(values[rows], labels[rows], 2, 10, seed=0) for rows in (np.arange(len(values)), order)
    )
    np.testing.assert_array_equal(one.leaves[order], other.leaves)
    np.testing.assert_array_equal(one.levels, other.levels)


def test_it_ends_where_nothing_is_left_to_tell_apart():
    values = np.repeat([[0.0, 0.0], [1.0, 0.0], [9.0, 0.0]], 5, axis=0)
    tree = grow_tree(values, np.repeat([0, 0, 1], 5), 2, 6, seed=0)
    assert tree.n_domains.tolist() == [2, 3]
    assert same_groups(tree.leaves, np.repeat([0, 1, 2], 5))


def test_spots_without_a_domain_stay_without():
    values, finest = groups_of_groups(each=10)
    labels = finest // 2
    labels[::7] = -1
    tree = grow_tree(values, labels, 2, 8, seed=0)
    np.testing.assert_array_equal(tree.leaves < 0, labels < 0)
    alone = grow_tree(values[labels >= 0], labels[labels >= 0], 2, 8, seed=0)
    np.testing.assert_array_equal(tree.leaves[labels >= 0], alone.leaves)


@pytest.mark.parametrize("n_values", [1, 2, 3, None])
def test_the_order_is_that_of_all_columns(n_values):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(300, 4)) if n_values is None else rng.integers(0, n_values, (300, 4)) * -1.0
    np.testing.assert_array_equal(embedding_order(values), np.lexsort(values.T[::-1]))
