"""What unit the coordinates have, where an object says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from anndata import AnnData

from spotscape import _keys

_SPOT_OF_VISIUM = 65.0
"""Micrometres that ``spot_diameter_fullres`` of Space Ranger stands for."""


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
