"""From an embedding to domains."""

import numpy as np
import pandas as pd
import pytest
import torch
from anndata import AnnData
from scipy import sparse
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_info

from spotscape import gr, tl
from spotscape._validate import InputError, SpotscapeWarning
from spotscape.datasets import simulate_slice
from spotscape.domains import clustering, number
from spotscape.domains.clustering import (
    by_size,
    kmeans_labels,
    kmeans_starts,
    mixture_posterior,
    smooth_labels,
)
from spotscape.domains.confidence import calibrated
from spotscape.domains.mixture import fit_mixture
from spotscape.domains.number import suggest
from spotscape.tl._domains import find_domains


@pytest.mark.parametrize("method", ["gmm", "kmeans", "leiden"])
def test_finds_clear_groups_and_orders_them_by_size(embedded, method):
    tl.spatial_domains(embedded, n_domains=3, method=method)
    domain = embedded.obs["spotscape_domain"]
    assert domain.value_counts()[["1", "2", "3"]].tolist() == [50, 30, 10]
    assert adjusted_rand_score(embedded.obs["group"], domain) == 1.0
    assert embedded.uns["spotscape"]["domains"]["method"] == method
    assert embedded.uns["spotscape"]["domains"]["n_domains"] == 3


@pytest.mark.parametrize("method", ["gmm", "kmeans"])
def test_fewer_domains_than_asked_for_are_said(method):
    two_places = np.repeat([[0.0, 1.0], [5.0, 1.0]], [10, 20], axis=0)
    adata = AnnData(np.ones((30, 2), dtype="float32"), obsm={"X_spotscape": two_places})
    with pytest.warns(SpotscapeWarning, match=f"n_domains: 4 were asked for, 2 found by '{method}'"):
        tl.spatial_domains(adata, n_domains=4, method=method)
    assert adata.uns["spotscape"]["domains"]["n_domains"] == 2


@pytest.mark.filterwarnings("error::spotscape._validate.SpotscapeWarning")
def test_the_number_asked_for_says_nothing(embedded):
    tl.spatial_domains(embedded, n_domains=3)


def test_tied_mixture_follows_stretched_groups_where_kmeans_cannot():
    rng = np.random.default_rng(0)
    stretched = rng.normal(size=(20_000, 2)) * [5, 1] + np.repeat([[0, 0], [0, 8]], 10_000, axis=0)
    truth = np.repeat([0, 1], 10_000)
    found = mixture_posterior(stretched, 2, n_starts=10, seed=0).argmax(axis=1)
    assert adjusted_rand_score(truth, found) > 0.95
    assert adjusted_rand_score(truth, kmeans_labels(stretched, 2, n_starts=10, seed=0)) < 0.5


def test_a_unit_that_never_fires_does_no_harm(embedded):
    dead = np.hstack([embedded.obsm["X_spotscape"], np.zeros((90, 2), dtype="float32")])
    embedded.obsm["X_spotscape"] = dead
    tl.spatial_domains(embedded, n_domains=3)
    assert adjusted_rand_score(embedded.obs["group"], embedded.obs["spotscape_domain"]) == 1.0


@pytest.mark.parametrize("method", ["gmm", "kmeans", "leiden"])
def test_same_seed_same_labels_and_global_state_is_left_alone(embedded, method):
    np.random.seed(1)  # noqa: NPY002 (the global state is what is looked at)
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first, second = (
        tl.spatial_domains(embedded, n_domains=4, method=method, seed=5, copy=True) for _ in range(2)
    )
    pd.testing.assert_frame_equal(first.obs, second.obs)
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_number_of_threads_is_left_alone(embedded):
    before = {pool["filepath"]: pool["num_threads"] for pool in threadpool_info()}
    torch_threads = torch.get_num_threads()
    for method in ("gmm", "leiden"):
        tl.spatial_domains(embedded, n_domains=3, method=method)
    after = {pool["filepath"]: pool["num_threads"] for pool in threadpool_info()}
    assert {path: after[path] for path in before} == before
    assert torch.get_num_threads() == torch_threads


def test_leiden_by_resolution(embedded):
    coarse = tl.spatial_domains(embedded, method="leiden", resolution=0.05, copy=True)
    fine = tl.spatial_domains(embedded, method="leiden", resolution=3.0, copy=True)
    counts = [x.obs["spotscape_domain"].nunique() for x in (coarse, fine)]
    assert counts[0] < counts[1]
    assert coarse.uns["spotscape"]["domains"]["resolution"] == 0.05


