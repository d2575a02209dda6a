"""Scale: how far around a spot counts for its domain.

Components are averaged over a spot and its direct neighbours k times, one time a ring. That is a random walk
of k steps, so a spot counts the less the farther away it is, and the root mean square distance of what counts
is ``sqrt(k)`` times that of one step. It is the scale of the domains: at 0 rings every spot stands for
itself, which groups cells by kind; each further ring asks for a larger piece of tissue.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from anndata import AnnData
from scipy import sparse

from spotscape import _keys
from spotscape._validate import input_error
from spotscape.config import MICROMETRES, MOST_RINGS

_SPOT_OF_VISIUM = 65.0
"""Micrometres that ``spot_diameter_fullres`` of Space Ranger stands for."""


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
        The mean over a spot and its neighbours, N x N (`spotscape._spatial_genes.neighborhood_mean`).
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


def over_rings(values: np.ndarray, mean: sparse.csr_matrix, rings: int) -> np.ndarray:
    """Return the mean over a spot and its neighbours, taken so many times: N x q, float32."""
    for _ in range(rings):
        values = mean @ values
    return values.astype(np.float32)


def micrometres_per_unit(adata: AnnData, spatial_key: str) -> float:
    """Return how many micrometres one unit of the coordinates is; NaN where the object does not say.

    It says so by ``uns["micrometres_per_unit"]``, which the readers of `spotscape.io` and users write, or by
    Space Ranger's scale factors: ``microns_per_pixel`` (Visium HD), or the diameter of a spot in pixels.
    """
    given = adata.uns.get(_keys.MICROMETRES_PER_UNIT)
    if given is not None:
        return _positive(given)
    libraries = adata.uns.get("spatial")
    if spatial_key != _keys.SPATIAL or not isinstance(libraries, Mapping):
        return np.nan
    found = [_of_library(one) for one in libraries.values() if isinstance(one, Mapping)]
    known = [value for value in found if np.isfinite(value)]
    return known[0] if known and np.ptp(known) <= 0.01 * known[0] else np.nan


def _of_library(library: Mapping[str, Any]) -> float:
    factors = library.get("scalefactors")
    if not isinstance(factors, Mapping):
        return np.nan
    if "microns_per_pixel" in factors:
        return _positive(factors["microns_per_pixel"])
    return _SPOT_OF_VISIUM / _positive(factors.get("spot_diameter_fullres"))


def _positive(value: Any) -> float:
    """Return a number above 0, NaN for anything else."""
    try:
        number = float(np.ravel(value)[0])
    except (TypeError, ValueError, IndexError):
        return np.nan
    return number if np.isfinite(number) and number > 0 else np.nan
