"""From an embedding to domains."""

import numpy as np
import pandas as pd
import pytest
import torch
from anndata import AnnData
from scipy import sparse
from sklearn.metrics import adjusted_rand_score
from sklearn.preprocessing import normalize
from threadpoolctl import threadpool_info

from spotscape import gr, tl
from spotscape._validate import InputError, SpotscapeWarning
from spotscape.datasets import simulate_slice
from spotscape.tl import _clustering, _n_domains
from spotscape.tl._clustering import by_size, fit_mixture, kmeans_labels, smooth_labels
from spotscape.tl._confidence import COEFFICIENTS, calibrated
from spotscape.tl._domains import find_domains
from spotscape.tl._n_domains import below_the_line, suggest
from spotscape.tl._partial_volume import fit_from, kmeans_starts, leading_view
from spotscape.tl._sharpening import canonical_variates
from spotscape.tl._smoothing import pattern


@pytest.mark.parametrize("method", ["consensus", "gmm", "kmeans", "leiden"])
def test_finds_clear_groups_and_orders_them_by_size(embedded, method):
    tl.spatial_domains(embedded, n_domains=3, method=method)
    domain = embedded.obs["spotscape_domain"]
    assert domain.value_counts()[["1", "2", "3"]].tolist() == [50, 30, 10]
    assert adjusted_rand_score(embedded.obs["group"], domain) == 1.0
    assert embedded.uns["spotscape"]["domains"]["method"] == method
    assert embedded.uns["spotscape"]["domains"]["n_domains"] == 3


@pytest.mark.parametrize("method", ["consensus", "gmm", "kmeans"])
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
    stretched = rng.normal(size=(200, 2)) * [5, 1] + np.repeat([[0, 0], [0, 8]], 100, axis=0)
    truth = np.repeat([0, 1], 100)
    mixture = fit_mixture(stretched, 2, n_starts=10, seed=0)
    assert adjusted_rand_score(truth, mixture.predict(stretched)) > 0.95
    assert adjusted_rand_score(truth, kmeans_labels(stretched, 2, n_starts=10, seed=0)) < 0.5
    assert mixture.covariances_.shape == (2, 2)


def test_a_unit_that_never_fires_does_no_harm(embedded):
    dead = np.hstack([embedded.obsm["X_spotscape"], np.zeros((90, 2), dtype="float32")])
    embedded.obsm["X_spotscape"] = dead
    tl.spatial_domains(embedded, n_domains=3)
    assert adjusted_rand_score(embedded.obs["group"], embedded.obs["spotscape_domain"]) == 1.0


@pytest.mark.parametrize("method", ["consensus", "gmm", "kmeans", "leiden"])
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
    for method in ("consensus", "gmm", "leiden"):
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


@pytest.mark.parametrize("method", ["consensus", "gmm"])
def test_confidence_is_that_of_the_labels_and_goes_with_them(embedded, method):
    tl.spatial_domains(embedded, n_domains=3, method=method)
    confidence = embedded.obs["spotscape_confidence"]
    assert confidence.dtype == np.float32
    assert confidence.between(1 / 3, 1).all()
    assert confidence.median() > 0.8
    for other in ("kmeans", "leiden"):
        copy = tl.spatial_domains(embedded, n_domains=3, method=other, copy=True)
        assert "spotscape_confidence" not in copy.obs
    tl.spatial_domains(embedded, n_domains=3, method="kmeans", key_added="spotscape")
    assert "spotscape_confidence" not in embedded.obs


def test_confidence_of_a_mixture_is_its_posterior_calibrated(embedded):
    embedding = embedded.obsm["X_spotscape"].astype(np.float64)
    found = find_domains(embedding, 3, method="gmm", seed=2, n_starts=3, unit_rows=False)
    mixture = fit_mixture(embedding, 3, n_starts=3, seed=2)
    expected = calibrated(mixture.predict_proba(embedding).max(axis=1), 3, COEFFICIENTS["gmm"])
    np.testing.assert_allclose(found.confidence, expected, rtol=1e-6)
    assert np.array_equal(found.labels, by_size(mixture.predict(embedding)))


def test_a_smoothed_label_has_the_confidence_of_what_it_became(embedded):
    path = sparse.diags([1, 1], [-1, 1], shape=(90, 90), dtype=float, format="csr")
    embedded.obsp["spatial_connectivities"] = path
    embedded.obsm["X_spotscape"][20] = embedded.obsm["X_spotscape"][60]  # a lone spot of the second group
    asked = {"n_domains": 3, "method": "gmm", "copy": True}
    plain, smooth = (tl.spatial_domains(embedded, smooth=smooth, **asked).obs for smooth in (False, True))
    assert plain["spotscape_domain"].iloc[20] == "2"
    assert smooth["spotscape_domain"].iloc[20] == "1"
    assert plain["spotscape_confidence"].iloc[20] > 0.8
    assert smooth["spotscape_confidence"].iloc[20] == pytest.approx(1 / 3, abs=0.05)


