"""SliceGraph: what the trainer needs to know of the tissue, as tensors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor

from spotscape._neighborhood import edges_of, neighborhood_mean
from spotscape.components.low_rank import truncated_svd
from spotscape.components.slice_means import slice_means
from spotscape.core.expression import (
    CenteredExpression,
    DenseExpression,
    ExpressionMatrix,
    LowRankExpression,
    SparseExpression,
)

_DENSE_FROM = 0.25
"""Share of non-zero values from which a dense product is quicker than a sparse one."""


@dataclass(frozen=True)
class SliceGraph:
    """Expression and neighbours of N spots.

    Parameters
    ----------
    expression
        X, N x G: normalised, log-transformed.
    edge_index
        2 x E int64 (source, target): every edge in both directions, no self-loops, none between slices.
    slices
        Number of each spot's slice, N int64 from 0; None for one slice.
    coordinates
        Place of each spot, N x 2 or N x 3 float64: what training in spatial tiles cuts the tissue by.
    """

    expression: ExpressionMatrix
    edge_index: Tensor
    slices: Tensor | None = None
    coordinates: NDArray[np.float64] | None = None

    @classmethod
    def from_scipy(
        cls,
        expression: sparse.csr_matrix,
        connectivities: sparse.csr_matrix,
        *,
        rank: int,
        seed: int,
        slices: np.ndarray | None = None,
        centering: float = 0.0,
        coordinates: np.ndarray | None = None,
    ) -> SliceGraph:
        """Make it from scipy's matrices.

        Parameters
        ----------
        expression
            N x G, float32.
        connectivities
            N x N; every stored non-zero off the diagonal is an edge, and is taken in both directions.
        rank
            Rank of the truncated SVD that stands for X; 0, or a rank not below half the number of spots or
            genes, keeps X itself.
        seed
            Of the randomised SVD.
        slices
            Number of each spot's slice, N integers from 0 without gaps; None for one slice.
        centering
            Share of its mean over a slice that is taken off each gene there, 0 to 1, if there are several.
        coordinates
            Place of each spot, N x 2 or N x 3; kept as float64.
        """
        edge_index = torch.from_numpy(edges_of(neighborhood_mean(connectivities)))
        operator = expression_operator(expression, rank=rank, seed=seed)
        numbers = None
        if slices is not None:
            numbers = torch.from_numpy(np.array(slices, dtype=np.int64))
            if centering:
                means = centering * slice_means(expression, np.asarray(slices))
                operator = CenteredExpression(operator, _float_tensor(means), numbers)
        places = None if coordinates is None else np.asarray(coordinates, dtype=np.float64)
        return cls(operator, edge_index, numbers, places)

    @property
    def n_spots(self) -> int:
        """N."""
        return self.expression.shape[0]

    @property
    def n_genes(self) -> int:
        """G."""
        return self.expression.shape[1]


def expression_operator(expression: sparse.csr_matrix, *, rank: int, seed: int) -> ExpressionMatrix:
    """Choose how X is held: a truncated SVD of the rank asked for, else sparse or dense by its density."""
    n, g = expression.shape
    if 0 < rank < min(n, g) / 2:
        left, right = truncated_svd(expression, rank, seed=seed)
        return LowRankExpression(torch.from_numpy(left), torch.from_numpy(right))
    if expression.nnz >= _DENSE_FROM * n * g:
        return DenseExpression(_float_tensor(expression.toarray()))
    return SparseExpression.from_csr(
        torch.from_numpy(expression.indptr.astype(np.int64)),
        torch.from_numpy(expression.indices.astype(np.int64)),
        _float_tensor(expression.data),
        (n, g),
    )


def _float_tensor(array: np.ndarray) -> Tensor:
    """Make a float32 tensor; a copy, so that nothing of the user's is shared."""
    return torch.from_numpy(np.array(array, dtype=np.float32))
