"""Spatial autocorrelation of genes: against loops, and what ranks a gene."""

import numpy as np
import pytest
from scipy import sparse

from spotscape._neighborhood import neighborhood_mean
from spotscape.pp import spatial_genes
from spotscape.pp.spatial_genes import UNSEEN, rank_by_pattern, spatial_autocorrelation


def strip(n=60, g=8, seed=0):
    """Return log expression whose first gene is up in one half, and a path over the spots."""
    rng = np.random.default_rng(seed)
    counts = rng.poisson(1.0, (n, g)).astype(float)
    counts[: n // 2, 0] += 4
    path = sparse.diags([1, 1], [-1, 1], shape=(n, n), format="csr", dtype=float)
    return sparse.csr_matrix(np.log1p(counts)), path


def test_agrees_with_loops_on_some_spots():
    x, path = strip()
    spots = np.arange(5, 50)
    found = spatial_autocorrelation(x, neighborhood_mean(path), spots)
    dense = x.toarray()
    for gene in range(8):
        own, around = [], []
        for i in spots:
            near = [i, *(j for j in (i - 1, i + 1) if 0 <= j < 60)]
            own.append(dense[i, gene])
            around.append(np.mean([dense[j, gene] for j in near]))
        expected = np.cov(own, around, ddof=0)[0, 1] / np.var(own)
        assert found[gene] == pytest.approx(expected)


def test_blocks_change_nothing(monkeypatch):
    x, path = strip()
    whole = spatial_autocorrelation(x, neighborhood_mean(path), np.arange(60))
    monkeypatch.setattr(spatial_genes, "_BLOCK", 300)
    np.testing.assert_allclose(spatial_autocorrelation(x, neighborhood_mean(path), np.arange(60)), whole)


def test_a_pattern_ranks_before_noise_and_a_hardly_seen_gene_last():
    x, path = strip()
    dense = x.toarray()
    dense[:, 3] = 0
    dense[[10, 11], 3] = 1  # two spots side by side, of 60
    ranked = rank_by_pattern(sparse.csr_matrix(dense), neighborhood_mean(path), None)
    assert ranked[0] == 0
    assert ranked[-1] == 3
    mean = neighborhood_mean(path)
    assert spatial_autocorrelation(sparse.csr_matrix(dense), mean, np.arange(60))[3] == UNSEEN


def test_a_difference_between_slices_ranks_no_gene():
    x, path = strip()
    dense = x.toarray()
    dense[:30, 5] += 3  # up in the first slice as a whole
    dense[:15, 0] += 3
    dense[30:45, 0] += 3
    path = sparse.lil_matrix(path)
    path[29, 30] = path[30, 29] = 0
    ranked = rank_by_pattern(sparse.csr_matrix(dense), neighborhood_mean(path), np.repeat([0, 1], 30))
    assert ranked[0] == 0
    assert 5 not in ranked[:1]
    together = rank_by_pattern(sparse.csr_matrix(dense), neighborhood_mean(path), None)
    assert 5 in together[:2]


def test_the_mean_is_over_a_spot_and_its_neighbours_in_both_directions():
    one_way = sparse.csr_matrix(np.array([[0, 1, 0], [0, 0, 0.5], [0, 0, 0]]))
    expected = np.array([[1 / 2, 1 / 2, 0], [1 / 3, 1 / 3, 1 / 3], [0, 1 / 2, 1 / 2]])
    np.testing.assert_allclose(neighborhood_mean(one_way).toarray(), expected)
