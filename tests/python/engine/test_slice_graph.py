"""From scipy's matrices to the trainer's."""

import numpy as np
import pytest
import torch
from scipy import sparse

from spotscape._validate import InputError
from spotscape.core.expression import DenseExpression, LowRankExpression, SparseExpression
from spotscape.engine.slice_graph import SliceGraph, both_directions, expression_operator


def matrix(n=40, g=30, density=0.1, seed=0):
    rng = np.random.default_rng(seed)
    return sparse.random(n, g, density, format="csr", dtype=np.float32, random_state=rng)


def test_edges_go_both_ways_once_and_never_to_oneself():
    connectivities = sparse.csr_matrix(np.array([[1, 1, 0], [0, 0, 0.5], [0, 0, 0]]))
    graph = SliceGraph.from_scipy(matrix(3, 4), connectivities, rank=0, seed=0)
    assert sorted(map(tuple, graph.edge_index.T.tolist())) == [(0, 1), (1, 0), (1, 2), (2, 1)]


@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.coo_matrix, sparse.csc_matrix, sparse.csr_array])
def test_edges_are_sorted_by_source_and_target(kind):
    rng = np.random.default_rng(0)
    row, column = rng.integers(0, 50, (2, 400))
    kept = rng.random(400)
    kept[::7] = 0
    matrix_of_edges = kind(sparse.coo_matrix((kept, (row, column)), shape=(50, 50)))
    edges = both_directions(matrix_of_edges)
    stored = sparse.coo_matrix(matrix_of_edges)
    pairs = np.stack([stored.row, stored.col])[:, (stored.data != 0) & (stored.row != stored.col)]
    expected = np.unique(np.concatenate([pairs, pairs[::-1]], axis=1), axis=1)
    np.testing.assert_array_equal(edges, expected)
    assert edges.dtype == np.int64


def test_stored_zeros_are_no_edges():
    connectivities = sparse.csr_matrix((np.array([0.0, 1.0]), ([0, 1], [1, 2])), shape=(3, 3))
    graph = SliceGraph.from_scipy(matrix(3, 4), connectivities, rank=0, seed=0)
    assert sorted(map(tuple, graph.edge_index.T.tolist())) == [(1, 2), (2, 1)]


@pytest.mark.parametrize(
    ("density", "rank", "kind"),
    [
        (0.1, 0, SparseExpression),
        (0.9, 0, DenseExpression),
        (0.1, 5, LowRankExpression),
        (0.1, 15, SparseExpression),  # not below half the genes: nothing to gain
    ],
)
def test_how_expression_is_held(density, rank, kind):
    x = matrix(density=density)
    expression = expression_operator(x, rank=rank, seed=0)
    assert isinstance(expression, kind)
    assert expression.shape == x.shape
    if kind is not LowRankExpression:
        a = np.random.default_rng(1).normal(size=(30, 2)).astype("float32")
        np.testing.assert_allclose(expression.matmul(torch.from_numpy(a)), x @ a, rtol=1e-5, atol=1e-6)


def test_low_rank_is_the_truncated_svd():
    rng = np.random.default_rng(0)
    x = sparse.csr_matrix((rng.normal(size=(40, 3)) @ rng.normal(size=(3, 30))).astype("float32"))
    low = expression_operator(x, rank=4, seed=0)
    np.testing.assert_allclose(low.left @ low.right, x.toarray(), atol=1e-4)


def test_nothing_is_shared_with_the_input():
    x = matrix(density=0.1)
    kept = x.copy()
    expression = expression_operator(x, rank=0, seed=0)
    expression.x.values().zero_()
    assert (x != kept).nnz == 0


