"""Slices of different resolution get rings of neighbours that reach equally far."""

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse

import spotscape
from spotscape import datasets, tl
from spotscape._neighborhood import neighborhood_mean
from spotscape._progress import epoch_lines
from spotscape._validate import InputError
from spotscape.components.scale import find_scale, over_rings, over_rings_by_slice
from spotscape.engine.device import put
from spotscape.run.resolution import MOST_RINGS_OF_CELLS, find_resolution

UNIT = "micrometres_per_unit"
SETTINGS = {"scale": "60 um", "n_starts": 2}


def lines(fine, coarse):
    """Two lines of 40 and 10 spots, so far apart."""
    mean = neighborhood_mean(
        sparse.block_diag([sparse.diags([np.ones(n - 1)], [1], shape=(n, n)) for n in (40, 10)])
    )
    x = np.concatenate([fine * np.arange(40), coarse * np.arange(10)])
    return mean, np.stack([x, 0 * x], axis=1), np.repeat([0, 1], [40, 10])


def resolution(scale, fine, coarse, units=(1.0, 1.0)):
    mean, places, slices = lines(fine, coarse)
    return find_resolution(
        scale, mean, places, pd.Categorical.from_codes(slices, ["a", "b"]), np.array(units)
    )


@pytest.fixture(scope="module")
def technologies():
    """Cells 10 micrometres apart, and spots 40 apart of the cells of another section."""
    cells, other = datasets.simulate_slices(
        n_slices=2, n_spots=700, n_genes=80, n_domains=3, layout="cells", depth=300, seed=1
    )
    place = (other.obsm["spatial"] // 40).astype(int)
    keys, code = np.unique(place, axis=0, return_inverse=True)
    of = sparse.csr_matrix((np.ones(700), (code.ravel(), np.arange(700))))
    spots = ad.AnnData(sparse.csr_matrix(of @ other.X, dtype="float32"))
    spots.var_names, spots.obsm["spatial"] = other.var_names, 40.0 * keys
    cells.uns[UNIT] = spots.uns[UNIT] = 1.0
    return {"cells": cells, "spots": spots}


def test_a_distance_reaches_equally_far_in_all():
    found = resolution("60 um", 10.0, 50.0)
    mean, places, slices = lines(10.0, 50.0)
    reach = []
    for number, rings in enumerate(found.rings):
        own = slices == number
        reach.append(find_scale(int(rings), mean[own][:, own], places[own], 1.0).micrometres)
    assert found.rings[0] > 20 * found.rings[1] > 0
    assert reach[0] == pytest.approx(reach[1], rel=0.03)
    assert found.scale.micrometres == pytest.approx(reach[1])


def test_units_of_their_own_are_taken_into_account():
    same = resolution("60 um", 10.0, 50.0)
    in_pixels = resolution("60 um", 10.0, 200.0, units=(1.0, 0.25))
    assert in_pixels.rings.tolist() == same.rings.tolist()
    alike = resolution("60 um", 10.0, 50.0, units=(1.0, 0.2)).rings
    assert alike[0] == pytest.approx(alike[1], rel=0.1)


@pytest.mark.parametrize(("scale", "factor"), [(2, 5.0), ("60 um", 1.0), ("60 um", 1.8)])
def test_rings_and_slices_of_one_resolution_are_left_alone(scale, factor):
    assert resolution(scale, 10.0, 10.0 * factor) == (None, None, "")


def test_a_unit_that_one_slice_lacks_is_asked_for():
    with pytest.raises(InputError, match=r"scale: found '60 um', and coordinates of slice 'b' whose unit"):
        resolution("60 um", 10.0, 50.0, units=(1.0, np.nan))


@pytest.mark.parametrize(
    ("coarse", "unit", "said"), [(600.0, 1.0, True), (600.0, 0.02, False), (30.0, 1.0, False)]
)
def test_other_units_are_said(coarse, unit, said):
    remark = resolution(2, 1.0, coarse, units=(1.0, unit)).remark
    assert ("'a' and 'b' seem to be in different units: neighbours are" in remark) is said


def test_a_fine_slice_gets_no_end_of_rings():
    assert resolution("600 um", 1.0, 500.0).rings[0] == MOST_RINGS_OF_CELLS


def test_each_slice_is_averaged_over_its_own_rings():
    mean, _, slices = lines(1.0, 5.0)
    values = np.random.default_rng(0).normal(size=(50, 3))
    found = over_rings_by_slice(values, mean, np.array([7, 2]), slices)
    for own, rings in ((slices == 0, 7), (slices == 1, 2)):
        alone = over_rings(values[own], sparse.csr_matrix(mean[own][:, own]), rings)
        np.testing.assert_array_equal(found[own], alone)
    there = over_rings_by_slice(
        torch.from_numpy(values), put(mean, torch.device("cpu")), np.array([7, 2]), slices
    )
    np.testing.assert_allclose(there.numpy(), found, atol=1e-6)


def test_a_run_says_and_records_it_and_new_slices_are_put_there_alike(technologies, tmp_path):
    said = []
    both = tl.integrate_slices(technologies, n_domains=3, config=SETTINGS, progress=epoch_lines(said.append))
    assert any("Slices differ in resolution. Rings" in line for line in said)
    rings = both.uns["spotscape"]["integration"]["rings"]
    assert rings[0] > 8 * rings[1] > 0
    both.write_h5ad(tmp_path / "both.h5ad")
    model = spotscape.Spotscape.from_adata(ad.read_h5ad(tmp_path / "both.h5ad"))
    model.save(tmp_path / "model")
    fresh = technologies["cells"].copy()
    spotscape.Spotscape.load(tmp_path / "model").transform(fresh)
    own = both.obs["slice"].to_numpy() == "cells"
    np.testing.assert_allclose(fresh.obsm["X_spotscape"], both.obsm["X_spotscape"][own], atol=1e-3)
