"""Scale: how far around a spot counts for its domain.

Components are averaged over a spot and its direct neighbours k times, one time a ring. That is a random walk
of k steps, so a spot counts the less the farther away it is, and the root mean square distance of what counts
is ``sqrt(k)`` times that of one step. It is the scale of the domains: at 0 rings every spot stands for
itself, which groups cells by kind; each further ring asks for a larger piece of tissue.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse

from spotscape._arrays import Array, beside, functions_of
from spotscape._validate import input_error
from spotscape.config import MICROMETRES, MOST_RINGS


class Scale(NamedTuple):
    """How far around a spot counts.

    Attributes
    ----------
    rings
        How many times the mean over a spot and its neighbours is taken.
    distance
        Root mean square distance of what counts, in the unit of the coordinates; NaN without coordinates.
    micrometres
        The same in micrometres; NaN where the unit is not known.
    """

    rings: int
    distance: float
    micrometres: float


def find_scale(
    scale: int | str, mean: sparse.csr_matrix, places: np.ndarray | None, per_unit: float
) -> Scale:
    """Return the scale that was asked for on a tissue.

    Parameters
    ----------
    scale
        Rings, or a distance such as ``"150 um"``: the rings that come nearest to it are taken, at least one.
    mean
        The mean over a spot and its neighbours, N x N (`spotscape._neighborhood.neighborhood_mean`).
    places
        Coordinates, N x 2 or N x 3; None where there are none.
    per_unit
        Micrometres of one unit of the coordinates; NaN where that is not known.

    Raises
    ------
    InputError
        If the scale is in micrometres, and the coordinates' unit is not known.
    """
    step = np.nan if places is None else one_step(mean, places)
    if isinstance(scale, str):
        wanted = float(MICROMETRES.fullmatch(scale)[1])  # type: ignore[index]  # the configuration checked it
        if not np.isfinite(step * per_unit) or step <= 0:
            raise input_error(
                "scale",
                f"{scale!r}, and coordinates whose unit is not known",
                "a number of rings of neighbours, such as 2",
                "Or say how many micrometres one unit is: adata.uns['micrometres_per_unit'] = 0.5",
            )
        rings = round((wanted / (step * per_unit)) ** 2)
        scale = int(min(max(rings, 1), MOST_RINGS))
    distance = float(np.sqrt(scale) * step)
    return Scale(scale, distance, float(distance * per_unit))


def one_step(mean: sparse.csr_matrix, places: np.ndarray) -> float:
    """Return the root mean square distance that the mean over a spot and its neighbours reaches."""
    joined = mean.tocoo()
    squares = ((places[joined.row] - places[joined.col]) ** 2).sum(axis=1)
    return float(np.sqrt((joined.data * squares).sum() / max(1, mean.shape[0])))


def over_rings(values: Array, mean: Array, rings: int) -> Array:
    """Return the mean over a spot and its neighbours, taken so many times: N x q, float32.

    Parameters
    ----------
    values
        N x q: an array, or a tensor on a device.
    mean
        As in `find_scale`, float64: where the values are.
    rings
        How many times.
    """
    of = functions_of(values)
    values = of.astype(values, of.float64)
    for _ in range(rings):
        values = mean @ values
    return of.astype(values, of.float32)


def over_rings_by_slice(values: Array, mean: Array, rings: np.ndarray, slices: np.ndarray) -> Array:
    """Return what `over_rings` does, with a number of rings for each slice: N x q, float32.

    Parameters
    ----------
    values, mean
        As in `over_rings`; no edge leads to another slice.
    rings
        Of each slice, S.
    slices
        Number of each spot's slice, N from 0.
    """
    of, own = functions_of(values), rings[slices]
    found, values = of.astype(values, of.float32), of.astype(values, of.float64)
    for taken in range(1, int(rings.max()) + 1):
        values = mean @ values
        found = of.where(beside(own >= taken, found)[:, None], of.astype(values, of.float32), found)
    return found
