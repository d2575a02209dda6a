"""CHAOS, PAS, silhouettes, coherence, LISI and kBET: equal to other people's, and to slow literal forms."""

from __future__ import annotations

import os
from math import log

import numpy as np
import pytest

from spotscape import metrics
from spotscape._validate import InputError
from spotscape.metrics.coherence import entropy, joined
from spotscape.metrics.lisi import effective_numbers

SAME = {"rel": 0, "abs": 1e-6}


def tissue(n: int = 300):
    """Places without ties, noisy domains, three uneven slices, an embedding that shows both."""
    rng = np.random.default_rng(7)
    places = rng.uniform(0, [30, 12], size=(n, 2))
    labels = (places[:, 0] // 10).astype(int)
    labels = np.where(rng.random(n) < 0.15, rng.integers(0, 3, n), labels)
    slices = rng.integers(0, 2, n) + (rng.random(n) < 0.2)
    embedding = rng.normal(size=(n, 5)) + 1.5 * np.eye(5)[labels] + 0.7 * np.eye(5)[2 + slices]
    return places, labels, slices, embedding


PLACES, LABELS, SLICES, EMBEDDING = tissue()


def test_equal_to_sdmbench():
    """``_compute_CHAOS``, ``_compute_PAS`` and ``compute_ASW`` of SDMBench/SDMBench.py at a03e7bb.

    Run on ``tissue()`` with scikit-learn 1.9.1, SciPy 1.17.1.
    """
    assert metrics.chaos(LABELS, PLACES) == pytest.approx(0.15972664861320796, **SAME)
    assert metrics.pas(LABELS, PLACES) == pytest.approx(0.18333333333333332, **SAME)
    assert metrics.spatial_silhouette(LABELS, PLACES) == pytest.approx(0.2059124700079547, **SAME)


def test_equal_to_soi_bench():
    """``create_graph`` and ``spatial_entropy`` of SOI_Bench src/metrics_py/scs.py at 334aa1e, networkx 3.

    Its own draws have no seed: the score was made of the entropies of 50 permutations by numpy's
    ``default_rng(0).permutation(labels)``.
    """
    assert entropy(LABELS, joined(PLACES, 4)) == pytest.approx(1.7064892882889908, **SAME)
    found = metrics.spatial_coherence(LABELS, PLACES, n_permutations=50)
    assert found == pytest.approx(-0.9785796729602025, **SAME)


def test_equal_to_scib_metrics():
    """scib-metrics 0.5.10, jax 0.10.2 with JAX_ENABLE_X64=1, exact neighbours by scikit-learn 1.9.1.

    ``ilisi_knn(neighbors, SLICES)``, ``clisi_knn(neighbors, LABELS)`` with 90 and 30 neighbours,
    ``kbet(neighbors, SLICES)[0]`` with 50 and 20, ``silhouette_label(EMBEDDING, LABELS, rescale=False)``,
    ``silhouette_batch(EMBEDDING, LABELS, SLICES, between_cluster_distances="nearest")``.
    """
    assert metrics.ilisi(EMBEDDING, SLICES) == pytest.approx(0.5093112245469331, **SAME)
    assert metrics.ilisi(EMBEDDING, SLICES, n_neighbors=30) == pytest.approx(0.42403611849381906, **SAME)
    assert metrics.clisi(EMBEDDING, LABELS) == pytest.approx(0.5367579889816007, **SAME)
    assert metrics.kbet_acceptance(EMBEDDING, SLICES) == pytest.approx(0.8266666666666667, **SAME)
    less = metrics.kbet_acceptance(EMBEDDING, SLICES, n_neighbors=20)
    assert less == pytest.approx(0.8766666666666667, **SAME)
    assert metrics.silhouette(EMBEDDING, LABELS) == pytest.approx(0.08691011148824448, **SAME)
    found = metrics.batch_silhouette(EMBEDDING, LABELS, SLICES)
    assert found == pytest.approx(0.9133323192388483, **SAME)


def test_equal_to_scib_metrics_where_it_is_installed():
    if os.environ.get("JAX_ENABLE_X64") != "1":
        pytest.skip("scib-metrics computes in single precision: set JAX_ENABLE_X64=1")
    scib = pytest.importorskip("scib_metrics")
    neighbors = pytest.importorskip("scib_metrics.nearest_neighbors")
    from sklearn.neighbors import NearestNeighbors

    def near(k):
        found = NearestNeighbors(n_neighbors=k).fit(EMBEDDING).kneighbors(EMBEDDING)
        return neighbors.NeighborsResults(distances=found[0], indices=found[1])

    assert metrics.ilisi(EMBEDDING, SLICES) == pytest.approx(float(scib.ilisi_knn(near(90), SLICES)), **SAME)
    assert metrics.clisi(EMBEDDING, LABELS) == pytest.approx(float(scib.clisi_knn(near(90), LABELS)), **SAME)
    accepted = float(scib.kbet(near(50), SLICES)[0])
    assert metrics.kbet_acceptance(EMBEDDING, SLICES) == pytest.approx(accepted, **SAME)
    batch = float(scib.silhouette_batch(EMBEDDING, LABELS, SLICES, between_cluster_distances="nearest"))
    assert metrics.batch_silhouette(EMBEDDING, LABELS, SLICES) == pytest.approx(batch, **SAME)


def distances_of(points):
    found = np.linalg.norm(points[:, None] - points, axis=2)
    np.fill_diagonal(found, np.inf)
    return found


def test_chaos_and_pas_as_they_are_written():
    between = distances_of((PLACES - PLACES.mean(0)) / PLACES.std(0))
    nearest = [between[i, LABELS == LABELS[i]].min() for i in range(len(LABELS))]
    assert metrics.chaos(LABELS, PLACES) == pytest.approx(np.mean(nearest))
    between = distances_of(PLACES)
    for k in (6, 10):
        other = [(LABELS[np.argsort(between[i])[:k]] != LABELS[i]).sum() > k / 2 for i in range(len(LABELS))]
        assert metrics.pas(LABELS, PLACES, n_neighbors=k) == np.mean(other)


def test_entropy_as_it_is_written():
    between = distances_of(PLACES)
    joins = {frozenset((i, int(j))) for i in range(len(LABELS)) for j in np.argsort(between[i])[:4]}
    pairs = [tuple(sorted(LABELS[list(join)])) for join in joins]
    shares = [pairs.count(pair) / len(pairs) for pair in set(pairs)]
    assert entropy(LABELS, joined(PLACES, 4)) == pytest.approx(-sum(p * log(p) for p in shares))


def test_lisi_as_it_is_written():
    """Weights by a root finder in place of bisection, which meets the perplexity to its tolerance."""
    from scipy.optimize import brentq

    between = distances_of(EMBEDDING)
    order = np.argsort(between, axis=1)[:, :29]
    expected = []
    for i in range(0, 300, 10):
        d = between[i, order[i]]

        def excess(beta, d=d):
            p = np.exp(-beta * d) / np.exp(-beta * d).sum()
            return -(p * np.log(p)).sum() - np.log(10)

        p = np.exp(-brentq(excess, 1e-3, 50) * d)
        shares = np.bincount(SLICES[order[i]], weights=p / p.sum())
        expected.append(1 / (shares**2).sum())
    rows = np.arange(0, 300, 10)
    indices = np.column_stack([rows, order[rows]])
    distances = np.column_stack([np.zeros(30), between[rows[:, None], order[rows]]])
    found = effective_numbers(distances, indices, SLICES, rows)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_kbet_as_it_is_written():
    from scipy.stats import chisquare

    near = np.argsort(distances_of(EMBEDDING), axis=1)[:, :19]
    overall = np.bincount(SLICES) / 300
    counts = [np.bincount(SLICES[[i, *near[i]]], minlength=3) for i in range(300)]
    accepted = [chisquare(count, overall * 20).pvalue >= 0.05 for count in counts]
    assert metrics.kbet_acceptance(EMBEDDING, SLICES, n_neighbors=20) == np.mean(accepted)


def test_units_and_far_places_do_not_matter():
    far = EMBEDDING * 1e4 + 1e6
    assert metrics.ilisi(far, SLICES) == pytest.approx(metrics.ilisi(EMBEDDING, SLICES), abs=1e-3)
    assert metrics.chaos(LABELS, PLACES * 1000) == pytest.approx(metrics.chaos(LABELS, PLACES))
    assert metrics.pas(LABELS, PLACES * 1000) == metrics.pas(LABELS, PLACES)


def test_smooth_domains_are_better_than_noisy_ones():
    smooth = (PLACES[:, 0] // 10).astype(int)
    for measure in (metrics.chaos, metrics.pas, metrics.spatial_coherence):
        assert measure(smooth, PLACES) < measure(LABELS, PLACES) < measure(SLICES, PLACES)
    assert metrics.spatial_silhouette(smooth, PLACES) > metrics.spatial_silhouette(LABELS, PLACES)


def test_slices_that_lie_apart():
    apart = EMBEDDING + 50 * np.eye(5)[SLICES]
    assert metrics.ilisi(apart, SLICES) == pytest.approx(0, abs=1e-9)
    assert metrics.kbet_acceptance(apart, SLICES) < 0.01
    assert metrics.batch_silhouette(apart, LABELS, SLICES) < 0.15


def test_ends():
    one = np.zeros(300, dtype=int)
    assert metrics.pas(one, PLACES) == 0
    assert np.isnan(metrics.spatial_coherence(one, PLACES))
    assert np.isnan(metrics.batch_silhouette(EMBEDDING, SLICES, SLICES))
    assert metrics.chaos(["a", "b"], [[0.0, 0.0], [1.0, 0.0]]) == 0
    assert metrics.pas(["a"], [[0.0, 0.0]]) == 0
    missing = [*LABELS.tolist(), None, ""]
    more = np.vstack([PLACES, [[1.0, 1.0], [2.0, 2.0]]])
    assert metrics.pas(missing, more) == metrics.pas(LABELS, PLACES)
    twice = np.vstack([EMBEDDING, EMBEDDING])
    assert 0 < metrics.ilisi(twice, np.tile(SLICES, 2)) < 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: metrics.chaos(LABELS[:-1], PLACES), "labels: found 299 labels, expected one for each of"),
        (lambda: metrics.pas(LABELS, PLACES[:, 0]), "coordinates: found shape"),
        (lambda: metrics.pas(LABELS, PLACES, n_neighbors=0), "n_neighbors: found 0"),
        (lambda: metrics.chaos([None] * 300, PLACES), "labels: found 0 domains"),
        (lambda: metrics.spatial_silhouette(["a"] * 300, PLACES), "labels: found 1 domains"),
        (lambda: metrics.ilisi(EMBEDDING, ["a"] * 300), "slices: found 1 slices"),
        (lambda: metrics.ilisi(EMBEDDING, SLICES, n_neighbors=5), "n_neighbors: found 5"),
        (lambda: metrics.clisi(EMBEDDING * np.nan, LABELS), "embedding: found NaN"),
        (lambda: metrics.kbet_acceptance(EMBEDDING, SLICES, alpha=2), "alpha: found 2"),
        (lambda: metrics.batch_silhouette(EMBEDDING, LABELS, SLICES[1:]), "slices: found 299 slices"),
        (lambda: metrics.spatial_coherence(LABELS, PLACES, n_permutations=1), "n_permutations: found 1"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(InputError, match=message):
        call()
