"""MERSCOPE: cells of an image, by Vizgen."""

from __future__ import annotations

import os
import re
from pathlib import Path

from anndata import AnnData

from spotscape._paths import named_path
from spotscape._validate import input_error
from spotscape.io._match import with_rows_of, without_controls
from spotscape.io._text import numbers, read_counts, read_table
from spotscape.io.common import MICROMETRES, find_one, folder_at, need_one, place, record

_COUNTS, _CELLS = "cell_by_gene.csv", "cell_metadata.csv"
_PLACES = ("center_x", "center_y")
_BLANK = re.compile(r"blank", re.I)


def read_merscope(path: str | os.PathLike[str]) -> AnnData:
    r"""Read the output folder of MERSCOPE: counts of cells, and where the cells lie.

    Reads ``cell_by_gene.csv`` and ``cell_metadata.csv``, with or without a sample's name before them. Blanks
    are added up in ``obs["control_counts"]``. Boundaries, transcripts and images are left out.

    Parameters
    ----------
    path
        The folder.

    Returns
    -------
    AnnData
        ``X``: counts of genes, CSR, cells in the order of ``cell_by_gene.csv``; ``obs``: the columns of
        ``cell_metadata.csv``; ``obsm["spatial"]``: the cells' centres, x and y, in micrometres.

    Raises
    ------
    InputError
        If a file is missing or damaged, or cells of the two files do not have the same names.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from spotscape import io
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = pathlib.Path(folder, "cell_by_gene.csv").write_text("cell,Mbp,Blank-1\n7,3,1\n9,0,0\n")
    ...     _ = pathlib.Path(folder, "cell_metadata.csv").write_text(",center_x,center_y\n9,5,6\n7,1,2\n")
    ...     adata = io.read_merscope(folder)
    >>> adata.obs_names.tolist(), adata.obsm["spatial"].tolist(), adata.obs["control_counts"].tolist()
    (['7', '9'], [[1.0, 2.0], [5.0, 6.0]], [1, 0])
    """
    folder = folder_at(path)
    counts_file = need_one(folder, "table of counts", _COUNTS)
    cells = need_one(folder, "table of cells", _CELLS)
    counts = read_counts(counts_file)
    is_blank = [_BLANK.match(name) is not None for name in counts.columns]
    adata = without_controls(counts.rows, counts.columns, counts.matrix, is_blank)
    table = read_table(cells, "MERSCOPE's table of cells")
    numbers(cells, table, _PLACES)
    names = "EntityID" if "EntityID" in table.columns else table.columns[0]
    if names in _PLACES:
        raise input_error(named_path(cells), "no column with the names of cells", "one before all others")
    table = table.set_index(table[names].astype(str)).drop(columns=names)
    adata = with_rows_of(adata, counts_file, table, cells, "cells")
    place(adata, adata.obs[list(_PLACES)])
    return record(adata, "MERSCOPE", "cells", MICROMETRES, blanks=sum(is_blank))


def is_merscope(folder: Path) -> bool:
    """Say whether a folder looks like MERSCOPE's output, by the names in it."""
    return find_one(folder, _COUNTS) is not None
