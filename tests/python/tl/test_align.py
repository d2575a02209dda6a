"""Alignment: transforms that are known, matches, partial overlap, and slices that do not fit."""

import warnings
from functools import partial

import anndata as ad
import numpy as np
import pytest

from spotscape import datasets, io, metrics, tl
from spotscape._validate import InputError, SpotscapeWarning
from spotscape.alignment.matches import mutual_neighbors
from spotscape.alignment.registration import fit_points
from spotscape.tl import transfer_labels

# The slices here have an embedding alone; what is matched by otherwise: tests/python/tl/test_match_by.py.
align_slices = partial(tl.align_slices, representation="domains")


def tissue(places):
    """An embedding that says where a spot lies, but not alone: the ends of an axis look alike."""
    x, y = places.T
    return np.stack([np.sin(3 * x) + x, np.cos(2 * y) + y, np.sin(2 * (x + y))], axis=1)


def two_slices(matrix, offset, *, n=500, noise=0.05, seed=0, keep=None):
    """Return two slices of one tissue; the second lies elsewhere in its own frame."""
    rng = np.random.default_rng(seed)
    one, two = rng.uniform(0, 3, (n, 2)), rng.uniform(0, 3, (n, 2))
    if keep is not None:
        two = two[keep(two)]
    places = np.concatenate([one, two])
    adata = ad.AnnData(np.ones((len(places), 2), dtype="float32"))
    adata.obs_names = [f"spot{i}" for i in range(len(places))]
    adata.obs["slice"] = ["one"] * len(one) + ["two"] * len(two)
    adata.obs["domain"] = np.array(["a", "b", "c"])[np.digitize(places.sum(axis=1), [2, 4])]
    adata.obsm["X_spotscape"] = tissue(places) + rng.normal(scale=noise, size=(len(places), 3))
    adata.uns["spotscape"] = {"params": {}}
    adata.obsm["spatial"] = places.copy()
    # y = A x + b brings the second back.
    adata.obsm["spatial"][len(one) :] = (two - offset) @ np.linalg.inv(matrix).T
    return adata, places


def turn(degrees, flip=False, scale=1.0):
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return scale * np.array([[c, -s], [s, c]]) @ np.diag([1.0, -1.0 if flip else 1.0])


@pytest.mark.parametrize(
    ("kind", "matrix"),
    [
        ("rigid", turn(37)),
        ("rigid", turn(-140, flip=True)),
        ("similarity", turn(80, scale=25.0)),
        ("similarity", turn(200, flip=True, scale=0.1)),
        ("affine", turn(20) @ np.array([[1.1, 0.1], [0.0, 0.95]])),
    ],
)
def test_a_known_transform_is_found(kind, matrix):
    adata, places = two_slices(matrix, np.array([5.0, -3.0]))
    align_slices(adata, transform=kind)
    rows = adata.uns["spotscape_alignment"]["slices"].set_index("slice")
    found = rows.loc["two", ["a11", "a12", "a21", "a22"]].to_numpy(dtype=float).reshape(2, 2)
    np.testing.assert_allclose(found, matrix, atol=0.05 * np.abs(matrix).max())
    assert rows.loc["two", "turned_over"] == (np.linalg.det(matrix) < 0)
    assert rows.loc["two", "scale"] == pytest.approx(np.sqrt(abs(np.linalg.det(matrix))), rel=0.05)
    spacing = 3 / np.sqrt(500)
    assert metrics.registration_error(adata.obsm["spatial_aligned"][500:], places[500:], spacing) < 0.5
    np.testing.assert_array_equal(adata.obsm["spatial_aligned"][:500], adata.obsm["spatial"][:500])


def bent_slices(noise=0.2):
    """Two slices, the second bent by up to 4 spot distances before it is turned."""
    adata, places = two_slices(turn(70, flip=True), np.array([5.0, -3.0]), n=700, noise=noise)
    x, y = places.T
    more = [np.sin(2 * x - y), np.cos(3 * x), np.sin(3 * y), np.cos(x + 3 * y), np.sin(x * y), np.cos(x * y)]
    z = np.concatenate([tissue(places), np.stack(more, axis=1)], axis=1)
    adata.obsm["X_spotscape"] = z + np.random.default_rng(1).normal(scale=noise, size=z.shape)
    moved = places[700:]
    wave = 0.35 * np.stack([np.sin(2 * moved[:, 1]), np.cos(2 * moved[:, 0])], axis=1)
    adata.obsm["spatial"][700:] = (moved + wave - [5.0, -3.0]) @ np.linalg.inv(turn(70, flip=True)).T
    return adata, places


