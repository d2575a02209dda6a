"""The cell types of each spot, from wherever an object or the user has them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from spotscape._validate import SpotscapeWarning, describe, input_error
from spotscape.annotation.proportions import proportions
from spotscape.annotation.signatures import type_amounts
from spotscape.pp import find_counts

_ONE_OF = "the name of a column of obs or of a table in obsm, names of several columns, or a DataFrame"


def read_cell_types(
    adata: AnnData, cell_types: Any, signatures: Any, *, normalize: bool, layer: str | None
) -> pd.DataFrame:
    """Return spots x cell types, rows that sum to 1; NaN throughout where a spot has none."""
    if (cell_types is None) == (signatures is None):
        found = "neither it nor signatures" if cell_types is None else "both it and signatures"
        raise input_error("cell_types", found, "one of the two")
    if signatures is not None:
        return _from_signatures(adata, signatures, layer)
    if isinstance(cell_types, pd.DataFrame):
        return proportions(_by_spot(cell_types, adata), "cell_types", normalize=normalize)
    if isinstance(cell_types, str):
        in_obs, in_obsm = cell_types in adata.obs, cell_types in adata.obsm
        if in_obs and in_obsm:
            raise input_error(
                "cell_types", f"{cell_types!r}, a column and a table", "a name that is one of both"
            )
        if in_obs:
            return _from_labels(adata.obs[cell_types], cell_types)
        if in_obsm:
            name = f"adata.obsm[{cell_types!r}]"
            return proportions(_named(adata.obsm[cell_types], name), name, normalize=normalize)
        known = ", ".join(repr(str(name)) for name in [*adata.obs, *adata.obsm]) or "nothing"
        raise input_error("cell_types", repr(cell_types), f"{_ONE_OF} (there are: {known})")
    if not isinstance(cell_types, Sequence) or not len(cell_types):
        raise input_error("cell_types", type(cell_types).__name__, _ONE_OF)
    unknown = [name for name in cell_types if name not in adata.obs]
    if unknown:
        known = ", ".join(repr(str(name)) for name in adata.obs) or "nothing"
        raise input_error("cell_types", describe(unknown[0]), f"columns of adata.obs (it has: {known})")
    return proportions(adata.obs[list(cell_types)], "cell_types", normalize=normalize)


def _from_labels(column: pd.Series, name: str) -> pd.DataFrame:
    """Return 1 for a spot's own type."""
    if pd.api.types.is_float_dtype(column.dtype):
        todo = "For proportions name all their columns, or a table in obsm."
        raise input_error(f"adata.obs[{name!r}]", "decimal numbers", "the cell type of each spot", todo)
    labels = pd.Categorical(column)
    labels = labels.rename_categories([str(one) for one in labels.categories])
    labels[np.asarray(labels == "")] = np.nan
    labels = labels.remove_unused_categories()
    if not len(labels.categories):
        raise input_error(f"adata.obs[{name!r}]", "no spot with a cell type", "the type of each spot")
    values = np.eye(len(labels.categories))[labels.codes]
    values[labels.codes < 0] = np.nan
    return pd.DataFrame(values, index=column.index, columns=list(labels.categories))


def _named(values: Any, name: str) -> pd.DataFrame:
    """Return a table of ``obsm`` with the names of the types."""
    if isinstance(values, pd.DataFrame):
        return values
    names = getattr(values, "dtype", np.dtype(float)).names
    if names:  # a structured array
        return pd.DataFrame({one: np.ravel(values[one]) for one in names})
    todo = "Make it pandas.DataFrame(values, index=adata.obs_names, columns=names of the types)."
    raise input_error(name, f"{type(values).__name__} without names of columns", "a DataFrame", todo)


def _by_spot(table: pd.DataFrame, adata: AnnData) -> pd.DataFrame:
    """Return the rows of a table in the order of the spots; NaN for spots that it lacks."""
    index = table.index.astype(str)
    if index.has_duplicates:
        raise input_error("cell_types", f"row {index[index.duplicated()][0]!r} twice", "each spot once")
    if not index.isin(adata.obs_names).any():
        found = f"rows such as {index[0]!r}" if len(index) else "no row"
        raise input_error("cell_types", found, f"names of spots, such as {adata.obs_names[0]!r}")
    return table.set_axis(index).reindex(adata.obs_names)


def _from_signatures(adata: AnnData, signatures: Any, layer: str | None) -> pd.DataFrame:
    """Return the part of each cell type that fits a spot's counts best."""
    if not isinstance(signatures, pd.DataFrame):
        raise input_error("signatures", type(signatures).__name__, "a DataFrame, genes x cell types")
    table = signatures.set_axis(signatures.index.astype(str)).rename(columns=str)
    for names, what in ((table.index, "gene"), (table.columns, "cell type")):
        if names.has_duplicates:
            found = f"{what} {names[names.duplicated()][0]!r} twice"
            raise input_error("signatures", found, f"each {what} once")
    text = [one for one in table if not pd.api.types.is_numeric_dtype(table[one])]
    if text:
        raise input_error("signatures", f"column {text[0]!r}, which is not of numbers", "expression")
    values = table.to_numpy(dtype=np.float64)
    if not np.isfinite(values).all() or (values < 0).any():
        todo = "Take mean counts, not logarithms or scaled values."
        raise input_error("signatures", "negative or missing values", "0 or more", todo)
    counts = find_counts(adata, layer=layer)
    shared = table.index.isin(counts.var_names)
    n_absent = int((~shared).sum())
    table, values = table[shared], values[shared]
    if not table.shape[1] or np.linalg.matrix_rank(values) < table.shape[1]:
        found = (
            f"{table.shape[1]} cell types that cannot be told apart by those of their genes that "
            f"{counts.source} has ({len(table)} of {len(shared)})"
        )
        raise input_error("signatures", found, "profiles that differ, of as many genes as types or more")
    if n_absent:
        text = f"{n_absent} of {len(shared)} genes of the signatures are not in the object, and not used."
        warnings.warn(text, SpotscapeWarning, stacklevel=4)
    columns = counts.var_names.get_indexer(table.index)
    amounts = type_amounts(counts.matrix[:, columns].tocsr(), values)
    found = pd.DataFrame(amounts, index=adata.obs_names, columns=list(table))
    return proportions(found, "signatures", normalize=True)
