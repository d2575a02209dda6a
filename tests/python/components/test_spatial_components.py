"""Spatial components against scipy's generalised eigenproblem, edge by edge, and what they promise."""

import numpy as np
import pytest
import torch
from scipy.linalg import eigh

from spotscape.components.spatial_components import centered_blocks, covariances, spatial_components

ROWS, COLUMNS = 9, 8
N = ROWS * COLUMNS


def grid():
    """Edges of a grid of spots, each in both directions."""
    place = np.arange(N).reshape(ROWS, COLUMNS)
    across = np.stack([place[:, :-1].ravel(), place[:, 1:].ravel()])
    down = np.stack([place[:-1].ravel(), place[1:].ravel()])
    pairs = np.concatenate([across, down], axis=1)
    return torch.from_numpy(np.concatenate([pairs, pairs[::-1]], axis=1))


def tissue(r=6, dtype=torch.float64, seed=0):
    """Noise of several strengths, correlated, over two smooth patterns; the mean taken off."""
    rng = np.random.default_rng(seed)
    y, x = np.divmod(np.arange(N), COLUMNS)
    patterns = np.stack([y / ROWS, (x > COLUMNS // 2).astype(float)], axis=1)
    noise = rng.normal(size=(N, r)) @ np.diag(np.linspace(0.2, 3, r)) @ rng.normal(size=(r, r))
    scores = patterns @ rng.normal(scale=4, size=(2, r)) + noise
    return torch.from_numpy(scores - scores.mean(axis=0)).to(dtype)


def components(scores, edges, q, **centering):
    """Return the components of scores."""
    return spatial_components(covariances(scores, edges, **centering), q)


def literal(scores, edge_index, ridge=1e-6):
    """Return N and T by loops, and the generalised eigenvectors by scipy, best first."""
    scores = scores.double().numpy()
    r = scores.shape[1]
    noise, total = np.zeros((r, r)), np.zeros((r, r))
    for a, b in edge_index.T.tolist():
        noise += np.outer(scores[a] - scores[b], scores[a] - scores[b]) / (2 * edge_index.shape[1])
    for row in scores:
        total += np.outer(row, row) / len(scores)
    ratios, directions = eigh(total, noise + ridge * noise.trace() / r * np.eye(r))
    return noise, total, ratios[::-1], directions[:, ::-1]


@pytest.mark.parametrize(("dtype", "bound"), [(torch.float64, 1e-9), (torch.float32, 1e-3)])
@pytest.mark.parametrize("q", [1, 4, 6])
def test_agrees_with_scipy(q, dtype, bound):
    scores, edges = tissue(dtype=dtype), grid()
    found = components(scores, edges, q)
    _, _, ratios, directions = literal(scores, edges)
    assert found.directions.shape == (6, q)
    assert found.directions.dtype == found.ratios.dtype == torch.float64
    np.testing.assert_allclose(found.ratios, ratios[:q], rtol=bound)
    signs = np.sign(np.sum(found.directions.numpy() * directions[:, :q], axis=0))
    scale = np.abs(directions).max()
    np.testing.assert_allclose(found.directions, directions[:, :q] * signs, atol=bound * scale)


def test_noise_is_white_and_ratios_are_those_of_the_variances():
    scores, edges = tissue(), grid()
    found = components(scores, edges, 6)
    values = scores @ found.directions
    noise, total, _, _ = literal(values, edges)
    np.testing.assert_allclose(noise, np.eye(6), atol=1e-4)  # but for the ridge
    np.testing.assert_allclose(total, np.diag(found.ratios), atol=1e-6 * found.ratios[0])
    assert (found.ratios.diff() <= 0).all()
    largest = found.directions[found.directions.abs().argmax(0), torch.arange(6)]
    assert (largest > 0).all()


def test_what_varies_over_the_tissue_comes_before_what_varies_most():
    generator = torch.Generator().manual_seed(0)
    flicker = 20 * torch.randn(N, 1, generator=generator, dtype=torch.float64)
    gradient = torch.arange(N, dtype=torch.float64)[:, None] / N
    scores = torch.cat([flicker, gradient], dim=1)
    found = components(scores - scores.mean(0), grid(), 2)
    assert found.directions[1, 0] > 10 * found.directions[0, 0].abs()
    assert found.ratios[0] > 5
    assert 0.5 < found.ratios[1] < 2  # no spatial structure: as much between neighbours as anywhere


def test_order_of_spots_and_of_edges_does_not_matter():
    scores, edges = tissue(), grid()
    generator = torch.Generator().manual_seed(1)
    order = torch.randperm(N, generator=generator)
    place = torch.argsort(order)
    moved = place[edges].flip(0)[:, torch.randperm(edges.shape[1], generator=generator)]
    found, again = components(scores, edges, 3), components(scores[order], moved, 3)
    torch.testing.assert_close(again.directions, found.directions)
    torch.testing.assert_close(again.ratios, found.ratios)


def test_components_are_the_same_in_any_basis_of_the_genes():
    scores, edges = tissue(), grid()
    basis = torch.randn(6, 6, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    found, again = (components(x, edges, 3) for x in (scores, scores @ basis))
    torch.testing.assert_close(again.ratios, found.ratios, rtol=5e-3, atol=0)  # but for the ridge
    one, other = scores @ found.directions, scores @ basis @ again.directions
    torch.testing.assert_close(other.abs(), one.abs(), rtol=0, atol=0.02 * float(one.abs().max()))


def test_input_is_left_alone():
    scores, edges = tissue(), grid()
    kept = scores.clone()
    components(scores, edges, 2)
    assert torch.equal(scores, kept)


@pytest.mark.parametrize("what", ["a column of zeros", "a column twice", "all zeros"])
def test_what_has_no_noise_gives_finite_numbers(what):
    scores = tissue()
    if what == "a column of zeros":
        scores[:, 2] = 0
    elif what == "a column twice":
        scores[:, 2] = scores[:, 3]
    else:
        scores[:] = 0
    found = components(scores, grid(), 6)
    assert torch.isfinite(found.directions).all()
    assert torch.isfinite(found.ratios).all()


def test_blocks_are_the_whole(monkeypatch):
    scores, edges = tissue(), grid()
    whole = components(scores, edges, 6)
    monkeypatch.setattr("spotscape.components.spatial_components._BLOCK", 6 * 5)
    for one, other in zip(whole, components(scores, edges, 6), strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("grouped", [False, True])
def test_offsets_are_taken_off_before(grouped):
    scores, edges = tissue(), grid()
    groups = torch.arange(N) // (N // 2)
    offsets = torch.randn(2, 6, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    edges = edges[:, groups[edges[0]] == groups[edges[1]]]
    expected = components(scores, edges, 3)
    moved = scores + (offsets[groups] if grouped else offsets[:1])
    found = components(
        moved, edges, 3, offsets=offsets if grouped else offsets[:1], groups=groups if grouped else None
    )
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)
    whole = torch.cat(list(centered_blocks(moved, offsets, groups if grouped else None)))
    torch.testing.assert_close(whole, scores)
