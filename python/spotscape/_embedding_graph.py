"""The nearest-neighbour graph of an embedding, for what scanpy makes of one: Leiden, UMAP, diffusion maps."""

from __future__ import annotations

import numpy as np
from anndata import AnnData
from scipy import sparse


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

    shell = AnnData(sparse.csr_matrix((len(embedding), 0), dtype=np.float32))
    shell.obsm["embedding"] = embedding.astype(np.float32)
    # Exact neighbours: scanpy cannot read what newer versions of the library for approximate ones return.
    sc.pp.neighbors(
        shell, n_neighbors=n_neighbors, use_rep="embedding", transformer="sklearn", random_state=seed
    )
    return shell
