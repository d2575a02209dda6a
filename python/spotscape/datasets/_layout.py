"""Where spots lie: a hexagonal array, a square grid, or free cells, cut out by a tissue's outline and holes.

Two frames are in use, both in units of the distance between neighbouring spots. The *array* frame is the
slide's own: its rows are horizontal. The *tissue* frame is the reference slice's, with the middle of that
slice at the origin. A `Pose` says how a slice's array lies on the tissue.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

LAYOUTS = ("hexagonal", "square", "cells")
UNIT = {"hexagonal": 137.0, "square": 8.0, "cells": 10.0}
"""Distance of neighbours as written to ``obsm``: pixels of a Visium image; micrometres for the others."""
_ROW_HEIGHT = float(np.sqrt(3) / 2)
_CELLS_KEPT = 0.75
_OUTLINE_POWER = 5.0
_ROUND_PART = 2 / 3
"""What the round hole has of all that is missing; the tear has the rest."""


@dataclass(frozen=True)
class Pose:
    """How an array lies on the tissue: ``tissue = matrix @ array + offset``."""

    matrix: NDArray[np.float64]
    offset: NDArray[np.float64]

    @classmethod
    def place(cls, rotation: float, flip: bool, offset: NDArray[np.float64]) -> Pose:
        """Return the pose of an array turned by ``rotation`` degrees, mirrored before that if ``flip``."""
        cos, sin = np.cos(np.radians(rotation)), np.sin(np.radians(rotation))
        mirror = np.diag([-1.0 if flip else 1.0, 1.0])
        return cls(np.array([[cos, -sin], [sin, cos]]) @ mirror, offset)


@dataclass(frozen=True)
class Layout:
    """Spots of one slice, row by row: ``array``, ``tissue`` (n_spots x 2); ``index`` is row and column.

    ``corner`` is where, in the array frame, the slice's coordinates begin.
    """

    pose: Pose
    array: NDArray[np.float64]
    tissue: NDArray[np.float64]
    index: NDArray[np.int64] | None
    corner: NDArray[np.float64]

    def part(self, chosen: NDArray[np.bool_]) -> Layout:
        """Return some of the spots, where they were."""
        index = None if self.index is None else self.index[chosen]
        return replace(self, array=self.array[chosen], tissue=self.tissue[chosen], index=index)


def tissue_side(n_spots: int, layout: str) -> float:
    """Side of the square that ``n_spots`` fill, in spot distances."""
    area = {"hexagonal": _ROW_HEIGHT, "square": 1.0, "cells": _ROW_HEIGHT / _CELLS_KEPT}[layout]
    return float(np.sqrt(n_spots * area))


def lay_out(n_spots: int, layout: str, pose: Pose, rng: np.random.Generator) -> Layout:
    """Place exactly ``n_spots`` on the tissue, inside a rounded square around ``pose.offset``."""
    side = tissue_side(n_spots, layout)
    index, array = _candidates(side, layout)
    if layout == "cells":
        array = array + rng.uniform(-0.35, 0.35, size=array.shape)
        kept = rng.random(len(array)) < _CELLS_KEPT
        index, array = index[kept], array[kept]
    tissue = array @ pose.matrix.T + pose.offset
    distance = (np.abs((tissue - pose.offset) / side) ** _OUTLINE_POWER).sum(axis=1)
    # Ties at the rim are cut in array order, so that the choice is the same everywhere.
    chosen = np.sort(np.argsort(distance, kind="stable")[:n_spots])
    array = array[chosen]
    index = None if layout == "cells" else index[chosen]
    return Layout(pose, array, tissue[chosen], index, array.min(axis=0))


def missing_spots(array: NDArray[np.float64], share: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Say which spots of a slice (n x 2, its middle at the origin) a round hole and a tear take, to the spot.

    The tear runs in from the rim on the side away from the hole, and becomes narrower as it goes.
    """
    n_missing = round(share * len(array))
    n_round = round(_ROUND_PART * n_missing)
    place = array / np.sqrt(np.prod(np.ptp(array, axis=0)))
    radius = np.sqrt(_ROUND_PART * share / np.pi)
    angle, away = rng.uniform(0, 2 * np.pi), rng.uniform(0.5, 1) * (0.42 - radius)
    direction = np.array([np.cos(angle), np.sin(angle)])
    missing = np.zeros(len(array), dtype=bool)
    from_hole = np.linalg.norm(place - away * direction, axis=1)
    missing[np.argsort(from_hole, kind="stable")[:n_round]] = True

    tip = max(0.1, radius - away + 0.08)
    inward, across = place @ -direction - tip, place @ np.array([-direction[1], direction[0]])
    wave = rng.uniform(0, 2 * np.pi)
    across = across + 0.03 * (np.sin(20 * inward + wave) - np.sin(wave))
    width = np.abs(across) / np.maximum(inward, 1e-9)
    width[missing] = np.inf
    missing[np.argsort(width, kind="stable")[: n_missing - n_round]] = True
    return missing


def _candidates(side: float, layout: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Lattice around the origin, wide enough for a square of that side in any rotation: index, position."""
    reach = 0.8 * side + 4
    if layout == "square":
        steps = np.arange(-int(reach), int(reach) + 1)
        rows, columns = (grid.ravel() for grid in np.meshgrid(steps, steps, indexing="ij"))
        return np.stack([rows, columns], axis=1), np.stack([columns, rows], axis=1).astype(np.float64)
    n_rows = int(reach / _ROW_HEIGHT)
    half_columns = np.arange(-int(reach), int(reach) + 1)
    rows, columns = (
        grid.ravel() for grid in np.meshgrid(np.arange(-n_rows, n_rows + 1), half_columns, indexing="ij")
    )
    # 10x Visium numbers columns in half steps: even rows use even columns, odd rows odd ones.
    columns = 2 * columns + rows % 2
    return np.stack([rows, columns], axis=1), np.stack([columns / 2, rows * _ROW_HEIGHT], axis=1)
