"""The telescope against its literal definition, all N x N pairs one by one."""

import itertools

import pytest
import torch

from spotscape.core import telescope
from spotscape.core.telescope import similarity_telescope_loss, telescope_from_grams, telescope_grams


def literal_loss(z1, z2):
    """MSE(U Vᵀ, V Uᵀ) by loops over all pairs of spots."""
    n = len(z1)
    u = [row / row.norm() for row in z1]
    v = [row / row.norm() for row in z2]
    total = z1.new_zeros(())
    for i, j in itertools.product(range(n), range(n)):
        total = total + (u[i] @ v[j] - v[i] @ u[j]) ** 2
    return total / n**2


def two_views(n=40, d=6, apart=0.5, dtype=torch.float64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    z1 = torch.rand(n, d, generator=generator, dtype=torch.float64)
    z2 = z1 + apart * torch.randn(n, d, generator=generator, dtype=torch.float64)
    return z1.to(dtype).requires_grad_(), z2.to(dtype).requires_grad_()


def relative(found, expected):
    return ((found.double() - expected.double()).norm() / expected.double().norm()).item()


@pytest.mark.parametrize(
    ("dtype", "value_bound", "gradient_bound"), [(torch.float64, 1e-12, 1e-12), (torch.float32, 1e-6, 1e-5)]
)
@pytest.mark.parametrize("apart", [1.0, 1e-1, 1e-3])
def test_value_and_gradient_agree_with_all_pairs(dtype, value_bound, gradient_bound, apart):
    z1, z2 = two_views(apart=apart, dtype=dtype)
    exact1, exact2 = (z.detach().double().requires_grad_() for z in (z1, z2))
    expected = literal_loss(exact1, exact2)
    expected.backward()
    loss = similarity_telescope_loss(z1, z2)
    loss.backward()
    if dtype is torch.float64 and apart < 1e-2:
        value_bound = gradient_bound = 1e-9  # the reference itself subtracts close numbers
    assert relative(loss, expected) < value_bound
    assert relative(z1.grad, exact1.grad) < gradient_bound
    assert relative(z2.grad, exact2.grad) < gradient_bound


def test_keeps_its_digits_at_the_size_of_a_slice():
    z1, z2 = two_views(n=3000, d=64, apart=1e-3, dtype=torch.float32, seed=1)
    loss = similarity_telescope_loss(z1, z2)
    loss.backward()
    exact1, exact2 = (z.detach().double().requires_grad_() for z in (z1, z2))
    u, v = (torch.nn.functional.normalize(z, dim=1) for z in (exact1, exact2))
    expected = (u @ v.T - v @ u.T).square().mean()  # dense N x N: this is the test's own reference
    expected.backward()
    assert relative(loss, expected) < 1e-6
    assert relative(z1.grad, exact1.grad) < 1e-5


def test_hand_worked_pair():
    # u = e1, e2; v = e2, e1: U Vᵀ = V Uᵀ, though the views differ.
    z1 = torch.tensor([[2.0, 0.0], [0.0, 3.0]])
    z2 = torch.tensor([[0.0, 1.0], [5.0, 0.0]])
    assert similarity_telescope_loss(z1, z2).item() == pytest.approx(0.0, abs=1e-7)
    # u = e1, e1; v = e1, e2: entries (1, 2) and (2, 1) differ by one.
    z1 = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    z2 = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    assert similarity_telescope_loss(z1, z2).item() == pytest.approx(2 / 4)


def test_identical_views_give_exactly_zero():
    z, _ = two_views(dtype=torch.float32)
    assert similarity_telescope_loss(z, z).item() == 0.0


def test_order_of_spots_and_of_views_does_not_matter():
    z1, z2 = two_views()
    order = torch.randperm(len(z1), generator=torch.Generator().manual_seed(3))
    loss = similarity_telescope_loss(z1, z2)
    torch.testing.assert_close(similarity_telescope_loss(z1[order], z2[order]), loss)
    torch.testing.assert_close(similarity_telescope_loss(z2, z1), loss)


def test_parts_of_the_tissue_sum_to_the_whole():
    z1, z2 = two_views(n=50)
    cuts = [slice(0, 7), slice(7, 30), slice(30, 50)]
    grams = sum(telescope_grams(z1[part], z2[part]) for part in cuts)
    whole = similarity_telescope_loss(z1, z2)
    torch.testing.assert_close(telescope_from_grams(grams, 50), whole)


def test_reduce_makes_every_process_see_the_whole_tissue():
    z1, z2 = two_views(n=50)
    mine, other = slice(0, 20), slice(20, 50)
    theirs = iter([telescope_grams(z1[other], z2[other]), torch.tensor(30.0)])
    loss = similarity_telescope_loss(z1[mine], z2[mine], reduce=lambda x: x + next(theirs))
    torch.testing.assert_close(loss, similarity_telescope_loss(z1, z2))


def test_a_spot_without_embedding_is_harmless():
    z1, z2 = two_views(dtype=torch.float32)
    with torch.no_grad():
        z1[0] = 0
    loss = similarity_telescope_loss(z1, z2)
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(z1.grad).all()


def test_autocast_does_not_reach_it():
    z1, z2 = (z.detach() for z in two_views(apart=1e-2, dtype=torch.float32))
    expected = similarity_telescope_loss(z1, z2)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        torch.testing.assert_close(similarity_telescope_loss(z1, z2), expected, rtol=0, atol=0)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("block", [1, 7, 30])
def test_blocks_of_rows_make_the_whole(monkeypatch, dtype, block):
    generator = torch.Generator().manual_seed(0)
    views = [torch.randn(30, 4, generator=generator, dtype=dtype) for _ in range(2)]
    views[1][3] = 0
    found = []
    for size in (2**14, block):
        monkeypatch.setattr(telescope, "_BLOCK", size)
        z1, z2 = (view.clone().requires_grad_() for view in views)
        loss = similarity_telescope_loss(z1, z2)
        found.append((loss.detach(), *torch.autograd.grad(loss, (z1, z2))))
    for whole, in_blocks in zip(*found, strict=True):
        # of a row's largest entry: a spot without embedding has a gradient of 10⁶
        size = whole.abs().amax(dim=-1, keepdim=True) if whole.ndim else whole.abs()
        torch.testing.assert_close(
            in_blocks / size, whole / size, rtol=0, atol=1e-5 if dtype == torch.float32 else 1e-12
        )
