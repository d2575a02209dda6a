"""``align_stack``: many sections in order, in one volume."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from spotscape import _keys
from spotscape._adata import in_memory_copy
from spotscape._docs import filled
from spotscape._slices import read_slices
from spotscape._validate import (
    SpotscapeWarning,
    check_choice,
    check_integer,
    check_number,
    describe,
    input_error,
)
from spotscape.alignment.registration import is_over, rotation
from spotscape.alignment.stack import TRANSFORMS, Link, Section, Stack, stack
from spotscape.alignment.words import said_of_stack, unlike_units
from spotscape.gr import check_coordinates
from spotscape.run.read import check_key_added, read_embedding
from spotscape.tl._align import bending_row, run_slice_key


@filled()
def align_stack(
    adata: AnnData,
    *,
    slice_key: str | None = None,
    order: Sequence[str | None] | None = None,
    thickness: float | None = None,
    positions: Mapping[str, float] | Sequence[float] | None = None,
    transform: str = "rigid",
    skips: int = 2,
    n_neighbors: int = 10,
    seed: int = 0,
    spatial_key: str = _keys.SPATIAL,
    key_added: str = _keys.KEY_ADDED,
    copy: bool = False,
) -> AnnData | None:
    """Bring many sections in order into one volume.

    Each section is aligned to the next, and to the one after it, as by `align_slices`. One motion for each
    section is then found from all of these together [1]_: it does not drift as a chain of motions does, and
    it bridges a section that is torn or missing. An alignment that contradicts the others is left out.

    Parameters
    ----------
    adata
        Sections of one tissue in one space, after `integrate_slices` (or `spotscape.Spotscape.transform`).
    slice_key
        Name in ``obs`` of the sections; that of the run where left out.
    order
        Names of all sections from one end to the other, with None for each that is missing. Left out: the
        order of the categories.
    thickness
        Distance from a section to the next, in the unit of the coordinates (pixels of Visium's image as they
        come; see ``uns["micrometres_per_unit"]``). Give this or ``positions``.
    positions
        Where each section lies along z, in that unit: numbers by name, or in the order of the sections.
    transform
        ``"rigid"``: turned, shifted and turned over; ``"nonrigid"``: each section is then bent towards its
        neighbours, half the way, where spots that it was not fitted to bear that out.
    skips
        How many of those that follow a section it is aligned to. 1 is a chain: errors add up, and no
        alignment can be checked by another.
    n_neighbors
        How many of a spot's nearest in the embedding are looked at for matches, 1 or more.
    seed
        Integer >= 0, of RANSAC's samples.
    spatial_key
        Name in ``obsm`` of the coordinates, N x 2; in one unit for all sections.
    key_added
        Stem of the run's names, and of the name written to.
    copy
        {copy}

    Returns
    -------
    None, or the copy. Writes:

    - ``obsm["spatial_3d"]``: N x 3, x and y in the frame of the first section that is placed, z along the
      stack; NaN for a section that could not be placed.
    - ``uns["<key_added>_stack"]``: ``"slice_key"``, ``"transform"``, ``"skips"``; ``"sections"``, a table
      with a row for each section: ``z``, whether it is placed, the motion (y = A x + b: ``a11`` to ``a22``,
      ``b1``, ``b2``), rotation in degrees, whether it was turned over, how many alignments hold it, and with
      ``"nonrigid"`` how far it is bent (``bent_by``, the median, in spot distances; 0 where bending does not
      help) and the smallest and largest factor that an area changes by; ``"edges"``, a table with a row for
      each pair that was aligned: numbers of matches and of those that agree, agreement, how alike spots are,
      overlap (as in `align_slices`), whether the stack is made from it (``kept``), whether by its second
      best motion (``other_way``, as where a mirror image fits as well), how far its motion is off that of
      the stack (``off``, in spot distances), and why there is none.

    Raises
    ------
    InputError
        If there is no embedding, there are fewer than two sections, the order lacks a section or names one
        twice, positions do not rise, neither or both of ``thickness`` and ``positions`` are given, or no two
        sections can be aligned.

    Warns
    -----
    SpotscapeWarning
        Of each section that could not be placed, and why: no alignment, or alignments that contradict each
        other. Of neighbours that seem to be in different units. Of sections that fit the others as well
        another way, where the stack does not tell which is right. And of those whose spots are alike to those
        that they lie on at less than 0.45: sections that do not overlap may look so, too.

    References
    ----------
    .. [1] Govindu (2004), Lie-algebraic averaging for globally consistent motion estimation, CVPR.

    Examples
    --------
    >>> import spotscape
    >>> parts = spotscape.datasets.simulate_slices(n_slices=3, n_spots=400, n_genes=150, tissue="tumour")
    >>> adata = spotscape.tl.integrate_slices(parts, n_domains=5, progress=False)
    >>> spotscape.tl.align_stack(adata, thickness=137)
    >>> adata.uns["spotscape_stack"]["sections"][["slice", "z", "placed"]].values.tolist()
    [['slice1', 0.0, True], ['slice2', 137.0, True], ['slice3', 274.0, True]]
    """
    embedding = read_embedding(adata, check_key_added(key_added))
    check_choice("transform", transform, TRANSFORMS)
    skips = check_integer("skips", skips, 1)
    n_neighbors = check_integer("n_neighbors", n_neighbors, 1)
    seed = check_integer("seed", seed, 0, 2**32 - 1)
    slice_key = slice_key or run_slice_key(adata, key_added)
    slices = read_slices(adata, slice_key)
    names, steps = read_order(slices, order, slice_key)
    heights = read_heights(names, steps, thickness, positions)
    xy = check_coordinates(adata, spatial_key)
    if xy.shape[1] != 2:
        raise input_error(f"adata.obsm[{spatial_key!r}]", f"{xy.shape[1]} columns", "two, x and y")

    rows = [np.flatnonzero(slices == name) for name in names]
    sections = [Section(xy[own], embedding[own]) for own in rows]
    for text in filter(None, _units(names, sections)):
        warnings.warn(text, SpotscapeWarning, stacklevel=2)
    found = stack(sections, transform, skips, n_neighbors, seed)
    if sum(pose is not None for pose in found.poses) < 2:
        link = found.links[0]
        why = link.aligned.why or "their alignments contradict each other"
        none = f"no two sections that can be aligned ({names[link.other]!r} to {names[link.one]!r}: {why})"
        todo = "Do the sections show the same part of one tissue?"
        raise input_error("adata", none, "sections that overlap", todo)
    for text in said_of_stack(names, found):
        warnings.warn(text, SpotscapeWarning, stacklevel=2)

    places = np.full((adata.n_obs, 3), np.nan)
    for number, own in enumerate(rows):
        if found.poses[number] is not None:
            places[own, :2] = found.place(number, xy[own])
            places[own, 2] = heights[number]
    adata = in_memory_copy(adata) if copy else adata
    adata.obsm[_keys.SPATIAL_3D] = places
    adata.uns[_keys.stack(key_added)] = {
        "slice_key": slice_key,
        "transform": transform,
        "skips": skips,
        "sections": _table([_row(found, number, names, heights, xy[own]) for number, own in enumerate(rows)]),
        "edges": _table([_edge(link, names) for link in found.links]),
    }
    return adata if copy else None


def read_order(slices: pd.Categorical, order: Any, slice_key: str) -> tuple[list[str], np.ndarray]:
    """Return the names of the sections in order, and how many steps each is from the first."""
    names = list(slices.categories)
    if len(names) < 2:
        raise input_error(f"adata.obs[{slice_key!r}]", f"one section, {names[0]!r}", "two or more")
    if order is None:
        return names, np.arange(len(names))
    expected = "all sections from one end to the other: " + ", ".join(map(repr, names))
    if isinstance(order, str) or not isinstance(order, Sequence | np.ndarray | pd.Index):
        raise input_error("order", describe(order), expected)
    given = [None if pd.isna(name) else str(name) for name in order]
    steps = np.array([step for step, name in enumerate(given) if name is not None])
    ordered = [name for name in given if name is not None]
    lacks = [name for name in names if name not in ordered]
    if lacks:
        todo = "Take a section out of the object to leave it out of the stack."
        raise input_error("order", f"no {', '.join(map(repr, lacks))}", expected, todo)
    for name in ordered:
        if name not in names:
            todo = "None stands for a section that is missing."
            raise input_error("order", f"{name!r}, which is no section", expected, todo)
        if ordered.count(name) > 1:
            raise input_error("order", f"{name!r} twice", expected)
    return ordered, steps - steps[0]


def read_heights(names: list[str], steps: np.ndarray, thickness: Any, positions: Any) -> np.ndarray:
    """Return where each section lies along z."""
    if (thickness is None) == (positions is None):
        found = "neither" if thickness is None else "both"
        todo = (
            "thickness is the distance from a section to the next in the unit of the coordinates, positions "
            "says where each section lies."
        )
        raise input_error("thickness and positions", found, "one of them", todo)
    if positions is None:
        return check_number("thickness", thickness, np.finfo(float).tiny) * steps
    expected = f"{len(names)} numbers that rise, by the names of the sections or in their order"
    if isinstance(positions, Mapping):
        given = {str(name): value for name, value in positions.items()}
        lacks = [name for name in names if name not in given]
        if lacks:
            raise input_error("positions", f"nothing for {', '.join(map(repr, lacks))}", expected)
        values = [given[name] for name in names]
    else:
        values = list(positions) if isinstance(positions, Sequence | np.ndarray | pd.Series) else [positions]
    if len(values) != len(names):
        raise input_error("positions", f"{len(values)}", expected)
    heights = np.array([check_number("positions", value, -np.inf) for value in values])
    falls = np.flatnonzero(np.diff(heights) <= 0)
    if len(falls):
        one, other = names[falls[0]], names[falls[0] + 1]
        found = f"{heights[falls[0]]:g} for {one!r} and then {heights[falls[0] + 1]:g} for {other!r}"
        raise input_error("positions", found, expected, "Give the sections' order by order.")
    return heights


def _units(names: list[str], sections: list[Section]) -> list[str]:
    """Say of neighbours that seem to be in different units."""
    return [
        unlike_units(names[at + 1], names[at], later.xy, first.xy, "Put all in one unit first.")
        for at, (first, later) in enumerate(pairwise(sections))
        if min(len(first.xy), len(later.xy)) > 1
    ]


def _row(found: Stack, number: int, names: list[str], heights: np.ndarray, xy: np.ndarray) -> dict[str, Any]:
    """Return what the table says of a section."""
    pose, bent = found.poses[number], found.bends[number]
    held = sum(link.kept and number in (link.one, link.other) for link in found.links)
    row: dict[str, Any] = {
        _keys.SLICE: names[number],
        "z": float(heights[number]),
        "placed": pose is not None,
    }
    matrix = ("a11", "a12", "a21", "a22", "b1", "b2")
    row |= dict.fromkeys((*matrix, "rotation"), np.nan) | {"turned_over": False, "n_edges": held}
    row |= {"bent_by": 0.0, "jacobian_low": 1.0, "jacobian_high": 1.0}
    if pose is not None:
        row |= dict(zip(matrix, [*pose.matrix.ravel(), *pose.offset], strict=True))
        row |= {"rotation": rotation(pose), "turned_over": is_over(pose)}
    if pose is not None and bent is not None:
        row |= bending_row(bent, pose(xy), found.spacing)
    return row


def _edge(link: Link, names: list[str]) -> dict[str, Any]:
    """Return what the table says of two sections that were aligned."""
    way = link.way
    figures = ("agreement", "alikeness", "overlap")
    return {
        _keys.SLICE: names[link.one],
        "other": names[link.other],
        "n_matches": link.aligned.n_matches,
        "n_agreeing": 0 if way is None else int(way.inliers.sum()),
        **{name: np.nan if way is None else float(getattr(way, name)) for name in figures},
        "kept": link.kept,
        "other_way": link.by_rival,
        "off": link.off,
        "why": link.aligned.why,
    }


def _table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows).rename(index=str)
