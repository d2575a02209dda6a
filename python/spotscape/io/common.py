"""What the readers share: files found by how their names end, warnings, and the record of what was read."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from spotscape._keys import MICROMETRES_PER_UNIT, SOURCE, SPATIAL
from spotscape._paths import as_path, named_path
from spotscape._validate import SpotscapeWarning, input_error

_PACKAGE = __name__.split(".")[0] + "."
_GZIP = b"\x1f\x8b"


def warn(text: str) -> None:
    """Warn at the line that called the package, however deep the reader is."""
    depth, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(_PACKAGE):
        depth, frame = depth + 1, frame.f_back
    warnings.warn(text, SpotscapeWarning, stacklevel=depth)


def folder_at(path: Any) -> Path:
    """Return a folder that the user named, or raise where there is none."""
    path = as_path(path)
    if not path.is_dir():
        raise input_error(named_path(path), "a file" if path.exists() else "nothing there", "a folder")
    return path.resolve()


def find_all(folder: Path, *endings: str) -> list[Path]:
    """Return the files whose names end so, compressed or not; the first ending that is there counts."""
    for ending in endings:
        for name in (ending, f"{ending}.gz"):
            # By itself or after a sample's name; where 'cells.csv' is there, 'all_cells.csv' is none.
            exact = folder / name
            found = [exact] if exact.is_file() else sorted(p for p in folder.glob(f"*{name}") if p.is_file())
            found = [path for path in found if not path.name.startswith(".")]
            if found:
                return found
    return []


def find_one(folder: Path, *endings: str) -> Path | None:
    """Return the one file whose name ends so, None where there is none; raise where there are several."""
    found = find_all(folder, *endings)
    if len(found) > 1:
        names = ", ".join(path.name for path in found[:4]) + (", ..." if len(found) > 4 else "")
        todo = "Put the files of each sample into a folder of its own."
        raise input_error(named_path(folder), f"{len(found)} files of one kind ({names})", "one sample", todo)
    return found[0] if found else None


def need_one(folder: Path, what: str, *endings: str) -> Path:
    """Return the one file whose name ends so, or raise with the names that were looked for."""
    found = find_one(folder, *endings)
    if found is None:
        names = " or ".join(endings)
        todo = "Names may have a sample's before them and .gz behind."
        raise input_error(named_path(folder), f"no {what}", names, todo)
    return found


def is_gzip(path: Path) -> bool:
    """Say whether a file is compressed, by its first bytes: names are not always right."""
    with path.open("rb") as file:
        return file.read(2) == _GZIP


def check_unique(path: Path, ids: Iterable[str], what: str) -> None:
    """Raise where a name stands in a file twice."""
    index = pd.Index(ids)
    if not index.is_unique:
        twice = index[index.duplicated()].unique()
        found = f"{what}s that occur twice ({len(twice)}, such as {str(twice[0])!r})"
        raise input_error(named_path(path), found, f"every {what} once")


def name_genes_once(adata: AnnData) -> None:
    """Make the genes' names unique, and say how many were not."""
    if not adata.var_names.is_unique:
        n_shared = int(adata.var_names.duplicated(keep=False).sum())
        adata.var_names_make_unique()
        text = f"{n_shared} genes share a symbol with another; '-1', '-2', ... were added to their names. "
        warn(f"{text}adata.var['gene_ids'] tells them apart.")


def place(adata: AnnData, coordinates: Any) -> None:
    """Put coordinates where every other part of the package looks for them."""
    adata.obsm[SPATIAL] = np.ascontiguousarray(coordinates, dtype=np.float64)


MICROMETRES, NANOBALLS = "micrometres", "nanoballs (0.5 micrometres)"
_KNOWN_UNITS = {MICROMETRES: 1.0, NANOBALLS: 0.5}


def record(adata: AnnData, platform: str, things: str, unit: str, **left_out: int) -> AnnData:
    """Write down what was read: platform, what a row is, the unit, and how much was left out."""
    adata.uns[SOURCE] = {"platform": platform, "rows": things, "unit": unit}
    if unit in _KNOWN_UNITS:
        adata.uns[MICROMETRES_PER_UNIT] = _KNOWN_UNITS[unit]
    taken_out = {name: int(number) for name, number in left_out.items() if number}
    if taken_out:
        adata.uns[SOURCE]["left_out"] = taken_out
    return adata


def took(adata: AnnData) -> str | None:
    """Say what was read, as in 'Xenium, 3,200 cells, micrometres'; None where nobody wrote it down."""
    source = adata.uns.get(SOURCE)
    if not isinstance(source, dict) or not {"platform", "rows", "unit"} <= set(source):
        return None
    line = f"{source['platform']}, {adata.n_obs:,} {source['rows']}, {source['unit']}"
    left_out = source.get("left_out", {})
    parts = ", ".join(f"{int(number):,} {name.replace('_', ' ')}" for name, number in left_out.items())
    return f"{line} (left out: {parts})" if parts else line


def text_of(value: Any) -> str:
    """Return text, of bytes or of text, as HDF5 files have either."""
    return value.decode() if isinstance(value, bytes) else str(value)


def texts(stored: Any) -> list[str]:
    """Return all of a dataset, or an array, as text."""
    return [text_of(value) for value in stored[:]]
