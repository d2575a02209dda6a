"""Matrices as 10x Genomics writes them: one HDF5 file, or a folder with ``matrix.mtx``."""

from __future__ import annotations

import gzip
import io
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse
from scipy.io import mmread

from spotscape._keys import CONTROLS
from spotscape._paths import named_path, reading
from spotscape._validate import input_error
from spotscape.io.common import check_unique, find_one, is_gzip, need_one

GENES = "Gene Expression"
_BLOCK = 2**18
"""Stored counts that are held at a time beside the matrix that is made."""
_FEATURES = ("features.tsv", "genes.tsv")


@dataclass
class Matrix:
    """Counts of genes, spots x genes, and what the file says of both."""

    adata: AnnData
    n_other: int
    """Features that are no genes, left out."""
    attributes: dict[str, str] = field(default_factory=dict)


def read_matrix(path: Path, expected: str, *, count_others: bool = False) -> Matrix:
    """Read the counts of genes from an ``.h5`` file or a folder with ``matrix.mtx``.

    Parameters
    ----------
    path
        File or folder.
    expected
        What it should be, for errors.
    count_others
        Write the counts of all other features of a row into ``obs``.
    """
    with reading(path, expected):
        matrix = _read_mtx(path, count_others) if path.is_dir() else _read_h5(path, count_others)
    check_unique(path, matrix.adata.obs_names, "barcode")
    return matrix


def _read_h5(path: Path, count_others: bool) -> Matrix:
    with h5py.File(path, "r") as file:
        group = file["matrix"]
        features = group["features"]
        var = pd.DataFrame({"gene_ids": _texts(features["id"])}, index=_texts(features["name"]))
        kinds = _texts(features["feature_type"]) if "feature_type" in features else [GENES] * len(var)
        var["feature_types"] = kinds
        if "genome" in features:
            var["genome"] = _texts(features["genome"])
        barcodes = _texts(group["barcodes"])
        counts, others = _genes_of(group, (len(barcodes), len(var)), var["feature_types"] == GENES)
        attributes = _attributes(file)
    return _matrix(counts, barcodes, var, others if count_others else None, attributes)


def _genes_of(
    group: h5py.Group, shape: tuple[int, int], wanted: pd.Series
) -> tuple[sparse.csr_matrix, np.ndarray]:
    """Read the wanted columns block by block, and the sum of the others for each row.

    The file holds features x barcodes by column, which is barcodes x features by row.
    """
    indptr = _checked_indptr(group, shape)
    column_of = np.full(shape[1], -1, np.int32)
    column_of[wanted.to_numpy()] = np.arange(int(wanted.sum()), dtype=np.int32)
    values, columns = np.empty(indptr[-1], np.float32), np.empty(indptr[-1], np.int32)
    dropped = np.zeros(shape[0] + 1, np.int64)
    others = np.zeros(shape[0])
    kept = 0
    for start in range(0, int(indptr[-1]), _BLOCK):
        stop = min(start + _BLOCK, int(indptr[-1]))
        feature, value = group["indices"][start:stop].astype(np.int64), group["data"][start:stop]
        if feature.min() < 0 or feature.max() >= shape[1]:
            raise ValueError(f"indices from {feature.min()} to {feature.max()} for {shape[1]} features")
        column = column_of[feature]
        is_gene = column >= 0
        end = kept + int(is_gene.sum())
        values[kept:end], columns[kept:end] = value[is_gene], column[is_gene]
        kept = end
        if not is_gene.all():
            row = np.searchsorted(indptr, start + np.flatnonzero(~is_gene), side="right") - 1
            dropped[1:] += np.bincount(row, minlength=shape[0])
            others += np.bincount(row, weights=value[~is_gene], minlength=shape[0])
    starts = indptr - np.cumsum(dropped)
    counts = sparse.csr_matrix((values[:kept], columns[:kept], starts), (shape[0], int(wanted.sum())))
    counts.sort_indices()
    return counts, others


