"""What a user should know of an alignment before it is used, in sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
from scipy.spatial import cKDTree

from spotscape.alignment.align import Aligned
from spotscape.alignment.landmarks import Landmarks
from spotscape.alignment.registration import Registration, first_kind, is_over, rotation
from spotscape.alignment.stack import Stack

LOW_AGREEMENT = 0.4
LOW_ALIKENESS = 0.45
"""Of a stack. Agreement does not tell there: sections that lie right may have 0.2, as within layers."""
STRAY = 10.0
"""How much worse than the others, in spot distances more than theirs, a landmark fits that is wrong."""
FEWEST_TO_JUDGE = 4
"""Landmarks that each one is left out of in turn."""
OTHER_UNIT = 1.5
"""Factor between the spots' distances of two slices from which they are in different units."""


def unlike_units(
    name: str,
    reference: str,
    xy: np.ndarray,
    fixed: np.ndarray,
    todo: str = "transform='similarity' scales, too.",
) -> str:
    """Say so where the spots of one slice lie so much closer that units must differ; else nothing."""
    own, other = (float(np.median(cKDTree(part).query(part, k=2)[0][:, 1])) for part in (xy, fixed))
    width, reference_width = (float(np.ptp(part, axis=0).max()) for part in (xy, fixed))
    if min(own, other, width, reference_width) <= 0:
        return ""
    factors = own / other, width / reference_width
    if all(factor > OTHER_UNIT for factor in factors) or all(factor < 1 / OTHER_UNIT for factor in factors):
        return (
            f"Slice {name!r} and {reference!r} seem to be in different units: spots are {own:.4g} and "
            f"{other:.4g} apart (a factor of {factors[0]:.2g}), as where one is in pixels and one in "
            f"micrometres. {todo}"
        )
    return ""


def said_of(name: str, reference: str, one: Aligned) -> str:
    """Return what a user should know before the alignment of a slice is used; empty where all is well."""
    if one.why:
        return f"Slice {name!r} was not aligned to {reference!r}: {one.why}."
    if one.found is None:
        return ""
    if one.found.rival is not None:
        return _two_ways(name, reference, one.found)
    if one.found.agreement < LOW_AGREEMENT:
        return (
            f"Slice {name!r} agrees with {reference!r} at {one.found.agreement:.2f} only (1: all matches lie "
            "on each other, 0 is chance): look at it before it is used."
        )
    return ""


def said_of_landmarks(name: str, landmarks: Landmarks, transform: str, spacing: float) -> str:
    """Say which landmark does not fit the others, such as one of a swapped pair; else nothing."""
    kind = first_kind(transform)
    n = len(landmarks.source)
    worst = (STRAY, 0, 0.0, 0.0)
    for one in range(n if n > FEWEST_TO_JUDGE else 0):
        rest = np.arange(n) != one
        move = Landmarks(landmarks.source[rest], landmarks.target[rest]).transform(kind)
        off = np.linalg.norm(move(landmarks.source) - landmarks.target, axis=1) / spacing
        typical = float(np.median(off[rest]))
        worst = max(worst, (off[one] / (1 + typical), one, float(off[one]), typical))
    if worst[0] <= STRAY:
        return ""
    return (
        f"Landmark {worst[1] + 1} of slice {name!r} comes to lie {worst[2]:.0f} spot distances from where it "
        f"should by the others, which fit to {worst[3]:.1f}. Is it in the right row?"
    )


def _two_ways(name: str, reference: str, found: Registration) -> str:
    """Say that a slice fits in two ways, and which one was taken."""
    rival = found.rival or found
    ways = [
        f"turned by {rotation(one.transform):.0f} degrees"
        f"{' and turned over' if is_over(one.transform) else ''} (agreement {one.agreement:.2f})"
        for one in (found, rival)
    ]
    return (
        f"Slice {name!r} fits {reference!r} in two ways, as well within the error: {ways[0]}, which was "
        f"taken, and {ways[1]}. The tissue looks alike both ways; tell by the image or a landmark which one "
        "is right."
    )


def said_of_stack(names: list[str], found: Stack) -> list[str]:
    """Return what a user should know of a stack before it is used; nothing where all is well."""
    said = []
    for number, pose in enumerate(found.poses):
        if pose is not None:
            continue
        links = [link for link in found.links if number in (link.one, link.other)]
        known = [link for link in links if link.aligned.found is not None]
        why = "its alignments contradict each other or hold no section that is placed"
        if not known:
            nearest = links[0]
            other = names[nearest.other if nearest.one == number else nearest.one]
            why = f"it could not be aligned (to {other!r}: {nearest.aligned.why})"
        said.append(f"Section {names[number]!r} was not placed: {why}.")
    two_ways = _left_behind(found, lambda best, _: best.rival is None)
    if two_ways:
        said.append(
            f"{_sections(names, two_ways)} the others in two ways, as well within the error. The tissue "
            "looks alike both ways; tell by the image or a landmark which one is right."
        )
    doubtful = _left_behind(found, lambda _, taken: taken.alikeness >= LOW_ALIKENESS)
    doubtful = [number for number in doubtful if number not in two_ways]
    if doubtful:
        said.append(
            f"{_sections(names, doubtful)} the others badly: spots that come to lie on each other are alike "
            f"at less than {LOW_ALIKENESS} (1 is equal, 0 is chance). Sections that do not overlap may look "
            "so, too: look at them before they are used."
        )
    return said


def _left_behind(found: Stack, is_sure: Callable[[Registration, Registration], bool]) -> list[int]:
    """Return the placed sections that no chain of sure alignments joins to the largest part of the stack.

    Whether one is sure is told by its best motion and by the one that was taken.
    """
    part = list(range(len(found.poses)))
    for link in found.links:
        best, taken = link.aligned.found, link.way
        if link.kept and best is not None and taken is not None and is_sure(best, taken):
            one, other = part[link.one], part[link.other]
            part = [one if number == other else number for number in part]
    there = [number for number, pose in enumerate(found.poses) if pose is not None]
    sizes = Counter(part[number] for number in there)
    largest = max(sizes, key=sizes.__getitem__)  # the first of equals, as it gives the frame
    return [number for number in there if part[number] != largest]


def _sections(names: list[str], numbers: list[int]) -> str:
    """Name sections that fit the others in some way."""
    listed = ", ".join(repr(names[number]) for number in numbers)
    return f"Section {listed} fits" if len(numbers) == 1 else f"Sections {listed} fit"