def test_smoothing_by_hand():
    # A path of five spots.
    path = sparse.diags([1, 1], [-1, 1], shape=(5, 5), dtype=float, format="csr")
    # Spot 2 is outvoted by its neighbours.
    assert smooth_labels(np.array([0, 0, 1, 0, 0]), path).tolist() == [0, 0, 0, 0, 0]
    # Spot 4 at the end has one vote for each label, and keeps its own; spots 2 and 3 are outvoted.
    assert smooth_labels(np.array([0, 0, 1, 0, 1]), path).tolist() == [0, 0, 0, 1, 1]
    assert smooth_labels(np.array([0, 0, 0, 1, 1]), path).tolist() == [0, 0, 0, 1, 1]


def test_smoothing_is_recorded_and_needs_a_graph(embedded):
    with pytest.raises(InputError, match=r"spatial_connectivities.*spatial_neighbors"):
        tl.spatial_domains(embedded, n_domains=3, smooth=True)
    assert "spotscape_domain" not in embedded.obs
    embedded.obsp["spatial_connectivities"] = sparse.diags(
        [1, 1], [-1, 1], shape=(90, 90), dtype=float, format="csr"
    )
    tl.spatial_domains(embedded, n_domains=3, smooth=True)
    assert embedded.uns["spotscape"]["domains"]["smooth"]


def test_confidence_is_that_of_the_labels_and_goes_with_them(embedded):
    tl.spatial_domains(embedded, n_domains=3)
    confidence = embedded.obs["spotscape_confidence"]
    assert confidence.dtype == np.float32
    assert confidence.between(1 / 3, 1).all()
    assert confidence.median() > 0.7
    for other in ("kmeans", "leiden"):
        copy = tl.spatial_domains(embedded, n_domains=3, method=other, copy=True)
        assert "spotscape_confidence" not in copy.obs
    tl.spatial_domains(embedded, n_domains=3, method="kmeans", key_added="spotscape")
    assert "spotscape_confidence" not in embedded.obs


def test_confidence_of_a_mixture_is_its_posterior_calibrated(embedded):
    embedding = embedded.obsm["X_spotscape"].astype(np.float64)
    found = find_domains(embedding, 3, method="gmm", seed=2, n_starts=3)
    posterior = mixture_posterior(embedding, 3, n_starts=3, seed=2)
    np.testing.assert_allclose(found.confidence, calibrated(posterior.max(axis=1), 3), rtol=1e-6)
    assert np.array_equal(found.labels, by_size(posterior.argmax(axis=1)))


def test_a_smoothed_label_has_the_confidence_of_what_it_became(embedded):
    path = sparse.diags([1, 1], [-1, 1], shape=(90, 90), dtype=float, format="csr")
    embedded.obsp["spatial_connectivities"] = path
    embedded.obsm["X_spotscape"][20] = embedded.obsm["X_spotscape"][60]  # a lone spot of the second group
    asked = {"n_domains": 3, "method": "gmm", "copy": True}
    plain, smooth = (tl.spatial_domains(embedded, smooth=smooth, **asked).obs for smooth in (False, True))
    assert plain["spotscape_domain"].iloc[20] == "2"
    assert smooth["spotscape_domain"].iloc[20] == "1"
    assert plain["spotscape_confidence"].iloc[20] > 0.7
    assert smooth["spotscape_confidence"].iloc[20] == pytest.approx(1 / 3, abs=0.05)


def test_confidence_is_lower_at_borders():
    tissue = simulate_slice(n_spots=300, n_genes=80, n_domains=3, seed=1)
    gr.spatial_neighbors(tissue)
    tl.run_spotscape(tissue, n_domains=3, progress=False)
    truth = tissue.obs["ground_truth"].to_numpy()
    edges = tissue.obsp["spatial_connectivities"].tocoo()
    at_border = np.zeros(tissue.n_obs, dtype=bool)
    at_border[edges.row[truth[edges.row] != truth[edges.col]]] = True
    confidence = tissue.obs["spotscape_confidence"]
    assert confidence[at_border].mean() < confidence[~at_border].mean() - 0.02


def test_the_graph_changes_no_labels(embedded):
    with_graph = embedded.copy()
    with_graph.obsp["spatial_connectivities"] = sparse.diags(
        [1, 1], [-1, 1], shape=(90, 90), dtype=float, format="csr"
    )
    alone, among = (tl.spatial_domains(x, n_domains=3, copy=True).obs for x in (embedded, with_graph))
    pd.testing.assert_frame_equal(alone, among)


@pytest.mark.parametrize("method", ["gmm", "kmeans"])
def test_many_spots_are_grouped_by_a_sample(embedded, monkeypatch, method):
    asked = {"n_domains": 3, "method": method, "copy": True}
    everything = tl.spatial_domains(embedded, **asked).obs
    monkeypatch.setattr(clustering, "MOST_SPOTS", 60)
    monkeypatch.setattr(clustering, "_AT_ONCE", 13)
    sampled, again = (tl.spatial_domains(embedded, **asked).obs for _ in range(2))
    pd.testing.assert_frame_equal(sampled, again)
    assert adjusted_rand_score(everything["spotscape_domain"], sampled["spotscape_domain"]) == 1.0
    if method != "kmeans":
        np.testing.assert_allclose(
            sampled["spotscape_confidence"], everything["spotscape_confidence"], atol=0.1
        )


