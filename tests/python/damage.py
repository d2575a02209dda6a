"""What can be wrong with each kind of folder that ``platforms`` writes, and what the error has to say."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import zarr

Damage = Callable[[Path], object]
Change = Callable[[pd.DataFrame], pd.DataFrame]


def at(path: Path, name: str) -> Path:
    """Return the file of a folder that a pattern names; a path that is a file is itself."""
    return path if path.is_file() else next(path.glob(name))


def gone(name: str) -> Damage:
    """A file or folder that is not there."""

    def remove(path: Path) -> None:
        found = at(path, name)
        shutil.rmtree(found) if found.is_dir() else found.unlink()

    return remove


def half(name: str) -> Damage:
    """A file of which half is there."""

    def cut(path: Path) -> None:
        found = at(path, name)
        found.write_bytes(found.read_bytes()[: found.stat().st_size // 2])

    return cut


def holds(name: str, text: str) -> Damage:
    """A file with this text, compressed where its name says so."""
    return lambda path: at(path, name).write_bytes(
        gzip.compress(text.encode()) if name.endswith(".gz") else text.encode()
    )


def bytes_after(name: str) -> Damage:
    """A compressed file with more bytes than belong to it."""
    return lambda path: at(path, name).write_bytes(at(path, name).read_bytes() + b"and more")


def table(name: str, change: Change) -> Damage:
    """A table that was changed; all text."""

    def edit(path: Path) -> None:
        found = at(path, name)
        if found.suffix == ".parquet":
            change(pd.read_parquet(found)).to_parquet(found)
        else:
            change(pd.read_csv(found, dtype=str)).to_csv(found, index=False)

    return edit


def array(name: str, part: str, change: Callable[[np.ndarray], np.ndarray]) -> Damage:
    """An array of an HDF5 file that was changed."""

    def edit(path: Path) -> None:
        with h5py.File(at(path, name), "r+") as file:
            values = file[part][:]
            del file[part]
            file[part] = change(values)

    return edit


def without(*columns: str) -> Change:
    return lambda found: found.drop(columns=list(columns))


def twice(found: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([found, found.iloc[5:6]])


def first(column: str, value: str) -> Change:
    """Another value in the first row of a column."""
    return lambda found: found.assign(**{column: [value, *found[column][1:]]})


def renamed(column: str) -> Change:
    return lambda found: found.assign(**{column: "other" + found[column]})


def beyond(values: np.ndarray) -> np.ndarray:
    values[0] = 10**6
    return values


def beyond_genes(values: np.ndarray) -> np.ndarray:
    values["geneID"][3] = 10**6
    return values


def other_names(values: np.ndarray) -> np.ndarray:
    return np.array([b"other" + one for one in values])


def second_sample(path: Path) -> None:
    shutil.copy(at(path, "*matrix.mtx.gz"), path / "GSM2_matrix.mtx.gz")


def no_transformation(path: Path) -> None:
    zarr.open_group(path / "shapes/cells", mode="r+").attrs["coordinateTransformations"] = []


def no_molecules(path: Path) -> None:
    for part in ("gene", "expression"):
        array("", f"geneExp/bin1/{part}", lambda values: values[:0])(path)


H5, MTX = "cell_feature_matrix.h5", "cell_feature_matrix"
META, EXPR = "*_metadata_file.csv.gz", "*_exprMat_file.csv"
GENES = "geneExp/bin1/gene"
DAMAGE: dict[str, dict[str, tuple[Damage, str]]] = {
    "xenium": {
        "no cells": (gone("cells.parquet"), "no table of cells"),
        "no places": (table("cells.parquet", without("x_centroid")), r"cells\.parquet.*x_centroid"),
        "no names": (table("cells.parquet", without("cell_id")), r"cells\.parquet.*cell_id"),
        "cut matrix": (half(H5), r"matrix\.h5"),
        "cut cells": (half("cells.parquet"), r"cells\.parquet"),
        "other cells": (array(H5, "matrix/barcodes", other_names), r"no name that cell_feature_matrix\.h5"),
        "indices that lead out": (array(H5, "matrix/indices", beyond), r"matrix\.h5.*indices"),
        "rows that begin nowhere": (array(H5, "matrix/indptr", beyond), r"matrix\.h5.*fit"),
        "another shape": (array(H5, "matrix/shape", beyond), r"matrix\.h5.*a matrix of"),
    },
    "xenium_1": {
        "cut gzip": (half("cells.csv.gz"), r"cells\.csv\.gz"),
        "cut matrix": (half(f"{MTX}/matrix.mtx.gz"), r"matrix\.mtx\.gz"),
        "fewer barcodes": (holds(f"{MTX}/barcodes.tsv.gz", "a\nb\n"), r"matrix\.mtx\.gz.*2 barcodes"),
        "no features": (gone(f"{MTX}/features.tsv.gz"), r"features\.tsv"),
        "a cell twice": (table("cells.csv.gz", twice), r"cells\.csv\.gz.*twice"),
        "a word": (table("cells.csv.gz", first("y_centroid", "left")), r"cells\.csv\.gz.*y_centroid"),
        "no number": (table("cells.csv.gz", first("y_centroid", "")), "1 rows without a number"),
        "bytes after": (bytes_after("cells.csv.gz"), r"cells\.csv\.gz"),
    },
    "visium_archive": {
        "no positions": (gone("*positions*"), "no reader knows"),
        "two samples": (second_sample, "2 files of one kind.*folder of its own"),
        "cut positions": (half("*positions*"), r"positions_list\.csv\.gz"),
    },
    "visium_hd_cells": {
        "no polygons": (gone("*/cell_segmentations.geojson"), r"cell_segmentations\.geojson"),
        "cut polygons": (half("*/cell_segmentations.geojson"), r"cell_segmentations\.geojson"),
    },
    "cosmx": {
        "no metadata": (gone(META), r"metadata_file\.csv"),
        "local places": (
            table(META, without("CenterX_global_px", "CenterY_global_px")),
            r"metadata_file\.csv\.gz.*CenterX_global_px",
        ),
        "no field": (table(EXPR, without("fov")), r"exprMat_file\.csv.*'fov'"),
        "a cell twice": (table(EXPR, twice), r"exprMat_file\.csv.*twice"),
        "cut gzip": (half(META), r"metadata_file\.csv\.gz"),
    },
    "merscope": {
        "no metadata": (gone("cell_metadata.csv"), r"cell_metadata\.csv"),
        "no centres": (table("cell_metadata.csv", without("center_y")), r"cell_metadata\.csv.*center_y"),
        "a gene twice": (holds("cell_by_gene.csv", "cell,A,A\n1,2,3\n"), r"cell_by_gene\.csv.*twice"),
        "a word": (holds("cell_by_gene.csv", "cell,A,B\n1,2,many\n"), r"cell_by_gene\.csv.*many"),
        "a short line": (holds("cell_by_gene.csv", "cell,A,B\n1,2,3\n2,2\n"), "1 places without a number"),
        "a long line": (holds("cell_by_gene.csv", "cell,A,B\n1,2,3\n2,2,3,4,5\n"), r"cell_by_gene\.csv"),
        "empty": (holds("cell_by_gene.csv", ""), r"cell_by_gene\.csv.*empty"),
    },
    "slide_seq": {
        "other beads": (table("Bead*", renamed("barcodes")), r"BeadLocationsForR\.csv.*no name"),
        "no places": (table("Bead*", without("xcoord")), r"BeadLocationsForR\.csv.*columns"),
        "a bead twice": (table("Bead*", twice), r"BeadLocationsForR\.csv.*twice"),
    },
    "slide_seq_2": {"cut gzip": (half("*expression.txt.gz"), r"digital_expression\.txt\.gz")},
    "curio": {
        "no beads": (gone("*Location.csv"), r"MatchedBeadLocation\.csv"),
        "fewer genes": (holds("S1_genes.tsv", "A\nB\n"), r"MatchedBead\.mtx.*2 genes"),
        "cut matrix": (half("*.mtx"), r"MatchedBead\.mtx"),
    },
    "tables": {
        "no names": (table("coords.csv", without("Unnamed: 0")), r"places without names.*counts\.csv"),
        "no places": (gone("coords.csv"), "no reader knows.*read_tables"),
        "a third table": (
            lambda path: shutil.copy(path / "counts.csv", path / "more.csv"),
            "no reader knows.*read_tables",
        ),
        "a cell twice": (table("coords.csv", twice), r"coords\.csv.*twice"),
        "other cells": (table("coords.csv", renamed("Unnamed: 0")), r"coords\.csv.*no name"),
    },
    "tables_by_cell": {"cut gzip": (half("expression.tsv.gz"), r"expression\.tsv\.gz")},
    "stereo_seq_cells": {
        "cut": (half(""), r"slice\.gef"),
        "genes that are not there": (array("", "cellBin/cellExp", beyond_genes), r"slice\.gef.*gene number"),
        "cells that begin elsewhere": (
            array("", "cellBin/cell", lambda found: found[1:]),
            r"slice\.gef.*fit",
        ),
    },
    "stereo_seq": {
        "cut": (half(""), r"slice\.gef"),
        "no columns": (array("", GENES, lambda v: v[["geneID", "geneName"]].copy()), r"slice\.gef.*columns"),
        "fewer genes": (array("", GENES, lambda v: v[:-1]), r"slice\.gef.*fit"),
        "no molecules": (no_molecules, r"slice\.gef.*no molecules"),
    },
    "spatialdata_2": {
        "no shapes": (gone("shapes"), "no shapes and no labels named 'cells'"),
        "cut shapes": (half("shapes/cells/shapes.parquet"), "shapes/cells"),
        "no obs": (gone("tables/table/obs"), "tables/table"),
        "no table": (gone("tables/table"), "no table"),
    },
    "spatialdata_3": {"no coordinate system": (no_transformation, "shapes/cells.*'global'")},
    "spatialdata_labels": {"no image": (gone("labels/cells/0"), "labels/cells")},
}
"""By kind of folder, and by what is wrong: how to damage it, and the words (a pattern) of the error."""
