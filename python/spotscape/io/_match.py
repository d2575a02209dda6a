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
    counts, places
        The files, for messages.
    table
        Of places, named as the counts are; its columns go into ``obs``.
    things
        What a row is: cells, spots.
    """
    check_unique(places, table.index, "name")
    found = adata.obs_names.isin(table.index)
    if not found.any():
        names = [repr(str(one[0])) if len(one) else "none" for one in (adata.obs_names, table.index)]
        text = f"no name that {counts.name} has (there such as {names[0]}, here {names[1]})"
        raise input_error(named_path(places), text, f"the same {things} in both files")
    if not found.all():
        n_missing, n_all = int((~found).sum()), adata.n_obs
        warn(
            f"{n_missing:,} of {n_all:,} {things} in {counts.name} have no place in {places.name}: left out."
        )
        adata = adata[found].copy()
    extra = len(table) - adata.n_obs
    if extra:
        of_all = f"{extra:,} of {len(table):,} {things} in {places.name}"
        warn(f"{of_all} have no counts in {counts.name}: left out.")
    table = table.loc[adata.obs_names]
    for name in filter(None, table.columns):  # R writes row numbers without a name
        adata.obs[str(name)] = table[name].to_numpy()
    return adata


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