def test_a_bent_slice_is_bent_back_and_nothing_folds():
    adata, places = bent_slices()
    spacing, error, alike = 3 / np.sqrt(700), {}, {}
    for kind in ("rigid", "nonrigid"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SpotscapeWarning)  # of a low agreement
            align_slices(adata, transform=kind)
        error[kind] = metrics.registration_error(adata.obsm["spatial_aligned"][700:], places[700:], spacing)
        row = adata.uns["spotscape_alignment"]["slices"].set_index("slice").loc["two"]
        alike[kind] = row["alikeness"]
        assert np.isnan(row["bent_by"]) == (kind == "rigid")
    assert error["rigid"] > 1.2
    assert error["nonrigid"] < 0.5 * error["rigid"]
    assert alike["nonrigid"] > alike["rigid"] + 0.1
    assert 0.2 < row["jacobian_low"] < 0.9 < 1.1 < row["jacobian_high"] < 3
    assert row["bent_by"] > 1
    assert row["turned_over"]
    # Matches are of the places after bending.
    matches = adata.uns["spotscape_alignment"]["matches"]
    spots, partners = (adata.obs_names.get_indexer(matches[name]) for name in ("spot", "reference_spot"))
    assert np.median(np.linalg.norm(places[spots] - places[partners], axis=1)) < spacing


def test_a_slice_that_is_not_bent_stays_as_it_is():
    adata, places = two_slices(turn(37), np.array([5.0, -3.0]))
    align_slices(adata, transform="nonrigid")
    assert (
        metrics.registration_error(adata.obsm["spatial_aligned"][500:], places[500:], 3 / np.sqrt(500)) < 0.5
    )
    assert adata.uns["spotscape_alignment"]["slices"]["bent_by"].iloc[1] < 0.5


def test_a_fold_is_no_result(monkeypatch):
    adata, _ = bent_slices()
    monkeypatch.setattr("spotscape.alignment.bend._TRIES", 2)
    monkeypatch.setattr("spotscape.alignment.bend._LEAST_JACOBIAN", 5.0)
    with pytest.warns(SpotscapeWarning, match="every deformation that fits folds the tissue"):
        align_slices(adata, transform="nonrigid")
    assert np.isnan(adata.obsm["spatial_aligned"][700:]).all()


def test_partial_overlap_and_both_directions():
    adata, places = two_slices(turn(65, flip=True), np.array([1.0, 2.0]), n=900, keep=lambda p: p[:, 0] < 1.8)
    for reference, moved in (("one", adata.obs["slice"] == "two"), ("two", adata.obs["slice"] == "one")):
        align_slices(adata, reference=reference)
        aligned, fixed = adata.obsm["spatial_aligned"], ~moved.to_numpy()
        # Both in one frame: the map from true places to it is the same for both slices.
        frame = fit_points(places[fixed], aligned[fixed], np.ones(fixed.sum()), "rigid")
        assert metrics.registration_error(aligned[~fixed], frame(places[~fixed]), spacing=0.1) < 0.7


@pytest.mark.parametrize("matching", ["nearest", "transport"])
def test_matches_are_near_and_alike(matching):
    adata, places = two_slices(turn(37), np.array([5.0, -3.0]))
    align_slices(adata, matching=matching)
    matches = adata.uns["spotscape_alignment"]["matches"]
    spots, partners = (adata.obs_names.get_indexer(matches[name]) for name in ("spot", "reference_spot"))
    assert (spots >= 500).all()
    assert (partners < 500).all()
    assert matches["spot"].is_unique
    assert len(matches) > 450
    assert np.median(np.linalg.norm(places[spots] - places[partners], axis=1)) < 0.2
    assert matches["score"].between(0, 1).all()
    numbers = np.full(500, -1)
    numbers[spots - 500] = partners
    truth = adata.obs["domain"].to_numpy()
    assert metrics.ltari(truth[500:], truth[:500], numbers) > 0.7


def test_transport_shares_partners_out():
    adata, _ = two_slices(turn(0), np.zeros(2))
    number = {}
    for matching in ("nearest", "transport"):
        align_slices(adata, matching=matching)
        number[matching] = adata.uns["spotscape_alignment"]["matches"]["reference_spot"].nunique()
    assert number["transport"] > number["nearest"]


