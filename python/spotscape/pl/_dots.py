"""Dots over domains: colour is a log2 ratio, size how small the adjusted p-value is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from spotscape.pl._figure import as_plain_text

_LARGEST, _SMALLEST = 130.0, 8.0


def draw_dots(
    ax: Axes,
    *,
    x: Sequence[int],
    y: Sequence[int],
    change: np.ndarray,
    p_adjusted: np.ndarray,
    domains: Sequence[str],
    rows: Sequence[str],
    label: str,
) -> None:
    """Draw a dot at each domain ``x`` and row ``y``, with the keys of colour and size.

    Infinite ratios have the colour of the farthest that is finite. Without a p-value a dot is small.
    """
    strength = np.clip(-np.log10(np.maximum(np.nan_to_num(p_adjusted, nan=1.0), 1e-5)), 0, 5) / 5
    bound = max(1.0, float(np.nanmax(np.abs(change[np.isfinite(change)]), initial=0.0)))
    sizes = _SMALLEST + (_LARGEST - _SMALLEST) * strength
    color = np.clip(change, -bound, bound)
    dots = ax.scatter(x, y, c=color, s=sizes, cmap="RdBu_r", vmin=-bound, vmax=bound, edgecolors="0.5")
    dots.set_linewidth(0.4)
    ax.set_xticks(range(len(domains)), domains)
    ax.set_yticks(range(len(rows)), rows, fontsize=max(5, min(9, 150 // len(rows))))
    ax.set_xlim(-0.6, len(domains) - 0.4)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlabel("domain")
    ax.figure.colorbar(dots, ax=ax, shrink=0.7).set_label(label)
    for p_value in (0.05, 0.001, 0.00001):
        size = _SMALLEST + (_LARGEST - _SMALLEST) * -np.log10(p_value) / 5
        ax.scatter([], [], s=size, color="0.5", label=f"{p_value:g}")
    legend = ax.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, 1.16), ncols=4)
    legend.set_title("adjusted p", prop={"size": 9})
    as_plain_text([*ax.get_xticklabels(), *ax.get_yticklabels()])
