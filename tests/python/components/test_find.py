"""Components of one slice and of several, from expression and neighbours."""

import numpy as np
import pytest
from scipy import sparse

from spotscape._neighborhood import neighborhood_mean
from spotscape._validate import InputError
from spotscape.components import find_components


def strip(n=80, g=30, seed=0):
    """Two halves of a strip of spots, each with genes of its own up, and the path as its graph."""
    rng = np.random.default_rng(seed)
    x = rng.poisson(1.0, (n, g)).astype("float32")
    x[: n // 2, : g // 3] += 3
    x[n // 2 :, g // 3 : g // 2] += 3
    path = sparse.diags([1, 1], [-1, 1], shape=(n, n), format="csr", dtype=float)
    return sparse.csr_matrix(np.log1p(x)), path


@pytest.mark.parametrize("rank", [0, 12])
def test_loadings_make_the_scores(rank):
    x, path = strip()
    found = find_components(x, neighborhood_mean(path), rank=rank, n_components=4, seed=0)
    scores, loadings, ratios = found.scores, found.loadings, found.ratios
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
    found = find_components(
        x, neighborhood_mean(path), rank=0, n_components=4, seed=0, slices=slices, centering=centering
    )
    left = x.toarray().astype(np.float64)
    for number in (0, 1):
        left[slices == number] -= centering * left[slices == number].mean(axis=0)
    left -= left.mean(axis=0)
    scores = found.scores
    expected = left @ found.loadings
    np.testing.assert_allclose(scores, expected, atol=1e-4 * np.abs(scores).max())
    if centering == 1.0:
        np.testing.assert_allclose(scores[slices == 1].mean(axis=0), 0, atol=1e-4 * np.abs(scores).max())


@pytest.mark.parametrize(("n", "g", "width"), [(80, 10, 10), (40, 30, 5), (80, 30, 10), (3, 30, 1)])
def test_fewer_components_where_there_are_few_genes_or_spots(n, g, width):
    x, path = strip(n, g)
    found = find_components(x, neighborhood_mean(path), rank=200, n_components=20, seed=0)
    assert found.scores.shape == (n, width)
    assert found.loadings.shape == (g, width)
    assert np.isfinite(found.scores).all()
    assert np.isfinite(found.loadings).all()


def test_same_seed_same_components():
    x, path = strip()
    first, second = (
        find_components(x, neighborhood_mean(path), rank=12, n_components=4, seed=3) for _ in range(2)
    )
    assert (first.scores == second.scores).all()
    assert (first.loadings == second.loadings).all()


def test_a_graph_without_edges_has_no_components():
    x, _ = strip()
    with pytest.raises(InputError, match=r"without edges.*spotscape\.gr"):
        find_components(x, neighborhood_mean(sparse.csr_matrix((80, 80))), rank=0, n_components=4, seed=0)
