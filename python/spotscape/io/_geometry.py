"""Centres of what stands for a cell: circles and polygons as files hold them, and areas of an image."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np

_POINT, _POLYGON, _MULTIPOLYGON = 1, 3, 6
_POINT_SIZE = 21
"""Bytes: order, kind, x and y."""


def centroid_of_rings(rings: Sequence[np.ndarray]) -> np.ndarray:
    """Return the centroid of a polygon: its outline, then its holes, each n x 2.

    Of one without an area (a line) it is the mean of the corners.

    Examples
    --------
    >>> import numpy as np
    >>> from spotscape.io._geometry import centroid_of_rings
    >>> centroid_of_rings([np.array([[0, 0], [4, 0], [4, 2], [0, 2], [0, 0]])]).tolist()
    [2.0, 1.0]
    """
    return _weighted([(*_area_and_moment(ring), i > 0) for i, ring in enumerate(rings)], rings)


def centroids_of_wkb(stored: Sequence[bytes]) -> np.ndarray:
    """Return the centroids of many geometries, n x 2; of points in two dimensions all at once."""
    little = struct.pack("<BI", 1, _POINT)
    if all(len(one) == _POINT_SIZE and one.startswith(little) for one in stored):
        kind = [("head", "V5"), ("place", "<f8", 2)]
        return np.frombuffer(b"".join(stored), kind)["place"].astype(np.float64)
    return np.array([centroid_of_wkb(one) for one in stored]).reshape(-1, 2)


def centroid_of_wkb(stored: bytes) -> np.ndarray:
    """Return the centroid of a point, a polygon or several, in the bytes that GeoParquet holds (WKB)."""
    parts, _ = _read_wkb(stored, 0)
    if len(parts) == 1 and len(parts[0]) == 1 and len(parts[0][0]) == 1:
        return parts[0][0][0, :2]
    weights = [(*_area_and_moment(ring), i > 0) for rings in parts for i, ring in enumerate(rings)]
    return _weighted(weights, [ring for rings in parts for ring in rings])


def _weighted(weights: Sequence[tuple[float, np.ndarray, bool]], rings: Sequence[np.ndarray]) -> np.ndarray:
    """Return the mean of rings by their areas; holes are taken off."""
    area = sum((-1 if hole else 1) * size for size, _, hole in weights)
    if area <= 0:
        return np.concatenate([ring[:, :2] for ring in rings]).mean(axis=0)
    return sum((-1 if hole else 1) * moment for _, moment, hole in weights) / area


def _area_and_moment(ring: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the area within a closed line, and its centroid times that."""
    origin = ring[0, :2]
    here = ring[:, :2] - origin
    after = np.roll(here, -1, axis=0)
    cross = here[:, 0] * after[:, 1] - after[:, 0] * here[:, 1]
    signed = cross.sum() / 2
    moment = ((here + after) * cross[:, None]).sum(axis=0) / 6
    return abs(float(signed)), np.sign(signed) * moment + abs(signed) * origin


def _read_wkb(stored: bytes, start: int) -> tuple[list[list[np.ndarray]], int]:
    """Return the polygons of one geometry, each a list of rings (a point is one), and where it ends."""
    order = "<" if stored[start] == 1 else ">"
    kind = struct.unpack_from(f"{order}I", stored, start + 1)[0]
    n_axes = 3 if kind & 0x80000000 or kind // 1000 in (1, 3) else 2
    kind, place = (kind & 0xFF if kind & 0x80000000 else kind % 1000), start + 5
    if kind == _POINT:
        return [[np.array([struct.unpack_from(f"{order}{n_axes}d", stored, place)])]], place + 8 * n_axes
    number = struct.unpack_from(f"{order}I", stored, place)[0]
    place += 4
    if kind == _MULTIPOLYGON:
        parts = []
        for _ in range(number):
            part, place = _read_wkb(stored, place)
            parts += part
        return parts, place
    if kind != _POLYGON:
        raise ValueError(f"a geometry of kind {kind}, which is neither a point nor a polygon")
    rings = []
    for _ in range(number):
        n_corners = struct.unpack_from(f"{order}I", stored, place)[0]
        place += 4
        values = np.frombuffer(stored, f"{order}f8", n_corners * n_axes, place)
        rings.append(values.reshape(n_corners, n_axes))
        place += values.nbytes
    return [rings], place


class LabelCentroids:
    """Adds up where each label of an image lies, block by block."""

    def __init__(self) -> None:
        self._sums: dict[int, np.ndarray] = {}

    def add(self, block: np.ndarray, row: int, column: int) -> None:
        """Add a block of the image whose first pixel is at ``row``, ``column``."""
        labels, where = np.unique(block, return_inverse=True)
        where = where.reshape(block.shape)
        rows, columns = np.indices(block.shape)
        middles = (columns + column + 0.5, rows + row + 0.5)
        x, y = (np.bincount(where.ravel(), values.ravel(), len(labels)) for values in middles)
        n_pixels = np.bincount(where.ravel(), minlength=len(labels))
        for label, *sums in zip(labels.tolist(), x, y, n_pixels, strict=True):
            self._sums[label] = self._sums.get(label, np.zeros(3)) + sums

    def __contains__(self, label: int) -> bool:
        return label in self._sums

    def __getitem__(self, label: int) -> np.ndarray:
        x, y, n_pixels = self._sums[label]
        return np.array([x, y]) / n_pixels
