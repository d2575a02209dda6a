"""Xenium: cells of an image, by 10x Genomics."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
from anndata import AnnData

from spotscape._paths import as_path, named_path
from spotscape._validate import input_error
from spotscape.io._backed import Size, make, size_of
from spotscape.io._match import match_rows
from spotscape.io._tenx import has_mtx, open_matrix
from spotscape.io._text import numbers, read_table
from spotscape.io.common import MICROMETRES, find_one, folder_at, name_genes_once, place, record

_MATRIX = "cell_feature_matrix"
_CELLS = ("cells.parquet", "cells.csv")
_PLACES = ("x_centroid", "y_centroid")


def read_xenium(path: str | os.PathLike[str], *, backed: str | os.PathLike[str] | None = None) -> AnnData:
    """Read the output folder of Xenium: counts of cells, and where the cells lie.

    Reads ``cell_feature_matrix.h5`` (or the folder ``cell_feature_matrix``) and ``cells.parquet`` (or
    ``cells.csv.gz``). Control probes and codewords are added up in ``obs["control_counts"]``. Transcripts,
    boundaries and images are left out.

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
        ``X``: counts of genes, CSR, cells in the order of the matrix; ``obs``: the columns of the table of
        cells; ``var["gene_ids"]``; ``obsm["spatial"]``: the cells' centroids, x and y, in micrometres.

    Raises
    ------
    InputError
        If a file is missing or damaged, or cells of the two files do not have the same names.

    Examples
    --------
    >>> from spotscape import io
    >>> adata = io.read_xenium("output-XETG00000__0001")  # doctest: +SKIP
    """
    folder = folder_at(path)
    matrix = _find_matrix(folder)
    if matrix is None:
        found = f"a folder without {_MATRIX}.h5 and {_MATRIX}/"
        raise input_error(named_path(folder), found, "the output folder of Xenium")
    cells = find_one(folder, *_CELLS)
    if cells is None:
        raise input_error(named_path(folder), "no table of cells", "cells.parquet or cells.csv.gz")
    # Names and places first: what they take on the way is free again when the counts come.
    read = open_matrix(matrix, "a matrix of Xenium")
    rows, obs = match_rows(read.barcodes, matrix, _read_cells(cells, read.barcodes), cells, "cells")

    def finish(adata: AnnData) -> AnnData:
        name_genes_once(adata)
        place(adata, adata.obs[list(_PLACES)])
        return record(adata, "Xenium", "cells", MICROMETRES, control_features=read.n_other)

    target = None if backed is None else as_path(backed)
    return make(read, rows, obs, finish, backed=target, count_others=True)


def _read_cells(path: Path, names: pd.Index) -> pd.DataFrame:
    """Read the table of cells, by their names."""
    table = read_table(path, "Xenium's table of cells", key="cell_id", known=names)
    numbers(path, table, _PLACES)
    if "cell_id" not in table.columns:
        raise input_error(named_path(path), "a table without the column cell_id", "Xenium's table of cells")
    return table.set_index(table["cell_id"].astype(str)).drop(columns="cell_id")


def size_of_xenium(path: Path) -> Size | None:
    """Return how much `read_xenium` would read; None where counts are in a folder with ``matrix.mtx``."""
    return size_of(_find_matrix(path), "a matrix of Xenium")


def is_xenium(folder: Path) -> bool:
    """Say whether a folder looks like Xenium's output, by the names in it."""
    return _find_matrix(folder) is not None or (folder / "experiment.xenium").is_file()


def _find_matrix(folder: Path) -> Path | None:
    found = find_one(folder, f"{_MATRIX}.h5")
    inside = folder / _MATRIX
    return found or (inside if inside.is_dir() and has_mtx(inside) else None)
