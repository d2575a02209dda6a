"""GraphST (Long et al. 2023), by its defaults.

3,000 variable genes (all where there are fewer), 600 epochs, 20 components of the reconstruction. Its mclust
EEE needs R: a Gaussian mixture with tied covariance is the same model. Its own labels are that mixture's
after its refinement (most frequent label of the 50 nearest spots).
"""

import numpy as np
import torch
from _peer import main, torch_device
from GraphST import GraphST
from GraphST.utils import refine_label
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture


def embed(adata, n_domains, seed, settings):
    """Return 20 components of the reconstruction, and refined labels."""
    device = torch_device()
    adata = GraphST.GraphST(adata, device=torch.device(device), random_seed=seed).train()
    scores = PCA(20, random_state=42).fit_transform(adata.obsm["emb"].astype(np.float64))
    mixture = GaussianMixture(n_domains, covariance_type="tied", n_init=10, random_state=seed)
    adata.obs["mixture"] = mixture.fit_predict(scores).astype(str)
    labels = np.array(refine_label(adata, radius=50, key="mixture"))
    return {"embedding": scores, "labels": labels, "device": device}


main(embed)
