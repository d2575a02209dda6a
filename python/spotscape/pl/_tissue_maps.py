"""Several maps side by side: domains, confidence, genes, columns and compositions over the tissue."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike

import matplotlib
import numpy as np
import pandas as pd
from anndata import AnnData
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_rgba
from scipy.spatial import cKDTree

from spotscape import _keys
from spotscape._docs import filled
from spotscape._validate import check_flag, check_number, input_error
from spotscape.gr.unit import micrometres_per_unit
from spotscape.pl._draw import (
    SpotShape,
    deepest_points,
    draw_legend,
    draw_names,
    draw_spots,
    spot_colors,
)
from spotscape.pl._figure import (
    COLUMNS,
    LEGEND_ROWS,
    as_plain_text,
    check_save,
    one_or_all,
    open_panels,
    save_figure,
    unchanged_if_it_fails,
)
from spotscape.pl._palette import MISSING
from spotscape.pl._panels import Groups, Numbers, Panel, read_panels
from spotscape.pl._pies import draw_pies
from spotscape.pl._read import read_coordinates, read_slice_names
from spotscape.pl._scale_bar import draw_scale_bar, to_one_scale
from spotscape.pl._spatial import draw_ground, image_of, panel_size, spatial_domains

PIES_UP_TO = 20_000
"""Spots of a slice above which pies would be too small to see: each has the colour of its largest part."""


@unchanged_if_it_fails
@filled(like=spatial_domains)
def tissue_maps(
    adata: AnnData,
    *,
    panels: str | Sequence[str] | None = None,
    key_added: str = _keys.KEY_ADDED,
    slice_key: str | None = None,
    slices: str | Sequence[str] | None = None,
    spatial_key: str = _keys.SPATIAL,
    layer: str | None = None,
    img: bool = True,
    library_id: str | None = None,
    spot_size: float | None = None,
    alpha: float = 1.0,
    cmap: str = "viridis",
    names: bool = True,
    scale_bar: bool = True,
    title: str | None = None,
    ax: Axes | Sequence[Axes] | None = None,
    save: str | PathLike[str] | None = None,
) -> Axes | list[Axes]:
    """Draw several maps of the tissue side by side: domains, confidence, genes, cell types.

    One slice gives a panel for each name. Several slices give a row each. A panel has one scale of colours
    for all slices. Where the object knows its unit, all slices are drawn at one scale, with a scale bar.

    Parameters
    ----------
    adata
        Object with coordinates in ``obsm[spatial_key]``.
    panels
        What to draw, each by its name:

        - ``"domain"`` and ``"confidence"`` of the run;
        - a column of ``obs``: groups, or numbers;
        - a gene;
        - a key of ``obsm`` with the parts of each spot, such as cell types from a deconvolution: a pie on
          each spot, or above 20,000 spots a slice the colour of its largest part;
        - ``"key:column"``: one column of ``obsm[key]``, as a number.

        A name that is there twice is taken in this order. None: domains and, where there is one, confidence.
    key_added
        {key_added}
    slice_key
        {slice_key}
    slices
        {slices}
    spatial_key
        {spatial_key}
    layer
        Layer with the expression to show, as it is. None: ``log(1 + x)`` of the raw counts, scaled to 10,000
        in each spot; of an object without raw counts ``X`` as it is.
    img
        Draw the tissue image, if ``uns[spatial_key]`` holds one.
    library_id
        {library_id}
    spot_size
        {spot_size}
    alpha
        {alpha}
    cmap
        Name of a colormap of matplotlib, for numbers.
    names
        Write the names of groups on the map. Groups whose spots mostly have a nearest neighbour of another
        group, as cell types do, stand in the legend alone.
    scale_bar
        Draw a scale bar, where the object knows its unit (``uns["micrometres_per_unit"]``, or the scale
        factors of Space Ranger).
    title
        Title of the figure.
    ax
        Axes to draw on, one for each panel, slice by slice. Without ``ax`` and ``save`` a pyplot figure is
        made, which a notebook shows.
    save
        {save}

    Returns
    -------
    matplotlib.axes.Axes, or a list of them, slice by slice

    Raises
    ------
    InputError
        If what a panel names is not there or cannot be drawn, coordinates or slices are missing, or an
        argument or ``save`` is unfit.

    Notes
    -----
    Writes ``uns[f"{column}_colors"]`` of columns with groups, as `spotscape.pl.spatial_domains` does.

    Examples
    --------
    >>> import numpy as np
    >>> from matplotlib.figure import Figure
    >>> from spotscape.datasets import simulate_slice
    >>> from spotscape.pl import tissue_maps
    >>> adata = simulate_slice(n_spots=200, n_genes=50)
    >>> axes = tissue_maps(adata, panels=["ground_truth", "gene01"], ax=list(Figure().subplots(1, 2)))
    >>> [ax.get_title() for ax in axes]
    ['ground_truth', 'gene01']
    """
    check_save(save)
    alpha = check_number("alpha", alpha, 0.0, 1.0)
    scale_bar, names, img = (
        check_flag(name, value) for name, value in (("scale_bar", scale_bar), ("names", names), ("img", img))
    )
    if cmap not in matplotlib.colormaps:
        raise input_error("cmap", repr(cmap), "the name of a colormap of matplotlib")
    if spot_size is not None:
        spot_size = check_number("spot_size", spot_size, 1e-12)
    xy = read_coordinates(adata, spatial_key)
    of, drawn = read_slice_names(adata, key_added, slice_key, slices)
    rows = [(name, np.flatnonzero(of == name)) for name in drawn] or [(None, np.arange(adata.n_obs))]
    images = [image_of(adata, name, spots, spatial_key, library_id) if img else None for name, spots in rows]
    shown = read_panels(adata, panels, key_added=key_added, spatial_key=spatial_key, layer=layer)
    micrometres = micrometres_per_unit(adata, spatial_key)

    per_row = len(shown) if len(rows) > 1 else COLUMNS
    across = min(len(shown), per_row)
    width, height = panel_size(xy, rows)
    size = (4.6, max(3.4 * height / width, _legend_height(shown)))
    axes = open_panels(ax, save, len(shown) * len(rows), size, per_row)
    for i, ((_, spots), image) in enumerate(zip(rows, images, strict=True)):
        for one, panel in zip(axes[i * len(shown) : (i + 1) * len(shown)], shown, strict=True):
            shape = draw_ground(one, xy[spots], image, spot_size)
            _draw_panel(one, panel, xy[spots], spots, shape, alpha, cmap, names)
    for j, panel in enumerate(shown):
        as_plain_text([axes[j].set_title(panel.name)])
        _draw_key(panel, axes[j :: len(shown)], np.concatenate([spots for _, spots in rows]), cmap)
    if len(rows) > 1:
        for one, (name, _) in zip(axes[:: len(shown)], rows, strict=True):
            style = {"rotation": 90, "ha": "right", "va": "center", "fontsize": 12}
            as_plain_text([one.text(-0.02, 0.5, name, transform=one.transAxes, **style)])
    if np.isfinite(micrometres):
        if len(rows) > 1:
            to_one_scale(axes)
        if scale_bar:
            draw_scale_bar(axes[(len(axes) - 1) // across * across], micrometres)
    if title:
        as_plain_text([axes[0].figure.suptitle(title)])
    save_figure(axes[0], save)
    return one_or_all(axes)


def _draw_panel(
    ax: Axes,
    panel: Panel,
    xy: np.ndarray,
    spots: np.ndarray,
    shape: SpotShape,
    alpha: float,
    cmap: str,
    names: bool,
) -> None:
    """Draw the spots of a slice as a panel shows them."""
    if isinstance(panel, Groups):
        labels = panel.labels[spots]
        draw_spots(ax, xy, spot_colors(labels, panel.colors), shape, alpha)
        if names and _lie_in_regions(xy, labels):
            draw_names(ax, deepest_points(xy, labels))
    elif isinstance(panel, Numbers):
        values = panel.values[spots]
        colors = np.where(np.isnan(values)[:, None], to_rgba(MISSING), _mapping(panel, cmap).to_rgba(values))
        draw_spots(ax, xy, colors, shape, alpha)
    elif len(spots) > PIES_UP_TO:
        parts = panel.values[spots]
        largest = np.where(np.isnan(parts[:, 0]), -1, np.argmax(np.nan_to_num(parts), axis=1))
        draw_spots(ax, xy, np.array([*panel.colors, MISSING])[largest], shape, alpha)
    else:
        draw_pies(ax, xy, panel.colors, panel.values[spots], shape, alpha)


def _lie_in_regions(xy: np.ndarray, labels: pd.Categorical) -> bool:
    """Tell whether spots lie among their like: names of scattered groups would only hide them."""
    if len(xy) < 2:
        return True
    nearest = cKDTree(xy).query(xy, k=2)[1][:, 1]
    return bool(np.mean(labels.codes == labels.codes[nearest]) > 0.5)


def _legend_height(shown: list[Panel]) -> float:
    """Return the height in inches that the longest legend takes."""
    lengths = [len(panel.colors) + 1 for panel in shown if not isinstance(panel, Numbers)]
    return 0.5 + 0.22 * min(max(lengths, default=0), LEGEND_ROWS)


def _mapping(panel: Numbers, cmap: str) -> ScalarMappable:
    return ScalarMappable(Normalize(panel.low, panel.high), matplotlib.colormaps[cmap])


def _draw_key(panel: Panel, axes: list[Axes], spots: np.ndarray, cmap: str) -> None:
    """Draw what the colours of a panel mean: one legend, or one scale, for all slices."""
    if isinstance(panel, Groups):
        draw_legend(axes[0], panel.labels[spots], panel.colors, "")
    elif isinstance(panel, Numbers):
        bar = axes[0].figure.colorbar(_mapping(panel, cmap), ax=axes, shrink=0.6)
        as_plain_text([bar.ax.set_ylabel("" if panel.label == panel.name else panel.label)])
    else:
        any_without = int(np.isnan(panel.values[spots, 0]).any())
        entries = pd.Categorical([*panel.names, *[None] * any_without], categories=panel.names)
        draw_legend(axes[0], entries, panel.colors, "")
