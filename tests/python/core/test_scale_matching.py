"""Scale matching against a literal loop over spots and slices, in value and gradient."""

import math

import pytest
import torch
from torch.nn.functional import cosine_similarity

from spotscape.core import scale_matching
from spotscape.core.scale_matching import members, most_similar, scale_matching_loss

SIZES = (6, 4, 12, 3)


def literal(z1, z2, slices, top_k):
    """The formula: every pair of slices, every spot, every similarity, one at a time."""
    n_slices = int(slices.max()) + 1
    pairs = []
    for c in range(n_slices):
        for j in range(n_slices):
            if j == c:
                continue
            squares = []
            for i in (slices == c).nonzero().ravel().tolist():

                def scale(number, i=i):
                    there = (slices == number).nonzero().ravel().tolist()
                    values = torch.stack([cosine_similarity(z1[i], z2[m], dim=0) for m in there])
                    return values.sort(descending=True).values[:top_k].mean()

                squares.append((scale(c) - scale(j)) ** 2)
            pairs.append(torch.stack(squares).mean())
    return torch.stack(pairs).mean()


@pytest.fixture(params=[torch.float64, torch.float32], ids=["float64", "float32"])
def views(request):
    generator = torch.Generator().manual_seed(3)
    z1, z2 = (torch.randn(sum(SIZES), 5, generator=generator, dtype=request.param) for _ in range(2))
    slices = torch.repeat_interleave(torch.arange(len(SIZES)), torch.tensor(SIZES))
    order = torch.randperm(len(slices), generator=generator)
    return z1.requires_grad_(), z2.requires_grad_(), slices[order]


@pytest.mark.parametrize("top_k", [1, 2, 5])
@pytest.mark.parametrize("n_slices", [2, 3, 4])
def test_agrees_with_the_literal_formula(views, top_k, n_slices):
    z1, z2, slices = views
    kept = slices < n_slices
    z1, z2, slices = z1[kept], z2[kept], slices[kept]
    loss, expected = scale_matching_loss(z1, z2, members(slices), top_k=top_k), literal(z1, z2, slices, top_k)
    torch.testing.assert_close(loss, expected)
    gradients = torch.autograd.grad(loss, views[:2], retain_graph=True)
    for gradient, reference in zip(gradients, torch.autograd.grad(expected, views[:2]), strict=True):
        torch.testing.assert_close(gradient, reference, rtol=1e-4, atol=1e-6)


def test_blocks_of_rows_change_nothing(views, monkeypatch):
    z1, z2, slices = views
    whole = scale_matching_loss(z1, z2, members(slices))
    monkeypatch.setattr(scale_matching, "_BLOCK_VALUES", 8)
    torch.testing.assert_close(scale_matching_loss(z1, z2, members(slices)), whole)


def test_the_largest_of_blocks_are_the_largest(views):
    z1, z2, _ = views
    found = most_similar(z1, z2, 3).sort(1).values
    assert torch.equal(found, (z1 @ z2.T).topk(3, dim=1).indices.sort(1).values)


def test_order_of_spots_does_not_matter(views):
    z1, z2, slices = views
    order = torch.randperm(len(slices), generator=torch.Generator().manual_seed(1))
    shuffled = scale_matching_loss(z1[order], z2[order], members(slices[order]))
    torch.testing.assert_close(shuffled, scale_matching_loss(z1, z2, members(slices)))


def test_slices_that_coincide_give_zero(views):
    z = views[0].detach()[:6]
    both = torch.cat([z, z])
    assert scale_matching_loss(both, both, members(torch.tensor([0] * 6 + [1] * 6))) == 0


def test_one_slice_gives_zero(views):
    z1, z2, slices = views
    assert scale_matching_loss(z1, z2, members(torch.zeros_like(slices))) == 0


def test_samples_of_rows_average_to_the_whole(views):
    z1, z2, slices = views
    rows = members(slices)
    parts = [
        scale_matching_loss(z1, z2, rows, rows=[own[[n % len(own)]] for own in rows])
        for n in range(math.lcm(*SIZES))
    ]
    # n runs through a common multiple of the sizes, so each spot of a slice is drawn equally often
    torch.testing.assert_close(
        torch.stack(parts).mean(), scale_matching_loss(z1, z2, rows), rtol=1e-4, atol=1e-6
    )


def test_a_slice_smaller_than_top_k_uses_what_it_has(views):
    z1, z2, slices = views
    assert torch.isfinite(scale_matching_loss(z1, z2, members(slices), top_k=100))
