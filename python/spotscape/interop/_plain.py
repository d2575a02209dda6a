"""Tables and records in types that reticulate knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd


def tables(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record with each table as its columns."""
    return {
        name: {column: column_of(value[column]) for column in value}
        if isinstance(value, pd.DataFrame)
        else plain(value)
        for name, value in record.items()
    }


def values_of(column: pd.Series) -> Any:
    """Return numbers as they are, all else as text, None where missing."""
    if pd.api.types.is_numeric_dtype(column):
        return column.to_numpy()
    return [None if gone else str(value) for value, gone in zip(column, column.isna(), strict=True)]


def column_of(values: pd.Series) -> Any:
    """Numbers as an array, all else as text."""
    return values.to_numpy() if pd.api.types.is_numeric_dtype(values) else [str(value) for value in values]


def index_of(names: Sequence[str]) -> pd.Index:
    """Names as a string index."""
    return pd.Index([str(name) for name in names])


def table_of(cells: Sequence[str], columns: Mapping[str, Sequence[Any]] | None) -> pd.DataFrame:
    """``obs`` of these cells."""
    return pd.DataFrame(dict(columns or {}), index=index_of(cells))


def plain(value: Any) -> Any:
    """Arrays of text as lists, numpy scalars as Python's, mappings all the way down."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray) and value.dtype.kind in "OUST":
        return [str(item) for item in value.ravel()]
    if isinstance(value, np.generic):
        return value.item()
    return value


def factor(codes: Sequence[int], levels: Sequence[str]) -> pd.Categorical:
    """Make a column of an R factor, in the order of its levels.

    Parameters
    ----------
    codes
        R's codes, from 1; 0 for NA.
    levels
        The factor's levels.

    Returns
    -------
    pandas.Categorical

    Examples
    --------
    >>> from spotscape.interop.reticulate import factor
    >>> list(factor([2, 0, 1], ["b", "a"]))
    ['a', nan, 'b']
    """
    return pd.Categorical.from_codes(np.asarray(codes, dtype=int) - 1, [str(level) for level in levels])
