"""Stacks: known motions, a torn and a missing section, bending, sections that do not fit, and bad input."""

import warnings

import anndata as ad
import numpy as np
import pytest
from scipy.spatial import cKDTree

from spotscape import tl
from spotscape._validate import InputError, SpotscapeWarning

N, NAMES = 250, ["a", "b", "c", "d", "e"]
SPACING = 3 / np.sqrt(N)


def tissue(places):
    """An embedding that says where a spot lies, but not alone: the ends of an axis look alike."""
    x, y = places.T
    more = [np.sin(2 * x - y), np.cos(3 * x), np.sin(3 * y), np.cos(x + 3 * y)]
    return np.stack([np.sin(3 * x) + x, np.cos(2 * y) + y, np.sin(2 * (x + y)), *more], axis=1)


def volume(seed=0, noise=0.15, torn="c", strange=None, bent=0.0):
    """Return sections, each in a frame of its own, and where their spots belong in that of the first."""
    rng = np.random.default_rng(seed)
    true, given, z = [], [], []
    for number, name in enumerate(NAMES):
        places = rng.uniform(0, 3, (N, 2))
        own = places + bent * np.sin(2 * places[:, ::-1] + rng.uniform(0, 6, 2)) if number else places.copy()
        belongs = places.copy()
        if name == torn:
            off = places[:, 0] > 2.1
            own[off] += [1.0, 0.8]
            belongs[off] = np.nan
        if number:
            angle = rng.uniform(0, 2 * np.pi)
            turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
            own = own @ (turn @ np.diag([1.0, -1.0 if number % 2 else 1.0])).T + rng.uniform(-9, 9, 2)
        channels = tissue(places) + rng.normal(scale=noise, size=(N, 7))
        z.append(rng.normal(size=(N, 7)) if name == strange else channels)
        true.append(belongs)
        given.append(own)
    adata = ad.AnnData(np.ones((N * len(NAMES), 2), dtype="float32"))
    adata.obs_names = [f"spot{number}" for number in range(adata.n_obs)]
    adata.obs["slice"] = np.repeat(NAMES, N)
    adata.obsm["X_spotscape"], adata.obsm["spatial"] = np.concatenate(z), np.concatenate(given)
    adata.uns["spotscape"] = {"params": {}}
    return adata, np.concatenate(true)


def error(adata, true):
    return np.linalg.norm(adata.obsm["spatial_3d"][:, :2] - true, axis=1) / SPACING


def quietly(adata, **arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SpotscapeWarning)
        tl.align_stack(adata, **({"thickness": 0.5} | arguments))
    return adata.uns["spotscape_stack"]


@pytest.fixture(scope="module")
def placed():
    adata, true = volume()
    quietly(adata, order=["a", "b", "c", None, "d", "e"])
    return adata, true


def test_sections_lie_where_they_belong_though_one_is_torn_and_one_is_missing(placed):
    adata, true = placed
    off = error(adata, true)
    assert np.nanmedian(off) < 0.5
    for name in NAMES:
        assert np.nanmedian(off[adata.obs["slice"] == name]) < 0.8
    np.testing.assert_array_equal(adata.obsm["spatial_3d"][:N, :2], adata.obsm["spatial"][:N])
    height = [adata.obsm["spatial_3d"][number * N, 2] for number in range(5)]
    assert height == [0.0, 0.5, 1.0, 2.0, 2.5]


def test_the_tables_say_what_was_done(placed):
    adata, _ = placed
    record = adata.uns["spotscape_stack"]
    sections, edges = record["sections"], record["edges"]
    assert sections["slice"].tolist() == NAMES
    assert sections["placed"].all()
    assert sections["turned_over"].tolist() == [False, True, False, True, False]
    assert (sections["bent_by"] == 0).all()
    assert list(zip(edges["slice"], edges["other"], strict=True)) == [
        *[("a", "b"), ("a", "c"), ("b", "c"), ("b", "d"), ("c", "d"), ("c", "e"), ("d", "e")]
    ]
    kept = edges[edges["kept"]]
    assert [(kept[["slice", "other"]] == name).any(axis=1).sum() for name in NAMES] == list(
        sections["n_edges"]
    )
    assert (kept["off"] < 5).all()
    assert (edges["n_agreeing"] <= edges["n_matches"]).all()
    row = sections.iloc[3]
    matrix = row[["a11", "a12", "a21", "a22"]].to_numpy(dtype=float).reshape(2, 2)
    own = slice(3 * N, 4 * N)
    moved = adata.obsm["spatial"][own] @ matrix.T + row[["b1", "b2"]].to_numpy(dtype=float)
    np.testing.assert_allclose(adata.obsm["spatial_3d"][own, :2], moved)
    assert np.linalg.det(matrix) == pytest.approx(-1)


