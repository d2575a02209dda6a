"""Surfaces of spots in space, as meshes: alpha shapes, closed, that face outwards.

Sections may lie further apart than their spots, or less far. So z counts in sections here, each as high as
spots lie apart, and a section that is missing is bridged. Of the Delaunay tetrahedra of all spots those are
tissue whose circumsphere is small; those with all corners in a domain are that domain. Faces that one of
these alone has are the surface. Its corners are moved outwards by half the distance of spots, for the tissue
that the outermost spots stand for; domains that lie beside each other then touch.

Source: Edelsbrunner and Mücke (1994), Three-dimensional alpha shapes, ACM Transactions on Graphics 13.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import Delaunay, QhullError, cKDTree

_LARGEST = 1.5
"""Radius of a circumsphere that is still tissue, in distances of spots."""
_NEIGHBORS = 6
_JITTER = 1e-3
"""Spots of a lattice lie on common circles, which leaves their tetrahedra open: they are moved so little."""
_FACES = np.array([[1, 2, 3], [0, 3, 2], [0, 1, 3], [0, 2, 1]])
"""The corners opposite to each corner of a tetrahedron, in an order that faces outwards for all or none."""


class Surface(NamedTuple):
    """Corners (V x 3), and triangles (F x 3) whose corners turn counterclockwise as seen from outside."""

    corners: np.ndarray
    triangles: np.ndarray


class Solid(NamedTuple):
    """Tissue made of tetrahedra.

    Attributes
    ----------
    points
        N x 3, the spots; z counts in sections, and distances in those of spots.
    corners
        Numbers of the corners of the tetrahedra, T x 4.
    beside
        The tetrahedron beyond the face opposite to each corner, T x 4; -1 for none.
    spacing
        Distance of spots.
    heights
        Of the sections, in order.
    """

    points: np.ndarray
    corners: np.ndarray
    beside: np.ndarray
    spacing: float
    heights: np.ndarray


def solid(places: np.ndarray) -> Solid | None:
    """Return the tissue of spots (N x 3; one z a section), or None where they do not span a space."""
    heights, section = np.unique(places[:, 2], return_inverse=True)
    spacing = _spacing(places)
    if len(heights) < 2 or not spacing > 0:
        return None
    points = np.column_stack([places[:, :2] / spacing, section.ravel()])
    moved = points + np.random.default_rng(0).uniform(-_JITTER, _JITTER, points.shape)
    try:
        made = Delaunay(moved)
    except (QhullError, ValueError):  # too few, or all on one line
        return None
    corners = moved[made.simplices]
    kept = _radii(corners) < _LARGEST
    inwards = np.linalg.det(corners[:, 1:] - corners[:, :1]) < 0
    made.simplices[inwards, :2] = made.simplices[inwards, 1::-1]
    made.neighbors[inwards, :2] = made.neighbors[inwards, 1::-1]
    number = np.full(len(kept) + 1, -1)  # the last one stands for nothing beyond
    number[np.flatnonzero(kept)] = np.arange(kept.sum())
    return Solid(points, made.simplices[kept], number[made.neighbors[kept]], spacing, heights)


def surface(of: Solid, inside: np.ndarray) -> Surface | None:
    """Return the surface of some spots (mask, N), or None where none lie above each other."""
    own = _bodies(of, inside[of.corners].all(axis=1))
    at, opposite = np.nonzero(own[:, None] & ~(np.append(own, False)[of.beside]))
    if not len(at):
        return None
    used, triangles = np.unique(of.corners[at[:, None], _FACES[opposite]], return_inverse=True)
    triangles = triangles.reshape(-1, 3)
    corners = of.points[used] + _normals(of.points[used], triangles) / 2
    corners[:, :2] *= of.spacing
    step = np.diff(of.heights)
    known = [of.heights[0] - step[0], *of.heights, of.heights[-1] + step[-1]]
    corners[:, 2] = np.interp(corners[:, 2], np.arange(-1, len(of.heights) + 1), known)
    return Surface(corners, triangles)


def _bodies(of: Solid, own: np.ndarray) -> np.ndarray:
    """Return which of some tetrahedra (mask, T) hang together with one that spans two sections or more.

    Four spots of one section make a tetrahedron as well, a flat one.
    """
    rows, columns = np.repeat(np.arange(len(own)), 4), of.beside.ravel()
    joined = own[rows] & (columns >= 0) & own[columns]
    edges = (np.ones(joined.sum()), (rows[joined], columns[joined]))
    _, body = connected_components(coo_matrix(edges, shape=(len(own), len(own))))
    spans = own & (np.ptp(of.points[of.corners, 2], axis=1) > 0)
    return np.asarray(own & (np.bincount(body, spans)[body] > 0))


def _spacing(places: np.ndarray) -> float:
    """Return how far spots of a section lie apart: the side of the square that each has, the median."""
    areas = [np.zeros(0)]
    for height in np.unique(places[:, 2]):
        flat = places[places[:, 2] == height, :2]
        if len(flat) > _NEIGHBORS + 1:
            # Between the sixth and the seventh, as a lattice has six or eight as far away.
            reach = cKDTree(flat).query(flat, k=_NEIGHBORS + 2)[0][:, -2:].mean(axis=1)
            areas.append(np.pi * reach**2 / (_NEIGHBORS + 0.5))
    found = np.concatenate(areas)
    return float(np.sqrt(np.median(found))) if len(found) else 0.0


def _radii(corners: np.ndarray) -> np.ndarray:
    """Return the radii of the circumspheres of tetrahedra (T x 4 x 3)."""
    sides = corners[:, 1:] - corners[:, :1]
    squares = np.square(sides).sum(axis=2)
    across = [np.cross(sides[:, i], sides[:, j]) for i, j in ((1, 2), (2, 0), (0, 1))]
    middle = np.sum([squares[:, k, None] * across[k] for k in range(3)], axis=0)
    volume = np.abs(np.einsum("td,td->t", sides[:, 0], across[0]))
    return np.asarray(np.linalg.norm(middle, axis=1) / np.maximum(2 * volume, 1e-300))


def _normals(corners: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Return the direction outwards at each corner: the mean of its triangles' by area."""
    a, b, c = (corners[triangles[:, k]] for k in range(3))
    found = np.zeros_like(corners)
    for k in range(3):
        np.add.at(found, triangles[:, k], np.cross(b - a, c - a))
    return np.asarray(found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-300))
