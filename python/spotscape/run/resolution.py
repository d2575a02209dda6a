"""Slices of different resolution: how many rings of neighbours make one distance in each of them.

Spots of an array lie 100 micrometres apart, cells of an imaging panel ten. So one number of rings is one
distance only where slices are alike, and a scale in micrometres asks for rings of each slice's own. Scales in
rings stay what they are: with cells averaged over as much tissue as spots, labels pass between the two a
little better on STARmap, but domains of both together are found less well
(benchmarks/results/technologies.md).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse

from spotscape._validate import input_error
from spotscape.components.scale import Scale, find_scale, one_step

MOST_RINGS_OF_CELLS = 200
"""Ten times finer than the coarsest slice with two rings; a finer one gets no more."""
_OTHER_RESOLUTION = 2.0
"""Factor between the steps of two slices from which one number of rings is not one distance."""
_OTHER_UNIT = 10.0
"""Factor between two slices, in their steps and in their widths, that no technology explains."""


class Resolution(NamedTuple):
    """How slices differ in resolution.

    Attributes
    ----------
    scale
        Of the coarsest slice; None where all slices get the same number of rings.
    rings
        Of each slice, S int64; None likewise.
    remark
        What a user should know of it; empty where all is well.
    """

    scale: Scale | None = None
    rings: np.ndarray | None = None
    remark: str = ""


def find_resolution(
    scale: int | str,
    mean: sparse.csr_matrix,
    places: np.ndarray,
    slices: pd.Categorical,
    units: np.ndarray,
) -> Resolution:
    """Return the rings of each slice where a distance asks for different ones, and whether units differ.

    Parameters
    ----------
    scale
        Rings, or a distance such as ``"150 um"``.
    mean
        The mean over a spot and its neighbours, N x N; no edge leads to another slice.
    places
        Coordinates, N x 2 or N x 3.
    slices
        Slice of each spot.
    units
        Micrometres of one unit of the coordinates of each slice, S; NaN where that is not known.

    Raises
    ------
    InputError
        If the scale is a distance, and the unit of some slices is known and that of others is not.
    """
    names = [str(name) for name in slices.categories]
    known = np.isfinite(units)
    if isinstance(scale, str) and known.any() and not known.all():
        raise input_error(
            "scale",
            f"{scale!r}, and coordinates of slice {names[int(known.argmin())]!r} whose unit is not known",
            "a number of rings of neighbours, such as 2",
            "Or say how many micrometres one unit is: adata.uns['micrometres_per_unit'] = 0.5",
        )
    per_unit = units if known.all() else np.ones(len(units))
    steps = steps_of(mean, places, slices.codes) * per_unit
    if not (steps > 0).all():
        return Resolution()
    remark = _on_units(steps, _widths(places, slices.codes) * per_unit, names)
    alike = steps.max() < _OTHER_RESOLUTION * steps.min() and np.ptp(per_unit) == 0
    if not isinstance(scale, str) or not known.all() or alike:
        return Resolution(remark=remark)
    number = int(steps.argmax())
    coarsest = np.flatnonzero(slices.codes == number)
    own = sparse.csr_matrix(mean[coarsest][:, coarsest])
    found = find_scale(scale, own, places[coarsest], float(units[number]))
    rings = np.array([rings_at(found.rings, float(steps.max()), float(step)) for step in steps])
    return Resolution(found, rings, remark)


def in_words(rings: np.ndarray, names: list[str]) -> str:
    """Say which rings slices that differ in resolution get.

    Examples
    --------
    >>> import numpy as np
    >>> from spotscape.run.resolution import in_words
    >>> in_words(np.array([50, 2]), ["cells", "spots"])
    'Slices differ in resolution. Rings of neighbours that reach equally far: cells 50, spots 2.'
    """
    listed = ", ".join(f"{name} {number}" for name, number in zip(names, rings, strict=True))
    return f"Slices differ in resolution. Rings of neighbours that reach equally far: {listed}."


def rings_at(rings: int, coarse: float, step: float) -> int:
    """Return the rings of a slice with steps of its own that reach as far as so many coarse ones.

    Examples
    --------
    >>> from spotscape.run.resolution import rings_at
    >>> rings_at(2, 100.0, 20.0)
    50
    """
    wanted = round(rings * (coarse / step) ** 2)
    return int(np.clip(wanted, min(1, rings), MOST_RINGS_OF_CELLS))


def steps_of(mean: sparse.csr_matrix, places: np.ndarray, slices: np.ndarray) -> np.ndarray:
    """Return the root mean square distance that one ring reaches in each slice, in its own unit: S."""
    found = []
    for number in range(int(slices.max()) + 1):
        own = np.flatnonzero(slices == number)
        found.append(one_step(sparse.csr_matrix(mean[own][:, own]), places[own]))
    return np.array(found)


def _widths(places: np.ndarray, slices: np.ndarray) -> np.ndarray:
    """Return how wide each slice is: S."""
    numbers = range(int(slices.max()) + 1)
    return np.array([np.ptp(places[slices == number], axis=0).max() for number in numbers])


def _on_units(steps: np.ndarray, widths: np.ndarray, names: list[str]) -> str:
    """Say so where the slices' coordinates are in different units; else nothing."""
    low, high = int(steps.argmin()), int(steps.argmax())
    if min(steps[high] / steps[low], widths[high] / widths[low]) < _OTHER_UNIT:
        return ""
    return (
        f"Slices {names[low]!r} and {names[high]!r} seem to be in different units: neighbours are "
        f"{steps[low]:.3g} and {steps[high]:.3g} apart, and the slices are {widths[low]:.3g} and "
        f"{widths[high]:.3g} wide. Domains do not depend on that; lengths and alignment do. Say how many "
        "micrometres one unit of each is: adata.uns['micrometres_per_unit'] = 0.5"
    )
