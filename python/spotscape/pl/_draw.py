"""The marks of a map: spots of the right size and shape, names on domains, the legend."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection, PolyCollection
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from scipy.spatial import cKDTree

from spotscape.pl._figure import LEGEND_ROWS, as_plain_text
from spotscape.pl._palette import MISSING

RASTER_ABOVE = 10_000
"""Spots above which a PDF or SVG holds the map as a picture."""
NAMED_FROM = 20_000
"""Spots, sampled if there are more, among which the places for the domains' names are looked for."""


class SpotShape(NamedTuple):
    """Width of a spot in the unit of the coordinates, and whether it is a square or a disc."""

    size: float
    square: bool


def spot_shape(xy: np.ndarray) -> SpotShape:
    """Find the spots' shape from the distances to their nearest neighbours.

    Squares that touch on an upright square grid (binned data), discs that nearly touch on a hexagonal grid
    (Visium), and discs somewhat wider than the nearest-neighbour distance, which in free cells is well below
    the typical spacing.
    """
    distances, neighbors = cKDTree(xy).query(xy, k=min(2, len(xy)))
    if len(xy) < 2 or not (distances[:, 1] > 0).any():
        return SpotShape(1.0, square=False)
    nearest = distances[:, 1]
    apart = nearest > 0
    spacing = float(np.median(nearest[apart]))
    on_grid = np.mean(np.abs(nearest / spacing - 1) < 0.1) > 0.9
    if on_grid:
        step = np.abs(xy[neighbors[:, 1]] - xy)
        upright = np.mean(step.min(axis=1) < 0.05 * spacing) > 0.9
        in_reach = cKDTree(xy).query_ball_point(xy, 1.2 * spacing, return_length=True) - 1
        square = bool(upright and np.median(in_reach) <= 4)
        return SpotShape(spacing if square else 0.95 * spacing, square)
    # A disc below a five-hundredth of the tissue would vanish in the figure.
    return SpotShape(max(1.3 * spacing, float(np.ptp(xy, axis=0).max()) / 500), square=False)


def draw_spots(ax: Axes, xy: np.ndarray, colors: np.ndarray, shape: SpotShape, alpha: float) -> None:
    """Draw the spots in the unit of the coordinates, so that they keep their size when zoomed."""
    style = {"facecolors": colors, "edgecolors": "none", "alpha": alpha, "rasterized": len(xy) > RASTER_ABOVE}
    if shape.square:
        corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * shape.size / 2
        # Without anti-aliasing, which leaves a white seam between squares that touch.
        ax.add_collection(PolyCollection(xy[:, None] + corners, antialiaseds=False, **style))
        return
    size = np.full(len(xy), shape.size)
    ax.add_collection(
        EllipseCollection(
            size, size, np.zeros(len(xy)), units="xy", offsets=xy, offset_transform=ax.transData, **style
        )
    )


def spot_colors(labels: pd.Categorical, colors: list[str]) -> np.ndarray:
    """Return one colour a spot; `MISSING` for spots without a label (code -1, so the last one)."""
    return np.array([*colors, MISSING])[labels.codes]


def deepest_points(xy: np.ndarray, labels: pd.Categorical, seed: int = 0) -> dict[str, np.ndarray]:
    """Return for each domain the spot where its name is best put: far from other domains and from the frame.

    Of the spots nearly as deep as the deepest, the one nearest to the domain's middle.
    """
    codes = np.asarray(labels.codes)
    if len(xy) > NAMED_FROM:
        chosen = np.random.default_rng(seed).choice(len(xy), NAMED_FROM, replace=False)
        xy, codes = xy[chosen], codes[chosen]
    to_frame = np.minimum(xy - xy.min(axis=0), xy.max(axis=0) - xy).min(axis=1)
    places = {}
    for code in np.unique(codes[codes >= 0]):
        inside, outside = xy[codes == code], xy[codes != code]
        depth = to_frame[codes == code]
        if len(outside):
            depth = np.minimum(depth, cKDTree(outside).query(inside)[0])
        to_middle = np.linalg.norm(inside - np.median(inside, axis=0), axis=1)
        to_middle[depth < 0.8 * depth.max()] = np.inf
        places[str(labels.categories[code])] = inside[np.argmin(to_middle)]
    return places


def draw_names(ax: Axes, places: dict[str, np.ndarray]) -> None:
    """Write the domains' names on the map, so that colour is not the only way to tell them apart."""
    halo = [withStroke(linewidth=3, foreground="white")]
    style = {"ha": "center", "va": "center", "fontsize": 10, "fontweight": "bold", "path_effects": halo}
    as_plain_text([ax.text(x, y, name, color="black", **style) for name, (x, y) in places.items()])


def draw_legend(ax: Axes, labels: pd.Categorical, colors: list[str], title: str) -> None:
    """Draw the legend to the right of the axes."""
    used = set(labels.codes)
    entries = [
        (name, color)
        for code, (name, color) in enumerate(zip(labels.categories, colors, strict=True))
        if code in used
    ]
    if (labels.codes < 0).any():
        entries.append(("unlabelled", MISSING))
    handles = [
        Line2D([], [], linestyle="none", marker="o", markersize=7, color=color, label=name)
        for name, color in entries
    ]
    legend = ax.legend(
        handles=handles,
        title=title,
        loc="upper left",
        bbox_to_anchor=(1.01, 1.0),
        ncols=-(-len(handles) // LEGEND_ROWS),
        frameon=False,
        handletextpad=0.2,
        alignment="left",
    )
    as_plain_text([*legend.get_texts(), legend.get_title()])
