"""Whether an object can be written, before work whose result it is to hold: column by column, by name."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
from anndata import AnnData

from spotscape._validate import input_error

_TEXT = ("string", "empty")
_RESERVED = "_index"


def check_writable(adata: AnnData) -> None:
    """Raise where ``.h5ad`` cannot hold a column of an object; the error names it.

    Parameters
    ----------
    adata
        Not changed.

    Raises
    ------
    InputError
        For a column of ``obs``, ``var`` or ``raw.var`` with values of several kinds, or a reserved name.

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
