"""Pairs of spots become the graph that an object keeps, slice by slice."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

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
    adjacency,
    check_degrees,
    degrees_of,
    distances_of,
    distinct_places,
    pairs_of_spots,
    warn_of_oddities,
)
from spotscape.gr.sections import check_one_section
from spotscape.gr.ways import Way, Where


class Graph(NamedTuple):
    """Neighbours of the spots of an object, under the names by which objects keep them.

    Attributes
    ----------
    connectivities
        N x N, CSR, float32, 1 for neighbours.
    distances
        N x N, CSR, float64, of the same pairs.
    record
        How it was made, and what from: what goes into ``uns["spatial_neighbors"]``.
    """

    connectivities: sparse.csr_matrix
    distances: sparse.csr_matrix
    record: dict[str, Any]

    def write(self, adata: AnnData) -> None:
        """Write the graph into an object of these spots."""
        adata.obsp[SPATIAL_CONNECTIVITIES] = self.connectivities
        adata.obsp[SPATIAL_DISTANCES] = self.distances
        adata.uns[SPATIAL_NEIGHBORS] = self.record


def make_graph(
    coordinates: np.ndarray, names: pd.Index, slices: list[np.ndarray] | None, way: Way, where: Where
) -> Graph:
    """Find pairs slice by slice, and check the graph they make.

    Parameters
    ----------
    coordinates
        N x 2 or 3, checked.
    names
        Of the spots.
    slices
        Rows of each slice; None for one slice.
    way
        Of finding neighbours.
    where
        What coordinates and slices are called, for messages and for the record.

    Raises
    ------
    InputError
        If the way does not suit these places.

    Warns
    -----
    SpotscapeWarning
        If many spots have no neighbour, or share their place with another.
    """
    argument = next(iter(way.settings))
    parts, methods, shared = [], set(), 0
    for rows in _all_or(slices, len(coordinates)):
        places, place_of = distinct_places(coordinates[rows])
        shared += _n_shared(place_of)
        pairs, method = way.find(places, where)
        methods.add(method)
        parts.append(rows[pairs_of_spots(pairs, place_of, len(places), where.spatial_key)])
    pairs = np.concatenate(parts)
    degrees = degrees_of(pairs, len(coordinates))
    check_degrees(degrees, coordinates, argument)
    warn_of_oddities(degrees, shared, argument, where.slice_key)
    connectivities = adjacency(pairs, len(coordinates))
    params = {"method": "+".join(sorted(methods)), **way.settings, **where._asdict()}
    record = {
        "connectivities_key": SPATIAL_CONNECTIVITIES,
        "distances_key": SPATIAL_DISTANCES,
        "params": {name: value for name, value in params.items() if value is not None},
        MADE_FROM: {
            "by": way.name,
            "digest": made_from(coordinates, names, slices),
            "spatial_key": where.spatial_key,
            **({} if where.slice_key is None else {"slice_key": where.slice_key}),
            **graph_record(connectivities),
        },
    }
    return Graph(connectivities, distances_of(connectivities, coordinates), record)


def warn_again(
    connectivities: sparse.csr_matrix,
    coordinates: np.ndarray,
    slices: list[np.ndarray] | None,
    way: Way,
    where: Where,
) -> None:
    """Say of a graph what `make_graph` said when it was made; arguments as there."""
    places_of = [distinct_places(coordinates[rows])[1] for rows in _all_or(slices, len(coordinates))]
    shared = sum(_n_shared(place_of) for place_of in places_of)
    warn_of_oddities(np.diff(connectivities.indptr), shared, next(iter(way.settings)), where.slice_key)


def _all_or(slices: list[np.ndarray] | None, n_spots: int) -> list[np.ndarray]:
    """Return the rows of each slice, or all."""
    return [np.arange(n_spots)] if slices is None else slices


def _n_shared(place_of: np.ndarray) -> int:
    """Return how many spots share their place with another."""
    return int((np.bincount(place_of)[place_of] > 1).sum())


def write_graph_of(adata: AnnData, way: Way, where: Where, copy: bool) -> AnnData | None:
    """Make the graph of an object and write it into it, or into a copy."""
    coordinates = check_coordinates(adata, where.spatial_key)
    slices = _slices(adata, where.slice_key)
    if slices is None:
        check_one_section(adata, coordinates, where.spatial_key)
    graph = make_graph(coordinates, adata.obs_names, slices, way, where)
    if copy:
        adata = in_memory_copy(adata)
    graph.write(adata)
    return adata if copy else None


def _slices(adata: AnnData, slice_key: str | None) -> list[np.ndarray] | None:
    """Return the row numbers of each slice; None for one slice."""
    if slice_key is None:
        return None
    if slice_key not in adata.obs:
        known = ", ".join(repr(key) for key in adata.obs) or "nothing"
        raise input_error("slice_key", describe(slice_key), f"the name of a column of adata.obs ({known})")
    nameless = int(adata.obs[slice_key].isna().sum())
    if nameless:
        raise input_error(f"adata.obs[{slice_key!r}]", f"{nameless} spot(s) without a slice", "none")
    return list(adata.obs.groupby(slice_key, observed=True).indices.values())
