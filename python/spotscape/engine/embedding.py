"""The embedding by a trained encoder: of a whole tissue at once, or batch by batch."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import NDArray

from spotscape.core.augment import full_view
from spotscape.core.encoder import GraphAutoencoder, Neighborhood
from spotscape.core.expression import ExpressionMatrix
from spotscape.engine.tiles import Batch


@torch.no_grad()
def embed(
    model: GraphAutoencoder, features: ExpressionMatrix, neighborhood: Neighborhood
) -> NDArray[np.float32]:
    """Return Z (N x latent, float32): nothing masked, batch norm in evaluation mode."""
    model.eval()
    device = model.gcn1_weight.device
    view = full_view(neighborhood.edge_index.shape[1], features.shape[1], device=device)
    z = model.encode(features, neighborhood.propagation(view.edges), view.genes)
    embedding: NDArray[np.float32] = z.cpu().numpy()
    return embedding


@torch.no_grad()
def embed_in_turn(model: GraphAutoencoder, batches: Iterable[Batch], n_spots: int) -> NDArray[np.float32]:
    """Return Z (N x latent, float32) from batches that together hold each spot once."""
    model.eval()
    device = model.gcn1_weight.device
    embedding: NDArray[np.float32] | None = None
    for batch in batches:
        n_edges = batch.neighborhood.edge_index.shape[1] + len(batch.neighborhood.outside)
        view = full_view(n_edges, batch.features.shape[1], device=device)
        propagation = batch.neighborhood.propagation(view.edges)
        z = model.encode(batch.features, propagation, view.genes, n_own=len(batch.own))
        if embedding is None:
            embedding = np.empty((n_spots, z.shape[1]), dtype=np.float32)
        embedding[batch.own.numpy()] = z.cpu().numpy()
    assert embedding is not None  # noqa: S101 (for the type checker: a tissue has spots)
    return embedding
