"""Polygons of domains: which ground is nearest to the spots of each, traced around."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

_STEPS_BETWEEN_SPOTS = 2
_REACH = 1.5
"""In distances between neighbours: how far ground belongs to its nearest spot."""
_MOST_SQUARES = 20_000_000
_MOVES = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]])
"""Along a square's sides, with the square to the left (x to the right, y up)."""

Polygon = list[np.ndarray]
"""Closed rings, each n x 2: an outline (counter-clockwise), then holes (clockwise)."""


def outline_groups(places: np.ndarray, groups: np.ndarray, n_groups: int) -> list[list[Polygon]]:
    """Return the polygons of each group of spots.

    The ground is cut into squares of half the distance between neighbours. Each square within reach of a spot
    is of the group of its nearest one, so that polygons of different groups share borders and never overlap.

    Parameters
    ----------
    places
        n_spots x 2.
    groups
        Number of each spot's group, from 0; negative for spots of none, whose ground is nobody's.
    n_groups
        Number of groups.

    Returns
    -------
    list
        For each group its polygons, empty where it has no spot.

    Examples
    --------
    >>> import numpy as np
    >>> from spotscape.io._outline import outline_groups
    >>> places = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
    >>> [len(polygons) for polygons in outline_groups(places, np.array([0, 1, 0]), 2)]
    [2, 1]
    """
    owner, corner, step = _squares(places, groups)
    parts = np.zeros(owner.shape, np.int64)
    group_of = [-1]
    for group in range(n_groups):
        labels, n_parts = ndimage.label(owner == group)
        parts = np.where(labels > 0, labels + len(group_of) - 1, parts)
        group_of += [group] * n_parts
    found: list[list[Polygon]] = [[] for _ in range(n_groups)]
    for part, rings in _trace(parts).items():
        rings.sort(key=_signed_area, reverse=True)  # the outline is the one that is positive
        found[group_of[part]].append([corner + step * _corners_only(ring) for ring in rings])
    return found


def _squares(places: np.ndarray, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Return the group of each square (rows are y), where the first one begins, and their side."""
    tree = cKDTree(places)
    apart = tree.query(places, k=2)[0][:, 1]
    spacing = float(np.median(apart[apart > 0])) if (apart > 0).any() else 1.0
    low, high = places.min(axis=0) - _REACH * spacing, places.max(axis=0) + _REACH * spacing
    step = max(spacing / _STEPS_BETWEEN_SPOTS, float(np.sqrt(np.prod(high - low) / _MOST_SQUARES)))
    n_x, n_y = np.ceil((high - low) / step).astype(int)
    x, y = (low[axis] + (np.arange(n) + 0.5) * step for axis, n in enumerate((n_x, n_y)))
    owner = np.full((n_y, n_x), -1)
    for row in range(n_y):  # all at once would take many times the memory of the result
        _, nearest = tree.query(
            np.column_stack([x, np.full(n_x, y[row])]), distance_upper_bound=max(_REACH * spacing, step)
        )
        owner[row] = np.append(groups, -1)[nearest]
    return owner, low, step


def _trace(parts: np.ndarray) -> dict[int, list[np.ndarray]]:
    """Return the rings around each part of a labelled image, as corners of squares (x, y)."""
    padded = np.pad(parts, 1)
    sides: dict[tuple[int, int, int], list[int]] = defaultdict(list)
    inner = padded[1:-1, 1:-1]
    # Each side of a square that has another part beyond it, in the direction with the part to the left.
    for direction, (d_row, d_column, start) in enumerate(
        [(-1, 0, (0, 0)), (0, 1, (1, 0)), (1, 0, (1, 1)), (0, -1, (0, 1))]
    ):
        beyond = padded[
            1 + d_row : padded.shape[0] - 1 + d_row, 1 + d_column : padded.shape[1] - 1 + d_column
        ]
        rows, columns = np.nonzero((inner != beyond) & (inner > 0))
        for part, x, y in zip(
            inner[rows, columns].tolist(),
            (columns + start[0]).tolist(),
            (rows + start[1]).tolist(),
            strict=True,
        ):
            sides[part, x, y].append(direction)
    return _join(sides)


def _join(sides: dict[tuple[int, int, int], list[int]]) -> dict[int, list[np.ndarray]]:
    """Join sides to rings; where a part touches itself at a corner, a ring keeps to the same outside."""
    rings: dict[int, list[np.ndarray]] = defaultdict(list)
    while sides:
        (part, x, y), directions = next(iter(sides.items()))
        direction = directions[-1]
        ring = []
        while (part, x, y) in sides:
            open_ = sides[part, x, y]
            # A right turn first, if there are two ways.
            direction = min(open_, key=lambda way, last=direction: (way - last + 1) % 4)
            open_.remove(direction)
            if not open_:
                del sides[part, x, y]
            ring.append((x, y))
            x, y = x + int(_MOVES[direction][0]), y + int(_MOVES[direction][1])
            if (x, y) == ring[0] and _closes(ring, direction, sides.get((part, x, y), [])):
                break
        rings[part].append(np.array([*ring, ring[0]], float))
    return rings


def _closes(ring: list[tuple[int, int]], last: int, open_: list[int]) -> bool:
    """Say whether a ring that is back at its first corner ends there, rather than passing through it."""
    first = ((ring[1][0] - ring[0][0], ring[1][1] - ring[0][1])) if len(ring) > 1 else (0, 0)
    begun = next(i for i, move in enumerate(_MOVES.tolist()) if tuple(move) == first)
    return all((begun - last + 1) % 4 <= (way - last + 1) % 4 for way in open_)


def _signed_area(ring: np.ndarray) -> float:
    x, y = ring.T
    return float((x[:-1] * y[1:] - x[1:] * y[:-1]).sum() / 2)


def _corners_only(ring: np.ndarray) -> np.ndarray:
    """Leave out the points of a closed ring that lie on a straight line."""
    points = ring[:-1]
    before, after = points - np.roll(points, 1, axis=0), np.roll(points, -1, axis=0) - points
    corners = points[(before != after).any(axis=1)]
    return np.vstack([corners, corners[:1]])
