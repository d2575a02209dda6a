"""A smooth deformation of the plane: cubic B-splines on a grid (a free-form deformation).

``y = x + sum_k B_k(x) c_k``, with B_k the products of cubic B-splines whose knots lie on the grid.

The bending energy is ``∫ u_xx² + 2 u_xy² + u_yy²`` of both components u, over the grid, in units of its cell:
it is 0 for every affine motion. The deformation folds nothing where its Jacobian determinant is above 0.

Source: Rueckert et al. (1999), Nonrigid registration using free-form deformations, IEEE TMI 18.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.interpolate import BSpline

_DEGREE = 3
_FINE = 4
"""Points that a cell is measured at, along each side."""


class Deformation(NamedTuple):
    """A deformation, called with points (N x 2) and giving where they go.

    Attributes
    ----------
    lower
        Corner of the grid, (2,).
    cell
        Side of its cells.
    shape
        Numbers of cells, (2,).
    coefficients
        Weights of the splines, (shape[0] + 3) (shape[1] + 3) x 2.
    """

    lower: np.ndarray
    cell: float
    shape: tuple[int, int]
    coefficients: np.ndarray

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Return where points go; outside the grid they move like the nearest point of it."""
        moved: np.ndarray = points + splines(self, points) @ self.coefficients
        return moved


def no_deformation(points: np.ndarray, cell: float) -> Deformation:
    """Return one that moves nothing, on a grid of cells that covers the points (N x 2)."""
    lower = points.min(axis=0) - cell / 2
    columns, rows = np.maximum(1, np.ceil((points.max(axis=0) + cell / 2 - lower) / cell)).astype(int)
    return Deformation(lower, cell, (columns, rows), np.zeros(((columns + 3) * (rows + 3), 2)))


def splines(of: Deformation, points: np.ndarray, derivative: tuple[int, int] = (0, 0)) -> sparse.csr_matrix:
    """Return the splines of a grid, or a derivative of them along x and y, at points: N x K."""
    where = np.clip((points - of.lower) / of.cell, 0, of.shape)
    along = []
    for axis in (0, 1):
        knots = np.arange(-_DEGREE, of.shape[axis] + _DEGREE + 1, dtype=float)
        basis = BSpline(knots, np.eye(of.shape[axis] + _DEGREE), _DEGREE)
        along.append(basis(where[:, axis], nu=derivative[axis]) / of.cell ** derivative[axis])
    return sparse.csr_matrix((along[0][:, :, None] * along[1][:, None, :]).reshape(len(points), -1))


def bending_energy(of: Deformation) -> np.ndarray:
    """Return K with the energy of each component c as c' K c, per area of the grid, in units of its cell."""
    points = _lattice(of)
    parts = [
        (splines(of, points, which), weight) for which, weight in (((2, 0), 1), ((0, 2), 1), ((1, 1), 2))
    ]
    energy: np.ndarray = sum(weight * (one.T @ one).toarray() for one, weight in parts)
    return energy * of.cell**4 / len(points)


def refined(of: Deformation, points: np.ndarray, cell: float) -> Deformation:
    """Return the same motion of points (N x 2), as near as a grid of other cells comes to it."""
    other = no_deformation(points, cell)
    basis = splines(other, points).toarray()
    system = basis.T @ basis + 1e-3 * bending_energy(other) + 1e-6 * np.eye(basis.shape[1])
    return other._replace(coefficients=np.linalg.solve(system, basis.T @ (of(points) - points)))


def jacobian(of: Deformation, points: np.ndarray | None = None) -> np.ndarray:
    """Return the determinant of the derivative, at points (N x 2) or on a fine lattice over the grid."""
    points = _lattice(of) if points is None else points
    x, y = (splines(of, points, which) @ of.coefficients for which in ((1, 0), (0, 1)))
    return np.asarray((1 + x[:, 0]) * (1 + y[:, 1]) - x[:, 1] * y[:, 0])


def _lattice(of: Deformation) -> np.ndarray:
    """Return points that lie evenly over the grid."""
    sides = [
        of.lower[axis] + of.cell * np.linspace(0, of.shape[axis], _FINE * of.shape[axis] + 1)
        for axis in (0, 1)
    ]
    return np.stack(np.meshgrid(*sides, indexing="ij"), axis=-1).reshape(-1, 2)
