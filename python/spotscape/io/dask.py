"""An AnnData whose counts dask has: read, and worked on, in parts, on this machine or by a cluster."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import h5py
from anndata import AnnData
from anndata.io import read_elem

from spotscape._paths import as_path, named_path, reading
from spotscape._row_blocks import VALUES
from spotscape._validate import input_error
from spotscape.io._anndata_files import with_matrices
from spotscape.io.h5ad import check_file


def read_dask(path: str | os.PathLike[str]) -> AnnData:
    """Read an ``.h5ad`` file or ``.zarr`` folder of AnnData, its matrices as arrays of dask.

    `spotscape.tl.run_spotscape` and `spotscape.tl.integrate_slices` of one object then have counts of more
    than 50,000 spots read, and all that is as large as they are computed, by dask: by the workers of a
    ``dask.distributed.Client``, where one is connected, else by the threads of this process. What is of the
    spots, their components and domains, comes here. Every worker has to see the file by the same name.

    Parameters
    ----------
    path
        File or folder. It must stay where it is.

    Returns
    -------
    AnnData
        What is in there. ``X``, layers and ``raw.X`` are arrays of dask, in chunks of rows; everything else
        is in memory.

    Raises
    ------
    InputError
        If there is no such AnnData, or dask is not installed.

    Examples
    --------
    >>> import anndata, numpy as np, tempfile
    >>> from spotscape import io
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     io.write(anndata.AnnData(np.ones((3, 2), dtype="float32")), f"{folder}/slice.h5ad")
    ...     int(io.read_dask(f"{folder}/slice.h5ad").X.compute().sum())
    6
    """
    if find_spec("dask") is None:
        raise input_error("dask", "none", "the package", "Install it: pip install 'spotscape[dask]'.")
    path = as_path(path)
    if path.suffix not in (".h5ad", ".zarr") or not path.exists():
        found = f"a name that ends in {path.suffix!r}" if path.exists() else "nothing there"
        raise input_error(named_path(path), found, "an .h5ad file or a .zarr folder of AnnData")
    with reading(path, "an AnnData"):
        if path.suffix == ".h5ad":
            with h5py.File(path, "r") as file:
                return _read(path, file)

        import zarr

        return _read(path, zarr.open_group(path, mode="r"))


def _read(path: Path, file: Any) -> AnnData:
    if not {"obs", "var"} <= set(file):
        raise input_error(named_path(path), "no obs and var in it", "an AnnData")
    check_file(path, file, indices=True)
    parts = {name: read_elem(file[name]) for name in file if name not in ("X", "layers", "raw")}
    if "layers" in file:
        parts["layers"] = {name: _lazy(file["layers"][name]) for name in file["layers"]}
    return with_matrices(file, _lazy, parts)


def _lazy(stored: Any) -> Any:
    """Return a matrix as an array of dask, in chunks of rows."""
    from anndata.experimental import read_elem_lazy

    n, g = (int(each) for each in (stored.attrs["shape"] if hasattr(stored, "keys") else stored.shape))
    if stored.attrs.get("encoding-type") == "csc_matrix":
        return read_elem_lazy(stored)
    return read_elem_lazy(stored, chunks=(max(1, min(n, VALUES // max(1, g))), g))
