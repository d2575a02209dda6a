"""SpatialData's stores: a table of counts in Zarr, beside the shapes, labels and images that it annotates."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd
import zarr
from anndata import AnnData

from spotscape._keys import SOURCE, SPATIAL
from spotscape._paths import as_path, named_path, reading
from spotscape._validate import input_error
from spotscape.io._geometry import LabelCentroids, centroids_of_wkb
from spotscape.io.common import place, record, warn

_TABLES = ("tables", "table")
"""Where tables lie: today, and in the first versions."""
_MARKS = (".zgroup", "zarr.json")
"""What every group of Zarr 2 or 3 holds."""
_ATTRIBUTES = "spatialdata_attrs"
_BLOCK = 2048
"""Pixels along the side of a block of labels that is held at a time."""


def read_spatialdata(
    path: str | os.PathLike[str], *, table: str | None = None, coordinate_system: str = "global"
) -> AnnData:
    """Read a table of a SpatialData store (Zarr 2 or 3), with where its rows lie.

    Coordinates are the table's own ``obsm["spatial"]``, where there are some; else the centroids of the
    shapes or labels that the table annotates (by its region and instance keys), brought into the coordinate
    system. Images, points and other elements stay where they are. `write_viewer` puts results back into the
    table.

    Parameters
    ----------
    path
        The store, or the folder of a table in it (``store.zarr/tables/name``).
    table
        Name of the table, where the store has several.
    coordinate_system
        The one that centroids are brought into.

    Returns
    -------
    AnnData
        The table as it is, and ``obsm["spatial"]``: x and y. Rows whose shape or label is not there are left
        out, with a warning.

    Raises
    ------
    InputError
        If the store has no table, several and none is named, or what the table annotates cannot be read.

    Examples
    --------
    >>> from spotscape import io
    >>> adata = io.read_spatialdata("visium.zarr", table="table")  # doctest: +SKIP
    """
    store, table = find_table(as_path(path), table)
    folder = table_folder(store, table)
    with reading(folder, "a table of a SpatialData store"):
        adata = anndata.read_zarr(folder)
    unit = "the unit of obsm['spatial']"
    if SPATIAL not in adata.obsm:
        adata = _placed(adata, store, folder, coordinate_system)
        unit = f"coordinate system {coordinate_system!r}"
    record(adata, "SpatialData", f"rows of table {table!r}", unit)
    adata.uns[SOURCE]["table"] = table
    return adata


def is_spatialdata(folder: Path) -> bool:
    """Say whether a folder is a SpatialData store, or a table in one."""
    return _tables_of(folder) is not None or (
        folder.parent.name in _TABLES and _tables_of(folder.parent.parent) is not None
    )


def _tables_of(store: Path) -> Path | None:
    """Return the folder of a store's tables; where ``obs`` is, too, it is AnnData's own folder."""
    if (store / "obs").exists() or not any((store / name).is_file() for name in _MARKS):
        return None
    return next((store / name for name in _TABLES if (store / name).is_dir()), None)


def find_table(path: Path, table: str | None) -> tuple[Path, str]:
    """Return the store and the name of the table that a path and a name stand for."""
    path = path.resolve()
    if not path.is_dir():
        raise input_error(named_path(path), "nothing there", "a SpatialData store (a .zarr folder)")
    if _tables_of(path) is None and path.parent.name in _TABLES:
        return path.parent.parent, path.name
    folder = _tables_of(path)
    names = sorted(one.name for one in folder.iterdir() if one.is_dir()) if folder else []
    if not names:
        raise input_error(named_path(path), "no table", "a SpatialData store with a table")
    if table is None and len(names) > 1:
        todo = f"Name it, or give its folder: {folder / names[0]}." if folder else ""
        raise input_error(named_path(path), f"{len(names)} tables ({', '.join(names)})", "one", todo)
    if table is not None and table not in names:
        raise input_error("table", repr(table), "one of " + ", ".join(map(repr, names)))
    return path, table or names[0]


def table_folder(store: Path, table: str) -> Path:
    """Return where a table lies in a store."""
    return next(store / name / table for name in _TABLES if (store / name / table).is_dir())


def _placed(adata: AnnData, store: Path, folder: Path, system: str) -> AnnData:
    """Return the rows whose shapes or labels are there, with their centroids."""
    annotates = adata.uns.get(_ATTRIBUTES)
    if not isinstance(annotates, Mapping) or not {"region_key", "instance_key"} <= set(annotates):
        found = "a table without obsm['spatial'] that says of no shapes or labels that its rows are of them"
        raise input_error(named_path(folder), found, f"coordinates, or uns[{_ATTRIBUTES!r}]")
    region_key, instance_key = (str(annotates[name]) for name in ("region_key", "instance_key"))
    for key in (region_key, instance_key):
        if key not in adata.obs:
            raise input_error(
                named_path(folder), f"no column {key!r} in obs", "the key of regions or instances"
            )
    found = np.full((adata.n_obs, 2), np.nan)
    regions = adata.obs[region_key].astype(str).to_numpy()
    for region in pd.unique(regions):
        rows = np.flatnonzero(regions == region)
        found[rows] = _centroids(store, region, adata.obs[instance_key].iloc[rows].tolist(), system)
    missing = np.isnan(found).any(axis=1)
    if missing.all():
        expected = f"the instances of obs[{instance_key!r}]"
        raise input_error(named_path(store), f"none of them in {', '.join(pd.unique(regions))}", expected)
    if missing.any():
        warn(f"{int(missing.sum())} of {len(missing)} rows have no shape or label: left out.")
        adata, found = adata[~missing].copy(), found[~missing]
    place(adata, found)
    return adata


def _centroids(store: Path, region: str, instances: list[Any], system: str) -> np.ndarray:
    """Return where the instances of a region lie; NaN for those that are not there."""
    shapes, labels = store / "shapes" / region, store / "labels" / region
    missing = np.full(2, np.nan)
    if shapes.is_dir():
        with reading(shapes, "shapes of SpatialData 0.2 or later (shapes.parquet)"):
            table = pd.read_parquet(shapes / "shapes.parquet", columns=["geometry"])["geometry"]
            index = pd.Index(table.index)
            rows = index.get_indexer(instances)
            centers = np.vstack([centroids_of_wkb(table.tolist()), missing])[rows]  # -1 is the last
            attributes = zarr.open_group(shapes, mode="r", use_consolidated=False).attrs.asdict()
            affine = _affine_to(attributes.get("coordinateTransformations", []), system)
    elif labels.is_dir():
        with reading(labels, "labels of SpatialData in two dimensions"):
            group = zarr.open_group(labels, mode="r", use_consolidated=False)
            attributes = group.attrs.asdict()
            scales = attributes.get("ome", attributes)["multiscales"][0]
            where = _label_centroids(group[scales["datasets"][0]["path"]])
            centers = [where[int(one)] if int(one) in where else missing for one in instances]
            affine = _affine_to(scales.get("coordinateTransformations", []), system)
    else:
        found = f"no shapes and no labels named {region!r}, which the table annotates"
        raise input_error(named_path(store), found, "what the table annotates")
    points = np.column_stack([np.asarray(centers, np.float64).reshape(-1, 2), np.ones(len(centers))])
    return points @ affine[:2].T


def _label_centroids(image: Any) -> LabelCentroids:
    """Return the centroid of every label, in pixels; the middle of the first pixel is 0.5."""
    if len(image.shape) != 2:
        raise ValueError(f"an image with {len(image.shape)} dimensions")
    centroids = LabelCentroids()
    for row in range(0, image.shape[0], _BLOCK):
        for column in range(0, image.shape[1], _BLOCK):
            centroids.add(image[row : row + _BLOCK, column : column + _BLOCK], row, column)
    return centroids


def _affine_to(transformations: list[dict[str, Any]], system: str) -> np.ndarray:
    """Return what brings (x, y, 1) into a coordinate system."""
    known = {one.get("output", {}).get("name"): one for one in transformations}
    if system not in known:
        raise ValueError(f"coordinate systems {', '.join(map(str, known))}, and no {system!r}")
    return _affine(known[system])


def _affine(one: dict[str, Any]) -> np.ndarray:
    """Return a transformation as a 3 x 3 matrix on (x, y, 1), by the names of its axes."""
    kind = one["type"]
    if kind == "sequence":
        whole = np.eye(3)
        for part in one["transformations"]:
            whole = _affine(part) @ whole
        return whole
    before = [axis["name"] for axis in one["input"]["axes"]]
    after = [axis["name"] for axis in one["output"]["axes"]]
    x, y = before.index("x"), before.index("y")
    matrix = np.eye(3)
    if kind == "identity":
        pass
    elif kind == "scale":
        matrix[[0, 1], [0, 1]] = one["scale"][x], one["scale"][y]
    elif kind == "translation":
        matrix[:2, 2] = one["translation"][x], one["translation"][y]
    elif kind == "affine":
        full = np.asarray(one["affine"], np.float64)
        matrix[:2] = full[[after.index("x"), after.index("y")]][:, [x, y, len(before)]]
    else:
        raise ValueError(f"a transformation of the kind {kind!r}")
    return matrix
