"""Space Ranger's output: Visium, the bins and the cells of Visium HD, and the flat folders of archives."""

from __future__ import annotations

import gzip
import io
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from matplotlib.image import imread

from spotscape._keys import SPATIAL
from spotscape._paths import as_path, named_path, reading
from spotscape._validate import input_error
from spotscape.io._backed import Size, make, size_of
from spotscape.io._geometry import centroid_of_rings
from spotscape.io._match import rows_of
from spotscape.io._tenx import has_mtx, open_matrix
from spotscape.io._text import read_table
from spotscape.io.common import (
    check_unique,
    find_one,
    folder_at,
    is_gzip,
    name_genes_once,
    place,
    record,
    warn,
)

_FILTERED, _RAW, _MATRIX_OF_CELLS = (
    "filtered_feature_bc_matrix",
    "raw_feature_bc_matrix",
    "filtered_feature_cell_matrix",
)
_BINS = ("square_008um", "square_016um", "square_002um")
"""Visium HD's bins, the one to read first where the user did not choose."""
_SEGMENTED = "segmented_outputs"
_POLYGONS = ("cell_segmentations.geojson",)
_POSITIONS = ("tissue_positions.parquet", "tissue_positions.csv", "tissue_positions_list.csv")
"""Names of the positions file: Visium HD, Space Ranger 2 and later, Space Ranger 1."""
_POSITION_COLUMNS = (
    "barcode",
    "in_tissue",
    "array_row",
    "array_col",
    "pxl_row_in_fullres",
    "pxl_col_in_fullres",
)
_PIXELS = "pixels of the full-resolution image"


@dataclass(frozen=True)
class Run:
    """What was found: the folder, its matrix, and whether that is of cells or not filtered."""

    folder: Path
    matrix: Path
    cells: bool = False
    raw: bool = False

    @property
    def spatial(self) -> Path:
        """Folder with positions and images: ``spatial``, or in archives the folder itself."""
        inside = self.folder / "spatial"
        return self.folder if not inside.is_dir() and find_one(self.folder, *_POSITIONS) else inside


def read_space_ranger(
    path: str | os.PathLike[str], *, backed: str | os.PathLike[str] | None = None
) -> AnnData:
    """Read the output folder of Space Ranger 1 to 4: Visium, and bins or cells of Visium HD.

    Reads the filtered matrix (the ``.h5`` file, else the folder of that name; the raw one where there is
    no other), the positions of the spots by any of their three names, scale factors and images. The folder
    may be ``outs``, the one above it, that of a bin's size (``binned_outputs/square_008um``) or of the cells
    (``segmented_outputs``); of a whole Visium HD run the 8 µm bins are read, with a warning that says so.
    Flat folders of archives are also read, with a sample's name before each file name and ``.gz`` behind it.
    Left out: spots off tissue, and features that are no genes.

    Parameters
    ----------
    path
        The folder.
    backed
        Name of an ``.h5ad`` that counts are written to and left in, block by block, so that they are never
        in memory as a whole; None to read them into memory.

    Returns
    -------
    AnnData
        ``X``: counts, CSR, spots in the order of the matrix; ``var["gene_ids"]``, with ``var_names`` the
        genes' symbols, made unique where two genes share one (a warning says how many); ``obs``:
        ``in_tissue``, ``array_row``, ``array_col``; ``obsm["spatial"]``: x (column) and y (row), in pixels of
        the full-resolution image, of cells their polygons' centroids; ``uns["spatial"][library_id]``:
        ``images`` (``lowres`` and ``hires``, where there), ``scalefactors`` and ``metadata``, as scanpy and
        squidpy expect them.

    Raises
    ------
    InputError
        If a file is missing or damaged, no spot is in tissue, or the folder holds several samples.

    Examples
    --------
    >>> from spotscape import io
    >>> adata = io.read_space_ranger("V1_Human_Brain/outs")  # doctest: +SKIP
    """
    folder = folder_at(path)
    run = find_run(folder)
    if run is None:
        found = f"a folder without {_FILTERED}.h5 and {_FILTERED}/"
        todo = "Space Ranger calls this folder 'outs'."
        raise input_error(named_path(folder), found, "the output folder of Space Ranger", todo)
    if run.folder not in (folder, folder / "outs"):
        text = (
            f"{str(folder)!r} is a Visium HD run, of which {run.folder.name} was read. For other bins, give "
        )
        warn(f"{text}their own folder in {str(run.folder.parent)!r}.")
    return _read_run(run, None if backed is None else as_path(backed))


def size_of_space_ranger(path: Path) -> Size | None:
    """Return how much `read_space_ranger` would read, at most; None for a folder with ``matrix.mtx``."""
    run = find_run(path)
    return size_of(None if run is None else run.matrix, "a matrix of Space Ranger")


def is_space_ranger(folder: Path) -> bool:
    """Say whether a folder looks like Space Ranger's output, by the names in it."""
    return find_run(folder) is not None


def find_run(path: Path) -> Run | None:
    """Return what to read at or below a folder: its own, that of ``outs``, a bin's, that of cells."""
    for folder in (path, path / "outs"):
        below = [inner / name for inner in (folder / "binned_outputs", folder) for name in _BINS]
        for candidate in (folder, *below, folder / _SEGMENTED):
            run = _run_in(candidate) if candidate.is_dir() else None
            if run is not None:
                return run
    return None


def _run_in(folder: Path) -> Run | None:
    """Return the matrix in a folder: filtered, of cells, by itself beside positions, or raw."""
    for name, kind in ((_FILTERED, {}), (_MATRIX_OF_CELLS, {"cells": True}), (_RAW, {"raw": True})):
        matrix = find_one(folder, f"{name}.h5")
        inside = folder / name
        if matrix is None and inside.is_dir():
            matrix = inside
        if matrix is not None:
            return Run(folder, matrix, **kind)
    if has_mtx(folder) and find_one(folder, *_POSITIONS):
        return Run(folder, folder)
    return None


