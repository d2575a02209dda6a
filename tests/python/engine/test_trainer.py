"""The trainer: reproducible, and learns."""

import itertools

import anndata
import numpy as np
import pytest
import torch

from spotscape._validate import InputError
from spotscape.config import SpotscapeConfig
from spotscape.core.encoder import Neighborhood
from spotscape.core.expression import DenseExpression
from spotscape.datasets import simulate_slices
from spotscape.engine.embedding import embed
from spotscape.engine.slice_graph import SliceGraph
from spotscape.engine.trainer import fit
from spotscape.engine.training import learning_rate_at
from spotscape.gr import spatial_neighbors
from spotscape.pp import normalized_expression


@pytest.fixture
def graph():
    """Two halves of a strip of 60 spots, each with its own genes up."""
    rng = np.random.default_rng(0)
    x = rng.poisson(1.0, (60, 12)).astype("float32")
    x[:30, :4] += 3
    x[30:, 4:8] += 3
    pairs = torch.stack([torch.arange(59), torch.arange(1, 60)])
    return SliceGraph(DenseExpression(torch.from_numpy(np.log1p(x))), torch.cat([pairs, pairs.flip(0)], 1))


def quick(**changes):
    return SpotscapeConfig(
        **{"epochs": 30, "hidden_dim": 16, "latent_dim": 8, "learning_rate": 1e-2} | changes
    )


def test_learns_and_reports_every_epoch(graph):
    result = fit(graph, quick())
    assert result.embedding.shape == (60, 8)
    assert result.embedding.dtype == np.float32
    assert np.isfinite(result.embedding).all()
    assert {len(column) for column in result.losses.values()} == {30}
    assert result.losses["epoch"].tolist() == list(range(1, 31))
    assert result.losses["total"][-5:].mean() < 0.5 * result.losses["total"][:5].mean()
    halves = [result.embedding[:30].mean(0), result.embedding[30:].mean(0)]
    apart = np.linalg.norm(halves[0] - halves[1])
    assert apart > 2 * np.linalg.norm(result.embedding[:30].std(0))


def test_same_seed_same_bits_and_global_state_is_left_alone(graph):
    before = torch.get_rng_state()
    first, second, other = (fit(graph, quick(), seed=seed).embedding for seed in (1, 1, 2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)
    assert torch.equal(torch.get_rng_state(), before)


def test_same_seed_same_bits_for_several_slices_by_tiles():
    both = anndata.concat(simulate_slices(n_slices=2, n_spots=300, n_genes=80, n_domains=3))
    spatial_neighbors(both, slice_key="slice")
    several = SliceGraph.from_scipy(
        normalized_expression(both),
        both.obsp["spatial_connectivities"],
        rank=20,
        seed=0,
        slices=both.obs["slice"].astype("category").cat.codes.to_numpy(),
        centering=1.0,
        coordinates=both.obsm["spatial"],
    )
    config = SpotscapeConfig(epochs=12, batch_spots=200, matching_spots=100)
    embeddings = [fit(several, config, n_domains=3).embedding for _ in range(3)]
    assert np.array_equal(embeddings[0], embeddings[1])
    assert np.array_equal(embeddings[0], embeddings[2])


def test_embedding_is_that_of_the_returned_model(graph):
    result = fit(graph, quick(epochs=5))
    assert not result.model.training
    again = embed(result.model, graph.expression, Neighborhood(graph.edge_index, 60))
    assert np.array_equal(again, result.embedding)


def test_learning_rate_schedules():
    cosine = quick(epochs=10)
    rates = [learning_rate_at(step, cosine) for step in range(10)]
    assert rates[0] == cosine.learning_rate
    assert all(a > b for a, b in itertools.pairwise(rates))
    assert learning_rate_at(5, cosine) == pytest.approx(cosine.learning_rate / 2)
    constant = quick(schedule="constant")
    assert {learning_rate_at(step, constant) for step in range(10)} == {constant.learning_rate}


def test_progress_is_called_and_an_interrupt_goes_through(graph):
    seen = []
    fit(graph, quick(epochs=3), progress=lambda *now: seen.append(now))
    assert [(epoch, epochs) for epoch, epochs, _ in seen] == [(1, 3), (2, 3), (3, 3)]

    def interrupt(epoch, epochs, loss):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(graph, quick(), progress=interrupt)


def test_a_loss_that_is_not_finite_ends_the_run(graph):
    broken = SliceGraph(DenseExpression(graph.expression.x * float("inf")), graph.edge_index)
    with pytest.raises(InputError, match=r"^learning_rate: found .* loss became .* in epoch 1"):
        fit(broken, quick())
