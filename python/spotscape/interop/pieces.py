"""Pieces of an R object -> AnnData -> pieces. What carries them, reticulate or rpy2, is not known here.

Pieces are what ``R/pieces.R`` makes of a Seurat, SpatialExperiment or SingleCellExperiment object: arrays,
genes x cells sparse matrices, text, and dicts of these.

| Seurat | experiment | AnnData |
| --- | --- | --- |
| layer ``counts`` of ``assay`` | assay ``counts`` | ``X`` |
| its other layers | other assays | ``layers`` |
| metadata | ``colData`` | ``obs`` |
| identities, parts of split layers, images of cells |  | ``obs``: ``seurat_ident``, ``seurat_layer``, ``seurat_image`` |
| annotation of genes | ``rowData`` | ``var`` |
| reductions | ``reducedDims`` | ``obsm["X_<name>"]``, in lower case |
| their loadings |  | ``varm["<name>_loadings"]`` |
| graphs | ``colPairs`` | ``obsp`` |
| other assays | ``altExps`` | ``obsm["assay_<name>_<layer>"]`` |
| places of cells in images, in full-resolution pixels or the image's unit | ``spatialCoords`` | ``obsm["spatial"]`` |
| images, scale factors | ``imgData`` | ``uns["spatial"]`` |
| ``Misc``, record of a run | ``metadata`` | ``uns`` |
| classes, keys, outlines, names | names, sources of images | ``uns["spotscape_r"]`` |

What stays behind, or changes:

| object | part | what |
| --- | --- | --- |
| Seurat | command log, results of tools, neighbour lists, molecules of an FOV | as_anndata() leaves them behind. A warning says so of all but the log. |
| Seurat | SCTAssay, and other assays that are neither Assay nor Assay5 | Come back from an AnnData as an Assay with their layers, without their models. |
| Seurat | cells that a reduction, an assay or an image lacks | NaN (zero in an assay) in the AnnData; from_anndata() takes them out again by the names it kept. |
| Seurat | cells that the chosen assay lacks, as where Visium HD has an assay for each size of bins | as_anndata() takes the cells of the chosen assay, with a warning; choose another by ``assay``. |
| Seurat | features with an underscore | Seurat turns it into a hyphen; where two names become one, a number is added, with a warning. |
| SpatialExperiment, SingleCellExperiment | ranges of genes (rowRanges), rowPairs, attributes of a reducedDim | as_anndata() leaves them behind, with a warning. |
| SpatialExperiment, SingleCellExperiment | altExps within altExps, reducedDims of altExps | as_anndata() takes the assays, rowData and colData of an altExp, nothing else, without a warning. |
| any | columns that hold lists, tables or other objects; metadata that is no number, text, table or list of these | as_anndata() leaves them behind, with a warning. |
| any | NaN in a column or in metadata | Comes back from an AnnData as NA. |
| any | names of a vector or matrix within metadata or Misc | Come back from an AnnData without them. |
| Seurat | the ``misc`` of an assay | Stays behind, with a warning where it says more than that Seurat has counted. |

Sparse matrices are transposed by relabelling: genes x cells by columns is cells x genes by rows, on the same
memory.
"""  # noqa: E501

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from spotscape import _keys
from spotscape._validate import InputError, SpotscapeWarning, check_choice
from spotscape.interop._columns import LARGEST, as_table, as_texts, items, native, plain, table_piece
from spotscape.interop._images import from_image, image_pieces, slice_piece

KINDS = ("seurat", "spe", "sce")


