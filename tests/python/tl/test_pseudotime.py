"""Pseudotime: order along a gradient, every kind of root, parts that no path joins."""

import anndata as ad
import numpy as np
import pytest
from scipy.stats import spearmanr

from spotscape._validate import InputError, SpotscapeWarning
from spotscape.tl import pseudotime


@pytest.fixture
def gradient():
    """Two hundred spots along a curve in the embedding, three groups in order."""
    rng = np.random.default_rng(0)
    depth = np.sort(rng.uniform(0, 1, 200))
    counts = rng.poisson(20, (200, 3)).astype("float32")
    counts[:, 0] = rng.poisson(1 + 9 * depth)
    adata = ad.AnnData(counts)
    adata.var_names = ["rises", "stays", "too"]
    adata.obs_names = [f"spot{i}" for i in range(200)]
    angle = np.pi * depth / 2
    curve = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    adata.obsm["X_spotscape"] = (curve + rng.normal(scale=0.01, size=curve.shape)).astype("float32")
    adata.obsm["spatial"] = np.stack([10 * depth, rng.uniform(0, 1, 200)], axis=1)
    adata.obs["spotscape_domain"] = np.array(["a", "b", "c"])[np.digitize(depth, [0.3, 0.7])]
    adata.obs["depth"] = depth
    adata.uns["spotscape"] = {"params": {}}
    return adata


@pytest.mark.parametrize(
    ("root", "rises"),
    [
        ("spot0", True),
        ({"spot": "spot199"}, False),
        ("a", True),
        ({"domain": "c"}, False),
        ({"gene": "rises"}, False),
        ((0.0, 0.5), True),
        ({"position": [10, 0.5]}, False),
    ],
)
def test_every_kind_of_root_orders_the_gradient(gradient, root, rises):
    pseudotime(gradient, root=root, n_neighbors=15)
    time = gradient.obs["spotscape_pseudotime"]
    assert (time.min(), time.max()) == (0, 1)
    rho = spearmanr(time, gradient.obs["depth"])[0]
    assert (rho if rises else -rho) > 0.95
    record = gradient.uns["spotscape_pseudotime"]
    assert time[record["root"]] == 0
    assert record["n_unreached"] == 0


def test_paga_connects_what_is_next_to_each_other(gradient):
    pseudotime(gradient, root="a", n_neighbors=15)
    record = gradient.uns["spotscape_pseudotime"]
    assert list(record["groups"]) == ["a", "b", "c"]
    between = record["connectivities"]
    assert between[0, 1] > between[0, 2]
    assert between[1, 2] > between[0, 2]


def test_without_a_root_an_end_is_taken_and_said(gradient):
    with pytest.warns(SpotscapeWarning, match="No root was given: time starts at spot 'spot"):
        pseudotime(gradient, n_neighbors=15)
    assert abs(spearmanr(gradient.obs["spotscape_pseudotime"], gradient.obs["depth"])[0]) > 0.95


def test_the_order_of_spots_does_not_matter(gradient):
    shuffled = gradient[np.random.default_rng(1).permutation(200)].copy()
    for one in (gradient, shuffled):
        pseudotime(one, root="spot0", n_neighbors=15)
    expected = gradient.obs["spotscape_pseudotime"][shuffled.obs_names]
    np.testing.assert_allclose(shuffled.obs["spotscape_pseudotime"], expected, atol=1e-3)


def test_parts_that_no_path_joins_are_nan_and_said(gradient):
    gradient.obsm["X_spotscape"][150:] += 100
    with pytest.warns(SpotscapeWarning, match="50 of 200 spots are in parts that no path leads to"):
        pseudotime(gradient, root="spot0", n_neighbors=15)
    missing = gradient.obs["spotscape_pseudotime"].isna().to_numpy()
    assert missing[150:].all()
    assert not missing[:150].any()


@pytest.mark.parametrize(
    ("root", "words"),
    [
        ("nowhere", ["root", "'nowhere'", "spot, domain or gene", "'a'"]),
        ({"domain": "z"}, ["root", "no domain 'z'", "'a', 'b', 'c'"]),
        ({"cell": "a"}, ["root", "'spot', 'domain', 'gene', 'position'"]),
        ((1.0, np.nan), ["root", "two or three numbers"]),
        ((1.0, 2.0, 3.0), ["root", "3 numbers"]),
        (7, ["root", "7"]),
    ],
)
def test_a_root_that_is_not_there_is_refused_before_work(gradient, root, words):
    before = gradient.copy()
    with pytest.raises(InputError) as error:
        pseudotime(gradient, root=root)
    assert all(word in str(error.value) for word in words), error.value
    assert list(gradient.obs) == list(before.obs)
    assert list(gradient.uns) == list(before.uns)


def test_a_name_of_two_things_is_asked_back(gradient):
    gradient.obs_names = ["a", *gradient.obs_names[1:]]
    with pytest.raises(InputError, match="the name of a spot and of a domain"):
        pseudotime(gradient, root="a")


def test_few_spots_and_unknown_columns_are_refused(gradient):
    with pytest.raises(InputError, match="10 spots, expected 20 or more"):
        pseudotime(gradient[:10].copy(), root="spot0")
    with pytest.raises(InputError, match="domain_key"):
        pseudotime(gradient, root="spot0", domain_key="layer")


def test_a_copy_leaves_the_object_alone(gradient):
    copy = pseudotime(gradient, root="a", n_neighbors=15, copy=True)
    assert "spotscape_pseudotime" in copy.obs
    assert "spotscape_pseudotime" not in gradient.obs
