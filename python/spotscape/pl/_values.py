"""A number of each spot, from 0 to 1, as colours over the tissue."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike

import matplotlib
import numpy as np
from anndata import AnnData
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from spotscape._validate import check_number, input_error
from spotscape.pl._draw import MISSING
from spotscape.pl._figure import as_plain_text, check_save, one_or_all, open_panels, save_figure
from spotscape.pl._read import read_coordinates, read_slice_names
from spotscape.pl._spatial import draw_panel, image_of, panel_size


def value_map(
    adata: AnnData,
    key: str,
    *,
    label: str,
    todo: str,
    ring: str | None,
    key_added: str,
    slice_key: str | None,
    slices: str | Sequence[str] | None,
    spatial_key: str,
    img: bool,
    library_id: str | None,
    spot_size: float | None,
    alpha: float,
    cmap: str,
    title: str | None,
    ax: Axes | Sequence[Axes] | None,
    save: str | PathLike[str] | None,
) -> Axes | list[Axes]:
    """Draw ``obs[key]``, a panel a slice; ``ring`` names a spot to mark, ``todo`` how the column is made."""
    check_save(save)
    alpha = check_number("alpha", alpha, 0.0, 1.0)
    if key not in adata.obs:
        raise input_error(f"adata.obs[{key!r}]", "nothing", label, todo)
    if cmap not in matplotlib.colormaps:
        raise input_error("cmap", repr(cmap), "the name of a colormap of matplotlib")
    if spot_size is not None:
        spot_size = check_number("spot_size", spot_size, 1e-12)
    values = adata.obs[key].to_numpy(dtype=np.float64)
    xy = read_coordinates(adata, spatial_key)
    of, drawn = read_slice_names(adata, key_added, slice_key, slices)
    panels = [(name, np.flatnonzero(of == name)) for name in drawn] or [(None, np.arange(adata.n_obs))]
    mapping = ScalarMappable(Normalize(0, 1), matplotlib.colormaps[cmap])
    colors = np.where(np.isnan(values)[:, None], matplotlib.colors.to_rgba(MISSING), mapping.to_rgba(values))
    marked = -1 if ring is None else adata.obs_names.get_indexer([ring])[0]

    axes = open_panels(ax, save, len(panels), panel_size(xy, panels))
    for one, (name, spots) in zip(axes, panels, strict=True):
        image = image_of(adata, name, spots, spatial_key, library_id) if img else None
        draw_panel(one, xy[spots], colors[spots], image, spot_size, alpha)
        if marked in spots:
            one.plot(*xy[marked], marker="o", markersize=11, mfc="none", mec="#d7301f", mew=2.0)
        as_plain_text([one.set_title(name if len(panels) > 1 else title or name or "")])
    axes[0].figure.colorbar(mapping, ax=axes, label=label, shrink=0.6)
    if title and len(panels) > 1:
        as_plain_text([axes[0].figure.suptitle(title)])
    save_figure(axes[0], save)
    return one_or_all(axes)
