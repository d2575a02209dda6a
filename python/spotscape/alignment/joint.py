"""Many sections in one frame: one motion for each, from motions between pairs that need not agree.

Each edge has the motion that brings its second section to its first, and says how sure that is. The motions
T_i of the sections into the common frame are those that make

    sum over edges (i, j) of  w_ij  mean over places q  |T_i(M_ij q) - T_j(q)|²

small (Gauss and Newton's steps). q are the places of section j that the motion M_ij was found from: their
mean and covariance are all that counts, so four points stand for them. Every section has one motion, so the
motions T_i⁻¹ T_j compose to the identity round any loop. w_ij is the edge's evidence, less where it is off by
more than a spot (Cauchy's weights), and 0 where it contradicts the others.

Which edges contradict is told by loops. The start is made of the edges that most loops bear out, with the
most evidence; an edge counts once it agrees with the motions that the others give.
"""

from __future__ import annotations

from itertools import combinations, product
from typing import NamedTuple

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from spotscape.alignment.registration import Transform

AGREES = 5.0
"""How far off, in spot distances, an edge may be that agrees: beyond lies another motion (`registration`)."""
_ROUNDS = 20
_STEPS = 30
_QUARTER = np.array([[0.0, -1.0], [1.0, 0.0]])


class Edge(NamedTuple):
    """A motion between two sections.

    Attributes
    ----------
    one, other
        Numbers of the sections.
    motion
        From the frame of ``other`` to that of ``one``.
    evidence
        How much it counts, above 0.
    frame
        Four points (4 x 2) with mean and covariance of the places of ``other`` that it was found from.
    spacing
        Distance of neighbouring spots.
    """

    one: int
    other: int
    motion: Transform
    evidence: float
    frame: np.ndarray
    spacing: float


class Joint(NamedTuple):
    """The motions of the sections, and what became of the edges.

    Attributes
    ----------
    poses
        Motion of each section into the common frame; None where it is not placed.
    off
        How far each edge is off, in spot distances; NaN where one of its sections is not placed.
    kept
        Whether the motions are made from it.
    """

    poses: list[Transform | None]
    off: np.ndarray
    kept: np.ndarray


def four_points(places: np.ndarray) -> np.ndarray:
    """Return four points (4 x 2) with the mean and the covariance of places (N x 2)."""
    centre = places.mean(axis=0)
    values, axes = np.linalg.eigh(np.cov(places.T, bias=True))
    arms = np.sqrt(2 * np.maximum(values, 0))[:, None] * axes.T
    return np.concatenate([centre + arms, centre - arms])


def after(first: Transform, then: Transform) -> Transform:
    """Return one motion that does what two do, one after the other."""
    return Transform(then.matrix @ first.matrix, then(first.offset[None])[0])


def inverse(motion: Transform) -> Transform:
    """Return the motion back; the matrix is a rotation or a reflection."""
    return Transform(motion.matrix.T, -motion.offset @ motion.matrix)


def joint(edges: list[Edge], n_spots: np.ndarray) -> Joint:
    """Return one motion for each section, in the frame of the first that is placed.

    Parameters
    ----------
    edges
        Two may be of the same sections, as where a section fits in two ways: one at most is kept.
    n_spots
        Of each section. Where edges leave the sections in parts, the part with most spots is placed.
    """
    active = np.ones(len(n_spots), dtype=bool)
    while True:
        found = _placed(edges, n_spots, active)
        worst = _contradicted(edges, found)
        if worst is None:
            return found
        active[worst] = False


