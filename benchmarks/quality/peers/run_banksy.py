"""BANKSY (Singhal et al. 2024, pybanksy), by the authors' notebooks on these tissues.

Counts scaled to the median total, 2,000 variable genes where there are more, neighbours weighted by
``scaled_gaussian``, 20 components of the BANKSY matrix. Visium, as their DLPFC notebook: lambda 0.2, 6
neighbours, no azimuthal filter. Cells and bins, as their STARmap notebook: lambda 0.8, 15 neighbours, m = 1.
They cluster by Leiden, which takes no number of domains, or by mclust, which the runner does for all.
"""

import numpy as np
import scanpy as sc
from _peer import main
from banksy.embed_banksy import generate_banksy_matrix
from banksy.initialize_banksy import initialize_banksy
from sklearn.decomposition import PCA

DECAY = "scaled_gaussian"


def embed(adata, n_domains, seed, settings):
    """Return 20 components of the BANKSY matrix."""
    visium = adata.uns["layout"] == "hexagonal"
    weight, n_neighbours, order = (0.2, 6, 0) if visium else (0.8, 15, 1)
    if adata.n_vars > 2000:
        sc.pp.highly_variable_genes(adata, flavor="seurat_v3", n_top_genes=2000, subset=True)
    sc.pp.normalize_total(adata)
    adata.X = adata.X.toarray()
    quiet = dict.fromkeys(("plt_edge_hist", "plt_nbr_weights", "plt_agf_angles", "plt_theta"), False)
    graph = initialize_banksy(
        adata, ("x", "y", "spatial"), n_neighbours, nbr_weight_decay=DECAY, max_m=order, **quiet
    )
    _, matrix = generate_banksy_matrix(adata, graph, [weight], max_m=order, verbose=False)
    values = np.nan_to_num(np.asarray(matrix.X, dtype=np.float64))
    return {"embedding": PCA(20, random_state=seed).fit_transform(values)}


main(embed)
