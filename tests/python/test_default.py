"""What the default promises of any tissue: clear groups are found, and what says nothing changes nothing."""

import os
from pathlib import Path

import anndata as ad
import numpy as np
import pytest
from scipy import sparse
from sklearn.metrics import adjusted_rand_score

from spotscape import datasets, metrics, tl

DATA = Path(os.environ.get("SPOTSCAPE_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
SIDE = 30


def domains(adata, n_domains, **arguments):
    tl.run_spotscape(adata, n_domains=n_domains, progress=False, **arguments)
    return adata.obs["spotscape_domain"].to_numpy()


def layout(kind, n_domains, rng):
    """Return the domain of each spot of a square tissue: bands of unequal width, quadrants, patches."""
    row, column = np.divmod(np.arange(SIDE * SIDE), SIDE)
    if kind == "bands":
        widths = np.linspace(1, 2, n_domains)
        return np.searchsorted(np.cumsum(widths) / widths.sum() * SIDE, column + 0.5)
    if kind == "quadrants":
        angle = np.arctan2(row - SIDE / 2 + 0.5, column - SIDE / 2 + 0.5)
        return np.minimum((angle + np.pi) / (2 * np.pi) * n_domains, n_domains - 1).astype(int)
    centres = rng.uniform(0, SIDE, (3 * n_domains, 2))
    places = np.stack([row, column], axis=1)
    return np.linalg.norm(places[:, None] - centres, axis=2).argmin(axis=1) % n_domains


def tissue(kind, n_domains, graded, seed=0):
    """Return counts of 200 genes; markers of each domain, or one set of markers at graded doses."""
    rng = np.random.default_rng(seed)
    truth = layout(kind, n_domains, rng)
    log = np.zeros((SIDE * SIDE, 200))
    if graded:
        log[:, :60] = np.linspace(0, 1.9, n_domains)[truth][:, None]
    else:
        for domain in range(n_domains):
            log[truth == domain, 20 * domain : 20 * domain + 20] = 1.2
    counts = rng.poisson(2 * np.exp(log)).astype(np.float32)
    adata = ad.AnnData(sparse.csr_matrix(counts))
    row, column = np.divmod(np.arange(SIDE * SIDE), SIDE)
    adata.obsm["spatial"] = np.stack([column, row], axis=1).astype(float)
    return adata, truth


@pytest.mark.parametrize("kind", ["bands", "quadrants", "patches"])
@pytest.mark.parametrize(("n_domains", "graded"), [(3, False), (4, True), (6, False)])
def test_groups_that_lie_far_apart_are_the_domains(kind, n_domains, graded):
    adata, truth = tissue(kind, n_domains, graded)
    found = domains(adata, n_domains)
    # At the many borders of patches a mean over neighbours of doses 0 and 1.9 is that of a dose between.
    assert adjusted_rand_score(truth, found) > (0.55 if kind == "patches" else 0.9)


@pytest.fixture(scope="module")
def simulated():
    return datasets.simulate_slice(n_spots=900, n_genes=400, n_domains=4, seed=3)


def test_order_place_and_unit_do_not_matter(simulated):
    expected = domains(simulated.copy(), 4)
    order = np.random.default_rng(0).permutation(simulated.n_obs)
    moved = simulated[order].copy()
    turn = np.array([[0.8, -0.6], [0.6, 0.8]])
    moved.obsm["spatial"] = moved.obsm["spatial"] @ turn * 0.2737 + 1000
    assert adjusted_rand_score(expected[order], domains(moved, 4)) > 0.97


def test_genes_that_come_twice_do_not_matter(simulated):
    expected = domains(simulated.copy(), 4)
    twice = ad.AnnData(sparse.hstack([simulated.X, simulated.X], format="csr"))
    twice.obsm["spatial"] = simulated.obsm["spatial"]
    twice.obs_names = simulated.obs_names
    assert adjusted_rand_score(expected, domains(twice, 4)) > 0.9


def test_fewer_molecules_degrade_domains_smoothly(simulated):
    rng = np.random.default_rng(1)
    truth = simulated.obs["ground_truth"]
    scores = [metrics.adjusted_rand_index(truth, domains(simulated.copy(), 4))]
    for share in (0.5, 0.25):
        thinned = simulated.copy()
        thinned.X.data = rng.binomial(thinned.X.data.astype(int), share).astype(np.float32)
        thinned.X.eliminate_zeros()
        scores.append(metrics.adjusted_rand_index(truth, domains(thinned, 4)))
    assert scores[0] > 0.45
    assert scores[1] > scores[0] - 0.1
    assert scores[2] > scores[0] - 0.2


@pytest.mark.skipif(not DATA.is_dir(), reason="SPOTSCAPE_DATA: the labelled slices are not there")
def test_half_a_section_is_not_worse_than_plain_means(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).resolve().parents[2])
    from benchmarks.quality.baselines import plain

    found = []
    for name in ("dlpfc_151673", "starmap_mpfc_BZ14"):
        whole = ad.read_h5ad(DATA / f"{name}.h5ad")
        middle = np.median(whole.obsm["spatial"][:, 0])
        half = whole[whole.obsm["spatial"][:, 0] < middle].copy()
        truth = half.obs["ground_truth"].astype(object)
        n_domains = truth.nunique()
        baseline = plain(half.copy(), n_domains, 0)
        ours = domains(half, n_domains)
        found.append([metrics.adjusted_rand_index(truth, labels) for labels in (ours, baseline)])
    ours, baseline = np.mean(found, axis=0)
    assert ours > baseline - 0.02