def test_a_section_of_another_tissue_is_said_and_left_out():
    adata, true = volume(torn=None, strange="c")
    adata, true = adata[: 4 * N].copy(), true[: 4 * N]
    with pytest.warns(SpotscapeWarning, match="Section 'c' was not placed"):
        tl.align_stack(adata, thickness=1)
    record = adata.uns["spotscape_stack"]
    assert record["sections"]["placed"].tolist() == [True, True, False, True]
    assert np.isnan(adata.obsm["spatial_3d"][2 * N : 3 * N]).all()
    assert np.nanmedian(error(adata, true)) < 0.5
    assert not record["edges"].loc[(record["edges"][["slice", "other"]] == "c").any(axis=1), "kept"].any()


def test_bent_sections_are_bent_towards_each_other():
    adata, true = volume(torn=None, bent=0.4, noise=0.05)
    adata, true = adata[: 2 * N].copy(), true[: 2 * N]
    table = quietly(adata, transform="nonrigid")["sections"]
    motions = table[["a11", "a12", "a21", "a22", "b1", "b2"]].to_numpy().reshape(2, 1, 6)
    own = adata.obsm["spatial"].reshape(2, N, 2)
    rigid = np.einsum("snb,snab->sna", own, motions[..., :4].reshape(2, 1, 2, 2)) + motions[..., 4:]
    bent = adata.obsm["spatial_3d"][:, :2].reshape(2, N, 2)

    # Sections bend towards each other, so it is told by how far their spots of one place are apart.
    def apart(places):
        found = np.concatenate(places) - true
        return np.median(np.linalg.norm(found[N:] - found[cKDTree(true[:N]).query(true[N:])[1]], axis=1))

    assert apart(bent) < 0.8 * apart(rigid)
    assert table["bent_by"].max() > 0.3
    assert (table["jacobian_low"] > 0.1).all()


def test_sections_that_are_not_bent_stay_as_they_are():
    adata, true = volume(torn=None)
    adata = adata[: 2 * N].copy()
    assert quietly(adata, transform="nonrigid")["sections"]["bent_by"].max() < 0.3
    assert np.median(error(adata, true[: 2 * N])) < 0.6


def test_positions_by_name_and_by_order():
    adata, _ = volume(torn=None)
    adata = adata[adata.obs["slice"].isin(["a", "b"])].copy()
    heights = lambda found: found.obsm["spatial_3d"][[0, N], 2].tolist()  # noqa: E731
    assert heights(tl.align_stack(adata, positions={"a": -3, "b": 4.5}, copy=True)) == [-3.0, 4.5]
    back = tl.align_stack(adata, positions=np.array([1, 2]), order=["b", "a"], copy=True)
    assert heights(back) == [2.0, 1.0]
    np.testing.assert_array_equal(back.obsm["spatial_3d"][N:, :2], adata.obsm["spatial"][N:])
    assert "spatial_3d" not in adata.obsm


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "found neither, expected one of them"),
        ({"thickness": 1, "positions": [1, 2, 3, 4, 5]}, "found both"),
        ({"thickness": 0}, "thickness: found 0"),
        ({"thickness": 1, "order": ["a", "b", "c", "d"]}, "order: found no 'e'"),
        ({"thickness": 1, "order": ["a", "b", "c", "d", "e", "f"]}, "'f', which is no section"),
        ({"thickness": 1, "order": ["a", "b", "c", "d", "e", "a"]}, "'a' twice"),
        ({"thickness": 1, "order": "abcde"}, "order: found 'abcde'"),
        ({"positions": [0, 1, 2, 2, 3]}, "2 for 'c' and then 2 for 'd'"),
        ({"positions": [0, 1, 2]}, "positions: found 3, expected 5 numbers"),
        ({"positions": {"a": 0, "b": 1, "c": 2, "d": 3}}, "positions: found nothing for 'e'"),
        ({"positions": [0, 1, 2, float("nan"), 3]}, "positions: found nan"),
        ({"thickness": 1, "skips": 0}, "skips: found 0"),
        ({"thickness": 1, "transform": "affine"}, "transform: found 'affine'"),
        ({"thickness": 1, "slice_key": "one"}, "one section, 'all'"),
        ({"thickness": 1, "key_added": "none"}, "the embedding of a run"),
    ],
)
def test_bad_arguments_say_so_and_change_nothing(placed, arguments, words):
    adata, _ = placed
    adata.obs["one"] = "all"
    before = adata.obsm["spatial_3d"].copy()
    with pytest.raises(InputError) as raised:
        tl.align_stack(adata, **arguments)
    assert words in str(raised.value)
    np.testing.assert_array_equal(adata.obsm["spatial_3d"], before)


def test_tissues_that_do_not_overlap_and_sections_of_two_spots():
    adata, _ = volume(torn=None)
    two = adata[np.r_[0:N, N : N + 2]].copy()
    with pytest.raises(InputError, match=r"no two sections that can be aligned .* has 2 spots"):
        tl.align_stack(two, thickness=1)
    strangers, _ = volume(torn=None, strange="b")
    strangers = strangers[: 2 * N].copy()
    with pytest.raises(InputError, match=r"no two sections that can be aligned \('b' to 'a': "):
        tl.align_stack(strangers, thickness=1)
    assert "spatial_3d" not in strangers.obsm
    adata = adata[: 3 * N + 2].copy()
    with pytest.warns(SpotscapeWarning, match="'d' was not placed: it could not be aligned .* has 2 spots"):
        tl.align_stack(adata, thickness=1)


