"""From scipy's matrices to the trainer's."""

import numpy as np
import pytest
import torch
from scipy import sparse

from spotscape._neighborhood import edges_of, neighborhood_mean
from spotscape.core.expression import DenseExpression, LowRankExpression, SparseExpression
from spotscape.engine.slice_graph import SliceGraph, expression_operator


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
    edges = edges_of(neighborhood_mean(matrix_of_edges))
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


def test_coordinates_are_kept_in_double_precision():
    x, path = strip()
    places = np.arange(160, dtype=np.float32).reshape(80, 2)
    graph = SliceGraph.from_scipy(x, path, rank=0, seed=0, coordinates=places)
    np.testing.assert_array_equal(graph.coordinates, places)
    assert graph.coordinates.dtype == np.float64
    assert SliceGraph.from_scipy(x, path, rank=0, seed=0).coordinates is None