def _read_run(run: Run, backed: Path | None) -> AnnData:
    """Read matrix, positions, images and scale factors of one slice."""
    read = open_matrix(run.matrix, "a filtered matrix of Space Ranger")
    rows, obs, places = (_cells if run.cells else _spots)(read.barcodes, run)
    folder = run.folder
    is_hd = run.cells or folder.name in _BINS
    things = "cells" if run.cells else "bins" if is_hd else "spots"

    def finish(adata: AnnData) -> AnnData:
        place(adata, places)
        name_genes_once(adata)
        library = folder.parent.name if folder.name == "outs" else folder.name
        library = read.attributes.pop("library_id", library)
        images = _read_images(run.spatial)
        if images is not None:
            adata.uns[SPATIAL] = {library: {**images, "metadata": read.attributes}}
        name = f"Visium HD ({folder.name})" if is_hd else "Visium"
        off = {f"{things}_off_tissue": len(rows) - adata.n_obs}
        return record(adata, name, things, _PIXELS, features_that_are_no_genes=read.n_other, **off)

    return make(read, rows, obs, finish, backed=backed)


def _spots(barcodes: pd.Index, run: Run) -> tuple[np.ndarray, pd.DataFrame, Any]:
    """Return which spots have a place on tissue, what is known of these, and their places."""
    positions = _read_positions(run.spatial, barcodes)
    at = rows_of(barcodes, positions.index)
    placed = at >= 0
    if not placed.any():
        found = f"no barcode of {run.matrix.name} (such as {barcodes[0]!r})" if len(barcodes) else "no spots"
        raise input_error(named_path(run.spatial), found, "a position for every spot of the matrix")
    if not placed.all():
        warn(f"{int((~placed).sum())} of {len(barcodes)} spots of the matrix have no position: left out.")
    on_tissue = placed & (positions["in_tissue"].to_numpy()[at] == 1)
    if not on_tissue.any():
        raise input_error(named_path(run.spatial), "no spot in tissue", "spots with in_tissue = 1")
    positions = positions.take(at[on_tissue])
    positions.index = barcodes[on_tissue]
    places = positions[["pxl_col_in_fullres", "pxl_row_in_fullres"]].to_numpy(np.float64)
    return on_tissue, positions[["in_tissue", "array_row", "array_col"]], places


def _cells(barcodes: pd.Index, run: Run) -> tuple[np.ndarray, pd.DataFrame, Any]:
    """Return the centroids of the cells' polygons, whose numbers the cells' names end in; all are taken."""
    path = find_one(run.folder, *_POLYGONS)
    if path is None:
        raise input_error(named_path(run.folder), "no polygons of cells", _POLYGONS[0])
    with reading(path, "a GeoJSON file with a polygon for each cell"):
        features = json.loads(path.read_text(encoding="utf-8"))["features"]
        number_of = {int(one["properties"]["cell_id"]): i for i, one in enumerate(features)}
        numbers = [int(name.split("_")[1].split("-")[0]) for name in barcodes]
        missing = sum(number not in number_of for number in numbers)
        if missing:
            raise ValueError(f"no polygon for {missing} of {len(numbers)} cells")
        rings = [features[number_of[number]]["geometry"]["coordinates"] for number in numbers]
        places = [centroid_of_rings([np.asarray(ring, np.float64) for ring in one]) for one in rings]
    return np.ones(len(barcodes), bool), pd.DataFrame(index=barcodes), places


def _read_positions(folder: Path, barcodes: pd.Index) -> pd.DataFrame:
    """Read the positions file, with or without a header, indexed by barcode."""
    path = find_one(folder, *_POSITIONS) if folder.is_dir() else None
    if path is None:
        raise input_error(named_path(folder), "no positions file", "one of " + ", ".join(_POSITIONS))
    with reading(path, f"a table with the columns {', '.join(_POSITION_COLUMNS)}"):
        if path.suffix == ".parquet":
            table = read_table(path, "positions", key="barcode", known=barcodes)
        else:
            text = _content(path).decode()
            has_header = "barcode" in text.partition("\n")[0]
            table = pd.read_csv(io.StringIO(text), header=0 if has_header else None)
            if not has_header:
                table.columns = list(_POSITION_COLUMNS)
        table = table.set_index("barcode")[list(_POSITION_COLUMNS[1:])]
        table = table.astype({"in_tissue": int, "array_row": int, "array_col": int})
        table.iloc[:, 3:].astype(np.float64)
    check_unique(path, table.index, "barcode")
    return table


def _content(path: Path) -> bytes:
    """Return the bytes of a file, unpacked where they are compressed."""
    return gzip.decompress(path.read_bytes()) if is_gzip(path) else path.read_bytes()


def _read_images(folder: Path) -> dict[str, dict[str, Any]] | None:
    """Read the scale factors and what images there are; None where nothing could place the images."""
    path = find_one(folder, "scalefactors_json.json") if folder.is_dir() else None
    if path is None:
        warn(f"No scalefactors_json.json in {str(folder)!r}: the tissue images were not read.")
        return None
    with reading(path, "a JSON file with scale factors"):
        factors = {name: float(value) for name, value in json.loads(_content(path)).items()}
    images = {}
    for name in ("hires", "lowres"):
        image = find_one(folder, f"tissue_{name}_image.png")
        if image is not None:
            with reading(image, "a PNG image"):
                images[name] = imread(io.BytesIO(_content(image)), format="png")
    return {"images": images, "scalefactors": factors}
