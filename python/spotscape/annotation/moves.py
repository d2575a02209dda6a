"""Chance beside two maps that are both smooth: one map moved over the other, as a whole.

Shuffled spots lose the patches that domains and cell types lie in, so that two maps which have nothing to do
with each other look related. Here the map of the domains keeps its shape. It is turned, turned over and
shifted within the tissue, each spot takes the domain of the spot nearest to where it came from, and spots
that came from off the tissue are left out. The covariance of both maps is set against the number of spots
that are left, as proposed for random shifts in windows without wrapping around.

Source: Mrkvička, Dvořák, González and Mateu (2021), Revisiting the random shift approach for testing in
spatial statistics, Spatial Statistics 42 (variance correction).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

MOST_TILES = 4_000
"""Spots above which maps are compared on tiles: a move then takes the same time for any number of spots."""
LEAST_OVERLAP = 0.7
"""Part of the tissue that has to lie on itself after a move."""
LEAST_LEFT = 0.5
"""Part of a domain that has to lie on the tissue after a move, for the move to count for it."""
FARTHEST = 0.6
"""Of a shift, along each axis, in root mean square distances from the middle of the tissue."""
FEWEST_MOVES = 19
"""Moves that a p-value of 0.05 needs."""
_TRIES = 50
_PROBES = 250


class Chance(NamedTuple):
    """How far shares in domains are from those of moved domains: K x T each, NaN where nothing was tested."""

    z: np.ndarray
    p_value: np.ndarray


class _Maps(NamedTuple):
    """Middles (M x 2) of tiles, their spots (M,), and parts of domains (M x K) and cell types (M x T)."""

    middles: np.ndarray
    weight: np.ndarray
    domains: np.ndarray
    types: np.ndarray


def beside_chance(
    places: np.ndarray, domains: np.ndarray, types: np.ndarray, *, n_moves: int, seed: int
) -> Chance:
    """Compare the map of each domain with that of each cell type, beside moved maps of the domain.

    Parameters
    ----------
    places
        N x 2, of one slice.
    domains
        Number of each spot's domain, from 0.
    types
        N x T, parts of each cell type in each spot.
    n_moves
        Moves to draw.
    seed
        Of the moves.

    Examples
    --------
    A cell type that lies in one of four quarters, the first domain:

    >>> import numpy as np
    >>> from spotscape.annotation.moves import beside_chance
    >>> places = np.array([[x, y] for x in range(20) for y in range(20)], dtype=float)
    >>> quarter = (places[:, 0] >= 10) + 2 * (places[:, 1] >= 10)
    >>> first = (quarter == 0).astype(float)
    >>> chance = beside_chance(places, quarter, np.column_stack([first, 1 - first]), n_moves=199, seed=0)
    >>> bool(chance.z[0, 0] > 2), bool(chance.p_value[0, 0] < 0.05)
    (True, True)
    """
    n_domains = int(domains.max(initial=0)) + 1
    maps = _on_tiles(places, domains, types, n_domains)
    observed, _ = _correlation(maps.domains, maps.types, maps.weight)
    moved = _moved(maps, n_moves, np.random.default_rng(seed))
    n_known = np.isfinite(moved).sum(axis=0)
    tested = np.isfinite(observed) & (n_known >= FEWEST_MOVES)
    # As far from 0 as observed, but for rounding: a move may give the map itself.
    as_far = (np.abs(moved) >= np.abs(observed) - 1e-9).sum(axis=0)
    sums, squares = np.nansum(moved, axis=0), np.nansum(moved**2, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = sums / n_known
        spread = np.sqrt(np.maximum(squares / n_known - mean**2, 0))
        z = np.where(tested & (spread > 0), (observed - mean) / spread, np.nan)
    return Chance(z, np.where(tested, (1 + as_far) / (1 + n_known), np.nan))


def _on_tiles(places: np.ndarray, domains: np.ndarray, types: np.ndarray, n_domains: int) -> _Maps:
    """Return the maps spot by spot, or as means over squares where there are many spots."""
    member = np.eye(n_domains)[domains]
    if len(places) <= MOST_TILES:
        return _Maps(places, np.ones(len(places)), member, types)
    corner, span = places.min(axis=0), np.ptp(places, axis=0)
    side = np.sqrt(max(span.prod(), span.max() ** 2 * 1e-6) / MOST_TILES)
    for _ in range(3):  # as the tissue fills a part of its bounding box only
        column, row = ((places - corner) // side).astype(np.int64).T
        tile = np.unique(column * (row.max() + 1) + row, return_inverse=True)[1]
        side *= np.sqrt((tile.max() + 1) / MOST_TILES)
    weight = np.bincount(tile).astype(np.float64)

    def mean(values: np.ndarray) -> np.ndarray:
        return np.column_stack([np.bincount(tile, column) for column in values.T]) / weight[:, None]

    return _Maps(mean(places), weight, mean(member), mean(types))


def _moved(maps: _Maps, n_moves: int, rng: np.random.Generator) -> np.ndarray:
    """Return the correlations of moved domains with cell types, moves x K x T; NaN where too little is left.

    Each is multiplied by the root of the part of the tissue that it was measured on.
    """
    tree = cKDTree(maps.middles)
    # The fourth neighbour: some spot is nearer than that to any place on the tissue.
    nearby = np.median(tree.query(maps.middles, k=[min(5, len(maps.middles))])[0]) * (1 + 1e-6)
    middle = maps.middles.mean(axis=0)
    reach = FARTHEST * np.sqrt(((maps.middles - middle) ** 2).sum(axis=1).mean())
    mass, total = maps.weight @ maps.domains, maps.weight.sum()
    probes = rng.permutation(len(maps.middles))[:_PROBES]
    found = []
    for _ in range(_TRIES * n_moves):
        if len(found) == n_moves:
            break
        angle, turned_over = rng.uniform(0, 2 * np.pi), rng.random() < 0.5
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        turn = turn @ np.diag([1.0, -1.0 if turned_over else 1.0])
        to = middle + rng.uniform(-reach, reach, size=2)
        if _lies_on(tree, (maps.middles[probes] - middle) @ turn.T + to, nearby) < LEAST_OVERLAP - 0.1:
            continue
        apart, nearest = tree.query((maps.middles - middle) @ turn.T + to, distance_upper_bound=nearby)
        on = np.isfinite(apart)
        overlap = maps.weight[on].sum() / total
        if overlap < LEAST_OVERLAP:
            continue
        moved = maps.domains[nearest[on]]
        correlation, left = _correlation(moved, maps.types[on], maps.weight[on])
        correlation[left < LEAST_LEFT * mass] = np.nan
        found.append(correlation * np.sqrt(overlap))
    return np.array(found).reshape(-1, maps.domains.shape[1], maps.types.shape[1])


def _lies_on(tree: cKDTree, places: np.ndarray, nearby: float) -> float:
    """Return which part of these places is on the tissue."""
    return float(np.isfinite(tree.query(places, distance_upper_bound=nearby)[0]).mean())


def _correlation(domains: np.ndarray, types: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the correlation of each domain with each type (K x T), and how many spots each domain has."""
    part = weight / weight.sum()
    mean_domains, mean_types = part @ domains, part @ types
    covariance = (domains * part[:, None]).T @ types - np.outer(mean_domains, mean_types)
    spread = np.outer(
        np.maximum(part @ domains**2 - mean_domains**2, 0), np.maximum(part @ types**2 - mean_types**2, 0)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        correlation = np.where(spread > 1e-18, covariance / np.sqrt(spread), np.nan)
    return correlation, weight @ domains
