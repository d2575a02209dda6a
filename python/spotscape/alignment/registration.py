"""Where one slice lies on another: a transform that many matches agree on, and that the tissue bears out.

``y = A x + b``. *rigid*: A is a rotation or a reflection; *similarity*: that times a scale; *affine*: any A.

1. RANSAC [1]_: pairs of matches give transforms (two points fix a similarity up to its handedness; both are
   tried), and the matches within a tolerance say how good each is.
2. The best are fitted again to all matches that agree, with a tolerance that shrinks.
3. Of these the one is taken that most matches agree on and under which spots that come to lie on each other
   are most alike. In layers, or a round tissue, spots are alike under a half turn or a mirror image as well,
   which only the matches tell apart; these are tried too, and what fits as well as the best is kept beside
   it.

Source: [1]_ Fischler and Bolles (1981), CACM 24; least squares by Umeyama (1991), IEEE PAMI 13.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

NONRIGID = "nonrigid"
TRANSFORMS = ("rigid", "similarity", "affine", NONRIGID, "none")
_TRIALS = 4000
_SCORED_MATCHES = 2000
_REFINED = 25
_TOLERANCES = (4.0, 3.0, 2.5, 2.5, 2.5)
"""Of a match, in spot distances, from the first fit to the last."""
_STRETCH = 1.15
"""How much two distances may differ that a rigid transform should keep."""
_APART = 5.0
"""How far spots lie from each other, in spot distances, under two transforms that are not the same one."""
_AS_ALIKE = 0.8
"""How alike spots that lie on each other are under a transform that fits as well, as a share of the best."""


def first_kind(transform: str) -> str:
    """Return the kind of `register` that comes first: a slice is bent after it lies in place."""
    return "rigid" if transform == NONRIGID else transform


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
        Share of the matches in the overlap that lie on each other, less what chance gives: 1 is all, 0 is
        chance. Low where the matches are wrong, or say little of the place within a domain.
    alikeness
        How much more alike spots are that come to lie on each other than random pairs of the overlap: 1 -
        their mean squared distance in the embedding over that of the pairs. 1 is equal, 0 is chance.
    overlap
        Share of the smaller slice that comes to lie on the other.
    inliers
        Mask over the matches: those that agree with the transform.
    rival
        Another transform that fits as well within the error, such as the mirror image; None where there is
        none.
    """

    transform: Transform
    agreement: float
    alikeness: float
    overlap: float
    inliers: np.ndarray
    rival: Registration | None = None

    @property
    def score(self) -> float:
        """What the candidates are compared by."""
        return self.alikeness * self.overlap * max(float(self.inliers.mean()), 0.0)


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

    def try_from(start: Transform) -> Registration | None:
        found = _refined(start, sides, source, target, weights, kind)
        if found is None:
            return None
        alike, overlap, over = alikeness(sides, tree, found[0], rng)
        support = _support(found[1], over[pairs[:, 0]], chance_of_agreeing(sides))
        return Registration(found[0], support, alike, overlap, found[1])

    tried = [try_from(start) for start in _hypotheses(source, target, weights, kind, sides.spacing, rng)]
    found = [one for one in tried if one is not None]
    if not found:
        return None
    best = max(found, key=lambda one: one.score)
    found += [one for one in map(try_from, _turned(best.transform, sides.xy)) if one is not None]
    best = max(found, key=lambda one: one.score)
    rivals = [one for one in found if _is_rival(one, best, sides, source)]
    return best._replace(rival=max(rivals, key=lambda one: one.score)) if rivals else best


def judged(
    found: Registration,
    sides: Sides,
    pairs: np.ndarray,
    move: Callable[[np.ndarray], np.ndarray],
    rng: np.random.Generator,
) -> Registration:
    """Return a registration with what speaks for another motion of the slice in its place."""
    alike, overlap, over = alikeness(sides, cKDTree(sides.reference_xy), move, rng)
    off = np.linalg.norm(move(sides.xy[pairs[:, 0]]) - sides.reference_xy[pairs[:, 1]], axis=1)
    inliers = off < _TOLERANCES[-1] * sides.spacing
    agreement = _support(inliers, over[pairs[:, 0]], chance_of_agreeing(sides))
    return found._replace(agreement=agreement, alikeness=alike, overlap=overlap, inliers=inliers)


