"""Where one slice lies on another: a transform that many matches agree on, and that the tissue bears out.

``y = A x + b``. *rigid*: A is a rotation or a reflection; *similarity*: that times a scale; *affine*: any A.

1. RANSAC [1]_: pairs of matches give transforms (two points fix a similarity up to its handedness; both are
   tried), and the matches within a tolerance say how good each is.
2. The best are fitted again to all matches that agree, with a tolerance that shrinks.
3. Of these the one is taken under which spots that come to lie on each other are most alike.

Source: [1]_ Fischler and Bolles (1981), CACM 24; least squares by Umeyama (1991), IEEE PAMI 13.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

TRANSFORMS = ("rigid", "similarity", "affine", "none")
_TRIALS = 4000
_SCORED_MATCHES = 2000
_REFINED = 25
_TOLERANCES = (4.0, 3.0, 2.5, 2.5, 2.5)
"""Of a match, in spot distances, from the first fit to the last."""
_STRETCH = 1.15
"""How much two distances may differ that a rigid transform should keep."""


class Transform(NamedTuple):
    """y = x @ matrix.T + offset."""

    matrix: np.ndarray
    offset: np.ndarray

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Return N x 2 points in the other frame."""
        moved: np.ndarray = points @ self.matrix.T + self.offset
        return moved


class Registration(NamedTuple):
    """A transform and what speaks for it.

    Attributes
    ----------
    transform
        From the slice to the reference.
    agreement
        How much more alike spots are that come to lie on each other than random pairs of the overlap: 1 -
        their mean squared distance in the embedding over that of the pairs. 1 is equal, 0 is chance.
    overlap
        Share of the smaller slice that comes to lie on the other.
    inliers
        Mask over the matches: those that agree with the transform.
    """

    transform: Transform
    agreement: float
    overlap: float
    inliers: np.ndarray


class Sides(NamedTuple):
    """Places (N x 2) and embeddings (N x d) of a slice and of the reference.

    ``spacing`` is the distance between neighbouring spots of the sparser one, in the reference's unit.
    """

    xy: np.ndarray
    z: np.ndarray
    reference_xy: np.ndarray
    reference_z: np.ndarray
    spacing: float


def register(
    sides: Sides, pairs: np.ndarray, weights: np.ndarray, kind: str, rng: np.random.Generator
) -> Registration | None:
    """Return the best transform of a kind, or None where too few matches agree on any.

    Parameters
    ----------
    sides
        Both slices.
    pairs
        Matches, P x 2: a spot of the slice and one of the reference.
    weights
        Of the matches, P.
    kind
        ``"rigid"``, ``"similarity"`` or ``"affine"``.
    rng
        Of the samples.
    """
    source, target = sides.xy[pairs[:, 0]], sides.reference_xy[pairs[:, 1]]
    tree = cKDTree(sides.reference_xy)
    best: Registration | None = None
    for start in _hypotheses(source, target, weights, kind, sides.spacing, rng):
        found = _refined(start, sides, source, target, weights, kind)
        if found is None:
            continue
        agreement, overlap = alikeness(sides, tree, found[0], rng)
        if best is None or agreement * overlap > best.agreement * best.overlap:
            best = Registration(found[0], agreement, overlap, found[1])
    return best


def fit_points(source: np.ndarray, target: np.ndarray, weights: np.ndarray, kind: str) -> Transform:
    """Return the transform of weighted least squares; reflections are allowed.

    Parameters
    ----------
    source, target
        N x 2.
    weights
        N, >= 0.
    kind
        As in `register`.
    """
    share = weights / weights.sum()
    from_centre, to_centre = share @ source, share @ target
    a, b = source - from_centre, target - to_centre
    if kind == "affine":
        root = np.sqrt(share)[:, None]
        matrix = np.linalg.lstsq(root * a, root * b, rcond=None)[0].T
    else:
        u, s, vt = np.linalg.svd((share[:, None] * b).T @ a)
        scale = 1.0 if kind == "rigid" else s.sum() / max(float(share @ (a**2).sum(axis=1)), 1e-300)
        matrix = scale * (u @ vt)
    return Transform(matrix, to_centre - matrix @ from_centre)


