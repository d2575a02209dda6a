"""Beads: Slide-seq, and Curio Seeker, which is made from it."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData

from spotscape._paths import named_path, reading
from spotscape._validate import input_error
from spotscape.io._match import with_rows_of, without_controls
from spotscape.io._mtx import read_mtx
from spotscape.io._tables import join_tables
from spotscape.io._tenx import read_lines
from spotscape.io._text import find_places, numbers, read_table
from spotscape.io.common import find_one, folder_at, need_one, place, record

_COUNTS = ("MappedDGEForR.csv", "digital_expression.txt", "digital_expression.csv")
_BEADS = ("BeadLocationsForR.csv", "bead_locations.csv", "BeadLocations.csv")
_CURIO_COUNTS = "MoleculesPerMatchedBead.mtx"
_CURIO_BEADS = ("MatchedBeadLocation.csv",)
_CURIO_NAMES = {"barcodes": ("barcodes.tsv",), "genes": ("genes.tsv", "features.tsv")}


def read_slide_seq(path: str | os.PathLike[str]) -> AnnData:
    r"""Read the files of Slide-seq: counts of beads, and where the beads lie.

    Reads ``MappedDGEForR.csv`` (or ``*.digital_expression.txt.gz``), genes x beads, and
    ``BeadLocationsForR.csv`` (or ``*_bead_locations.csv``). Nothing is left out but beads that one of the
    two files does not have, which is said.

    Parameters
    ----------
    path
        The folder.

    Returns
    -------
    AnnData
        ``X``: counts, CSR, beads in the order of the counts; ``obsm["spatial"]``: x and y in the unit of the
        file of locations, which is pixels (0.65 micrometres) where the makers' pipeline wrote it.

    Raises
    ------
    InputError
        If a file is missing or damaged, or beads of the two files do not have the same names.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from spotscape import io
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = pathlib.Path(folder, "MappedDGEForR.csv").write_text(",AC,GT,TT\nMbp,3,1,0\nPcp4,0,2,4\n")
    ...     beads = "barcodes,xcoord,ycoord\nTT,1,2\nAC,3,4\nGT,5,6\n"
    ...     _ = pathlib.Path(folder, "BeadLocationsForR.csv").write_text(beads)
    ...     adata = io.read_slide_seq(folder)
    >>> adata.obs_names.tolist(), adata.X.toarray().tolist(), adata.obsm["spatial"][0].tolist()
    (['AC', 'GT', 'TT'], [[3.0, 0.0], [1.0, 2.0], [0.0, 4.0]], [3.0, 4.0])
    """
    folder = folder_at(path)
    counts = need_one(folder, "table of counts", *_COUNTS)
    beads = need_one(folder, "table of beads", *_BEADS)
    return record(join_tables(counts, beads, "beads"), "Slide-seq", "beads", "the unit of the file (pixels)")


def is_slide_seq(folder: Path) -> bool:
    """Say whether a folder looks like that of Slide-seq, by the names in it."""
    return find_one(folder, *_COUNTS) is not None and find_one(folder, *_BEADS) is not None


def read_curio(path: str | os.PathLike[str]) -> AnnData:
    """Read the output folder of Curio Seeker: counts of beads, and where the beads lie.

    Reads ``*_MoleculesPerMatchedBead.mtx`` with ``*_barcodes.tsv`` and ``*_genes.tsv``, and
    ``*_MatchedBeadLocation.csv``. Clusters and variable genes of Curio's own analysis are left out. Its
    ``.h5ad`` and ``.rds`` files are read by `spotscape.io.read` as any others.

    Parameters
    ----------
    path
        The folder.

    Returns
    -------
    AnnData
        ``X``: counts, CSR, beads in the order of the counts; ``obsm["spatial"]``: x and y in the unit of the
        file of locations.

    Raises
    ------
    InputError
        If a file is missing or damaged, or beads of the files do not have the same names.

    Examples
    --------
    >>> from spotscape import io
    >>> adata = io.read_curio("Mouse_spleen_1")  # doctest: +SKIP
    """
    folder = folder_at(path)
    file = need_one(folder, "matrix", _CURIO_COUNTS)
    beads = need_one(folder, "table of beads", *_CURIO_BEADS)
    names = {
        what: read_lines(need_one(folder, what, *endings))[0].tolist()
        for what, endings in _CURIO_NAMES.items()
    }
    with reading(file, "a matrix in Matrix Market's format"):
        matrix = read_mtx(file)
    n_genes, n_beads = len(names["genes"]), len(names["barcodes"])
    if matrix.shape != (n_beads, n_genes):
        expected = f"{n_genes} genes x {n_beads} beads, as the files beside it say"
        raise input_error(named_path(file), f"{matrix.shape[1]} x {matrix.shape[0]} values", expected)
    adata = without_controls(names["barcodes"], names["genes"], matrix, np.zeros(n_genes))
    table = read_table(beads, "Curio's table of beads")
    columns = find_places(list(table.columns)) or tuple(table.columns[1:3])
    coordinates = pd.DataFrame(
        numbers(beads, table, columns), index=table.iloc[:, 0].astype(str), columns=columns
    )
    adata = with_rows_of(adata, file, coordinates, beads, "beads")

    place(adata, adata.obs[list(columns)])
    return record(adata, "Curio Seeker", "beads", "the unit of the file")


def is_curio(folder: Path) -> bool:
    """Say whether a folder looks like Curio's output, by the names in it."""
    return find_one(folder, _CURIO_COUNTS) is not None
