"""Log expression, and the genes to go by: what `spotscape.pp` and a run do with counts that they found."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import sparse

from spotscape._logarithm import scale_to
from spotscape._validate import SpotscapeWarning, input_error
from spotscape.pp.counts import MANY_SPOTS, Counts, varies
from spotscape.pp.log_rows import LogRows
from spotscape.pp.spatial_genes import rank_by_pattern
from spotscape.pp.variable_genes import most_variable


def choose_genes(
    counts: Counts,
    n_top_genes: int,
    ranking: str,
    *,
    mean: Callable[[], sparse.csr_matrix],
    slices: pd.Categorical | None,
    among: np.ndarray | None = None,
) -> pd.Index:
    """Return the names of the genes to go by, in their order: see `spotscape.pp.select_genes`.

    Parameters
    ----------
    counts
        Raw counts.
    n_top_genes, ranking
        As there.
    mean
        Gives the mean over a spot and its neighbours, N x N; asked only where genes are ranked by pattern.
    slices
        Slice of each spot; None for one slice.
    among
        Mask of the genes that may be chosen; None for all.

    Raises
    ------
    InputError
        If every gene is constant.
    """
    usable = varies(counts.matrix)
    usable &= True if among is None else among
    if not usable.any():
        raise input_error(
            f"adata.{counts.source}",
            f"{len(usable)} gene(s), each with one count in all spots",
            "genes that differ between spots",
        )
    chosen = counts.var_names[usable]
    if len(chosen) <= n_top_genes:
        return chosen
    if ranking == "variable":
        matrix = counts.matrix if usable.all() else counts.matrix[:, usable]
        return most_variable(matrix, chosen, n_top_genes, slices)
    neighborhood = mean()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SpotscapeWarning)  # on empty spots: said by whoever goes on
        expression = log_expression(counts, np.flatnonzero(usable), by_rows=True)
    ranked = rank_by_pattern(expression, neighborhood, None if slices is None else slices.codes)
    return chosen[np.sort(ranked[:n_top_genes])]


def log_expression(
    counts: Counts,
    columns: np.ndarray,
    target_sum: float | None = None,
    totals: np.ndarray | None = None,
    *,
    by_rows: bool = False,
) -> sparse.csr_matrix | LogRows:
    """Return ``log(1 + x)`` of counts scaled to one total, N x columns, float32.

    Parameters
    ----------
    counts
        Raw counts.
    columns
        Numbers of the genes to return; a spot's total is over all of them.
    target_sum
        Total after scaling; None for the median total.
    totals
        Counts of each spot, where they are known; None to add them up.
    by_rows
        Make that of many spots row by row, when it is asked for.
    """
    totals = counts.totals() if totals is None else totals
    empty = totals == 0
    if empty.any():
        warnings.warn(
            f"{int(empty.sum())} of {len(totals)} spots have no counts in {counts.source}; their expression "
            "is taken as zero. Leave them out (sc.pp.filter_cells) if they are not tissue.",
            SpotscapeWarning,
            stacklevel=3,
        )
    target_sum = target_sum or median_of(totals)
    expression = LogRows(counts.matrix, columns, scale_to(target_sum, totals))
    return expression if by_rows and len(totals) > MANY_SPOTS else expression.whole()


def median_of(totals: np.ndarray) -> float:
    """Return the median of the spots' totals, those without counts left out."""
    return float(np.median(totals[totals > 0]))
