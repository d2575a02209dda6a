"""CellCharter (Varrone et al. 2024), by its defaults and what is known of its tutorials.

scVI with its defaults and early stopping on 5,000 variable genes (all where there are fewer), Delaunay graph
without the longest 1 % of links, mean of three layers of neighbours. Its own labels: its Gaussian mixture.
"""

import cellcharter as cc
import numpy as np
import scanpy as sc
import scvi
import squidpy as sq
from _peer import main


def embed(adata, n_domains, seed, settings):
    """Return scVI's latent space with that of three layers of neighbours beside it, and its own labels."""
    scvi.settings.seed = seed
    if adata.n_vars > 5000:
        sc.pp.highly_variable_genes(adata, flavor="seurat_v3", n_top_genes=5000, subset=True)
    scvi.model.SCVI.setup_anndata(adata)
    model = scvi.model.SCVI(adata)
    model.train(early_stopping=True, accelerator="cpu", enable_progress_bar=False)
    adata.obsm["X_scVI"] = model.get_latent_representation(adata).astype(np.float32)
    sq.gr.spatial_neighbors(adata, coord_type="generic", delaunay=True, percentile=99)
    cc.gr.aggregate_neighbors(adata, n_layers=3, use_rep="X_scVI", out_key="X_cellcharter")
    mixture = cc.tl.Cluster(n_clusters=n_domains, random_state=seed)
    mixture.fit(adata, use_rep="X_cellcharter")
    labels = np.asarray(mixture.predict(adata, use_rep="X_cellcharter")).astype(str)
    return {"embedding": adata.obsm["X_cellcharter"], "labels": labels}


main(embed)
