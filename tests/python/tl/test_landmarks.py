"""Landmarks of `align_slices`: they take the place of matches, pull a deformation, and are checked first."""

import warnings

import numpy as np
import pandas as pd
import pytest
from tests.python.tl.test_align import bent_slices, turn, two_slices

from spotscape import metrics
from spotscape._validate import InputError, SpotscapeWarning
from spotscape.tl import align_slices

SPACING = 3 / np.sqrt(700)
CORNERS = np.array([[0.3, 0.3], [2.7, 0.4], [2.5, 2.6], [0.5, 2.4], [1.5, 1.4]])


def table(source, target, name="two"):
    """Return landmarks as a user has them."""
    frame = pd.DataFrame(np.hstack([source, target]), columns=["x", "y", "reference_x", "reference_y"])
    return frame.assign(slice=name)


def known(matrix, offset, noise=0.0):
    """Return two slices whose embedding says nothing, and their landmarks."""
    adata, places = two_slices(matrix, offset)
    rng = np.random.default_rng(3)
    adata.obsm["X_spotscape"] = rng.normal(size=adata.obsm["X_spotscape"].shape)
    source = (CORNERS - offset) @ np.linalg.inv(matrix).T
    return adata, places, table(source, CORNERS + rng.normal(scale=noise, size=CORNERS.shape))


@pytest.mark.parametrize(
    ("kind", "matrix"),
    [
        ("rigid", turn(70)),
        ("rigid", turn(70, flip=True)),
        ("similarity", 2.5 * turn(200, flip=True)),
        ("affine", np.array([[1.1, 0.3], [-0.2, 0.9]])),
    ],
)
def test_landmarks_fix_the_transform_where_the_embedding_says_nothing(kind, matrix):
    adata, places, landmarks = known(matrix, np.array([4.0, -2.0]))
    with pytest.warns(SpotscapeWarning, match="agrees with 'one' at"):
        align_slices(adata, transform=kind, landmarks=landmarks)
    np.testing.assert_allclose(adata.obsm["spatial_aligned"][500:], places[500:], atol=1e-6)
    row = adata.uns["spotscape_alignment"]["slices"].set_index("slice").loc["two"]
    np.testing.assert_allclose(row[["a11", "a12", "a21", "a22"]].astype(float), matrix.ravel(), atol=1e-8)
    assert row["landmark_error"] < 1e-6
    assert np.isnan(adata.uns["spotscape_alignment"]["slices"]["landmark_error"].iloc[0])


def test_landmarks_pull_a_deformation():
    """Of an embedding that changes along x alone, nothing says how the slice is bent along y."""
    adata, places = bent_slices(noise=0.05)
    adata.obsm["X_spotscape"] = np.stack([places[:, 0], places[:, 0] ** 2 / 3], axis=1)
    rng = np.random.default_rng(0)
    some = 700 + rng.choice(700, 25, replace=False)
    landmarks = table(adata.obsm["spatial"][some], places[some])
    error = {}
    for kind in ("rigid", "nonrigid"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SpotscapeWarning)
            align_slices(adata, transform=kind, landmarks=landmarks)
        row = adata.uns["spotscape_alignment"]["slices"].set_index("slice").loc["two"]
        error[kind] = metrics.registration_error(adata.obsm["spatial_aligned"][700:], places[700:], SPACING)
        error[kind + " at landmarks"] = row["landmark_error"]
    assert error["nonrigid"] < 0.4 * error["rigid"]
    assert error["nonrigid at landmarks"] < 0.4 * error["rigid at landmarks"]
    assert row["jacobian_low"] > 0.2


def test_a_landmark_that_does_not_fit_the_others_is_named():
    adata, _, landmarks = known(turn(20), np.array([1.0, 0.0]), noise=0.02)
    landmarks.loc[2, ["reference_x", "reference_y"]] += 2.0
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        align_slices(adata, landmarks=landmarks)
    assert any("Landmark 3 of slice 'two' comes to lie" in str(one.message) for one in said)


def test_a_slice_without_landmarks_is_aligned_by_its_matches():
    adata, _ = two_slices(turn(37), np.array([5.0, -3.0]))
    align_slices(adata, landmarks=table(CORNERS[:0], CORNERS[:0]))
    assert adata.uns["spotscape_alignment"]["slices"]["n_agreeing"].iloc[1] > 20
    assert adata.uns["spotscape_alignment"]["slices"]["landmark_error"].isna().all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.iloc[:2], "2 landmarks in slice 'two', expected 3 or more"),
        (lambda t: t.assign(y=t["x"]), "5 landmarks on one line in slice 'two'"),
        (lambda t: t.assign(reference_x=7 * t["reference_x"] + 900), "widths of the reference away"),
        (lambda t: t.assign(slice="three"), "the slice 'three', expected slices beside the reference: 'two'"),
        (lambda t: t.assign(slice="one"), "the slice 'one', expected slices beside the reference"),
        (lambda t: t.assign(x=np.nan), "a missing place in row 1"),
        (lambda t: t.assign(x="left"), "places that are no numbers"),
        (lambda t: t.drop(columns="reference_y"), "columns .*expected a table with the columns slice, x"),
        (lambda t: t.to_numpy(), "expected a table with the columns"),
    ],
)
def test_landmarks_that_fix_nothing_raise_before_anything_is_written(change, message):
    adata, _, landmarks = known(turn(20), np.array([1.0, 0.0]))
    with pytest.raises(InputError, match=f"landmarks: found .*{message}"):
        align_slices(adata, landmarks=change(landmarks))
    assert "spatial_aligned" not in adata.obsm


def test_landmarks_without_a_transform_raise():
    adata, _, landmarks = known(turn(20), np.array([1.0, 0.0]))
    with pytest.raises(InputError, match="landmarks: found a table, expected none"):
        align_slices(adata, transform="none", landmarks=landmarks)