def test_confidence_is_lower_at_borders():
    tissue = simulate_slice(n_spots=300, n_genes=80, n_domains=3, seed=1)
    gr.spatial_neighbors(tissue)
    settings = {"epochs": 5, "hidden_dim": 16, "n_starts": 2}
    tl.run_spotscape(tissue, n_domains=3, config=settings, progress=False)
    truth = tissue.obs["ground_truth"].to_numpy()
    edges = tissue.obsp["spatial_connectivities"].tocoo()
    at_border = np.zeros(tissue.n_obs, dtype=bool)
    at_border[edges.row[truth[edges.row] != truth[edges.col]]] = True
    confidence = tissue.obs["spotscape_confidence"]
    assert confidence[at_border].mean() < confidence[~at_border].mean() - 0.02


def test_the_graph_changes_the_consensus_only(embedded):
    rng = np.random.default_rng(3)
    embedded.obsm["X_spotscape"] = embedded.obsm["X_spotscape"] + rng.normal(scale=2.5, size=(90, 3))
    with_graph = embedded.copy()
    with_graph.obsp["spatial_connectivities"] = sparse.diags(
        [1, 1], [-1, 1], shape=(90, 90), dtype=float, format="csr"
    )
    agreement = {}
    for method in ("consensus", "gmm", "kmeans"):
        both = (embedded, with_graph)
        alone, among = (
            tl.spatial_domains(x, n_domains=3, method=method, n_starts=3, copy=True).obs for x in both
        )
        if method != "consensus":
            pd.testing.assert_frame_equal(alone, among)
        else:
            agreement = {
                name: adjusted_rand_score(embedded.obs["group"], obs["spotscape_domain"])
                for name, obs in (("alone", alone), ("among", among))
            }
    assert agreement["among"] > agreement["alone"]


@pytest.mark.parametrize("method", ["consensus", "gmm", "kmeans"])
def test_many_spots_are_grouped_by_a_sample(embedded, monkeypatch, method):
    asked = {"n_domains": 3, "method": method, "copy": True}
    everything = tl.spatial_domains(embedded, **asked).obs
    monkeypatch.setattr(_clustering, "MOST_SPOTS", 60)
    monkeypatch.setattr(_clustering, "_AT_ONCE", 13)
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
        ({"unit_rows": 1}, "unit_rows"),
        ({"smooth": "yes"}, "smooth"),
        ({"seed": -1}, "seed"),
        ({"key_added": "other"}, r"adata.obsm\['X_other'\]"),
    ],
)
def test_bad_arguments_are_named(embedded, arguments, names):
    with pytest.raises(InputError, match=rf"^{names}: found"):
        tl.spatial_domains(embedded, **arguments)
    assert "spotscape_domain" not in embedded.obs


def test_suggests_the_number_of_clear_groups(embedded):
    assert tl.suggest_n_domains(embedded) == 3
    tl.spatial_domains(embedded)
    assert embedded.obs["spotscape_domain"].nunique() == 3
    assert embedded.uns["spotscape"]["domains"]["suggested_from"][0] == 3


def test_the_elbow_by_hand():
    # Falls by 60, 30, 5 and 5 of 100: after the second step it lies 0.9 - 0.5 below the line.
    found = below_the_line(np.array([2, 3, 4, 5, 6]), np.array([100.0, 40.0, 10.0, 5.0, 0.0]))
    np.testing.assert_allclose(found, [0, 0.35, 0.4, 0.2, 0])
    assert (below_the_line(np.array([2, 3]), np.array([7.0, 7.0])) <= 0).all()


@pytest.mark.parametrize("width", [7, 40])  # 40 columns are wide: 24 are looked at
@pytest.mark.parametrize("n_groups", [3, 5, 7])
def test_clear_groups_are_counted(n_groups, width):
    rng = np.random.default_rng(n_groups)
    centres = np.eye(n_groups, width) * 8
    groups = np.repeat(centres, 40, axis=0) + rng.normal(size=(40 * n_groups, width))
    assert suggest(normalize(groups), seed=0).n_domains == n_groups


def test_more_spots_of_the_same_tissue_do_not_make_more_domains():
    rng = np.random.default_rng(3)
    # Two groups, each long: cut up, they are described a little better, the more surely the more spots.
    groups = np.repeat([[0.0] * 4, [40.0] * 4], 2000, axis=0) + rng.uniform(-3, 3, size=(4000, 4))
    few = suggest(groups[::20], candidates=range(2, 9), seed=0)
    many = suggest(groups, candidates=range(2, 9), seed=0)
    assert few.n_domains == many.n_domains == 2
    assert many.scores.argmax() == 0
    assert many.scores.sum() == pytest.approx(1)


