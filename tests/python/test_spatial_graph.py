"""A graph that no longer holds is made anew; one of the user's own is checked, used, and said to be used."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pytest
from scipy import sparse
from sklearn.neighbors import kneighbors_graph

from spotscape import gr, io, tl
from spotscape._validate import InputError, SpotscapeWarning
from spotscape.datasets import simulate_slice, simulate_slices
from spotscape.gr.spatial_graph import current_graph, graph_state, write_graph

QUICK = {"n_starts": 1}


@pytest.fixture
def adata():
    return simulate_slice(n_spots=250, n_genes=60, n_domains=3, seed=1)


def run(adata, **arguments):
    return tl.run_spotscape(adata, n_domains=3, config=QUICK, progress=False, **arguments)


def graph_of(adata, **arguments):
    fresh = ad.AnnData(np.ones((adata.n_obs, 1)), obsm=dict(adata.obsm), obs=adata.obs)
    gr.spatial_neighbors(fresh, **arguments)
    return fresh.obsp["spatial_connectivities"]


def same(a, b):
    return (sparse.csr_matrix(a) != sparse.csr_matrix(b)).nnz == 0


def test_corrected_coordinates_make_a_new_graph(adata):
    truth = adata.obsm["spatial"].copy()
    adata.obsm["spatial"] = np.random.default_rng(0).permutation(truth)
    run(adata)
    wrong = adata.obsp["spatial_connectivities"].copy()
    adata.obsm["spatial"] = truth
    run(adata)
    assert not same(adata.obsp["spatial_connectivities"], wrong)
    assert same(adata.obsp["spatial_connectivities"], graph_of(adata))
    assert graph_state(adata) == "own"


def test_a_part_of_the_spots_makes_a_new_graph(adata):
    run(adata)
    part = adata[np.random.default_rng(0).random(250) < 0.6].copy()
    assert graph_state(part) == "stale"
    run(part)
    assert same(part.obsp["spatial_connectivities"], graph_of(part))


def test_other_coordinates_make_a_new_graph(adata):
    adata.obsm["other"] = np.random.default_rng(0).permutation(adata.obsm["spatial"])
    run(adata)
    run(adata, spatial_key="other")
    assert same(adata.obsp["spatial_connectivities"], graph_of(adata, spatial_key="other"))


def test_slices_make_a_new_graph():
    slices = simulate_slices(n_slices=2, n_spots=120, n_genes=60, n_domains=3)
    for number, one in enumerate(slices):
        one.obsm["spatial"] = one.obsm["spatial"] + [1e5 * number, 0]
    both = ad.concat(slices)
    both.obsm["spatial"][120:] -= [1e5 - np.ptp(both.obsm["spatial"][:120, 0]) - 137, 0]
    gr.spatial_neighbors_knn(both, n_neighbors=5)
    tl.integrate_slices(both, n_domains=3, config=QUICK, progress=False)
    fresh = ad.AnnData(np.ones((240, 1)), obsm=dict(both.obsm), obs=both.obs)
    gr.spatial_neighbors_knn(fresh, n_neighbors=5, slice_key="slice")
    assert same(both.obsp["spatial_connectivities"], fresh.obsp["spatial_connectivities"])


def test_a_new_graph_is_made_as_the_old_one_was(adata):
    gr.spatial_neighbors_radius(adata, radius=300.0)
    part = adata[:200].copy()
    run(part)
    assert part.uns["spatial_neighbors"]["params"]["method"] == "radius"
    assert part.uns["spatial_neighbors"]["params"]["radius"] == 300.0


def test_a_graph_that_holds_is_kept_through_a_file(adata, tmp_path):
    gr.spatial_neighbors_knn(adata, n_neighbors=9)
    io.write(adata, tmp_path / "a.h5ad")
    stored = io.read(tmp_path / "a.h5ad")
    assert graph_state(stored) == "own"
    before = stored.obsp["spatial_connectivities"].copy()
    run(stored)
    assert same(stored.obsp["spatial_connectivities"], before)


def test_what_follows_a_run_goes_by_a_graph_that_holds(adata):
    run(adata)
    part = adata[np.random.default_rng(0).random(250) < 0.6].copy()
    assert same(current_graph(part), graph_of(part))
    expected = part.copy()
    write_graph(expected, graph_holder(part))
    for one in (part, expected):
        tl.boundary_spots(one)
    assert part.obs["spotscape_boundary"].equals(expected.obs["spotscape_boundary"])


def graph_holder(adata):
    bare = ad.AnnData(sparse.csr_matrix((adata.n_obs, 0), dtype="float32"), obsm=dict(adata.obsm))
    bare.obs_names = adata.obs_names
    gr.spatial_neighbors(bare)
    return bare


class TestOfTheUser:
    def test_it_is_used_and_said(self, adata):
        own = kneighbors_graph(adata.obsm["spatial"], 8)
        adata.obsp["spatial_connectivities"] = own.maximum(own.T).tocsr()
        with pytest.warns(SpotscapeWarning, match=r"was there, not made by spotscape, and was used: \d+"):
            run(adata)
        assert any("was used" in text for text in adata.uns["spotscape"]["warnings"])

    def test_one_that_replaced_ours_is_the_users(self, adata):
        gr.spatial_neighbors(adata)
        own = kneighbors_graph(adata.obsm["spatial"], 8)
        adata.obsp["spatial_connectivities"] = own.maximum(own.T).tocsr()
        assert graph_state(adata) == "given"

    def test_one_of_other_places_is_refused(self, adata):
        own = kneighbors_graph(np.random.default_rng(0).permutation(adata.obsm["spatial"]), 8)
        adata.obsp["spatial_connectivities"] = own.maximum(own.T).tocsr()
        with pytest.raises(InputError, match="far apart by their coordinates"):
            run(adata)

    def test_spots_without_neighbours_are_said(self, adata):
        own = sparse.lil_matrix(kneighbors_graph(adata.obsm["spatial"], 8))
        own[:20] = 0
        own[:, :20] = 0
        adata.obsp["spatial_connectivities"] = sparse.csr_matrix(own)
        with pytest.warns(SpotscapeWarning, match="and 2. of 250 spots without any"):
            run(adata)