def to_anndata(pieces: Mapping[str, Any]) -> AnnData:
    """Make an AnnData of the pieces of an R object.

    Parameters
    ----------
    pieces
        As ``R/pieces.R`` makes them; matrices genes x cells.

    Returns
    -------
    AnnData
        Cells x genes, filled as the table of this module says. Sparse matrices are CSR on the memory of the
        pieces.

    Warns
    -----
    SpotscapeWarning
        Of what R could not hand over.

    Examples
    --------
    >>> from scipy.sparse import csc_matrix
    >>> from spotscape.interop.pieces import to_anndata
    >>> names = [{"names": names, "columns": {}} for names in (["a", "b"], ["g1", "g2", "g3"])]
    >>> counts = csc_matrix([[1.0, 0.0], [0.0, 2.0], [0.0, 0.0]])
    >>> to_anndata({"kind": "sce", "x": counts, "x_name": "counts", "obs": names[0], "var": names[1]}).shape
    (2, 3)
    """
    obs, obs_kinds = as_table(pieces["obs"])
    var, var_kinds = as_table(pieces["var"])
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".* names are not unique")
        adata = AnnData(_transposed(pieces["x"]), obs=obs, var=var)
    for name, values in items(pieces, "layers"):
        adata.layers[name] = _transposed(values)
    reductions = {_keys.reduction(name): name for name, _ in items(pieces, "obsm")}
    for key, name in reductions.items():
        adata.obsm[key] = _two_dimensional(pieces["obsm"][name], adata.n_obs)
    for name, values in items(pieces, "varm"):
        adata.varm[f"{name}_loadings"] = _two_dimensional(values, adata.n_vars)
    for name, values in items(pieces, "obsp"):
        adata.obsp[name] = sparse.csr_matrix(values)
    extra = {}
    for key, one in items(pieces, "extra"):
        adata.obsm[key] = _transposed(one["values"])
        extra[key] = {
            "features": as_texts(one["features"]),
            "assay": str(one["assay"]),
            "layer": str(one["layer"]),
        }
    if pieces.get("spatial") is not None:
        adata.obsm[_keys.SPATIAL] = _two_dimensional(pieces["spatial"], adata.n_obs)
    for name, value in items(pieces, "uns"):
        adata.uns[name] = native(value)
    images = {name: from_image(one) for name, one in items(pieces, "images")}
    shown = {name: one for name, one in images.items() if one["images"]}
    if shown:
        adata.uns[_keys.SPATIAL] = shown
    adata.uns[_keys.R_RECORD] = {
        "kind": str(pieces["kind"]),
        "x_name": str(pieces["x_name"]),
        "obs": obs_kinds,
        "var": var_kinds,
        "obsm": reductions,
        "extra": extra,
        "images": list(images),
        "r": _without_none(pieces.get("record") or {}),
    }
    _warn_of_losses(pieces)
    return adata


def from_anndata(adata: AnnData, kind: str | None = None) -> dict[str, Any]:
    """Take an AnnData apart for R.

    Parameters
    ----------
    adata
        Cells x genes, made by `to_anndata` or not.
    kind
        ``"seurat"``, ``"spe"`` or ``"sce"``; None: the kind that ``adata`` was made of, else ``"spe"`` where
        there is ``obsm["spatial"]`` and ``"sce"`` where there is none.

    Returns
    -------
    dict
        Pieces, matrices genes x cells. Where ``adata`` is not from R, its counts are ``layers["counts"]``, or
        ``X`` where that holds whole numbers >= 0; another ``X`` becomes the layer ``data`` (Seurat) or the
        assay ``logcounts``.

    Raises
    ------
    InputError
        If ``kind`` is unknown, or a matrix holds more values than one of R can.

    Warns
    -----
    SpotscapeWarning
        Of what R cannot take.

    Examples
    --------
    >>> import numpy as np
    >>> from anndata import AnnData
    >>> from spotscape.interop.pieces import from_anndata
    >>> from_anndata(AnnData(np.ones((2, 3), dtype="float32")))["x"].shape
    (3, 2)
    """
    record = adata.uns.get(_keys.R_RECORD, {})
    if kind is None:
        made_of = str(record["kind"]) if record else None
        kind = made_of or ("spe" if _keys.SPATIAL in adata.obsm else "sce")
    check_choice("kind", kind, KINDS)
    lost: list[str] = []
    x_name, x, layers = _layers(adata, kind, record)
    extra = record.get("extra", {})
    pieces = {
        "kind": kind,
        "x": x,
        "x_name": x_name,
        "layers": layers,
        "obs": table_piece(adata.obs, record.get("obs", {}), "obs", lost),
        "var": table_piece(adata.var, record.get("var", {}), "var", lost),
        "obsm": _reductions(adata, kind, record, lost),
        "varm": _loadings(adata, lost),
        "obsp": {
            name: _for_r(values, f"obsp[{name!r}]", transpose=False) for name, values in adata.obsp.items()
        },
        "extra": {
            key: {"values": _for_r(adata.obsm[key], f"obsm[{key!r}]"), **one}
            for key, one in extra.items()
            if key in adata.obsm
        },
        "images": image_pieces(adata, kind, record),
        "slices": slice_piece(adata, kind),
        "new_columns": [str(name) for name in adata.obs if name not in record.get("obs", {})],
        "uns": _uns(adata, lost),
        "record": record["r"] if record and record["kind"] == kind else {},
    }
    if _keys.SPATIAL in adata.obsm:
        pieces["spatial"] = np.asarray(adata.obsm[_keys.SPATIAL], dtype=np.float64)
    if not pieces["images"] and len(adata.uns.get(_keys.SPATIAL, {})) > 1 and kind != "sce":
        lost.append("the images, as no column of obs says which of them a cell is in")
    if lost:
        _warn(lost)
    return pieces


# ---- values ---------------------------------------------------------------------------------------------


