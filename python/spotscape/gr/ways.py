"""Ways of finding neighbours among the places of one slice, as records side by side.

A further way is a function here and its row in `WAYS`; `build` gives it a public face. Arrays in, pairs out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any, NamedTuple

import numpy as np

from spotscape._validate import check_integer, check_number, input_error
from spotscape.gr.neighbors import (
    Pairs,
    degrees_of,
    is_well_joined,
    lattice_spacing,
    linked_pairs,
    nearest_pairs,
    pairs_within,
    touching_pairs,
    triangulated_pairs,
    unrounded,
)


class Where(NamedTuple):
    """Where an object keeps coordinates (a name in ``obsm``) and slices (in ``obs``; None for one slice)."""

    spatial_key: str
    slice_key: str | None


class Way(NamedTuple):
    """A way of finding neighbours.

    Attributes
    ----------
    name
        Of its row in `WAYS`.
    settings
        Checked, by the names of the public arguments; the first is the one to change where degrees are wrong.
    find
        From the places of one slice (n x 2 or 3) to pairs of rows and the method that was used.
    """

    name: str
    settings: dict[str, Any]
    find: Callable[[np.ndarray, Where], tuple[Pairs, str]]


def by_default(n_neighbors: int = 6) -> Way:
    """Join touching spots of a lattice, and nearest ones of spots that lie freely."""
    n_neighbors = check_integer("n_neighbors", n_neighbors, 1)

    def find(places: np.ndarray, where: Where) -> tuple[Pairs, str]:
        lattice = unrounded(places)
        spacing = lattice_spacing(lattice)
        if spacing is not None:
            pairs = touching_pairs(lattice, spacing)
            if is_well_joined(degrees_of(pairs, len(places))):
                return pairs, "grid"
        if where.slice_key is not None and len(places) <= n_neighbors:  # few cells beside larger slices
            return np.column_stack(np.triu_indices(len(places), k=1)), "knn"
        return nearest_pairs(places, n_neighbors), "knn"

    return Way("default", {"n_neighbors": n_neighbors}, find)


def by_nearest(n_neighbors: int = 6) -> Way:
    """Join each spot to its nearest ones."""
    n_neighbors = check_integer("n_neighbors", n_neighbors, 1)

    def find(places: np.ndarray, where: Where) -> tuple[Pairs, str]:
        return nearest_pairs(places, n_neighbors), "knn"

    return Way("knn", {"n_neighbors": n_neighbors}, find)


def by_radius(radius: float) -> Way:
    """Join spots that are not further apart than a radius."""
    radius = check_number("radius", radius, 0.0)

    def find(places: np.ndarray, where: Where) -> tuple[Pairs, str]:
        return pairs_within(places, radius), "radius"

    return Way("radius", {"radius": radius}, find)


def by_triangles(max_edge: float | None = None) -> Way:
    """Join spots that share an edge of the Delaunay triangulation."""
    if max_edge is not None:
        max_edge = check_number("max_edge", max_edge, 0.0)

    def find(places: np.ndarray, where: Where) -> tuple[Pairs, str]:
        return triangulated_pairs(places, max_edge), "delaunay"

    return Way("delaunay", {"max_edge": max_edge}, find)


def by_rings(n_rings: int = 1) -> Way:
    """Join spots of a lattice to those they touch, and to those that these touch."""
    n_rings = check_integer("n_rings", n_rings, 1)

    def find(places: np.ndarray, where: Where) -> tuple[Pairs, str]:
        places = unrounded(places)
        spacing = lattice_spacing(places)
        if spacing is None:
            found = "spots whose nearest neighbours are at many distances"
            todo = "Use spatial_neighbors_knn for spots that lie freely."
            raise input_error(f"adata.obsm[{where.spatial_key!r}]", found, "spots on a lattice", todo)
        return linked_pairs(touching_pairs(places, spacing), len(places), n_rings), "grid"

    return Way("grid", {"n_rings": n_rings}, find)


WAYS: Mapping[str, Callable[..., Way]] = {
    "default": by_default,
    "knn": by_nearest,
    "radius": by_radius,
    "delaunay": by_triangles,
    "grid": by_rings,
}


def way_again(name: str, params: Mapping[str, Any]) -> Way:
    """Return the way by which a graph was made, from what is kept of it; the default for an unknown one."""
    way = WAYS.get(name)
    if way is None:
        return by_default()
    return way(**{setting: params[setting] for setting in signature(way).parameters if setting in params})