def said(adata):
    """Return what a stack says, and its table of sections."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", SpotscapeWarning)
        tl.align_stack(adata, thickness=1)
    return [str(one.message) for one in caught], adata.uns["spotscape_stack"]["sections"]


def three(noise=0.15):
    adata, true = volume(torn=None, noise=noise)
    return adata[: 3 * N].copy(), true[: 3 * N]


def test_another_unit_is_said():
    adata, _ = volume(torn=None)
    adata = adata[: 2 * N].copy()
    adata.obsm["spatial"][N : 2 * N] *= 10
    with (
        pytest.raises(InputError),
        pytest.warns(SpotscapeWarning, match="'b' and 'a' seem to be in different units"),
    ):
        tl.align_stack(adata, thickness=1)


@pytest.mark.parametrize(("odd", "beside"), [(0, "'b' and 'a'"), (2, "'c' and 'b'")])
def test_of_three_sections_the_one_in_another_unit_is_named_and_left_out(odd, beside):
    adata, _ = three()
    adata.obsm["spatial"][odd * N : (odd + 1) * N] *= 10
    texts, sections = said(adata)
    assert f"{beside} seem to be in different units" in texts[0]
    assert f"Section {NAMES[odd]!r} was not placed" in texts[1]
    assert len(texts) == 2
    assert sections["placed"].tolist() == [number != odd for number in range(3)]


@pytest.mark.parametrize("odd", [0, 1, 2])
def test_a_section_that_does_not_overlap_is_said(odd):
    adata, true = three()
    right = np.arange(3 * N) // N == odd
    adata = adata[np.where(right, true[:, 0] > 1.6, true[:, 0] < 1.4)].copy()
    texts, _ = said(adata)
    assert len(texts) == 1
    assert texts[0].startswith(f"Section {NAMES[odd]!r} ")
    assert "was not placed" in texts[0] or "do not overlap" in texts[0]


def test_two_sections_that_do_not_overlap_are_refused():
    adata, true = three()
    left, right = true[:, 0] < 1.4, true[:, 0] > 1.6
    adata = adata[np.where(np.arange(3 * N) < N, left, right) & (np.arange(3 * N) < 2 * N)].copy()
    with pytest.raises(InputError, match=r"no two sections that can be aligned \('b' to 'a'"):
        tl.align_stack(adata, thickness=1)
    assert "spatial_3d" not in adata.obsm


@pytest.mark.parametrize("squeezed", [[0, 0], [1, 0]])
def test_a_section_on_one_point_or_one_line_is_said_and_left_out(squeezed):
    adata, _ = three()
    adata.obsm["spatial"][2 * N :] *= squeezed
    texts, sections = said(adata)
    assert any("Section 'c' was not placed" in text for text in texts)
    assert sections["placed"].tolist() == [True, True, False]


def test_sections_that_are_well_aligned_raise_no_doubt():
    """Also where few matches lie on each other, as in tissue that says little of the place within a layer."""
    for noise in (0.15, 0.5):
        adata, true = three(noise)
        texts, sections = said(adata)
        assert texts == []
        assert sections["placed"].all()
        assert np.nanmedian(error(adata, true)) < 0.8
    assert (adata.uns["spotscape_stack"]["edges"]["agreement"] < 0.4).all()


def test_a_tissue_that_looks_alike_both_ways_is_said():
    rng = np.random.default_rng(0)
    places = rng.uniform(0, 3, (2 * N, 2))
    adata = ad.AnnData(np.ones((2 * N, 2), dtype="float32"))
    adata.obs["slice"] = np.repeat(["a", "b"], N)
    adata.obsm["X_spotscape"] = np.abs(places - [1.5, 0]) + rng.normal(scale=0.02, size=places.shape)
    adata.obsm["spatial"], adata.uns["spotscape"] = places, {"params": {}}
    with pytest.warns(SpotscapeWarning, match="Section 'b' fits the others in two ways"):
        tl.align_stack(adata, thickness=1)


def test_sections_beyond_one_that_fits_both_ways_are_said_with_it():
    """Both halves of a chain are sure within, but not how they lie on each other."""
    adata, true = volume(torn=None, noise=0.05)
    adata, true = adata[: 4 * N].copy(), true[: 4 * N]
    # An embedding whose mirror image is itself, and beside it one that half of the sections share.
    mirrored = np.abs(true - [1.5, 0]) + np.random.default_rng(0).normal(scale=0.02, size=true.shape)
    late = np.arange(4 * N)[:, None] >= 2 * N
    own = 0.3 * tissue(true)
    adata.obsm["X_spotscape"] = np.hstack([3 * mirrored, np.where(late, 0, own), np.where(late, own, 0)])
    texts, sections = said(adata)
    assert sections["placed"].all()
    (text,) = (text for text in texts if "two ways" in text)
    assert text.startswith("Sections 'c', 'd' fit the others in two ways")
