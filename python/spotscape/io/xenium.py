"""Xenium: cells of an image, by 10x Genomics."""

from __future__ import annotations

import os
from pathlib import Path

from anndata import AnnData

from spotscape._paths import named_path
from spotscape._validate import input_error
from spotscape.io._common import MICROMETRES, find_one, folder_at, name_genes_once, place, record
from spotscape.io._match import with_rows_of
from spotscape.io._tenx import has_mtx, read_matrix
from spotscape.io._text import numbers, read_table

_MATRIX = "cell_feature_matrix"
_CELLS = ("cells.parquet", "cells.csv")
_PLACES = ("x_centroid", "y_centroid")


def read_xenium(path: str | os.PathLike[str]) -> AnnData:
    """Read the output folder of Xenium: counts of cells, and where the cells lie.

    Reads ``cell_feature_matrix.h5`` (or the folder ``cell_feature_matrix``) and ``cells.parquet`` (or
    ``cells.csv.gz``). Control probes and codewords are added up in ``obs["control_counts"]``. Transcripts,
    boundaries and images are left out.

    Parameters
    ----------
    path
        The folder.

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
    read = read_matrix(matrix, "a matrix of Xenium", count_others=True)
    name_genes_once(read.adata)
    table = read_table(cells, "Xenium's table of cells")
    numbers(cells, table, _PLACES)
    if "cell_id" not in table.columns:
        raise input_error(named_path(cells), "a table without the column cell_id", "Xenium's table of cells")
    table = table.set_index(table["cell_id"].astype(str)).drop(columns="cell_id")
    adata = with_rows_of(read.adata, matrix, table, cells, "cells")
    place(adata, adata.obs[list(_PLACES)])
    return record(adata, "Xenium", "cells", MICROMETRES, control_features=read.n_other)


def is_xenium(folder: Path) -> bool:
    """Say whether a folder looks like Xenium's output, by the names in it."""
    return _find_matrix(folder) is not None or (folder / "experiment.xenium").is_file()


def _find_matrix(folder: Path) -> Path | None:
    found = find_one(folder, f"{_MATRIX}.h5")
    inside = folder / _MATRIX
    return found or (inside if inside.is_dir() and has_mtx(inside) else None)
