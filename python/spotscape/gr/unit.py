"""What unit the coordinates have, where an object says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from spotscape import _keys
from spotscape._validate import input_error

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


def in_one_plane(coordinates: np.ndarray, slices: pd.Categorical | None, spatial_key: str) -> np.ndarray:
    """Return x and y, or raise where a slice does not lie in one plane.

    Parameters
    ----------
    coordinates
        N x 2 or 3.
    slices
        Slice of each spot; None for one slice.
    spatial_key
        Their name in ``obsm``.

    Examples
    --------
    >>> import numpy as np
    >>> from spotscape.gr.unit import in_one_plane
    >>> in_one_plane(np.array([[1.0, 2.0, 7.0], [3.0, 4.0, 7.0]]), None, "spatial").tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    """
    if coordinates.shape[1] == 2:
        return coordinates
    depth = pd.Series(coordinates[:, 2]).groupby(
        np.zeros(len(coordinates), dtype=int) if slices is None else slices.codes
    )
    if ((depth.max() - depth.min()) > 0).any():
        raise input_error(
            f"adata.obsm[{spatial_key!r}]",
            "places in space",
            "places in a plane, in each slice",
            "Areas and borders are measured in a plane. Name the column with the sections by slice_key.",
        )
    return coordinates[:, :2]