def test_without_a_transform_nothing_is_moved():
    adata, _ = two_slices(turn(37), np.array([5.0, -3.0]))
    del adata.obsm["spatial"]
    align_slices(adata, transform="none")
    assert "spatial_aligned" not in adata.obsm
    matches = adata.uns["spotscape_alignment"]["matches"]
    assert len(matches) == 500
    assert matches["distance"].isna().all()


def test_mutual_neighbours_are_those_of_a_loop():
    rng = np.random.default_rng(3)
    a, b, k = rng.normal(size=(30, 4)), rng.normal(size=(40, 4)), 5
    distance = np.linalg.norm(a[:, None] - b[None], axis=2)
    expected = {
        (i, j)
        for i in range(30)
        for j in range(40)
        if (distance[i] < distance[i, j]).sum() < k and (distance[:, j] < distance[i, j]).sum() < k
    }
    pairs, lengths = mutual_neighbors(a, b, k)
    assert {tuple(pair) for pair in pairs.tolist()} == expected
    np.testing.assert_allclose(lengths, distance[pairs[:, 0], pairs[:, 1]])


def test_the_same_seed_gives_the_same_bits_and_the_order_does_not_matter():
    adata, _ = two_slices(turn(37), np.array([5.0, -3.0]))
    again = adata.copy()
    mixed = adata[np.random.default_rng(1).permutation(adata.n_obs)].copy()
    for one in (adata, again, mixed):
        align_slices(one, reference="one")
    np.testing.assert_array_equal(adata.obsm["spatial_aligned"], again.obsm["spatial_aligned"])
    np.testing.assert_allclose(
        mixed[adata.obs_names].obsm["spatial_aligned"], adata.obsm["spatial_aligned"], atol=0.1
    )


def test_slices_that_show_other_things_are_left_and_said():
    adata, _ = two_slices(turn(0), np.zeros(2))
    rng = np.random.default_rng(1)
    adata.obsm["X_spotscape"][500:] = rng.permutation(adata.obsm["X_spotscape"][500:])
    with pytest.warns(SpotscapeWarning, match=r"Slice 'two' was not aligned to 'one'"):
        align_slices(adata)
    assert np.isnan(adata.obsm["spatial_aligned"][500:]).all()
    assert not adata.uns["spotscape_alignment"]["slices"]["aligned"].iloc[1]
    assert len(adata.uns["spotscape_alignment"]["matches"]) == 0


def test_matches_in_one_clump_fix_no_transform():
    adata, _ = two_slices(turn(0), np.zeros(2))
    rng = np.random.default_rng(0)
    adata.obsm["X_spotscape"][500:] = tissue(np.array([[1.5, 1.5]])) + rng.normal(scale=0.1, size=(500, 3))
    with pytest.warns(SpotscapeWarning, match=r"in one clump|agree"):
        align_slices(adata)


@pytest.mark.parametrize("side", [slice(0, 500), slice(500, 1000)])
def test_spots_on_one_line_fix_no_transform(side):
    adata, _ = two_slices(turn(0), np.zeros(2))
    adata.obsm["spatial"][side, 1] = adata.obsm["spatial"][side, 0]
    with pytest.warns(SpotscapeWarning, match="lie on one line"):
        align_slices(adata)
    assert np.isnan(adata.obsm["spatial_aligned"][500:]).all()


def layered(matrix, *, detail, seed=0):
    """Two sections of a layered tissue that overlap; spots of both differ within layers by ``detail``."""
    rng = np.random.default_rng(seed)
    adata, places = two_slices(matrix, np.zeros(2), seed=seed)
    layer = np.abs(places[:, 1] - 1.5)  # the same above as below, as in a round tissue
    within = detail * np.stack([np.sin(4 * places[:, 0]), places[:, 0], places[:, 1]], axis=1)
    z = np.stack([3 * np.digitize(layer, [0.5, 1.0]), layer, layer**2], axis=1) + within
    adata.obsm["X_spotscape"] = z + rng.normal(scale=0.05, size=z.shape)
    return adata, places


