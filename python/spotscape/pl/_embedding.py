"""The embedding in two dimensions, by UMAP."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from os import PathLike

import numpy as np
import pandas as pd
from anndata import AnnData
from matplotlib.axes import Axes

from spotscape import _keys
from spotscape._docs import filled
from spotscape._scanpy import embedding_graph
from spotscape._threads import threads_kept
from spotscape._validate import check_integer, input_error
from spotscape.pl._draw import draw_legend, draw_names, spot_colors
from spotscape.pl._figure import (
    as_plain_text,
    check_save,
    one_or_all,
    open_panels,
    save_figure,
    unchanged_if_it_fails,
)
from spotscape.pl._read import domain_colors, read_embedding, read_labels, run_slice_key

MIN_SPOTS = 4
"""Spots below which UMAP cannot be computed."""


@unchanged_if_it_fails
@filled()
def embedding(
    adata: AnnData,
    *,
    color: str | Sequence[str] | None = None,
    key_added: str = _keys.KEY_ADDED,
    max_spots: int = 20_000,
    seed: int = 0,
    names: bool = True,
    title: str | None = None,
    ax: Axes | Sequence[Axes] | None = None,
    save: str | PathLike[str] | None = None,
) -> Axes | list[Axes]:
    """Draw the embedding as a UMAP, coloured by domain, and by slice where there are several.

    Parameters
    ----------
    adata
        Object after `spotscape.tl.run_spotscape`: the embedding in ``obsm[f"X_{key_added}"]``.
    color
        Column of ``obs`` with the labels, or several columns, drawn side by side. By default the domains of
        the run ``key_added``, and before them the slices where it put several into one space.
    key_added
        {key_added}
    max_spots
        Of more spots than this a random sample is drawn, and the title says so.
    seed
        For the sample and for UMAP.
    names
        Write the domains' names on the map as well as in the legend. Of columns other than the domains, the
        names are in the legend only where there are several columns.
    title
        Title of the axes, or of the figure.
    ax, save
        As in `spotscape.pl.spatial_domains`.

    Returns
    -------
    matplotlib.axes.Axes, or a list of them, one for each of several columns

    Raises
    ------
    InputError
        If the object holds no run, or fewer than 4 spots, or an argument or ``save`` is unfit.

    Notes
    -----
    Neighbours and UMAP (scanpy's, with its defaults) are computed on a private copy. Written, unless
    ``adata`` is a view: ``obsm[f"X_umap_{key_added}"]`` (n_spots x 2 float32, NaN for spots outside the
    sample), ``uns[f"X_umap_{key_added}"]`` (what it was made from, so that it is used again only while the
    embedding and the arguments are the same) and ``uns[f"{color}_colors"]``.

    Examples
    --------
    >>> import numpy as np
    >>> from anndata import AnnData
    >>> from matplotlib.figure import Figure
    >>> from spotscape.pl import embedding
    >>> rng = np.random.default_rng(0)
    >>> adata = AnnData(np.ones((40, 2)), obsm={"X_spotscape": rng.normal(size=(40, 4))})
    >>> adata.obs["spotscape_domain"] = ["1"] * 20 + ["2"] * 20
    >>> ax = embedding(adata, ax=Figure().add_subplot())
    >>> adata.obsm["X_umap_spotscape"].shape
    (40, 2)
    """
    check_save(save)
    max_spots = check_integer("max_spots", max_spots, MIN_SPOTS)
    seed = check_integer("seed", seed, 0)
    columns = _columns(adata, color, key_added)
    labels = {column: read_labels(adata, column) for column in columns}
    latent = read_embedding(adata, key_added)
    if len(latent) < MIN_SPOTS:
        raise input_error("adata", f"{len(latent)} spots", f"at least {MIN_SPOTS} for a UMAP")
    axes = open_panels(ax, save, len(columns), (5.5, 5.0))
    umap = _stored_or_new_umap(adata, latent, key_added, max_spots, seed)

    drawn = np.flatnonzero(np.isfinite(umap).all(axis=1))
    if len(drawn) < len(umap):
        sample = f"random sample of {len(drawn):,} of {len(umap):,} spots"
        title = f"{title} ({sample})" if title else sample
    # In random order, so that no domain lies on top of the others by its number.
    np.random.default_rng(seed).shuffle(drawn)
    domains = _keys.domain(key_added)
    for one, column in zip(axes, columns, strict=True):
        named = names and (len(columns) == 1 or column == domains)
        colors = domain_colors(adata, column, labels[column])
        _draw_panel(one, umap[drawn], labels[column][drawn], colors, named)
        draw_legend(one, labels[column], colors, "domain" if column == domains else column)
    if title:
        whole = axes[0].figure.suptitle if len(axes) > 1 else axes[0].set_title
        as_plain_text([whole(title, fontsize="medium")])
    save_figure(axes[0], save)
    return one_or_all(axes)


def _columns(adata: AnnData, color: str | Sequence[str] | None, key_added: str) -> list[str]:
    """Return the columns to colour by."""
    if color is not None:
        columns = [color] if isinstance(color, str) else list(color)
        if not columns:
            raise input_error("color", "no column", "one or more columns of adata.obs")
        return columns
    slice_key = run_slice_key(adata, key_added)
    return [*([slice_key] if slice_key in adata.obs else []), _keys.domain(key_added)]


def _draw_panel(ax: Axes, umap: np.ndarray, labels: pd.Categorical, colors: list[str], names: bool) -> None:
    """Draw one map: spots, names, frame."""
    size = float(np.clip(30_000 / len(umap), 1.5, 40))
    ax.scatter(*umap.T, s=size, c=spot_colors(labels, colors), linewidths=0, rasterized=True)
    if names:
        places = {name: umap[labels == name] for name in labels.categories}
        draw_names(ax, {name: np.median(xy, axis=0) for name, xy in places.items() if len(xy)})
    ax.set(xlabel="UMAP 1", ylabel="UMAP 2", xticks=[], yticks=[])
    ax.spines[["top", "right"]].set_visible(False)


def _stored_or_new_umap(
    adata: AnnData, latent: np.ndarray, key_added: str, max_spots: int, seed: int
) -> np.ndarray:
    """Return the UMAP in ``obsm`` if it was made from this embedding with these arguments, else make it."""
    key = _keys.umap(key_added)
    made_from = {"embedding_crc32": zlib.crc32(latent.tobytes()), "max_spots": max_spots, "seed": seed}
    stored = adata.uns.get(key, {})
    if key in adata.obsm and all(stored.get(name) == value for name, value in made_from.items()):
        return np.asarray(adata.obsm[key], dtype=np.float32)
    chosen = np.arange(len(latent))
    if len(latent) > max_spots:
        chosen = np.sort(np.random.default_rng(seed).choice(len(latent), max_spots, replace=False))
    umap = np.full((len(latent), 2), np.nan, dtype=np.float32)
    umap[chosen] = _compute_umap(latent[chosen], seed)
    if not adata.is_view:  # writing to a view would copy the object behind the user's back
        adata.obsm[key] = umap
        adata.uns[key] = made_from
    return umap


@threads_kept()
def _compute_umap(latent: np.ndarray, seed: int) -> np.ndarray:
    """Run scanpy's neighbours and UMAP on an object of their own."""
    import scanpy as sc

    private = embedding_graph(latent, min(15, len(latent) - 1), seed)
    # The spectral start needs more spots than it gives dimensions, and a few to spare.
    sc.tl.umap(private, init_pos="spectral" if len(latent) > 20 else "random", random_state=seed)
    return np.asarray(private.obsm["X_umap"], dtype=np.float32)
