"""Tables of deconvolution as proportions: checked, and made to sum to one where that was asked for."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from spotscape._validate import input_error

TOLERANCE = 0.01
"""How far from 1 a spot's proportions may sum: rounded tables are no further."""
_CELL2LOCATION = re.compile(r"^(means|q05|q95)_?cell_abundance_w_sf_")
_RESIDUAL = "res_ss"
"""A column that early versions of SPOTlight put after the cell types."""


def proportions(table: pd.DataFrame, name: str, *, normalize: bool) -> pd.DataFrame:
    """Return proportions that sum to 1 in each spot; a spot without any estimate is NaN throughout.

    Abundances of cell2location are known by the names of their columns, which end up as the names of the
    types. They are always divided by their sum.

    Parameters
    ----------
    table
        Spots x cell types.
    name
        What the table is called in messages.
    normalize
        Divide each row by its sum.

    Raises
    ------
    InputError
        If there is no column, or one is not of numbers, or twice there; if a value is negative, infinite, or
        missing beside others; if rows do not sum to 1.

    Examples
    --------
    >>> import pandas as pd
    >>> from spotscape.annotation.proportions import proportions
    >>> proportions(pd.DataFrame({"neuron": [3.0, 0.0], "glia": [1.0, 2.0]}), "weights", normalize=True)
       neuron  glia
    0    0.75  0.25
    1    0.00  1.00
    """
    table = table.rename(columns=str).drop(columns=_RESIDUAL, errors="ignore")
    abundances = table.shape[1] > 0 and all(_CELL2LOCATION.match(column) for column in table)
    if abundances:
        table = table.rename(columns=lambda column: _CELL2LOCATION.sub("", column))
    if not table.shape[1]:
        raise input_error(name, "no column", "a column for each cell type")
    twice = table.columns[table.columns.duplicated()]
    if len(twice):
        raise input_error(name, f"two columns {twice[0]!r}", "each cell type once")
    text = [column for column in table if not pd.api.types.is_numeric_dtype(table[column])]
    if text:
        raise input_error(name, f"column {text[0]!r}, which is not of numbers", "the part of each cell type")
    values = table.to_numpy(dtype=np.float64)
    _check_values(values, list(table), name)
    with np.errstate(invalid="ignore"):  # R's NA makes numpy warn
        sums = values.sum(axis=1)
    known = ~np.isnan(sums)
    if not (normalize or abundances):
        _check_sums(sums[known], name)
    with np.errstate(invalid="ignore"):
        values = np.where(sums[:, None] > 0, values / sums[:, None], np.nan)
    return pd.DataFrame(values, index=table.index, columns=table.columns)


def _check_values(values: np.ndarray, columns: list[str], name: str) -> None:
    """Raise for what no proportion can be, and say where it is."""
    expected = "proportions of 0 or more"
    for bad, found in ((values < 0, "negative value(s)"), (np.isinf(values), "infinite value(s)")):
        if bad.any():
            worst = columns[int(np.argmax(bad.sum(axis=0)))]
            raise input_error(name, f"{int(bad.sum())} {found}, such as in column {worst!r}", expected)
    missing = np.isnan(values)
    partly = missing.any(axis=1) & ~missing.all(axis=1)
    if partly.any():
        found = f"{int(partly.sum())} spot(s) with NaN for some cell types"
        raise input_error(name, found, "numbers for all types, or NaN for all where a spot has no estimate")


def _check_sums(sums: np.ndarray, name: str) -> None:
    """Raise where rows do not sum to 1, and say how far they are from it."""
    off = np.abs(sums - 1) > TOLERANCE
    if not off.any():
        return
    found = (
        f"{int(off.sum()):,} of {len(sums):,} spots that do not sum to 1 (from {sums.min():.3g} to "
        f"{sums.max():.3g}, median {np.median(sums):.3g})"
    )
    todo = "normalize=True divides each spot by its sum, as weights of RCTD and abundances need."
    raise input_error(name, found, f"proportions that sum to 1, by {TOLERANCE:g} at most", todo)