def _support(inliers: np.ndarray, over: np.ndarray, chance: float) -> float:
    """Return the share of the matches in the overlap that agree, less what chance gives."""
    share = inliers[over].mean() if over.any() else 0.0
    return float((share - chance) / max(1 - chance, 1e-12))


def _turned(transform: Transform, places: np.ndarray) -> list[Transform]:
    """Return the transform after a half turn and after mirror images about the slice's own axes."""
    centre = places.mean(axis=0)
    axes = np.linalg.svd(places - centre, full_matrices=False)[2]
    made = []
    for signs in ((-1, -1), (1, -1), (-1, 1)):
        turn = axes.T @ np.diag(signs).astype(float) @ axes
        matrix = transform.matrix @ turn
        made.append(Transform(matrix, transform(centre[None])[0] - matrix @ centre))
    return made


def _is_rival(one: Registration, best: Registration, sides: Sides, source: np.ndarray) -> bool:
    """Whether another transform fits as well as the best, within the error of the numbers of matches.

    Matches of one region are right or wrong together: see `sum_and_error`.
    """
    apart = np.linalg.norm(one.transform(sides.xy) - best.transform(sides.xy), axis=1)
    if np.median(apart) < _APART * sides.spacing:
        return False
    if one.alikeness * one.overlap < _AS_ALIKE * best.alikeness * best.overlap:
        return False
    more, error = sum_and_error(best.inliers.astype(float) - one.inliers, source, sides.xy)
    return bool(more <= 2 * error)


def sum_and_error(values: np.ndarray, places: np.ndarray, slice_xy: np.ndarray) -> tuple[float, float]:
    """Return the sum of values at places (M x 2), and its error where those of one region go together.

    The error is that of sums over 16 parts of the slice (N x 2).
    """
    low, span = slice_xy.min(axis=0), np.ptp(slice_xy, axis=0) + 1e-12
    parts = np.minimum((4 * (places - low) / span).astype(int), 3) @ [4, 1]
    sums = np.bincount(parts, values, minlength=16)
    error = np.sqrt(len(sums) / (len(sums) - 1) * np.square(sums - sums.mean()).sum())
    return float(sums.sum()), float(error)


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
    sides: Sides, tree: cKDTree, transform: Callable[[np.ndarray], np.ndarray], rng: np.random.Generator
) -> tuple[float, float, np.ndarray]:
    """Return alikeness and overlap of a transform, as in `Registration`, and which spots lie on others.

    The tree is of the reference.
    """
    distances, nearest = tree.query(transform(sides.xy), distance_upper_bound=1.5 * sides.spacing)
    over = np.isfinite(distances)
    covered = len(np.unique(nearest[over]))
    overlap = max(over.mean(), covered / len(sides.reference_xy))
    if over.sum() < 3:
        return 0.0, float(overlap), over
    apart = np.square(sides.z[over] - sides.reference_z[nearest[over]]).sum(axis=1).mean()
    # Against the same spots in another order: within a patch of one domain, all lie on what is like them.
    one, other = (rng.permutation(np.flatnonzero(over)) for _ in range(2))
    chance = np.square(sides.z[one] - sides.reference_z[nearest[other]]).sum(axis=1).mean()
    return float(1 - apart / max(chance, 1e-300)), float(overlap), over


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


def rotation(transform: Transform) -> float:
    """Return by how many degrees a slice is turned, after it is turned over if it is."""
    return float(np.degrees(np.arctan2(transform.matrix[1, 0], transform.matrix[0, 0])))


def is_over(transform: Transform) -> bool:
    """Tell whether a slice is turned over."""
    return bool(np.linalg.det(transform.matrix) < 0)