def test_layers_that_look_alike_after_a_half_turn_are_told_apart_by_what_differs_within():
    adata, places = layered(turn(90), detail=1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error", SpotscapeWarning)
        align_slices(adata)
    row = adata.uns["spotscape_alignment"]["slices"].set_index("slice").loc["two"]
    assert row["rotation"] == pytest.approx(90, abs=3)
    assert not row["turned_over"]
    assert row["agreement"] > 0.4
    assert np.isnan(row["other_rotation"])
    assert metrics.registration_error(adata.obsm["spatial_aligned"][500:], places[500:], 3 / np.sqrt(500)) < 1


def test_a_fit_that_is_as_good_another_way_is_said_and_agreement_is_low():
    adata, _ = layered(turn(90), detail=0.0)
    with pytest.warns(SpotscapeWarning, match=r"in two ways.*turned by .* degrees.*tell by the image"):
        align_slices(adata)
    row = adata.uns["spotscape_alignment"]["slices"].set_index("slice").loc["two"]
    assert row["agreement"] < 0.25
    assert row["alikeness"] > 0.5
    assert not np.isnan(row["other_rotation"])


def test_the_record_survives_a_file(tmp_path):
    adata, _ = two_slices(turn(37), np.array([5.0, -3.0]))
    align_slices(adata)
    io.write(adata, tmp_path / "aligned.h5ad")
    read = io.read(tmp_path / "aligned.h5ad")
    with pytest.warns(SpotscapeWarning, match=r"spots? ha(s|ve) no match"):
        transfer_labels(read, label_key="domain", by="matches")
    assert read.uns["spotscape_alignment"]["slices"]["aligned"].all()


@pytest.mark.parametrize("by", ["embedding", "matches"])
def test_labels_are_transferred(by):
    adata, _ = two_slices(turn(37), np.array([5.0, -3.0]))
    truth = adata.obs["domain"].copy()
    adata.obs.loc[adata.obs["slice"] == "two", "domain"] = None
    align_slices(adata)
    if by == "matches":
        matched = set(adata.uns["spotscape_alignment"]["matches"]["spot"])
        with pytest.warns(SpotscapeWarning, match="have no match") if len(matched) < 500 else nothing():
            transfer_labels(adata, label_key="domain", by=by)
    else:
        transfer_labels(adata, label_key="domain")
    found = adata.obs["domain_transferred"]
    assert (found[:500] == truth[:500]).all()
    given = found[500:].notna()
    assert (found[500:][given] == truth[500:][given]).mean() > 0.75
    assert adata.obs["domain_transferred_score"][500:][given].between(0, 1).all()


def nothing():
    from contextlib import nullcontext

    return nullcontext()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"reference": "three"}, ["reference", "'one', 'two'"]),
        ({"transform": "bent"}, ["transform", "'rigid'"]),
        ({"matching": "best"}, ["matching", "'nearest'"]),
        ({"slice_key": "section"}, ["slice_key", "'section'"]),
        ({"n_neighbors": 0}, ["n_neighbors", "0"]),
        ({"spatial_key": "xy"}, ["xy"]),
    ],
)
def test_bad_arguments_are_refused(arguments, words):
    adata, _ = two_slices(turn(0), np.zeros(2), n=60)
    with pytest.raises(InputError) as error:
        align_slices(adata, **arguments)
    assert all(word in str(error.value) for word in words), error.value
    assert "spotscape_alignment" not in adata.uns


def test_one_slice_and_three_dimensions_are_refused():
    adata, _ = two_slices(turn(0), np.zeros(2), n=60)
    with pytest.raises(InputError, match=r"one slice, 'one'"):
        align_slices(adata[:60].copy())
    adata.obsm["spatial"] = np.random.default_rng(0).normal(size=(120, 3))
    with pytest.raises(InputError, match="3 columns, expected two"):
        align_slices(adata)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"label_key": "layer"}, "label_key.*'layer'"),
        ({"label_key": "domain", "by": "matches"}, "align_slices"),
        ({"label_key": "domain", "by": "guess"}, "'embedding', 'matches'"),
        ({"label_key": "empty"}, "no label in slice 'one'"),
    ],
)
def test_labels_that_cannot_be_transferred(arguments, words):
    adata, _ = two_slices(turn(0), np.zeros(2), n=60)
    adata.obs["empty"] = None
    with pytest.raises(InputError, match=words):
        transfer_labels(adata, **arguments)


def test_a_developing_tissue_is_matched_without_a_transform():
    early, late = datasets.simulate_development(n_spots=400, n_genes=200, n_domains=4, seed=1)
    both = tl.integrate_slices({"early": early, "late": late}, n_domains=4, progress=False)
    align_slices(both, transform="none")
    matches = both.uns["spotscape_alignment"]["matches"]
    truth = both.obs["ground_truth"].astype(str)
    agree = truth[matches["spot"]].to_numpy() == truth[matches["reference_spot"]].to_numpy()
    assert agree.mean() > 0.5
