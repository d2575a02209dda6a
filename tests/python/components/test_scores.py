"""Scores and samples of many spots against those of all of them."""

import numpy as np
import pytest
import torch
from scipy import sparse

from spotscape._neighborhood import edges_of, neighborhood_mean
from spotscape.components import find_components
from spotscape.components.scores import find_scores, sample_spots

N, G = 900, 12


@pytest.fixture(scope="module")
def tissue():
    """Expression that changes along a square, and its lattice."""
    rng = np.random.default_rng(0)
    places = np.stack(np.divmod(np.arange(N), 30), axis=1)
    x = rng.poisson(1 + np.outer(places[:, 0] / 6, np.arange(G) % 3) + (places[:, 1] > 15)[:, None])
    line = sparse.diags([1, 1], [-1, 1], shape=(30, 30))
    return sparse.csr_matrix(np.log1p(x), dtype="float32"), neighborhood_mean(sparse.kronsum(line, line))


@pytest.fixture
def many(monkeypatch):
    monkeypatch.setattr("spotscape.components.low_rank._MANY_SPOTS", 100)
    monkeypatch.setattr("spotscape.components.scores.MOST_SPOTS", 400)


def test_a_sample_has_its_spots_neighbours_and_true_edges(tissue, many):
    _, mean = tissue
    sample = sample_spots(mean, seed=0)
    edges = sample.spots[sample.edge_index.numpy()]
    known = {tuple(edge) for edge in edges_of(mean).T}
    found = [tuple(edge) for edge in edges.T]
    assert len(set(found)) == len(found)
    assert set(found) < known
    assert {edge[::-1] for edge in found} == set(found)
    # All edges of the 400 spots that were drawn: of those alone, all neighbours are there.
    full = np.bincount(edges[0], minlength=N) == np.diff(mean.indptr) - 1
    assert full.sum() >= 400
    again = sample_spots(mean, seed=0)
    np.testing.assert_array_equal(sample.spots, again.spots)


def test_of_few_spots_all_are_taken(tissue):
    _, mean = tissue
    sample = sample_spots(mean, seed=0)
    assert sample.spots is None
    np.testing.assert_array_equal(sample.edge_index, edges_of(mean))


def test_scores_are_the_same_kept_or_made_again(tissue, monkeypatch):
    x, _ = tissue
    monkeypatch.setattr("spotscape.components.low_rank._MANY_SPOTS", 100)
    kept = find_scores(x, 5, seed=0)
    monkeypatch.setattr("spotscape.components.scores.MOST_SPOTS", 400)
    made = find_scores(x, 5, seed=0)
    assert made.known is None
    spots = np.array([0, 3, 500, 899])
    np.testing.assert_allclose(made.of(spots), kept.of(spots), rtol=1e-6)
    directions = torch.from_numpy(np.random.default_rng(1).normal(size=(5, 3)))
    offsets = torch.from_numpy(np.random.default_rng(2).normal(size=(2, 5)))
    for groups in (None, torch.arange(N) % 2):
        one, other = (scores.along(directions, offsets, groups) for scores in (kept, made))
        assert one.dtype == other.dtype == np.float32
        np.testing.assert_allclose(one, other, atol=1e-4)


@pytest.mark.parametrize("n_slices", [1, 2])
def test_components_of_a_sample_are_near_those_of_all_spots(tissue, many, monkeypatch, n_slices):
    x, mean = tissue
    slices = None if n_slices == 1 else np.repeat([0, 1], [450, 450])
    if slices is not None:
        across = slices[:, None] != slices
        mean = neighborhood_mean(sparse.csr_matrix(np.where(across, 0, mean.toarray())))
    settings = {
        "n_components": 2,
        "rank": 8,
        "seed": 0,
        "slices": slices,
        "centering": 1.0,
        "slice_noise": 0.5,
    }
    found = find_components(x, mean, **settings)
    monkeypatch.setattr("spotscape.components.scores.MOST_SPOTS", N)
    whole = find_components(x, mean, **settings)
    np.testing.assert_allclose(found.ratios, whole.ratios, rtol=0.15)
    for one, other in zip(found.scores.T, whole.scores.T, strict=True):
        assert abs(np.corrcoef(one, other)[0, 1]) > 0.98
    np.testing.assert_allclose(found.scores.mean(axis=0), 0, atol=0.05 * np.abs(found.scores).max())
