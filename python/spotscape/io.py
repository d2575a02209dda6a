"""Files: read a slice, write results whole or not at all."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import anndata
import h5py
from anndata import AnnData
from anndata.io import read_elem, sparse_dataset, write_h5ad

from spotscape._h5ad import check_file, check_read
from spotscape._paths import (
    READABLE,
    as_path,
    atomic_path,
    check_output,
    first_line,
    named_path,
    reading,
)
from spotscape._space_ranger import find_run, read_space_ranger, run_folder
from spotscape._validate import check_flag, input_error
from spotscape._writable import check_writable

__all__ = ["atomic_path", "check_output", "check_writable", "is_slice", "read", "write"]
_BACKED = (".h5ad", ".zarr")


def read(path: str | os.PathLike[str], *, backed: bool = False) -> AnnData | dict[str, AnnData]:
    """Read a slice: an ``.h5ad`` file, a ``.zarr`` folder, an ``.rds`` file of R, or Space Ranger's output.

    Of a Space Ranger folder (``outs``, or the one above it) this reads the filtered matrix, genes only (the
    ``.h5`` file, else the folder of that name), and keeps the spots that are in tissue. The positions file
    may have any of its three names. A bin's folder of a Visium HD run (``binned_outputs/square_008um``) is
    read like a Visium slice; of a whole Visium HD run the 8 µm bins are read, with a warning that says so.

    Parameters
    ----------
    path
        File or folder. ``.rds`` may hold a Seurat, SpatialExperiment or SingleCellExperiment object, or a
        list of them; it needs R and ``pip install 'spotscape[r]'``.
    backed
        Leave ``X`` and ``raw.X`` of an ``.h5ad`` or ``.zarr`` on disk, to be read where they are used, and
        read everything else. The file must stay where it is.

    Returns
    -------
    AnnData
        From ``.h5ad`` and ``.zarr``: what is in there. From ``.rds``: as `spotscape.interop.read_rds`; of a
        list a dict of AnnData by name. From Space Ranger:

        - ``X``: counts, CSR, spots in the order of the matrix; ``var["gene_ids"]``, with ``var_names`` the
          genes' symbols, made unique where two genes share one (a warning says how many);
        - ``obs``: ``in_tissue``, ``array_row``, ``array_col``;
        - ``obsm["spatial"]``: float64, x (column) and y (row), in pixels of the full-resolution image;
        - ``uns["spatial"][library_id]``: ``images`` (``lowres`` and ``hires``, where there), ``scalefactors``
          and ``metadata``, as scanpy and squidpy expect them.

    Raises
    ------
    InputError
        If there is nothing at ``path``, it is of another kind or not what its ending says, a part of a Space
        Ranger folder is missing, a file cannot be read, or R is missing where it is needed; with ``backed``
        if it is neither ``.h5ad`` nor ``.zarr``.

    Examples
    --------
    >>> import anndata, numpy as np, tempfile
    >>> from spotscape import io
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     io.write(anndata.AnnData(np.ones((3, 2), dtype="float32")), f"{folder}/slice.h5ad")
    ...     adata = io.read(f"{folder}/slice.h5ad", backed=True)
    ...     adata.shape, adata.isbacked
    ...     adata.file.close()
    ((3, 2), True)
    """
    path = as_path(path)
    check_flag("backed", backed)
    if backed and path.exists() and path.suffix not in _BACKED:
        expected = "an .h5ad file or a .zarr folder, which can be left on disk"
        found = "a folder" if path.is_dir() else f"a file that ends in {path.suffix!r}"
        raise input_error(named_path(path), found, expected, "Read it without backed.")
    if path.is_dir():
        if path.suffix == ".zarr":
            return _read_zarr(path, backed)
        return read_space_ranger(run_folder(path.resolve()))
    if not path.exists():
        raise input_error(named_path(path), "nothing there", READABLE)
    if path.suffix.lower() == ".rds":
        from spotscape.interop import read_rds

        return read_rds(path)
    if path.suffix != ".h5ad":
        todo = "Give the folder that holds it." if path.suffix == ".h5" else ""
        raise input_error(named_path(path), f"a file that ends in {path.suffix!r}", READABLE, todo)
    with reading(path, "an AnnData file (HDF5)"):
        with h5py.File(path, "r") as file:
            if not {"obs", "var"} <= set(file):
                raise input_error(named_path(path), "an HDF5 file without obs and var", "an AnnData file")
            check_file(path, file, indices=backed)
        adata = anndata.read_h5ad(path, backed="r" if backed else None)
        if not backed:
            check_read(path, adata)
        return adata


def _read_zarr(path: Path, backed: bool) -> AnnData:
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
        if "raw" in group and hasattr(group["raw"], "keys"):  # else a sign that there is none
            others = {name: read_elem(group["raw"][name]) for name in group["raw"] if name != "X"}
            parts["raw"] = {"X": _on_disk(group["raw"]["X"]), **others}
        return AnnData(_on_disk(group["X"]) if "X" in group else None, **parts)


def _on_disk(stored: Any) -> Any:
    """Return a matrix that is read where it is indexed: sparse of a group, dense of an array."""
    return sparse_dataset(stored) if "indptr" in getattr(stored, "keys", list)() else stored


def is_slice(path: str | os.PathLike[str]) -> bool:
    """Say whether `read` would take this for a slice, by its name and, of a folder, by what is in it.

    Parameters
    ----------
    path
        File or folder.

    Returns
    -------
    bool
        True for a name that ends in ``.h5ad`` or ``.rds``, for a folder whose name ends in ``.zarr``, and for
        the output folder of Space Ranger. Nothing is opened.

    Examples
    --------
    >>> from spotscape.io import is_slice
    >>> is_slice("slice.h5ad"), is_slice("notes.txt")
    (True, False)
    """
    path = as_path(path)
    if path.is_dir():
        return path.suffix == ".zarr" or find_run(path) is not None
    return path.suffix.lower() in (".h5ad", ".rds")


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
