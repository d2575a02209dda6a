"""Bend a slice that lies on the reference, so that its spots come to lie on those that are like them.

The embedding of either slice is a picture with d channels. With x the places of the slice's spots, z their
channels and Z the picture of the reference, the deformation u is what makes

    sum_i w_i |z_i - Z(x_i + u(x_i))|² / s²  +  λ N · (bending energy of u)

small: Gauss and Newton's steps, with the gradient of Z (2 x d) at each spot. In a layer the gradient points
across it, and the bending energy alone says how a spot moves along it. Coarse to fine: the pictures are
blurred, and the grid of the deformation is wide, then less so. w_i is small for spots that fit badly, as
where tissue is torn or missing, and 0 for those that do not lie on the reference. s² is their median misfit.
Landmarks add the squares of their distances, in spots. At one spot all of them weigh as much as the pictures.

A deformation that folds is never a result: it is made stiffer until it does not.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from spotscape.alignment.landmarks import Landmarks
from spotscape.alignment.registration import Sides
from spotscape.alignment.spline import (
    Deformation,
    bending_energy,
    jacobian,
    no_deformation,
    refined,
    splines,
)

_WIDTH = 65.0
"""Units across a tissue (a section of Visium in spots): stiffness, grid and blur go with its size."""
_LEVELS = ((10.0, 4.0), (7.0, 3.0), (5.0, 2.0))
"""Side of the grid's cells, and width of the blur, in these units, from coarse to fine."""
_LEAST_BLUR = 1.2
"""In spot distances."""
_STIFFNESS = 3.0
"""λ, with the energy in these units."""
_STIFFER = 3.0
_TRIES = 6
_STEPS = 8
_LEAST_JACOBIAN = 0.2
"""How small a piece of tissue may become: less is next to a fold."""
_NEIGHBORS = 60
_REACH = 1.5
"""How far from a spot of the reference, in spot distances, its picture is known."""


class Picture(NamedTuple):
    """Places (N x 2), and the blurred channels (N x d) with their gradients (N x 2 x d) there."""

    tree: cKDTree
    values: np.ndarray
    gradients: np.ndarray


class _Level(NamedTuple):
    """A grid's cell, a width of the blur, and so blurred: the slice's channels (N x d), and the reference."""

    cell: float
    width: float
    own: np.ndarray
    there: Picture


def bend(sides: Sides, landmarks: Landmarks | None = None) -> Deformation | None:
    """Return the deformation of the slice, which lies on the reference; None where each one folds.

    Parameters
    ----------
    sides
        Both slices, with the places of the slice in the reference's frame.
    landmarks
        With their places in the slice in that frame, too.
    """
    unit = float(np.sqrt(np.prod(np.ptp(sides.xy, axis=0)))) / _WIDTH
    levels = [
        _level(sides, cell * unit, max(blur * unit, _LEAST_BLUR * sides.spacing)) for cell, blur in _LEVELS
    ]
    stiffness = _STIFFNESS
    for _ in range(_TRIES):
        found = _coarse_to_fine(sides, levels, stiffness / unit**2, landmarks)
        if jacobian(found).min() >= _LEAST_JACOBIAN:
            return found
        stiffness *= _STIFFER
    return None


def _level(sides: Sides, cell: float, width: float) -> _Level:
    own = picture(sides.xy, sides.z, width).values
    return _Level(cell, width, own, picture(sides.reference_xy, sides.reference_z, width))


def _coarse_to_fine(
    sides: Sides, levels: list[_Level], stiffness: float, landmarks: Landmarks | None
) -> Deformation:
    """Return the deformation that the finest level gives."""
    found = no_deformation(sides.xy, levels[0].cell)
    for level in levels:
        found = refined(found, sides.xy, level.cell)
        energy = stiffness * len(sides.xy) * bending_energy(found)
        found = _fitted(found, sides, level, energy, landmarks)
    return found


def picture(xy: np.ndarray, z: np.ndarray, width: float) -> Picture:
    """Return the channels z (N x d) blurred by a Gaussian, as planes fitted around each place (N x 2).

    A plane has no pull towards the middle of the tissue at its rim, as a mean would have.
    """
    tree = cKDTree(xy)
    distances, near = tree.query(xy, k=min(_NEIGHBORS, len(xy)))
    weights = np.exp(-(distances**2) / (2 * width**2))
    offsets = (xy[near] - xy[:, None]) / width
    terms = np.concatenate([np.ones((*offsets.shape[:2], 1)), offsets], axis=2)
    system = np.einsum("nk,nka,nkb->nab", weights, terms, terms)
    system += 1e-3 * weights.sum(axis=1)[:, None, None] * np.eye(3)
    planes = np.linalg.solve(system, np.einsum("nk,nka,nkd->nad", weights, terms, z[near], optimize=True))
    return Picture(tree, planes[:, 0], planes[:, 1:] / width)


def _fitted(
    start: Deformation, sides: Sides, level: _Level, energy: np.ndarray, landmarks: Landmarks | None
) -> Deformation:
    """Return the deformation after Gauss and Newton's steps from where it is."""
    own, there = level.own, level.there
    basis = splines(start, sides.xy)
    energy, pulled = _with_landmarks(energy, start, sides, landmarks)
    whole = np.kron(np.eye(2), energy)
    coefficients = start.coefficients
    for _ in range(_STEPS):
        moved = sides.xy + basis @ coefficients
        distances, near = there.tree.query(moved)
        over = distances <= _REACH * sides.spacing
        if not over.any():
            break
        gradients = there.gradients[near]
        misfit = (
            own - there.values[near] - np.einsum("na,nad->nd", moved - sides.reference_xy[near], gradients)
        )
        squares = np.square(misfit).sum(axis=1)
        typical = max(float(np.median(squares[over])), 1e-12)
        weights = over / (1 + squares / typical) * misfit.shape[1] / typical
        curvature = np.einsum("nad,nbd->nab", gradients, gradients) * weights[:, None, None]
        pull = np.einsum("nad,nd->na", gradients, misfit) * weights[:, None]
        rows = [[basis.T @ sparse.diags(curvature[:, a, b]) @ basis for b in (0, 1)] for a in (0, 1)]
        system = sparse.bmat(rows).toarray() + whole
        system += 1e-9 * np.trace(system) / len(system) * np.eye(len(system))
        right = (basis.T @ pull + pulled).T.ravel() - whole @ coefficients.T.ravel()
        step = np.linalg.solve(system, right).reshape(2, -1).T
        largest = float(np.linalg.norm(basis @ step, axis=1).max())
        coefficients = coefficients + step * min(1.0, level.width / max(largest, 1e-300))
        if largest < 0.02 * sides.spacing:
            break
    return start._replace(coefficients=coefficients)


def _with_landmarks(
    energy: np.ndarray, start: Deformation, sides: Sides, landmarks: Landmarks | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the energy's matrix (K x K) with that of the landmarks, and their pull (K x 2)."""
    if landmarks is None:
        return energy, np.zeros((len(energy), 2))
    basis = splines(start, landmarks.source).toarray()
    weight = sides.z.size / len(landmarks.source) / sides.spacing**2
    return energy + weight * basis.T @ basis, weight * basis.T @ (landmarks.target - landmarks.source)
