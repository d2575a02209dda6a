"""The pseudo-spatiotemporal map: pseudotime over the tissue."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike

import matplotlib
import numpy as np
from anndata import AnnData
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from spotscape import _keys
from spotscape._validate import check_number, input_error
from spotscape.pl._draw import MISSING
from spotscape.pl._figure import as_plain_text, check_save, one_or_all, open_panels, save_figure
from spotscape.pl._read import read_coordinates, read_slice_names
from spotscape.pl._spatial import draw_panel, image_of, panel_size


def pseudotime(
    adata: AnnData,
    *,
    key_added: str = _keys.KEY_ADDED,
    slice_key: str | None = None,
    slices: str | Sequence[str] | None = None,
    spatial_key: str = _keys.SPATIAL,
    img: bool = True,
    library_id: str | None = None,
    spot_size: float | None = None,
    alpha: float = 1.0,
    cmap: str = "viridis",
    title: str | None = None,
    ax: Axes | Sequence[Axes] | None = None,
    save: str | PathLike[str] | None = None,
) -> Axes | list[Axes]:
    """Draw pseudotime where the spots lie, with a ring around the root.

    Parameters
    ----------
    adata
        Object after `spotscape.tl.pseudotime`.
    key_added
        Stem of the run's names.
    slice_key, slices, spatial_key, img, library_id, spot_size, alpha, title, ax, save
        As in `spotscape.pl.spatial_domains`.
    cmap
        Name of a colormap of matplotlib.

    Returns
    -------
    matplotlib.axes.Axes, or a list of them, one for each of several slices

    Raises
    ------
    InputError
        If there is no pseudotime, no coordinates or no such colormap, or an argument is unfit.

    Examples
    --------
    >>> import numpy as np
    >>> from matplotlib.figure import Figure
    >>> from spotscape.datasets import simulate_slice
    >>> from spotscape.pl import pseudotime
    >>> adata = simulate_slice(n_spots=200, n_genes=50)
    >>> adata.obs["spotscape_pseudotime"] = np.linspace(0, 1, 200)
    >>> pseudotime(adata, ax=Figure().add_subplot()).get_title()
    ''
    """
    check_save(save)
    alpha = check_number("alpha", alpha, 0.0, 1.0)
    key = _keys.pseudotime(key_added)
    if key not in adata.obs:
        todo = "Call spotscape.tl.pseudotime(adata) first."
        raise input_error(f"adata.obs[{key!r}]", "nothing", "pseudotime", todo)
    if cmap not in matplotlib.colormaps:
        raise input_error("cmap", repr(cmap), "the name of a colormap of matplotlib")
    if spot_size is not None:
        spot_size = check_number("spot_size", spot_size, 1e-12)
    time = adata.obs[key].to_numpy(dtype=np.float64)
    xy = read_coordinates(adata, spatial_key)
    of, drawn = read_slice_names(adata, key_added, slice_key, slices)
    panels = [(name, np.flatnonzero(of == name)) for name in drawn] or [(None, np.arange(adata.n_obs))]
    mapping = ScalarMappable(Normalize(0, 1), matplotlib.colormaps[cmap])
    colors = np.where(np.isnan(time)[:, None], matplotlib.colors.to_rgba(MISSING), mapping.to_rgba(time))
    root = adata.obs_names.get_indexer([str(adata.uns.get(key, {}).get("root", ""))])[0]

    axes = open_panels(ax, save, len(panels), panel_size(xy, panels))
    for one, (name, spots) in zip(axes, panels, strict=True):
        image = image_of(adata, name, spots, spatial_key, library_id) if img else None
        draw_panel(one, xy[spots], colors[spots], image, spot_size, alpha)
        if root in spots:
            one.plot(*xy[root], marker="o", markersize=11, mfc="none", mec="#d7301f", mew=2.0)
        as_plain_text([one.set_title(name if len(panels) > 1 else title or name or "")])
    axes[0].figure.colorbar(mapping, ax=axes, label="pseudotime", shrink=0.6)
    if title and len(panels) > 1:
        as_plain_text([axes[0].figure.suptitle(title)])
    save_figure(axes[0], save)
    return one_or_all(axes)
