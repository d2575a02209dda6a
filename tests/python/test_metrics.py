"""Each figure against scikit-learn or a case worked by hand."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array, csr_matrix, diags
from sklearn import metrics as sklearn_metrics

from spotscape import metrics
from spotscape._validate import InputError

PAIRED = [
    metrics.adjusted_rand_index,
    metrics.normalized_mutual_information,
    metrics.clustering_accuracy,
    lambda truth, labels: metrics.boundary_accuracy(truth, labels, _row_of_spots(len(truth))),
    lambda truth, labels: metrics.inner_accuracy(truth, labels, _row_of_spots(len(truth))),
]
PAIRED_NAMES = ["ari", "nmi", "accuracy", "boundary", "inner"]


def _row_of_spots(n: int) -> csr_matrix:
    """Connectivities of spots in a row."""
    return diags([[1.0] * (n - 1), [1.0] * (n - 1)], [-1, 1], shape=(n, n)).tocsr()


@pytest.fixture
def random_labels() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    truth = rng.integers(5, size=400)
    return truth, np.where(rng.random(400) < 0.6, truth, rng.integers(7, size=400))


def test_ari_and_nmi_are_those_of_scikit_learn(random_labels):
    truth, labels = random_labels
    ari = sklearn_metrics.adjusted_rand_score(truth, labels)
    nmi = sklearn_metrics.normalized_mutual_info_score(truth, labels)
    assert 0.1 < ari < 0.9
    assert metrics.adjusted_rand_index(truth, labels) == pytest.approx(ari)
    assert metrics.normalized_mutual_information(truth, labels) == pytest.approx(nmi)


def test_clustering_accuracy_by_hand():
    # Pairs (true, found): a1 x3, a2 x1, b1 x2, b2 x2, b3 x1. Taking a-1 and b-2 gives 3 + 2 of 9.
    truth = list("aaaabbbbb")
    labels = [1, 1, 1, 2, 1, 1, 2, 2, 3]
    assert metrics.clustering_accuracy(truth, labels) == pytest.approx(5 / 9)


def test_clustering_accuracy_is_not_greedy():
    # Greedy takes the largest cell (a-1, 5) and is left with b-2, 0; the best is a-2 and b-1, 4 + 4.
    truth = ["a"] * 9 + ["b"] * 4
    labels = [1] * 5 + [2] * 4 + [1] * 4
    assert metrics.clustering_accuracy(truth, labels) == pytest.approx(8 / 13)


@pytest.mark.parametrize("labels", [[1, 1, 1, 1], [1, 2, 3, 4]])
def test_clustering_accuracy_with_other_numbers_of_domains(labels):
    assert metrics.clustering_accuracy(["a", "a", "b", "b"], labels) == 0.5


def test_boundary_and_inner_accuracy_by_hand():
    # aaabbb in a row: spots 2 and 3 are the boundary; the found border lies one spot further right.
    truth, labels = list("aaabbb"), [1, 1, 1, 1, 2, 2]
    row = _row_of_spots(6)
    assert metrics.boundary_accuracy(truth, labels, row) == 0.5
    assert metrics.inner_accuracy(truth, labels, row) == 1.0


def test_boundary_matching_is_the_one_of_all_spots():
    # On the boundary spots alone, swapping 1 and 2 would be better; over all spots it is not.
    truth, labels = list("aaaabbbb"), [1, 1, 1, 2, 1, 2, 2, 2]
    assert metrics.boundary_accuracy(truth, labels, _row_of_spots(8)) == 0.0
    assert metrics.inner_accuracy(truth, labels, _row_of_spots(8)) == 1.0


def test_boundary_and_inner_spots_add_up(random_labels):
    truth, labels = random_labels
    truth = np.sort(truth)
    graph = _row_of_spots(400)
    at_boundary = metrics.boundaries.has_neighbour_elsewhere(truth, graph)
    assert at_boundary.sum() == 2 * 4
    whole = (
        metrics.boundary_accuracy(truth, labels, graph) * 8
        + metrics.inner_accuracy(truth, labels, graph) * 392
    )
    assert whole / 400 == pytest.approx(metrics.clustering_accuracy(truth, labels))


def test_unlabelled_neighbours_make_no_boundary():
    truth, labels = ["a", "a", None, "b", "b"], [1, 1, 1, 2, 2]
    assert np.isnan(metrics.boundary_accuracy(truth, labels, _row_of_spots(5)))
    assert metrics.inner_accuracy(truth, labels, _row_of_spots(5)) == 1.0


def test_graph_of_one_direction_and_stored_zeros():
    one_way = csr_array(([1.0, 0.0], ([0, 1], [1, 2])), shape=(3, 3))
    assert metrics.boundaries.has_neighbour_elsewhere(np.array([0, 1, 0]), one_way).tolist() == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, ""], ids=["None", "nan", "NA", "empty"])
@pytest.mark.parametrize("metric", PAIRED, ids=PAIRED_NAMES)
def test_unlabelled_spots_are_left_out(metric, missing):
    truth, labels = list("aaaabbbb"), [1, 1, 2, 1, 2, 1, 2, 2]
    assert metric([*truth, missing, missing], [*labels, 1, 2]) == metric(truth, labels)


def test_unlabelled_in_every_kind_of_sequence(random_labels):
    truth, labels = random_labels
    text = pd.Series([f"L{t}" if t else None for t in truth], index=np.arange(400)[::-1])
    expected = sklearn_metrics.adjusted_rand_score(truth[truth > 0], labels[truth > 0])
    for same in (text, text.astype("category"), pd.Categorical(text), text.astype("string"), list(text)):
        assert metrics.adjusted_rand_index(same, labels) == pytest.approx(expected)
    numbers = np.where(truth == 0, np.nan, truth.astype(float))
    assert metrics.adjusted_rand_index(numbers, labels) == pytest.approx(expected)
    assert metrics.adjusted_rand_index(labels, text) == pytest.approx(expected)


@pytest.mark.parametrize("metric", PAIRED, ids=PAIRED_NAMES)
@pytest.mark.parametrize(
    ("truth", "labels", "message"),
    [
        (["a", "b"], [1, 2, 3], "labels: found 3 labels, expected as many as truth has, 2"),
        ([None, ""], [1, 2], "truth: found no spot with a label in both, out of 2"),
        ([None, "a"], [1, None], "truth: found no spot with a label in both"),
        ("ab", [1, 2], "truth: found 'ab'"),
        (["a", "b"], [[1, 2], [1, 2]], "labels: found"),
    ],
)
def test_bad_labels(metric, truth, labels, message):
    with pytest.raises(InputError, match=message):
        metric(truth, labels)


@pytest.mark.parametrize("graph", [np.eye(2), _row_of_spots(3), None])
def test_bad_connectivities(graph):
    with pytest.raises(
        InputError, match=r"connectivities: found .* expected a sparse matrix of shape \(2, 2\)"
    ):
        metrics.boundary_accuracy(["a", "b"], [1, 2], graph)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_silhouette_is_that_of_scikit_learn(dtype):
    rng = np.random.default_rng(1)
    labels = rng.integers(4, size=700)
    # Far from the origin: rounding in squared norms must not show.
    embedding = (rng.normal(size=(700, 8)) + labels[:, None] + 300).astype(dtype)
    expected = sklearn_metrics.silhouette_score(embedding.astype(np.float64), labels)
    assert metrics.silhouette(embedding, labels) == pytest.approx(expected, abs=1e-9)


def test_silhouette_over_several_blocks(monkeypatch):
    rng = np.random.default_rng(2)
    embedding, labels = rng.normal(size=(103, 3)), np.array(list("abc"))[rng.integers(3, size=103)]
    whole = metrics.silhouette(embedding, labels)
    monkeypatch.setattr(metrics.labels, "_BLOCK_DISTANCES", 1000)
    assert metrics.silhouette(embedding, labels) == pytest.approx(whole, abs=1e-12)


def test_silhouette_of_single_spots_and_of_equal_spots():
    embedding = np.array([[0.0], [0.0], [5.0]])
    labels = ["a", "a", "b"]
    # The pair is perfect (1 each), the single spot counts 0 by definition.
    assert metrics.silhouette(embedding, labels) == pytest.approx(2 / 3)
    assert metrics.silhouette(np.zeros((4, 2)), [1, 1, 2, 2]) == 0.0


def test_silhouette_leaves_unlabelled_spots_out():
    embedding = np.array([[0.0], [1.0], [10.0], [11.0], [5.0]])
    with_none = metrics.silhouette(embedding, ["a", "a", "b", "b", None])
    assert with_none == metrics.silhouette(embedding[:4], list("aabb"))


def test_silhouette_needs_no_square_matrix():
    rng = np.random.default_rng(3)
    embedding, labels = rng.normal(size=(6000, 4)), rng.integers(3, size=6000)
    tracemalloc.start()
    metrics.silhouette(embedding, labels)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6000 * 6000 * 8 / 4


@pytest.mark.parametrize(
    ("embedding", "labels", "message"),
    [
        (np.zeros(3), [1, 2, 1], "embedding: found shape"),
        (np.full((3, 1), "x"), [1, 2, 1], "embedding: found shape"),
        ([[0.0], [np.nan], [1.0]], [1, 2, 1], "embedding: found NaN or infinite values"),
        (np.zeros((3, 1)), [1, 2], "labels: found 2 labels, expected one for each of the 3 rows"),
        (
            np.zeros((3, 1)),
            [1, 1, None],
            "labels: found 1 domains among the labelled spots, expected at least two",
        ),
        (np.zeros((3, 1)), [None] * 3, "labels: found 0 domains"),
    ],
)
def test_bad_input_of_silhouette(embedding, labels, message):
    with pytest.raises(InputError, match=message):
        metrics.silhouette(embedding, labels)
