"""The decomposition in blocks against sklearn's and numpy's, and against itself in one block."""

import numpy as np
import pytest
import torch
from scipy import sparse

from spotscape._neighborhood import neighborhood_mean
from spotscape.components import find_components, low_rank
from spotscape.components.low_rank import is_streamed, project, right_vectors, streamed_svd, truncated_svd


def expression(n=400, g=60, seed=0):
    """Counts with six strong patterns, log-transformed, as a sparse matrix."""
    rng = np.random.default_rng(seed)
    rates = np.exp(rng.normal(size=(n, 6)) @ rng.normal(size=(6, g)) * 0.5 - 1)
    return sparse.csr_matrix(np.log1p(rng.poisson(rates)).astype("float32"))


@pytest.fixture
def many(monkeypatch):
    """Every matrix counts as one of many spots, and is read in blocks of a few rows."""
    monkeypatch.setattr(low_rank, "_MANY_SPOTS", 10)
    monkeypatch.setattr(low_rank, "_BLOCK", 60 * 7)


def test_few_spots_and_too_many_genes_are_not_streamed(monkeypatch):
    x = expression()
    assert not is_streamed(x)
    monkeypatch.setattr(low_rank, "_MANY_SPOTS", 10)
    assert is_streamed(x)
    monkeypatch.setattr(low_rank, "_MOST_GENES", 59)
    assert not is_streamed(x)


def test_streamed_is_the_truncated_svd(many):
    x = expression()
    left, right = truncated_svd(x, 6, seed=0)
    u, s, vt = np.linalg.svd(x.toarray().astype(float), full_matrices=False)
    assert left.dtype == right.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(left, axis=0), s[:6], rtol=1e-5)
    np.testing.assert_allclose(right @ right.T, np.eye(6), atol=1e-5)
    np.testing.assert_allclose(left @ right, (u[:, :6] * s[:6]) @ vt[:6], atol=1e-4 * s[0])


def test_streamed_agrees_with_the_randomised_one_in_values_and_subspace(monkeypatch):
    x = expression()
    randomised = truncated_svd(x, 6, seed=0)
    streamed = streamed_svd(x, 6)
    norms = [np.linalg.norm(found.left, axis=0) for found in (randomised, streamed)]
    np.testing.assert_allclose(norms[0], norms[1], rtol=1e-3)
    cosines = np.linalg.svd(randomised.right @ streamed.right.T, compute_uv=False)
    assert cosines.min() > 0.999


def test_blocks_are_the_whole(monkeypatch):
    x = expression()
    whole = streamed_svd(x, 6)
    monkeypatch.setattr(low_rank, "_BLOCK", 60 * 7)
    parts = streamed_svd(x, 6)
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4 * np.abs(one).max())


def test_left_is_the_projection_and_signs_are_settled(many):
    x = expression()
    left, right = streamed_svd(x, 6)
    np.testing.assert_allclose(left, x.toarray() @ right.T, atol=1e-4)
    np.testing.assert_array_equal(left, project(x, right))
    assert (right[np.arange(6), np.abs(right).argmax(axis=1)] > 0).all()
    again = streamed_svd(x, 6)
    np.testing.assert_array_equal(left, again.left)


def test_products_on_a_device_are_those_of_numpy(many, monkeypatch):
    x = expression()
    wanted = np.arange(400) % 3 == 0
    expected = right_vectors(x, 6, wanted)
    monkeypatch.setattr(low_rank, "_there", lambda device: torch.device("cpu"))  # tensors, as on a GPU
    found = right_vectors(x, 6, wanted, "cuda")
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_allclose(project(x, found, device="cuda"), x.toarray() @ found.T, atol=1e-4)


def test_a_device_that_is_not_there_is_left_out():
    assert low_rank._there("cpu") is None
    assert torch.cuda.is_available() or low_rank._there("cuda") is None


def test_rows_that_are_wanted_are_all_that_counts(many, monkeypatch):
    x = expression()
    wanted = np.zeros(400, dtype=bool)
    wanted[[3, 40, 41, 399]] = True
    monkeypatch.setattr("spotscape._row_blocks.BLOCK", 700)
    np.testing.assert_allclose(
        right_vectors(x, 4, wanted), right_vectors(x[np.flatnonzero(wanted)], 4), atol=1e-5
    )
    right = right_vectors(x, 6)
    np.testing.assert_allclose(project(x, right, wanted), project(x, right)[wanted], atol=1e-5)


@pytest.mark.parametrize("n_genes_left", [2, 59])
def test_a_matrix_of_lower_rank_is_given_back(many, n_genes_left):
    dense = expression().toarray()
    dense[:, n_genes_left:] = 0
    left, right = truncated_svd(sparse.csr_matrix(dense), 59, seed=0)
    np.testing.assert_allclose(left @ right, dense, atol=1e-4)


@pytest.mark.parametrize("rank", [0, 12])
@pytest.mark.parametrize("centering", [0.0, 1.0])
def test_components_do_not_depend_on_how_many_spots_are_read_at_once(monkeypatch, rank, centering):
    x = expression()
    path = sparse.diags([1, 1], [-1, 1], shape=(400, 400), format="csr", dtype=float)
    slices = np.repeat([0, 1], 200)
    path[199, 200] = path[200, 199] = 0

    def made():
        return find_components(
            x, neighborhood_mean(path), rank=rank, n_components=3, seed=0, slices=slices, centering=centering
        )

    monkeypatch.setattr(low_rank, "_MANY_SPOTS", 10)
    streamed = made()
    for name, value in {
        "spotscape._row_blocks.BLOCK": 700,
        "spotscape.components.low_rank._BLOCK": 60 * 7,
        "spotscape.components.spatial_components._BLOCK": 60 * 5,
    }.items():
        monkeypatch.setattr(name, value)
    blocks = made()
    scale = float(np.abs(streamed.scores).max())
    np.testing.assert_allclose(blocks.scores, streamed.scores, atol=2e-3 * scale)
    monkeypatch.setattr(low_rank, "_MANY_SPOTS", 10_000)
    if rank == 0:  # all directions: the basis does not matter but for signs
        expected, found = streamed.scores, made().scores
        np.testing.assert_allclose(found * np.sign((found * expected).sum(0)), expected, atol=2e-3 * scale)


def test_indices_of_64_bits():
    x = expression()
    wide = x.copy()
    wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
    for one, other in zip(streamed_svd(x, 6), streamed_svd(wide, 6), strict=True):
        np.testing.assert_array_equal(one, other)
    path = sparse.diags([1, 1], [-1, 1], shape=(400, 400), format="csr", dtype=float)
    found = [
        find_components(each, neighborhood_mean(path), rank=12, n_components=3, seed=0).scores
        for each in (x, wide)
    ]
    np.testing.assert_array_equal(*found)
