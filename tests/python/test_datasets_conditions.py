"""Simulated slices of two conditions: what differs between them is what was asked for."""

from __future__ import annotations

import numpy as np
import pytest

from spotscape._validate import InputError
from spotscape.datasets import simulate_conditions, simulate_slices

SMALL = {"n_spots": 500, "n_genes": 120, "n_domains": 4}


def test_only_cases_have_the_lesion_and_it_has_its_share():
    slices = simulate_conditions(n_slices=2, lesion_share=0.2, seed=1, **SMALL)
    assert [adata.obs["condition"].unique().tolist() for adata in slices] == [
        ["control"],
        ["control"],
        ["case"],
        ["case"],
    ]
    shares = [(adata.obs["ground_truth"] == "lesion").mean() for adata in slices]
    assert shares[:2] == [0, 0]
    assert shares[2:] == pytest.approx([0.2, 0.2], abs=0.03)


def test_genes_change_where_and_as_much_as_the_truth_says():
    slices = simulate_conditions(
        n_slices=1,
        n_changed=10,
        change=1.5,
        batch_strength=0.0,
        lesion_share=0.0,
        seed=2,
        **SMALL | {"n_spots": 4000},
    )
    control, case = slices
    change = case.var["change"].to_numpy()
    assert sorted(np.unique(change)) == [-1.5, 0, 1.5]
    assert (change != 0).sum() == 10
    domain = next(name for name in case.var["changed_in"] if name)
    assert set(case.var["changed_in"][change != 0]) == {domain}
    # A gene's share of all counts shifts for every gene when some change, so genes are held against the rest.
    rate = []
    for adata in (control, case):
        counts = np.asarray(adata.X[(adata.obs["ground_truth"] == domain).to_numpy()].sum(axis=0)).ravel()
        rate.append(counts / counts[change == 0].sum())
    seen = np.log2(rate[1] / rate[0])
    assert seen[change != 0] == pytest.approx(change[change != 0], abs=0.35)
    assert abs(np.median(seen[change == 0])) < 0.1


def test_without_lesion_and_change_they_are_slices_of_one_tissue():
    alike = simulate_conditions(n_slices=1, lesion_share=0.0, n_changed=0, **SMALL)
    plain = simulate_slices(n_slices=2, **SMALL)
    for one, other in zip(alike, plain, strict=True):
        assert (one.obsm["spatial"] == other.obsm["spatial"]).all()
        assert one.shape == other.shape


def test_the_same_seed_gives_the_same_bits_and_another_does_not():
    one, same, other = (simulate_conditions(n_slices=1, seed=seed, **SMALL) for seed in (5, 5, 6))
    for left, right in zip(one, same, strict=True):
        assert (left.X != right.X).nnz == 0
        assert left.obs.equals(right.obs)
        assert left.var.equals(right.var)
    assert (one[1].X != other[1].X).nnz > 0


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("n_slices", 0),
        ("lesion_share", 0.5),
        ("n_changed", -1),
        ("n_changed", 1000),
        ("change", 9),
        ("n_spots", 0),
        ("batch_strength", -1),
        ("tissue", "liver"),
    ],
)
def test_bad_input_names_the_argument(argument, value):
    with pytest.raises(InputError, match=argument):
        simulate_conditions(**SMALL | {argument: value})
