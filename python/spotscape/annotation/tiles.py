"""The tissue as tiles: each spot stands for the ground that is nearer to it than to any other spot.

Tiles of inner spots are cells of a Voronoi diagram. At the rim of the tissue there is no next spot, so places
outside of it are put where a spot's neighbours would have their mirror image. On a lattice these are the
lattice's own next places.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.spatial import Delaunay, QhullError, Voronoi, cKDTree

REACH = 1.6
"""Neighbours up to this many spot distances away are mirrored: between the rings of a lattice."""
_GAP_OF_LATTICE, _GAP_OF_CELLS = 1.3, 2.0
"""A gap that no disk of this radius (in spot distances) fits into is no hole: spots are missing."""
_FREELY = 1.2
"""Cells that lie freely have their fourth nearest, on average, nearer than a lattice of as many has."""
_SMOOTH = 1.5
"""How far along a border its direction is taken from, in spot distances."""
_NEAR_FACETS = 32
_AGAINST = -0.6
"""Facets that look the other way (cosine below this) are of the border's other side."""


class Tiles(NamedTuple):
    """Tiles of N spots, and where they touch.

    Attributes
    ----------
    area
        Of each spot's tile, N.
    pairs
        F x 2: the spots on both sides of each facet; -1 for the outside of the tissue, always second.
    length, middle, towards
        F, F x 2, F x 2: length of a facet, its middle, and the unit vector from the first spot across it.
    spacing
        F: the distance of spots around it.
    """

    area: np.ndarray
    pairs: np.ndarray
    length: np.ndarray
    middle: np.ndarray
    towards: np.ndarray
    spacing: np.ndarray


def spot_distance(places: np.ndarray) -> float:
    """Return the usual distance of a place to the next one; NaN of fewer than two different places.

    Parameters
    ----------
    places
        N x 2.

    Examples
    --------
    >>> import numpy as np
    >>> from spotscape.annotation.tiles import spot_distance
    >>> spot_distance(np.array([[0.0, 0.0], [2.0, 0.0], [4.0, 0.0], [4.0, 2.0]]))
    2.0
    """
    points = np.unique(places, axis=0)
    if len(points) < 2:
        return np.nan
    return float(np.median(cKDTree(points).query(points, k=2)[0][:, 1]))


def tiles(places: np.ndarray) -> Tiles:
    """Return the tiles of spots in the plane. Spots at one place share its tile.

    Parameters
    ----------
    places
        N x 2, of two or more different places.

    Examples
    --------
    >>> import numpy as np
    >>> from spotscape.annotation.tiles import tiles
    >>> square = np.array([[x, y] for x in range(3) for y in range(3)], dtype=float)
    >>> tiles(square).area.round(6).tolist()
    [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    """
    origin, unit = places.mean(axis=0), spot_distance(places)
    points, first, at, n_at = np.unique(
        (places - origin) / unit, axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    at = at.ravel()
    around, gap = _local_distance(points)
    outside = _outside(points, around, gap)
    n = len(points)
    found = Voronoi(np.concatenate([points, outside, _frame(points)]))
    ridge = np.sort(found.ridge_points, axis=1)
    ends = np.asarray(found.ridge_vertices)
    kept = (ridge[:, 0] < n) & (ends >= 0).all(axis=1)
    ridge, ends = ridge[kept], found.vertices[ends[kept]]
    length = np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1)
    spacing = around[ridge[:, 0]]
    length = np.minimum(length, 3 * spacing)  # where nothing bounds a tile on one side
    across = found.points[ridge[:, 1]] - found.points[ridge[:, 0]]
    width = np.linalg.norm(across, axis=1)
    inner = ridge[:, 1] < n
    # A tile is triangles from its spot to its facets, which lie half-way to the next spot.
    triangle = length * width / 4
    area = np.bincount(ridge[:, 0], triangle, minlength=n) + np.bincount(
        ridge[inner, 1], triangle[inner], minlength=n
    )
    pairs = np.where(ridge < n, first[np.minimum(ridge, n - 1)], -1)
    return Tiles(
        area=(area / n_at)[at] * unit**2,
        pairs=pairs,
        length=length * unit,
        middle=ends.mean(axis=1) * unit + origin,
        towards=across / width[:, None],
        spacing=spacing * unit,
    )


