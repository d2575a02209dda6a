"""Slices that a model was not trained on, put into its space."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from spotscape import _keys
from spotscape._neighborhood import neighborhood_mean
from spotscape._slices import read_slices
from spotscape._validate import input_error
from spotscape.components.scale import over_rings
from spotscape.engine.slice_graph import SliceGraph
from spotscape.engine.trained import encode
from spotscape.gr.spatial_graph import spatial_graph
from spotscape.gr.unit import micrometres_per_unit
from spotscape.pp import find_counts, normalized_expression
from spotscape.run.kept_model import Trained
from spotscape.run.resolution import rings_at, steps_of


class Mapped(NamedTuple):
    """Slices in a model's space: embedding (N x latent), spatial graph, and the model's genes they have."""

    embedding: np.ndarray
    tissue: AnnData
    genes: pd.Index


def map_slices(
    adata: AnnData,
    trained: Trained,
    layer: str | None,
    spatial_key: str,
    slice_key: str | None,
) -> Mapped:
    """Encode each slice by itself; genes that it lacks, and the means of those it has, are as in training."""
    tissue = spatial_graph(adata, spatial_key, slice_key)
    connectivities = sparse.csr_matrix(tissue.obsp[_keys.SPATIAL_CONNECTIVITIES])
    embedding, present = embed_slices(
        adata, trained, connectivities, layer=layer, slice_key=slice_key, spatial_key=spatial_key
    )
    return Mapped(embedding, tissue, present)


def embed_slices(
    adata: AnnData,
    trained: Trained,
    connectivities: sparse.csr_matrix,
    *,
    layer: str | None,
    slice_key: str | None,
    spatial_key: str,
    mean: np.ndarray | None = None,
) -> tuple[np.ndarray, pd.Index]:
    """Return the embedding of slices, and the model's genes that they have.

    ``mean`` is what counts as the mean expression of the model's genes in each slice; None for its own.
    """
    present = trained.genes[trained.genes.isin(find_counts(adata, layer=layer).var_names)]
    own = normalized_expression(adata, genes=present, layer=layer, target_sum=trained.target_sum)
    at = trained.genes.get_indexer(present)
    ones = np.ones(len(at), dtype=np.float32)
    spread = sparse.csr_matrix((ones, (np.arange(len(at)), at)), shape=(len(at), len(trained.genes)))
    expression = sparse.csr_matrix(own @ spread)
    numbers = np.zeros(adata.n_obs, dtype=int) if slice_key is None else read_slices(adata, slice_key).codes
    embedding = np.empty((adata.n_obs, trained.width), dtype=np.float32)
    for number in range(numbers.max() + 1):
        rows = np.flatnonzero(numbers == number)
        own_graph = connectivities[rows][:, rows]
        rings = _rings(trained, adata, own_graph, rows, spatial_key)
        embedding[rows] = _encoded(trained, expression[rows], own_graph, mean, rings)
    if not np.isfinite(embedding).all():
        todo = "Its weights are far from those of training: make or save it again."
        raise input_error("model", "one that gives NaN or infinite embeddings", "finite ones", todo)
    return embedding, present


def _rings(
    trained: Trained, adata: AnnData, connectivities: sparse.csr_matrix, rows: np.ndarray, spatial_key: str
) -> int:
    """Return the rings of one slice: those of the model, at its resolution where the model knows one."""
    unit = micrometres_per_unit(adata, spatial_key)
    if np.isnan(trained.step) or np.isnan(unit) or spatial_key not in adata.obsm:
        return trained.rings
    places = np.asarray(adata.obsm[spatial_key], dtype=np.float64)[rows]
    step = steps_of(neighborhood_mean(connectivities), places, np.zeros(len(rows), dtype=int))[0] * unit
    return rings_at(trained.rings, trained.step, float(step)) if step > 0 else trained.rings


def _encoded(
    trained: Trained,
    expression: sparse.csr_matrix,
    connectivities: sparse.csr_matrix,
    mean: np.ndarray | None,
    rings: int,
) -> np.ndarray:
    """Return the embedding of one slice, N x columns."""
    if trained.model is not None:
        graph = SliceGraph.from_scipy(expression, connectivities, rank=0, seed=0)
        return encode(trained.model, graph, trained.mean, mean)
    seen = expression @ trained.loadings
    own = seen.mean(axis=0) if mean is None else mean @ trained.loadings
    found = over_rings(seen - own, neighborhood_mean(connectivities), rings)
    return found if trained.sharpening is None else trained.sharpening.apply(found)
