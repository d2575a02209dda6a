"""SpaceFlow (Ren et al. 2022), as released, by its defaults.

3,000 variable genes (all where there are fewer), 10 neighbours for the alpha complex, 50 dimensions, spatial
regularisation 0.1, at most 1,000 epochs with its own early stop. It clusters by Leiden, which takes no number
of domains, so that it has no row of its own labels.
"""

import tempfile
from pathlib import Path

from _peer import main, torch_device
from SpaceFlow.SpaceFlow import SpaceFlow


def embed(adata, n_domains, seed, settings):
    """Return the regularised Deep Graph Infomax embedding."""
    flow = SpaceFlow(adata=adata)
    flow.preprocessing_data(n_top_genes=min(3000, adata.n_vars), n_neighbors=10)
    with tempfile.TemporaryDirectory() as folder:
        flow.train(str(Path(folder) / "embedding.tsv"), random_seed=seed)
    return {"embedding": flow.embedding, "device": torch_device()}  # it chooses the same by itself


main(embed)
