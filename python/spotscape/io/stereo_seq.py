"""Stereo-seq: molecules on a chip of nanoballs, counted in square bins, by BGI and STOmics."""

from __future__ import annotations

import os

import h5py
import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from spotscape._paths import as_path, named_path, reading
from spotscape._validate import check_integer, input_error
from spotscape.io._common import NANOBALLS, check_unique, name_genes_once, place, record

_SMALLEST = "geneExp/bin1"
_CELLS = "cellBin"
_DEFAULT_BIN = 50
_NAMES = ("geneName", "gene", "geneID")


def read_stereo_seq(path: str | os.PathLike[str], *, bin_size: int = _DEFAULT_BIN) -> AnnData:
    """Read square bins of a Stereo-seq ``.gef`` file.

    The molecules at the smallest bins of the file are added up in squares of ``bin_size``, from the chip's
    origin on. So one file gives every size. Left out: bins without a molecule, exon counts and
    cells (``.cellbin.gef``). The ``.h5ad`` files of Stereo-seq are read by `spotscape.io.read` as any others.

    Parameters
    ----------
    path
        The file.
    bin_size
        Nanoballs along the side of a bin; 50 is 25 micrometres.

    Returns
    -------
    AnnData
        ``X``: counts, CSR, bins by row of the chip, named ``x_y``; ``obsm["spatial"]``: the bins' centres, x
        and y, in nanoballs (0.5 micrometres).

    Raises
    ------
    InputError
        If it is no such file, it holds cells and no bins, or it is damaged.

    Examples
    --------
    >>> from spotscape import io
    >>> adata = io.read_stereo_seq("SS200000135TL_D1.tissue.gef", bin_size=100)  # doctest: +SKIP
    """
    path = as_path(path)
    bin_size = check_integer("bin_size", bin_size, 1)
    if not path.is_file():
        raise input_error(named_path(path), "no such file", "a .gef file")
    with reading(path, "a Stereo-seq file (.gef)"), h5py.File(path, "r") as file:
        if _SMALLEST not in file:
            found = "cells and no bins" if _CELLS in file else f"no {_SMALLEST}"
            todo = "Give the file of bins (.tissue.gef)." if _CELLS in file else ""
            raise input_error(named_path(path), found, "square bins", todo)
        group = file[_SMALLEST]
        genes, gene_of = _genes(group["gene"], group["expression"].shape[0])
        molecules = group["expression"]
        x, y = (molecules[axis][:].astype(np.int64) // bin_size for axis in ("x", "y"))
        if molecules.shape[0] == 0:
            raise ValueError("no molecules")
        counts = molecules["count"][:].astype(np.float32)
    check_unique(path, genes.index, "gene's ID")
    adata = _bins(x, y, gene_of, counts, genes)
    place(adata, (adata.obs[["bin_x", "bin_y"]].to_numpy() + 0.5) * bin_size)
    adata.obs = adata.obs.iloc[:, :0]
    return record(adata, "Stereo-seq", f"bins of {bin_size}", NANOBALLS)


def _genes(stored: h5py.Dataset, n_molecules: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the genes' table, by ID, and the gene of each molecule."""
    table = stored[:]
    fields = table.dtype.names or ()
    present = [name for name in _NAMES if name in fields]
    if not present or not {"offset", "count"} <= set(fields):
        raise ValueError(f"a table of genes with the columns {', '.join(fields)}")
    names = [text.decode() for text in table[present[0]]]
    ids = [text.decode() for text in table["geneID" if "geneID" in fields else present[0]]]
    lengths = table["count"].astype(np.int64)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    if (starts[:-1] != table["offset"]).any() or starts[-1] != n_molecules:
        raise ValueError("genes and molecules that do not fit each other")
    return pd.DataFrame({"name": names}, index=ids), np.repeat(np.arange(len(names)), lengths)


def _bins(x: np.ndarray, y: np.ndarray, gene: np.ndarray, counts: np.ndarray, genes: pd.DataFrame) -> AnnData:
    """Add molecules up by bin and gene."""
    width = int(x.max()) + 1
    bins, row = np.unique(y * width + x, return_inverse=True)
    matrix = sparse.csr_matrix((counts, (row, gene)), (len(bins), len(genes)))
    obs = pd.DataFrame({"bin_x": bins % width, "bin_y": bins // width})
    obs.index = obs["bin_x"].astype(str) + "_" + obs["bin_y"].astype(str)
    adata = AnnData(matrix, obs=obs)
    adata.var["gene_ids"] = genes.index.to_numpy()
    adata.var_names = pd.Index(genes["name"], dtype=str, name=None)
    name_genes_once(adata)
    return adata
