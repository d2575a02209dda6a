"""The graph autoencoder: two GCN layers up, a small MLP down.

GCN layer (Kipf and Welling 2017)::

    H' = Â H W + b,    Â = D^-1/2 (A + I) D^-1/2,    D_ii = Σ_j (A + I)_ij

With edges dropped from a view, A holds 0 in their place and D follows, exactly as if they were not there.

========  ===========================================  ====================================
part      layers                                      shapes
========  ===========================================  ====================================
encoder   GCN, batch norm, ReLU; GCN, batch norm,     X (N x G) -> N x hidden -> N x latent
          ReLU
decoder   linear, batch norm, ReLU; linear            N x latent -> N x hidden -> N x G
========  ===========================================  ====================================

The last linear layer is not applied here: `spotscape.core.reconstruction` needs its weights, not X̂.

Everything works on a part of the tissue too: its own spots first, then a halo of all that are up to two
steps away, as many as the two layers see. What an own spot gets is then what it gets in the whole tissue.

Source: arXiv 2506.15698, section 4.1.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from spotscape.core.batch_norm import BatchNorm, Reduce
from spotscape.core.expression import ExpressionMatrix
from spotscape.core.sparse import SparseMatrix, csr_tensor, sparse_product


class Propagation(NamedTuple):
    """How a view spreads values over the graph, N x N CSR each: Â and its transpose."""

    forward: SparseMatrix
    transposed: SparseMatrix


class Neighborhood(nn.Module):
    """The graph with self-loops, as the index arrays of one CSR matrix that serves every view.

    Only values change from view to view. The structure is symmetric, so the transpose that the gradient
    needs has the same index arrays and permuted values.

    Parameters
    ----------
    edge_index
        2 x E int64: every edge in both directions, no self-loops, no duplicates, in any order.
    n_spots
        N.
    outside
        Where the N spots are a part of the tissue: the spot that each edge leads to whose other end is not
        among them, M int64. These edges carry nothing, but count in the degrees of Â.
    """

    edge_index: Tensor
    outside: Tensor
    indptr: Tensor
    indices: Tensor
    to_csr: Tensor
    to_transposed: Tensor

    def __init__(self, edge_index: Tensor, n_spots: int, outside: Tensor | None = None) -> None:
        super().__init__()
        self.n_spots = n_spots
        outside = edge_index.new_empty(0) if outside is None else outside
        loops = torch.arange(n_spots)
        source = torch.cat([edge_index[0].cpu(), loops])
        target = torch.cat([edge_index[1].cpu(), loops])
        to_csr = torch.argsort(target * n_spots + source)
        to_transposed = torch.argsort(source * n_spots + target)
        if not torch.equal(source[to_csr], target[to_transposed]):
            raise ValueError("edge_index must hold every edge in both directions")
        indptr = torch.cat([loops.new_zeros(1), torch.bincount(target, minlength=n_spots).cumsum(0)])
        for name, value in {
            "edge_index": edge_index,
            "outside": outside,
            "indptr": indptr,
            "indices": source[to_csr],
            "to_csr": to_csr,
            "to_transposed": to_transposed,
        }.items():
            self.register_buffer(name, value, persistent=False)

    def propagation(self, kept_edges: Tensor) -> Propagation:
        """Return Â and its transpose (about 7 N values each) for a view's edge mask (E + M,)."""
        values = self._normalized(kept_edges)
        shape = (self.n_spots, self.n_spots)
        return Propagation(
            csr_tensor(self.indptr, self.indices, values[self.to_csr], shape),
            csr_tensor(self.indptr, self.indices, values[self.to_transposed], shape),
        )

    def _normalized(self, kept_edges: Tensor) -> Tensor:
        """Return the entries of Â: of the edges, then of the self-loops."""
        from torch_geometric.nn.conv.gcn_conv import gcn_norm  # takes seconds; a run may train nothing

        n, n_edges, n_outside = self.n_spots, self.edge_index.shape[1], len(self.outside)
        edges = self.edge_index
        if n_outside:  # they come from one more spot, which nothing is taken from
            edges = torch.cat([edges, torch.stack([torch.full_like(self.outside, n), self.outside])], dim=1)
        _, values = gcn_norm(edges, kept_edges, n + bool(n_outside), dtype=kept_edges.dtype)
        if not n_outside:
            return torch.as_tensor(values)
        loops = values[n_edges + n_outside :]
        return torch.cat([values[:n_edges], loops[:n]])


