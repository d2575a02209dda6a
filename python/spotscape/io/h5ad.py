"""Whether an AnnData file is sound: what its matrices say of themselves, before memory is taken for them.

HDF5 and Zarr say nothing of what belongs together. A sparse matrix whose indices lead out of it would be read
without a word, and the first sum over it would read or write anywhere in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from anndata import AnnData
from scipy import sparse

from spotscape._paths import named_path
from spotscape._validate import InputError, input_error

_BLOCK = 2**22
_KINDS = ("csr_matrix", "csc_matrix")


def check_file(path: Path, file: Any, *, indices: bool) -> None:
    """Raise where the matrices of a file do not fit its spots and genes, or a sparse one is no matrix.

    Parameters
    ----------
    path
        Named in errors.
    file
        Open: an ``h5py.File``, or a Zarr group.
    indices
        Read the indices of all sparse matrices, too, block by block: for one that stays on disk.
    """
    n_obs, n_vars = (_length(path, file, name) for name in ("obs", "var"))
    raw = file.get("raw")
    if raw is not None and not _is_array(raw) and "X" not in raw:
        raise _damaged(path, "raw without its matrix")
    for name, stored, shape in _matrices(file, n_obs, n_vars):
        _check_matrix(path, name, stored, shape)
        if indices and _kind(stored) in _KINDS:
            _check_indices(path, name, stored)


def check_read(path: Path, adata: AnnData) -> None:
    """Raise where a sparse matrix that was read has indices that lead out of it."""
    places = {"X": adata.X, **{f"layers[{key!r}]": value for key, value in adata.layers.items()}}
    places |= {f"obsp[{key!r}]": value for key, value in adata.obsp.items()}
    places |= {f"obsm[{key!r}]": value for key, value in adata.obsm.items()}
    if adata.raw is not None:
        places["raw.X"] = adata.raw.X
    for name, matrix in places.items():
        if sparse.issparse(matrix) and matrix.format in ("csr", "csc"):
            minor = matrix.shape[matrix.format == "csr"]
            _check_ends(path, name, matrix.indptr, len(matrix.indices))
            _check_range(path, name, matrix.indices, minor)


def _length(path: Path, file: Any, name: str) -> int:
    """Return the number of rows of a table."""
    table = file[name]
    if _is_array(table):  # the oldest format
        return int(table.shape[0])
    index = table.attrs.get("_index", "_index")
    index = index.decode() if isinstance(index, bytes) else str(index)
    if index not in table:
        raise _damaged(path, f"no names of rows in {name}")
    found = table[index]
    values = found if _is_array(found) else found.get("values", found.get("codes"))
    if values is None or len(values.shape) != 1:
        raise _damaged(path, f"no names of rows in {name}")
    return int(values.shape[0])


def _is_array(stored: Any) -> bool:
    """Tell an array from a group, of HDF5 or of Zarr."""
    return hasattr(stored, "dtype")


def _matrices(file: Any, n_obs: int, n_vars: int) -> Iterator[tuple[str, Any, tuple[int | None, int | None]]]:
    """Yield every matrix, and the shape that it should have; None where that is free."""
    if "X" in file:
        yield "X", file["X"], (n_obs, n_vars)
    for group, shape in {
        "layers": (n_obs, n_vars),
        "obsp": (n_obs, n_obs),
        "varp": (n_vars, n_vars),
        "obsm": (n_obs, None),
        "varm": (n_vars, None),
    }.items():
        parts = file.get(group)
        for name in () if parts is None or _is_array(parts) else parts:
            yield f"{group}/{name}", parts[name], shape
    raw = file.get("raw")
    if raw is not None and not _is_array(raw) and "X" in raw:
        yield "raw/X", raw["X"], (n_obs, None)


def _check_matrix(path: Path, name: str, stored: Any, expected: tuple[int | None, int | None]) -> None:
    """Raise where a matrix has another shape than its object, or a sparse one has parts that do not fit."""
    if _is_array(stored):
        shape: tuple[int, ...] = stored.shape
        if stored.dtype.names is not None or len(shape) < 2:
            return  # a table of the oldest format, or no matrix: anndata says what is wrong with it
    elif _kind(stored) in _KINDS:
        shape = tuple(
            int(size) for size in np.ravel(stored.attrs.get("shape", stored.attrs.get("h5sparse_shape", ())))
        )
        _check_parts(path, name, stored, shape)
    else:
        return
    for size, wanted in zip(shape, expected, strict=False):
        if wanted is not None and size != wanted:
            raise _damaged(
                path, f"{name} of shape {shape}, where the object asks for {wanted} and not {size}"
            )


def _kind(stored: Any) -> str:
    kind = stored.attrs.get("encoding-type", stored.attrs.get("h5sparse_format", ""))
    kind = kind.decode() if isinstance(kind, bytes) else str(kind)
    return f"{kind}_matrix" if kind in ("csr", "csc") else kind


def _check_parts(path: Path, name: str, stored: Any, shape: tuple[int, ...]) -> None:
    """Raise where data, indices and indptr do not fit to each other and to the shape."""
    parts = {part: stored.get(part) for part in ("data", "indices", "indptr")}
    if len(shape) != 2 or min(shape) < 0:
        raise _damaged(path, f"{name} of shape {shape}")
    for part, values in parts.items():
        if values is None or not _is_array(values) or len(values.shape) != 1:
            raise _damaged(path, f"{name} without {part}")
        if part != "data" and values.dtype.kind not in "iu":
            raise _damaged(path, f"{name} with {part} that are no whole numbers")
    major = shape[_kind(stored) == "csc_matrix"]
    sizes = {part: int(values.shape[0]) for part, values in parts.items()}
    if sizes["data"] != sizes["indices"] or sizes["indptr"] != major + 1:
        said = ", ".join(f"{size} {part}" for part, size in sizes.items())
        raise _damaged(path, f"{name} of shape {shape} with {said}")


def _check_indices(path: Path, name: str, stored: Any) -> None:
    """Raise where indices in a file lead out of their matrix; read block by block."""
    shape = np.ravel(stored.attrs.get("shape", stored.attrs.get("h5sparse_shape")))
    minor = int(shape[int(_kind(stored) == "csr_matrix")])
    indices = stored["indices"]
    _check_ends(path, name, stored["indptr"][:], indices.shape[0])
    for start in range(0, indices.shape[0], _BLOCK):
        _check_range(path, name, indices[start : start + _BLOCK], minor)


def _check_ends(path: Path, name: str, indptr: np.ndarray, n_stored: int) -> None:
    if (
        not len(indptr)
        or indptr[0] != 0
        or indptr[-1] != n_stored
        or (np.diff(indptr.astype(np.int64)) < 0).any()
    ):
        raise _damaged(path, f"{name} whose rows or columns begin and end at no places of it (indptr)")


def _check_range(path: Path, name: str, indices: np.ndarray, size: int) -> None:
    if len(indices) and (int(indices.min()) < 0 or int(indices.max()) >= size):
        raise _damaged(path, f"{name} with indices from {indices.min()} to {indices.max()} for {size} places")


def _damaged(path: Path, found: str) -> InputError:
    return input_error(
        named_path(path), found, "a sound AnnData file", "It is damaged: copy or make it again."
    )
