"""The embedding in coordinates that tell groups apart: against loops, and what must not change them."""

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

import spotscape
from spotscape import tl
from spotscape._validate import InputError
from spotscape.domains import clustering, sharpening
from spotscape.domains.clustering import kmeans_starts
from spotscape.domains.mixture import fit_mixture
from spotscape.domains.sharpening import find_sharpening


def tissue(side=30, seed=0):
    """Return stripes of four domains across a strong gradient, an embedding of six columns."""
    rng = np.random.default_rng(seed)
    row, column = np.divmod(np.arange(side * side), side)
    domain = column * 4 // side
    embedding = rng.normal(size=(side * side, 6)) * 0.15
    embedding[:, 0] += 1.5 * norm.ppf((row + 0.5) / side)  # the gradient, within domains
    embedding[:, 1:3] += np.array([[0, 0], [1, 0], [1, 1], [0, 1]])[domain] * 1.5
    return embedding, domain


def kmeans(values):
    return KMeans(4, n_init=10, random_state=0).fit_predict(values)


def test_directions_are_those_of_the_formula(monkeypatch):
    monkeypatch.setattr(sharpening, "_N_ROUNDS", 1)
    embedding, _ = tissue(side=12)
    n = len(embedding)
    found = find_sharpening(embedding, seed=4)

    values = (embedding - embedding.mean(axis=0))[np.argsort(embedding[:, 0])]
    rng = np.random.default_rng(4)
    within = np.zeros((6, 6))
    for k in (4, 7, 10) * 3:
        starts = kmeans_starts(values, k, 4, int(rng.integers(2**31)))
        members = fit_mixture(values, starts, k, spots=300).posterior(values)
        for group in members.T:
            mean = sum(share * value for share, value in zip(group, values, strict=True)) / group.sum()
            for share, value in zip(group, values, strict=True):
                within += share * np.outer(value - mean, value - mean) / n / 9
    drawn = 30 / (30 + n)
    within = (1 - drawn) * within + drawn * np.trace(within) / 6 * np.eye(6)
    total = sum(np.outer(value, value) for value in values) / n

    lengths = np.sqrt(np.diag(found.directions.T @ within @ found.directions))
    v = found.directions / lengths
    np.testing.assert_allclose(v.T @ within @ v, np.eye(6), atol=1e-4)
    ratios = np.diag(v.T @ total @ v)
    assert (np.diff(ratios) <= 1e-9).all()
    np.testing.assert_allclose(v.T @ total @ v, np.diag(ratios), atol=1e-3 * ratios.max())
    np.testing.assert_allclose(lengths, np.sqrt(np.maximum(1 - 1 / np.maximum(ratios, 1), 0.2)), rtol=1e-4)
    assert (v[np.abs(v).argmax(axis=0), np.arange(6)] > 0).all()


def test_what_varies_within_domains_is_no_longer_taken_for_them():
    embedding, domain = tissue()
    sharpened = find_sharpening(embedding, seed=0).apply(embedding)
    assert adjusted_rand_score(domain, kmeans(embedding)) < 0.6
    assert adjusted_rand_score(domain, kmeans(sharpened)) > 0.9


def test_nothing_is_lost():
    embedding, _ = tissue()
    found = find_sharpening(embedding, seed=0)
    back = found.apply(embedding) @ np.linalg.inv(found.directions) + found.center
    np.testing.assert_allclose(back, embedding, atol=1e-5)


@pytest.mark.parametrize("most", [10_000, 300])
def test_the_order_of_spots_does_not_matter(monkeypatch, most):
    monkeypatch.setattr(clustering, "MOST_SPOTS", most)
    embedding, _ = tissue()
    order = np.random.default_rng(1).permutation(len(embedding))
    one = find_sharpening(embedding, seed=0).apply(embedding)
    other = find_sharpening(embedding[order], seed=0).apply(embedding[order])
    np.testing.assert_allclose(other, one[order], atol=1e-4)


def test_the_same_seed_gives_the_same_bits_and_nothing_is_written_to():
    embedding, _ = tissue()
    before = embedding.copy()
    one, other = (find_sharpening(embedding, seed=3) for _ in range(2))
    np.testing.assert_array_equal(one.directions, other.directions)
    np.testing.assert_array_equal(embedding, before)


@pytest.mark.parametrize("width", [1, 3, 6])
def test_columns_that_never_vary_or_come_twice_do_no_harm(width):
    embedding, _ = tissue()
    embedding = np.hstack([embedding[:, :width], embedding[:, :1], np.full((len(embedding), 1), 7.0)])
    sharpened = find_sharpening(embedding, seed=0).apply(embedding)
    assert sharpened.shape == embedding.shape
    assert np.isfinite(sharpened).all()


def test_too_few_spots_and_equal_ones_change_nothing():
    embedding, _ = tissue()
    assert find_sharpening(embedding[:39], seed=0) is None
    assert find_sharpening(embedding[:40], seed=0) is not None
    assert find_sharpening(np.ones((60, 3)), seed=0) is None


@pytest.fixture(scope="module")
def simulated():
    return spotscape.datasets.simulate_slice(n_spots=300, n_genes=80, n_domains=4, seed=2)


def run(adata, **settings):
    return tl.run_spotscape(adata, n_domains=4, config=settings, progress=False, copy=True)


def test_neither_labels_nor_the_number_of_domains_go_in(simulated):
    one = run(simulated)
    simulated = simulated.copy()
    del simulated.obs["ground_truth"]
    other = tl.run_spotscape(simulated, n_domains=6, progress=False, copy=True)
    np.testing.assert_array_equal(one.obsm["X_spotscape"], other.obsm["X_spotscape"])


def test_the_published_encoder_is_left_as_it_is(simulated):
    adata = run(simulated, encoder="gcn", epochs=3)
    assert "directions" not in adata.uns["spotscape_model"]


def test_a_model_maps_into_the_same_coordinates(simulated, tmp_path):
    adata = run(simulated)
    spotscape.Spotscape.from_adata(adata).save(tmp_path / "model")
    again = spotscape.Spotscape.load(tmp_path / "model").transform(simulated, copy=True)
    np.testing.assert_allclose(again.obsm["X_spotscape"], adata.obsm["X_spotscape"], atol=1e-4)


@pytest.mark.parametrize("part", sharpening.Sharpening._fields)
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
