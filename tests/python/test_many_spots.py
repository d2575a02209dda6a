"""Above 8,192 spots scanpy finds neighbours in another way: what goes through it, at one more than that."""

import numpy as np

from spotscape.domains.clustering import leiden_labels
from spotscape.pl._embedding import _compute_umap
from spotscape.tl._pseudotime import _diffusion

N = 8_193


def two_groups() -> np.ndarray:
    rng = np.random.default_rng(0)
    embedding = rng.normal(size=(N, 3)).astype(np.float32)
    embedding[N // 2 :] += 12
    return embedding


def test_leiden():
    labels = leiden_labels(two_groups(), None, resolution=0.01, seed=0)
    assert len(np.unique(labels[: N // 2])) == len(np.unique(labels[N // 2 :])) == 1
    assert labels[0] != labels[-1]


def test_umap():
    umap = _compute_umap(two_groups(), 0)
    assert umap.shape == (N, 2)
    first, second = umap[: N // 2], umap[N // 2 :]
    apart = np.linalg.norm(first.mean(axis=0) - second.mean(axis=0))
    assert apart > max(np.linalg.norm(part.std(axis=0)) for part in (first, second))


def test_diffusion():
    found = _diffusion(two_groups(), 15, 0)
    assert found.obsm["X_diffmap"].shape[0] == N
    assert np.isfinite(found.obsm["X_diffmap"]).all()
