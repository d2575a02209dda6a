"""The objective is the weighted sum of its parts, and no N x N tensor is ever made."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from spotscape.core.augment import random_view
from spotscape.core.encoder import GraphAutoencoder, Neighborhood
from spotscape.core.expression import DenseExpression, LowRankExpression, SparseExpression
from spotscape.core.objective import objective
from spotscape.core.telescope import similarity_telescope_loss

N, G = 601, 30


def grid_edges(n):
    pairs = torch.stack([torch.arange(n - 1), torch.arange(1, n)])
    return torch.cat([pairs, pairs.flip(0)], dim=1)


def run(expression):
    generator = torch.Generator().manual_seed(0)
    model = GraphAutoencoder(G, G, 16, 8, batch_norm_momentum=0.99, generator=generator)
    edges = grid_edges(N)
    rates = {"edge_drop": 0.2, "gene_mask": 0.2, "generator": generator}
    views = tuple(random_view(edges.shape[1], G, **rates) for _ in range(2))
    losses = objective(
        model,
        expression,
        expression,
        Neighborhood(edges, N),
        views,
        telescope_weight=2.0,
        reconstruction_weight=0.5,
    )
    losses.total.backward()
    return losses, model


def expressions():
    generator = torch.Generator().manual_seed(1)
    left, right = torch.rand(N, 4, generator=generator), torch.rand(4, G, generator=generator)
    csr = (left @ right).to_sparse_csr()
    return {
        "dense": DenseExpression(left @ right),
        "sparse": SparseExpression.from_csr(csr.crow_indices(), csr.col_indices(), csr.values(), (N, G)),
        "low rank": LowRankExpression(left, right),
    }


class LargestTensor(TorchDispatchMode):
    """Remembers the largest number of values that any operation gave back, forward or backward."""

    def __init__(self):
        super().__init__()
        self.most = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        for tensor in torch.utils._pytree.tree_leaves(result):
            if isinstance(tensor, torch.Tensor):
                values = tensor.values() if tensor.layout is torch.sparse_csr else tensor
                self.most = max(self.most, values.numel())
        return result


@pytest.mark.parametrize("form", ["dense", "sparse", "low rank"])
def test_no_tensor_has_n_by_n_values(form):
    expression = expressions()[form]
    with LargestTensor() as watch:
        run(expression)
    assert N * G <= watch.most < N * N / 4


def test_the_watch_sees_an_n_by_n_tensor():
    z = torch.rand(N, 3)
    with LargestTensor() as watch:
        (z @ z.T).mean()
    assert watch.most == N * N


def test_total_is_the_weighted_sum():
    losses, _ = run(expressions()["dense"])
    torch.testing.assert_close(losses.total, 2.0 * losses.telescope + 0.5 * losses.reconstruction)
    assert losses.telescope > 0
    assert losses.reconstruction > 0


def test_dense_sparse_and_low_rank_train_alike():
    results = {name: run(expression) for name, expression in expressions().items()}
    reference, model = results["dense"]
    for name in ("sparse", "low rank"):
        losses, other = results[name]
        torch.testing.assert_close(losses.total, reference.total, rtol=1e-5, atol=1e-7)
        for (key, p), q in zip(model.named_parameters(), other.parameters(), strict=True):
            torch.testing.assert_close(q.grad, p.grad, rtol=1e-3, atol=1e-5, msg=lambda m, k=key: f"{k}: {m}")


def test_telescope_of_a_million_pairs_makes_no_n_by_n_tensor():
    z1, z2 = (torch.rand(5_000, 16, requires_grad=True) for _ in range(2))
    with LargestTensor() as watch:
        similarity_telescope_loss(z1, z2).backward()
    assert watch.most <= 5_000 * 16
