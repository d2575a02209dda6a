"""The embedding in coordinates that tell groups apart: against loops, and what must not change them."""

import numpy as np
import pytest
from scipy import sparse
from scipy.stats import norm
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

import spotscape
from spotscape import tl
from spotscape._validate import InputError
from spotscape.tl import _clustering, _sharpening
from spotscape.tl._partial_volume import fit_from, kmeans_starts, leading_view, mixed_chance
from spotscape.tl._sharpening import canonical_variates, find_sharpening
from spotscape.tl._smoothing import neighbor_scale, pattern


def tissue(side=20, seed=0):
    """Return stripes of four domains across a strong gradient, an embedding of six columns, and the graph."""
    rng = np.random.default_rng(seed)
    row, column = np.divmod(np.arange(side * side), side)
    domain = column * 4 // side
    embedding = rng.normal(size=(side * side, 6)) * 0.15
    embedding[:, 0] += 3 * norm.ppf((row + 0.5) / side)  # the gradient, within domains
    embedding[:, 1:3] += np.array([[0, 0], [1, 0], [1, 1], [0, 1]])[domain] * 1.5
    steps = np.abs(row[:, None] - row) + np.abs(column[:, None] - column)
    return embedding, sparse.csr_matrix(steps == 1), domain


def kmeans(values):
    return KMeans(4, n_init=10, random_state=0).fit_predict(values)


def test_directions_are_those_of_the_formula():
    embedding, graph, _ = tissue()
    found = canonical_variates(embedding, *leading_view(embedding, pattern(graph)), 1, seed=4)

    order = np.argsort(embedding[:, 0])
    scaled = embedding / neighbor_scale(embedding, pattern(graph))
    mixed = mixed_chance(scaled, pattern(graph))[order]
    rng = np.random.default_rng(4)
    seed = int(rng.integers(2**31))
    values = (embedding - embedding.mean(axis=0))[order]
    within = np.zeros((6, 6))
    rng = np.random.default_rng(seed)
    for k in (4, 7, 10) * 4:
        view = scaled[order]
        starts = kmeans_starts(view, k, 5, int(rng.integers(2**31)))
        members = fit_from(view, mixed, k, starts).posterior(view, mixed)
        for group in members.T:
            mean = sum(share * value for share, value in zip(group, values, strict=True)) / group.sum()
            for share, value in zip(group, values, strict=True):
                within += share * np.outer(value - mean, value - mean) / len(values) / 12
    total = sum(np.outer(value, value) for value in values) / len(values)

    v, ratios = found.directions, found.ratios
    assert (np.diff(ratios) <= 0).all()
    np.testing.assert_allclose(v.T @ within @ v, np.eye(6), atol=1e-4)
    telling = max(4, int((ratios > 1.15).sum()))
    for column, ratio in zip(v.T[:telling], ratios, strict=False):
        np.testing.assert_allclose(total @ column, ratio * within @ column, rtol=1e-4, atol=1e-4)
        assert column[np.abs(column).argmax()] > 0
    # the others: within what is left, and as near to the last axes as they can be
    rest = v[:, telling:]
    nearness = rest.T @ within[:, telling:]
    np.testing.assert_allclose(v[:, :telling].T @ total @ rest, 0, atol=1e-3)
    np.testing.assert_allclose(nearness, nearness.T, atol=1e-4)
    assert (np.linalg.eigvalsh(nearness) > 0).all()


def test_columns_count_as_far_as_they_tell_groups_apart():
    embedding, graph, _ = tissue()
    plain = canonical_variates(embedding, *leading_view(embedding, pattern(graph)), 2, seed=0).directions
    sharpened = find_sharpening(embedding, graph, 2, seed=0).directions
    for one, other in zip(plain.T, sharpened.T, strict=True):
        share = 1 - 1 / np.var((embedding - embedding.mean(axis=0)) @ one)
        np.testing.assert_allclose(other, one * max(share, 0.2) ** 0.5)


def test_what_varies_within_domains_is_no_longer_taken_for_them():
    embedding, graph, domain = tissue()
    sharpened = find_sharpening(embedding, graph, 2, seed=0).apply(embedding)
    assert adjusted_rand_score(domain, kmeans(embedding)) < 0.5
    assert adjusted_rand_score(domain, kmeans(sharpened)) > 0.9


def test_nothing_is_lost():
    embedding, graph, _ = tissue()
    found = find_sharpening(embedding, graph, 2, seed=0)
    back = found.apply(embedding) @ np.linalg.inv(found.directions) + found.center
    np.testing.assert_allclose(back, embedding, atol=1e-5)


