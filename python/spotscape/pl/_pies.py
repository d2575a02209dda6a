"""Pies on a map: what parts each spot is made of."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection

from spotscape.pl._draw import RASTER_ABOVE, SpotShape, draw_spots
from spotscape.pl._palette import MISSING

_ARC = 16
"""Points on the arc of a piece of a pie."""


def draw_pies(
    ax: Axes, xy: np.ndarray, colors: list[str], parts: np.ndarray, shape: SpotShape, alpha: float
) -> None:
    """Draw a pie on each spot, from twelve o'clock and clockwise; grey where there are no parts."""
    without = np.isnan(parts[:, 0])
    draw_spots(ax, xy[without], np.repeat(MISSING, without.sum()), shape, alpha)
    ends = np.cumsum(np.nan_to_num(parts), axis=1)
    starts = ends - np.nan_to_num(parts)
    for j, color in enumerate(colors):
        there = ends[:, j] > starts[:, j]
        steps = np.linspace(0, 1, _ARC)
        turn = 2 * np.pi * (starts[there, j, None] + steps * (ends - starts)[there, j, None])
        arc = np.stack([np.sin(turn), -np.cos(turn)], axis=2) * shape.size / 2
        pieces = xy[there, None] + np.concatenate([np.zeros((len(arc), 1, 2)), arc], axis=1)
        style = {"edgecolors": "none", "alpha": alpha, "rasterized": len(xy) * len(ends[0]) > RASTER_ABOVE}
        ax.add_collection(PolyCollection(pieces, facecolors=color, **style))
