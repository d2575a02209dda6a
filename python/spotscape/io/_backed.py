"""Counts of a platform's folder that stay on disk: an ``.h5ad`` made of it in blocks, and what that takes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from anndata import AnnData
from anndata.io import write_elem

from spotscape._paths import atomic_path, named_path
from spotscape._validate import input_error
from spotscape.io._anndata_files import read_h5ad
from spotscape.io._tenx import Matrix, open_matrix
from spotscape.io._tenx_h5 import StoredCounts

_BYTES = 8
"""Of a count: its value and its column."""
_PARTS = ("obs", "var", "obsm", "varm", "obsp", "varp", "layers", "uns")


@dataclass(frozen=True)
class Size:
    """What a file of counts says of itself before a count is read."""

    n_rows: int
    n_genes: int
    n_stored: int
    """Counts that are not 0, at most: those of features that are no genes are among them."""

    @property
    def disk(self) -> int:
        """Bytes that the counts take in an ``.h5ad``, at most."""
        return _BYTES * (self.n_stored + self.n_rows)


def size_of(path: Path | None, expected: str) -> Size | None:
    """Return the size of counts in a file; None where they are in a folder (``matrix.mtx``), or nowhere."""
    if path is None or path.is_dir():
        return None
    matrix = open_matrix(path, expected)
    return _size(matrix, matrix.counts) if isinstance(matrix.counts, StoredCounts) else None


def _size(matrix: Matrix, counts: StoredCounts) -> Size:
    return Size(len(matrix.barcodes), int(matrix.is_gene.sum()), counts.n_stored())


def make(
    matrix: Matrix,
    rows: np.ndarray,
    obs: pd.DataFrame,
    finish: Callable[[AnnData], AnnData],
    *,
    backed: Path | None = None,
    count_others: bool = False,
) -> AnnData:
    """Return the rows under a mask, in memory or with their counts in an ``.h5ad`` that is written for that.

    Parameters
    ----------
    matrix
        Opened.
    rows
        Mask over its barcodes.
    obs
        Of these rows.
    finish
        Adds all that is known beside counts; gets the object without ``X`` where that is on disk.
    backed
        Name of the ``.h5ad``, written whole or not at all; None for memory.
    count_others
        Write the counts of all features that are no genes into ``obs``.
    """
    if backed is None:
        counts, others = matrix.load(rows)
        return finish(matrix.adata(obs, counts, others if count_others else None))
    if not isinstance(matrix.counts, StoredCounts):
        found = "counts in a folder with matrix.mtx"
        raise input_error("backed", found, "counts in an .h5 file", "Read it without backed.")
    size = _size(matrix, matrix.counts)
    with atomic_path(backed) as temporary:
        free = shutil.disk_usage(temporary.parent).free
        if size.disk > free:
            found = f"{free / 1e6:.0f} MB of space"
            raise input_error(named_path(backed), found, f"{size.disk / 1e6:.0f} MB or more")
        with h5py.File(temporary, "w") as file:
            file.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
            others = matrix.counts.write(file, rows)
            adata = finish(matrix.adata(obs, None, others if count_others else None))
            for part in _PARTS:
                stored = getattr(adata, part)
                write_elem(file, part, stored if part in ("obs", "var") else dict(stored))
    return read_h5ad(backed, True)
