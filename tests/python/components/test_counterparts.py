"""Counterparts against a search by loops, and components of slices that differ by a batch."""

import numpy as np
import pytest
import torch
from scipy import sparse

from spotscape._neighborhood import neighborhood_mean
from spotscape.components import counterparts as module
from spotscape.components import find_components
from spotscape.components.counterparts import (
    components_across_slices,
    components_without,
    counterparts,
    nearest_of,
    smoothed_sample,
)
from spotscape.components.spatial_components import covariances, spatial_components

SIDE = 15


def lattice(n_slices, side=SIDE):
    """Edges of square lattices, one to a slice, in both directions; and the slice of each spot."""
    place = np.arange(side * side).reshape(side, side)
    across = np.stack([place[:, :-1].ravel(), place[:, 1:].ravel()])
    down = np.stack([place[:-1].ravel(), place[1:].ravel()])
    one = np.concatenate([across, down], axis=1)
    pairs = np.concatenate([one + number * side * side for number in range(n_slices)], axis=1)
    slices = torch.arange(n_slices).repeat_interleave(side * side)
    return torch.from_numpy(np.concatenate([pairs, pairs[::-1]], axis=1)), slices


def mean_over(edges):
    """The mean over a spot and its neighbours, of edges in both directions."""
    n = int(edges.max()) + 1
    return neighborhood_mean(sparse.csr_matrix((np.ones(edges.shape[1]), edges.numpy()), shape=(n, n)))


