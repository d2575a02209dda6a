"""A stack of sections in space: a picture, and what a page turns."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from importlib.resources import files
from os import PathLike
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from anndata import AnnData
from jinja2.utils import htmlsafe_json_dumps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from spotscape import _keys
from spotscape._docs import filled
from spotscape._validate import check_number, input_error
from spotscape.pl._draw import draw_legend, spot_colors
from spotscape.pl._figure import check_save, save_figure, unchanged_if_it_fails
from spotscape.pl._palette import MISSING
from spotscape.pl._read import domain_colors, read_labels

MOST_TURNED = 20_000
"""Spots that a page turns; of more, a random sample."""
_LEVELS_NAMED = 12
_HEIGHT = 0.6
"""Of a stack that is drawn higher than it is, as a share of its width."""


class Volume(NamedTuple):
    """Spots that are placed: their places (N x 3), labels and colours, and how much z is drawn out."""

    places: np.ndarray
    labels: pd.Categorical
    colors: list[str]
    stretch: float


@unchanged_if_it_fails
@filled()
def stack(
    adata: AnnData,
    *,
    color: str | None = None,
    stretch: float | None = None,
    elevation: float = 25.0,
    azimuth: float = -60.0,
    spatial_key: str = _keys.SPATIAL,
    key_added: str = _keys.KEY_ADDED,
    ax: Axes | None = None,
    save: str | PathLike[str] | None = None,
) -> Axes:
    """Draw the sections of a stack in space, coloured by domain.

    Parameters
    ----------
    adata
        Object after `spotscape.tl.align_stack`.
    color
        Column of ``obs`` with the labels to colour by; the run's domains where left out.
    stretch
        How much z is drawn out, above 0. Left out: so much that a thin stack is 0.6 times as high as wide,
        and the sections can be told apart; the axis says how much.
    elevation, azimuth
        Where it is looked at from, in degrees: above the sections, and around them.
    spatial_key
        {spatial_key}
    key_added
        {key_added}
    ax
        Axes to draw on, with ``projection="3d"``.
    save
        {save}

    Returns
    -------
    matplotlib.axes.Axes
        With three dimensions. Sections that are not placed are not drawn.

    Raises
    ------
    InputError
        If there is no stack, or an argument is unfit.

    Examples
    --------
    >>> import anndata, numpy as np
    >>> from matplotlib.figure import Figure
    >>> from spotscape.pl import stack
    >>> adata = anndata.AnnData(np.ones((8, 1), dtype="float32"))
    >>> adata.obs["spotscape_domain"] = list("11221122")
    >>> adata.obsm["spatial_3d"] = np.array([[x, y, z] for z in (0, 1) for x in (0, 1) for y in (0, 1)])
    >>> stack(adata, ax=Figure().add_subplot(projection="3d")).get_zlabel()
    'z'
    """
    check_save(save)
    for name, value, low, high in (
        ("elevation", elevation, -90.0, 90.0),
        ("azimuth", azimuth, -360.0, 360.0),
    ):
        check_number(name, value, low, high)
    if ax is not None and getattr(ax, "name", "") != "3d":
        raise input_error("ax", f"axes of projection {getattr(ax, 'name', None)!r}", "axes of '3d'")
    volume = read_volume(adata, color, stretch, spatial_key, key_added)
    one: Any = _open(save) if ax is None else ax
    draw_volume(one, volume, color or _keys.domain(key_added))
    one.view_init(elev=elevation, azim=azimuth)
    save_figure(one, save)
    found: Axes = one
    return found


def read_volume(
    adata: AnnData, color: str | None, stretch: float | None, spatial_key: str, key_added: str
) -> Volume:
    """Return the spots of a stack that are placed, or raise where there is none."""
    key = f"adata.obsm[{_keys.SPATIAL_3D!r}]"
    if _keys.SPATIAL_3D not in adata.obsm:
        raise input_error(key, "nothing", "a stack", "Call spotscape.tl.align_stack(adata) first.")
    places = np.asarray(adata.obsm[_keys.SPATIAL_3D], dtype=np.float64)
    if places.ndim != 2 or places.shape[1] != 3 or not np.isfinite(places).all(axis=1).any():
        raise input_error(key, f"shape {places.shape}, or no place at all", "n_spots x 3 numbers")
    column = color or _keys.domain(key_added)
    labels = read_labels(adata, column)
    colors = domain_colors(adata, column, labels, spatial_key)
    placed = np.isfinite(places).all(axis=1)
    width, height = np.ptp(places[placed, :2], axis=0).max(), np.ptp(places[placed, 2])
    if stretch is None:
        stretch = max(1.0, float(_HEIGHT * width / height)) if height > 0 else 1.0
    else:
        stretch = check_number("stretch", stretch, 1e-9)
    return Volume(places[placed], labels[placed], colors, stretch)


def draw_volume(ax: Any, volume: Volume, title: str) -> None:
    """Draw the spots on axes of three dimensions; y points down, as in an image."""
    x, y, z = volume.places.T
    spans = np.maximum(np.ptp(volume.places, axis=0), 1e-12) * [1, 1, volume.stretch]
    per_section = len(x) / max(1, len(np.unique(z)))
    size = float(np.clip(2.0e4 / max(per_section, 1.0), 1.0, 60.0))
    colors = spot_colors(volume.labels, volume.colors)
    ax.scatter(x, y, z, c=colors, s=size, linewidths=0, alpha=0.8, depthshade=False, rasterized=True)
    ax.invert_yaxis()
    ax.set_box_aspect(spans / spans.max())
    ax.set_xticks([])
    ax.set_yticks([])
    drawn = "z" if abs(volume.stretch - 1) < 0.005 else f"z, drawn out {volume.stretch:.3g} times"
    ax.set_zlabel(drawn, labelpad=8)
    levels = np.unique(z)
    if len(levels) <= _LEVELS_NAMED:
        ax.set_zticks(levels)
    draw_legend(ax, volume.labels, volume.colors, title)
    ax.get_legend().set_bbox_to_anchor((1.2, 0.95))  # beyond the axis of z


def new_volume_axes(figure_class: Any = Figure) -> Any:
    """Return axes of three dimensions, of a figure that is off-screen unless pyplot makes it."""
    figure = figure_class(figsize=(7.0, 6.0))
    if figure_class is Figure:
        FigureCanvasAgg(figure)
    return figure.add_subplot(projection="3d")


def _open(save: str | PathLike[str] | None) -> Any:
    if save is not None:
        return new_volume_axes()
    from matplotlib import pyplot  # a notebook shows only figures that pyplot made

    return new_volume_axes(pyplot.figure)


def turning(volume: Volume) -> Mapping[str, str]:
    """Return what a page needs to turn a stack: data, script, and the script's hash."""
    places = volume.places * [1, 1, volume.stretch]
    rows = np.arange(len(places))
    if len(rows) > MOST_TURNED:
        rows = np.sort(np.random.default_rng(0).choice(rows, MOST_TURNED, replace=False))
    low, high = places.min(axis=0), places.max(axis=0)
    scaled = (places[rows] - (low + high) / 2) / (np.linalg.norm(high - low) / 2)
    n_sections = max(1, len(np.unique(volume.places[:, 2])))
    area = np.prod((high - low)[:2]) / (np.linalg.norm(high - low) / 2) ** 2
    content = {
        "places": np.round(1000 * scaled).astype(int).ravel().tolist(),
        "codes": np.asarray(volume.labels.codes)[rows].astype(int).tolist(),
        "colors": [*volume.colors, MISSING],
        "size": float(np.sqrt(area * n_sections / len(rows))),
    }
    script = files("spotscape.pl").joinpath("stack.js").read_text(encoding="utf-8")
    return {
        "data": htmlsafe_json_dumps(content, separators=(",", ":")),
        "script": script,
        "hash": b64encode(sha256(script.encode("utf-8")).digest()).decode("ascii"),
    }
