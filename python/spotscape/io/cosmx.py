"""CosMx: cells of many fields of view, by NanoString and Bruker."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
from anndata import AnnData

from spotscape.io._match import with_rows_of, without_controls
from spotscape.io._text import numbers, read_counts, read_header, read_table
from spotscape.io.common import find_one, folder_at, need_one, place, record

_COUNTS, _CELLS = "exprMat_file.csv", "metadata_file.csv"
_KEY = ("fov", "cell_ID")
_PLACES = ("CenterX_global_px", "CenterY_global_px")
_CONTROL = re.compile(r"(NegPrb|Negative|SystemControl|FalseCode|Custom_Neg)", re.I)
"""How control features begin; the gene NEGR1 does not."""
_NO_COUNTS = ("cell", "cell_id")
"""Columns beside the key that some versions have; none is a gene."""


def read_cosmx(path: str | os.PathLike[str]) -> AnnData:
    """Read CosMx's flat files: counts of cells, and where the cells lie on the slide.

    Reads ``*_exprMat_file.csv`` and ``*_metadata_file.csv``, compressed or not. A field of view and a number
    within it name a cell. Left out are counts of no cell (number 0), transcripts, polygons and images.
    Negative probes, system controls and false codes are added up in ``obs["control_counts"]``.

    Parameters
    ----------
    path
        The folder.

    Returns
    -------
    AnnData
        ``X``: counts of genes, CSR, cells in the order of the counts, named ``fov_cell``; ``obs``: the
        columns of the metadata; ``obsm["spatial"]``: the cells' centres on the whole slide, x and y, in
        pixels (0.12 micrometres, or 0.18 on the first instruments); never those within a field of view.

    Raises
    ------
    InputError
        If a file is missing or damaged, cells of the two files do not have the same names, or there are only
        places within fields of view.

    Examples
    --------
    >>> from spotscape import io
    >>> adata = io.read_cosmx("Lung5_Rep1-Flat_files_and_images")  # doctest: +SKIP
    """
    folder = folder_at(path)
    counts_file = need_one(folder, "table of counts", _COUNTS)
    cells = need_one(folder, "table of cells", _CELLS)
    skip = [name for name in read_header(counts_file).names if name in _NO_COUNTS]
    counts = read_counts(counts_file, ids=_KEY, skip=skip)
    in_cell = np.array([not name.endswith("_0") for name in counts.rows])
    rows = [name for name, inside in zip(counts.rows, in_cell, strict=True) if inside]
    is_control = [_CONTROL.match(name) is not None for name in counts.columns]
    adata = without_controls(rows, counts.columns, counts.matrix[in_cell], is_control)
    table = read_table(cells, "CosMx' metadata of cells")
    numbers(cells, table, (*_KEY, *_PLACES))
    key = table[list(_KEY)].astype(np.int64).astype(str)
    table = table.set_index(key["fov"] + "_" + key["cell_ID"])
    table["fov"] = table["fov"].astype(np.int64)
    adata = with_rows_of(adata, counts_file, table, cells, "cells")
    place(adata, adata.obs[list(_PLACES)])
    n_outside = int((~in_cell).sum())
    return record(
        adata, "CosMx", "cells", "pixels", control_features=sum(is_control), rows_of_no_cell=n_outside
    )


def is_cosmx(folder: Path) -> bool:
    """Say whether a folder looks like CosMx's flat files, by the names in it."""
    return find_one(folder, _COUNTS) is not None
