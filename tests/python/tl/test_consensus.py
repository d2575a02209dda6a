"""The consensus: memberships, and what they agree on."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.metrics import adjusted_rand_score

from spotscape.tl import _clustering, _consensus, _smoothing
from spotscape.tl._consensus import Views, agree, consensus, view_widths
from spotscape.tl._smoothing import neighbor_scale, pattern

TRUTH = np.repeat([0, 1, 2], [40, 30, 20])


def path(n):
    return sparse.diags([1, 1], [-1, 1], shape=(n, n), dtype=float, format="csr")


def embedding(seed=0, apart=4.0):
    rng = np.random.default_rng(seed)
    return np.eye(3, 6)[TRUTH] * apart + rng.normal(size=(90, 6))


def opinions(wrong=0.1, n=8, seed=0):
    """Posteriors that know the truth but for some spots each, under other names of the groups each."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(n):
        labels = np.where(rng.random(90) < wrong, rng.integers(0, 3, 90), TRUTH)
        posterior = 0.8 * np.eye(3)[labels] + 0.2 * rng.dirichlet(np.ones(3), 90)
        found.append(posterior[:, rng.permutation(3)])
    return found


@pytest.mark.parametrize("seed", range(5))
def test_the_partition_that_opinions_share_is_found(seed):
    posteriors = opinions(wrong=0.25, seed=seed)
    mean = agree(posteriors, 3, seed=0).mean
    assert mean.shape == (90, 3)
    np.testing.assert_allclose(mean.sum(axis=1), 1)
    assert (mean >= 0).all()
    together = adjusted_rand_score(TRUTH, mean.argmax(axis=1))
    assert together > 0.9
    assert together > max(adjusted_rand_score(TRUTH, one.argmax(axis=1)) for one in posteriors)


def test_the_mean_is_over_the_groups_of_one_domain():
    posteriors = opinions(wrong=0.0)
    mean = agree(posteriors, 3, seed=0).mean
    expected = np.zeros((90, 3))
    for posterior in posteriors:
        for domain in range(3):
            members = posterior[TRUTH == domain].sum(axis=0)
            expected[:, domain] += posterior[:, members.argmax()] / len(posteriors)
    order = [mean[TRUTH == domain].sum(axis=0).argmax() for domain in range(3)]
    np.testing.assert_allclose(mean[:, order], expected)


def test_names_of_groups_and_order_of_spots_do_not_matter():
    posteriors = opinions()
    rng = np.random.default_rng(1)
    named = [posterior[:, rng.permutation(3)] for posterior in posteriors]
    order = rng.permutation(90)
    labels = agree(posteriors, 3, seed=0).mean.argmax(axis=1)
    assert adjusted_rand_score(labels, agree(named, 3, seed=0).mean.argmax(axis=1)) == 1.0
    moved = agree([posterior[order] for posterior in posteriors], 3, seed=0).mean.argmax(axis=1)
    assert adjusted_rand_score(labels[order], moved) == 1.0


def test_one_opinion_is_kept():
    (posterior,) = opinions(n=1)
    mean = agree([posterior], 3, seed=0).mean
    np.testing.assert_allclose(np.sort(mean, axis=1), np.sort(posterior, axis=1))
    assert adjusted_rand_score(posterior.argmax(axis=1), mean.argmax(axis=1)) == 1.0


def fitted(values, graph, seed=0, n_domains=3, n_starts=2):
    """Return the posteriors of the mixtures of every view of all spots."""
    views = Views(values, graph, n_domains)
    seen = list(views.of(np.arange(len(values))))
    rng = np.random.default_rng(seed)
    return _consensus.memberships(seen, views.mixed, n_domains, n_starts=n_starts, rng=rng)[1]


@pytest.mark.parametrize("graph", [None, path(90)], ids=["alone", "in a graph"])
def test_posteriors_of_every_view(graph):
    found = fitted(embedding(), graph)
    n_widths = 2  # of so few columns all but one are looked at, and all
    n_smoothings = len(_smoothing._PLAIN) + len(_smoothing._EDGE_PRESERVING)
    assert len(found) == n_widths * (1 if graph is None else 1 + n_smoothings)
    for posterior in found:
        assert posterior.shape == (90, 3)
        np.testing.assert_allclose(posterior.sum(axis=1), 1)
    mean = consensus(embedding(), graph, 3, n_starts=2, seed=0)
    np.testing.assert_array_equal(mean, agree(found, 3, seed=0).mean)
    assert adjusted_rand_score(TRUTH, mean.argmax(axis=1)) > 0.9


