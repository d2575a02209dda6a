"""What scanpy computes of arrays: it takes objects only, so each function makes one of its own."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

if TYPE_CHECKING:  # domains and comparison load neither anndata nor scanpy before they are needed
    from anndata import AnnData


def embedding_graph(embedding: np.ndarray, n_neighbors: int, seed: int) -> AnnData:
    """Return an object of its own with nothing but an embedding and its nearest-neighbour graph.

    Parameters
    ----------
    embedding
        N x d; put into ``obsm["embedding"]`` as float32.
    n_neighbors
        Of each spot, itself among them, at most N - 1.
    seed
        Of what scanpy draws.
    """
    import scanpy as sc  # takes seconds, and most drawings need none of it
    from anndata import AnnData

    shell = AnnData(sparse.csr_matrix((len(embedding), 0), dtype=np.float32))
    shell.obsm["embedding"] = embedding.astype(np.float32)
    # Exact neighbours: scanpy cannot read what newer versions of the library for approximate ones return.
    sc.pp.neighbors(
        shell, n_neighbors=n_neighbors, use_rep="embedding", transformer="sklearn", random_state=seed
    )
    return shell


def rank_genes(
    levels: sparse.csr_matrix, conditions: pd.Categorical, group: str, reference: str, method: str
) -> pd.DataFrame:
    """Return scanpy's test of each gene between two groups of spots, best first, ties corrected.

    Parameters
    ----------
    levels
        Spots x genes, after ``log(1 + x)``.
    conditions
        Group of each spot.
    group, reference
        The two that are compared.
    method
        Of `scanpy.tl.rank_genes_groups`.

    Returns
    -------
    pandas.DataFrame
        ``column`` (number of the gene), ``p_value`` and ``p_adjusted``.
    """
    import scanpy as sc
    from anndata import AnnData

    shell = AnnData(levels, var=pd.DataFrame(index=np.arange(levels.shape[1]).astype(str)))
    shell.obs["group"] = conditions
    shell.uns["log1p"] = {"base": None}
    with warnings.catch_warnings():
        # scanpy's own table grows by one column after another.
        warnings.simplefilter("ignore", pd.errors.PerformanceWarning)
        sc.tl.rank_genes_groups(
            shell, "group", groups=[group], reference=reference, method=method, tie_correct=True
        )
        table = sc.get.rank_genes_groups_df(shell, group=group)
    return pd.DataFrame(
        {
            "column": table["names"].astype(int).to_numpy(),
            "p_value": table["pvals"].to_numpy(dtype=np.float64),
            "p_adjusted": table["pvals_adj"].to_numpy(dtype=np.float64),
        }
    )