def striped(n_groups, side=12, width=6):
    """Return stripes on a square lattice, smoothed as training does, and the graph of the lattice."""
    rng = np.random.default_rng(n_groups)
    row, column = np.divmod(np.arange(side * side), side)
    embedding = np.eye(n_groups, width)[column * n_groups // side] * 3 + rng.normal(size=(side * side, width))
    steps = np.abs(row[:, None] - row) + np.abs(column[:, None] - column)
    mean = (steps <= 1) / (steps <= 1).sum(axis=1, keepdims=True)
    return mean @ mean @ embedding, sparse.csr_matrix(steps == 1)


def test_weights_are_those_of_the_formula():
    embedding, graph = striped(4, width=15)
    candidates = (2, 4, 6)
    found = suggest(embedding, graph, candidates=candidates, seed=5)

    joined = graph.toarray() | np.eye(len(embedding), dtype=bool)
    leading = embedding[:, :9]  # 0.6 of 15 columns
    ends = np.argwhere(np.triu(graph.toarray()))
    scaled = leading / np.sqrt(np.mean([(leading[i] - leading[j]) ** 2 for i, j in ends], axis=0))
    varied = np.array([scaled[near].var(axis=0).sum() for near in joined])
    mixed = np.minimum(1 / (1 + (np.median(varied) / varied) ** 8), 0.999)
    score, entropy = {}, {}
    for k in range(2, 13):
        mixture = fit_from(scaled, mixed, k, kmeans_starts(scaled, k, 4, seed=5))
        score[k] = mixture.score
        posterior = mixture.posterior(scaled, mixed)
        entropy[k] = np.mean([sum(-p * np.log(p) for p in row if p > 1e-12) for row in posterior])
    typical = np.clip(np.mean([entropy[k] for k in range(3, 13)]), 0.26, 0.49)
    cost = 0.35 * (0.353 / typical) ** 2
    logarithms = np.log(
        canonical_variates(embedding, *leading_view(embedding, pattern(graph)), 2, seed=5).ratios
    )
    shares = [each / logarithms.sum() for each in logarithms if each > 0]
    expected = 2.2 * np.exp(-sum(share * np.log(share) for share in shares)) - 4.5
    weights = np.array(
        [np.exp((score[k] - score[4] - cost * (k - 4)) / 0.1 - (k - expected) ** 2 / 2) for k in candidates]
    )
    np.testing.assert_allclose(found.scores, weights / weights.sum(), rtol=1e-4, atol=1e-9)


def test_what_a_domain_costs_falls_with_the_entropy_and_is_typical_without_a_graph(monkeypatch):
    embedding, graph = striped(3)
    means = {}
    for entropy in (0.3, 0.35, 0.5):
        # both limits are one, so that this is what the tissue counts as
        monkeypatch.setattr(_n_domains, "_ENTROPIES", (entropy, entropy))
        found = suggest(embedding, graph, seed=0)
        means[entropy] = found.scores @ found.candidates
    assert means[0.3] < means[0.35] < means[0.5]
    monkeypatch.setattr(_n_domains, "_ENTROPIES", (0.0, 1.0))
    alone = suggest(embedding, seed=0)
    monkeypatch.setattr(_n_domains, "_TYPICAL_ENTROPY", 0.7)  # (0.7 / 0.7)² as well
    np.testing.assert_array_equal(suggest(embedding, seed=0).scores, alone.scores)


@pytest.mark.parametrize("n_groups", [4, 5, 6])
def test_stripes_are_counted(n_groups):
    assert suggest(*striped(n_groups, side=24, width=10), seed=0).n_domains == n_groups


def test_a_suggestion_is_one_of_the_candidates(embedded):
    assert tl.suggest_n_domains(embedded, candidates=[2, 7, 9]) in (2, 7, 9)


def test_too_few_spots_to_suggest_from(embedded):
    few = embedded[:2].copy()
    with pytest.raises(InputError, match=r"^n_domains: found None, with 2 spots"):
        tl.spatial_domains(few)


def test_unit_rows_go_by_direction():
    rng = np.random.default_rng(0)
    directions = np.repeat(np.eye(2), 30, axis=0) + rng.normal(scale=0.02, size=(60, 2))
    lengths = np.where(rng.random(60) < 0.5, 1, 100)[:, None]
    adata = AnnData(np.ones((60, 1), dtype="float32"), obsm={"X_spotscape": directions * lengths})
    truth = np.repeat([0, 1], 30)
    agreement = {}
    for unit_rows in (True, False):
        tl.spatial_domains(adata, n_domains=2, method="kmeans", unit_rows=unit_rows)
        agreement[unit_rows] = adjusted_rand_score(truth, adata.obs["spotscape_domain"])
    assert agreement[True] == 1.0
    assert agreement[False] < 0.8


def test_unit_rows_are_as_the_run_had_them_and_else_off(embedded):
    for params, expected in ({}, False), ({"unit_rows": True}, True), ({"unit_rows": False}, False):
        embedded.uns["spotscape"] = {"params": params}
        tl.spatial_domains(embedded, n_domains=3, method="kmeans")
        assert embedded.uns["spotscape"]["domains"]["unit_rows"] is expected


@pytest.mark.parametrize("candidates", [[], [1, 2], [3, 91], "all", [3.5], 4])
def test_bad_candidates_are_named(embedded, candidates):
    with pytest.raises(InputError, match=r"^candidates: found"):
        tl.suggest_n_domains(embedded, candidates=candidates)
