"""A slice that a model was not trained on, put into its space."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from spotscape import _keys
from spotscape.engine.slice_graph import SliceGraph
from spotscape.engine.trained import encode
from spotscape.pp import find_counts, normalized_expression
from spotscape.tl._model import Trained
from spotscape.tl._pipeline import spatial_graph


class Mapped(NamedTuple):
    """A slice in a model's space: its embedding (N x latent), its spatial graph, the model's genes it has."""

    embedding: np.ndarray
    tissue: AnnData
    genes: pd.Index


def map_slice(
    adata: AnnData, trained: Trained, target_sum: float, layer: str | None, spatial_key: str
) -> Mapped:
    """Encode a slice; genes that it lacks, and the means of those it has, are as in training."""
    tissue = spatial_graph(adata, spatial_key, None)
    counts = find_counts(adata, layer=layer)
    present = trained.genes[trained.genes.isin(counts.var_names)]
    shell = AnnData(counts.matrix, var=pd.DataFrame(index=counts.var_names))
    shell.obs_names = adata.obs_names
    own = normalized_expression(shell, genes=present, target_sum=target_sum)
    at = trained.genes.get_indexer(present)
    ones = np.ones(len(at), dtype=np.float32)
    spread = sparse.csr_matrix((ones, (np.arange(len(at)), at)), shape=(len(at), len(trained.genes)))
    graph = SliceGraph.from_scipy(
        sparse.csr_matrix(own @ spread), tissue.obsp[_keys.SPATIAL_CONNECTIVITIES], rank=0, seed=0
    )
    return Mapped(encode(trained.weights, graph, trained.mean), tissue, present)
