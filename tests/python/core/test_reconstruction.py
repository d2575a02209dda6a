"""The expanded reconstruction loss against the one that forms every X̂."""

import pytest
import torch

from spotscape.core.expression import DenseExpression, LowRankExpression, SparseExpression
from spotscape.core.reconstruction import reconstruction_loss


def literal_loss(x, hidden, weight, bias):
    """Mean over views, spots and genes of the squared error, one spot at a time."""
    total = x.new_zeros(())
    for h in hidden:
        for spot in range(len(x)):
            for gene in range(x.shape[1]):
                total = total + (x[spot, gene] - h[spot] @ weight[gene] - bias[gene]) ** 2
    return total / (len(hidden) * x.numel())


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("form", ["dense", "sparse", "low rank"])
@pytest.mark.parametrize("n_views", [1, 2])
def test_value_and_gradient(dtype, form, n_views):
    generator = torch.Generator().manual_seed(0)

    def rand(*shape):
        return torch.rand(*shape, generator=generator, dtype=dtype)

    left, right = rand(12, 3), rand(3, 7)
    x = left @ right
    csr = x.to_sparse_csr()
    expression = {
        "dense": DenseExpression(x),
        "sparse": SparseExpression.from_csr(csr.crow_indices(), csr.col_indices(), csr.values(), (12, 7)),
        "low rank": LowRankExpression(left, right),
    }[form]
    hidden = [rand(12, 4) for _ in range(n_views)]
    weight, bias = rand(7, 4), rand(7)
    arguments = [*hidden, weight, bias]
    for a in arguments:
        a.requires_grad_()
    loss = reconstruction_loss(expression, hidden, weight, bias)
    expected = literal_loss(x, hidden, weight, bias)
    tolerance = {"rtol": 1e-10, "atol": 1e-12} if dtype is torch.float64 else {"rtol": 1e-4, "atol": 1e-6}
    torch.testing.assert_close(loss, expected, **tolerance)
    for found, wanted in zip(
        torch.autograd.grad(loss, arguments), torch.autograd.grad(expected, arguments), strict=True
    ):
        torch.testing.assert_close(found, wanted, **tolerance)
