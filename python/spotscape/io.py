"""Files: read a slice, write results whole or not at all."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anndata
import h5py
import numpy as np
import pandas as pd
import scanpy as sc
from anndata import AnnData
from matplotlib.image import imread

from spotscape._keys import SPATIAL
from spotscape._validate import InputError, SpotscapeWarning, describe, input_error

_READABLE = "an .h5ad file or a Space Ranger output folder"
_WRITABLE = "a place with the right to write and enough space"
_MATRIX = "filtered_feature_bc_matrix"
_BINS = ("square_008um", "square_016um", "square_002um")
"""Visium HD's bins, the one to read first where the user did not choose."""
_POSITIONS = ("tissue_positions.parquet", "tissue_positions.csv", "tissue_positions_list.csv")
"""Names of the positions file: Visium HD, Space Ranger 2 and later, Space Ranger 1."""
_POSITION_COLUMNS = (
    "barcode",
    "in_tissue",
    "array_row",
    "array_col",
    "pxl_row_in_fullres",
    "pxl_col_in_fullres",
)


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
    path = _as_path(path)
    if path.is_dir():
        return _read_space_ranger(_run_folder(path.resolve()))
    if not path.exists():
        raise input_error(_named(path), "nothing there", _READABLE)
    if path.suffix != ".h5ad":
        todo = "Give the folder that holds it." if path.suffix == ".h5" else ""
        raise input_error(_named(path), f"a file that ends in {path.suffix!r}", _READABLE, todo)
    with _reading(path, "an AnnData file (HDF5)"):
        with h5py.File(path, "r") as file:
            if not {"obs", "var"} <= set(file):
                raise input_error(_named(path), "an HDF5 file without obs and var", "an AnnData file")
        return anndata.read_h5ad(path)


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
    path = _as_path(path)
    if path.suffix != ".h5ad":
        raise input_error(_named(path), f"a name that ends in {path.suffix!r}", "one that ends in '.h5ad'")
    # A backed object would go on to live in the temporary file.
    whole = adata.to_memory() if adata.isbacked else adata
    with atomic_path(path) as temporary:
        # Asked first, because HDF5 may crash the process at its end after a write that the system refused.
        needed, free = whole.__sizeof__(), shutil.disk_usage(temporary.parent).free
        if needed > free:
            raise input_error(_named(path), f"{free / 1e6:.0f} MB of space", f"{needed / 1e6:.0f} MB or more")
        try:
            whole.write_h5ad(temporary)
        except Exception as error:
            if isinstance(error, OSError | MemoryError):
                raise
            if type(error) is RuntimeError:  # HDF5's other word for a write that the system refused
                raise OSError(_first_line(error)) from error
            found = f"something that .h5ad cannot hold ({_first_line(error)})"
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
    target = _as_path(path).resolve()
    temporary = target.with_name(f".{target.stem}-{secrets.token_hex(4)}{target.suffix}")
    try:
        yield temporary
        os.replace(temporary, target)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else _first_line(error)
        raise input_error(_named(path), f"that it cannot be written ({reason})", _WRITABLE) from error
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
    path = _as_path(path)
    folder = path.resolve().parent
    if path.exists() and not path.is_file():
        raise input_error(_named(path), "a folder or a device", "the name of a file")
    if not folder.is_dir():
        raise input_error(
            _named(path), f"no folder {str(folder)!r}", "a folder that exists", "Create it first."
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise input_error(_named(path), f"no right to write to {str(folder)!r}", _WRITABLE)


def _as_path(path: Any) -> Path:
    """Return the argument as a path, ``~`` expanded."""
    if not isinstance(path, str | os.PathLike) or not os.fspath(path):
        raise input_error("path", describe(path), "the name of a file or folder")
    return Path(path).expanduser()


def _named(path: Any) -> str:
    """Name the argument and its value in a message."""
    return f"path {str(path)!r}"


def _first_line(error: BaseException) -> str:
    """Return the first line of an error's text, or its kind where there is none."""
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__


@contextmanager
def _reading(path: Path, expected: str) -> Iterator[None]:
    """Turn whatever a reader raises on a bad file into an `InputError` that names the file."""
    try:
        yield
    except (InputError, MemoryError):
        raise
    except Exception as error:
        found = f"something that cannot be read ({_first_line(error)})"
        raise input_error(_named(path), found, expected) from error


def _run_folder(path: Path) -> Path:
    """Return the folder that holds the matrix and ``spatial``, from what the user gave."""
    for folder in (path, path / "outs"):
        if _find_matrix(folder) is not None:
            return folder
        for bins in (folder / "binned_outputs", folder):
            for name in _BINS:
                if _find_matrix(bins / name) is not None:
                    warnings.warn(
                        f"{str(path)!r} is a Visium HD run, of which {name} was read. For other bins, give "
                        f"their own folder in {str(bins)!r}.",
                        SpotscapeWarning,
                        stacklevel=3,
                    )
                    return bins / name
    found = f"a folder without {_MATRIX}.h5 and {_MATRIX}/"
    raise input_error(_named(path), found, _READABLE, "Space Ranger calls this folder 'outs'.")


def _find_matrix(folder: Path) -> Path | None:
    """Return the filtered matrix in a folder; 10x's downloads put the sample's name before the file's."""
    matches = sorted(folder.glob(f"*{_MATRIX}.h5"))
    if len(matches) == 1:
        return matches[0]
    exact = (folder / f"{_MATRIX}.h5", folder / _MATRIX)
    return next((path for path in exact if path.exists()), None)


def _read_space_ranger(folder: Path) -> AnnData:
    """Read matrix, positions, images and scale factors of one slice."""
    matrix = _find_matrix(folder)
    positions = _read_positions(folder / "spatial")
    adata, attributes = _read_matrix(matrix)
    barcodes = adata.obs_names
    placed = barcodes.isin(positions.index)
    if not placed.any():
        found = f"no barcode of {matrix.name} (such as {barcodes[0]!r})" if len(barcodes) else "no spots"
        raise input_error(_named(folder / "spatial"), found, "a position for every spot of the matrix")
    if not placed.all():
        text = f"{int((~placed).sum())} of {len(barcodes)} spots of the matrix have no position: left out."
        warnings.warn(text, SpotscapeWarning, stacklevel=3)
    in_tissue = barcodes[placed][positions.loc[barcodes[placed], "in_tissue"] == 1]
    if len(in_tissue) == 0:
        raise input_error(_named(folder / "spatial"), "no spot in tissue", "spots with in_tissue = 1")
    if len(in_tissue) < len(barcodes):
        adata = adata[in_tissue].copy()
    positions = positions.loc[adata.obs_names]
    adata.obs[["in_tissue", "array_row", "array_col"]] = positions[["in_tissue", "array_row", "array_col"]]
    adata.obsm[SPATIAL] = positions[["pxl_col_in_fullres", "pxl_row_in_fullres"]].to_numpy(np.float64)
    if not adata.var_names.is_unique:
        n_shared = int(adata.var_names.duplicated(keep=False).sum())
        adata.var_names_make_unique()
        text = f"{n_shared} genes share a symbol with another; '-1', '-2', ... were added to their names. "
        text += "adata.var['gene_ids'] tells them apart."
        warnings.warn(text, SpotscapeWarning, stacklevel=3)
    library = attributes.pop("library_id", folder.parent.name if folder.name == "outs" else folder.name)
    images = _read_images(folder / "spatial")
    if images is not None:
        adata.uns[SPATIAL] = {library: {**images, "metadata": attributes}}
    return adata


def _read_matrix(path: Path) -> tuple[AnnData, dict[str, str]]:
    """Read counts of genes, and what the file says about the run."""
    attributes: dict[str, str] = {}
    with _reading(path, "a filtered matrix of Space Ranger"), warnings.catch_warnings():
        # That names are not unique is dealt with, and said, by the caller.
        warnings.filterwarnings("ignore", message=".*names are not unique")
        if path.is_dir():
            adata = sc.read_10x_mtx(path, make_unique=False)
        else:
            adata = sc.read_10x_h5(path)
            with h5py.File(path, "r") as file:
                if "library_ids" in file.attrs:
                    attributes["library_id"] = _text(np.ravel(file.attrs["library_ids"])[0])
                for name in ("chemistry_description", "software_version"):
                    if name in file.attrs:
                        attributes[name] = _text(file.attrs[name])
        adata.X = adata.X.tocsr()
    if not adata.obs_names.is_unique:
        raise input_error(_named(path), "barcodes that occur twice", "every barcode once")
    return adata, attributes


def _text(value: Any) -> str:
    """Return an attribute of an HDF5 file as text."""
    return value.decode() if isinstance(value, bytes) else str(value)


def _read_positions(folder: Path) -> pd.DataFrame:
    """Read the positions file, with or without a header, indexed by barcode."""
    path = next((folder / name for name in _POSITIONS if (folder / name).is_file()), None)
    if path is None:
        raise input_error(_named(folder), "no positions file", "one of " + ", ".join(_POSITIONS))
    with _reading(path, f"a table with the columns {', '.join(_POSITION_COLUMNS)}"):
        if path.suffix == ".parquet":
            table = pd.read_parquet(path)
        else:
            with path.open() as lines:
                has_header = "barcode" in lines.readline()
            table = pd.read_csv(path, header=0 if has_header else None)
            if not has_header:
                table.columns = list(_POSITION_COLUMNS)
        table = table.set_index("barcode")[list(_POSITION_COLUMNS[1:])]
        table = table.astype({"in_tissue": int, "array_row": int, "array_col": int})
        table.iloc[:, 3:].astype(np.float64)
    if not table.index.is_unique:
        raise input_error(_named(path), "barcodes that occur twice", "every barcode once")
    return table


def _read_images(folder: Path) -> dict[str, dict[str, Any]] | None:
    """Read the scale factors and what images there are; None where nothing could place the images."""
    path = folder / "scalefactors_json.json"
    if not path.is_file():
        text = f"No {path.name} in {str(folder)!r}: the tissue images were not read."
        warnings.warn(text, SpotscapeWarning, stacklevel=4)
        return None
    with _reading(path, "a JSON file with scale factors"):
        factors = {name: float(value) for name, value in json.loads(path.read_text()).items()}
    images = {}
    for name in ("hires", "lowres"):
        image = folder / f"tissue_{name}_image.png"
        if image.is_file():
            with _reading(image, "a PNG image"):
                images[name] = imread(image)
    return {"images": images, "scalefactors": factors}
