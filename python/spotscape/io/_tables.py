"""A table of counts and a table of places, of any method: known by what stands in them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from spotscape._paths import as_path, named_path
from spotscape._validate import InputError, input_error
from spotscape.io._match import with_rows_of, without_controls
from spotscape.io._text import (
    PLACES,
    Counts,
    Header,
    find_places,
    numbers,
    read_counts,
    read_header,
    read_table,
)
from spotscape.io.common import check_unique, folder_at, place, record

_ENDINGS = (".csv", ".tsv", ".txt")
_OTHERS = (".h5ad", ".rds", ".zarr")
_LEAST_COLUMNS = 4
"""Fewer, and a table without places is taken for one that says something of cells, and not for counts."""
_WAY_ON = "Name both: spotscape.io.read_tables(counts, coordinates)."


def read_tables(counts: str | os.PathLike[str], coordinates: str | os.PathLike[str]) -> AnnData:
    r"""Read a table of counts and a table of places, put together by the names in them.

    Both may be separated by commas, tabs, semicolons or spaces, and compressed. Counts may be genes x cells
    or cells x genes. The names of the cells say which.

    Parameters
    ----------
    counts
        A line of names, then a name and its counts in every line.
    coordinates
        A line of names, then a cell's name and place in every line; columns ``x`` and ``y``, or of another
        pair of names that platforms use. A column ``z`` is taken, too.

    Returns
    -------
    AnnData
        ``X``: counts, CSR, cells in the order of ``counts``; ``obs``: the other columns of ``coordinates``;
        ``obsm["spatial"]``: x, y and z if there, in the unit of the file. Cells that one of the files does
        not have are left out, with a warning that says how many.

    Raises
    ------
    InputError
        If a file is missing or damaged, there is no column of places or names, a name occurs twice, or no
        cell is in both.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from spotscape import io
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = pathlib.Path(folder, "counts.csv").write_text(",a,b\nMbp,3,1\nPcp4,0,2\nSnap25,5,6\n")
    ...     _ = pathlib.Path(folder, "places.tsv").write_text("cell\tx\ty\nb\t1\t2\na\t3\t4\n")
    ...     adata = io.read_tables(f"{folder}/counts.csv", f"{folder}/places.tsv")
    >>> adata.shape, adata.obs_names.tolist(), adata.obsm["spatial"].tolist()
    ((2, 3), ['a', 'b'], [[3.0, 4.0], [1.0, 2.0]])
    """
    files = [as_path(counts), as_path(coordinates)]
    for file in files:
        if not file.is_file():
            raise input_error(named_path(file), "no such file", "a table as text, or a compressed one")
    return record(join_tables(*files, "cells"), "Tables", "cells", "the unit of the file")


def join_tables(counts: Path, places: Path, things: str) -> AnnData:
    """Put counts and places together; which way round the counts are is seen by the names."""
    table = read_table(places, "a table of places")
    columns = find_places(list(table.columns))
    if columns is None:
        known = ", ".join([name for name in table.columns if name][:8])
        expected = "columns of places such as " + ", ".join(f"{x} and {y}" for x, y in PLACES[:4])
        raise input_error(named_path(places), f"a table with the columns {known}", expected)
    numbers(places, table, columns)
    names = next((name for name in table.columns if name not in columns), None)
    if names is None:
        todo = f"Add a column with the names that {counts.name} has."
        raise input_error(named_path(places), "places without names", "a name for every place", todo)
    table = table.set_index(table[names].astype(str)).drop(columns=names)
    check_unique(places, table.index, "name")
    read = read_counts(counts)
    rows, columns_, matrix = _cells_by_genes(read, table.index)
    adata = without_controls(rows, columns_, matrix, np.zeros(len(columns_)))
    adata = with_rows_of(adata, counts, table, places, things)
    place(adata, adata.obs[list(columns)])
    adata.obs = adata.obs.drop(columns=list(columns))
    return adata


def _cells_by_genes(read: Counts, cells: pd.Index) -> tuple[list[str], list[str], Any]:
    """Return names and counts with cells as rows: the side that more of the places' names stand on."""
    if cells.isin(read.columns).sum() > cells.isin(read.rows).sum():
        return read.columns, read.rows, read.matrix.T.tocsr()
    return read.rows, read.columns, read.matrix


def find_tables(folder: Path) -> tuple[Path, Path] | None:
    """Return the table of counts and that of places in a folder; None unless there is exactly one of each."""
    if any(file.suffix.lower() in _OTHERS for file in folder.iterdir()):
        return None
    counts, places = [], []
    for file in sorted(folder.iterdir()):
        header = _header(file)
        if header is not None and find_places(header.names) is not None:
            places.append(file)
        elif header is not None and len(header.names) >= _LEAST_COLUMNS and not _is_number(header.names[-1]):
            counts.append(file)
    return (counts[0], places[0]) if len(counts) == len(places) == 1 else None


def _header(file: Path) -> Header | None:
    """Return the names in a file that may be a table; None where it is none."""
    if not file.is_file() or file.name.removesuffix(".gz")[-4:] not in _ENDINGS:
        return None
    try:
        return read_header(file)
    except InputError:
        return None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def has_tables(folder: Path) -> bool:
    """Say whether a folder holds one table of counts and one of places."""
    return find_tables(folder) is not None


def read_table_folder(path: str | os.PathLike[str]) -> AnnData:
    """Read the two tables of a folder."""
    folder = folder_at(path)
    found = find_tables(folder)
    if found is None:
        raise input_error(
            named_path(folder), table_problem(folder), "a table of counts and one of places", _WAY_ON
        )
    return read_tables(*found)


def table_problem(folder: Path) -> str:
    """Say which tables a folder holds, for a message."""
    headers = {file.name: _header(file) for file in sorted(folder.iterdir())}
    names = [name for name, header in headers.items() if header is not None]
    if not names:
        return "no tables"
    nameless = [name for name in names if all(map(_is_number, headers[name].names))]
    if nameless:
        return f"{nameless[0]} has no line of names, such as cell_ID, x and y"
    return "tables that are not one of counts and one of places with names: " + ", ".join(names[:6])
