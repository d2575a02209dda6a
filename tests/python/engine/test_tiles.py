"""Tiles: each spot in one, and what an own spot gets in a batch is what it gets in the whole tissue."""

import numpy as np
import pytest
import torch
from scipy import sparse

from spotscape import gr
from spotscape.config import SpotscapeConfig
from spotscape.core.augment import random_view
from spotscape.core.encoder import GraphAutoencoder, Neighborhood
from spotscape.core.objective import objective
from spotscape.datasets import simulate_slices
from spotscape.engine.embedding import embed_in_turn
from spotscape.engine.slice_graph import SliceGraph
from spotscape.engine.tiles import Tiles, cut, whole_tissue
from spotscape.engine.trainer import fit
from spotscape.pp import normalized_expression


def tissue(*, rank=20, several=False, coordinates=True, n_spots=260):
    """Two slices of cells as one graph, their spots shuffled."""
    import anndata

    made = simulate_slices(n_slices=2, n_spots=n_spots // 2, n_genes=60, n_domains=3, layout="cells")
    adata = anndata.concat(made)
    adata = adata[np.random.default_rng(0).permutation(adata.n_obs)].copy()
    gr.spatial_neighbors(adata, slice_key="slice")
    codes = adata.obs["slice"].astype("category").cat.codes.to_numpy()
    return SliceGraph.from_scipy(
        normalized_expression(adata),
        adata.obsp["spatial_connectivities"],
        rank=rank,
        seed=0,
        slices=codes if several else None,
        centering=1.0,
        coordinates=adata.obsm["spatial"] if coordinates else None,
    )


def model_for(graph, dtype=torch.float32):
    return GraphAutoencoder(
        graph.n_genes,
        graph.n_genes,
        16,
        6,
        batch_norm_momentum=0.9,
        generator=torch.Generator().manual_seed(3),
        dtype=dtype,
    )


def view_of(graph, edge_drop, generator):
    n_edges, n_inputs = graph.edge_index.shape[1], graph.n_genes
    return random_view(n_edges, n_inputs, edge_drop=edge_drop, gene_mask=0.2, generator=generator)


@pytest.mark.parametrize("coordinates", [True, False])
@pytest.mark.parametrize("size", [1, 7, 40, 1000])
def test_every_spot_is_in_exactly_one_tile(size, coordinates):
    tiles = Tiles(tissue(coordinates=coordinates), size)
    assert np.array_equal(np.sort(np.concatenate(tiles.members)), np.arange(260))
    assert max(map(len, tiles.members)) <= size


def test_tiles_are_of_one_slice_compact_and_of_about_one_size():
    rng = np.random.default_rng(0)
    places = rng.uniform(size=(4000, 2)) * [4.0, 1.0]
    slices = (np.arange(4000) % 4 == 0).astype(np.int64)
    tile_of = cut(places, slices, 100)
    sizes = np.bincount(tile_of)
    assert sizes.max() <= 100
    assert sizes.min() > 40
    for tile in range(len(sizes)):
        inside = tile_of == tile
        assert len(set(slices[inside])) == 1
        width, height = np.ptp(places[inside], axis=0)
        assert max(width, height) < 4 * min(width, height)


def test_tiles_do_not_hang_on_the_order_of_spots():
    rng = np.random.default_rng(0)
    places = np.round(rng.uniform(size=(300, 2)), 1)  # with ties
    places = np.unique(places, axis=0)
    shuffled = rng.permutation(len(places))
    slices = np.zeros(len(places), dtype=np.int64)
    first, second = cut(places, slices, 9), cut(places[shuffled], slices, 9)
    assert np.array_equal(first[shuffled], second)


def test_spots_at_one_place_are_cut_too():
    assert np.bincount(cut(np.zeros((10, 2)), np.zeros(10, dtype=np.int64), 3)).max() <= 3


@pytest.mark.parametrize("rank", [0, 20])
def test_embedding_by_tiles_is_that_of_the_whole(rank):
    graph = tissue(rank=rank)
    model = model_for(graph)
    batch = whole_tissue(graph)
    with torch.no_grad():  # so that running statistics are not those of the start
        view = view_of(graph, 0.2, torch.Generator().manual_seed(0))
        z = model.encode(batch.features, batch.neighborhood.propagation(view.edges), view.genes)
        torch.nn.init.normal_(model.gcn2_weight, generator=torch.Generator().manual_seed(1))
    whole = embed_in_turn(model, [batch], 260)
    tiles = Tiles(graph, 30)
    found = embed_in_turn(model, [tiles.batch([tile]) for tile in range(len(tiles))], 260)
    assert z.shape == whole.shape
    np.testing.assert_allclose(found, whole, rtol=1e-5, atol=1e-5 * np.abs(whole).max())


def test_in_a_view_own_spots_get_what_they_get_in_the_whole():
    """Dropped edges change degrees, also those of the halo: the first layer before batch norm shows it."""
    graph = tissue()
    view = view_of(graph, 0.4, torch.Generator().manual_seed(0))
    x = torch.randn(260, 5, generator=torch.Generator().manual_seed(1))
    whole = Neighborhood(graph.edge_index, 260).propagation(view.edges)
    twice = whole.forward @ (whole.forward @ x)
    tiles = Tiles(graph, 30)
    for tile in range(len(tiles)):
        batch = tiles.batch([tile])
        part = batch.neighborhood.propagation(batch.view(view, "cpu").edges)
        found = (part.forward @ (part.forward @ x[batch.spots]))[: len(batch.own)]
        torch.testing.assert_close(found, twice[batch.own], rtol=1e-5, atol=1e-5)


def test_a_batch_of_all_tiles_has_the_losses_and_gradients_of_the_whole():
    graph = tissue()
    generator = torch.Generator().manual_seed(0)
    views = tuple(view_of(graph, 0.3, generator) for _ in range(2))
    tiles = Tiles(graph, 30)
    found = []
    for batch in (whole_tissue(graph), tiles.batch(list(range(len(tiles))))):
        model = model_for(graph)
        losses = objective(
            model,
            batch.features,
            batch.expression,
            batch.neighborhood,
            tuple(batch.view(view, "cpu") for view in views),
            telescope_weight=1.0,
            reconstruction_weight=0.1,
        )
        losses.total.backward()
        found.append((losses, {name: value.grad for name, value in model.named_parameters()}))
    (first, grads), (second, others) = found
    torch.testing.assert_close(first, second, rtol=1e-5, atol=1e-6)
    for name, grad in grads.items():
        torch.testing.assert_close(others[name], grad, rtol=1e-3, atol=1e-6, msg=name)


@pytest.mark.parametrize("several", [False, True])
def test_training_by_tiles_learns_and_is_reproducible(several):
    graph = tissue(several=several)
    config = SpotscapeConfig(epochs=25, batch_spots=80, learning_rate=3e-3, matching_spots=40)
    first, second = (fit(graph, config, n_domains=3 if several else None) for _ in range(2))
    assert first.plan.by_tiles
    assert np.array_equal(first.embedding, second.embedding)
    assert first.embedding.shape[0] == 260
    assert np.isfinite(first.embedding).all()
    assert first.losses["reconstruction"][-5:].mean() < first.losses["reconstruction"][:5].mean()


@pytest.mark.parametrize("batch_spots", [0, 80])
@pytest.mark.parametrize("several", [False, True])
def test_a_device_without_sparse_products_gets_the_same(monkeypatch, several, batch_spots):
    from spotscape.core import sparse as sparse_matrices

    found = []
    for without in ((), ("cpu",)):
        monkeypatch.setattr(sparse_matrices, "_WITHOUT_CSR", without)
        graph = tissue(several=several, rank=0)
        config = SpotscapeConfig(epochs=3, batch_spots=batch_spots, matching_spots=40)
        found.append(fit(graph, config, n_domains=3 if several else None).embedding)
    size = np.abs(found[0]).max()
    np.testing.assert_allclose(found[1], found[0], atol=(2e-2 if several else 1e-5) * size)


@pytest.mark.parametrize("batch_spots", [0, 80])
def test_mixed_precision_stays_out_of_the_losses(monkeypatch, batch_spots):
    from spotscape.core import objective as objectives

    graph = tissue(several=True)
    seen = []

    def watched(loss):
        def call(*arguments, **keywords):
            value = loss(*arguments, **keywords)
            seen.extend([arguments[0].dtype, value.dtype])
            return value

        return call

    for name in ("similarity_telescope_loss", "scale_matching_loss", "prototype_loss"):
        monkeypatch.setattr(objectives, name, watched(getattr(objectives, name)))
    settings = {"epochs": 4, "batch_spots": batch_spots, "matching_spots": 40}
    full, mixed = (
        fit(graph, SpotscapeConfig(**settings, mixed_precision=mixed), n_domains=3) for mixed in (False, True)
    )
    assert set(seen) == {torch.float32}
    assert not np.array_equal(full.embedding, mixed.embedding)
    for name, column in full.losses.items():
        np.testing.assert_allclose(mixed.losses[name], column, rtol=0.1, atol=2e-3, err_msg=name)


def test_a_graph_without_edges_can_be_cut():
    from spotscape.core.expression import DenseExpression

    graph = SliceGraph(DenseExpression(torch.ones(9, 2)), torch.empty(2, 0, dtype=torch.int64))
    batch = Tiles(graph, 2).batch([0, 1])
    assert len(batch.neighborhood.outside) == 0
    assert sparse.csr_matrix(batch.neighborhood.propagation(torch.empty(0)).forward.to_dense()).nnz == len(
        batch.own
    )
