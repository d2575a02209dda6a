"""Where spots lie: a hexagonal array, a square grid, or free cells, cut out by the outline of a tissue.

Two frames are in use, both in units of the distance between neighbouring spots. The *array* frame is the
slide's own: its rows are horizontal. The *tissue* frame is the reference slice's, with the middle of that
slice at the origin. A `Pose` says how a slice's array lies on the tissue.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LAYOUTS = ("hexagonal", "square", "cells")
UNIT = {"hexagonal": 137.0, "square": 8.0, "cells": 10.0}
"""Distance of neighbours as written to ``obsm``: pixels of a Visium image; micrometres for the others."""
_ROW_HEIGHT = float(np.sqrt(3) / 2)
_CELLS_KEPT = 0.75
_OUTLINE_POWER = 5.0


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
    """Spots of one slice, row by row: ``array``, ``tissue`` (n_spots x 2); ``index`` is row and column."""

    pose: Pose
    array: NDArray[np.float64]
    tissue: NDArray[np.float64]
    index: NDArray[np.int64] | None


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
    return Layout(pose, array[chosen], tissue[chosen], None if layout == "cells" else index[chosen])


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
