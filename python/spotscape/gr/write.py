"""Pairs of spots become the graph that an object keeps, slice by slice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from anndata import AnnData

from spotscape._adata import in_memory_copy
from spotscape._keys import (
    MADE_FROM,
    SPATIAL_CONNECTIVITIES,
    SPATIAL_DISTANCES,
    SPATIAL_NEIGHBORS,
)
from spotscape._validate import describe, input_error
from spotscape.gr.coordinates import check_coordinates
from spotscape.gr.made_from import graph_record, made_from
from spotscape.gr.neighbors import (
    Pairs,
    adjacency,
    check_degrees,
    degrees_of,
    distances_of,
    distinct_places,
    pairs_of_spots,
    warn_of_oddities,
)
from spotscape.gr.sections import check_one_section


def write_graph_of(
    adata: AnnData,
    find: Callable[[np.ndarray], tuple[Pairs, str]],
    settings: dict[str, Any],
    spatial_key: str,
    slice_key: str | None,
    copy: bool,
    by: str,
) -> AnnData | None:
    """Find pairs slice by slice, check the graph they make, write it."""
    argument = next(iter(settings))
    coordinates = check_coordinates(adata, spatial_key)
    parts, methods, shared = [], set(), 0
    slices = _slices(adata, slice_key)
    if slice_key is None:
        check_one_section(adata, coordinates, spatial_key)
    for rows in slices:
        places, place_of = distinct_places(coordinates[rows])
        shared += int((np.bincount(place_of)[place_of] > 1).sum())
        pairs, method = find(places)
        methods.add(method)
        parts.append(rows[pairs_of_spots(pairs, place_of, len(places), spatial_key)])
    pairs = np.concatenate(parts)
    degrees = degrees_of(pairs, adata.n_obs)
    check_degrees(degrees, coordinates, argument)
    warn_of_oddities(degrees, shared, argument, slice_key)
    if copy:
        adata = in_memory_copy(adata)
    connectivities = adjacency(pairs, adata.n_obs)
    adata.obsp[SPATIAL_CONNECTIVITIES] = connectivities
    adata.obsp[SPATIAL_DISTANCES] = distances_of(connectivities, coordinates)
    params = {
        "method": "+".join(sorted(methods)),
        **settings,
        "spatial_key": spatial_key,
        "slice_key": slice_key,
    }
    adata.uns[SPATIAL_NEIGHBORS] = {
        "connectivities_key": SPATIAL_CONNECTIVITIES,
        "distances_key": SPATIAL_DISTANCES,
        "params": {name: value for name, value in params.items() if value is not None},
        MADE_FROM: {
            "by": by,
            "digest": made_from(coordinates, adata.obs_names, None if slice_key is None else slices),
            "spatial_key": spatial_key,
            **({} if slice_key is None else {"slice_key": slice_key}),
            **graph_record(connectivities),
        },
    }
    return adata if copy else None


def _slices(adata: AnnData, slice_key: str | None) -> list[np.ndarray]:
    """Return the row numbers of each slice."""
    if slice_key is None:
        return [np.arange(adata.n_obs)]
    if slice_key not in adata.obs:
        known = ", ".join(repr(key) for key in adata.obs) or "nothing"
        raise input_error("slice_key", describe(slice_key), f"the name of a column of adata.obs ({known})")
    nameless = int(adata.obs[slice_key].isna().sum())
    if nameless:
        raise input_error(f"adata.obs[{slice_key!r}]", f"{nameless} spot(s) without a slice", "none")
    return list(adata.obs.groupby(slice_key, observed=True).indices.values())
