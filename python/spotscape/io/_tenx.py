"""Matrices as 10x Genomics writes them: one HDF5 file, or a folder with ``matrix.mtx``."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from spotscape._keys import CONTROLS
from spotscape._paths import named_path, reading
from spotscape._validate import input_error
from spotscape.io._mtx import read_mtx
from spotscape.io._tenx_h5 import StoredCounts
from spotscape.io.common import check_unique, find_one, is_gzip, need_one, text_of, texts

GENES = "Gene Expression"
_FEATURES = ("features.tsv", "genes.tsv")


@dataclass
class Matrix:
    """What the files say of rows and columns; counts are read once it is known which rows are wanted."""

    barcodes: pd.Index
    var: pd.DataFrame
    """All features."""
    attributes: dict[str, str]
    counts: StoredCounts | sparse.csr_matrix
    """In a file yet, or of all features in memory."""

    @property
    def is_gene(self) -> np.ndarray:
        """Which features are genes; the others are left out."""
        return (self.var["feature_types"] == GENES).to_numpy()

    @property
    def n_other(self) -> int:
        """How many features are left out."""
        return int((~self.is_gene).sum())

    def load(self, rows: np.ndarray) -> tuple[sparse.csr_matrix, np.ndarray]:
        """Return the genes' counts of the rows under a mask, and the sums of their other features."""
        if isinstance(self.counts, StoredCounts):
            return self.counts.load(rows)
        counts, is_gene = self.counts, self.is_gene
        counts = counts if rows.all() else counts[rows]
        others = np.asarray(counts[:, ~is_gene].sum(axis=1)).ravel()
        return (counts if is_gene.all() else counts[:, is_gene]), others

    def adata(
        self, obs: pd.DataFrame, counts: sparse.csr_matrix | None, others: np.ndarray | None
    ) -> AnnData:
        """Put the parts together: rows, genes, and the sum of the other features where it is asked for."""
        with warnings.catch_warnings():
            # That names are not unique is dealt with, and said, by the reader.
            warnings.filterwarnings("ignore", message=".*names are not unique")
            adata = AnnData(counts, obs=obs, var=self.var[self.is_gene])
        if others is not None and self.n_other:
            adata.obs[CONTROLS] = others.astype(np.int64)
        return adata


def open_matrix(path: Path, expected: str) -> Matrix:
    """Read the names in an ``.h5`` file or a folder with ``matrix.mtx``; of the folder the counts, too.

    Parameters
    ----------
    path
        File or folder.
    expected
        What it should be, for errors.
    """
    with reading(path, expected):
        matrix = _open_mtx(path) if path.is_dir() else _open_h5(path, expected)
    check_unique(path, matrix.barcodes, "barcode")
    return matrix


def _open_h5(path: Path, expected: str) -> Matrix:
    with h5py.File(path, "r") as file:
        group = file["matrix"]
        features = group["features"]
        var = pd.DataFrame({"gene_ids": texts(features["id"])}, index=texts(features["name"]))
        kinds = texts(features["feature_type"]) if "feature_type" in features else [GENES] * len(var)
        var["feature_types"] = kinds
        if "genome" in features:
            var["genome"] = texts(features["genome"])
        barcodes = pd.Index(texts(group["barcodes"]), dtype=str)
        matrix = Matrix(barcodes, var, _attributes(file), sparse.csr_matrix((0, 0)))
    matrix.counts = StoredCounts(path, expected, matrix.is_gene, len(barcodes))
    return matrix


def _attributes(file: h5py.File) -> dict[str, str]:
    """Return what the file says about the run, as text."""
    found = {}
    if "library_ids" in file.attrs:
        found["library_id"] = text_of(np.ravel(file.attrs["library_ids"])[0])
    for name in ("chemistry_description", "software_version"):
        if name in file.attrs:
            found[name] = text_of(file.attrs[name])
    return found


def has_mtx(folder: Path) -> bool:
    """Say whether a folder holds a matrix in three files."""
    return find_one(folder, "matrix.mtx") is not None


def _open_mtx(folder: Path) -> Matrix:
    path = need_one(folder, "matrix", "matrix.mtx")
    features = read_lines(need_one(folder, "names of genes", *_FEATURES))
    barcodes = read_lines(need_one(folder, "barcodes", "barcodes.tsv"))[0].tolist()
    with reading(path, "a matrix in Matrix Market's format"):
        counts = read_mtx(path)
    if counts.shape != (len(barcodes), len(features)):
        found = f"{counts.shape[1]} x {counts.shape[0]} values"
        expected = f"{len(features)} features x {len(barcodes)} barcodes, as the files beside it say"
        raise input_error(named_path(path), found, expected)
    name = features[1] if features.shape[1] > 1 else features[0]
    var = pd.DataFrame({"gene_ids": features[0].to_numpy()}, index=name.to_numpy())
    var["feature_types"] = features[2].to_numpy() if features.shape[1] > 2 else GENES
    return Matrix(pd.Index(barcodes, dtype=str), var, {}, counts)


def read_lines(path: Path) -> pd.DataFrame:
    """Read a table without a header, all text."""
    with reading(path, "a table of names"):
        kind = "gzip" if is_gzip(path) else None
        options: dict[str, Any] = {"sep": "\t", "header": None, "dtype": str, "keep_default_na": False}
        return pd.read_csv(path, compression=kind, quoting=3, **options)