def straight_length(tissue: Tiles, facets: np.ndarray, sign: np.ndarray) -> np.ndarray:
    """Return how much each facet adds to the length of one border: its shadow on the border's direction.

    A border between two lattice rows, or between cells, is a zigzag of facets, up to 1.4 times as long as the
    line that people see.

    Parameters
    ----------
    tissue
        Tiles.
    facets
        Rows of the facets between two domains, or between a domain and the outside.
    sign
        1 where the first spot is on the side that the border is seen from, else -1.

    Examples
    --------
    >>> import numpy as np
    >>> from spotscape.annotation.tiles import straight_length, tiles
    >>> row = np.arange(12.0)
    >>> hexagons = np.array([[x + y % 2 / 2, y * 0.75**0.5] for x in row for y in row])
    >>> tissue = tiles(hexagons)
    >>> half = hexagons[tissue.pairs, 1] > 5
    >>> between = np.flatnonzero((tissue.pairs[:, 1] >= 0) & (half[:, 0] != half[:, 1]))
    >>> sides = np.where(half[between, 0], 1, -1)
    >>> float(tissue.length[between].sum().round(1))
    13.3
    >>> float(straight_length(tissue, between, sides).sum().round(1))
    11.5
    """
    length, towards = tissue.length[facets], tissue.towards[facets] * sign[:, None]
    middle, scale = tissue.middle[facets], _SMOOTH * tissue.spacing[facets]
    if len(facets) < 2:
        return length
    distance, near = cKDTree(middle).query(middle, k=min(len(facets), _NEAR_FACETS))
    weight = np.exp(-0.5 * np.square(distance / scale[:, None])) * length[near]
    others = towards[near]
    weight[np.einsum("fkd,fd->fk", others, towards) < _AGAINST] = 0
    direction = np.einsum("fk,fkd->fd", weight, others)
    size = np.linalg.norm(direction, axis=1)
    cosine = np.einsum("fd,fd->f", direction, towards)
    return length * np.abs(np.divide(cosine, size, out=np.ones_like(size), where=size > 0))


def _local_distance(points: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the distance of spots around each, and up to which radius a gap is no hole, by that distance.

    Of a lattice the distance is its constant, of cells that of a square lattice with as many.
    """
    k = min(len(points) - 1, 8)
    distances, near = cKDTree(points).query(points, k=k + 1)
    shell = distances[:, 1:][distances[:, 1:] < 1.3]
    if len(shell) and np.mean(np.abs(shell - np.median(shell)) < 0.1) >= 0.95:
        return np.full(len(points), np.median(shell)), _GAP_OF_LATTICE
    own = distances[:, 1 : min(k, 4) + 1].mean(axis=1)
    return _FREELY * np.median(own[near], axis=1), _GAP_OF_CELLS


def _outside(points: np.ndarray, around: np.ndarray, gap: float) -> np.ndarray:
    """Return places outside of the tissue, along its rim and in its holes."""
    tissue, solid, rim = _rim(points, gap * around)
    tree = cKDTree(points)
    distances, near = tree.query(points[rim], k=min(len(points), 9))
    distances, near, scale = distances[:, 1:], near[:, 1:], around[rim]
    close = distances <= REACH * scale[:, None]
    spot, column = np.nonzero(close)
    far = np.maximum(distances[spot, column], scale[spot]) / distances[spot, column]
    middle = points[rim][spot]
    mirrored = middle + (middle - points[near[spot, column]]) * far[:, None]
    # Mirrors leave directions open where cells lie freely, or a spot has next to no neighbours.
    all_round = (close.sum(axis=1) < 2) | (gap == _GAP_OF_CELLS) | (tissue is None)
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    ring = np.column_stack([np.cos(angles), np.sin(angles)])
    rings = (points[rim][all_round, None] + scale[all_round, None, None] * ring).reshape(-1, 2)
    found = np.concatenate([mirrored, rings])
    scale = np.concatenate([scale[spot], np.repeat(scale[all_round], len(ring))])
    free = tree.query(found)[0] >= 0.85 * scale
    if tissue is not None:
        triangle = tissue.find_simplex(found)
        free &= (triangle < 0) | ~solid[triangle]
    return np.unique(np.round(found[free], 6), axis=0)


def _rim(points: np.ndarray, gap: np.ndarray) -> tuple[Delaunay | None, np.ndarray, np.ndarray]:
    """Return triangles between spots, which of them are tissue, and the spots that these do not surround.

    A triangle is tissue where the circle through its corners is no wider than a gap (an alpha shape).
    """
    everyone = np.arange(len(points))
    try:
        found = Delaunay(points)
    except (QhullError, ValueError):  # too few, or on one line
        return None, np.zeros(0, dtype=bool), everyone
    a, b, c = points[found.simplices].swapaxes(0, 1)
    sides = [np.linalg.norm(one - other, axis=1) for one, other in ((a, b), (b, c), (c, a))]
    twice = np.abs((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0])
    limit = gap[found.simplices].max(axis=1)
    solid = sides[0] * sides[1] * sides[2] <= limit * 2 * twice
    surrounded = np.ones(len(points), dtype=bool)
    surrounded[found.simplices[~solid]] = False
    surrounded[found.convex_hull] = False
    return found, solid, everyone[~surrounded]


def _frame(points: np.ndarray) -> np.ndarray:
    """Return places far around all, so that no tile is endless."""
    radius = 10 + 3 * np.abs(points).max()
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    return radius * np.column_stack([np.cos(angles), np.sin(angles)])