def test_by_size():
    assert by_size(np.array([7, 2, 2, 5, 5, 2])).tolist() == [2, 0, 0, 1, 1, 0]
    assert by_size(np.array([1, 0])).tolist() == [0, 1]  # equal sizes: the first spot's comes first


def test_old_colours_do_not_outlive_the_labels(embedded):
    embedded.uns["spotscape_domain_colors"] = ["#000000"]
    tl.spatial_domains(embedded, n_domains=3)
    assert "spotscape_domain_colors" not in embedded.uns


def test_copy(embedded):
    result = tl.spatial_domains(embedded, n_domains=3, copy=True)
    assert "spotscape_domain" in result.obs
    assert "spotscape_domain" not in embedded.obs
    assert "spotscape" not in embedded.uns


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ({"n_domains": 1}, "n_domains"),
        ({"n_domains": 91}, "n_domains"),
        ({"n_domains": "three"}, "n_domains"),
        ({"method": "mclust"}, "method"),
        ({"method": "leiden", "resolution": 0}, "resolution"),
        ({"n_starts": 0}, "n_starts"),
        ({"smooth": "yes"}, "smooth"),
        ({"seed": -1}, "seed"),
        ({"key_added": "other"}, r"adata.obsm\['X_other'\]"),
    ],
)
def test_bad_arguments_are_named(embedded, arguments, names):
    with pytest.raises(InputError, match=rf"^{names}: found"):
        tl.spatial_domains(embedded, **arguments)
    assert "spotscape_domain" not in embedded.obs


def groups_of(n_groups, each=200, width=7, apart=8.0):
    rng = np.random.default_rng(n_groups)
    return np.repeat(np.eye(n_groups, width) * apart, each, axis=0) + rng.normal(
        size=(each * n_groups, width)
    )


@pytest.mark.parametrize("n_groups", [5, 6, 7])
def test_suggests_the_number_of_clear_groups(n_groups):
    embedding = groups_of(n_groups)
    adata = AnnData(np.ones((len(embedding), 2), dtype="float32"), obsm={"X_spotscape": embedding})
    assert tl.suggest_n_domains(adata) == n_groups
    curve = adata.uns["spotscape"]["n_domains"]
    assert curve["suggested"] == n_groups
    assert curve["candidates"].tolist() == list(range(2, 16))
    assert curve["weights"].sum() == pytest.approx(1)
    assert curve["by_data"].sum() == pytest.approx(1)
    tl.spatial_domains(adata)
    assert adata.obs["spotscape_domain"].nunique() == n_groups
    assert adata.uns["spotscape"]["domains"]["suggested"]


def test_weights_are_those_of_the_formula():
    embedding = groups_of(3, each=60, apart=2.5)
    path = sparse.diags([1, 1], [-1, 1], shape=(180, 180), dtype=float, format="csr")
    candidates = (2, 4, 6)
    found = suggest(embedding, path, candidates=candidates, seed=5)

    in_order = embedding[np.lexsort(embedding.T[::-1])]
    criterion = []
    independent = 180 / (1 + path.nnz / 180)
    for k in candidates:
        score = fit_mixture(in_order, kmeans_starts(in_order, k, 4, seed=5), k).score
        criterion.append(-2 * independent * score + k * 8 * np.log(independent))
    standard = (np.array(criterion) - np.mean(criterion)) / np.std(criterion)
    strength, typical, spread = number._STRENGTH, number._TYPICAL, number._SPREAD
    data = np.exp(-strength * standard)
    prior = np.exp(-((np.log(np.array(candidates) / typical) / spread) ** 2) / 2)
    np.testing.assert_allclose(found.by_data, data / data.sum(), rtol=1e-6)
    np.testing.assert_allclose(found.weights, data * prior / (data * prior).sum(), rtol=1e-6)


def test_a_suggestion_is_one_of_the_candidates(embedded):
    assert tl.suggest_n_domains(embedded, candidates=[2, 7, 9]) in (2, 7, 9)


def test_too_few_spots_to_suggest_from():
    with pytest.raises(InputError, match=r"^n_domains: found None, with 1 spots"):
        number.usable_candidates(1)


@pytest.mark.parametrize("candidates", [[], [1, 2], [3, 91], "all", [3.5], 4])
def test_bad_candidates_are_named(embedded, candidates):
    with pytest.raises(InputError, match=r"^candidates: found"):
        tl.suggest_n_domains(embedded, candidates=candidates)
