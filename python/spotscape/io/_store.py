"""Results into the table of a SpatialData store; every other byte of it stays."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import zarr
from anndata.io import read_elem, write_elem

from spotscape._paths import first_line, named_path, reading
from spotscape._validate import input_error
from spotscape.io.spatial_data import find_table, table_folder

_MARKS = (".zgroup", ".zarray", ".zattrs")
"""Files of Zarr 2 that hold what a consolidated file repeats."""
_CONSOLIDATED = (".zmetadata", "zmetadata")


def update_table(
    path: Path,
    table: str | None,
    names: pd.Index,
    columns: Mapping[str, pd.Series],
    arrays: Mapping[str, np.ndarray],
) -> None:
    """Write columns into ``obs`` and arrays into ``obsm`` of a table, row by row of the same name.

    Rows of the table that are not among ``names`` have no value. What is written replaces what had its name,
    and is listed in the table last, so that a write which fails half way adds nothing that is read.

    Parameters
    ----------
    path
        The store, or a table's folder in it.
    table
        The table's name; None where there is one.
    names
        Of the rows of ``columns`` and ``arrays``.
    columns, arrays
        By the name they are to have.
    """
    store, table = find_table(path, table)
    folder = table_folder(store, table)
    with reading(folder, "a table of a SpatialData store"):
        group = zarr.open_group(folder, mode="r+", use_consolidated=False)
        rows = pd.Index(read_elem(group["obs"]).index)
    where = rows.get_indexer(names)
    if (where < 0).any():
        n_others = int((where < 0).sum())
        found = f"{n_others} of {len(names)} names that table {table!r} does not have"
        raise input_error(named_path(folder), found, "the table that the slice was read from")
    place = names.get_indexer(rows)
    try:
        for name, column in columns.items():
            write_elem(group["obs"], name, _spread(column, place))
        for name, array in arrays.items():
            whole = np.full((len(rows), array.shape[1]), np.nan, array.dtype)
            whole[where] = array
            write_elem(group["obsm"], name, whole)
        order = [str(name) for name in group["obs"].attrs.get("column-order", [])]
        group["obs"].attrs["column-order"] = [*order, *(name for name in columns if name not in order)]
        for above in (folder, folder.parent, store):
            _refresh(above, folder)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else first_line(error)
        expected = "a store with the right to write and enough space"
        raise input_error(named_path(store), f"that it cannot be written ({reason})", expected) from error


def _spread(column: pd.Series, place: np.ndarray) -> Any:
    """Return a column in the order of the table; nothing in rows that it does not have."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes = np.append(column.cat.codes.to_numpy(), -1)[place]
        return pd.Categorical.from_codes(codes, categories=column.cat.categories.astype(str))
    return np.append(column.to_numpy(np.float64), np.nan)[place]


def _refresh(above: Path, table: Path) -> None:
    """Bring what a folder repeats of the metadata below it (consolidated) up to date, for the table only."""
    inside = table.relative_to(above).as_posix()
    prefix = "" if inside == "." else f"{inside}/"
    for name in _CONSOLIDATED:
        file = above / name
        if file.is_file():
            whole = json.loads(file.read_text(encoding="utf-8"))
            whole["metadata"] = _without(whole["metadata"], prefix) | _marks_of(table, prefix)
            _replace(file, whole)
    file = above / "zarr.json"
    whole = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    if whole.get("consolidated_metadata"):
        kept = _without(whole["consolidated_metadata"]["metadata"], prefix, inside)
        whole["consolidated_metadata"]["metadata"] = kept | _nodes_of(table, prefix)
        _replace(file, whole)


def _without(known: dict[str, Any], prefix: str, itself: str = "") -> dict[str, Any]:
    return {key: value for key, value in known.items() if not key.startswith(prefix) and key != itself}


def _marks_of(table: Path, prefix: str) -> dict[str, Any]:
    """Return the metadata of Zarr 2 at and below a table, by path."""
    files = sorted(file for file in table.rglob(".z*") if file.name in _MARKS)
    return {
        f"{prefix}{file.relative_to(table).as_posix()}": json.loads(file.read_text(encoding="utf-8"))
        for file in files
    }


def _nodes_of(table: Path, prefix: str) -> dict[str, Any]:
    """Return the metadata of Zarr 3 at and below a table, by path; without what those repeat themselves."""
    found = {}
    for file in sorted(table.rglob("zarr.json")):
        inside = file.parent.relative_to(table).as_posix()
        key = prefix.rstrip("/") if inside == "." else f"{prefix}{inside}"
        if key:
            node = json.loads(file.read_text(encoding="utf-8"))
            node.pop("consolidated_metadata", None)
            found[key] = node
    return found


def _replace(file: Path, whole: dict[str, Any]) -> None:
    """Write a file whole or not at all."""
    temporary = file.with_name(f".{file.name}-{secrets.token_hex(4)}")
    try:
        temporary.write_text(json.dumps(whole, indent=2), encoding="utf-8")
        os.replace(temporary, file)
    finally:
        temporary.unlink(missing_ok=True)