def _checked_indptr(group: h5py.Group, shape: tuple[int, int]) -> np.ndarray:
    """Return where rows begin, or raise where the parts of the file do not fit each other."""
    indptr = group["indptr"][:].astype(np.int64)
    n_stored = {group[part].shape[0] for part in ("data", "indices")} | {int(indptr[-1])}
    said = tuple(int(size) for size in group["shape"][:])
    if said != shape[::-1] or len(indptr) != shape[0] + 1:
        raise ValueError(f"a matrix of {said} for {shape[1]} features and {shape[0]} barcodes")
    if len(n_stored) > 1 or indptr[0] != 0 or (np.diff(indptr) < 0).any():
        raise ValueError("data, indices and indptr that do not fit each other")
    return indptr


def _texts(stored: h5py.Dataset) -> list[str]:
    return [text.decode() if isinstance(text, bytes) else str(text) for text in stored[:]]


def _attributes(file: h5py.File) -> dict[str, str]:
    """Return what the file says about the run, as text."""
    found = {}
    if "library_ids" in file.attrs:
        found["library_id"] = _text(np.ravel(file.attrs["library_ids"])[0])
    for name in ("chemistry_description", "software_version"):
        if name in file.attrs:
            found[name] = _text(file.attrs[name])
    return found


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def has_mtx(folder: Path) -> bool:
    """Say whether a folder holds a matrix in three files."""
    return find_one(folder, "matrix.mtx") is not None


def _read_mtx(folder: Path, count_others: bool) -> Matrix:
    path = need_one(folder, "matrix", "matrix.mtx")
    features = read_lines(need_one(folder, "names of genes", *_FEATURES))
    barcodes = read_lines(need_one(folder, "barcodes", "barcodes.tsv"))[0].tolist()
    with reading(path, "a matrix in Matrix Market's format"):
        counts = read_mtx(path).T.tocsr()
    if counts.shape != (len(barcodes), len(features)):
        found = f"{counts.shape[1]} x {counts.shape[0]} values"
        expected = f"{len(features)} features x {len(barcodes)} barcodes, as the files beside it say"
        raise input_error(named_path(path), found, expected)
    name = features[1] if features.shape[1] > 1 else features[0]
    var = pd.DataFrame({"gene_ids": features[0].to_numpy()}, index=name.to_numpy())
    var["feature_types"] = features[2].to_numpy() if features.shape[1] > 2 else GENES
    is_gene = (var["feature_types"] == GENES).to_numpy()
    others = np.asarray(counts[:, ~is_gene].sum(axis=1)).ravel()
    counts = counts if is_gene.all() else counts[:, is_gene]
    return _matrix(counts, barcodes, var, others if count_others else None, {})


def read_mtx(path: Path) -> sparse.coo_matrix:
    """Read a matrix in Matrix Market's format, compressed or not, as float32."""
    if is_gzip(path):
        with gzip.open(path) as file:
            return mmread(io.BytesIO(file.read())).astype(np.float32)
    with path.open("rb") as file:
        return mmread(file).astype(np.float32)


def read_lines(path: Path) -> pd.DataFrame:
    """Read a table without a header, all text."""
    with reading(path, "a table of names"):
        kind = "gzip" if is_gzip(path) else None
        options: dict[str, Any] = {"sep": "\t", "header": None, "dtype": str, "keep_default_na": False}
        return pd.read_csv(path, compression=kind, quoting=3, **options)


def _matrix(
    counts: sparse.csr_matrix,
    barcodes: list[str],
    var: pd.DataFrame,
    others: np.ndarray | None,
    attributes: dict[str, str],
) -> Matrix:
    """Put the parts together; ``var`` is of all features, ``counts`` of genes only."""
    genes = var[var["feature_types"] == GENES]
    with warnings.catch_warnings():
        # That names are not unique is dealt with, and said, by the reader.
        warnings.filterwarnings("ignore", message=".*names are not unique")
        adata = AnnData(counts, obs=pd.DataFrame(index=pd.Index(barcodes, dtype=str)), var=genes)
    if others is not None and len(genes) < len(var):
        adata.obs[CONTROLS] = others.astype(np.int64)
    return Matrix(adata, len(var) - len(genes), attributes)
