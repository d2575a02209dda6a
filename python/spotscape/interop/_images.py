"""Images and scale factors: as Seurat or a SpatialExperiment has them <-> as scanpy does, in ``uns``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from spotscape import _keys
from spotscape._adata import images_of
from spotscape.interop._columns import as_texts, items

_SCALE_FACTORS = {
    "spot": "spot_diameter_fullres",
    "fiducial": "fiducial_diameter_fullres",
    "hires": "tissue_hires_scalef",
    "lowres": "tissue_lowres_scalef",
}


def from_image(one: Mapping[str, Any]) -> dict[str, Any]:
    """Return an image and its scale factors as scanpy and squidpy expect them."""
    factors = {name: float(np.ravel(value)[0]) for name, value in items(one, "scale_factors")}
    if "images" in one:
        images = {name: np.asarray(value) for name, value in items(one, "images")}
        return {
            "images": images,
            "scalefactors": {f"tissue_{name}_scalef": factor for name, factor in factors.items()},
        }
    images = {"lowres": np.asarray(one["image"])} if one.get("image") is not None else {}
    return {
        "images": images,
        "scalefactors": {_SCALE_FACTORS.get(name, name): factor for name, factor in factors.items()},
    }


_SLICE_COLUMNS = (_keys.SLICE, "library_id", "library", "sample", "section", "batch")
"""What columns of ``obs`` with the slices are called."""


def slice_piece(adata: AnnData, kind: str) -> dict[str, Any] | None:
    """Return which slice each cell is of, for R: the column, its levels and codes (0 where missing).

    None where nothing says that there are several. Where there are images, the column that names them is
    meant, so that each image gets its own cells.
    """
    images = [str(name) for name in adata.uns.get(_keys.SPATIAL, {})]
    record = adata.uns.get(_keys.parameters(), {})
    run = record.get("integration", {}).get("slice_key") if isinstance(record, Mapping) else None
    own = (_keys.R_IMAGE, _keys.R_SAMPLE) if kind == "seurat" else (_keys.R_SAMPLE, _keys.R_IMAGE)
    usual = [name for name in dict.fromkeys((*own, run, *_SLICE_COLUMNS)) if name in adata.obs]
    others = [name for name in adata.obs if name not in usual] if len(images) > 1 else []
    for name in [*usual, *others]:
        column = adata.obs[name]
        if not isinstance(column.dtype, pd.CategoricalDtype | pd.StringDtype) and column.dtype != object:
            continue
        values = pd.Categorical(column.astype(object).where(column.notna()))
        levels = [str(level) for level in values.categories]
        if isinstance(column.dtype, pd.CategoricalDtype):
            levels = [str(level) for level in column.cat.categories if str(level) in levels]
        if len(levels) < 2 or (len(images) > 1 and not set(images) <= set(levels)):
            continue
        codes = pd.Categorical([str(v) for v in column], categories=levels).codes.astype(np.int32) + 1
        return {"column": str(name), "levels": levels, "codes": codes}
    return None


def image_pieces(adata: AnnData, kind: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the images by name, in the shape that this kind of object has them."""
    shown = images_of(adata, _keys.SPATIAL)
    same = record and str(record["kind"]) == kind
    names = list(dict.fromkeys([*(as_texts(record["images"]) if same else []), *map(str, shown)]))
    if not same and len(names) > 1 and slice_piece(adata, kind) is None:
        return {}  # whose cells they show cannot be told; the caller says so
    make = _seurat_image if kind == "seurat" else _experiment_image
    return {name: make(shown.get(name, {})) for name in names} if kind != "sce" else {}


def _seurat_image(one: Mapping[str, Any]) -> dict[str, Any]:
    images, factors = one.get("images", {}), one.get("scalefactors", {})
    image = next((images[name] for name in ("lowres", *images) if name in images), None)
    made: dict[str, Any] = {} if image is None else {"image": _pixels(image)}
    known = {name: float(factors[key]) for name, key in _SCALE_FACTORS.items() if key in factors}
    return made | {"scale_factors": known}


def _experiment_image(one: Mapping[str, Any]) -> dict[str, Any]:
    images, factors = one.get("images", {}), one.get("scalefactors", {})
    scale = {name: float(factors.get(f"tissue_{name}_scalef", np.nan)) for name in images}
    return {"images": {name: _pixels(image) for name, image in images.items()}, "scale_factors": scale}


def _pixels(image: Any) -> np.ndarray:
    """Height x width x 3 or 4, between 0 and 1."""
    values = np.asarray(image)
    return values / 255.0 if values.dtype.kind in "iu" else values.astype(np.float64)
