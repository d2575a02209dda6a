"""Writes small, right folders of every kind that `spotscape.io.read` takes, by their documented layouts.

    python -m tests.python.platforms OUT [KIND ...]

All hold one simulated tissue, so that whatever is read can be compared with it. Nothing is of a real file.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import anndata
import h5py
import numpy as np
import pandas as pd
import zarr
from anndata import AnnData
from scipy import sparse
from scipy.io import mmwrite

from .platforms_10x import (
    archive,
    controls,
    space_ranger,
    tissue,
    visium_hd,
    visium_hd_cells,
    write_text,
    xenium,
)


def cosmx(adata: AnnData, folder: Path) -> None:
    """CosMx flat files, two fields of view, with cell 0, controls and places within fields."""
    half = adata.n_obs // 2
    fov = np.where(np.arange(adata.n_obs) < half, 1, 2)
    number = np.concatenate([np.arange(half), np.arange(adata.n_obs - half)]) + 1
    counts = pd.DataFrame(adata.X.toarray().astype(int), columns=adata.var_names)
    counts[["NegPrb1", "SystemControl2"]] = controls(adata)
    counts.insert(0, "fov", fov)
    counts.insert(1, "cell_ID", number)
    outside = counts.iloc[[0, half]].assign(cell_ID=0)
    pd.concat([outside, counts]).to_csv(folder / "Run1_exprMat_file.csv", index=False)
    x, y = adata.obsm["spatial"].T
    places = {
        "CenterX_local_px": x % 7,
        "CenterY_local_px": y % 7,
        "CenterX_global_px": x,
        "CenterY_global_px": y,
    }
    table = pd.DataFrame({"fov": fov, "cell_ID": number, "Area": 900, **places})
    table.sample(frac=1, random_state=0).to_csv(folder / "Run1_metadata_file.csv.gz", index=False)


def merscope(adata: AnnData, folder: Path) -> None:
    """MERSCOPE, with names longer than a number holds, and blanks."""
    names = [f"1108834247646119244002216399163142{i:05d}" for i in range(adata.n_obs)]
    counts = pd.DataFrame(adata.X.toarray().astype(int), columns=adata.var_names, index=names)
    counts[["Blank-1", "Blank-2"]] = controls(adata)
    counts.to_csv(folder / "cell_by_gene.csv", index_label="cell")
    x, y = adata.obsm["spatial"].T
    table = pd.DataFrame({"fov": 1, "volume": 700.5, "center_x": x, "center_y": y}, index=names)
    table.sample(frac=1, random_state=0).to_csv(folder / "cell_metadata.csv", index_label="EntityID")


def slide_seq(adata: AnnData, folder: Path, *, version: int = 1) -> None:
    """Slide-seq: files for R, or those of the makers' pipeline."""
    counts = pd.DataFrame(adata.X.T.toarray().astype(int), index=adata.var_names, columns=adata.obs_names)
    x, y = adata.obsm["spatial"].T
    table = pd.DataFrame({"barcodes": adata.obs_names, "xcoord": x, "ycoord": y}).sample(
        frac=1, random_state=0
    )
    if version == 1:
        counts.to_csv(folder / "MappedDGEForR.csv")
        table.to_csv(folder / "BeadLocationsForR.csv", index=False)
    else:
        counts.to_csv(folder / "Puck_1.digital_expression.txt.gz", sep="\t", index_label="GENE")
        table.rename(columns={"barcodes": "barcode"}).to_csv(
            folder / "Puck_1_bead_locations.csv", index=False
        )


def curio(adata: AnnData, folder: Path) -> None:
    """Curio Seeker."""
    mmwrite(folder / "S1_MoleculesPerMatchedBead.mtx", sparse.coo_matrix(adata.X.T).astype(int))
    write_text(folder / "S1_barcodes.tsv", "".join(f"{one}\n" for one in adata.obs_names))
    write_text(folder / "S1_genes.tsv", "".join(f"{one}\n" for one in adata.var_names))
    table = pd.DataFrame(adata.obsm["spatial"], index=adata.obs_names, columns=["x", "y"])
    table.sample(frac=1, random_state=0).to_csv(folder / "S1_MatchedBeadLocation.csv", index_label="barcode")


def tables(adata: AnnData, folder: Path, *, cells_as_rows: bool = False) -> None:
    """A table of counts and one of places: CSV, or TSV, compressed and the other way round."""
    counts = pd.DataFrame(adata.X.toarray().astype(int), index=adata.obs_names, columns=adata.var_names)
    places = pd.DataFrame(adata.obsm["spatial"], index=adata.obs_names, columns=["x", "y"]).sample(
        frac=1, random_state=0
    )
    if cells_as_rows:
        counts.to_csv(folder / "expression.tsv.gz", sep="\t")
        places.to_csv(folder / "meta.tsv.gz", sep="\t", index_label="cell")
    else:
        counts.T.to_csv(folder / "counts.csv")
        places.to_csv(folder / "coords.csv")


