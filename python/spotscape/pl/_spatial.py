"""The map of domains over the tissue."""

from __future__ import annotations

import warnings
from os import PathLike
from typing import NamedTuple

import numpy as np
from anndata import AnnData
from matplotlib.axes import Axes

from spotscape import _keys
from spotscape._validate import SpotscapeWarning, check_number, input_error
from spotscape.pl._draw import (
    SpotShape,
    deepest_points,
    draw_legend,
    draw_names,
    draw_spots,
    spot_colors,
    spot_shape,
)
from spotscape.pl._figure import as_plain_text, check_save, open_axes, save_figure
from spotscape.pl._read import domain_colors, read_coordinates, read_labels


class TissueImage(NamedTuple):
    """Pixels (height x width x channels), how many make a unit of coordinates, a spot's true width."""

    pixels: np.ndarray
    scale: float
    spot_diameter: float | None


def spatial_domains(
    adata: AnnData,
    *,
    color: str | None = None,
    key_added: str = _keys.KEY_ADDED,
    spatial_key: str = _keys.SPATIAL,
    img: bool = True,
    library_id: str | None = None,
    spot_size: float | None = None,
    alpha: float = 1.0,
    names: bool = True,
    title: str | None = None,
    ax: Axes | None = None,
    save: str | PathLike[str] | None = None,
) -> Axes:
    """Draw the domains where they lie in the tissue, over its image where there is one.

    Parameters
    ----------
    adata
        Object with coordinates in ``obsm[spatial_key]`` (y downward, as in images; of 3-D coordinates the
        first two are drawn) and labels in ``obs``.
    color
        Column of ``obs`` with the labels; the domains of the run ``key_added`` by default. Spots without a
        label are light grey.
    key_added
        Stem of the run's names.
    spatial_key
        Name of the coordinates in ``obsm``, and of the images in ``uns`` (as scanpy and squidpy keep them).
    img
        Draw the tissue image, if ``uns[spatial_key]`` holds one.
    library_id
        Which image, where ``uns[spatial_key]`` holds several; without it several are as good as none.
    spot_size
        Width of a spot in the unit of the coordinates. By default, over an image the true width
        (``spot_diameter_fullres`` among its scalefactors), so that the tissue shows between the spots;
        else found from the nearest-neighbour distances, so that the spots fill the tissue.
    alpha
        Opacity of the spots, 0 to 1; lower it to see the tissue through them.
    names
        Write the domains' names on the map as well as in the legend.
    title
        Title of the axes.
    ax
        Axes to draw on. Without ``ax`` and ``save`` a pyplot figure is made, so that a notebook shows it;
        with ``save`` an off-screen one, which needs no display and leaves nothing behind.
    save
        File to write the figure to, whole or not at all; the ending says the format (.png, .pdf, .svg, ...).

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If labels, coordinates or ``library_id`` are not there, or an argument or ``save`` is unfit.

    Notes
    -----
    Writes ``uns[f"{color}_colors"]`` (as scanpy does; change it to choose your own colours) unless it is
    there with one colour a category, or ``adata`` is a view. The colours stay apart under deuteranopia and
    protanopia, most of all those of domains that touch.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from spotscape.datasets import simulate_slice
    >>> from spotscape.pl import spatial_domains
    >>> adata = simulate_slice(n_spots=200, n_genes=50)
    >>> ax = spatial_domains(adata, color="ground_truth", ax=Figure().add_subplot())
    >>> len(adata.uns["ground_truth_colors"]) == adata.obs["ground_truth"].nunique()
    True
    """
    check_save(save)
    alpha = check_number("alpha", alpha, 0.0, 1.0)
    column = _keys.domain(key_added) if color is None else color
    labels = read_labels(adata, column)
    xy = read_coordinates(adata, spatial_key)
    image = _tissue_image(adata, spatial_key, library_id) if img else None
    shape = spot_shape(xy)
    if spot_size is not None:
        shape = SpotShape(check_number("spot_size", spot_size, 1e-12), shape.square)
    elif image is not None and image.spot_diameter is not None:
        shape = SpotShape(image.spot_diameter, shape.square)
    colors = domain_colors(adata, column, labels, spatial_key)

    low, high = xy.min(axis=0) - shape.size, xy.max(axis=0) + shape.size
    width, height = high - low
    ax = open_axes(ax, save, (5.5, float(np.clip(5.5 * height / width, 2.5, 9.0))))
    if image is not None:
        rows, columns = image.pixels.shape[:2]
        ax.imshow(image.pixels, extent=(0, columns / image.scale, rows / image.scale, 0), cmap="gray")
    draw_spots(ax, xy, spot_colors(labels, colors), shape, alpha)
    if names:
        draw_names(ax, deepest_points(xy, labels))
    draw_legend(ax, labels, colors, "domain" if color is None else column)
    ax.set_xlim(low[0], high[0])
    ax.set_ylim(high[1], low[1])
    ax.set_aspect("equal")
    ax.set_axis_off()
    as_plain_text([ax.set_title(title or "")])
    save_figure(ax, save)
    return ax


def _tissue_image(adata: AnnData, spatial_key: str, library_id: str | None) -> TissueImage | None:
    """Return the best image of the one library, or of the named one, if it says its scale."""
    libraries = adata.uns.get(spatial_key, {})
    if library_id is not None and library_id not in libraries:
        known = ", ".join(repr(name) for name in libraries) or "no images in this object"
        raise input_error("library_id", repr(library_id), f"one of adata.uns[{spatial_key!r}]: {known}")
    if library_id is None:
        if len(libraries) != 1:
            return None
        library_id = next(iter(libraries))
    library = libraries[library_id]
    images, scales = library.get("images", {}), library.get("scalefactors", {})
    for resolution in ("hires", "lowres"):
        scale = scales.get(f"tissue_{resolution}_scalef")
        if resolution in images and scale is not None:
            diameter = scales.get("spot_diameter_fullres")
            return TissueImage(
                np.asarray(images[resolution]), float(scale), None if diameter is None else float(diameter)
            )
    if images:
        text = (
            f"adata.uns[{spatial_key!r}][{library_id!r}] has an image but no 'tissue_hires_scalef' or "
            "'tissue_lowres_scalef' among its scalefactors: the domains are drawn without it."
        )
        warnings.warn(text, SpotscapeWarning, stacklevel=3)
    return None
