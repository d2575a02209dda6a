"""Columns, tables and settings: R's kinds of vectors -> pandas -> R's kinds.

| piece | pandas |
| --- | --- |
| ``factor``, ``ordered`` | categorical, with all levels in their order |
| ``logical``, ``integer`` | bool, int32; nullable where values are missing |
| ``double`` | float64 |
| ``character``, ``Date``, ``POSIXct`` | text; categorical where values are missing, as files hold no other |
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

LARGEST = 2**31 - 1
"""R's largest integer, and the largest number of values in a sparse matrix."""
_COLUMN, _TABLE = ".column", ".table"


def items(pieces: Mapping[str, Any], name: str) -> list[tuple[str, Any]]:
    """Return the named parts of a piece, none where R sent nothing."""
    return list((pieces.get(name) or {}).items())


def as_texts(values: Any) -> list[str]:
    """Return text from R, which sends one string as it is, as a list; nothing as an empty one."""
    if values is None:
        return []
    return [str(value) for value in np.ravel(np.asarray(values, dtype=object))]


def _integers(values: Any) -> np.ndarray:
    found = np.asarray([] if values is None else values, dtype=np.float64)
    return np.atleast_1d(found).ravel().astype(np.int64)


def _column(piece: Mapping[str, Any]) -> Any:
    """Return the values of a column, of the pandas type that knows what is missing."""
    kind, missing = str(piece["kind"]), _integers(piece.get("missing"))
    if kind in ("factor", "ordered"):
        codes = _integers(piece["values"]) - 1
        codes[missing] = -1
        return pd.Categorical.from_codes(codes, as_texts(piece.get("levels")), ordered=kind == "ordered")
    if kind in ("logical", "integer"):
        return _whole(_integers(piece["values"]), missing, kind)
    if kind == "double":
        return np.array(piece["values"], dtype=np.float64, ndmin=1).ravel()
    texts = np.array(as_texts(piece["values"]), dtype=object)
    if len(missing):
        texts[missing] = None
        return pd.Categorical(texts)
    return texts


def _whole(values: np.ndarray, missing: np.ndarray, kind: str) -> Any:
    values = values.astype(bool if kind == "logical" else np.int32)
    if not len(missing):
        return values
    mask = np.zeros(len(values), dtype=bool)
    mask[missing] = True
    array = pd.arrays.BooleanArray if kind == "logical" else pd.arrays.IntegerArray
    return array(values, mask)


def as_table(piece: Mapping[str, Any]) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return a table, and of which kind each of its columns is in R."""
    columns = dict(piece.get("columns") or {})
    index = pd.Index(as_texts(piece["names"]), dtype=object)
    frame = pd.DataFrame({name: _column(one) for name, one in columns.items()}, index=index)
    return frame, {name: str(one["kind"]) for name, one in columns.items()}


def _column_piece(values: pd.Series, kind: str | None) -> dict[str, Any] | None:
    """Return a column for R; ``kind`` is what it was there, if it was."""
    dtype = values.dtype
    missing = np.flatnonzero(values.isna().to_numpy())
    piece: dict[str, Any] = {"missing": missing}
    if isinstance(dtype, pd.CategoricalDtype) and kind not in ("character", "Date") and not _is_time(kind):
        levels = [str(level) for level in dtype.categories]
        codes = values.cat.codes.to_numpy().astype(np.int32) + 1
        return piece | {"kind": "ordered" if dtype.ordered else "factor", "values": codes, "levels": levels}
    if isinstance(dtype, pd.CategoricalDtype):
        values = values.astype(object)
    elif pd.api.types.is_bool_dtype(dtype):
        return piece | {"kind": "logical", "values": values.fillna(False).to_numpy(dtype=np.int32)}
    elif pd.api.types.is_integer_dtype(dtype):
        whole = values.fillna(0).to_numpy(dtype=np.int64)
        if len(whole) == 0 or np.abs(whole).max() <= LARGEST:
            return piece | {"kind": "integer", "values": whole.astype(np.int32)}
        return piece | {"kind": "double", "values": whole.astype(np.float64)}
    elif pd.api.types.is_float_dtype(dtype):
        return piece | {"kind": "double", "values": values.to_numpy(dtype=np.float64, na_value=np.nan)}
    elif pd.api.types.is_datetime64_any_dtype(dtype):
        utc = values if values.dt.tz is None else values.dt.tz_convert("UTC")
        zone = "UTC" if values.dt.tz is None else str(values.dt.tz)
        values, kind = utc.dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ").astype(object), f"POSIXct {zone}"
    if not all(isinstance(value, str) for value in values[values.notna()]):
        return None
    texts = ["" if gone else str(value) for value, gone in zip(values, values.isna(), strict=True)]
    return piece | {"kind": kind if kind == "Date" or _is_time(kind) else "character", "values": texts}


def _is_time(kind: str | None) -> bool:
    """Whether a column holds moments in R; its kind also says in which time zone they are shown there."""
    return kind is not None and kind.startswith("POSIXct")


def table_piece(frame: pd.DataFrame, kinds: Mapping[str, Any], name: str, lost: list[str]) -> dict[str, Any]:
    """Return a table for R, without the columns that it cannot have."""
    columns = {}
    for column in frame.columns:
        piece = _column_piece(frame[column], str(kinds[column]) if column in kinds else None)
        if piece is None:
            lost.append(f"{name}[{column!r}], which holds values of several kinds")
        else:
            columns[str(column)] = piece
    return {"names": [str(value) for value in frame.index], "columns": columns}


def native(value: Any) -> Any:
    """Turn what R said into Python's own types."""
    if not isinstance(value, Mapping):
        return value
    if set(value) == {_TABLE}:
        return as_table(value[_TABLE])[0]
    if set(value) == {_COLUMN}:
        found = _column(value[_COLUMN])
        if not value[_COLUMN].get("scalar"):
            return found
        first = found[0]
        return first.item() if isinstance(first, np.generic) else first
    return {str(key): native(item) for key, item in value.items() if item is not None}


def plain(value: Any, name: str, lost: list[str]) -> Any:
    """Turn Python's own types into what R can be told; None where it cannot."""
    if isinstance(value, Mapping):
        parts = {str(key): plain(item, f"{name}[{key!r}]", lost) for key, item in value.items()}
        return {key: item for key, item in parts.items() if item is not None}
    if isinstance(value, pd.DataFrame):
        return {_TABLE: table_piece(value, {}, name, lost)}
    if isinstance(value, np.ndarray) and value.ndim == 2 and value.dtype.kind in "fiub":
        return value.astype(np.float64)
    scalar = isinstance(value, str | bool | int | float | np.generic)
    if scalar or (
        isinstance(value, list | tuple | np.ndarray | pd.api.extensions.ExtensionArray)
        and np.ndim(value) == 1
    ):
        piece = _column_piece(pd.Series([value] if scalar else value), None)
        if piece is not None:
            return {_COLUMN: piece | {"scalar": scalar}}
    if value is not None:
        lost.append(name)
    return None