def alikeness(
    sides: Sides, tree: cKDTree, transform: Transform, rng: np.random.Generator
) -> tuple[float, float]:
    """Return agreement and overlap of a transform, as in `Registration`; the tree is of the reference."""
    distances, nearest = tree.query(transform(sides.xy), distance_upper_bound=1.5 * sides.spacing)
    over = np.isfinite(distances)
    covered = len(np.unique(nearest[over]))
    overlap = max(over.mean(), covered / len(sides.reference_xy))
    if over.sum() < 3:
        return 0.0, float(overlap)
    apart = np.square(sides.z[over] - sides.reference_z[nearest[over]]).sum(axis=1).mean()
    # Against the same spots in another order: within a patch of one domain, all lie on what is like them.
    one, other = (rng.permutation(np.flatnonzero(over)) for _ in range(2))
    chance = np.square(sides.z[one] - sides.reference_z[nearest[other]]).sum(axis=1).mean()
    return float(1 - apart / max(chance, 1e-300)), float(overlap)


def chance_of_agreeing(sides: Sides) -> float:
    """Return the share of random pairs that any transform brings within the last tolerance."""
    reach = _TOLERANCES[-1] * sides.spacing
    within = cKDTree(sides.reference_xy).query_ball_point(sides.reference_xy, reach, return_length=True)
    return float(np.mean(within) / len(sides.reference_xy))


def _hypotheses(
    source: np.ndarray,
    target: np.ndarray,
    weights: np.ndarray,
    kind: str,
    spacing: float,
    rng: np.random.Generator,
) -> list[Transform]:
    """Return the transforms by two matches that most matches agree on, best first, each unlike the others.

    Points are complex numbers: y = a x + b, or y = a x* + b where the slice is turned over.
    """
    x, y = source @ [1, 1j], target @ [1, 1j]
    chance = weights / weights.sum()
    i, j = (rng.choice(len(x), size=4 * _TRIALS, p=chance) for _ in range(2))
    apart, apart_there = np.abs(x[i] - x[j]), np.abs(y[i] - y[j])
    far = np.quantile(apart[apart > 0], 0.3) if (apart > 0).any() else np.inf
    usable = (apart >= far) & (apart_there > 0)
    if kind != "similarity":
        limit = _STRETCH if kind == "rigid" else _STRETCH**2
        usable &= (apart_there < limit * apart) & (apart < limit * apart_there)
    i, j = i[usable][:_TRIALS], j[usable][:_TRIALS]
    if not len(i):
        return []
    scored = rng.choice(len(x), size=min(len(x), _SCORED_MATCHES), replace=False)
    found: list[tuple[float, Transform]] = []
    for turned in (False, True):
        points = x.conj() if turned else x
        slope = (y[i] - y[j]) / (points[i] - points[j])
        if kind == "rigid":
            slope = slope / np.abs(slope)
        offset = (y[i] + y[j] - slope * (points[i] + points[j])) / 2
        score = np.empty(len(i))
        for k in range(0, len(i), 256):
            off = np.abs(slope[k : k + 256, None] * points[scored] + offset[k : k + 256, None] - y[scored])
            closeness = np.maximum(0, 1 - (off / (_TOLERANCES[0] * spacing)) ** 2)
            score[k : k + 256] = closeness @ weights[scored]
        for at in np.argsort(-score)[: 8 * _REFINED]:
            found.append((float(score[at]), _from_complex(slope[at], offset[at], turned)))
    found.sort(key=lambda one: -one[0])
    low, high = source.min(axis=0), source.max(axis=0)
    corners = np.array([[x, y] for x in (low[0], high[0]) for y in (low[1], high[1])])
    kept: list[Transform] = []
    for _, transform in found:
        moved = transform(corners)
        if all(np.abs(moved - other(corners)).max() > 4 * spacing for other in kept):
            kept.append(transform)
        if len(kept) == _REFINED:
            break
    return kept


def _from_complex(slope: complex, offset: complex, turned: bool) -> Transform:
    """Return y = a x + b (or a x* + b) as matrix and offset."""
    a, b = slope.real, slope.imag
    matrix = np.array([[a, b], [b, -a]]) if turned else np.array([[a, -b], [b, a]])
    return Transform(matrix, np.array([offset.real, offset.imag]))


def _refined(
    start: Transform, sides: Sides, source: np.ndarray, target: np.ndarray, weights: np.ndarray, kind: str
) -> tuple[Transform, np.ndarray] | None:
    """Fit again and again to the matches within a shrinking tolerance."""
    transform = start
    near = np.zeros(len(source), dtype=bool)
    for tolerance in _TOLERANCES:
        off = np.linalg.norm(transform(source) - target, axis=1) / (tolerance * sides.spacing)
        near = off < 1
        if near.sum() < 6:
            return None
        # Tukey's biweight: the last to come within reach count least.
        transform = fit_points(source[near], target[near], weights[near] * (1 - off[near] ** 2) ** 2, kind)
    return transform, near