def _transposed(values: Any) -> Any:
    """Genes x cells -> cells x genes: CSC becomes CSR on the same memory."""
    return values.T if sparse.issparse(values) else np.asarray(values).T


def _two_dimensional(values: Any, n: int) -> Any:
    """Return a matrix of n rows; a single row or column may have lost its shape on the way."""
    if sparse.issparse(values) or np.ndim(values) == 2:
        return values
    return np.asarray(values).reshape(n, -1)


def _for_r(values: Any, name: str, *, transpose: bool = True) -> Any:
    """Return a matrix, transposed or not, as R can hold it: float64 CSC with 32-bit indices, or dense."""
    if not sparse.issparse(values):
        values = np.asarray(values)
        values = values.T if transpose else values
        if values.dtype == np.float64 or values.dtype == bool or values.dtype == np.int32:
            return values
        is_small = values.dtype.kind in "iu" and values.dtype.itemsize < 4
        return values.astype(np.int32 if is_small else np.float64)
    if values.nnz > LARGEST:
        raise InputError(
            f"adata.{name}: found {values.nnz} values other than zero, expected at most {LARGEST}, "
            "which is what a sparse matrix of R can hold. Give it a part of the cells."
        )
    values = sparse.csr_matrix(values).T if transpose else sparse.csc_matrix(values)
    if values.has_sorted_indices is False:
        values = values.sorted_indices()
    data = values.data.astype(np.float64, copy=False)
    indices, indptr = (part.astype(np.int32, copy=False) for part in (values.indices, values.indptr))
    return sparse.csc_matrix((data, indices, indptr), shape=values.shape)


def _uns(adata: AnnData, lost: list[str]) -> dict[str, Any]:
    own = {key: value for key, value in adata.uns.items() if key not in (_keys.SPATIAL, _keys.R_RECORD)}
    made = {key: plain(value, f"uns[{key!r}]", lost) for key, value in own.items()}
    return {key: value for key, value in made.items() if value is not None}


def _without_none(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _without_none(item) for key, item in value.items() if item is not None}
    return value


# ---- matrices of an AnnData -----------------------------------------------------------------------------


def _layers(adata: AnnData, kind: str, record: Mapping[str, Any]) -> tuple[str, Any, dict[str, Any]]:
    """Return the name R has for its main matrix, that matrix, and the others."""
    layers = {name: _for_r(values, f"layers[{name!r}]") for name, values in adata.layers.items()}
    if record:
        same = str(record["kind"]) == kind
        return str(record["x_name"]) if same else "counts", _for_r(adata.X, "X"), layers
    x, other = _for_r(adata.X, "X"), "data" if kind == "seurat" else "logcounts"
    if "counts" in layers:
        counts = layers.pop("counts")
        return "counts", counts, {other: x} | layers
    values = x.data if sparse.issparse(x) else x
    is_counts = bool(np.all(values >= 0) and np.all(values == np.floor(values)))
    return "counts" if is_counts else other, x, layers


def _reductions(adata: AnnData, kind: str, record: Mapping[str, Any], lost: list[str]) -> dict[str, Any]:
    usual = {_keys.embedding(): _keys.KEY_ADDED if kind == "seurat" else _keys.KEY_ADDED.upper()}
    names = usual | {str(key): str(name) for key, name in record.get("obsm", {}).items()}
    made = {}
    if record and str(record["kind"]) != kind:
        names |= usual
    for key, values in adata.obsm.items():
        if key == _keys.SPATIAL or key in record.get("extra", {}):
            continue
        values = values.to_numpy() if isinstance(values, pd.DataFrame) else values
        if not isinstance(values, np.ndarray) or values.dtype.kind not in "fiu" or values.ndim != 2:
            lost.append(f"obsm[{key!r}], which is no matrix of numbers")
            continue
        made[names.get(key, _keys.reduction_name(key))] = values.astype(np.float64)
    return made


def _loadings(adata: AnnData, lost: list[str]) -> dict[str, Any]:
    made = {}
    for key, values in adata.varm.items():
        if key == "PCs" or key.endswith("_loadings"):
            made["pca" if key == "PCs" else key.removesuffix("_loadings")] = np.asarray(
                values, dtype=np.float64
            )
        else:
            lost.append(f"varm[{key!r}], which are not the loadings of a reduction")
    return made


def _warn_of_losses(pieces: Mapping[str, Any]) -> None:
    lost = as_texts(pieces.get("lost"))
    for name in ("obs", "var"):
        lost += [f"column {column!r} of {name}" for column in as_texts(pieces[name].get("dropped"))]
    if lost:
        _warn(lost)


def _warn(lost: Sequence[str]) -> None:
    warnings.warn(
        SpotscapeWarning("Left behind between R and Python: " + "; ".join(lost) + "."), stacklevel=3
    )