def _placed(edges: list[Edge], n_spots: np.ndarray, active: np.ndarray) -> Joint:
    """Place the active sections."""
    usable = np.array([active[edge.one] and active[edge.other] for edge in edges], dtype=bool)
    poses = _start(edges, usable, n_spots)
    kept = usable & (_off(edges, poses) < AGREES)
    for _ in range(_ROUNDS):
        poses = _fitted(edges, kept, poses)
        now = usable & (_off(edges, poses) < AGREES)
        if (now == kept).all():
            break
        kept = now
    # Edges that came to disagree may leave a section behind.
    there = np.isin(np.arange(len(n_spots)), list(poses))
    main = _largest(edges, kept, np.where(there, n_spots, 0))
    poses = {number: pose for number, pose in poses.items() if main[number]}
    back = inverse(poses[min(poses)])
    off = _off(edges, poses)
    placed = [after(poses[number], back) if number in poses else None for number in range(len(n_spots))]
    return Joint(placed, off, kept & np.isfinite(off))


def _contradicted(edges: list[Edge], found: Joint) -> int | None:
    """Return the placed section that most edges, by their evidence, would have elsewhere; None where none is.

    Of two edges of the same sections one is right at most, so only the better counts against a section.
    """
    n = len(found.poses)
    against: dict[tuple[int, int], float] = {}
    kept_pairs = {(edge.one, edge.other) for edge, kept in zip(edges, found.kept, strict=True) if kept}
    share = np.zeros((n, 2))
    for edge, kept, off in zip(edges, found.kept, found.off, strict=True):
        pair = (edge.one, edge.other)
        if kept:
            share[list(pair), 0] += edge.evidence
        elif pair not in kept_pairs and np.isfinite(off):
            against[pair] = max(against.get(pair, 0.0), edge.evidence)
    for pair, evidence in against.items():
        share[list(pair), 1] += evidence
    excess = share[:, 1] - share[:, 0]
    excess[[pose is None for pose in found.poses]] = -np.inf
    if not len(excess) or excess.max() <= 0:
        return None
    return int((excess / np.maximum(share.sum(axis=1), 1e-300)).argmax())


def _support(edges: list[Edge], usable: np.ndarray) -> np.ndarray:
    """Return in how many loops of three each edge agrees."""
    between: dict[tuple[int, int], list[int]] = {}
    for number in np.flatnonzero(usable):
        between.setdefault((edges[number].one, edges[number].other), []).append(int(number))
    support = np.zeros(len(edges), dtype=int)
    sections = sorted({end for pair in between for end in pair})
    near: dict[int, set[int]] = {end: set() for end in sections}
    for one, other in between:
        near[one].add(other)
    for one in sections:
        for other, third in combinations(sorted(near[one]), 2):
            loops = product(*(between.get(pair, []) for pair in ((one, other), (other, third), (one, third))))
            for a, b, c in loops:
                whole = edges[c]
                round_it = after(edges[b].motion, edges[a].motion)
                apart = round_it(whole.frame) - whole.motion(whole.frame)
                if np.sqrt(np.square(apart).sum(axis=1).mean()) < AGREES * whole.spacing:
                    support[[a, b, c]] += 1
    return support


def _start(edges: list[Edge], usable: np.ndarray, n_spots: np.ndarray) -> dict[int, Transform]:
    """Return motions to start from: sections become parts, and parts the largest part, step by step.

    Two parts are joined by the motion that most edges between them agree on. Wrong edges rarely agree with
    each other, so their number counts beside their evidence. The surest of all parts are joined first.
    """
    weights = (1 + _support(edges, usable)) * np.array([edge.evidence for edge in edges])
    part = np.arange(len(n_spots))
    poses = {number: Transform(np.eye(2), np.zeros(2)) for number in range(len(n_spots))}
    while True:
        between: dict[tuple[int, int], list[int]] = {}
        for number in np.flatnonzero(usable):
            ends = int(part[edges[number].one]), int(part[edges[number].other])
            if ends[0] != ends[1]:
                between.setdefault((min(ends), max(ends)), []).append(int(number))
        if not between:
            break
        votes = {
            pair: _vote([edges[number] for number in own], weights[own], poses, part == pair[1])
            for pair, own in between.items()
        }
        one, other = max(votes, key=lambda pair: votes[pair][0])
        for number in np.flatnonzero(part == other):
            poses[int(number)] = after(poses[int(number)], votes[one, other][1])
        part[part == other] = one
    largest = np.bincount(part, n_spots).argmax()
    return {number: pose for number, pose in poses.items() if part[number] == largest}


