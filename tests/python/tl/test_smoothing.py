"""Plain means and those that keep borders sharp, against dense loops over all pairs of spots."""

import numpy as np
import pytest
from scipy import sparse

from spotscape.tl import _smoothing
from spotscape.tl._smoothing import neighbor_scale, neighborhoods, pattern, typical_distance

ROWS, COLUMNS = 6, 8
N = ROWS * COLUMNS
ALL = [*((steps, None) for steps in _smoothing._PLAIN), *_smoothing._EDGE_PRESERVING]


def smoothings(embedding, graph, spots=None):
    """Return the smoothed embedding of all spots, or of some."""
    step = pattern(graph)
    spots = np.arange(N) if spots is None else spots
    near = neighborhoods(step, spots)
    return _smoothing.smoothings(embedding, spots, near, typical_distance(embedding, step))


def edge_preserving(embedding, graph):
    return list(smoothings(embedding, graph))[len(_smoothing._PLAIN) :]


def grid():
    """Neighbours left, right, above and below."""
    place = np.arange(N).reshape(ROWS, COLUMNS)
    dense = np.zeros((N, N))
    for a, b in [(place[:, :-1], place[:, 1:]), (place[:-1], place[1:])]:
        dense[a.ravel(), b.ravel()] = dense[b.ravel(), a.ravel()] = 1
    return dense


def values(seed=0):
    rng = np.random.default_rng(seed)
    border = (np.arange(N) % COLUMNS >= COLUMNS // 2).astype(float)
    return rng.normal(size=(N, 3)) + border[:, None] * [5, 0, -3]


def steps_between(dense):
    """Return how many steps apart spots are, one step at a time."""
    apart = np.where(np.eye(N) > 0, 0, np.inf)
    for step in range(1, N):
        for a in range(N):
            for b in np.flatnonzero(apart[a] == step - 1):
                new = np.flatnonzero((dense[b] > 0) & np.isinf(apart[a]))
                apart[a, new] = step
    return apart


def literal_means(embedding, dense):
    """Yield each smoothed embedding, spot by spot and neighbour by neighbour."""
    direct = [
        np.sum((embedding[a] - embedding[b]) ** 2) for a in range(N) for b in range(a) if dense[a, b] > 0
    ]
    typical = np.median(direct)
    apart = steps_between(dense)
    for steps, softness in ALL:
        result = np.empty_like(embedding)
        for a in range(N):
            total, sums = 0.0, np.zeros(embedding.shape[1])
            for b in np.flatnonzero(apart[a] <= steps):
                distance = np.sum((embedding[a] - embedding[b]) ** 2)
                weight = np.exp(-distance / (2 * softness * typical)) if softness else 1.0
                total += weight
                sums += weight * embedding[b]
            result[a] = sums / total
        yield result


@pytest.mark.parametrize("block", [2**22, 7])
def test_agrees_with_loops_over_pairs(monkeypatch, block):
    monkeypatch.setattr(_smoothing, "_BLOCK", block)
    found = list(smoothings(values(), sparse.csr_matrix(grid())))
    expected = list(literal_means(values(), grid()))
    assert len(found) == len(expected) == len(ALL)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("block", [2**22, 7])
def test_scale_is_how_much_neighbours_differ(monkeypatch, block):
    monkeypatch.setattr(_smoothing, "_BLOCK", block)
    embedding, dense = values(), grid()
    squares = [(embedding[a] - embedding[b]) ** 2 for a in range(N) for b in range(N) if dense[a, b] > 0]
    expected = np.sqrt(np.mean(squares, axis=0))
    np.testing.assert_allclose(neighbor_scale(embedding, pattern(dense)), expected)
    np.testing.assert_allclose(neighbor_scale(embedding, None), embedding.std(axis=0))


@pytest.mark.parametrize("graph", [sparse.csr_matrix(grid()), None])
def test_a_column_without_differences_keeps_its_scale(graph):
    embedding = np.hstack([values(), np.full((N, 1), 3.0)])
    assert neighbor_scale(embedding, None if graph is None else pattern(graph))[3] == 1.0
    assert np.isfinite(neighbor_scale(np.zeros((N, 2)), graph)).all()


def test_two_constant_regions_stay_constant_with_a_sharp_border():
    regions = np.where(np.arange(N) % COLUMNS >= COLUMNS // 2, 1.0, 0.25)[:, None] * [1.0, -2.0]
    for smoothed in edge_preserving(regions, sparse.csr_matrix(grid())):
        np.testing.assert_allclose(smoothed, regions, rtol=1e-14)


def test_noise_goes_and_the_border_stays():
    embedding = values() * [1, 0.1, 0.1]
    inside = np.isin(np.arange(N) % COLUMNS, [1, 6])
    at_border = np.isin(np.arange(N) % COLUMNS, [3, 4])
    truth = np.where(np.arange(N) % COLUMNS >= COLUMNS // 2, 5.0, 0.0)
    for smoothed in edge_preserving(embedding, sparse.csr_matrix(grid())):
        error = np.abs(smoothed[:, 0] - truth)
        assert error[inside].mean() < 0.7 * np.abs(embedding[:, 0] - truth)[inside].mean()
        assert error[at_border].mean() < 1.25  # a plain mean over the border would be off by about 2


def test_only_the_pattern_of_the_graph_counts():
    embedding = values()
    dense = grid()
    rows, columns = np.nonzero(dense)
    with_zeros = sparse.csr_matrix(
        (np.r_[np.full(len(rows), 0.2), 0.0], (np.r_[rows, 0], np.r_[columns, N - 1])), shape=(N, N)
    )
    loops = sparse.csr_matrix(dense + np.eye(N))
    one_way = [sparse.csr_matrix(part(dense)) for part in (np.triu, np.tril)]
    scale = neighbor_scale(embedding, pattern(dense))
    means = list(smoothings(embedding, sparse.csr_matrix(dense)))
    for graph in (with_zeros, loops, *one_way):
        np.testing.assert_allclose(
            neighbor_scale(embedding, None if graph is None else pattern(graph)), scale
        )
        for one, other in zip(smoothings(embedding, graph), means, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


def test_order_of_spots_does_not_matter():
    embedding, dense = values(), grid()
    order = np.random.default_rng(1).permutation(N)
    moved = sparse.csr_matrix(dense[np.ix_(order, order)])
    for one, other in zip(
        smoothings(embedding[order], moved),
        smoothings(embedding, sparse.csr_matrix(dense)),
        strict=True,
    ):
        np.testing.assert_allclose(one, other[order], rtol=1e-12, atol=1e-12)


def test_a_spot_without_neighbours_is_itself():
    embedding = values()
    for smoothed in smoothings(embedding, sparse.csr_matrix((N, N))):
        np.testing.assert_array_equal(smoothed, embedding)


@pytest.mark.parametrize("spots", [np.array([5]), np.array([0, 7, 30]), np.arange(10, 40)])
def test_some_spots_are_smoothed_as_among_all(spots):
    graph = sparse.csr_matrix(grid())
    for some, everything in zip(smoothings(values(), graph, spots), smoothings(values(), graph), strict=True):
        np.testing.assert_allclose(some, everything[spots], rtol=1e-12)


def test_neighborhoods_are_what_so_many_steps_reach():
    step = pattern(sparse.csr_matrix(np.triu(grid()) * 0.3))
    apart = steps_between(grid())
    spots = np.array([0, 20, 47])
    for steps, near in enumerate(neighborhoods(step, spots), start=1):
        assert (near.toarray() == (apart[spots] <= steps)).all()
