"""``describe_domains`` on tissue whose areas, perimeters and borders are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

import spotscape
from spotscape import gr
from spotscape._validate import InputError, SpotscapeWarning
from spotscape.tl import describe_domains

SQUARE, HEXAGONAL, CELLS = "square", "hexagonal", "cells"
TOLERANCE = {SQUARE: 0.02, HEXAGONAL: 0.03, CELLS: 0.07}
"""Of lengths; of areas a third of it on lattices."""
HEIGHT = {SQUARE: 1.0, HEXAGONAL: 0.75**0.5, CELLS: 1.0}


def places(kind: str, n: int = 40) -> np.ndarray:
    """Spots one distance apart, n x n; cells: as many, each anywhere about its place."""
    column, row = (values.ravel().astype(float) for values in np.meshgrid(np.arange(n), np.arange(n)))
    if kind == HEXAGONAL:
        return np.column_stack([column + row % 2 / 2, row * HEIGHT[kind]])
    xy = np.column_stack([column, row])
    return xy + np.random.default_rng(0).uniform(-0.4, 0.4, xy.shape) if kind == CELLS else xy


def tissue(xy: np.ndarray, domains) -> AnnData:
    adata = AnnData(np.ones((len(xy), 1), dtype=np.float32), obsm={"spatial": np.asarray(xy, dtype=float)})
    adata.obs["layer"] = pd.Categorical(domains)
    return adata


def turned(xy: np.ndarray, angle: float, scale: float = 1.0) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    return xy @ np.array([[c, s], [-s, c]]) * scale + [300.0, -40.0]


def bands(kind: str) -> AnnData:
    """Three bands across 40 rows: of 10, 14 and 16."""
    xy = places(kind)
    row = np.repeat(np.arange(40), 40)
    return tissue(xy, np.select([row < 10, row < 24], ["a", "b"], "c"))


@pytest.mark.parametrize("kind", [SQUARE, HEXAGONAL, CELLS])
def test_bands(kind):
    found = describe_domains(bands(kind), domain_key="layer")
    table, height = found.domains.set_index("domain"), HEIGHT[kind]
    assert found.unit == "spot distance"
    unit = 1.0
    if kind == CELLS:  # whose spot distance is shorter than the lattice that they were moved on
        unit = np.sqrt(table["area"].sum() / 1600)
        assert 1 < unit < 2
    rows = np.array([10, 14, 16])
    about = TOLERANCE[kind]
    np.testing.assert_allclose(table["area"], 40 * height * rows * unit**2, rtol=about)
    np.testing.assert_allclose(table["perimeter"], (80 + 2 * height * rows) * unit, rtol=about)
    np.testing.assert_allclose(table["outline"].iloc[1], 28 * height * unit, rtol=about + 0.02)
    np.testing.assert_allclose(table["elongation"], 40 / (height * rows), rtol=about)
    assert table["n_pieces"].tolist() == [1, 1, 1]
    assert table["n_spots"].tolist() == [400, 560, 640]
    np.testing.assert_allclose(table["share"], [0.25, 0.35, 0.4])
    np.testing.assert_allclose(table["depth"], [4.5 / 39, 16.5 / 39, 31.5 / 39], atol=0.02)
    between = found.borders
    assert between.loc["a", "b"] == pytest.approx(40 * unit, rel=about)
    assert between.loc["b", "c"] == pytest.approx(40 * unit, rel=about)
    assert between.loc["a", "c"] == 0
    np.testing.assert_array_equal(between, between.T)


@pytest.mark.parametrize("kind", [SQUARE, HEXAGONAL, CELLS])
def test_a_disk_in_the_middle(kind):
    xy = places(kind)
    middle = xy.mean(axis=0)
    inside = np.linalg.norm(xy - middle, axis=1) < 12
    found = describe_domains(tissue(xy, np.where(inside, "core", "ring")), domain_key="layer")
    core = found.domains.set_index("domain").loc["core"]
    unit = np.sqrt(found.domains["area"].sum() / (1600 * HEIGHT[kind]))
    assert core["area"] == pytest.approx(np.pi * 144 * unit**2, rel=0.02)
    assert core["perimeter"] == pytest.approx(24 * np.pi * unit, rel=TOLERANCE[kind])
    assert core["elongation"] == pytest.approx(1, abs=0.03)
    assert core["outline"] == 0
    assert found.borders.loc["core", "ring"] == core["perimeter"]
    assert found.domains["depth"].isna().all()  # a ring around a core follows no direction


@pytest.mark.parametrize("kind", [SQUARE, HEXAGONAL, CELLS])
@pytest.mark.parametrize("angle", [0.2, 0.5, np.pi / 4, 2.0])
def test_a_border_in_any_direction(kind, angle):
    xy = places(kind)
    across = (xy - xy.mean(axis=0)) @ [np.cos(angle), np.sin(angle)]
    near = np.linalg.norm(xy - xy.mean(axis=0), axis=1) < 15
    domains = np.select([~near, across > 0], ["around", "one"], "other")
    found = describe_domains(tissue(xy, domains), domain_key="layer")
    unit = np.sqrt(found.domains["area"].sum() / (1600 * HEIGHT[kind]))
    assert found.borders.loc["one", "other"] == pytest.approx(30 * unit, rel=TOLERANCE[kind] + 0.03)


@pytest.mark.parametrize("kind", [SQUARE, HEXAGONAL, CELLS])
def test_rotation_does_not_matter_and_units_are_used(kind):
    adata, moved = bands(kind), bands(kind)
    moved.obsm["spatial"] = turned(moved.obsm["spatial"], 2.6, 7.0)
    one, other = (describe_domains(each, domain_key="layer") for each in (adata, moved))
    about = 1e-6 if kind != CELLS else 0.03
    numbers = ["area", "perimeter", "outline", "elongation", "depth", "n_pieces"]
    np.testing.assert_allclose(other.domains[numbers], one.domains[numbers], rtol=about, atol=1e-9)
    np.testing.assert_allclose(other.borders, one.borders, rtol=about, atol=1e-9)

    moved.uns["micrometres_per_unit"] = 5.0
    known = describe_domains(moved, domain_key="layer")
    assert {known.unit, *known.domains["unit"]} == {"um"}
    # One distance of the lattice is 7 units of 5 micrometres.
    assert known.domains["area"].sum() == pytest.approx(1600 * HEIGHT[kind] * 35**2, rel=0.02)
    assert known.borders.loc["a", "b"] == pytest.approx(40 * 35, rel=TOLERANCE[kind])
    np.testing.assert_allclose(known.domains["elongation"], other.domains["elongation"])


def test_visium_says_its_unit():
    adata = bands(HEXAGONAL)
    adata.obsm["spatial"] *= 100.0
    adata.uns["spatial"] = {"library": {"scalefactors": {"spot_diameter_fullres": 65.0}}}
    found = describe_domains(adata, domain_key="layer")
    assert found.unit == "um"
    assert found.domains["area"].sum() == pytest.approx(1600 * 100**2 * 0.75**0.5, rel=0.001)


def test_pieces_single_spots_and_spots_without_a_domain():
    xy = places(SQUARE)
    column, row = xy.T
    domains = np.full(len(xy), "rest", dtype=object)
    domains[(abs(column - 8) < 3) & (abs(row - 8) < 3)] = "two"  # 5 x 5
    domains[(abs(column - 30) < 2) & (abs(row - 30) < 2)] = "two"  # 3 x 3
    domains[(column == 20) & (row == 8)] = "one"
    domains[(column == 30) & (row == 8)] = None
    found = describe_domains(tissue(xy, domains), domain_key="layer")
    table = found.domains.set_index("domain")
    assert table["n_pieces"].to_dict() == {"one": 1, "rest": 1, "two": 2}
    assert table.loc["two", "largest_piece"] == pytest.approx(25 / 34)
    assert table["n_spots"].sum() == 1599
    assert table["share"].sum() == pytest.approx(1)
    assert table.loc["one", ["area", "perimeter", "elongation"]].tolist() == pytest.approx([1, 4, 1])
    assert table.loc["two", "area"] == pytest.approx(34)
    assert table.loc["two", "elongation"] == pytest.approx(1)
    # Corners are rounded: eight of them, by about half a distance each.
    assert table.loc["two", "perimeter"] == pytest.approx(32, abs=8 * 0.6)
    # A spot without a domain is none of the tissue's outside, and no domain to border on.
    assert table.loc["rest", "outline"] == pytest.approx(160, rel=0.02)
    against = found.borders.loc["rest"].sum() + table.loc["rest", "outline"]
    assert table.loc["rest", "perimeter"] - against == pytest.approx(4)


def test_holes_are_outline_and_missing_spots_are_not():
    xy = places(HEXAGONAL)
    whole = describe_domains(tissue(xy, ["x"] * 1600), domain_key="layer").domains
    middle = np.linalg.norm(xy - xy.mean(axis=0), axis=1)
    hole = middle > 6
    found = describe_domains(tissue(xy[hole], ["x"] * hole.sum()), domain_key="layer").domains
    assert found["outline"][0] - whole["outline"][0] == pytest.approx(12 * np.pi, rel=0.08)
    assert whole["area"][0] - found["area"][0] == pytest.approx(36 * np.pi, rel=0.05)
    spots = np.arange(1600) % 97 != 50
    found = describe_domains(tissue(xy[spots], ["x"] * spots.sum()), domain_key="layer").domains
    assert found["outline"][0] == pytest.approx(whole["outline"][0], rel=0.02)
    assert found["area"][0] == pytest.approx(whole["area"][0], rel=0.005)


def test_one_domain():
    found = describe_domains(tissue(places(SQUARE), ["x"] * 1600), domain_key="layer")
    row = found.domains.iloc[0]
    assert row["area"] == pytest.approx(1600)
    assert row["perimeter"] == row["outline"] == pytest.approx(160, rel=0.02)
    assert np.isnan(row["depth"])
    assert found.borders.to_numpy().tolist() == [[0.0]]
    assert row["share"] == 1


def test_several_slices_together_and_each():
    one, other = bands(SQUARE), bands(SQUARE)
    other = other[other.obs["layer"] != "c"].copy()  # a slice without a domain
    other.obsm["spatial"] = turned(other.obsm["spatial"], 1.0)
    xy = np.concatenate([one.obsm["spatial"], other.obsm["spatial"]])
    both = tissue(xy, [*one.obs["layer"], *other.obs["layer"]])
    both.obs["section"] = np.repeat(["s1", "s2"], [len(one), len(other)])
    apart = [describe_domains(each, domain_key="layer") for each in (one, other)]
    found = describe_domains(both, domain_key="layer", slice_key="section")
    assert found.domains["n_spots"].tolist() == [800, 1120, 640]
    assert found.domains["n_pieces"].tolist() == [2, 2, 1]
    assert found.domains["area"].tolist() == pytest.approx([800, 1120, 640])
    assert found.borders.loc["a", "b"] == pytest.approx(sum(e.borders.loc["a", "b"] for e in apart))
    each = describe_domains(both, domain_key="layer", slice_key="section", by_slice=True)
    assert each.domains["slice"].tolist() == ["s1"] * 3 + ["s2"] * 3
    np.testing.assert_allclose(each.domains["perimeter"][:3], apart[0].domains["perimeter"])
    np.testing.assert_allclose(each.domains["perimeter"][3:5], apart[1].domains["perimeter"], rtol=1e-6)
    np.testing.assert_allclose(each.domains["share"][:3], apart[0].domains["share"])
    gone = each.domains.iloc[5]
    assert (gone["n_spots"], gone["area"], gone["perimeter"], gone["n_pieces"]) == (0, 0, 0, 0)
    assert gone[["elongation", "depth"]].isna().all()
    assert each.borders.loc[("s2", "a"), "b"] == pytest.approx(40, rel=0.02)
    assert each.borders.loc[("s2", "b"), "c"] == 0


def test_after_a_run_and_nothing_is_changed():
    adata = spotscape.datasets.simulate_slice(n_spots=400, n_genes=60, n_domains=3)
    spotscape.tl.run_spotscape(adata, n_domains=3)
    before = adata.copy()
    found = describe_domains(adata)
    table = found.domains.set_index("domain")
    assert list(table.index) == ["1", "2", "3"]
    confidence = (
        adata.obs["spotscape_confidence"].astype(float).groupby(adata.obs["spotscape_domain"], observed=True)
    )
    np.testing.assert_allclose(table["confidence"], confidence.mean())
    assert (table["perimeter"] >= found.borders.sum(axis=1) + table["outline"] - 1e-9).all()
    assert adata.obs.equals(before.obs)
    for name in ("uns", "obsp", "obsm"):
        assert list(getattr(adata, name)) == list(getattr(before, name))
    true = describe_domains(adata, domain_key="ground_truth")
    assert "confidence" not in true.domains
    assert true.domains["area"].sum() == pytest.approx(table["area"].sum())


def test_cells_that_share_a_place():
    xy = places(SQUARE, 12)
    twice = tissue(np.repeat(xy, 2, axis=0), np.repeat(["x", "y"], 144))
    with pytest.warns(SpotscapeWarning, match="share their place"):
        gr.spatial_neighbors(twice)
    found = describe_domains(twice, domain_key="layer")
    assert found.domains["area"].tolist() == pytest.approx([72, 72])
    assert found.borders.loc["x", "y"] == pytest.approx(12, rel=0.03)


def test_bad_input():
    adata = bands(SQUARE)
    with pytest.raises(InputError, match=r"domain_key: found 'region'.*has: 'layer'"):
        describe_domains(adata, domain_key="region")
    with pytest.raises(InputError, match=r"adata.obs\['spotscape_domain'\].*run_spotscape"):
        describe_domains(adata)
    with pytest.raises(InputError, match=r"adata.obsm\['places'\]"):
        describe_domains(adata, domain_key="layer", spatial_key="places")
    with pytest.raises(InputError, match="slice_key"):
        describe_domains(adata, domain_key="layer", slice_key="section")
    with pytest.raises(InputError, match="by_slice: found True for an object of one slice"):
        describe_domains(adata, domain_key="layer", by_slice=True)
    adata.obs["score"] = 0.5
    with pytest.raises(InputError, match="decimal numbers"):
        describe_domains(adata, domain_key="score")
    adata.obs["empty"] = pd.Categorical([None] * 1600)
    with pytest.raises(InputError, match="no spot with a domain"):
        describe_domains(adata, domain_key="empty")
    adata.obsm["spatial"] = np.column_stack([adata.obsm["spatial"], np.arange(1600) % 2])
    with pytest.raises(InputError, match="in a plane"):
        describe_domains(adata, domain_key="layer")
    del adata.obsm["spatial"]
    with pytest.raises(InputError, match=r"adata.obsm\['spatial'\]"):
        describe_domains(adata, domain_key="layer")
