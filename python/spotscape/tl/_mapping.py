"""Slices that a model was not trained on, put into its space."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from spotscape import _keys
from spotscape._slices import read_slices
from spotscape._spatial_graph import spatial_graph
from spotscape._validate import input_error
from spotscape.engine.slice_graph import SliceGraph
from spotscape.engine.trained import encode
from spotscape.pp import find_counts, normalized_expression
from spotscape.tl._model import Trained


class Mapped(NamedTuple):
    """Slices in a model's space: embedding (N x latent), spatial graph, and the model's genes they have."""

    embedding: np.ndarray
    tissue: AnnData
    genes: pd.Index


def map_slices(
    adata: AnnData,
    trained: Trained,
    target_sum: float,
    layer: str | None,
    spatial_key: str,
    slice_key: str | None,
) -> Mapped:
    """Encode each slice by itself; genes that it lacks, and the means of those it has, are as in training."""
    tissue = spatial_graph(adata, spatial_key, slice_key)
    present = trained.genes[trained.genes.isin(find_counts(adata, layer=layer).var_names)]
    own = normalized_expression(adata, genes=present, layer=layer, target_sum=target_sum)
    at = trained.genes.get_indexer(present)
    ones = np.ones(len(at), dtype=np.float32)
    spread = sparse.csr_matrix((ones, (np.arange(len(at)), at)), shape=(len(at), len(trained.genes)))
    expression = sparse.csr_matrix(own @ spread)
    connectivities = sparse.csr_matrix(tissue.obsp[_keys.SPATIAL_CONNECTIVITIES])
    numbers = np.zeros(adata.n_obs, dtype=int) if slice_key is None else read_slices(adata, slice_key).codes
    embedding = np.empty((adata.n_obs, trained.model.gcn2_bias.numel()), dtype=np.float32)
    for number in range(numbers.max() + 1):
        rows = np.flatnonzero(numbers == number)
        graph = SliceGraph.from_scipy(expression[rows], connectivities[rows][:, rows], rank=0, seed=0)
        found = encode(trained.model, graph, trained.mean, trained.loadings)
        embedding[rows] = found if trained.sharpening is None else trained.sharpening.apply(found)
    if not np.isfinite(embedding).all():
        todo = "Its weights are far from those of training: make or save it again."
        raise input_error("model", "one that gives NaN or infinite embeddings", "finite ones", todo)
    return Mapped(embedding, tissue, present)
