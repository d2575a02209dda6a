"""Genes that a slice was not measured for are no zeros; genes that are off in a slice are."""

import anndata as ad
import numpy as np
import pytest
from scipy import sparse

from spotscape import datasets, tl
from spotscape._validate import SpotscapeWarning
from spotscape.pp.panels import measured_genes, not_measured, on_measured_genes


@pytest.fixture(scope="module")
def slices():
    return datasets.simulate_slices(n_slices=2, n_spots=200, n_genes=200, n_domains=3, seed=1)


def joined(parts):
    """Return one object of all slices, zero where a slice lacks a gene, as Seurat's merge makes it."""
    one = ad.concat(
        {f"s{i}": part for i, part in enumerate(parts)}, join="outer", label="slice", index_unique="-"
    )
    one.X = sparse.csr_matrix(one.X)
    one.X.data = np.nan_to_num(one.X.data)
    one.X.eliminate_zeros()
    return one


def own_panels(slices):
    """Slices that were measured for 160 genes each, 120 of them shared."""
    return slices[0][:, :160].copy(), slices[1][:, 40:].copy()


def test_genes_that_a_slice_was_not_measured_for_are_left_out_and_said(slices):
    parts = own_panels(slices)
    whole = joined(parts)
    assert whole.n_vars == 200
    with pytest.warns(SpotscapeWarning, match=r"slices share 1[12][0-9] genes; .*not measured"):
        measured = on_measured_genes(whole, "slice", None)
    # Genes without any count, or with next to none, say nothing of what was measured.
    loud = np.asarray(whole.X.sum(axis=0)).ravel() > 10
    shared = set(slices[0].var_names[40:160])
    assert set(measured.var_names) & set(whole.var_names[loud]) == shared & set(whole.var_names[loud])


def test_an_integration_takes_what_both_slices_were_measured_for(slices):
    whole = joined(own_panels(slices))
    with pytest.warns(SpotscapeWarning, match="slices share"):
        tl.integrate_slices(whole, n_domains=3, progress=False)
    trained = set(whole.var_names[whole.var["spotscape_genes"]])
    assert trained <= set(slices[0].var_names[40:160])
    assert whole.n_vars == 200
    assert whole.uns["spotscape"]["integration"]["n_shared_genes"] <= 125
    # The same slices apart, each with zeros for what it lacks.
    apart = {name: whole[whole.obs["slice"] == name].copy() for name in ("s0", "s1")}
    for part in apart.values():
        del part.obsp, part.obsm["X_spotscape"]
    with pytest.warns(SpotscapeWarning, match="slices share"):
        both = tl.integrate_slices(apart, n_domains=3, progress=False)
    assert both.n_vars == whole.uns["spotscape"]["integration"]["n_shared_genes"]


def test_genes_that_are_off_in_a_slice_of_the_same_panel_are_kept(slices):
    off = [part.copy() for part in slices]
    loud = np.argsort(-np.asarray(off[1].X.sum(axis=0)).ravel())[:4]
    values = off[0].X.tolil()
    values[:, loud] = 0
    off[0].X = values.tocsr()
    whole = joined(off)
    assert on_measured_genes(whole, "slice", None) is whole
    sums = [np.asarray(part.X.sum(axis=0)).ravel() for part in off]
    assert [len(own) for own in measured_genes([part.var_names for part in off], sums)] == [200, 200]


def test_a_shallow_slice_of_the_same_panel_keeps_its_genes():
    rng = np.random.default_rng(0)
    rate = rng.lognormal(1, 1.5, 2000)
    sums = rng.poisson(np.stack([rate * 0.02, rate, rate * 3]) * rng.lognormal(0, 0.4, (3, 2000)))
    assert not not_measured(sums).any()


def test_several_panels_are_told_apart():
    rng = np.random.default_rng(0)
    sums = rng.poisson(rng.lognormal(4, 0.5, 300) * rng.lognormal(0, 0.5, (3, 300)))
    sums[0, :100] = 0
    sums[1, 100:150] = 0
    found = not_measured(sums)
    assert found[0, :100].all()
    assert found[1, 100:150].all()
    assert not found[2].any()
    assert found.sum() == 150
