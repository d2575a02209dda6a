"""The deformation and its energy against their formulas, and the picture that a slice is bent to."""

import numpy as np
import pytest

from spotscape.alignment.bend import bend, picture
from spotscape.alignment.registration import Sides
from spotscape.alignment.spline import bending_energy, jacobian, no_deformation, refined, splines

POINTS = np.random.default_rng(0).uniform(0, 4, (300, 2))


def fitted(function, cell=0.5):
    """Return a deformation that does nearly what a function of places does."""
    found = no_deformation(POINTS, cell)
    basis = splines(found, POINTS).toarray()
    weights = np.linalg.lstsq(basis, function(POINTS) - POINTS, rcond=None)[0]
    return found._replace(coefficients=weights)


def by_centres(displacement):
    """Return a deformation whose weights are a displacement at the splines' centres: exact if affine."""
    found = no_deformation(POINTS, 1.0)
    sides = [found.lower[axis] + np.arange(-1, found.shape[axis] + 2) for axis in (0, 1)]
    centres = np.stack(np.meshgrid(*sides, indexing="ij"), axis=-1).reshape(-1, 2)
    return found._replace(coefficients=displacement(centres))


def test_splines_add_up_to_one_and_move_nothing_without_weights():
    found = no_deformation(POINTS, 0.7)
    np.testing.assert_allclose(splines(found, POINTS).sum(axis=1), 1)
    np.testing.assert_array_equal(found(POINTS), POINTS)
    np.testing.assert_allclose(jacobian(found), 1)


def test_the_jacobian_is_that_of_differences():
    bent = fitted(lambda p: p + 0.3 * np.stack([np.sin(p[:, 1]), np.cos(p[:, 0])], axis=1))
    step, inner = 1e-5, POINTS[:20] * 0.8 + 0.4
    x, y = ((bent(inner + step * e) - bent(inner - step * e)) / (2 * step) for e in np.eye(2))
    np.testing.assert_allclose(jacobian(bent, inner), x[:, 0] * y[:, 1] - x[:, 1] * y[:, 0], rtol=1e-6)
    # The function itself: det = 1 + 0.09 sin(x) cos(y).
    expected = 1 + 0.09 * np.sin(inner[:, 0]) * np.cos(inner[:, 1])
    np.testing.assert_allclose(jacobian(bent, inner), expected, atol=0.02)


def test_affine_motions_do_not_bend_and_a_parabola_does_by_its_formula():
    flat = by_centres(lambda p: p @ np.array([[0.2, 0.1], [0.3, -0.1]]) + 1)
    np.testing.assert_allclose(flat(POINTS), POINTS @ np.array([[1.2, 0.1], [0.3, 0.9]]) + 1)
    energy = bending_energy(flat)
    assert np.abs(np.einsum("ka,kl,la->a", flat.coefficients, energy, flat.coefficients)).max() < 1e-9
    # u = a x²: the energy is (2 a)², in units of the cell.
    bowed = by_centres(lambda p: np.stack([0.05 * p[:, 0] ** 2, 0 * p[:, 0]], axis=1))
    found = np.einsum("ka,kl,la->a", bowed.coefficients, bending_energy(bowed), bowed.coefficients)
    np.testing.assert_allclose(found, [0.01, 0], atol=1e-9)


def test_a_finer_grid_keeps_the_motion():
    bent = fitted(lambda p: p + 0.3 * np.stack([np.sin(p[:, 1]), np.cos(p[:, 0])], axis=1), cell=1.0)
    np.testing.assert_allclose(refined(bent, POINTS, 0.6)(POINTS), bent(POINTS), atol=0.02)


def test_a_picture_of_a_plane_is_that_plane_up_to_the_rim():
    slope = np.array([[1.0, -2.0], [0.5, 3.0]])
    found = picture(POINTS, POINTS @ slope, width=0.5)
    np.testing.assert_allclose(found.values, POINTS @ slope, atol=0.05)
    np.testing.assert_allclose(found.gradients, np.broadcast_to(slope, (300, 2, 2)), atol=0.1)


@pytest.mark.parametrize("missing", [False, True])
def test_a_part_that_is_missing_or_other_tissue_does_not_pull(missing):
    rng = np.random.default_rng(1)
    one, two = rng.uniform(0, 3, (900, 2)), rng.uniform(0, 3, (900, 2))

    def channels(p):
        return np.stack([np.sin(3 * p[:, 0]) + p[:, 0], np.cos(3 * p[:, 1]) + p[:, 1]], axis=1)

    z, corner = channels(two), (two < 1).all(axis=1)
    if missing:
        keep = ~(one < 1).all(axis=1)
        one = one[keep]
    else:
        z[corner] = rng.permutation(z[corner]) + 4
    bowed = two + 0.2 * np.stack([np.sin(two[:, 1]), np.sin(two[:, 0])], axis=1)
    found = bend(Sides(bowed, z, one, channels(one), 0.1))
    assert found is not None
    off = np.linalg.norm(found(bowed) - two, axis=1)
    assert np.median(off[~corner]) < 0.05
    assert np.quantile(off[~corner], 0.9) < 0.15