class GraphAutoencoder(nn.Module):
    """Encoder and decoder.

    Parameters
    ----------
    n_inputs
        What the encoder sees of a spot.
    n_genes, hidden_dim, latent_dim
        G, and the widths of the two GCN layers.
    batch_norm_momentum
        Weight of the newest step in the running statistics.
    generator
        Source of the initial weights, on the CPU.
    dtype
        Of all weights.
    """

    def __init__(
        self,
        n_inputs: int,
        n_genes: int,
        hidden_dim: int,
        latent_dim: int,
        *,
        batch_norm_momentum: float,
        generator: torch.Generator,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()

        def norm(width: int) -> BatchNorm:
            return BatchNorm(width, momentum=batch_norm_momentum, dtype=dtype)

        def glorot(rows: int, columns: int) -> nn.Parameter:
            weight = torch.empty(rows, columns, dtype=dtype)
            return nn.Parameter(nn.init.xavier_uniform_(weight, generator=generator))

        def linear(inputs: int, outputs: int) -> nn.Linear:
            # nn.Linear's own start, drawn from our generator instead of the global one.
            layer: nn.Linear = nn.utils.skip_init(nn.Linear, inputs, outputs, dtype=dtype)
            bound = 1 / math.sqrt(inputs)
            nn.init.uniform_(layer.weight, -bound, bound, generator=generator)
            nn.init.uniform_(layer.bias, -bound, bound, generator=generator)
            return layer

        self.gcn1_weight = glorot(n_inputs, hidden_dim)
        self.gcn1_bias = nn.Parameter(torch.zeros(hidden_dim, dtype=dtype))
        self.norm1 = norm(hidden_dim)
        self.gcn2_weight = glorot(hidden_dim, latent_dim)
        self.gcn2_bias = nn.Parameter(torch.zeros(latent_dim, dtype=dtype))
        self.norm2 = norm(latent_dim)
        self.decoder_hidden = linear(latent_dim, hidden_dim)
        self.decoder_norm = norm(hidden_dim)
        self.decoder_output = linear(hidden_dim, n_genes)

    def encode(
        self,
        features: ExpressionMatrix,
        propagation: Propagation,
        kept: Tensor,
        *,
        n_own: int | None = None,
        reduce: Reduce | None = None,
    ) -> Tensor:
        """Return Z (N x latent), or of a part of the tissue the rows of its own spots.

        Parameters
        ----------
        features
            What the encoder sees, N x n_inputs.
        propagation
            Of the view's edges.
        kept
            Which of the n_inputs features the view keeps, 0 or 1. Masking columns of the features is masking
            rows of what they are multiplied by.
        n_own
            How many of the N spots, the first ones, are the part's own; None for all.
        reduce
            Differentiable sum over processes, where each holds a part.
        """
        forward, transposed = propagation
        n_own = features.shape[0] if n_own is None else n_own
        h = features.matmul(kept[:, None] * self.gcn1_weight)
        h = sparse_product(forward, transposed, h) + self.gcn1_bias
        h = torch.relu(self.norm1(h, n_own=n_own, reduce=reduce))
        z = (sparse_product(forward, transposed, h @ self.gcn2_weight) + self.gcn2_bias)[:n_own]
        return torch.relu(self.norm2(z, reduce=reduce))

    def decode_hidden(self, z: Tensor, *, reduce: Reduce | None = None) -> Tensor:
        """Return the decoder's last hidden layer (N x hidden)."""
        h: Tensor = torch.relu(self.decoder_norm(self.decoder_hidden(z), reduce=reduce))
        return h
