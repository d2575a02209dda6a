"""What the page of an interactive map holds: small numbers, packed, in the order of the slices."""

from __future__ import annotations

from base64 import b64encode
from typing import Any, NamedTuple

import numpy as np

from spotscape.pl._interactive_image import embedded
from spotscape.pl._panels import Groups, Numbers, Panel, Shares
from spotscape.pl._spatial import TissueImage

_STEPS = 65535
"""Steps that a coordinate, or a number of a spot, is rounded to: two bytes each."""
_NO_GROUP = 255
_BETWEEN = 0.1
"""Room between slices, as a part of the widest."""


class Slice(NamedTuple):
    """A slice of the page: name, spots of the object, their places, a spot's size and shape, the image."""

    name: str | None
    spots: np.ndarray
    xy: np.ndarray
    size: float
    square: bool
    image: TissueImage | None


def packed_panel(panel: Panel, order: np.ndarray, everyone: np.ndarray) -> list[dict[str, Any]]:
    """Return a panel for the page: a byte a spot for groups, two for numbers."""
    if isinstance(panel, Shares):
        columns = zip(panel.names, panel.values.T, strict=True)
        each = [Numbers(f"{panel.name}: {name}", values, 0.0, 1.0, "share") for name, values in columns]
        return [one for part in each for one in packed_panel(part, order, everyone)]
    if isinstance(panel, Groups):
        codes = np.asarray(panel.labels.codes).astype(np.int64)
        counts = np.bincount(codes[everyone] + 1, minlength=len(panel.colors) + 1).tolist()
        return [
            {
                "kind": "groups",
                "name": panel.name,
                "names": list(panel.labels.categories),
                "colors": panel.colors,
                "counts": counts[1:],
                "n_missing": counts[0],
                "values": _packed(np.where(codes < 0, _NO_GROUP, codes)[order], "u1"),
            }
        ]
    numbers = (panel.values[order] - panel.low) / (panel.high - panel.low) * (_STEPS - 1)
    rounded = np.where(np.isnan(numbers), _STEPS, np.rint(np.clip(numbers, 0, _STEPS - 1)))
    return [{"kind": "numbers"} | panel._asdict() | {"values": _packed(rounded, "<u2")}]


def arranged(parts: list[Slice], micrometres: float) -> dict[str, Any]:
    """Return the slices side by side in one plane: in micrometres, else each as large as the others."""
    known = np.isfinite(micrometres)
    extents = np.array([np.ptp(part.xy, axis=0) for part in parts])
    largest = np.maximum(extents.max(axis=1), [part.size for part in parts])
    factors = np.full(len(parts), micrometres) if known else 1 / largest
    sizes = np.array([part.size for part in parts]) * factors
    room = (extents * factors[:, None]).max(axis=0) + 2 * sizes.max()
    room = np.maximum(room, 1e-9 * room.max())
    n_columns = len(parts) if len(parts) <= 3 else round(float(np.sqrt(1.5 * len(parts) * room[1] / room[0])))
    n_columns = min(max(n_columns, 1), len(parts))
    step = room + _BETWEEN * room.max() * (len(parts) > 1)
    slices, places, first = [], [], 0
    for i, part in enumerate(parts):
        corner = np.array([i % n_columns, i // n_columns]) * step + (step - extents[i] * factors[i]) / 2
        low = part.xy.min(axis=0)
        unit = np.where(extents[i] > 0, extents[i], 1.0) / _STEPS
        places.append(np.rint((part.xy - low) / unit))
        slices.append(
            {
                "name": part.name,
                "first": first,
                "end": (first := first + len(part.xy)),
                "x": corner[0],
                "y": corner[1],
                "step_x": extents[i, 0] * factors[i] / _STEPS,
                "step_y": extents[i, 1] * factors[i] / _STEPS,
                "size": sizes[i],
                "square": part.square,
                "image": _placed(part, corner, low, factors[i]),
            }
        )
    across, down = np.concatenate(places).T
    return {
        "x": _packed(across, "<u2"),
        "y": _packed(down, "<u2"),
        "slices": slices,
        "width": n_columns * step[0],
        "height": -(-len(parts) // n_columns) * step[1],
        "room": step[0],
        "micrometres": bool(known),
    }


def _placed(part: Slice, corner: np.ndarray, low: np.ndarray, factor: float) -> dict[str, Any] | None:
    """Return the image under a slice and where it goes in the plane; None where there is none."""
    found = None if part.image is None else embedded(part.image, part.xy, 2 * part.size)
    if found is None:
        return None
    place = corner + (np.array([found.x, found.y]) - low) * factor
    return {
        "src": found.src,
        "x": place[0],
        "y": place[1],
        "width": found.width * factor,
        "height": found.height * factor,
    }


def _packed(values: np.ndarray, dtype: str) -> str:
    """Return whole numbers as the text of their bytes."""
    return b64encode(np.ascontiguousarray(values).astype(dtype).tobytes()).decode("ascii")
