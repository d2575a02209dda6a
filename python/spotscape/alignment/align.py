"""``align``: one slice to another, from matches in the embedding to matches in place."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from spotscape.alignment.bend import bend
from spotscape.alignment.landmarks import Landmarks
from spotscape.alignment.matches import Matches, by_embedding, by_place, by_transport, mutual_neighbors
from spotscape.alignment.registration import (
    NONRIGID,
    Registration,
    Sides,
    Transform,
    chance_of_agreeing,
    first_kind,
    judged,
    register,
)
from spotscape.alignment.spline import Deformation

MATCHINGS = ("nearest", "transport")
FEWEST_MATCHES = 20
LOWEST_ALIKENESS = 0.3
LOWEST_LIFT = 2.0
"""How many more matches have to agree than would if they were drawn at random."""
LOWEST_OVERLAP = 0.1
_LINE = 1e-3
"""How thin spots lie, as a share of their length, that are taken for a line, as of a column given twice."""
_CLUMP = 0.2
"""Share of the tissue's width that the matches have to be spread over (as a standard deviation)."""


class Aligned(NamedTuple):
    """What was found for one slice.

    Attributes
    ----------
    found
        Its registration; None where there is none, or none was asked for.
    why
        Why there is none; empty where there is, or none was asked for.
    matches
        Its matched spots; None without an alignment.
    n_matches
        Number of mutual neighbours in the embedding.
    deformation
        What bends the slice where the registration puts it; None where nothing does.
    """

    found: Registration | None
    why: str
    matches: Matches | None
    n_matches: int
    deformation: Deformation | None = None

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Return where points of the slice (N x 2) lie in the reference's frame; NaN where there is none."""
        if self.found is None:
            return np.full(points.shape, np.nan)
        moved = self.found.transform(points)
        return moved if self.deformation is None else self.deformation(moved)


class Placed(NamedTuple):
    """A slice in its place, or why it has none, and what `finish` needs to go on from there.

    Attributes
    ----------
    sides
        Both slices.
    pairs
        Mutual neighbours in the embedding, P x 2.
    scale
        Their median distance there.
    found, why
        As in `Aligned`.
    rng
        Of the samples that are still to be drawn.
    landmarks
        Those that it was placed by; None for matches.
    """

    sides: Sides
    pairs: np.ndarray
    scale: float
    found: Registration | None
    why: str
    rng: np.random.Generator
    landmarks: Landmarks | None


def align(
    sides: Sides,
    transform: str,
    matching: str,
    n_neighbors: int,
    rng: np.random.Generator,
    landmarks: Landmarks | None = None,
) -> Aligned:
    """Align one slice to the reference, by its landmarks where there are any, and match its spots."""
    return finish(place(sides, transform, n_neighbors, rng, landmarks), transform, matching)


def place(
    sides: Sides,
    transform: str,
    n_neighbors: int,
    rng: np.random.Generator,
    landmarks: Landmarks | None = None,
) -> Placed:
    """Find where the slice lies on the reference, before it is bent; with ``"none"`` only what matches."""
    pairs, distances = mutual_neighbors(sides.z, sides.reference_z, n_neighbors)
    scale = max(float(np.median(distances)), 1e-12) if len(distances) else 1.0
    found, why, kind = None, "", first_kind(transform)
    if landmarks is not None:
        found = _judged(landmarks.transform(kind), sides, pairs, rng)
    elif transform != "none":
        found, why = _register(sides, pairs, np.exp(-(distances**2) / (2 * scale**2)), kind, rng)
    return Placed(sides, pairs, scale, found, why, rng, landmarks)


def finish(placed: Placed, transform: str, matching: str) -> Aligned:
    """Bend a slice that has its place, if that is asked for, and match its spots."""
    sides, pairs, scale, found, why, rng, landmarks = placed
    if transform == "none":
        return Aligned(None, "", by_embedding(sides, pairs, scale), len(pairs))
    if found is None:
        return Aligned(None, why, None, len(pairs))
    one = Aligned(found, "", None, len(pairs))
    if transform == NONRIGID:
        there = None if landmarks is None else landmarks._replace(source=found.transform(landmarks.source))
        bent = bend(sides._replace(xy=found.transform(sides.xy)), there)
        if bent is None:
            return Aligned(None, "every deformation that fits folds the tissue", None, len(pairs))
        one = one._replace(deformation=bent)
        one = one._replace(found=judged(found, sides, pairs, one, rng))
    match = by_place if matching == "nearest" else by_transport
    return one._replace(matches=match(sides, one, pairs, scale))


def sides_of(xy: np.ndarray, z: np.ndarray, own: np.ndarray, fixed: np.ndarray, transform: str) -> Sides:
    """Return the two slices; their spots' distance is that of the sparser one where they share a unit."""
    spacing = 1.0
    if transform != "none":
        apart = [float(np.median(cKDTree(xy[rows]).query(xy[rows], k=2)[0][:, 1])) for rows in (own, fixed)]
        in_one_unit = first_kind(transform) == "rigid"
        spacing = max(max(apart) if in_one_unit else apart[1], 1e-12)
    return Sides(xy[own], z[own], xy[fixed], z[fixed], spacing)


def _judged(transform: Transform, sides: Sides, pairs: np.ndarray, rng: np.random.Generator) -> Registration:
    """Return a transform that was given, with what speaks for it."""
    given = Registration(transform, 0.0, 0.0, 0.0, np.zeros(len(pairs), dtype=bool))
    return judged(given, sides, pairs, transform, rng)


def _register(
    sides: Sides, pairs: np.ndarray, weights: np.ndarray, kind: str, rng: np.random.Generator
) -> tuple[Registration | None, str]:
    """Return the registration, or why there is none."""
    # Two spots may have twenty matches, and lie anywhere.
    number = min(len(np.unique(pairs[:, side])) for side in (0, 1))
    if number < FEWEST_MATCHES:
        return None, f"{number} spots match in the embedding, and {FEWEST_MATCHES} are needed"
    for side, places, everywhere in ((0, sides.xy, "moved slice"), (1, sides.reference_xy, "reference")):
        width, thickness = np.linalg.svd(places - places.mean(axis=0), compute_uv=False)
        if thickness < _LINE * width:
            return None, f"all spots of the {everywhere} lie on one line, which is its own mirror image"
        spread = places[pairs[:, side]].std(axis=0).max() / max(places.std(axis=0).max(), 1e-300)
        if spread < _CLUMP:
            return (
                None,
                f"all matches lie in one clump of the {everywhere}, which says nothing of its rotation",
            )
    found = register(sides, pairs, weights, kind, rng)
    if found is None:
        return None, "no transform brings enough of the matches together"
    if found.overlap < LOWEST_OVERLAP or found.alikeness < LOWEST_ALIKENESS:
        return None, (
            f"under the best transform {found.overlap:.0%} of the smaller slice overlaps, and its spots "
            f"agree at {found.alikeness:.2f} (at least {LOWEST_OVERLAP:.0%} and {LOWEST_ALIKENESS} are "
            "needed); do the slices show the same part of a tissue?"
        )
    lift = found.inliers.mean() / chance_of_agreeing(sides)
    if lift < LOWEST_LIFT:
        return None, (
            f"{found.inliers.sum()} of {len(pairs)} matches agree on the best transform, {lift:.1f} times as "
            f"many as by chance (at least {LOWEST_LIFT:g} times are needed)"
        )
    return found, ""
