"""Who is compared with whom, and that slices of one donor do not count apart."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from spotscape.comparison import compare_composition, design_of
from spotscape.comparison.permutation import permute_signs

NESTED = pd.Series(["b", "b", "a", "a", "b", "b", "a", "a"]), pd.Series(list("uuvvwwxx"))
PAIRED = pd.Series(["b", "a", "a", "b", "b", "a"]), pd.Series(list("uuvvww"))


def test_donors_with_one_condition_are_samples_of_their_slices():
    found = design_of(*NESTED, "b", "a")
    assert (found.unit, found.n, found.n_reference, found.left_out) == ("donor", 2, 2, [])
    these, those = found.means(np.arange(8.0)[None])
    assert (these.tolist(), those.tolist()) == ([[0.5, 4.5]], [[2.5, 6.5]])


def test_donors_with_both_conditions_are_pairs_in_one_order():
    found = design_of(*PAIRED, "b", "a")
    assert (found.unit, found.n, found.n_reference) == ("pair", 3, 3)
    these, those = found.means(np.arange(6.0)[None])
    assert (these - those).tolist() == [[-1, 1, -1]]


@pytest.mark.parametrize(
    ("donors", "unit", "n", "left_out"),
    [("uuvvwx", "pair", 2, ["w", "x"]), ("uuvwxy", "donor", 2, ["u"]), ("uuvvxx", "pair", 3, [])],
)
def test_what_leaves_more_degrees_of_freedom_is_compared(donors, unit, n, left_out):
    found = design_of(pd.Series(list("abbaab")), pd.Series(list(donors)), "b", "a")
    assert (found.unit, found.n, found.left_out) == (unit, n, left_out)
    assert (found.samples >= 0).sum() == 6 - sum(name in left_out for name in donors)


def test_a_third_condition_is_not_compared():
    found = design_of(pd.Series(list("abcab")), None, "c", "a")
    assert found.samples.tolist() == [1, -1, 0, 2, -1]


def null(rng, design_kind, n_donors=3, n_slices=3):
    """Shares of four domains without a difference; slices of a donor are alike."""
    of = np.repeat(np.arange(2 * n_donors), n_slices)
    by_donor = rng.normal(0, 0.5, (2 * n_donors, 4))
    odds = np.exp(by_donor[of] + rng.normal(0, 0.2, (len(of), 4)))
    shares = (odds / odds.sum(1, keepdims=True)).T
    conditions = pd.Series(np.where(of < n_donors, "a", "b"))
    return shares, design_of(conditions, pd.Series(of) if design_kind == "donors" else None, "b", "a")


def test_slices_of_a_donor_do_not_count_apart():
    rates = {}
    for kind in ("slices", "donors"):
        rng = np.random.default_rng(4)
        p_values = [compare_composition(*null(rng, kind), "moderated t")["p_value"] for _ in range(200)]
        rates[kind] = np.mean(np.concatenate(p_values) < 0.05)
    assert rates["slices"] > 0.2  # what is to be avoided
    assert 0.02 < rates["donors"] < 0.09


@pytest.mark.parametrize("test", ["moderated t", "permutation"])
@pytest.mark.parametrize("kind", ["nested", "paired"])
def test_a_difference_is_found(test, kind):
    n = 6
    conditions, donors = pd.Series(list("ab") * n), pd.Series(np.repeat(np.arange(n), 2))
    if kind == "nested":
        donors = pd.Series(np.arange(2 * n))
    rng = np.random.default_rng(0)
    first = np.where(conditions == "b", 0.5, 0.3) + rng.uniform(-0.03, 0.03, 2 * n)
    shares = np.stack([first, 0.7 * (1 - first), 0.3 * (1 - first)])
    found = compare_composition(shares, design_of(conditions, donors, "b", "a"), test).iloc[0]
    assert found["p_value"] < 0.05
    assert (found["unit"], found["n"]) == ("pair" if kind == "paired" else "donor", n)
    if test == "permutation":
        assert found["p_value"] == found["smallest_p"] == pytest.approx(2 / (64 if kind == "paired" else 924))


def test_of_two_domains_one_is_tested():
    first = np.random.default_rng(0).uniform(0.3, 0.5, 6)
    design = design_of(pd.Series(list("ababab")), None, "b", "a")
    found = compare_composition(np.stack([first, 1 - first]), design, "moderated t")
    levels = np.arcsin(np.sqrt(first))
    expected = stats.ttest_ind(levels[1::2], levels[::2]).pvalue
    np.testing.assert_allclose(found["p_value"], expected)


def test_signs_are_gone_through():
    differences = np.random.default_rng(0).normal(0.5, 1, (4, 7))
    found, smallest = permute_signs(differences)
    expected = stats.permutation_test(
        (differences,),
        lambda x, axis: x.mean(axis=axis),
        permutation_type="samples",
        n_resamples=np.inf,
        axis=1,
    )
    np.testing.assert_allclose(found, expected.pvalue)
    assert (smallest == 2 / 128).all()
    many, least = permute_signs(np.random.default_rng(1).normal(size=(2, 20)))
    assert (many > 0).all()
    assert (least < 1e-3).all()
