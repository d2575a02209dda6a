"""Spatial graphs: which spots are neighbours."""

from spotscape.gr.build import (
    spatial_neighbors,
    spatial_neighbors_delaunay,
    spatial_neighbors_grid,
    spatial_neighbors_knn,
    spatial_neighbors_radius,
)
from spotscape.gr.coordinates import check_coordinates

__all__ = [
    "check_coordinates",
    "spatial_neighbors",
    "spatial_neighbors_delaunay",
    "spatial_neighbors_grid",
    "spatial_neighbors_knn",
    "spatial_neighbors_radius",
]
