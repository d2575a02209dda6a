"""Simulated tissue: what was asked for is there, the answer is known, and it is as hard as real tissue."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
import scanpy as sc
from scipy.spatial import cKDTree
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture

from spotscape._validate import InputError
from spotscape.datasets import _expression, simulate_slice, simulate_slices
from spotscape.datasets._tissue import make_tissue

DATA = Path(os.environ.get("SPOTSCAPE_DATA", Path(__file__).parents[3] / "shared" / "data"))
SMALL = {"n_spots": 400, "n_genes": 60}
LAYERS = ["L1", "L2", "L3", "L4", "L5", "L6", "WM"]


def _totals(adata: anndata.AnnData) -> np.ndarray:
    return np.asarray(adata.X.sum(axis=1)).ravel()


def _gene_shares(adata: anndata.AnnData) -> np.ndarray:
    counts = np.asarray(adata.X.sum(axis=0)).ravel()
    return counts / counts.sum()


def test_counts_are_sparse_whole_numbers():
    adata = simulate_slice(**SMALL)
    assert adata.X.format == "csr"
    assert adata.X.dtype == np.float32
    assert adata.X.has_canonical_format
    assert (adata.X.data > 0).all()
    assert (adata.X.data == np.round(adata.X.data)).all()


@pytest.mark.parametrize("layout", ["hexagonal", "square", "cells"])
@pytest.mark.parametrize("n_spots", [10, 97, 1500])
def test_every_layout_has_the_spots_asked_for(layout, n_spots):
    adata = simulate_slice(n_spots=n_spots, n_genes=20, layout=layout)
    places = adata.obsm["spatial"]
    assert places.shape == (n_spots, 2)
    assert places.dtype == np.float64
    assert len(np.unique(places, axis=0)) == n_spots
    assert places.min(axis=0) == pytest.approx([0, 0])
    assert adata.obs_names.is_unique
    assert ("array_row" in adata.obs) == (layout != "cells")


def test_hexagonal_is_numbered_as_visium():
    adata = simulate_slice(n_spots=777, n_genes=20)
    row, column = adata.obs["array_row"].to_numpy(), adata.obs["array_col"].to_numpy()
    assert row.min() == 0
    assert column.min() in (0, 1)
    assert ((row + column) % 2 == 0).all()
    places = np.stack([column / 2, row * np.sqrt(3) / 2], axis=1) * 137
    assert adata.obsm["spatial"] - places == pytest.approx(
        np.broadcast_to(adata.obsm["spatial"][0] - places[0], places.shape)
    )
    assert (adata.obs["in_tissue"] == 1).all()


@pytest.mark.parametrize(("layout", "unit", "n_neighbors"), [("hexagonal", 137, 6), ("square", 8, 4)])
def test_grids_have_their_neighbours(layout, unit, n_neighbors):
    places = simulate_slice(n_spots=900, n_genes=20, layout=layout).obsm["spatial"]
    n_near = [len(near) - 1 for near in cKDTree(places).query_ball_point(places, 1.1 * unit)]
    assert max(n_near) == n_neighbors
    assert np.mean(n_near) > 0.9 * n_neighbors


def test_cells_lie_freely():
    places = simulate_slice(n_spots=2000, n_genes=20, layout="cells").obsm["spatial"]
    nearest = cKDTree(places).query(places, k=2)[0][:, 1]
    assert nearest.std() > 0.15 * nearest.mean()
    area = np.prod(np.ptp(places, axis=0))
    assert np.sqrt(area / 2000) == pytest.approx(11, rel=0.1)


def test_same_seed_same_bits():
    first, again, other = (simulate_slice(**SMALL, seed=seed) for seed in (3, 3, 4))
    assert (first.X != again.X).nnz == 0
    assert (first.obsm["spatial"] == again.obsm["spatial"]).all()
    assert (first.obs["ground_truth"] == again.obs["ground_truth"]).all()
    assert (first.X != other.X).nnz > 0
    assert (first.obs["ground_truth"].to_numpy() != other.obs["ground_truth"].to_numpy()).any()


def test_cortex_is_layered():
    adata = simulate_slice(n_genes=20)
    assert list(adata.obs["ground_truth"].cat.categories) == LAYERS
    heights = [adata.obsm["spatial"][adata.obs["ground_truth"] == layer, 1].mean() for layer in LAYERS]
    assert (np.diff(heights) > 0).all()
    share = adata.obs["ground_truth"].value_counts(normalize=True)
    assert share["L3"] > 2 * share["L2"] > 0.05
    # Curved: no straight cut separates the layers.
    y = adata.obsm["spatial"][:, 1]
    assert y[adata.obs["ground_truth"] == "L3"].max() > y[adata.obs["ground_truth"] == "L4"].min()


@pytest.mark.parametrize("tissue", ["cortex", "tumour"])
@pytest.mark.parametrize("n_domains", [2, 3, 5, 12])
def test_every_domain_is_there_and_hangs_together(tissue, n_domains):
    adata = simulate_slice(n_genes=60, tissue=tissue, n_domains=n_domains, seed=1)
    truth = adata.obs["ground_truth"]
    assert len(truth.cat.categories) == n_domains
    assert truth.value_counts(normalize=True).min() > 0.25 / n_domains
    _, nearest = cKDTree(adata.obsm["spatial"]).query(adata.obsm["spatial"], k=7)
    same = truth.cat.codes.to_numpy()[nearest[:, 1:]] == truth.cat.codes.to_numpy()[:, None]
    assert same.mean() > 0.7


def test_tumour_margin_lies_around_the_core():
    adata = simulate_slice(n_genes=20, tissue="tumour")
    truth = adata.obs["ground_truth"].to_numpy().astype(str)
    _, nearest = cKDTree(adata.obsm["spatial"]).query(adata.obsm["spatial"], k=7)
    beside_core = nearest[truth == "tumour core"].ravel()
    assert set(truth[beside_core]) == {"tumour core", "tumour margin"}


@pytest.mark.parametrize(("n_domains", "n_rare"), [(2, 1), (3, 1), (5, 2), (7, 3), (12, 3)])
@pytest.mark.parametrize("seed", [0, 1])
def test_rare_domains_are_rare_and_lie_in_islands(n_domains, n_rare, seed):
    adata = simulate_slice(n_spots=6000, n_genes=60, tissue="rare", n_domains=n_domains, seed=seed)
    truth = adata.obs["ground_truth"]
    share = truth.value_counts(normalize=True)
    rare = [f"rare {i + 1}" for i in range(n_rare)]
    regions = [f"region {i + 1}" for i in range(n_domains - n_rare)]
    assert list(truth.cat.categories) == rare + regions
    assert share[rare].to_numpy() == pytest.approx([0.01, 0.02, 0.03][:n_rare], rel=0.3)
    assert share[regions].min() > 0.25 / n_domains
    assert share[regions].sum() > 0.9
    _, near = cKDTree(adata.obsm["spatial"]).query(adata.obsm["spatial"], k=7)
    same = (truth.cat.codes.to_numpy()[near] == truth.cat.codes.to_numpy()[:, None]).mean(axis=1)
    # Islands, not spots strewn about: most of what lies around a spot is of its domain.
    assert min(same[truth == name].mean() for name in rare) > 0.6


def test_rare_domains_can_be_told_apart():
    """Counts averaged over true domains: markers of a rare one stand out as those of outer domains do."""
    adata = simulate_slice(n_genes=700, tissue="rare", depth=2000, n_markers=20)
    counts = adata.X.multiply(1 / _totals(adata)[:, None]).tocsr()
    for name in ("rare 1", "rare 2", "rare 3"):
        inside = (adata.obs["ground_truth"] == name).to_numpy()
        change = np.asarray(counts[inside].mean(axis=0) / counts[~inside].mean(axis=0)).ravel()
        assert np.median(change[(adata.var["marker_domain"] == name).to_numpy()]) > 2


def _marker_levels(adata: anndata.AnnData, domain: str) -> np.ndarray:
    """Per spot, the log of the share that a domain's markers have of the spot's counts."""
    own = (adata.var["marker_domain"] == domain).to_numpy()
    return np.log(np.asarray(adata.X[:, own].sum(axis=1)).ravel() / _totals(adata))


QUIET = {"n_genes": 100, "noise": 0, "dropout": 0, "depth": 20_000, "dispersion": 0}


def _assert_same_but_for_counts(first: anndata.AnnData, second: anndata.AnnData) -> None:
    assert (first.obsm["spatial"] == second.obsm["spatial"]).all()
    assert first.obs.equals(second.obs)
    assert first.var.equals(second.var)


def test_markers_of_a_domain_rise_and_fall_together_within_all_domains():
    settings = {**QUIET, "n_domains": 3}
    plain, varied = (simulate_slice(**settings, marker_gradients=amount) for amount in (0, 0.5))
    _assert_same_but_for_counts(plain, varied)
    truth = plain.obs["ground_truth"].to_numpy()
    _, nearest = cKDTree(plain.obsm["spatial"]).query(plain.obsm["spatial"], k=2)
    same = truth == truth[nearest[:, 1]]
    for marked in np.unique(truth):
        before, after = (_marker_levels(adata, marked) for adata in (plain, varied))
        between = (after - after[nearest[:, 1]])[same]
        for domain in np.unique(truth):
            inside = truth == domain
            assert after[inside].std() > 3 * before[inside].std(), (marked, domain)
            # and smoothly over the tissue
            assert after[inside].std() > 2 * between.std() / np.sqrt(2), (marked, domain)


def test_markers_vary_by_place_in_the_tissue_not_by_slice():
    settings = {**QUIET, "n_domains": 3, "n_spots": 500, "batch_strength": 0}
    first, second = simulate_slices(**settings, marker_gradients=0.5, rotation=40)
    matched = second.obs["true_match"] != ""
    pair = second[matched.to_numpy()], first[second.obs["true_match"][matched]]
    for domain in ("L1", "WM"):
        inside = (pair[0].obs["ground_truth"] == domain).to_numpy()
        levels = [_marker_levels(adata, domain)[inside] for adata in pair]
        assert np.corrcoef(*levels)[0, 1] > 0.8


def test_across_a_border_expression_changes_gradually():
    settings = {**QUIET, "n_domains": 2}
    sharp, gradual = (simulate_slice(**settings, border_width=width) for width in (0, 0.3))
    _assert_same_but_for_counts(sharp, gradual)
    truth = (sharp.obs["ground_truth"] == "WM").to_numpy()
    places = sharp.obsm["spatial"] / np.sqrt(np.prod(np.ptp(sharp.obsm["spatial"], axis=0)))
    to_l1, to_wm = (cKDTree(places[truth == inside]).query(places)[0] for inside in (False, True))
    depth = np.where(truth, to_l1, -to_wm)
    low, high = (_marker_levels(sharp, "WM")[truth == inside].mean() for inside in (False, True))
    part = [(_marker_levels(adata, "WM") - low) / (high - low) for adata in (sharp, gradual)]
    bands = [(-0.5, -0.2), (-0.1, -0.05), (-0.05, 0.05), (0.05, 0.1), (0.2, 0.5)]
    levels = [[one[(depth > start) & (depth < end)].mean() for start, end in bands] for one in part]
    assert levels[0] == pytest.approx([0, 0, 0.5, 1, 1], abs=0.1)
    assert levels[1] == pytest.approx([0, 0.2, 0.5, 0.8, 1], abs=0.1)
    near = np.abs(depth) < 0.05
    assert np.abs(part[0][near] - 0.5).min() > 0.2
    assert np.median(np.abs(part[1][near] - 0.5)) < 0.2


def test_mixtures_are_shares_of_domains():
    tissue = make_tissue("tumour", 5, np.random.default_rng(0))
    position = np.random.default_rng(1).uniform(-0.5, 0.5, size=(500, 2))
    sharp, wide = (tissue.mixture(position, width) for width in (0, 0.2))
    assert (sharp == np.eye(5)[tissue.domains(position)]).all()
    assert wide.sum(axis=1) == pytest.approx(np.ones(500))
    assert ((wide > 0) & (wide < 1)).any(axis=1).mean() > 0.5
    # Nothing of a domain that is farther away than half the width.
    window = np.random.default_rng(2).uniform(-0.7, 0.7, size=(50_000, 2))
    codes = tissue.domains(window)
    for domain in range(5):
        distance = cKDTree(window[codes == domain]).query(position)[0]
        assert (wide[distance > 0.11, domain] == 0).all()
        assert (wide[distance < 0.05, domain] > 0).mean() > 0.9


@pytest.mark.parametrize("layout", ["hexagonal", "square", "cells"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_hole_takes_spots_and_leaves_the_others(layout, seed):
    settings = {"n_spots": 2000, "n_genes": 30, "layout": layout, "seed": seed}
    whole, torn = simulate_slice(**settings), simulate_slice(**settings, hole_share=0.15)
    kept = whole.obs_names.isin(torn.obs_names)
    assert torn.n_obs == kept.sum() == 1700
    assert torn.X.has_canonical_format
    assert (torn.X != whole.X[kept]).nnz == 0
    assert (torn.obsm["spatial"] == whole.obsm["spatial"][kept]).all()
    pd.testing.assert_frame_equal(torn.obs, whole.obs[kept])
    pd.testing.assert_frame_equal(torn.var, whole.var)
    # A disc of two thirds of what is missing is empty, and tissue lies all around it.
    spacing = np.sqrt(np.prod(np.ptp(whole.obsm["spatial"], axis=0)) / 2000)
    gone = whole.obsm["spatial"][~kept]
    around = cKDTree(torn.obsm["spatial"]).query(gone)[0]
    center, radius = gone[around.argmax()], np.sqrt(200 / np.pi) * spacing
    assert around.max() == pytest.approx(radius, rel=0.2)
    away = torn.obsm["spatial"] - center
    ring = np.linalg.norm(away, axis=1) < 1.5 * radius
    angles = np.sort(np.arctan2(*away[ring].T))
    assert np.diff(angles).max() < 0.7
    # The tear has the other third, and reaches the rim.
    tear = gone[np.linalg.norm(gone - center, axis=1) > 1.3 * radius]
    assert 60 < len(tear) <= 110
    middle = whole.obsm["spatial"].mean(axis=0)
    assert np.abs(tear - middle).max() > 0.85 * np.abs(whole.obsm["spatial"] - middle).max()
    # It ends within the tissue, before the hole.
    assert ((tear - middle) @ (center - middle) < 0).all()


def test_slices_have_holes_of_their_own_and_still_match():
    settings = {"n_slices": 2, "n_spots": 1500, "n_genes": 20, "rotation": 40, "overlap": 0.8, "seed": 1}
    whole, torn = simulate_slices(**settings), simulate_slices(**settings, hole_share=0.2)
    assert [adata.n_obs for adata in torn] == [1200, 1200]
    centers = []
    for one, other in zip(whole, torn, strict=True):
        around = cKDTree(other.obsm["spatial"]).query(one.obsm["spatial"])[0]
        centers.append(one.obsm["spatial"][around.argmax()] - one.obsm["spatial"].mean(axis=0))
    assert np.linalg.norm(centers[0] - centers[1]) > 5 * 137
    match = torn[1].obs["true_match"]
    assert match[match != ""].isin(torn[0].obs_names).all()
    before = whole[1].obs["true_match"][torn[1].obs_names]
    still = before.isin(torn[0].obs_names)
    assert 0.5 < still.mean() < before.ne("").mean()
    assert (match[still] == before[still]).mean() > 0.95


def test_a_tear_at_the_corner_moves_no_coordinates():
    torn_at_the_edge = np.zeros(2)
    for seed in range(10):
        settings = {"n_spots": 60, "n_genes": 20, "layout": "cells", "seed": seed}
        whole, torn = simulate_slices(**settings), simulate_slices(**settings, hole_share=0.3)
        for number, (one, other) in enumerate(zip(whole, torn, strict=True)):
            kept = one.obs_names.isin(other.obs_names)
            assert (one.obsm["spatial"][kept] == other.obsm["spatial"]).all()
            torn_at_the_edge[number] += (other.obsm["spatial"].min(axis=0) > 0).any()
        motion, moved = (made[1].uns["simulation"]["transform"] for made in (whole, torn))
        assert (motion["matrix"] == moved["matrix"]).all()
        assert (motion["offset"] == moved["offset"]).all()
    assert torn_at_the_edge.min() > 0


@pytest.mark.parametrize("n_spots", [10, 23, 97])
@pytest.mark.parametrize("share", [0.05, 0.3])
def test_small_slices_lose_their_share(n_spots, share):
    adata = simulate_slice(n_spots=n_spots, n_genes=20, hole_share=share)
    assert adata.n_obs == n_spots - round(share * n_spots)


def test_markers_mark_their_domain():
    adata = simulate_slice(n_genes=700, n_markers=20, depth=2000)
    assert adata.var["marker"].sum() == 7 * 20
    assert (adata.var["marker_domain"].notna() == adata.var["marker"]).all()
    counts = adata.X.multiply(1 / _totals(adata)[:, None]).tocsr()
    for layer in LAYERS:
        inside = (adata.obs["ground_truth"] == layer).to_numpy()
        change = np.asarray(counts[inside].mean(axis=0) / counts[~inside].mean(axis=0)).ravel()
        own = (adata.var["marker_domain"] == layer).to_numpy()
        assert np.median(change[own]) > 1.2 > np.median(change[~adata.var["marker"]])


def test_depth_is_the_median_total():
    adata = simulate_slice(n_spots=2000, n_genes=200, depth=700, dropout=0)
    assert np.median(_totals(adata)) == pytest.approx(700, rel=0.05)
    assert np.log(_totals(adata)).std() == pytest.approx(0.55, abs=0.12)


@pytest.mark.parametrize("dispersion", [0.0, 0.5])
def test_counts_have_the_variance_asked_for(dispersion):
    adata = simulate_slice(n_genes=50, depth=5000, depth_sd=0, noise=0, dropout=0, dispersion=dispersion)
    counts = adata[adata.obs["ground_truth"] == "L3"].X.toarray().astype(np.float64)
    mean, variance = counts.mean(axis=0), counts.var(axis=0)
    assert np.median(variance / (mean + dispersion * mean**2)) == pytest.approx(1, abs=0.05)


def test_dropout_only_loses_counts():
    full, thinned = (simulate_slice(**SMALL, dropout=dropout).X.toarray() for dropout in (0, 0.5))
    assert set(np.unique(thinned[thinned != full])) == {0}
    # A count of 1 mostly comes of a mean of about 1, where half of 0.5 is lost; large counts are safer.
    lost = [(thinned[full == count] == 0).mean() for count in (1, 5)]
    assert 0.2 < lost[0] < 0.5
    assert lost[1] < 0.7 * lost[0]


def test_blocks_do_not_need_a_dense_matrix(monkeypatch):
    monkeypatch.setattr(_expression, "_BLOCK_VALUES", 200_000)
    tracemalloc.start()
    adata = simulate_slice(n_spots=10_000, n_genes=2000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000 * 2000 * 4 * 0.75
    assert np.median(_totals(adata)[-100:]) > 100


def _scores(adata: anndata.AnnData, n_starts: int = 10) -> tuple[float, float]:
    """ARI of a tied Gaussian mixture on 50 principal components, and on their means over 18 neighbours."""
    truth = adata.obs["ground_truth"]
    adata = adata.copy()
    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
    plain = sc.pp.pca(adata.X, n_comps=50)
    _, near = cKDTree(adata.obsm["spatial"]).query(adata.obsm["spatial"], k=19)

    def score(components: np.ndarray, n_starts: int) -> float:
        mixture = GaussianMixture(truth.nunique(), covariance_type="tied", n_init=n_starts, random_state=0)
        return adjusted_rand_score(truth, mixture.fit_predict(components))

    # On smoothed components the mixture has local optima; on plain ones starts hardly matter, and cost more.
    return score(plain, 2), score(plain[near].mean(axis=1), n_starts)


@pytest.mark.parametrize("tissue", ["cortex", "tumour"])
def test_counts_alone_do_not_give_domains_away_but_neighbours_help(tissue):
    plain, smoothed = np.mean(
        [_scores(simulate_slice(tissue=tissue, seed=seed)) for seed in range(2)], axis=0
    )
    assert plain < 0.45
    assert smoothed > plain + 0.15


@pytest.mark.parametrize(
    "kind",
    [
        {"tissue": "rare"},
        {"border_width": 0.3},
        {"marker_gradients": 0.25},
        {"hole_share": 0.15},
        {"layout": "cells", "n_genes": 100},
    ],
    ids=str,
)
def test_other_kinds_are_neither_trivial_nor_hopeless(kind):
    plain, smoothed = _scores(simulate_slice(**{"n_spots": 1000, "n_genes": 600} | kind), n_starts=1)
    assert plain < 0.4
    assert 0.15 < smoothed < 0.9


def test_noise_is_what_makes_it_hard():
    plain, _ = _scores(simulate_slice(n_spots=1500, noise=0, depth=4000))
    assert plain > 0.7


def test_defaults_resemble_a_real_slice():
    path = DATA / "dlpfc_151673.h5ad"
    if not path.exists():
        pytest.skip(f"real slices are not at SPOTSCAPE_DATA ({path.name} is missing)")
    real, simulated = anndata.read_h5ad(path), simulate_slice()
    for of in (
        lambda adata: adata.X.nnz / np.prod(adata.shape),
        lambda adata: np.median(_totals(adata)) / adata.n_vars,
        lambda adata: np.log(_totals(adata)).std(),
    ):
        assert 0.6 < of(simulated) / of(real) < 1.8


def test_it_can_be_written_and_read(tmp_path):
    for number, adata in enumerate([simulate_slice(**SMALL), *simulate_slices(**SMALL)]):
        path = tmp_path / f"{number}.h5ad"
        adata.write_h5ad(path)
        again = anndata.read_h5ad(path)
        assert (again.X != adata.X).nnz == 0
        assert list(again.obs["ground_truth"]) == list(adata.obs["ground_truth"])
        assert again.uns["simulation"]["tissue"] == "cortex"
        assert again.uns["simulation"]["seed"] == 0


def test_first_slice_is_the_single_one():
    alone, (first, second, third) = (
        simulate_slice(**SMALL, seed=5),
        simulate_slices(n_slices=3, **SMALL, seed=5),
    )
    assert (alone.X != first.X).nnz == 0
    assert (alone.obsm["spatial"] == first.obsm["spatial"]).all()
    assert list(alone.obs_names) == list(first.obs_names)
    assert list(first.obs["true_match"]) == list(first.obs_names)
    names = [name for adata in (first, second, third) for name in adata.obs_names]
    assert len(set(names)) == 3 * 400
    assert [adata.obs["slice"].unique().tolist() for adata in (first, second, third)] == [
        ["slice1"],
        ["slice2"],
        ["slice3"],
    ]
    assert (second.X != third.X).nnz > 0
    assert second.var.equals(first.var)


@pytest.mark.parametrize("layout", ["hexagonal", "square", "cells"])
@pytest.mark.parametrize("flip", [False, True])
def test_neighbours_lie_where_the_transform_says(layout, flip):
    first, second = simulate_slices(
        n_spots=1500, n_genes=20, layout=layout, overlap=0.6, rotation=40, flip=flip, seed=2
    )
    motion = second.uns["simulation"]["transform"]
    assert np.linalg.det(motion["matrix"]) == pytest.approx(-1 if flip else 1)
    assert motion["matrix"] @ motion["matrix"].T == pytest.approx(np.eye(2))
    moved = second.obsm["spatial"] @ motion["matrix"].T + motion["offset"]
    distance, nearest = cKDTree(first.obsm["spatial"]).query(moved)
    unit = {"hexagonal": 137, "square": 8, "cells": 10}[layout]
    matched = (second.obs["true_match"] != "").to_numpy()
    assert distance[matched].max() < 0.75 * unit
    assert list(first.obs_names[nearest[matched]]) == list(second.obs["true_match"][matched])
    assert second.obs["true_match"][matched].is_unique
    assert matched.mean() == pytest.approx((distance < 0.75 * unit).mean(), abs=0.17)
    assert (distance < unit).mean() == pytest.approx(0.6, abs=0.08)
    same = first.obs["ground_truth"].to_numpy()[nearest] == second.obs["ground_truth"].to_numpy()
    assert same[matched].mean() > 0.85


def test_slices_without_rotation_differ_by_less_than_a_spot():
    first, second = simulate_slices(**SMALL, seed=1)
    motion = second.uns["simulation"]["transform"]
    assert motion["matrix"] == pytest.approx(np.eye(2))
    assert (second.obs["true_match"] != "").mean() > 0.9
    assert (first.uns["simulation"]["transform"]["offset"] == 0).all()


@pytest.mark.parametrize(("strength", "expected"), [(0, 0.0), (1, 0.3), (2, 0.6)])
def test_batch_effects_are_as_strong_as_asked(strength, expected):
    slices = simulate_slices(n_spots=1500, n_genes=300, depth=20_000, dropout=0, batch_strength=strength)
    change = np.log(_gene_shares(slices[1]) / _gene_shares(slices[0]))
    assert change.std() == pytest.approx(expected, abs=0.06)


@pytest.mark.parametrize(("by_domain", "expected"), [(0, 0.0), (1, 0.3), (2, 0.6)])
def test_batch_effects_differ_between_domains_as_much_as_asked(by_domain, expected):
    n_domains = 4
    slices = simulate_slices(
        n_spots=2000,
        n_genes=300,
        n_domains=n_domains,
        depth=20_000,
        dropout=0,
        noise=0,
        batch_by_domain=by_domain,
    )
    names = slices[0].obs["ground_truth"].cat.categories
    shares = [[_gene_shares(one[one.obs["ground_truth"] == name]) for name in names] for one in slices]
    change = np.log(np.divide(*shares[::-1]))
    own = change - change.mean(axis=0)
    assert own.std() * np.sqrt(n_domains / (n_domains - 1)) == pytest.approx(expected, abs=0.06)


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("n_spots", 9),
        ("n_spots", "many"),
        ("n_genes", 6),
        ("n_domains", 1),
        ("n_domains", 31),
        ("n_markers", 9),
        ("n_markers", -1),
        ("marker_strength", -0.1),
        ("tissue", "liver"),
        ("layout", "random"),
        ("depth", 0),
        ("depth", float("nan")),
        ("depth_sd", -1),
        ("dispersion", -1),
        ("dropout", 1.5),
        ("noise", -1),
        ("marker_gradients", -0.1),
        ("marker_gradients", 2.1),
        ("marker_gradients", "smooth"),
        ("border_width", -0.1),
        ("border_width", 1.1),
        ("border_width", "wide"),
        ("hole_share", -0.1),
        ("hole_share", 0.31),
        ("hole_share", None),
        ("seed", -1),
        ("seed", None),
        ("n_slices", 0),
        ("batch_strength", -1),
        ("batch_by_domain", -1),
        ("overlap", 0),
        ("overlap", 1.1),
        ("rotation", "left"),
        ("flip", "yes"),
    ],
)
def test_bad_input_names_the_argument(argument, value):
    with pytest.raises(InputError, match=f"^{argument}: found "):
        simulate_slices(**SMALL | {argument: value})
