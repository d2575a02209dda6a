"""Aligned slices: one over the other before and after, and stacked with lines between matches."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D

from spotscape import _keys
from spotscape._docs import filled
from spotscape._slices import read_slices
from spotscape._validate import check_choice, check_integer, input_error
from spotscape.pl._draw import draw_legend, draw_spots, spot_colors, spot_shape
from spotscape.pl._figure import (
    as_plain_text,
    check_save,
    open_panels,
    save_figure,
    unchanged_if_it_fails,
)
from spotscape.pl._read import domain_colors, read_coordinates, read_labels

KINDS = ("overlay", "stacked")
_REFERENCE, _MOVED = "#bdbdbd", "#2166ac"


@unchanged_if_it_fails
@filled()
def alignment(
    adata: AnnData,
    *,
    kind: str = "overlay",
    slice_name: str | None = None,
    color: str | None = None,
    n_lines: int = 80,
    spatial_key: str = _keys.SPATIAL,
    key_added: str = _keys.KEY_ADDED,
    ax: Axes | list[Axes] | None = None,
    save: str | PathLike[str] | None = None,
) -> Axes | list[Axes]:
    """Draw a slice on the reference that it was aligned to.

    Parameters
    ----------
    adata
        Object after `spotscape.tl.align_slices`.
    kind
        ``"overlay"``: two panels, the slices on each other before and after; ``"stacked"``: one above the
        other, with lines between matched spots.
    slice_name
        Name of the slice to draw; the first beside the reference where left out.
    color
        Column of ``obs`` with the labels to colour a stack by; the run's domains where left out.
    n_lines
        Matches to draw in a stack, spread over the tissue, 0 or more.
    spatial_key
        {spatial_key}
    key_added
        {key_added}
    ax
        Axes to draw on: two for an overlay, one for a stack.
    save
        {save}

    Returns
    -------
    matplotlib.axes.Axes, or a list of two for an overlay

    Raises
    ------
    InputError
        If there is no alignment, the slice is not in it or could not be aligned, or an argument is unfit.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> import spotscape
    >>> slices = spotscape.datasets.simulate_slices(n_slices=2, n_spots=300, n_genes=80, n_domains=3)
    >>> both = spotscape.tl.integrate_slices(slices, n_domains=3, progress=False)
    >>> spotscape.tl.align_slices(both, transform="none")
    >>> ax = spotscape.pl.alignment(both, kind="stacked", ax=Figure().add_subplot())
    """
    check_save(save)
    check_choice("kind", kind, KINDS)
    n_lines = check_integer("n_lines", n_lines, 0)
    record = _read_alignment(adata, key_added)
    reference = str(record["reference"])
    names = [str(name) for name in record["slices"][_keys.SLICE] if str(name) != reference]
    name = names[0] if slice_name is None else check_choice("slice_name", slice_name, tuple(names))
    of = np.asarray(read_slices(adata, str(record["slice_key"])), dtype=object)
    rows, fixed = np.flatnonzero(of == name), np.flatnonzero(of == reference)
    before = read_coordinates(adata, spatial_key)
    after = np.asarray(adata.obsm.get(_keys.SPATIAL_ALIGNED, before), dtype=np.float64)
    if np.isnan(after[rows]).any():
        raise input_error("slice_name", f"{name!r}, which could not be aligned", "an aligned slice")
    if kind == "overlay":
        axes = open_panels(ax, save, 2, (5.0, 5.0))
        for one, xy, words in zip(axes, (before, after), ("before", "after"), strict=True):
            _overlay(one, xy[fixed], xy[rows])
            one.set_title(words)
        handles = [
            Line2D([], [], linestyle="none", marker="o", color=color, label=label)
            for label, color in ((reference, _REFERENCE), (name, _MOVED))
        ]
        legend = axes[1].legend(handles=handles, loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False)
        as_plain_text(list(legend.get_texts()))
        save_figure(axes[0], save)
        return axes
    column = color or _keys.domain(key_added)
    labels = read_labels(adata, column)
    (one,) = open_panels(ax, save, 1, (7.0, 7.0))
    places = _stacked(after, rows, fixed)
    colors = spot_colors(labels, domain_colors(adata, column, labels, spatial_key))
    for spots, words in ((fixed, reference), (rows, name)):
        draw_spots(one, places[spots], colors[spots], spot_shape(places[spots]), 1.0)
        corner = places[spots].min(axis=0)
        as_plain_text([one.text(*corner, words, fontsize=11, va="bottom", ha="left")])
    lines = _lines(adata, record["matches"], name, places, n_lines)
    one.add_collection(LineCollection(lines, colors="#404040", linewidths=0.6, alpha=0.6))
    _frame(one, places[np.concatenate([rows, fixed])])
    draw_legend(one, labels, domain_colors(adata, column, labels, spatial_key), column)
    save_figure(one, save)
    return one


def _read_alignment(adata: AnnData, key_added: str) -> Mapping[str, Any]:
    key = _keys.alignment(key_added)
    if key not in adata.uns:
        todo = "Call spotscape.tl.align_slices(adata) first."
        raise input_error(f"adata.uns[{key!r}]", "nothing", "an alignment", todo)
    return adata.uns[key]


def _overlay(ax: Axes, reference: np.ndarray, moved: np.ndarray) -> None:
    for xy, color, alpha in ((reference, _REFERENCE, 1.0), (moved, _MOVED, 0.5)):
        draw_spots(ax, xy, np.array([color] * len(xy)), spot_shape(xy), alpha)
    _frame(ax, np.concatenate([reference, moved]))


def _frame(ax: Axes, xy: np.ndarray) -> None:
    low, high = xy.min(axis=0), xy.max(axis=0)
    margin = 0.03 * max(float((high - low).max()), 1e-12)
    ax.set_xlim(low[0] - margin, high[0] + margin)
    ax.set_ylim(high[1] + margin, low[1] - margin)
    ax.set_aspect("equal")
    ax.set_axis_off()


def _stacked(xy: np.ndarray, rows: np.ndarray, fixed: np.ndarray) -> np.ndarray:
    """Lay the slices down in perspective, the reference below."""
    flat = np.full(xy.shape, np.nan)
    for spots, level in ((fixed, 0.0), (rows, -1.0)):
        own = xy[spots] - xy[fixed].mean(axis=0)
        height = np.ptp(xy[fixed][:, 1])
        flat[spots] = np.stack(
            [own[:, 0] + 0.35 * own[:, 1], 0.5 * own[:, 1] + 0.85 * level * height], axis=1
        )
    return flat


def _lines(adata: AnnData, matches: pd.DataFrame, name: str, places: np.ndarray, n_lines: int) -> np.ndarray:
    """Return the ends of the lines: matches evenly drawn from left to right."""
    own = matches[matches[_keys.SLICE].astype(str) == name]
    ends = np.stack(
        [places[adata.obs_names.get_indexer(own[column])] for column in ("spot", "reference_spot")], axis=1
    )
    order = np.argsort(ends[:, 0, 0], kind="stable")
    chosen = (
        order[np.unique(np.linspace(0, len(order) - 1, min(n_lines, len(order))).astype(int))]
        if n_lines
        else []
    )
    return ends[chosen]