def tissue(n_slices=2, r=8, batch=3.0, seed=0):
    """Four stripes told apart by the first four columns; slices differ by stripe, along the others."""
    rng = np.random.default_rng(seed)
    slices = lattice(n_slices)[1].numpy()
    stripe = np.tile(np.arange(SIDE * SIDE) % SIDE * 4 // SIDE, n_slices)
    values = rng.normal(size=(len(slices), r))
    values[np.arange(len(slices)), stripe] += 4
    moved = slices > 0
    values[moved, 4 + (stripe[moved] + slices[moved]) % 4] += batch
    for number in range(n_slices):
        values[slices == number] -= values[slices == number].mean(0)
    return torch.from_numpy(values)


def by_number(scores):
    """Give scores as they are asked for."""
    return lambda spots: scores.numpy()[spots]


def share_of_batch(directions):
    """Return how much of some directions (r x q) lies along what slices differ by."""
    return float(directions[4:].norm() / directions.norm())


def found_in(scores, n_slices=2, weight=3.0, q=3):
    edges, slices = lattice(n_slices)
    nothing = torch.zeros(1, scores.shape[1], dtype=torch.float64)
    smoothed, numbers = smoothed_sample(by_number(scores), mean_over(edges), nothing, None, slices, 0)
    return components_without(covariances(scores, edges), smoothed, numbers, q, weight)


def across(scores, n_slices=2, largest=3.0, q=3, **settings):
    edges, slices = lattice(n_slices)
    nothing = torch.zeros(1, scores.shape[1], dtype=torch.float64)
    smoothed, numbers = smoothed_sample(by_number(scores), mean_over(edges), nothing, None, slices, 0)
    return components_across_slices(covariances(scores, edges), smoothed, numbers, q, largest, **settings)


def signal(components):
    return float((components.ratios - 1).clamp_min(0).sum())


@pytest.mark.parametrize("sizes", [(20, 25), (9, 30, 14), (1, 40)])
def test_counterparts_are_the_nearest_of_each_other_slice(sizes):
    rng = np.random.default_rng(1)
    slices = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    places = rng.normal(size=(sum(sizes), 3))
    expected = set()
    for spot, own in enumerate(slices):
        for other in set(slices) - {own}:
            there = np.flatnonzero(slices == other)
            apart = [np.square(places[spot] - places[one]).sum() for one in there]
            expected.add((spot, int(there[np.argmin(apart)])))
    found = counterparts(torch.from_numpy(places), slices)
    assert found.shape == (2, len(expected))
    assert set(map(tuple, found.T.tolist())) == expected


def test_a_device_finds_the_same_in_blocks(monkeypatch):
    rng = np.random.default_rng(2)
    asking, others = (torch.from_numpy(rng.normal(size=(n, 4)) + 7) for n in (90, 50))
    expected = nearest_of(asking, others)
    monkeypatch.setattr(module, "_SEARCHED_BY_SKLEARN", ())
    monkeypatch.setattr(module, "_BLOCK", 50 * 40)
    np.testing.assert_array_equal(nearest_of(asking, others), expected)


@pytest.mark.parametrize("seed", range(3))
def test_what_slices_differ_by_goes_from_the_components(seed):
    scores, (edges, _) = tissue(seed=seed), lattice(2)
    plain = spatial_components(covariances(scores, edges), 3)
    assert share_of_batch(found_in(scores).directions) < 0.8 * share_of_batch(plain.directions)


def test_weight_zero_is_without():
    scores, (edges, _) = tissue(), lattice(2)
    for one, other in zip(
        found_in(scores, weight=0.0), spatial_components(covariances(scores, edges), 3), strict=True
    ):
        torch.testing.assert_close(one, other)


def test_slices_of_one_tissue_lose_all_that_differs():
    found = across(tissue(), largest=3.0)
    assert found.weight == 3.0
    for one, other in zip(found.components, found_in(tissue(), weight=3.0), strict=True):
        torch.testing.assert_close(one, other)
    plain = found_in(tissue(), weight=0.0)
    assert found.signal == pytest.approx(signal(found.components) / signal(plain))
    assert found.signal > 1 / 3


def test_slices_of_different_tissue_keep_a_third_of_their_signal():
    rng = np.random.default_rng(0)
    slices = lattice(2)[1].numpy()
    stripe = np.tile(np.arange(SIDE * SIDE) % SIDE * 4 // SIDE, 2)
    values = rng.normal(size=(len(slices), 8))
    values[np.arange(len(slices)), stripe + 4 * slices] += 4  # nothing of one is found in the other
    for number in range(2):
        values[slices == number] -= values[slices == number].mean(0)
    scores = torch.from_numpy(values)
    found = across(scores, q=6)
    assert 0 < found.weight < 3
    assert found.signal >= 1 / 3 or found.weight == 0.5
    assert signal(found_in(scores, weight=3.0, q=6)) < signal(found_in(scores, weight=0.0, q=6)) / 3


def test_a_correction_multiplies_the_weight_found():
    once, twice, none = (across(tissue(), correction=c) for c in (1.0, 2.0, 0.0))
    assert (once.weight, twice.weight, none.weight) == (3.0, 6.0, 0.0)
    assert twice.signal < once.signal < none.signal == 1


def test_order_of_spots_and_of_slices_does_not_matter():
    scores, (edges, slices) = tissue(n_slices=3), lattice(3)
    order = torch.randperm(len(slices), generator=torch.Generator().manual_seed(0))
    place = torch.argsort(order)
    nothing = torch.zeros(1, scores.shape[1], dtype=torch.float64)
    names = torch.tensor([2, 0, 1])
    smoothed, numbers = smoothed_sample(
        by_number(scores[order]), mean_over(place[edges]), nothing, None, names[slices[order]], 0
    )
    again = components_without(covariances(scores[order], place[edges]), smoothed, numbers, 3, 3.0)
    torch.testing.assert_close(again.directions, found_in(scores, n_slices=3).directions)


@pytest.mark.parametrize("grouped", [False, True])
def test_smoothed_is_two_dense_means_without_the_offsets(grouped):
    scores, (edges, slices) = tissue(), lattice(2)
    offsets = torch.randn(
        2 if grouped else 1, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(1)
    )
    step = torch.eye(len(slices), dtype=torch.float64)
    step[edges[0], edges[1]] = 1
    mean = step / step.sum(1, keepdim=True)
    found, numbers = smoothed_sample(
        by_number(scores), mean_over(edges), offsets, slices if grouped else None, slices, 0
    )
    expected = mean @ (mean @ (scores - (offsets[slices] if grouped else offsets)))
    np.testing.assert_allclose(found, expected, atol=1e-12)
    np.testing.assert_array_equal(numbers, slices)


def test_of_many_spots_as_many_of_each_slice_are_looked_at(monkeypatch):
    monkeypatch.setattr(module, "_MOST_SPOTS", 60)
    scores, (edges, slices) = tissue(n_slices=3), lattice(3)
    nothing = torch.zeros(1, scores.shape[1], dtype=torch.float64)
    once, again = (
        smoothed_sample(by_number(scores), mean_over(edges), nothing, None, slices, 5) for _ in range(2)
    )
    np.testing.assert_array_equal(np.bincount(once[1]), [20, 20, 20])
    np.testing.assert_array_equal(once[0], again[0])


@pytest.mark.parametrize("centering", [0.0, 1.0])
def test_the_graph_of_several_slices_has_components_across_them(centering):
    edges, slices = lattice(2)
    n = len(slices)
    graph = sparse.csr_matrix((np.ones(edges.shape[1]), edges.numpy()), shape=(n, n))
    values = tissue().numpy()
    x = sparse.csr_matrix((values - values.min()).astype(np.float32))
    with_, without = (
        find_components(
            x,
            neighborhood_mean(graph),
            rank=0,
            n_components=3,
            seed=0,
            slices=slices.numpy(),
            centering=centering,
            slice_noise=weight,
        ).loadings
        for weight in (3.0, 0.0)
    )
    assert share_of_batch(torch.from_numpy(with_)) < 0.8 * share_of_batch(torch.from_numpy(without))
    one_slice = [
        find_components(
            x, neighborhood_mean(graph), rank=0, n_components=3, seed=0, slice_noise=weight
        ).scores
        for weight in (3.0, 0.0)
    ]
    assert (one_slice[0] == one_slice[1]).all()


def test_each_of_many_slices_is_compared_with_some():
    assert sorted(module._compared(4)) == [(a, b) for a in range(4) for b in range(4) if a != b]
    pairs = np.array(list(module._compared(60)))
    assert len(pairs) == 60 * 20 == len(np.unique(pairs, axis=0))
    assert (pairs[:, 0] != pairs[:, 1]).all()
    assert (np.bincount(pairs[:, 1]) == 20).all()
    places, slices = np.arange(60.0)[:, None], np.arange(60)
    assert counterparts(torch.from_numpy(places), slices).shape == (2, 1200)
