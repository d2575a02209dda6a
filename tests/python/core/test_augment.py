"""Views: rates, independence, and one generator as the only source."""

import torch

from spotscape.core.augment import full_view, random_view


def draw(seed=0, **rates):
    generator = torch.Generator().manual_seed(seed)
    return random_view(20_000, 10_000, generator=generator, **{"edge_drop": 0.2, "gene_mask": 0.3} | rates)


def test_rates_are_what_was_asked_for():
    view = draw()
    assert abs(view.edges.mean().item() - 0.8) < 0.02
    assert abs(view.genes.mean().item() - 0.7) < 0.02
    assert set(view.edges.unique().tolist()) == {0.0, 1.0}


def test_rate_zero_leaves_everything_in():
    view = draw(edge_drop=0.0, gene_mask=0.0)
    whole = full_view(20_000, 10_000)
    assert torch.equal(view.edges, whole.edges)
    assert torch.equal(view.genes, whole.genes)


def test_same_seed_same_view_and_global_state_is_left_alone():
    before = torch.get_rng_state()
    assert torch.equal(draw(5).edges, draw(5).edges)
    assert not torch.equal(draw(5).edges, draw(6).edges)
    assert torch.equal(torch.get_rng_state(), before)
