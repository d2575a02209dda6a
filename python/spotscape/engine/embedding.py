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
    model: GraphAutoencoder,
    features: ExpressionMatrix,
    neighborhood: Neighborhood,
    *,
    n_own: int | None = None,
) -> NDArray[np.float32]:
    """Return Z (N x latent, float32), of a batch its first ``n_own`` rows: nothing masked, in evaluation."""
    model.eval()
    n_edges = neighborhood.edge_index.shape[1] + len(neighborhood.outside)
    view = full_view(n_edges, features.shape[1], device=model.gcn1_weight.device)
    z = model.encode(features, neighborhood.propagation(view.edges), view.genes, n_own=n_own)
    embedding: NDArray[np.float32] = z.cpu().numpy()
    return embedding


def embed_in_turn(model: GraphAutoencoder, batches: Iterable[Batch], n_spots: int) -> NDArray[np.float32]:
    """Return Z (N x latent, float32) from batches that together hold each spot once."""
    embedding: NDArray[np.float32] | None = None
    for batch in batches:
        z = embed(model, batch.features, batch.neighborhood, n_own=len(batch.own))
        if embedding is None:
            embedding = np.empty((n_spots, z.shape[1]), dtype=np.float32)
        embedding[batch.own.numpy()] = z
    assert embedding is not None  # noqa: S101 (for the type checker: a tissue has spots)
    return embedding
