"""Counts, genes and normalisation: everything between an AnnData and the matrix a model is trained on.

Nothing here changes the user's counts: ``X``, the layers and ``raw`` are read, and results are new.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from spotscape import _keys
from spotscape._adata import in_memory_copy
from spotscape._docs import filled
from spotscape._neighborhood import neighborhood_mean
from spotscape._slices import read_slices
from spotscape._validate import (
    check_choice,
    check_integer,
    check_number,
    input_error,
)
from spotscape.config import GENE_RANKINGS
from spotscape.pp.counts import Counts
from spotscape.pp.expression import choose_genes, log_expression, median_of
from spotscape.pp.find import find_counts


@filled()
def select_genes(
    adata: AnnData,
    *,
    n_top_genes: int = 3000,
    ranking: str = "spatial",
    slice_key: str | None = None,
    layer: str | None = None,
    key_added: str = _keys.KEY_ADDED,
    copy: bool = False,
) -> AnnData | None:
    """Choose genes: those with the clearest spatial pattern, or all of a small panel.

    Genes that are constant over the spots, such as genes that were never seen, are never chosen. All other
    genes are taken if there are at most ``n_top_genes``.

    Parameters
    ----------
    adata
        Spots x genes, with raw counts somewhere (see `find_counts`) and, for a spatial ranking of more than
        ``n_top_genes`` genes, the spatial graph in ``obsp["spatial_connectivities"]`` (see `spotscape.gr`).
    n_top_genes
        How many genes to choose, at most.
    ranking
        ``"spatial"``: by how alike expression is in a spot and around it [1]_, that is the correlation of a
        gene's log expression (counts scaled to the median total) with its mean over direct neighbours. Genes
        seen in fewer than 1 % of the spots, or 3, come last. ``"variable"``: by scanpy's ``seurat_v3`` on raw
        counts [2]_, which fits the variance as a smooth function of the mean; where there are too few genes
        for the fit, wider windows are tried and then the ratio of variance to mean is used, with a warning.
    slice_key
        Name in ``obs`` of the slices, where there are several: genes are then ranked within each slice, so
        that a difference between slices ranks no gene high. None for one slice.
    layer
        Layer that holds the counts; None to look everywhere.
    key_added
        Stem of the name written to.
    copy
        {copy}

    Returns
    -------
    None, or the copy. Writes ``var["<key_added>_genes"]``, bool: the chosen genes.

    Raises
    ------
    InputError
        If there are no raw counts, no spatial graph where one is needed, ``n_top_genes`` is no integer >= 1,
        or every gene is constant.

    References
    ----------
    .. [1] Moran (1950), Notes on continuous stochastic phenomena, Biometrika 37.
    .. [2] Stuart et al. (2019), Comprehensive integration of single-cell data, Cell 177.

    Examples
    --------
    >>> import anndata, numpy as np
    >>> from spotscape.pp import select_genes
    >>> adata = anndata.AnnData(np.array([[5, 0, 3], [5, 0, 1], [5, 0, 0]], dtype="float32"))
    >>> select_genes(adata)
    >>> adata.var["spotscape_genes"].tolist()
    [False, False, True]
    """
    n_top_genes = check_integer("n_top_genes", n_top_genes, 1)
    check_choice("ranking", ranking, GENE_RANKINGS)
    slices = None if slice_key is None else read_slices(adata, slice_key)
    counts = find_counts(adata, layer=layer)
    chosen = choose_genes(
        counts,
        n_top_genes,
        ranking,
        mean=lambda: neighborhood_mean(_graph(adata)),
        slices=slices,
        among=counts.var_names.isin(adata.var_names),
    )
    if copy:
        adata = in_memory_copy(adata)
    adata.var[_keys.genes(key_added)] = adata.var_names.isin(chosen)
    return adata if copy else None


def normalized_expression(
    adata: AnnData,
    *,
    genes: Sequence[str] | Sequence[bool] | pd.Index | pd.Series | np.ndarray | None = None,
    layer: str | None = None,
    target_sum: float | None = None,
) -> sparse.csr_matrix:
    """Scale each spot to the same total, and take ``log(1 + x)``.

    The total of a spot is over all genes of the matrix that the counts were found in, also when only some of
    them are asked for. A spot without counts gets a row of zeros, and a warning says how many there are.

    Parameters
    ----------
    adata
        Spots x genes, with raw counts somewhere (see `find_counts`). Not changed.
    genes
        Which columns to return, in this order: names, or a mask over ``adata.var``. None for all of
        ``adata.var_names``.
    layer
        Layer that holds the counts; None to look everywhere.
    target_sum
        Total of a spot after scaling, before the logarithm; None for the median total of the spots that have
        counts (see `median_total`).

    Returns
    -------
    scipy.sparse.csr_matrix
        n_obs x n_genes, float32.

    Raises
    ------
    InputError
        If there are no raw counts, ``target_sum`` is not a positive number, or a gene is unknown.

    Examples
    --------
    >>> import anndata, numpy as np
    >>> from spotscape.pp import normalized_expression
    >>> adata = anndata.AnnData(np.array([[1, 3], [2, 0]], dtype="float32"))
    >>> np.expm1(normalized_expression(adata, target_sum=100).toarray()).round(3).tolist()
    [[25.0, 75.0], [100.0, 0.0]]
    """
    if target_sum is not None:
        target_sum = check_number("target_sum", target_sum, 1e-6)
    counts = find_counts(adata, layer=layer)
    columns = _columns(adata, counts, genes)
    return log_expression(counts, columns, target_sum)


def median_total(adata: AnnData, *, layer: str | None = None) -> float:
    """Return the median over spots of their total counts, those without counts left out.

    Parameters
    ----------
    adata, layer
        As in `find_counts`, which also says what is raised.

    Returns
    -------
    float
        What `normalized_expression` scales to by default.

    Examples
    --------
    >>> import anndata, numpy as np
    >>> from spotscape.pp import median_total
    >>> median_total(anndata.AnnData(np.array([[1, 3], [2, 0], [0, 3]], dtype="float32")))
    3.0
    """
    return median_of(find_counts(adata, layer=layer).totals())


def _graph(adata: AnnData) -> sparse.csr_matrix:
    if _keys.SPATIAL_CONNECTIVITIES not in adata.obsp:
        raise input_error(
            f"adata.obsp[{_keys.SPATIAL_CONNECTIVITIES!r}]",
            "nothing there",
            "the spatial graph, to rank genes by their pattern",
            "Call spotscape.gr.spatial_neighbors(adata) first, or rank them with ranking='variable'.",
        )
    return sparse.csr_matrix(adata.obsp[_keys.SPATIAL_CONNECTIVITIES])


def _columns(adata: AnnData, counts: Counts, genes: Any) -> np.ndarray:
    """Return the columns of ``counts.matrix`` for the genes asked for."""
    asked = np.asarray(adata.var_names if genes is None else genes)
    if asked.dtype == bool:
        if asked.shape != (adata.n_vars,):
            raise input_error("genes", f"a mask of shape {asked.shape}", f"a shape of ({adata.n_vars},)")
        asked = adata.var_names[asked]
    if len(asked) == 0:
        raise input_error("genes", "no gene", "one or more genes")
    columns = counts.var_names.get_indexer(asked)
    unknown = asked[columns < 0]
    if len(unknown):
        found = f"{len(unknown)} gene(s) that are not in {counts.source}, such as {unknown[0]!r}"
        raise input_error("genes", found, "names of genes that have counts")
    return columns
