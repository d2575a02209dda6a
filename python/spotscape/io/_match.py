"""Counts of one file and places of another, put together by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from spotscape._keys import CONTROLS
from spotscape._paths import named_path
from spotscape._validate import input_error
from spotscape.io.common import check_unique, warn


def with_rows_of(adata: AnnData, counts: Path, table: pd.DataFrame, places: Path, things: str) -> AnnData:
    """Return the rows of counts that the table of places has, in the order of the counts, with its columns.

    Parameters
    ----------
    adata
        Counts, named.
    counts, places, table, things
        As in `match_rows`.
    """
    found, obs = match_rows(adata.obs_names, counts, table, places, things)
    adata = adata if found.all() else adata[found].copy()
    for name in obs.columns:
        adata.obs[name] = obs[name].to_numpy()
    return adata


def rows_of(names: pd.Index, others: pd.Index) -> np.ndarray:
    """Return where among others each name is, -1 for nowhere; both without a name twice."""
    # Asked of the names of counts, so that one table of hashes serves, which is theirs to keep.
    row_of = names.get_indexer(others)
    at = np.full(len(names), -1)
    at[row_of[row_of >= 0]] = np.flatnonzero(row_of >= 0)
    return at


def match_rows(
    names: pd.Index, counts: Path, table: pd.DataFrame, places: Path, things: str
) -> tuple[np.ndarray, pd.DataFrame]:
    """Return which rows of counts the table of places has, and its columns for these, in their order.

    Parameters
    ----------
    names
        Of the rows of counts.
    counts, places
        The files, for messages.
    table
        Of places, named as the counts are; its columns are for ``obs``.
    things
        What a row is: cells, spots.
    """
    check_unique(places, table.index, "name")
    at = rows_of(names, table.index)
    found = at >= 0
    if not found.any():
        texts = [repr(str(one[0])) if len(one) else "none" for one in (names, table.index)]
        text = f"no name that {counts.name} has (there such as {texts[0]}, here {texts[1]})"
        raise input_error(named_path(places), text, f"the same {things} in both files")
    n_found = int(found.sum())
    if n_found < len(names):
        of_all = f"{len(names) - n_found:,} of {len(names):,} {things} in {counts.name}"
        warn(f"{of_all} have no place in {places.name}: left out.")
    if n_found < len(table):
        of_all = f"{len(table) - n_found:,} of {len(table):,} {things} in {places.name}"
        warn(f"{of_all} have no counts in {counts.name}: left out.")
    columns = [name for name in table.columns if name]  # R writes row numbers without a name
    obs = table[columns].take(at[found])
    obs.index = names if n_found == len(names) else names[found]
    obs.columns = [str(name) for name in columns]
    return found, obs


def without_controls(
    rows: list[str], columns: list[str], matrix: sparse.csr_matrix, is_control: np.ndarray
) -> AnnData:
    """Make an AnnData of genes, with the sum of the control features in ``obs``."""
    is_control = np.asarray(is_control, dtype=bool)
    genes = pd.DataFrame(index=pd.Index(np.asarray(columns, dtype=object)[~is_control], dtype=str))
    counts = matrix[:, ~is_control] if is_control.any() else matrix
    adata = AnnData(counts.tocsr(), obs=pd.DataFrame(index=pd.Index(rows, dtype=str)), var=genes)
    if is_control.any():
        adata.obs[CONTROLS] = np.asarray(matrix[:, is_control].sum(axis=1)).ravel().astype(np.int64)
    return adata