@pytest.mark.parametrize("most", [10_000, 300])
def test_the_order_of_spots_does_not_matter(monkeypatch, most):
    monkeypatch.setattr(_clustering, "MOST_SPOTS", most)
    embedding, graph, _ = tissue()
    order = np.random.default_rng(1).permutation(len(embedding))
    one = find_sharpening(embedding, graph, 2, seed=0).apply(embedding)
    other = find_sharpening(embedding[order], graph[order][:, order], 2, seed=0).apply(embedding[order])
    np.testing.assert_allclose(other, one[order], atol=1e-4)


def test_the_same_seed_gives_the_same_bits_and_nothing_is_written_to():
    embedding, graph, _ = tissue()
    before = embedding.copy()
    one, other = (find_sharpening(embedding, graph, 2, seed=3) for _ in range(2))
    np.testing.assert_array_equal(one.directions, other.directions)
    np.testing.assert_array_equal(embedding, before)


@pytest.mark.parametrize("graph", [True, False], ids=["graph", "no graph"])
@pytest.mark.parametrize("width", [1, 3, 6])
def test_columns_that_never_vary_or_come_twice_do_no_harm(width, graph):
    embedding, near, _ = tissue()
    embedding = np.hstack([embedding[:, :width], embedding[:, :1], np.full((len(embedding), 1), 7.0)])
    sharpened = find_sharpening(embedding, near if graph else None, 2, seed=0).apply(embedding)
    assert sharpened.shape == embedding.shape
    assert np.isfinite(sharpened).all()


def test_no_rounds_too_few_spots_and_equal_ones_change_nothing():
    embedding, graph, _ = tissue()
    assert find_sharpening(embedding, graph, 0, seed=0) is None
    assert find_sharpening(embedding[:39], graph[:39, :39], 2, seed=0) is None
    assert find_sharpening(embedding[:40], graph[:40, :40], 2, seed=0) is not None
    assert find_sharpening(np.ones((60, 3)), None, 2, seed=0) is None


@pytest.fixture(scope="module")
def simulated():
    return spotscape.datasets.simulate_slice(n_spots=300, n_genes=80, n_domains=4, seed=2)


def run(adata, **settings):
    return tl.run_spotscape(adata, n_domains=4, config={"epochs": 3} | settings, progress=False, copy=True)


def test_a_run_gives_the_encoders_embedding_in_other_coordinates(simulated):
    sharp, plain = run(simulated), run(simulated, sharpening_rounds=0)
    model = sharp.uns["spotscape_model"]
    assert "directions" not in plain.uns["spotscape_model"]
    expected = (plain.obsm["X_spotscape"] - model["center"]) @ model["directions"]
    np.testing.assert_allclose(sharp.obsm["X_spotscape"], expected, atol=1e-4)
    assert sharp.uns["spotscape"]["params"]["sharpening_rounds"] == 2


def test_neither_labels_nor_the_number_of_domains_go_in(simulated):
    one = run(simulated)
    simulated = simulated.copy()
    del simulated.obs["ground_truth"]
    other = tl.run_spotscape(simulated, n_domains=6, config={"epochs": 3}, progress=False, copy=True)
    np.testing.assert_array_equal(one.obsm["X_spotscape"], other.obsm["X_spotscape"])


def test_the_published_encoder_is_left_as_it_is(simulated):
    adata = run(simulated, n_components=0, sharpening_rounds=2)
    assert "directions" not in adata.uns["spotscape_model"]
    assert spotscape.SpotscapeConfig.paper().sharpening_rounds == 0


def test_a_model_maps_into_the_same_coordinates(simulated, tmp_path):
    adata = run(simulated)
    spotscape.Spotscape.from_adata(adata).save(tmp_path / "model")
    again = spotscape.Spotscape.load(tmp_path / "model").transform(simulated, copy=True)
    np.testing.assert_allclose(again.obsm["X_spotscape"], adata.obsm["X_spotscape"], atol=1e-4)


@pytest.mark.parametrize("part", _sharpening.Sharpening._fields)
@pytest.mark.parametrize("damage", ["short", "missing"])
def test_a_model_with_other_coordinates_is_refused(simulated, part, damage):
    adata = run(simulated)
    model = dict(adata.uns["spotscape_model"])
    model[part] = model[part][:3]
    if damage == "missing":
        del model[part]
    adata.uns["spotscape_model"] = model
    with pytest.raises(InputError, match=rf"spotscape_model.*{part}.*expected shape"):
        spotscape.Spotscape.from_adata(adata)
