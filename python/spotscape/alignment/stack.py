"""``stack``: many sections in order, brought into one volume.

Each section is aligned to the next, and past it to those that `skips` reach, so that a section that is
missing or torn is bridged. `joint` then finds one motion for each section from all of these together. Where
asked for, each section is bent to its placed neighbours afterwards, if that helps.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from spotscape.alignment.align import FEWEST_MATCHES, Aligned, align, sides_of
from spotscape.alignment.bend import bend
from spotscape.alignment.joint import Edge, four_points, joint
from spotscape.alignment.registration import NONRIGID, Registration, Sides, Transform, sum_and_error
from spotscape.alignment.spline import Deformation

TRANSFORMS = ("rigid", NONRIGID)
_REACH = 1.5
"""How near, in spot distances, spots of two sections lie on each other."""


class Section(NamedTuple):
    """Places (N x 2) and embedding (N x d) of the spots of a section."""

    xy: np.ndarray
    z: np.ndarray


class Link(NamedTuple):
    """Two sections that were aligned, and what the stack made of it.

    Attributes
    ----------
    one, other
        Positions in the list of sections; ``other`` was brought to ``one``.
    aligned
        What `align` found.
    kept
        Whether the stack is made from it.
    by_rival
        Whether not its best motion is kept, but another that fits as well (`Registration.rival`).
    off
        How far its motion is off that of the stack, in spot distances; NaN where there is none of either.
    """

    one: int
    other: int
    aligned: Aligned
    kept: bool
    by_rival: bool
    off: float

    @property
    def way(self) -> Registration | None:
        """The motion that was taken, or would be, with what speaks for it; None where there is none."""
        best = self.aligned.found
        return best.rival if best is not None and self.by_rival else best


class Stack(NamedTuple):
    """Where sections lie: motion and deformation of each (None: not placed, not bent), and the links.

    ``spacing`` is the distance of neighbouring spots.
    """

    poses: list[Transform | None]
    bends: list[Deformation | None]
    links: list[Link]
    spacing: float

    def place(self, number: int, points: np.ndarray) -> np.ndarray:
        """Return where points (N x 2) of a section lie in the frame of the stack; NaN where not placed."""
        pose, bent = self.poses[number], self.bends[number]
        if pose is None:
            return np.full(points.shape, np.nan)
        return pose(points) if bent is None else bent(pose(points))


def stack(sections: list[Section], transform: str, skips: int, n_neighbors: int, seed: int) -> Stack:
    """Bring sections into one frame, that of the first that can be placed.

    Parameters
    ----------
    sections
        In order; two or more.
    transform
        ``"rigid"``, or ``"nonrigid"`` to bend them afterwards.
    skips
        How many of those that follow a section it is aligned to, 1 or more: 1 chains neighbours.
    n_neighbors
        How many of a spot's nearest in the embedding are looked at for matches.
    seed
        Of the samples.
    """
    n = len(sections)
    pairs = [(one, other) for one in range(n) for other in range(one + 1, min(one + skips + 1, n))]
    found = [_aligned(sections[one], sections[other], n_neighbors, seed) for one, other in pairs]
    edges, origin = [], []
    for number, ((one, other), (aligned, spacing)) in enumerate(zip(pairs, found, strict=True)):
        best = aligned.found
        for rival, way in enumerate((best, best.rival if best else None)):
            if way is not None:
                edges.append(_edge(one, other, way, sections, spacing))
                origin.append((number, bool(rival)))
    placed = joint(edges, np.array([len(section.xy) for section in sections]))
    links = []
    for number, ((one, other), (aligned, _)) in enumerate(zip(pairs, found, strict=True)):
        own = [at for at, (of, _) in enumerate(origin) if of == number]
        kept = next((at for at in own if placed.kept[at]), None)
        off = placed.off[kept if kept is not None else own[0]] if own else np.nan
        links.append(
            Link(one, other, aligned, kept is not None, kept is not None and origin[kept][1], float(off))
        )
    apart = [spacing for _, spacing in found if np.isfinite(spacing)]
    step = float(np.median(apart)) if apart else np.nan
    rigid = Stack(placed.poses, [None] * n, links, step)
    if transform != NONRIGID:
        return rigid
    return rigid._replace(bends=[_bent(rigid, sections, number) for number in range(n)])


def _aligned(one: Section, other: Section, n_neighbors: int, seed: int) -> tuple[Aligned, float]:
    """Align a section to another; also return the distance of neighbouring spots."""
    fewest = min(len(one.xy), len(other.xy))
    if fewest < FEWEST_MATCHES:
        why = f"a section has {fewest} spots, and {FEWEST_MATCHES} matches are needed"
        return Aligned(None, why, None, 0), np.nan
    own, fixed = np.split(np.arange(len(other.xy) + len(one.xy)), [len(other.xy)])
    xy, z = np.concatenate([other.xy, one.xy]), np.concatenate([other.z, one.z])
    sides = sides_of(xy, z, own, fixed, "rigid")
    return align(sides, "rigid", "nearest", n_neighbors, np.random.default_rng(seed)), sides.spacing


def _edge(one: int, other: int, way: Registration, sections: list[Section], spacing: float) -> Edge:
    """Return an edge: it counts by the matches that agree, and by how many more these are than by chance."""
    xy = sections[other].xy
    distances, _ = cKDTree(sections[one].xy).query(way.transform(xy), distance_upper_bound=_REACH * spacing)
    over = xy[np.isfinite(distances)]
    evidence = float(way.inliers.sum()) * max(way.agreement, 0.01)
    return Edge(one, other, way.transform, evidence, four_points(over), spacing)


def _bent(rigid: Stack, sections: list[Section], number: int) -> Deformation | None:
    """Return what bends a section half the way to its placed neighbours; None where that does not help.

    The neighbours go the other half. Whether it helps is told by half of the spots, bent by what the others
    give: they have to be more alike to those that they come to lie on, by twice the error.
    """
    if rigid.poses[number] is None:
        return None
    there = [at for at, pose in enumerate(rigid.poses) if pose is not None]
    beside = [max((at for at in there if at < number), default=None)]
    beside.append(min((at for at in there if at > number), default=None))
    near = [at for at in beside if at is not None]
    xy = rigid.place(number, sections[number].xy)
    sides = Sides(
        xy,
        sections[number].z,
        np.concatenate([rigid.place(at, sections[at].xy) for at in near]),
        np.concatenate([sections[at].z for at in near]),
        rigid.spacing,
    )
    order = np.random.default_rng(0).permutation(len(xy))
    fitted, asked = order[: len(xy) // 2], order[len(xy) // 2 :]
    half = bend(sides._replace(xy=xy[fitted], z=sides.z[fitted]))
    if half is None or not _helps(half, sides, asked):
        return None
    whole = bend(sides)
    return None if whole is None else whole._replace(coefficients=whole.coefficients / 2)


def _helps(bent: Deformation, sides: Sides, asked: np.ndarray) -> bool:
    """Say whether spots are nearer in the embedding to those they lie on once bent, by twice the error."""
    tree = cKDTree(sides.reference_xy)
    xy, z = sides.xy[asked], sides.z[asked]
    apart, over = [], np.ones(len(asked), dtype=bool)
    for places in (xy, bent(xy)):
        distances, near = tree.query(places, distance_upper_bound=_REACH * sides.spacing)
        over &= np.isfinite(distances)
        apart.append(
            np.square(z - sides.reference_z[np.minimum(near, len(sides.reference_z) - 1)]).sum(axis=1)
        )
    gain, error = sum_and_error((apart[0] - apart[1])[over], xy[over], xy)
    return bool(gain > 2 * error)
