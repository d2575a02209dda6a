"""The tissue image in the page of an interactive map: cropped, made small, as JPEG."""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO
from typing import NamedTuple

import numpy as np
from matplotlib.image import imsave

from spotscape.pl._spatial import TissueImage

LONGEST = 1500
"""Pixels along the longer side of an image in the page."""


class Embedded(NamedTuple):
    """An image as the address that holds it, and where it lies, in the unit of the coordinates."""

    src: str
    x: float
    y: float
    width: float
    height: float


def embedded(image: TissueImage, xy: np.ndarray, margin: float) -> Embedded | None:
    """Return the part of an image that the spots lie on; None where they lie beside it."""
    first = np.maximum(np.floor((xy.min(axis=0) - margin) * image.scale), 0).astype(int)
    end = np.maximum(np.ceil((xy.max(axis=0) + margin) * image.scale), 0).astype(int)
    pixels = image.pixels[first[1] : end[1], first[0] : end[0]]
    if pixels.size == 0:
        return None
    height, width = pixels.shape[:2]
    written = BytesIO()
    imsave(written, _as_rgb(_small(pixels), image.pixels), format="jpeg", pil_kwargs={"quality": 85})
    src = "data:image/jpeg;base64," + b64encode(written.getvalue()).decode("ascii")
    x, y = first / image.scale
    return Embedded(src, float(x), float(y), width / image.scale, height / image.scale)


def _as_rgb(pixels: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Return bytes in three colours, of grey or coloured images of whole numbers or of 0 to 1."""
    values = pixels
    if whole.dtype.kind == "f" and np.nanmax(whole, initial=0.0) <= 1:
        values = values * 255
    elif whole.dtype.kind in "iu" and whole.dtype.itemsize > 1 and whole.max(initial=0) > 255:
        values = values * (255 / float(whole.max()))
    values = values[:, :, :3] if values.shape[2] >= 3 else np.repeat(values[:, :, :1], 3, axis=2)
    return np.rint(np.clip(np.nan_to_num(values), 0, 255)).astype(np.uint8)


def _small(pixels: np.ndarray) -> np.ndarray:
    """Return the means of blocks of pixels, as large as it takes to come down to `LONGEST`."""
    pixels = pixels.astype(np.float32)
    pixels = pixels[:, :, None] if pixels.ndim == 2 else pixels
    block = -(-max(pixels.shape[:2]) // LONGEST)
    height, width = (max(1, side // block) for side in pixels.shape[:2])
    rows, columns = (
        np.arange(side) * old // side for side, old in ((height, pixels.shape[0]), (width, pixels.shape[1]))
    )
    sums = np.add.reduceat(np.add.reduceat(pixels, rows, axis=0), columns, axis=1)
    sizes = np.outer(np.diff([*rows, len(pixels)]), np.diff([*columns, pixels.shape[1]]))
    return sums / sizes[:, :, None]
