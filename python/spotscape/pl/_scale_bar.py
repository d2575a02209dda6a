"""The scale bar of a map, and one scale for several."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes


def to_one_scale(axes: list[Axes]) -> None:
    """Let all panels show as much ground as the largest, each with its tissue in the middle."""
    across = max(abs(np.subtract(*ax.get_xlim())) for ax in axes) / 2
    down = max(abs(np.subtract(*ax.get_ylim())) for ax in axes) / 2
    for ax in axes:
        x, y = np.mean(ax.get_xlim()), np.mean(ax.get_ylim())
        ax.set_xlim(x - across, x + across)
        ax.set_ylim(y + down, y - down)


def bar_length(width: float) -> float:
    """Return a round length, 1, 2 or 5 times a power of ten, of a tenth to a quarter of ``width``."""
    power = 10.0 ** np.floor(np.log10(width / 4))
    return float(max(step * power for step in (1, 2, 5) if step * power <= width / 4))


def draw_scale_bar(ax: Axes, micrometres: float) -> None:
    """Draw a bar of a round length below the tissue, where nothing hides it."""
    left, right = ax.get_xlim()
    length = bar_length((right - left) * micrometres)
    at = ax.get_xaxis_transform()
    ax.plot(
        [left, left + length / micrometres],
        [-0.04, -0.04],
        color="black",
        linewidth=2.5,
        solid_capstyle="butt",
        transform=at,
        clip_on=False,
        gid="scale_bar",
    )
    text = f"{length / 1000:g} mm" if length >= 1000 else f"{length:g} µm"
    ax.text(left, -0.06, text, ha="left", va="top", fontsize=9, transform=at)
