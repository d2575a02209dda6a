"""The geometry under `spotscape.gr`: from places to pairs of neighbouring places, without AnnData.

Places are different points, n_places x 1 to 3. Nothing here loops over them or holds more than a few numbers
per place and neighbour.
"""

from __future__ import annotations

import warnings

import numpy as np
from scipy import sparse
from scipy.spatial import Delaunay, QhullError, cKDTree

from spotscape._neighborhood import each_once
from spotscape._validate import SpotscapeWarning, input_error

FEWEST_NEIGHBORS = 3
"""With fewer neighbours (median over spots) a graph says nothing about the tissue around a spot."""
MOST_ISOLATED = 0.03
"""Share of spots without any neighbour above which the user is told."""
MOST_SHARED = 0.01
"""Share of spots at one place with another above which the user is told."""
MOST_NEIGHBORS = 200
"""Mean number of neighbours above which a radius is too large, or spots are heaped up in few places."""
_TIE = 1e-6
"""Distances closer than this (relative) are the same: rounding must not decide who is a neighbour."""
_WIDE = 20
"""Spacing in pixels above which rounding to whole ones moves no spot by much."""

Pairs = np.ndarray
"""Integers, n_pairs x 2: neighbours, each pair once."""


def distinct_places(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the different places (centred, flat dimensions left out) and the place of each point."""
    points = points[:, np.ptp(points, axis=0) > 0]
    points = points - points.mean(axis=0)
    if points.shape[1] == 0:
        return np.zeros((1, 1)), np.zeros(len(points), dtype=np.intp)
    order = np.lexsort(points.T)
    new = np.r_[True, (np.diff(points[order], axis=0) != 0).any(axis=1)]
    place_of = np.empty(len(points), dtype=np.intp)
    place_of[order] = np.cumsum(new) - 1
    return points[order[new]], place_of


def lattice_spacing(places: np.ndarray) -> float | None:
    """Return the distance of nearest lattice points, or None where places lie freely.

    On a lattice there is nothing between the first shell of neighbours and 1.41 times its radius, and the
    shell is thin: 95 % of the distances up to 1.3 are within 10 % of each other (coordinates may be rounded
    to pixels). Of randomly placed cells, a quarter are.
    """
    if len(places) < 2:
        return None
    nearest = cKDTree(places).query(places, k=min(len(places), 9), workers=-1)[0][:, 1:]
    spacing = np.median(nearest[:, 0])
    spacing = np.median(nearest[nearest < 1.3 * spacing])
    shell = nearest[nearest < 1.3 * spacing] / spacing
    return float(spacing) if np.mean(np.abs(shell - 1) < 0.1) >= 0.95 else None


def unrounded(places: np.ndarray) -> np.ndarray:
    """Return bins of a square lattice, rounded to whole pixels, where they were; other places as they are.

    Where a bin is 3.65 pixels wide, columns are 3 or 4 apart, and neighbours at 3 hide those at 4. Columns
    and rows are counted, and put at their mean distance again.
    """
    shifted = places - places.min(axis=0)
    if places.shape[1] != 2 or np.abs(shifted - np.round(shifted)).max() > 1e-6:
        return places
    numbers, steps = np.empty_like(places), np.empty(2)
    for axis in range(2):
        values, at = np.unique(np.round(shifted[:, axis]), return_inverse=True)
        gaps = np.diff(values)
        usual = gaps[gaps <= 1.5 * np.median(gaps)] if len(gaps) else gaps
        if len(usual) < 3:
            return places
        steps[axis] = step = usual.mean()
        if step > _WIDE or np.mean((gaps >= np.floor(step)) & (gaps <= np.ceil(step))) < 0.9:
            return places
        numbers[:, axis] = np.r_[0, np.cumsum(np.round(gaps / step))][at]
    if np.ptp(steps) > 0.05 * steps.min() or len(np.unique(numbers, axis=0)) < len(numbers):
        return places
    return numbers * steps.mean()


def nearest_distances(places: np.ndarray, rank: int) -> np.ndarray:
    """Return the distance of each place to its nearest one of this rank, or to the last there is."""
    return cKDTree(places).query(places, k=[min(len(places), rank + 1)], workers=-1)[0].ravel()


def touching_pairs(places: np.ndarray, spacing: float) -> Pairs:
    """Return the pairs of lattice points that touch.

    In the plane the limit lies between the diagonal of a square (1.41) and the second ring of a hexagon
    (1.73); in space only the first shell touches, or a cubic lattice would have 18 neighbours or more.
    """
    limit = spacing * (1.56 if places.shape[1] < 3 else 1.2)
    return cKDTree(places).query_pairs(limit, output_type="ndarray")


def pairs_within(places: np.ndarray, radius: float) -> Pairs:
    """Return the pairs that are not further apart than a radius."""
    tree = cKDTree(places)
    radius = radius * (1 + _TIE)
    # Counted first: the pairs of a radius in the wrong unit may not fit into memory.
    mean = tree.count_neighbors(tree, radius) / len(places) - 1
    if mean > MOST_NEIGHBORS:
        found = f"a radius with {mean:.0f} neighbours per spot on average"
        todo = f"Half of the spots have six others within {np.median(nearest_distances(places, 6)):.4g}."
        raise input_error("radius", found, f"at most {MOST_NEIGHBORS}", todo)
    return tree.query_pairs(radius, output_type="ndarray")


def linked_pairs(pairs: Pairs, n: int, n_steps: int) -> Pairs:
    """Return the pairs that are up to so many steps apart."""
    step = adjacency(pairs, n)
    reached = step
    for _ in range(n_steps - 1):
        reached = reached @ step + reached
    upper = sparse.triu(reached, k=1)
    return np.column_stack([upper.row, upper.col])


def nearest_pairs(places: np.ndarray, n_neighbors: int) -> Pairs:
    """Return the pairs in which one is among the nearest of the other, all of those tied for the last."""
    n = len(places)
    if n <= n_neighbors:
        raise input_error(
            "n_neighbors",
            f"{n_neighbors} with {n} spot(s) at different places in a slice",
            "fewer neighbours than spots",
        )
    tree = cKDTree(places)
    rows, asked, found = np.arange(n), n_neighbors + 3, []
    while len(rows):
        asked = min(asked, n)
        distances, columns = tree.query(places[rows], k=asked, workers=-1)
        limits = distances[:, n_neighbors] * (1 + _TIE)
        done = (distances[:, -1] > limits) | (asked == n)
        near = (distances <= limits[:, None]) & (columns != rows[:, None]) & done[:, None]
        sources, position = np.nonzero(near)
        found.append(np.column_stack([rows[sources], columns[sources, position]]))
        rows, asked = rows[~done], 2 * asked
    return _each_once(np.concatenate(found), n)


def triangulated_pairs(places: np.ndarray, max_edge: float | None) -> Pairs:
    """Return the edges of the Delaunay triangulation that are not too long.

    Without a limit an edge may be twice as long as the distance to the sixth nearest place at its sparser
    end. A place's nearest one is always joined to it by the triangulation, so no place is left alone.
    """
    try:
        triangulation = Delaunay(places)
    except (QhullError, ValueError):
        found = f"{len(places)} place(s) in a slice that are too few, or lie on one line or plane"
        todo = "Use spatial_neighbors_knn."
        raise input_error("coordinates", found, "spots that span an area or a volume", todo) from None
    corners = triangulation.simplices
    first, second = np.triu_indices(corners.shape[1], k=1)
    edges = np.column_stack([corners[:, first].ravel(), corners[:, second].ravel()])
    # Places that rounding keeps out of the triangulation come with their nearest corner.
    pairs = _each_once(np.concatenate([edges, triangulation.coplanar[:, [0, 2]]]), len(places))
    if max_edge is None:
        sixth = nearest_distances(places, 6)
        return pairs[lengths(places, pairs) <= 2 * sixth[pairs].max(axis=1)]
    return pairs[lengths(places, pairs) <= max_edge * (1 + _TIE)]


def _each_once(pairs: Pairs, n: int) -> Pairs:
    """Return each pair once, whichever way round it came."""
    codes = each_once(pairs.min(axis=1).astype(np.int64) * n + pairs.max(axis=1))
    return np.column_stack(np.divmod(codes, n))


def pairs_of_spots(pairs: Pairs, place_of: np.ndarray, n_places: int, spatial_key: str) -> Pairs:
    """Turn neighbouring places into neighbouring spots: all spots at them, and those that share a place."""
    if len(place_of) == n_places:
        return np.argsort(place_of)[pairs]
    near = adjacency(pairs, n_places) + sparse.eye_array(n_places, format="csr", dtype=np.float32)
    sizes = np.bincount(place_of).astype(np.float64)
    if sizes @ (near @ sizes) > near.nnz + MOST_NEIGHBORS * len(place_of):
        raise input_error(
            f"adata.obsm[{spatial_key!r}]",
            f"up to {int(sizes.max())} spots at one place",
            f"spots at different places (this adds over {MOST_NEIGHBORS} neighbours to each)",
            "Leave out the spots without a place of their own.",
        )
    ones = np.ones(len(place_of), dtype=np.float32)
    members = sparse.csr_array((ones, (np.arange(len(place_of)), place_of)), shape=(len(place_of), n_places))
    upper = sparse.triu(members @ near @ members.T, k=1)
    return np.column_stack([upper.row, upper.col])


def adjacency(pairs: Pairs, n: int) -> sparse.csr_matrix:
    """Return the symmetric matrix of ones for pairs that occur once."""
    rows, columns = np.concatenate([pairs, pairs[:, ::-1]]).T
    return sparse.csr_matrix((np.ones(len(rows), dtype=np.float32), (rows, columns)), shape=(n, n))


def distances_of(connectivities: sparse.csr_matrix, points: np.ndarray) -> sparse.csr_matrix:
    """Return the distances of the pairs that are neighbours; those at the same place stay, as stored 0."""
    distances = connectivities.astype(np.float64)
    sources = np.repeat(np.arange(len(points)), np.diff(distances.indptr))
    distances.data = lengths(points, np.column_stack([sources, distances.indices]))
    return distances


def degrees_of(pairs: Pairs, n: int) -> np.ndarray:
    """Return the number of neighbours of each."""
    return np.bincount(pairs.ravel(), minlength=n)


def lengths(points: np.ndarray, pairs: Pairs) -> np.ndarray:
    """Return the Euclidean length of each pair."""
    return np.linalg.norm(points[pairs[:, 0]] - points[pairs[:, 1]], axis=1)


def is_well_joined(degrees: np.ndarray) -> bool:
    """Tell whether most spots have enough neighbours, and hardly any has none."""
    return bool(np.median(degrees) >= FEWEST_NEIGHBORS and np.mean(degrees == 0) <= MOST_ISOLATED)


def check_degrees(degrees: np.ndarray, coordinates: np.ndarray, argument: str) -> None:
    """Raise if most spots have too few neighbours to smooth over."""
    median = np.median(degrees)
    if median >= FEWEST_NEIGHBORS:
        return
    found = f"{median:g} neighbour(s) per spot at the median"
    todo = (
        f"Raise {argument}."
        if argument == "n_neighbors"
        else f"Raise {argument}, or use spatial_neighbors_knn."
    )
    if argument == "radius":
        places, _ = distinct_places(coordinates)
        enough = np.median(nearest_distances(places, 6))
        todo = f"Raise radius: half of the spots have six others within {enough:.4g}."
    raise input_error(argument, found, f"{FEWEST_NEIGHBORS} or more", todo)


def warn_of_oddities(degrees: np.ndarray, n_shared: int, argument: str, slice_key: str | None) -> None:
    """Tell of isolated spots and of places that hold several spots, on the line of the user's call."""
    n = len(degrees)
    isolated = int((degrees == 0).sum())
    if isolated > MOST_ISOLATED * n:
        text = f"{isolated} of {n} spots have no neighbour; raise {argument}, or use spatial_neighbors_knn."
        warnings.warn(text, SpotscapeWarning, stacklevel=5)
    if n_shared > MOST_SHARED * n:
        text = f"{n_shared} of {n} spots share their place with another spot; they become neighbours."
        if slice_key is None:
            text += " If the object holds several slices, name their column of obs by slice_key."
        warnings.warn(text, SpotscapeWarning, stacklevel=5)