def stereo_seq(adata: AnnData, path: Path, *, bin_size: int = 50) -> None:
    """A .gef file whose bins of 50 are the cells: each of their molecules at one nanoball of the bin."""
    matrix = adata.X.T.tocsr()
    grid = bins_of(adata)
    corner = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr)) % bin_size  # anywhere in the bin
    molecules = np.zeros(matrix.nnz, [("x", "<i4"), ("y", "<i4"), ("count", "<u2")])
    molecules["x"] = grid[matrix.indices, 0] * bin_size + corner
    molecules["y"] = grid[matrix.indices, 1] * bin_size + corner
    molecules["count"] = matrix.data
    genes = np.zeros(
        adata.n_vars, [("geneID", "S64"), ("geneName", "S64"), ("offset", "<u4"), ("count", "<u4")]
    )
    genes["geneID"] = [f"ENSG{i}" for i in range(adata.n_vars)]
    genes["geneName"] = list(adata.var_names)
    genes["offset"], genes["count"] = matrix.indptr[:-1], np.diff(matrix.indptr)
    with h5py.File(path, "w") as file:
        file.attrs["version"] = np.array([2])
        file["geneExp/bin1/expression"] = molecules
        file["geneExp/bin1/gene"] = genes
        file["geneExp/bin1/expression"].attrs["resolution"] = np.array([500])


def stereo_seq_cells(adata: AnnData, path: Path) -> None:
    """A .cellbin.gef file: cells, where each begins among the counts (reversed in each), and genes."""
    matrix = adata.X.tocsr()
    fields = ["id", "x", "y", "offset", "geneCount", "expCount", "dnbCount", "area"]
    cells = np.zeros(adata.n_obs, [(name, "<i4") for name in fields])
    cells["id"] = np.arange(adata.n_obs) + 7
    cells["x"], cells["y"] = np.round(10 * adata.obsm["spatial"]).T
    cells["offset"], cells["geneCount"] = matrix.indptr[:-1], np.diff(matrix.indptr)
    cells["area"] = 400
    counts = np.zeros(matrix.nnz, [("geneID", "<u4"), ("count", "<u2")])
    for first, last in pairwise(matrix.indptr):
        counts["geneID"][first:last] = matrix.indices[first:last][::-1]
        counts["count"][first:last] = matrix.data[first:last][::-1]
    genes = np.zeros(adata.n_vars, [("geneName", "S64"), ("offset", "<u4"), ("cellCount", "<u4")])
    genes["geneName"] = list(adata.var_names)
    with h5py.File(path, "w") as file:
        for name, table in {"cell": cells, "cellExp": counts, "gene": genes}.items():
            file[f"cellBin/{name}"] = table


