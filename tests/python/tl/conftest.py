import numpy as np
import pytest
from anndata import AnnData

from spotscape.datasets import simulate_slice

QUICK = {"n_starts": 2}


@pytest.fixture
def tissue():
    """A small simulated cortex with three layers."""
    return simulate_slice(n_spots=250, n_genes=80, n_domains=3, seed=1)


@pytest.fixture
def embedded():
    """Ninety spots in a row of three clear groups of 50, 30 and 10, as if after a run."""
    rng = np.random.default_rng(0)
    adata = AnnData(rng.poisson(1.0, (90, 4)).astype("float32"))
    centres = np.repeat(np.arange(3), [50, 30, 10])
    adata.obsm["X_spotscape"] = (np.eye(3)[centres] * 8 + rng.normal(size=(90, 3))).astype("float32")
    adata.obs["group"] = centres
    return adata
