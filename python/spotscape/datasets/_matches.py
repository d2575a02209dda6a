"""Which spots of two simulated slices are the same place of the tissue."""

from __future__ import annotations

import numpy as np
from anndata import AnnData
from scipy.spatial import cKDTree

from spotscape.datasets._layout import Layout

TRUE_MATCH = "true_match"
SIMULATION = "simulation"
_MATCH_DISTANCE = 0.75
"""In spot distances: above what lies between a point and the nearest spot of an array it is on."""


def write_matches(made: list[tuple[AnnData, Layout]], unit: float) -> None:
    """Write for each slice what of it lies where on the first."""
    for adata, spots in made:
        _write_match(adata, spots, *made[0], unit=unit)


def _write_match(
    adata: AnnData, spots: Layout, reference: AnnData, reference_spots: Layout, unit: float
) -> None:
    """Write ``obs["true_match"]`` and the motion that lays the slice's coordinates on the reference's."""
    there, here = cKDTree(reference_spots.tissue), cKDTree(spots.tissue)
    distance, nearest = there.query(spots.tissue)
    _, back = here.query(reference_spots.tissue)
    mutual = (back[nearest] == np.arange(len(nearest))) & (distance < _MATCH_DISTANCE)
    adata.obs[TRUE_MATCH] = np.where(mutual, reference.obs_names.to_numpy()[nearest], "").astype(object)
    corner = spots.pose.matrix @ spots.corner + spots.pose.offset
    offset = unit * (corner - reference_spots.corner)
    adata.uns[SIMULATION]["transform"] = {"matrix": spots.pose.matrix, "offset": offset}
