"""The most variable genes, by seurat_v3 on raw counts, with a way out where its fit fails."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from spotscape import _keys
from spotscape._threads import threads_kept
from spotscape._validate import SpotscapeWarning

_SPANS = (0.3, 0.5, 0.7, 1.0)
"""Shares of genes in a local fit: seurat_v3's own, then wider ones for when that fit is singular."""


def most_variable(
    matrix: sparse.csr_matrix, names: pd.Index, n_top_genes: int, slices: pd.Categorical | None
) -> pd.Index:
    """Return the names of the most variable genes by seurat_v3, or by variance / mean where that fails."""
    import scanpy as sc  # takes seconds, and most calls need none of it

    counts = AnnData(matrix, var=pd.DataFrame(index=names))
    if slices is not None:
        counts.obs[_keys.SLICE] = slices
    for span in _SPANS:
        try:
            with threads_kept(), warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                table = sc.pp.highly_variable_genes(
                    counts,
                    flavor="seurat_v3",
                    n_top_genes=n_top_genes,
                    span=span,
                    batch_key=None if slices is None else _keys.SLICE,
                    check_values=False,
                    inplace=False,
                )
        except ValueError:  # what loess raises for a near singular fit
            continue
        # over slices it is a mean, in which a gene that one of them never shows counts as missing there
        if slices is not None or np.isfinite(table["variances_norm"]).all():
            if span != _SPANS[0]:
                _warn_about_fit(f"a wider window (span {span:g}) was used")
            return names[table["highly_variable"].to_numpy()]
    _warn_about_fit("genes were ranked by variance / mean")
    mean = np.asarray(matrix.mean(axis=0)).ravel()
    square = np.asarray(matrix.astype(np.float64).power(2).mean(axis=0)).ravel()
    ratio = (square - mean**2) / mean
    return names[np.sort(np.argsort(-ratio, kind="stable")[:n_top_genes])]


def _warn_about_fit(what_was_done: str) -> None:
    """Say that seurat_v3's fit did not work, on the line of the user's call."""
    warnings.warn(
        "The fit of variance to mean (seurat_v3) failed, as it does with few genes or counts; "
        f"{what_was_done}. Set n_top_genes to the number of genes to use them all.",
        SpotscapeWarning,
        stacklevel=4,
    )
