"""AnnData's own files: read as they are or left on disk, and written whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata
import h5py
from anndata import AnnData
from anndata.io import read_elem, sparse_dataset, write_h5ad

from spotscape._paths import as_path, atomic_path, first_line, named_path, reading
from spotscape._validate import input_error
from spotscape.io.h5ad import check_file, check_read
from spotscape.io.writable import check_writable


def read_h5ad(path: Path, backed: bool) -> AnnData:
    """Read an ``.h5ad`` file; ``backed`` leaves its matrix there."""
    with reading(path, "an AnnData file (HDF5)"):
        with h5py.File(path, "r") as file:
            if not {"obs", "var"} <= set(file):
                raise input_error(named_path(path), "an HDF5 file without obs and var", "an AnnData file")
            check_file(path, file, indices=backed)
        adata = anndata.read_h5ad(path, backed="r" if backed else None)
        if not backed:
            check_read(path, adata)
        return adata


def read_zarr(path: Path, backed: bool) -> AnnData:
    """Read an AnnData from a Zarr folder; ``backed`` leaves its matrices there."""
    import zarr

    with reading(path, "an AnnData folder (Zarr)"):
        group = zarr.open_group(path, mode="r")
        if not {"obs", "var"} <= set(group):
            raise input_error(named_path(path), "a Zarr folder without obs and var", "an AnnData folder")
        check_file(path, group, indices=backed)
        if not backed:
            adata = anndata.read_zarr(path)
            check_read(path, adata)
            return adata
        parts = {name: read_elem(group[name]) for name in group if name not in ("X", "raw")}
        return with_matrices(group, _on_disk, parts)


def with_matrices(group: Any, opened: Callable[[Any], Any], parts: dict[str, Any]) -> AnnData:
    """Return an object of a file's parts, with ``X`` and ``raw.X`` as ``opened`` gives them."""
    if "raw" in group and hasattr(group["raw"], "keys"):  # else a sign that there is none
        others = {name: read_elem(group["raw"][name]) for name in group["raw"] if name != "X"}
        parts = {**parts, "raw": {"X": opened(group["raw"]["X"]), **others}}
    return AnnData(opened(group["X"]) if "X" in group else None, **parts)


def _on_disk(stored: Any) -> Any:
    """Return a matrix that is read where it is indexed: sparse of a group, dense of an array."""
    return sparse_dataset(stored) if "indptr" in getattr(stored, "keys", list)() else stored


def write(adata: AnnData, path: str | os.PathLike[str]) -> None:
    """Write an AnnData as ``.h5ad``, or as an R object as ``.rds``, whole or not at all.

    The file is written under another name in the same folder and renamed when it is complete: a file that was
    there before survives a write that fails. As in anndata, text columns of ``obs`` and ``var`` that repeat
    become categorical. A matrix that is on disk is copied array by array, and never as a whole in memory.

    Parameters
    ----------
    adata
        What to write.
    path
        Name of the file; must end in ``.h5ad``, or in ``.rds``, which is written as
        `spotscape.interop.write_rds` does. Its folder must exist.

    Raises
    ------
    InputError
        If ``adata`` is no AnnData or holds something that ``.h5ad`` cannot, or if the file cannot be written:
        no such folder, no right to write there, no space left.

    Examples
    --------
    >>> import anndata, numpy as np, os, tempfile
    >>> from spotscape import io
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     io.write(anndata.AnnData(np.ones((3, 2), dtype="float32")), f"{folder}/slice.h5ad")
    ...     os.listdir(folder)
    ['slice.h5ad']
    """
    if not isinstance(adata, AnnData):
        raise input_error("adata", f"a {type(adata).__name__}", "an AnnData object")
    path = as_path(path)
    if path.suffix.lower() == ".rds":
        from spotscape.interop import write_rds

        return write_rds(adata, path)
    if path.suffix != ".h5ad":
        expected = "one that ends in '.h5ad' or '.rds'"
        raise input_error(named_path(path), f"a name that ends in {path.suffix!r}", expected)
    check_writable(adata)
    # A view has no file of its own, whatever the object that it is of has.
    whole = adata.to_memory() if adata.isbacked and adata.is_view else adata
    with atomic_path(path) as temporary:
        # Asked first, because HDF5 may crash the process at its end after a write that the system refused.
        needed, free = whole.__sizeof__(with_disk=True), shutil.disk_usage(temporary.parent).free
        if needed > free:
            raise input_error(
                named_path(path), f"{free / 1e6:.0f} MB of space", f"{needed / 1e6:.0f} MB or more"
            )
        try:
            # Not the method, after which a backed object would go on to live in the temporary file.
            write_h5ad(temporary, whole)
        except Exception as error:
            if isinstance(error, OSError | MemoryError):
                raise
            if type(error) is RuntimeError:  # HDF5's other word for a write that the system refused
                raise OSError(first_line(error)) from error
            found = f"something that .h5ad cannot hold ({first_line(error)})"
            raise input_error(
                "adata", found, "arrays, tables, text, numbers, and dictionaries of these"
            ) from error
