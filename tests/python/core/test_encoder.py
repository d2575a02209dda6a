"""The encoder against torch-geometric's GCN layer, dense loops, a hand-worked graph; their symmetries."""

import pytest
import torch
from torch import nn
from torch_geometric.nn import GCNConv

from spotscape.core.augment import full_view, random_view
from spotscape.core.encoder import GraphAutoencoder, Neighborhood
from spotscape.core.expression import DenseExpression


def ring(n):
    """Every spot has two neighbours; spots 0 and 3 are joined as well."""
    pairs = [(i, (i + 1) % n) for i in range(n)] + [(0, 3)]
    return torch.tensor([(a, b) for a, b in pairs] + [(b, a) for a, b in pairs]).T


def model_for(n_genes, dtype=torch.float64):
    generator = torch.Generator().manual_seed(0)
    return GraphAutoencoder(
        n_genes, n_genes, 8, 4, batch_norm_momentum=0.99, generator=generator, dtype=dtype
    )


def test_hand_worked_propagation():
    # A path of three spots with the directed edge 0 -> 1 dropped. In-degrees with self-loops: 2, 2, 2.
    edge_index = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])
    kept = torch.tensor([0.0, 1.0, 1.0, 1.0])
    forward, transposed = Neighborhood(edge_index, 3).propagation(kept)
    expected = torch.tensor([[0.5, 0.5, 0.0], [0.0, 0.5, 0.5], [0.0, 0.5, 0.5]])
    torch.testing.assert_close(forward.to_dense(), expected)
    torch.testing.assert_close(transposed.to_dense(), expected.T)


def test_one_direction_only_is_refused():
    with pytest.raises(ValueError, match="both directions"):
        Neighborhood(torch.tensor([[0], [1]]), 2)


def test_agrees_with_torch_geometric_on_the_edges_that_are_left():
    edge_index = ring(9)
    generator = torch.Generator().manual_seed(1)
    view = random_view(
        edge_index.shape[1], 5, edge_drop=0.4, gene_mask=0.4, generator=generator, dtype=torch.float64
    )
    x = torch.rand(9, 5, generator=generator, dtype=torch.float64)
    model = model_for(5).train()
    z = model.encode(DenseExpression(x), Neighborhood(edge_index, 9).propagation(view.edges), view.genes)

    left = edge_index[:, view.edges.bool()]
    assert 0 < left.shape[1] < edge_index.shape[1]
    h = x * view.genes
    for weight, norm in ((model.gcn1_weight, model.norm1), (model.gcn2_weight, model.norm2)):
        layer = GCNConv(*weight.shape, bias=False).double()
        layer.lin.weight = nn.Parameter(weight.detach().T.clone())
        fresh = nn.BatchNorm1d(norm.num_features, dtype=torch.float64).train()
        h = torch.relu(fresh(layer(h, left)))
    torch.testing.assert_close(z, h)


@pytest.mark.parametrize("name", ["gcn1_weight", "gcn1_bias", "gcn2_weight", "gcn2_bias"])
def test_gradients_pass_through_the_graph(name):
    edge_index = ring(6)
    neighborhood = Neighborhood(edge_index, 6)
    model = model_for(3).eval()
    x = DenseExpression(torch.rand(6, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(2)))
    kept = torch.ones(edge_index.shape[1], dtype=torch.float64)
    kept[:3] = 0
    propagation = neighborhood.propagation(kept)

    def through(weight):
        return torch.func.functional_call(
            _Encode(model, x, propagation),
            {f"model.{name}": weight},
            (torch.ones(3, dtype=torch.float64),),
        )

    assert torch.autograd.gradcheck(through, (getattr(model, name).detach().clone().requires_grad_(),))


class _Encode(nn.Module):
    def __init__(self, model, x, propagation):
        super().__init__()
        self.model, self.x, self.propagation = model, x, propagation

    def forward(self, kept_genes):
        return self.model.encode(self.x, self.propagation, kept_genes)


def test_order_of_spots_and_of_edges_does_not_matter():
    n, edge_index = 10, ring(10)
    generator = torch.Generator().manual_seed(3)
    x = torch.rand(n, 5, generator=generator, dtype=torch.float64)
    view = full_view(edge_index.shape[1], 5, dtype=torch.float64)
    model = model_for(5).eval()
    z = model.encode(DenseExpression(x), Neighborhood(edge_index, n).propagation(view.edges), view.genes)

    order = torch.randperm(n, generator=generator)
    place = torch.argsort(order)
    moved = place[edge_index][:, torch.randperm(edge_index.shape[1], generator=generator)]
    z_moved = model.encode(
        DenseExpression(x[order]), Neighborhood(moved, n).propagation(view.edges), view.genes
    )
    torch.testing.assert_close(z_moved, z[order])


def test_a_spot_without_neighbours_is_itself():
    forward, _ = Neighborhood(torch.tensor([[0, 1], [1, 0]]), 3).propagation(torch.ones(2))
    torch.testing.assert_close(forward.to_dense()[2], torch.tensor([0.0, 0.0, 1.0]))


def test_shapes():
    model = GraphAutoencoder(5, 7, 8, 4, batch_norm_momentum=0.99, generator=torch.Generator())
    assert model.gcn1_weight.shape == (5, 8)
    assert model.gcn2_weight.shape == (8, 4)
    assert model.norm2.num_features == model.decoder_hidden.in_features == 4
    assert model.decoder_output.out_features == 7
