"""How far around a spot counts: rings, distances, and what a run says of them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

import spotscape
from spotscape import gr, tl
from spotscape._neighborhood import neighborhood_mean
from spotscape._validate import InputError
from spotscape._words import scale as in_words
from spotscape.components.scale import find_scale, one_step, over_rings
from spotscape.gr.unit import micrometres_per_unit


@pytest.fixture(scope="module")
def line() -> sparse.csr_matrix:
    """The mean over neighbours of five spots in a row."""
    return neighborhood_mean(sparse.diags([np.ones(4), np.ones(4)], [1, -1]))


@pytest.fixture
def tissue():
    return spotscape.datasets.simulate_slice(n_spots=300, n_genes=100, n_domains=3, seed=1)


def test_a_step_is_the_root_mean_square_distance_of_what_counts(line):
    places = np.arange(5.0)[:, None] * [10.0, 0.0]
    by_hand = []
    for spot in range(5):
        around = [other for other in range(5) if abs(other - spot) <= 1]
        by_hand.append(np.mean([(places[other, 0] - places[spot, 0]) ** 2 for other in around]))
    assert one_step(line, places) == pytest.approx(np.sqrt(np.mean(by_hand)))


def test_rings_are_means_over_neighbours_taken_again(line):
    values = np.array([[0.0], [0.0], [6.0], [0.0], [0.0]])
    assert over_rings(values, line, 0).ravel().tolist() == [0, 0, 6, 0, 0]
    assert over_rings(values, line, 1).ravel() == pytest.approx([0, 2, 2, 2, 0])
    assert over_rings(values, line, 2).ravel() == pytest.approx([1, 4 / 3, 2, 4 / 3, 1])


def test_a_distance_becomes_the_rings_that_come_nearest_to_it(line):
    places = np.arange(5.0)[:, None] * [10.0, 0.0]
    step = one_step(line, places)
    for rings in (1, 2, 5):
        found = find_scale(f"{step * np.sqrt(rings) * 0.5:.4f} um", line, places, 0.5)
        assert found.rings == rings
        assert found.micrometres == pytest.approx(0.5 * found.distance) == 0.5 * step * np.sqrt(rings)
    assert find_scale("0.001 um", line, places, 0.5).rings == 1
    assert np.isnan(find_scale(2, line, None, 1.0).distance)


def test_a_distance_without_a_unit_is_refused_before_anything_is_written(tissue):
    before = tissue.copy()
    with pytest.raises(InputError, match=r"scale.*unit is not known.*rings.*micrometres_per_unit"):
        tl.run_spotscape(tissue, n_domains=3, config={"scale": "150 um"}, progress=False)
    assert set(tissue.obs) == set(before.obs)
    assert set(tissue.uns) == set(before.uns)


@pytest.mark.parametrize("scale", ["wide", "150", "-3 um", -1, 51, 1.5, None])
def test_what_is_no_scale_is_refused(scale):
    with pytest.raises(InputError, match="scale"):
        spotscape.SpotscapeConfig(scale=scale)


def test_units_are_read_from_where_they_are_said(tissue):
    assert np.isnan(micrometres_per_unit(tissue, "spatial"))
    tissue.uns["spatial"] = {"one": {"scalefactors": {"spot_diameter_fullres": 130.0}}}
    assert micrometres_per_unit(tissue, "spatial") == 0.5
    assert np.isnan(micrometres_per_unit(tissue, "other"))
    tissue.uns["spatial"]["two"] = {"scalefactors": {"microns_per_pixel": 0.25}}
    assert np.isnan(micrometres_per_unit(tissue, "spatial")), "two sections of different units"
    tissue.uns["micrometres_per_unit"] = 2.0
    assert micrometres_per_unit(tissue, "spatial") == 2.0
    tissue.uns["micrometres_per_unit"] = "two"
    assert np.isnan(micrometres_per_unit(tissue, "spatial"))


def test_a_run_says_its_scale_and_a_larger_one_gives_larger_pieces(tissue):
    tissue.uns["micrometres_per_unit"] = 100.0
    contacts, told = {}, {}
    for scale in (0, "130 um", 8):
        one = tl.run_spotscape(tissue, n_domains=3, config={"scale": scale}, progress=False, copy=True)
        labels = one.obs["spotscape_domain"].to_numpy()
        graph = sparse.coo_matrix(one.obsp["spatial_connectivities"])
        contacts[scale] = np.mean(labels[graph.row] != labels[graph.col])
        record = one.uns["spotscape"]["scale"]
        assert record["micrometres"] == pytest.approx(100 * record["distance"])
        told[scale] = in_words(one.uns["spotscape"])
    assert told[0] == "Each spot stands for itself: its neighbours do not count."
    assert told["130 um"].endswith("µm (1 ring of neighbours).")
    assert told[8].endswith("µm (8 rings of neighbours).")
    assert contacts[0] > contacts["130 um"] > 0
    assert contacts["130 um"] >= contacts[8]


@pytest.mark.parametrize(("units", "known"), [((2.0, 2.0), 2.0), ((2.0, 1.0), np.nan), ((2.0, None), np.nan)])
def test_slices_together_have_a_unit_where_all_have_the_same(units, known):
    slices = spotscape.datasets.simulate_slices(n_slices=2, n_spots=150, n_genes=80, n_domains=3)
    for one, unit in zip(slices, units, strict=True):
        if unit is not None:
            one.uns["micrometres_per_unit"] = unit
    both = tl.integrate_slices(slices, n_domains=3, progress=False)
    record = both.uns["spotscape"]["scale"]
    np.testing.assert_allclose(record["micrometres"], known * record["distance"])


def test_a_model_keeps_its_scale(tissue, tmp_path):
    model = spotscape.Spotscape({"scale": 4}).fit(tissue, n_domains=3, progress=False)
    model.save(tmp_path / "model")
    again = spotscape.Spotscape.load(tmp_path / "model")
    other = tissue.copy()
    again.transform(other)
    assert np.allclose(other.obsm["X_spotscape"], tissue.obsm["X_spotscape"], atol=1e-4)


def test_the_graph_decides_where_there_are_no_coordinates(tissue):
    gr.spatial_neighbors(tissue)
    places = tissue.obsm.pop("spatial")
    assert len(places) == 300
    tl.run_spotscape(tissue, n_domains=3, progress=False)
    record = tissue.uns["spotscape"]["scale"]
    assert record["rings"] == 2
    assert np.isnan(record["distance"])
    assert in_words(tissue.uns["spotscape"]) == "Domains are at the scale of 2 rings of neighbours."