def bins_of(adata: AnnData) -> np.ndarray:
    """Return a bin of its own for each cell, in whole numbers, near where it lies."""
    side = int(np.ceil(np.sqrt(adata.n_obs)))
    order = np.lexsort(adata.obsm["spatial"].T)
    bins = np.empty((adata.n_obs, 2), int)
    bins[order] = np.column_stack([np.arange(adata.n_obs) % side, np.arange(adata.n_obs) // side])
    return bins


def spatialdata(adata: AnnData, store: Path, *, version: int = 2, by: str = "shapes") -> None:
    """A SpatialData store: a table, and circles, labels or coordinates of its own; an image beside it."""
    root = zarr.open_group(store, mode="w", zarr_format=version)
    root.attrs["spatialdata_attrs"] = {"version": "0.1"}
    image = root.create_group("images").create_group("picture").create_array("0", shape=(3, 8, 8), dtype="u1")
    image[:] = np.arange(192).reshape(3, 8, 8)
    table = adata[:, :].copy()
    del table.obsm["spatial"]
    table.obs["region"] = pd.Categorical(["cells"] * adata.n_obs)
    table.obs["instance_id"] = np.arange(adata.n_obs) + 1
    table.uns["spatialdata_attrs"] = {
        "region": "cells",
        "region_key": "region",
        "instance_key": "instance_id",
    }
    if by == "obsm":
        table.obsm["spatial"] = adata.obsm["spatial"]
    elif by == "shapes":
        _write_circles(root.create_group("shapes").create_group("cells"), store / "shapes" / "cells", adata)
    else:
        _write_labels(root.create_group("labels").create_group("cells"), adata)
    root.create_group("tables")
    anndata.io.write_elem(root, "tables/table", table)


def _transformation(scale: list[float], axes: str) -> dict[str, Any]:
    spaces = {
        side: {"name": name, "axes": [{"name": axis, "type": "space"} for axis in axes]}
        for side, name in (("input", axes), ("output", "global"))
    }
    return {"type": "scale", "scale": scale, **spaces}


def _write_circles(group: zarr.Group, folder: Path, adata: AnnData) -> None:
    """Circles at half the coordinates, which the store says to double; in another order."""
    group.attrs["encoding-type"] = "ngff:shapes"
    group.attrs["coordinateTransformations"] = [_transformation([2.0, 2.0], "xy")]
    points = [struct.pack("<BI2d", 1, 1, *(place / 2)) for place in adata.obsm["spatial"]]
    table = pd.DataFrame({"geometry": points, "radius": 3.0}, index=np.arange(adata.n_obs) + 1)
    table.sample(frac=1, random_state=0).to_parquet(folder / "shapes.parquet")


def _write_labels(group: zarr.Group, adata: AnnData) -> None:
    """An image of labels, 4 x 4 pixels each, a cell a label, laid out as `bins_of` says."""
    bins = bins_of(adata)
    image = np.zeros((4 * (bins[:, 1].max() + 1), 4 * (bins[:, 0].max() + 1)), "int32")
    for label, (column, row) in enumerate(bins, start=1):
        image[4 * row : 4 * row + 4, 4 * column : 4 * column + 4] = label
    array = group.create_array("0", shape=image.shape, dtype="int32", chunks=(32, 32))
    array[:] = image
    scales = {"datasets": [{"path": "0"}], "coordinateTransformations": [_transformation([10.0, 5.0], "yx")]}
    multiscales = {"multiscales": [scales]}
    if group.metadata.zarr_format == 3:
        group.attrs["ome"] = multiscales
    else:
        group.attrs.update(multiscales)


@dataclass(frozen=True)
class Kind:
    """How a folder is written, what it is called, and what of the tissue it changes."""

    write: Callable[[AnnData, Path], None]
    said: str
    name: str = "slice"
    names: Callable[[AnnData], list[str]] | None = None
    places: Callable[[AnnData], np.ndarray] | None = None

    def make(self, adata: AnnData, folder: Path) -> Path:
        """Write it below a folder, and return where it is."""
        path = folder / self.name
        if "." not in self.name:
            path.mkdir()
        self.write(adata, path)
        return path


def _named(pattern: str) -> Callable[[AnnData], list[str]]:
    return lambda adata: [pattern.format(i) for i in range(adata.n_obs)]


def _cosmx_names(adata: AnnData) -> list[str]:
    half = adata.n_obs // 2
    return [f"1_{i + 1}" for i in range(half)] + [f"2_{i + 1}" for i in range(adata.n_obs - half)]


def _cell_ids(adata: AnnData) -> list[str]:
    return [f"cellid_{i + 1:09d}-1" for i in range(adata.n_obs)]


KINDS = {
    "xenium": Kind(xenium, "Xenium"),
    "xenium_1": Kind(lambda a, p: xenium(a, p, parquet=False, mtx=True), "Xenium"),
    "visium": Kind(space_ranger, "Visium"),
    "visium_1": Kind(lambda a, p: space_ranger(a, p, version=1), "Visium"),
    "visium_plain": Kind(lambda a, p: space_ranger(a, p, packed=False), "Visium"),
    "visium_raw": Kind(lambda a, p: space_ranger(a, p, version=1, raw=True), "Visium"),
    "visium_archive": Kind(archive, "Visium"),
    "visium_hd": Kind(visium_hd, "Visium HD"),
    "visium_hd_cells": Kind(visium_hd_cells, "Visium HD", names=_cell_ids),
    "cosmx": Kind(cosmx, "CosMx", names=_cosmx_names),
    "merscope": Kind(merscope, "MERSCOPE", names=_named("1108834247646119244002216399163142{:05d}")),
    "slide_seq": Kind(slide_seq, "Slide-seq"),
    "slide_seq_2": Kind(lambda a, p: slide_seq(a, p, version=2), "Slide-seq"),
    "curio": Kind(curio, "Curio Seeker"),
    "tables": Kind(tables, "Tables"),
    "tables_by_cell": Kind(lambda a, p: tables(a, p, cells_as_rows=True), "Tables"),
    "stereo_seq": Kind(
        stereo_seq,
        "Stereo-seq",
        name="slice.gef",
        names=lambda a: [f"{x}_{y}" for x, y in bins_of(a)],
        places=lambda a: (bins_of(a) + 0.5) * 50,
    ),
    "stereo_seq_cells": Kind(
        stereo_seq_cells,
        "Stereo-seq",
        name="slice.gef",
        names=lambda a: [str(i + 7) for i in range(a.n_obs)],
        places=lambda a: np.round(10 * a.obsm["spatial"]),
    ),
    "spatialdata_2": Kind(spatialdata, "SpatialData", name="slice.zarr"),
    "spatialdata_3": Kind(lambda a, p: spatialdata(a, p, version=3), "SpatialData", name="slice.zarr"),
    "spatialdata_obsm": Kind(lambda a, p: spatialdata(a, p, by="obsm"), "SpatialData", name="slice.zarr"),
    "spatialdata_labels": Kind(
        lambda a, p: spatialdata(a, p, version=3, by="labels"),
        "SpatialData",
        name="slice.zarr",
        places=lambda a: (bins_of(a) * 4 + 2) * [5.0, 10.0],
    ),
}


if __name__ == "__main__":
    out = Path(sys.argv[1])
    out.mkdir(exist_ok=True)
    for kind in sys.argv[2:] or KINDS:
        (out / kind).mkdir()
        print(KINDS[kind].make(tissue(), out / kind))