def strip(n=80, g=30, seed=0):
    """Two halves of a strip of spots, each with genes of its own up, and the path as its graph."""
    rng = np.random.default_rng(seed)
    x = rng.poisson(1.0, (n, g)).astype("float32")
    x[: n // 2, : g // 3] += 3
    x[n // 2 :, g // 3 : g // 2] += 3
    path = sparse.diags([1, 1], [-1, 1], shape=(n, n), format="csr", dtype=float)
    return sparse.csr_matrix(np.log1p(x)), path


def test_components_are_made_only_where_they_are_asked_for():
    x, path = strip()
    graph = SliceGraph.from_scipy(x, path, rank=0, seed=0)
    assert graph.components is None


@pytest.mark.parametrize("rank", [0, 12])
def test_loadings_make_the_scores(rank):
    x, path = strip()
    graph = SliceGraph.from_scipy(x, path, rank=rank, n_components=4, seed=0)
    scores, loadings, ratios = (
        getattr(graph.components, name).numpy() for name in ("scores", "loadings", "ratios")
    )
    assert scores.shape == (80, 4)
    assert loadings.shape == (30, 4)
    assert {value.dtype for value in (scores, loadings, ratios)} == {np.dtype("float32")}
    dense = x.toarray().astype(np.float64)
    expected = (dense - dense.mean(axis=0)) @ loadings
    np.testing.assert_allclose(scores, expected, atol=1e-4 * np.abs(scores).max())
    # Scores are ordered, and the first one tells the halves apart.
    assert (np.diff(ratios) <= 0).all()
    halves = scores[:40, 0], scores[40:, 0]
    assert abs(halves[0].mean() - halves[1].mean()) > 3 * scores[:40, 0].std()


@pytest.mark.parametrize("centering", [0.0, 0.5, 1.0])
def test_components_of_several_slices_are_of_what_centring_leaves(centering):
    x, path = strip()
    slices = np.repeat([0, 1], [50, 30])
    graph = SliceGraph.from_scipy(x, path, rank=0, n_components=4, seed=0, slices=slices, centering=centering)
    left = x.toarray().astype(np.float64)
    for number in (0, 1):
        left[slices == number] -= centering * left[slices == number].mean(axis=0)
    left -= left.mean(axis=0)
    scores = graph.components.scores.numpy()
    expected = left @ graph.components.loadings.numpy()
    np.testing.assert_allclose(scores, expected, atol=1e-4 * np.abs(scores).max())
    if centering == 1.0:
        np.testing.assert_allclose(scores[slices == 1].mean(axis=0), 0, atol=1e-4 * np.abs(scores).max())


@pytest.mark.parametrize(("n", "g", "width"), [(80, 10, 10), (40, 30, 5), (80, 30, 10), (3, 30, 1)])
def test_fewer_components_where_there_are_few_genes_or_spots(n, g, width):
    x, path = strip(n, g)
    graph = SliceGraph.from_scipy(x, path, rank=200, n_components=20, seed=0)
    assert graph.components.scores.shape == (n, width)
    assert graph.components.loadings.shape == (g, width)
    assert torch.isfinite(graph.components.scores).all()
    assert torch.isfinite(graph.components.loadings).all()


def test_same_seed_same_components():
    x, path = strip()
    first, second = (
        SliceGraph.from_scipy(x, path, rank=12, n_components=4, seed=3).components for _ in range(2)
    )
    assert torch.equal(first.scores, second.scores)
    assert torch.equal(first.loadings, second.loadings)


def test_a_graph_without_edges_has_no_components():
    x, _ = strip()
    with pytest.raises(InputError, match=r"without edges.*spotscape\.gr"):
        SliceGraph.from_scipy(x, sparse.csr_matrix((80, 80)), rank=0, n_components=4, seed=0)


def test_coordinates_are_kept_in_double_precision():
    x, path = strip()
    places = np.arange(160, dtype=np.float32).reshape(80, 2)
    graph = SliceGraph.from_scipy(x, path, rank=0, seed=0, coordinates=places)
    np.testing.assert_array_equal(graph.coordinates, places)
    assert graph.coordinates.dtype == np.float64
    assert SliceGraph.from_scipy(x, path, rank=0, seed=0).coordinates is None
