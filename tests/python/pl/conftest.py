"""A small object as `spotscape.tl.run_spotscape` leaves it, built by hand so that its answers are known."""

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData, concat
from scipy.sparse import csr_matrix
from sklearn.neighbors import kneighbors_graph

from spotscape.pl import _embedding

STRIPES = ("1", "2", "3")
SIDE = 12


def striped_run(key_added="spotscape"):
    """144 spots on a square grid in three vertical stripes; gene0, gene1, gene2 mark one stripe each."""
    rng = np.random.default_rng(0)
    x, y = np.meshgrid(np.arange(SIDE, dtype=float), np.arange(SIDE, dtype=float))
    xy = np.stack([x.ravel(), y.ravel()], axis=1) * 10 + 100
    codes = (x.ravel() // 4).astype(int)
    counts = rng.poisson(3.0, (SIDE**2, 8)).astype(np.float32)
    counts[np.arange(SIDE**2), codes] += 15
    counts[:, 7] = 0
    adata = AnnData(
        csr_matrix(counts),
        obs=pd.DataFrame(index=[f"spot{i}" for i in range(SIDE**2)]),
        var=pd.DataFrame(index=[f"gene{i}" for i in range(8)]),
    )
    adata.obsm["spatial"] = xy
    latent = np.eye(3)[codes] * 5 + rng.normal(size=(SIDE**2, 3))
    adata.obsm[f"X_{key_added}"] = latent.astype(np.float32)
    adata.obs[f"{key_added}_domain"] = pd.Categorical.from_codes(codes, STRIPES)
    graph = kneighbors_graph(xy, 4)
    adata.obsp["spatial_connectivities"] = graph.maximum(graph.T).astype(np.float32).tocsr()
    epochs = np.arange(1.0, 11.0)
    adata.uns[key_added] = {
        "params": {"seed": 0, "epochs": 10, "target_sum": 1e4, "expression_source": "X", "device": "cpu"},
        "losses": {
            "epoch": epochs,
            "total": 1 / epochs,
            "telescope": 0.5 / epochs,
            "reconstruction": 5 / epochs,
            "learning_rate": 0 * epochs,
        },
        "versions": {"spotscape": "0.1.0", "torch": "2.13.0"},
        "warnings": np.array(["3 spots have no neighbours."]),
        "seconds": {"training": 1.25},
        "domains": {"method": "gmm"},
    }
    return adata


@pytest.fixture
def run():
    return striped_run()


@pytest.fixture
def quick_umap(monkeypatch):
    """Put the first two dimensions in UMAP's place and note the calls: numba takes long to start."""
    calls = []

    def first_two(latent, seed):
        calls.append((len(latent), seed))
        return latent[:, :2]

    monkeypatch.setattr(_embedding, "_compute_umap", first_two)
    return calls


def several_slices(key_added="spotscape"):
    """Three slices of 144, 144 and 72 spots, as `spotscape.tl.integrate_slices` leaves them."""
    parts = [striped_run(key_added) for _ in range(3)]
    parts[2] = parts[2][:72].copy()
    joined = concat(dict(zip(("left", "mid", "right"), parts, strict=True)), label="slice", index_unique="_")
    joined.obs["slice"] = joined.obs["slice"].astype("category")
    joined.obs["condition"] = ["case" if name == "right" else "control" for name in joined.obs["slice"]]
    joined.uns[key_added] = parts[0].uns[key_added] | {
        "integration": {
            "slice_key": "slice",
            "condition_key": "condition",
            "slices": np.array(["left", "mid", "right"]),
            "n_shared_genes": 8,
            "mixing": 0.7,
            "mixing_per_slice": np.array([0.8, 0.7, 0.6]),
            "silhouette_domain": 0.4,
            "silhouette_slice": 0.01,
            "single_slice_domains": np.array([], dtype=object),
        }
    }
    return joined


@pytest.fixture
def integrated():
    return several_slices()
