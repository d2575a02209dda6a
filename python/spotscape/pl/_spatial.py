"""The map of domains over the tissue."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from os import PathLike
from typing import NamedTuple

import numpy as np
from anndata import AnnData
from matplotlib.axes import Axes

from spotscape import _keys
from spotscape._adata import images_of
from spotscape._docs import filled
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
from spotscape.pl._figure import (
    COLUMNS,
    as_plain_text,
    check_save,
    one_or_all,
    open_panels,
    save_figure,
    unchanged_if_it_fails,
)
from spotscape.pl._read import domain_colors, read_coordinates, read_labels, read_slice_names


class TissueImage(NamedTuple):
    """Pixels (height x width x channels), how many make a unit of coordinates, a spot's true width."""

    pixels: np.ndarray
    scale: float
    spot_diameter: float | None


@unchanged_if_it_fails
@filled()
def spatial_domains(
    adata: AnnData,
    *,
    color: str | None = None,
    key_added: str = _keys.KEY_ADDED,
    slice_key: str | None = None,
    slices: str | Sequence[str] | None = None,
    spatial_key: str = _keys.SPATIAL,
    img: bool = True,
    library_id: str | None = None,
    spot_size: float | None = None,
    alpha: float = 1.0,
    names: bool = True,
    title: str | None = None,
    ax: Axes | Sequence[Axes] | None = None,
    save: str | PathLike[str] | None = None,
) -> Axes | list[Axes]:
    """Draw the domains on the tissue, over its image where there is one.

    Several slices are drawn side by side. Each has its own scale, and all have the same colours.

    Parameters
    ----------
    adata
        Object with labels in ``obs`` and coordinates in ``obsm[spatial_key]``. The y axis points down, as in
        images. Of three coordinates the first two are drawn.
    color
        Column of ``obs`` with the labels. None: the domains of the run ``key_added``. Spots without a label
        are light grey.
    key_added
        {key_added}
    slice_key
        Name in ``obs`` of the slices. None: that of the run, if it put several into one space.
    slices
        Names of the slices to draw. None: all.
    spatial_key
        Name of the coordinates in ``obsm``, and of the images in ``uns`` (as scanpy and squidpy keep them).
    img
        Draw the tissue image, if ``uns[spatial_key]`` holds one.
    library_id
        Which image to draw, where ``uns[spatial_key]`` holds several. None then draws no image. With several
        slices, each has the image of its own name, or of its name in ``obs["library_id"]``.
    spot_size
        Width of a spot in the unit of the coordinates. None: over an image the true width
        (``spot_diameter_fullres`` among its scalefactors), so that the tissue shows between the spots.
        Without an image the width follows the nearest-neighbour distances, so that the spots fill the tissue.
    alpha
        Opacity of the spots, 0 to 1. Lower it to see the tissue through them.
    names
        Write the domains' names on the map as well as in the legend.
    title
        Title of the axes. With several slices it is that of the figure, and each slice has its name.
    ax
        Axes to draw on, one for each slice. Without ``ax`` and ``save`` a pyplot figure is made, which a
        notebook shows. With ``save`` the figure is off-screen, needs no display, and leaves nothing behind.
    save
        {save}

    Returns
    -------
    matplotlib.axes.Axes, or a list of them, one for each of several slices

    Raises
    ------
    InputError
        If labels, coordinates, slices or ``library_id`` are not there, or an argument or ``save`` is unfit.

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
    if spot_size is not None:
        spot_size = check_number("spot_size", spot_size, 1e-12)
    of, drawn = read_slice_names(adata, key_added, slice_key, slices)
    panels = [(name, np.flatnonzero(of == name)) for name in drawn] or [(None, np.arange(adata.n_obs))]
    images = [
        image_of(adata, name, spots, spatial_key, library_id) if img else None for name, spots in panels
    ]
    colors = domain_colors(adata, column, labels, spatial_key)

    axes = open_panels(ax, save, len(panels), panel_size(xy, panels))
    for one, (name, spots), image in zip(axes, panels, images, strict=True):
        draw_panel(one, xy[spots], spot_colors(labels[spots], colors), image, spot_size, alpha)
        if names:
            draw_names(one, deepest_points(xy[spots], labels[spots]))
        as_plain_text([one.set_title(name if len(panels) > 1 else title or name or "")])
    shown = labels[np.concatenate([spots for _, spots in panels])]
    draw_legend(axes[min(len(axes), COLUMNS) - 1], shown, colors, "domain" if color is None else column)
    if title and len(panels) > 1:
        as_plain_text([axes[0].figure.suptitle(title)])
    save_figure(axes[0], save)
    return one_or_all(axes)


def draw_panel(
    ax: Axes,
    xy: np.ndarray,
    colors: np.ndarray,
    image: TissueImage | None,
    spot_size: float | None,
    alpha: float,
) -> None:
    """Draw one slice: its image, and its spots in a colour each."""
    draw_spots(ax, xy, colors, draw_ground(ax, xy, image, spot_size), alpha)


def draw_ground(ax: Axes, xy: np.ndarray, image: TissueImage | None, spot_size: float | None) -> SpotShape:
    """Draw what is under the spots of a slice and set the frame; return the shape that spots have."""
    shape = spot_shape(xy)
    if spot_size is not None:
        shape = SpotShape(spot_size, shape.square)
    elif image is not None and image.spot_diameter is not None:
        shape = SpotShape(image.spot_diameter, shape.square)
    if image is not None:
        rows, columns = image.pixels.shape[:2]
        ax.imshow(image.pixels, extent=(0, columns / image.scale, rows / image.scale, 0), cmap="gray")
    low, high = xy.min(axis=0) - shape.size, xy.max(axis=0) + shape.size
    ax.set_xlim(low[0], high[0])
    ax.set_ylim(high[1], low[1])
    ax.set_aspect("equal")
    ax.set_axis_off()
    return shape


def panel_size(xy: np.ndarray, panels: list[tuple[str | None, np.ndarray]]) -> tuple[float, float]:
    """Return width and height of a panel, in inches, for the tallest of the slices."""
    width = 5.5 if len(panels) == 1 else 3.6
    extents = [np.ptp(xy[spots], axis=0) for _, spots in panels]
    tallest = max(float(height / max(across, 1e-12)) for across, height in extents)
    return width, float(np.clip(width * tallest, 0.45 * width, 1.6 * width))


def image_of(
    adata: AnnData, name: str | None, spots: np.ndarray, spatial_key: str, library_id: str | None
) -> TissueImage | None:
    """Return a slice's image: the one asked for, of its name, or the one that its spots name."""
    libraries = images_of(adata, spatial_key)
    if name is not None and library_id is None:
        named = adata.obs["library_id"].iloc[spots].astype(str).unique() if "library_id" in adata.obs else []
        library_id = name if name in libraries else named[0] if len(named) == 1 else None
        if library_id not in libraries:
            return None
    return _tissue_image(adata, spatial_key, library_id)


def _tissue_image(adata: AnnData, spatial_key: str, library_id: str | None) -> TissueImage | None:
    """Return the best image of the one library, or of the named one, if it says its scale."""
    libraries = images_of(adata, spatial_key)
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
