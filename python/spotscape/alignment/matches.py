"""Which spots of two slices belong together: by their embedding, and by where they lie once aligned."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree
from sklearn.neighbors import NearestNeighbors

from spotscape.alignment.registration import Sides

_REACH = 3.0
"""How far a match may lie, in spot distances, once the slices are aligned."""
_TILE = 800
"""Spots that one transport plan is made for: plans are dense."""


_SOLVER = "sinkhorn_stabilized"


class Matches(NamedTuple):
    """Matched spots.

    Attributes
    ----------
    spots, partners
        Numbers of spots in the slice and in the reference, M each.
    scores
        How alike their embeddings are: exp(-d² / 2 s²) with s the median distance of mutual neighbours.
    mutual
        Whether each is among the other's nearest in the embedding.
    distances
        How far apart they lie in the reference's frame; NaN without alignment.
    """

    spots: np.ndarray
    partners: np.ndarray
    scores: np.ndarray
    mutual: np.ndarray
    distances: np.ndarray


def mutual_neighbors(z: np.ndarray, reference_z: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return pairs that are among each other's k nearest (P x 2), and their distances in the embedding."""
    there = _nearest(z, reference_z, k)
    back = _nearest(reference_z, z, k)
    n = len(reference_z)
    one = np.repeat(np.arange(len(z)), there.shape[1]) * n + there.ravel()
    other = back.ravel() * n + np.repeat(np.arange(n), back.shape[1])
    both = np.intersect1d(one, other)
    pairs = np.stack([both // n, both % n], axis=1)
    return pairs, np.linalg.norm(z[pairs[:, 0]] - reference_z[pairs[:, 1]], axis=1)


def by_embedding(sides: Sides, mutual: np.ndarray, scale: float) -> Matches:
    """Match every spot to the one most alike, wherever it lies."""
    partners = _nearest(sides.z, sides.reference_z, 1)[:, 0]
    spots = np.arange(len(sides.z))
    return _matches(sides, spots, partners, mutual, scale, None)


def by_place(
    sides: Sides, move: Callable[[np.ndarray], np.ndarray], mutual: np.ndarray, scale: float
) -> Matches:
    """Match every spot that has others near it to the one that is most alike and nearest."""
    moved = move(sides.xy)
    distances, near, spots = _within_reach(sides, moved)
    apart = np.square(sides.z[spots][:, None] - sides.reference_z[near]).sum(axis=2) / scale**2
    cost = np.where(np.isfinite(distances), apart + (distances / sides.spacing) ** 2, np.inf)
    best = cost.argmin(axis=1)
    partners = near[np.arange(len(spots)), best]
    return _matches(sides, spots, partners, mutual, scale, moved)


def by_transport(
    sides: Sides, move: Callable[[np.ndarray], np.ndarray], mutual: np.ndarray, scale: float
) -> Matches:
    """Match by unbalanced optimal transport, in tiles of the tissue: a spot of the reference is shared out.

    The cost is that of `by_place`; a spot goes to the partner that gets most of its mass.
    """
    import ot  # takes seconds, and most calls need none of it

    moved = move(sides.xy)
    _, _, spots = _within_reach(sides, moved)
    tree = cKDTree(sides.reference_xy)
    partners = np.empty(len(spots), dtype=np.int64)
    for tile in _tiles(moved[spots], np.arange(len(spots))):
        own = spots[tile]
        others = np.unique(
            np.concatenate(tree.query_ball_point(moved[own], _REACH * sides.spacing)).astype(int)
        )
        places = ot.dist(moved[own], sides.reference_xy[others]) / sides.spacing**2
        cost = ot.dist(sides.z[own], sides.reference_z[others]) / scale**2 + places
        mass = [np.full(n, 1 / len(own)) for n in cost.shape]
        plan = ot.unbalanced.sinkhorn_unbalanced(
            *mass, cost, reg=0.5, reg_m=1.0, method="sinkhorn_stabilized"
        )
        plan = np.where(places <= _REACH**2, plan, -1.0)
        partners[tile] = others[plan.argmax(axis=1)]
    return _matches(sides, spots, partners, mutual, scale, moved)


def _within_reach(sides: Sides, moved: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return distances and numbers of the spots of the reference near each spot, and which spots have any."""
    tree = cKDTree(sides.reference_xy)
    k = min(30, len(sides.reference_xy))
    distances, near = tree.query(moved, k=k, distance_upper_bound=_REACH * sides.spacing)
    distances, near = distances.reshape(len(moved), k), near.reshape(len(moved), k)
    spots = np.flatnonzero(np.isfinite(distances[:, 0]))
    return distances[spots], np.minimum(near[spots], len(sides.reference_xy) - 1), spots


def _tiles(places: np.ndarray, rows: np.ndarray) -> list[np.ndarray]:
    """Cut spots in halves across their longer side until no part is too large."""
    if len(rows) <= _TILE:
        return [rows] if len(rows) else []
    axis = int(np.ptp(places[rows], axis=0).argmax())
    order = rows[np.argsort(places[rows, axis], kind="stable")]
    half = len(order) // 2
    return _tiles(places, order[:half]) + _tiles(places, order[half:])


def _matches(
    sides: Sides,
    spots: np.ndarray,
    partners: np.ndarray,
    mutual: np.ndarray,
    scale: float,
    moved: np.ndarray | None,
) -> Matches:
    """Say of each match how alike it is, whether it is mutual, and how far apart."""
    apart = np.square(sides.z[spots] - sides.reference_z[partners]).sum(axis=1)
    n = len(sides.reference_z)
    known = np.isin(spots * n + partners, mutual[:, 0] * n + mutual[:, 1])
    distances = np.full(len(spots), np.nan)
    if moved is not None:
        distances = np.linalg.norm(moved[spots] - sides.reference_xy[partners], axis=1)
    return Matches(spots, partners, np.exp(-apart / (2 * scale**2)), known, distances)


def _nearest(z: np.ndarray, among: np.ndarray, k: int) -> np.ndarray:
    """Return the numbers of the k nearest of ``among`` for each row of ``z``."""
    search = NearestNeighbors(n_neighbors=min(k, len(among))).fit(among)
    found: np.ndarray = search.kneighbors(z, return_distance=False)
    return found
