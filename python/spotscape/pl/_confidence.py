"""How sure the domains are, over the tissue."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike

from anndata import AnnData
from matplotlib.axes import Axes

from spotscape import _keys
from spotscape._docs import filled
from spotscape.pl._spatial import spatial_domains
from spotscape.pl._values import value_map


@filled(like=spatial_domains)
def confidence(
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
    """Draw the confidence of each spot's domain where the spots lie.

    Confidence is low along borders, and all over a domain that could as well be cut elsewhere.

    Parameters
    ----------
    adata
        Object after `spotscape.tl.run_spotscape` or `spotscape.tl.spatial_domains`.
    key_added
        {key_added}
    slice_key
        {slice_key}
    slices
        {slices}
    spatial_key
        {spatial_key}
    img
        {img}
    library_id
        {library_id}
    spot_size
        {spot_size}
    alpha
        {alpha}
    title
        {title}
    ax
        {ax}
    save
        {save}
    cmap
        Name of a colormap of matplotlib.

    Returns
    -------
    matplotlib.axes.Axes, or a list of them, one for each of several slices

    Raises
    ------
    InputError
        If there is no confidence, no coordinates or no such colormap, or an argument is unfit.

    Examples
    --------
    >>> import numpy as np
    >>> from matplotlib.figure import Figure
    >>> from spotscape.datasets import simulate_slice
    >>> from spotscape.pl import confidence
    >>> adata = simulate_slice(n_spots=200, n_genes=50)
    >>> adata.obs["spotscape_confidence"] = np.linspace(0, 1, 200)
    >>> confidence(adata, ax=Figure().add_subplot()).get_title()
    ''
    """
    return value_map(
        adata,
        _keys.confidence(key_added),
        label="confidence",
        todo="Call spotscape.tl.spatial_domains(adata, method='gmm').",
        ring=None,
        key_added=key_added,
        slice_key=slice_key,
        slices=slices,
        spatial_key=spatial_key,
        img=img,
        library_id=library_id,
        spot_size=spot_size,
        alpha=alpha,
        cmap=cmap,
        title=title,
        ax=ax,
        save=save,
    )
