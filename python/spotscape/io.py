"""Files: read a slice, write results whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anndata
import h5py
from anndata import AnnData

from spotscape._paths import READABLE, as_path, first_line, named_path, reading
from spotscape._space_ranger import find_run, read_space_ranger, run_folder
from spotscape._validate import input_error

_WRITABLE = "a place with the right to write and enough space"


def read(path: str | os.PathLike[str]) -> AnnData:
    """Read a slice from an ``.h5ad`` file or from the output folder of Space Ranger.

    Of a Space Ranger folder (``outs``, or the one above it) this reads the filtered matrix, genes only (the
    ``.h5`` file, else the folder of that name), and keeps the spots that are in tissue. The positions file
    may have any of its three names. A bin's folder of a Visium HD run (``binned_outputs/square_008um``) is
    read like a Visium slice; of a whole Visium HD run the 8 µm bins are read, with a warning that says so.

    Parameters
    ----------
    path
        File or folder.

    Returns
    -------
    AnnData
        From ``.h5ad``: what is in the file. From Space Ranger:

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
        Ranger folder is missing, or a file cannot be read.

    Examples
    --------
    >>> import anndata, numpy as np, tempfile
    >>> from spotscape import io
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     io.write(anndata.AnnData(np.ones((3, 2), dtype="float32")), f"{folder}/slice.h5ad")
    ...     io.read(f"{folder}/slice.h5ad").shape
    (3, 2)
    """
    path = as_path(path)
    if path.is_dir():
        return read_space_ranger(run_folder(path.resolve()))
    if not path.exists():
        raise input_error(named_path(path), "nothing there", READABLE)
    if path.suffix != ".h5ad":
        todo = "Give the folder that holds it." if path.suffix == ".h5" else ""
        raise input_error(named_path(path), f"a file that ends in {path.suffix!r}", READABLE, todo)
    with reading(path, "an AnnData file (HDF5)"):
        with h5py.File(path, "r") as file:
            if not {"obs", "var"} <= set(file):
                raise input_error(named_path(path), "an HDF5 file without obs and var", "an AnnData file")
        return anndata.read_h5ad(path)


def is_slice(path: str | os.PathLike[str]) -> bool:
    """Say whether `read` would take this for a slice, by its name and, of a folder, by what is in it.

    Parameters
    ----------
    path
        File or folder.

    Returns
    -------
    bool
        True for a name that ends in ``.h5ad`` and for the output folder of Space Ranger. Nothing is opened.

    Examples
    --------
    >>> from spotscape.io import is_slice
    >>> is_slice("slice.h5ad"), is_slice("notes.txt")
    (True, False)
    """
    path = as_path(path)
    return find_run(path) is not None if path.is_dir() else path.suffix == ".h5ad"


def write(adata: AnnData, path: str | os.PathLike[str]) -> None:
    """Write an AnnData as ``.h5ad``, whole or not at all.

    The file is written under another name in the same folder and renamed when it is complete: a file that was
    there before survives a write that fails. As in anndata, text columns of ``obs`` and ``var`` that repeat
    become categorical.

    Parameters
    ----------
    adata
        What to write.
    path
        Name of the file; must end in ``.h5ad``. Its folder must exist.

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
    if path.suffix != ".h5ad":
        raise input_error(
            named_path(path), f"a name that ends in {path.suffix!r}", "one that ends in '.h5ad'"
        )
    # A backed object would go on to live in the temporary file.
    whole = adata.to_memory() if adata.isbacked else adata
    with atomic_path(path) as temporary:
        # Asked first, because HDF5 may crash the process at its end after a write that the system refused.
        needed, free = whole.__sizeof__(), shutil.disk_usage(temporary.parent).free
        if needed > free:
            raise input_error(
                named_path(path), f"{free / 1e6:.0f} MB of space", f"{needed / 1e6:.0f} MB or more"
            )
        try:
            whole.write_h5ad(temporary)
        except Exception as error:
            if isinstance(error, OSError | MemoryError):
                raise
            if type(error) is RuntimeError:  # HDF5's other word for a write that the system refused
                raise OSError(first_line(error)) from error
            found = f"something that .h5ad cannot hold ({first_line(error)})"
            raise input_error(
                "adata", found, "arrays, tables, text, numbers, and dictionaries of these"
            ) from error


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary name to write to, which becomes ``path`` if the block ends well.

    Parameters
    ----------
    path
        Where the file is to be in the end.

    Yields
    ------
    pathlib.Path
        A name in the same folder, with the same ending; no such file exists yet.

    Raises
    ------
    InputError
        If the folder does not exist or cannot be written to, or if the system refuses the write (no space).
        Whatever is raised, nothing is left behind, and a file that was at ``path`` is as it was.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from spotscape.io import atomic_path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     target = pathlib.Path(folder, "report.html")
    ...     with atomic_path(target) as temporary:
    ...         _ = temporary.write_text("<p>All of it.</p>")
    ...     target.read_text()
    '<p>All of it.</p>'
    """
    check_output(path)
    target = as_path(path).resolve()
    temporary = target.with_name(f".{target.stem}-{secrets.token_hex(4)}{target.suffix}")
    try:
        yield temporary
        os.replace(temporary, target)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else first_line(error)
        raise input_error(named_path(path), f"that it cannot be written ({reason})", _WRITABLE) from error
    finally:
        temporary.unlink(missing_ok=True)


def check_output(path: str | os.PathLike[str]) -> None:
    """Raise where a file could not be written; to be called before long work whose result goes there.

    Parameters
    ----------
    path
        Name of the file to be written.

    Raises
    ------
    InputError
        If it is a folder or a device, or its folder does not exist or cannot be written to.

    Examples
    --------
    >>> from spotscape.io import check_output
    >>> check_output("result.h5ad")
    """
    path = as_path(path)
    folder = path.resolve().parent
    if path.exists() and not path.is_file():
        raise input_error(named_path(path), "a folder or a device", "the name of a file")
    if not folder.is_dir():
        raise input_error(
            named_path(path), f"no folder {str(folder)!r}", "a folder that exists", "Create it first."
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise input_error(named_path(path), f"no right to write to {str(folder)!r}", _WRITABLE)