def test_what_one_view_finds_the_others_start_from(monkeypatch):
    # The first view alone gets a start that leads anywhere.
    rng = np.random.default_rng(0)
    views = [embedding(), embedding(seed=1), embedding(seed=2)]
    starts = iter([[TRUTH], [rng.integers(0, 3, 90)], [rng.integers(0, 3, 90)]])
    monkeypatch.setattr(_consensus, "kmeans_starts", lambda *arguments, **named: next(starts))
    alone = []
    fit_from = _consensus.fit_from

    def watched(view, mixed, n_groups, labels):
        found = fit_from(view, mixed, n_groups, labels)
        alone.append(found.score)
        return found

    monkeypatch.setattr(_consensus, "fit_from", watched)
    _, posteriors = _consensus.memberships(views, np.zeros(90), 3, n_starts=1, rng=rng)
    before, after = np.array(alone[:3]), np.array(alone[3:])
    assert (after >= before - 1e-3).all()
    assert (after[1:] > before[1:] + 0.1).all()
    for posterior in posteriors:
        assert adjusted_rand_score(TRUTH, posterior.argmax(axis=1)) > 0.9


def test_groups_are_those_that_the_mean_is_over():
    posteriors = opinions()
    found = agree(posteriors, 3, seed=0)
    expected = np.mean([one[:, own] for one, own in zip(posteriors, found.groups, strict=True)], axis=0)
    np.testing.assert_allclose(found.mean, expected)


def test_same_seed_same_bits():
    first, second, other = (consensus(embedding(), path(90), 3, n_starts=1, seed=s) for s in (2, 2, 3))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_unit_of_a_column_does_not_matter_in_a_graph():
    graph = path(90)
    units = 10.0 ** np.array([0, 3, -3, 1, 0, 2])
    one, other = (
        consensus(x, graph, 3, n_starts=2, seed=0).argmax(axis=1) for x in (embedding(), embedding() * units)
    )
    assert adjusted_rand_score(one, other) > 0.95


@pytest.mark.parametrize(
    ("n_columns", "n_domains", "widths"),
    [
        (20, 4, [5, 6, 7, 8]),
        (20, 7, [5, 6, 7, 8]),
        (20, 12, [10, 11, 12, 13]),
        (20, 40, [20]),
        (64, 7, [16, 19, 22, 25]),
        (3, 7, [3]),
        (6, 2, [5, 6]),
    ],
)
def test_more_columns_are_looked_at_for_more_domains(n_columns, n_domains, widths):
    assert view_widths(n_columns, n_domains) == widths


@pytest.mark.parametrize("graph", [None, path(90)], ids=["alone", "in a graph"])
def test_leading_columns_are_looked_at_in_the_order_given(graph):
    values = np.random.default_rng(3).normal(size=(90, 20))
    scaled = values / neighbor_scale(values, None if graph is None else pattern(graph))
    views = list(Views(values, graph, 4).of(np.arange(90)))
    widths = [view.shape[1] for view in views]
    assert sorted(set(widths)) == [5, 6, 7, 8]
    for width in set(widths):
        np.testing.assert_allclose(views[widths.index(width)], scaled[:, :width])


@pytest.mark.parametrize("graph", [None, path(90)], ids=["alone", "in a graph"])
def test_views_of_some_spots_are_those_of_all(graph):
    views = Views(np.random.default_rng(3).normal(size=(90, 20)), graph, 4)
    some = np.array([3, 4, 17, 89])
    for part, whole in zip(views.of(some), views.of(np.arange(90)), strict=True):
        np.testing.assert_allclose(part, whole[some], rtol=1e-12)


@pytest.mark.parametrize("graph", [None, path(90)], ids=["alone", "in a graph"])
@pytest.mark.parametrize("block", [7, 1000])
def test_many_spots_are_judged_by_mixtures_of_some(monkeypatch, graph, block):
    sizes = []
    fit_from = _consensus.fit_from

    def watched(view, mixed, *arguments):
        sizes.append(len(view))
        assert len(mixed) == len(view)
        return fit_from(view, mixed, *arguments)

    everything = consensus(embedding(), graph, 3, n_starts=2, seed=0)
    monkeypatch.setattr(_consensus, "fit_from", watched)
    monkeypatch.setattr(_clustering, "MOST_SPOTS", 60)
    monkeypatch.setattr(_clustering, "_AT_ONCE", block)
    found = consensus(embedding(), graph, 3, n_starts=2, seed=0)
    assert set(sizes) == {60}
    assert found.shape == (90, 3)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)
    assert adjusted_rand_score(TRUTH, found.argmax(axis=1)) > 0.9
    assert adjusted_rand_score(everything.argmax(axis=1), found.argmax(axis=1)) > 0.9


@pytest.mark.filterwarnings("error")
def test_fewer_distinct_spots_than_domains_are_no_trouble():
    two_places = np.repeat([[0.0, 1.0], [5.0, 1.0]], 10, axis=0)
    mean = consensus(two_places, path(20), 4, n_starts=1, seed=0)
    assert np.isfinite(mean).all()
    labels = mean.argmax(axis=1)
    assert not set(labels[:10]) & set(labels[10:])


def test_one_column_is_enough():
    mean = consensus(embedding()[:, :1] * 3, path(90), 2, n_starts=2, seed=0)
    assert adjusted_rand_score(TRUTH == 0, mean.argmax(axis=1)) > 0.8
