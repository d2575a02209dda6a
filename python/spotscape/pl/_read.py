"""What plots and the report read from an AnnData, with the one error for what is not there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from matplotlib.colors import is_color_like, to_hex
from sklearn.neighbors import kneighbors_graph

from spotscape import _keys
from spotscape._slices import read_slices
from spotscape._validate import InputError, input_error
from spotscape.annotation.bordering import domain_contacts
from spotscape.gr.spatial_graph import current_graph
from spotscape.pl._palette import assign_colors

RUN_FIRST = "Run spotscape.tl.run_spotscape(adata) first, or give the key_added= of the run to be shown."


def read_labels(adata: AnnData, column: str) -> pd.Categorical:
    """Return ``adata.obs[column]`` as text categories; spots without a label (also "") are missing."""
    name = f"adata.obs[{column!r}]"
    if column not in adata.obs:
        raise input_error(name, "no such column", "the labels of the spots", RUN_FIRST)
    values = adata.obs[column]
    if pd.api.types.is_float_dtype(values.dtype):
        todo = "Use scanpy.pl.spatial or scanpy.pl.embedding for numbers, or make it a category."
        raise input_error(name, "decimal numbers", "categories", todo)
    labels = pd.Categorical(values)
    labels = labels.rename_categories([str(category) for category in labels.categories])
    # Categories without a spot stay: the colours in ``uns`` are counted by them.
    labels[np.asarray(labels == "")] = np.nan
    return labels


def run_slice_key(adata: AnnData, key_added: str) -> str | None:
    """Return the column of ``obs`` with the slices of a run; None for a run on one slice, or no run."""
    return adata.uns.get(_keys.parameters(key_added), {}).get("integration", {}).get("slice_key")


def read_slice_names(
    adata: AnnData, key_added: str, slice_key: str | None, slices: str | Sequence[str] | None = None
) -> tuple[pd.Categorical | None, list[str]]:
    """Return which slice each spot is of and the slices to draw; None and nothing where there is one only.

    Without ``slice_key`` it is the one of the run, if that put several slices into one space.
    """
    slice_key = run_slice_key(adata, key_added) if slice_key is None else slice_key
    if slice_key is None:
        if slices is not None:
            todo = "Name the column of adata.obs with the slices by slice_key=."
            raise input_error("slices", repr(slices), "None for an object of one slice", todo)
        return None, []
    names = read_slices(adata, slice_key)
    known = list(names.categories)
    chosen = known if slices is None else [slices] if isinstance(slices, str) else list(slices)
    strange = [name for name in chosen if name not in known]
    if strange or not chosen:
        found = repr(strange[0]) if strange else "none"
        raise input_error("slices", found, f"some of {', '.join(map(repr, known))}")
    return names, chosen


def read_coordinates(adata: AnnData, spatial_key: str) -> np.ndarray:
    """Return x and y (of 3-D coordinates the first two), n_spots x 2 float64."""
    name = f"adata.obsm[{spatial_key!r}]"
    if spatial_key not in adata.obsm:
        raise input_error(name, "nothing", "the coordinates of the spots", "Name them with spatial_key=.")
    xy = np.asarray(adata.obsm[spatial_key], dtype=np.float64)
    if xy.ndim != 2 or xy.shape[1] < 2 or not np.isfinite(xy).all():
        found = f"an array of shape {xy.shape}" + ("" if np.isfinite(xy).all() else " with missing values")
        raise input_error(name, found, "n_spots x 2 finite numbers")
    return xy[:, :2]


def read_embedding(adata: AnnData, key_added: str) -> np.ndarray:
    """Return the embedding of a run, n_spots x d float32."""
    key = _keys.embedding(key_added)
    if key not in adata.obsm:
        raise input_error(f"adata.obsm[{key!r}]", "nothing", "the embedding of a run", RUN_FIRST)
    return np.ascontiguousarray(adata.obsm[key], dtype=np.float32)


def read_run(adata: AnnData, key_added: str) -> dict[str, Any]:
    """Return the record of a run: parameters, losses, versions, warnings."""
    key = _keys.parameters(key_added)
    if key not in adata.uns:
        raise input_error(f"adata.uns[{key!r}]", "nothing", "the record of a run", RUN_FIRST)
    return dict(adata.uns[key])


def read_connectivities(adata: AnnData, spatial_key: str) -> Any:
    """Return the spatial graph; else the 6 nearest neighbours; None without coordinates."""
    try:
        graph = current_graph(adata)
        if graph is not None:
            return graph
        xy = read_coordinates(adata, spatial_key)
    except InputError:
        return None
    return kneighbors_graph(xy, n_neighbors=min(6, len(xy) - 1)) if len(xy) > 1 else None


def domain_colors(
    adata: AnnData, column: str, labels: pd.Categorical, spatial_key: str = _keys.SPATIAL
) -> list[str]:
    """Return one colour a category: those in ``uns`` where they fit, else new ones, which are put there."""
    key = _keys.colors(column)
    stored = [str(color) for color in adata.uns.get(key, [])]
    if len(stored) == len(labels.categories) and all(is_color_like(color) for color in stored):
        return [to_hex(color) for color in stored]
    connectivities = read_connectivities(adata, spatial_key)
    n_domains = len(labels.categories)
    contacts = np.zeros((n_domains, n_domains))
    if connectivities is not None and n_domains:
        contacts = domain_contacts(np.asarray(labels.codes), connectivities)
    colors = assign_colors(contacts)
    if not adata.is_view:  # writing to a view would copy the object behind the user's back
        adata.uns[key] = colors
    return colors
