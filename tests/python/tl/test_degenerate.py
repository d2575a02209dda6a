"""Embeddings and slices with hardly anything in them: groups, or one clear error; never an algebra's."""

import anndata as ad
import numpy as np
import pytest

from spotscape import tl
from spotscape.datasets import simulate_slice
from spotscape.domains.sharpening import find_sharpening

NOISE = np.random.default_rng(0).normal(size=(60, 5))
EMBEDDINGS = {
    "constant": np.ones((60, 5)),
    "nearly constant": 1 + 1e-12 * NOISE,
    "one that differs": np.eye(60, 5),
    "one direction": np.outer(np.arange(60.0), np.ones(5)),
    "one column of noise": np.column_stack([NOISE[:, 0], np.zeros((60, 4))]),
    "tiny": 1e-30 * NOISE,
    "huge": 1e20 * NOISE,
    "three places": np.repeat(NOISE[:3], 20, axis=0),
    "eight spots": NOISE[:8],
}


@pytest.mark.filterwarnings("ignore:.*were asked for")
@pytest.mark.parametrize("name", EMBEDDINGS)
@pytest.mark.parametrize("method", ["gmm", "kmeans"])
def test_groups_of_any_embedding(name, method):
    values = EMBEDDINGS[name]
    adata = ad.AnnData(np.ones((len(values), 2), dtype="float32"), obsm={"X_spotscape": values})
    tl.spatial_domains(adata, n_domains=3, method=method, n_starts=1)
    assert adata.obs["spotscape_domain"].notna().all()
    if method == "gmm":
        assert adata.obs["spotscape_confidence"].between(0, 1).all()


@pytest.mark.parametrize("name", EMBEDDINGS)
def test_sharpening_of_any_embedding(name, monkeypatch):
    monkeypatch.setattr("spotscape.domains.sharpening._N_FITS", 1)
    monkeypatch.setattr("spotscape.domains.sharpening._N_STARTS", 1)
    found = find_sharpening(EMBEDDINGS[name].astype("float32"), seed=0)
    assert found is None or np.isfinite(found.apply(EMBEDDINGS[name])).all()


@pytest.mark.filterwarnings("ignore:.*(were asked for|no neighbours)")
@pytest.mark.parametrize("config", [{"n_starts": 1}, {"preset": "paper", "epochs": 2, "n_starts": 1}])
def test_eight_spots_are_run_and_said(config):
    few = simulate_slice(n_spots=150, n_genes=60, n_domains=3)[:8].copy()
    with pytest.warns(UserWarning, match="8 spots are few to learn from"):
        tl.run_spotscape(few, n_domains=2, config=config, progress=False)
    assert np.isfinite(few.obsm["X_spotscape"]).all()


def test_half_precision_counts_are_counts():
    adata = simulate_slice(n_spots=150, n_genes=60, n_domains=3)
    half = adata.copy()
    half.X = adata.X.toarray().astype("float16")
    for one in (adata, half):
        tl.run_spotscape(one, n_domains=3, config={"n_starts": 1}, progress=False)
    np.testing.assert_array_equal(half.obsm["X_spotscape"], adata.obsm["X_spotscape"])


@pytest.mark.filterwarnings("ignore:.*neighbours")
def test_hardly_any_genes_that_differ_are_said():
    adata = simulate_slice(n_spots=150, n_genes=60, n_domains=3)
    counts = np.full(adata.shape, 5, dtype="float32")
    counts[3, 4] = 6
    adata.X = counts
    with pytest.warns(UserWarning, match=r"Only 1 gene\(s\) differ"):
        tl.run_spotscape(adata, n_domains=3, config={"n_starts": 1}, progress=False)
