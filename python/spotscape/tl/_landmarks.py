"""Reading of the landmarks that `align_slices` is given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from spotscape import _keys
from spotscape._validate import describe, input_error
from spotscape.alignment.landmarks import FEWEST, Landmarks

_PLACES = ["x", "y", "reference_x", "reference_y"]
COLUMNS = [_keys.SLICE, *_PLACES]
_FAR = 1.0
"""How far from a slice a landmark may lie, in its widths; coordinates in another unit lie farther."""


def read_landmarks(
    given: Any, slices: pd.Categorical, reference: str, xy: np.ndarray, transform: str
) -> dict[str, Landmarks]:
    """Return the landmarks of each slice that has some, or raise."""
    if given is None:
        return {}
    if transform == "none":
        raise input_error("landmarks", "a table", "none, for transform='none' moves nothing")
    if not isinstance(given, pd.DataFrame) or not set(COLUMNS) <= set(given.columns):
        found = f"columns {list(given.columns)}" if isinstance(given, pd.DataFrame) else describe(given)
        raise input_error("landmarks", found, f"a table with the columns {', '.join(COLUMNS)}")
    try:
        places = given[_PLACES].to_numpy(dtype=np.float64)
    except (TypeError, ValueError):
        raise input_error("landmarks", "places that are no numbers", "numbers") from None
    if not np.isfinite(places).all():
        row = int(np.flatnonzero(~np.isfinite(places).all(axis=1))[0])
        raise input_error("landmarks", f"a missing place in row {row + 1}", "numbers")
    names = given[_keys.SLICE].astype(str).to_numpy()
    others = [name for name in slices.categories if name != reference]
    unknown = sorted(set(names) - set(others))
    if unknown:
        expected = "slices beside the reference: " + ", ".join(map(repr, others))
        raise input_error("landmarks", f"the slice {unknown[0]!r}", expected)
    found = {}
    for name in others:
        own = places[names == name]
        if len(own):
            found[name] = Landmarks(own[:, :2], own[:, 2:])
            _check(found[name], name, xy[slices == name], xy[slices == reference])
    return found


def _check(landmarks: Landmarks, name: str, xy: np.ndarray, reference_xy: np.ndarray) -> None:
    """Raise where the landmarks of a slice fix nothing, or lie nowhere near its spots."""
    why = landmarks.why_not()
    if why:
        raise input_error("landmarks", f"{why} in slice {name!r}", f"{FEWEST} or more, not on one line")
    for points, spots, what in (
        (landmarks.source, xy, f"slice {name!r}"),
        (landmarks.target, reference_xy, "the reference"),
    ):
        low, high = spots.min(axis=0), spots.max(axis=0)
        outside = np.maximum(low - points, points - high).max() / max(float((high - low).max()), 1e-300)
        if outside > _FAR:
            raise input_error(
                "landmarks",
                f"places {outside:.1f} widths of {what} away from its spots",
                "the unit of the coordinates; are they pixels of an image?",
            )
