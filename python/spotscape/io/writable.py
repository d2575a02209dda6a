"""Whether an object can be written, before work whose result it is to hold: part by part, by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import h5py
import numpy as np
import pandas as pd
from anndata import AnnData
from anndata.io import write_elem
from scipy import sparse

from spotscape._validate import input_error

_TEXT = ("string", "empty")
_RESERVED = "_index"


def check_writable(adata: AnnData) -> None:
    """Raise where ``.h5ad`` cannot hold a part of an object; the error names it.

    Parameters
    ----------
    adata
        Not changed.

    Raises
    ------
    InputError
        For a column of ``obs``, ``var`` or ``raw.var`` with values of several kinds, or a reserved name; for
        what is in ``uns`` and can be in no file; for names in ``uns``, ``layers``, ``obsm``, ... that are no
        text, or have a ``/``, which in a file begins another level.

    Examples
    --------
    >>> import anndata, numpy as np
    >>> from spotscape.io import check_writable
    >>> check_writable(anndata.AnnData(np.ones((3, 2), dtype="float32")))
    """
    check_columns("adata.obs", [adata.obs])
    check_columns("adata.var", [adata.var])
    if adata.raw is not None:
        check_columns("adata.raw.var", [adata.raw.var])
    for slot in ("layers", "obsm", "varm", "obsp", "varp"):
        for key, value in getattr(adata, slot).items():
            where = f"adata.{slot}[{key!r}]"
            _check_name(where, key)
            if isinstance(value, pd.DataFrame):
                check_columns(where, [value])
    _check_values("adata.uns", adata.uns)


def check_columns(name: str, tables: Iterable[pd.DataFrame]) -> None:
    """Raise where a column of tables that are to be put under each other cannot be written.

    Parameters
    ----------
    name
        What to call them, such as ``"adata.obs"``.
    tables
        One, or those of several slices.
    """
    tables = list(tables)
    for column in dict.fromkeys(column for table in tables for column in table.columns):
        where = f"{name}[{column!r}]"
        if not isinstance(column, str):
            raise input_error(where, "a name that is no text", "text", "Rename it or leave it out.")
        if column == _RESERVED:
            raise input_error(
                where, "a name that files keep for themselves", "another", "Rename or delete it."
            )
        parts = [table[column] for table in tables if column in table.columns]
        values = parts[0] if len(tables) == 1 else pd.concat(parts)
        if len(parts) < len(tables) and not isinstance(values.dtype, pd.CategoricalDtype):
            # where a slice lacks the column its spots have NaN
            values = values.astype(object) if values.dtype == bool else values
        kind = pd.api.types.infer_dtype(values, skipna=True)
        if isinstance(values.dtype, pd.CategoricalDtype):
            kind = pd.api.types.infer_dtype(values.cat.categories, skipna=True)
            if kind not in (*_TEXT, "integer", "floating", "boolean", "mixed-integer-float"):
                raise _kinds(where, kind)
        elif isinstance(values.dtype, pd.StringDtype) and values.isna().any():
            found = f"text of pandas' own type, missing for {int(values.isna().sum())} rows"
            raise input_error(where, found, "text, or a category", "Make it a category: .astype('category').")
        elif values.dtype == object and kind not in _TEXT:
            raise _kinds(where, kind)


def _kinds(where: str, kind: str) -> Exception:
    found = f"values of several kinds, or of one that files do not hold ({kind})"
    todo = "Bring them to one kind, such as text (.astype(str)), or leave the column out."
    return input_error(where, found, "numbers, text or categories", todo)


def _check_name(where: str, key: Any) -> None:
    """Raise where a name cannot be one in a file."""
    if not isinstance(key, str):
        raise input_error(where, "a name that is no text", "text", "Rename it or leave it out.")
    if "/" in key:
        raise input_error(
            where, "a name with '/', which begins another level in a file", "one without", "Rename it."
        )


def _check_values(where: str, values: Mapping[Any, Any]) -> None:
    """Raise where a dictionary, at any depth, holds what a file cannot."""
    for key, value in values.items():
        name = f"{where}[{key!r}]"
        _check_name(name, key)
        if isinstance(value, Mapping):
            _check_values(name, value)
        elif not _is_plain(value):
            _try_to_write(name, value)


def _is_plain(value: Any) -> bool:
    """Tell whether a value is one that files hold, whatever it says: most are, and may be large."""
    if isinstance(value, str | bool | int | float):
        return True
    return sparse.issparse(value) or (isinstance(value, np.ndarray) and value.dtype.kind in "biuf")


def _try_to_write(name: str, value: Any) -> None:
    """Raise where anndata does not write a value: tried, in memory."""
    if isinstance(value, pd.DataFrame):
        check_columns(name, [value])
    with h5py.File("memory", "w", driver="core", backing_store=False) as file:
        try:
            write_elem(file, "value", value)
        except Exception as error:
            found = f"a value of type {type(value).__name__}, which files do not hold"
            todo = "Make it text, a number, an array or a table, or delete it."
            raise input_error(
                name, found, "arrays, tables, text, numbers, and dictionaries of these", todo
            ) from error