def _vote(
    edges: list[Edge], weights: np.ndarray, poses: dict[int, Transform], moves: np.ndarray
) -> tuple[float, Transform]:
    """Return the motion of the sections that move on which most edges agree, and how sure it is."""
    best = (-1.0, Transform(np.eye(2), np.zeros(2)))
    for edge in edges:
        motion = after(inverse(poses[edge.other]), after(edge.motion, poses[edge.one]))
        if moves[edge.one]:
            motion = inverse(motion)
        joined = {number: after(pose, motion) if moves[number] else pose for number, pose in poses.items()}
        agrees = _off(edges, joined) < AGREES
        best = max(best, (float(agrees.sum() * weights[agrees].sum()), motion), key=lambda vote: vote[0])
    return best


def _largest(edges: list[Edge], chosen: np.ndarray, n_spots: np.ndarray) -> np.ndarray:
    """Say which sections are in the part with most spots, where chosen edges join them."""
    ends = [(edge.one, edge.other) for edge, takes in zip(edges, chosen, strict=True) if takes]
    rows, columns = np.array(ends, dtype=int).reshape(-1, 2).T
    n = len(n_spots)
    _, part = connected_components(coo_matrix((np.ones(len(rows)), (rows, columns)), shape=(n, n)))
    mask: np.ndarray = part == np.bincount(part, n_spots).argmax()
    return mask


def _off(edges: list[Edge], poses: dict[int, Transform]) -> np.ndarray:
    """Return how far each edge is off (root mean square), in spot distances."""
    off = np.full(len(edges), np.nan)
    for number, edge in enumerate(edges):
        if edge.one in poses and edge.other in poses:
            apart = poses[edge.one](edge.motion(edge.frame)) - poses[edge.other](edge.frame)
            off[number] = np.sqrt(np.square(apart).sum(axis=1).mean()) / edge.spacing
    return off


def _fitted(edges: list[Edge], kept: np.ndarray, poses: dict[int, Transform]) -> dict[int, Transform]:
    """Return the motions after Gauss and Newton's steps, from where they are; the first stays."""
    at = {number: 3 * place for place, number in enumerate(sorted(poses))}
    used = [edge for edge, keeps in zip(edges, kept, strict=True) if keeps]
    if not used:
        return poses
    extent = max(float(np.ptp(edge.frame, axis=0).max()) for edge in used)
    for _ in range(_STEPS):
        system, right = np.zeros((8 * len(used), 3 * len(poses))), np.zeros(8 * len(used))
        for row, (edge, off) in enumerate(zip(used, _off(used, poses), strict=True)):
            weight = np.sqrt(edge.evidence / (1 + off**2))
            rows = slice(8 * row, 8 * row + 8)
            there, here = poses[edge.one](edge.motion(edge.frame)), poses[edge.other](edge.frame)
            for end, points, sign in ((edge.one, there, 1.0), (edge.other, here, -1.0)):
                turn = (points @ _QUARTER.T).ravel() / extent
                columns = slice(at[end], at[end] + 3)
                system[rows, columns] = sign * weight * np.column_stack([turn, np.tile(np.eye(2), (4, 1))])
            right[rows] = weight * (here - there).ravel()
        step = np.zeros(3 * len(poses))
        step[3:] = np.linalg.lstsq(system[:, 3:], right, rcond=None)[0]
        poses = {number: after(pose, _turn(step[at[number] :][:3], extent)) for number, pose in poses.items()}
        if np.abs(step).max() < 1e-7 * extent:
            break
    return poses


def _turn(step: np.ndarray, extent: float) -> Transform:
    """Return the motion that a step stands for: an angle times the extent, and a shift."""
    c, s = np.cos(step[0] / extent), np.sin(step[0] / extent)
    return Transform(np.array([[c, -s], [s, c]]), step[1:])
