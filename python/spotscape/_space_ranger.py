"""The output folder of Space Ranger: Visium, and the bins of Visium HD."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import scanpy as sc
from anndata import AnnData
from matplotlib.image import imread

from spotscape._keys import SPATIAL
from spotscape._paths import READABLE, named_path, reading
from spotscape._validate import SpotscapeWarning, input_error

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


def run_folder(path: Path) -> Path:
    """Return the folder that holds the matrix and ``spatial``, from what the user gave."""
    folder = find_run(path)
    if folder is None:
        found = f"a folder without {_MATRIX}.h5 and {_MATRIX}/"
        raise input_error(named_path(path), found, READABLE, "Space Ranger calls this folder 'outs'.")
    if folder not in (path, path / "outs"):
        warnings.warn(
            f"{str(path)!r} is a Visium HD run, of which {folder.name} was read. For other bins, give "
            f"their own folder in {str(folder.parent)!r}.",
            SpotscapeWarning,
            stacklevel=3,
        )
    return folder


def find_run(path: Path) -> Path | None:
    """Return the folder with a matrix at or below a folder: its own, that of ``outs``, a bin's."""
    for folder in (path, path / "outs"):
        bins = [inner / name for inner in (folder / "binned_outputs", folder) for name in _BINS]
        for candidate in (folder, *bins):
            if _find_matrix(candidate) is not None:
                return candidate
    return None


def _find_matrix(folder: Path) -> Path | None:
    """Return the filtered matrix in a folder; 10x's downloads put the sample's name before the file's."""
    matches = sorted(folder.glob(f"*{_MATRIX}.h5"))
    if len(matches) == 1:
        return matches[0]
    exact = (folder / f"{_MATRIX}.h5", folder / _MATRIX)
    return next((path for path in exact if path.exists()), None)


def read_space_ranger(folder: Path) -> AnnData:
    """Read matrix, positions, images and scale factors of one slice."""
    matrix = _find_matrix(folder)
    positions = _read_positions(folder / "spatial")
    adata, attributes = _read_matrix(matrix)
    barcodes = adata.obs_names
    placed = barcodes.isin(positions.index)
    if not placed.any():
        found = f"no barcode of {matrix.name} (such as {barcodes[0]!r})" if len(barcodes) else "no spots"
        raise input_error(named_path(folder / "spatial"), found, "a position for every spot of the matrix")
    if not placed.all():
        text = f"{int((~placed).sum())} of {len(barcodes)} spots of the matrix have no position: left out."
        warnings.warn(text, SpotscapeWarning, stacklevel=3)
    in_tissue = barcodes[placed][positions.loc[barcodes[placed], "in_tissue"] == 1]
    if len(in_tissue) == 0:
        raise input_error(named_path(folder / "spatial"), "no spot in tissue", "spots with in_tissue = 1")
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
    with reading(path, "a filtered matrix of Space Ranger"), warnings.catch_warnings():
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
        raise input_error(named_path(path), "barcodes that occur twice", "every barcode once")
    return adata, attributes


def _text(value: Any) -> str:
    """Return an attribute of an HDF5 file as text."""
    return value.decode() if isinstance(value, bytes) else str(value)


def _read_positions(folder: Path) -> pd.DataFrame:
    """Read the positions file, with or without a header, indexed by barcode."""
    path = next((folder / name for name in _POSITIONS if (folder / name).is_file()), None)
    if path is None:
        raise input_error(named_path(folder), "no positions file", "one of " + ", ".join(_POSITIONS))
    with reading(path, f"a table with the columns {', '.join(_POSITION_COLUMNS)}"):
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
        raise input_error(named_path(path), "barcodes that occur twice", "every barcode once")
    return table


def _read_images(folder: Path) -> dict[str, dict[str, Any]] | None:
    """Read the scale factors and what images there are; None where nothing could place the images."""
    path = folder / "scalefactors_json.json"
    if not path.is_file():
        text = f"No {path.name} in {str(folder)!r}: the tissue images were not read."
        warnings.warn(text, SpotscapeWarning, stacklevel=4)
        return None
    with reading(path, "a JSON file with scale factors"):
        factors = {name: float(value) for name, value in json.loads(path.read_text()).items()}
    images = {}
    for name in ("hires", "lowres"):
        image = folder / f"tissue_{name}_image.png"
        if image.is_file():
            with reading(image, "a PNG image"):
                images[name] = imread(image)
    return {"images": images, "scalefactors": factors}
