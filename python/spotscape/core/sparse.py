"""A fixed sparse matrix times a dense one, with the gradient for the dense one.

``Y = S @ A``, ``dA = Sᵀ @ dY``; S is CSR and its transpose is kept beside it, also as CSR, so that both
directions read rows. On two cores this is about ten times faster than gather and scatter over edges, which is
left to devices for which PyTorch has no products with CSR.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

_WITHOUT_CSR = ("mps",)
"""Kinds of devices."""


@dataclass(frozen=True)
class ScatteredMatrix:
    """What a CSR tensor is to this package, on devices that have none: products by gather and scatter."""

    indptr: Tensor
    indices: Tensor
    entries: Tensor
    shape: tuple[int, int]

    @property
    def dtype(self) -> torch.dtype:
        """Of the entries."""
        return self.entries.dtype

    @property
    def device(self) -> torch.device:
        """Where the entries are."""
        return self.entries.device

    def crow_indices(self) -> Tensor:
        """Where each row begins among the entries, and their number: m + 1."""
        return self.indptr

    def col_indices(self) -> Tensor:
        """Column of each entry."""
        return self.indices

    def values(self) -> Tensor:
        """Return the entries."""
        return self.entries

    def __matmul__(self, dense: Tensor) -> Tensor:
        """Return the product with n x k: m x k."""
        numbers = torch.arange(self.shape[0], device=dense.device)
        rows = torch.repeat_interleave(numbers, self.indptr.diff())
        product = dense.new_zeros(self.shape[0], dense.shape[1])
        return product.index_add_(0, rows, self.entries[:, None] * dense[self.indices])


SparseMatrix = Tensor | ScatteredMatrix


def csr_tensor(indptr: Tensor, indices: Tensor, values: Tensor, shape: tuple[int, int]) -> SparseMatrix:
    """Make a CSR tensor, or what stands for it, from its three arrays; nothing is copied or checked."""
    if values.device.type in _WITHOUT_CSR:
        return ScatteredMatrix(indptr, indices, values, shape)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse", category=UserWarning)  # "... is in beta state"
        return torch.sparse_csr_tensor(indptr, indices, values, shape, check_invariants=False)


def to_device(matrix: SparseMatrix, device: torch.device | str) -> SparseMatrix:
    """Return the same matrix on another device, in the form that suits it."""
    return csr_tensor(
        matrix.crow_indices().to(device),
        matrix.col_indices().to(device),
        matrix.values().to(device),
        (matrix.shape[0], matrix.shape[1]),
    )


class _SparseProduct(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, matrix: SparseMatrix, transposed: SparseMatrix, dense: Tensor) -> Tensor:
        ctx.transposed = transposed
        return matrix @ dense

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[None, None, Tensor]:
        return None, None, ctx.transposed @ grads[0].contiguous()


def sparse_product(matrix: SparseMatrix, transposed: SparseMatrix, dense: Tensor) -> Tensor:
    """Return ``matrix @ dense``, differentiable in ``dense`` only, and in the matrix's precision.

    Parameters
    ----------
    matrix, transposed
        As `csr_tensor` makes them, m x n, and the same matrix transposed, n x m.
    dense
        n x k.

    Returns
    -------
    Tensor
        m x k.

    Examples
    --------
    >>> import torch
    >>> from spotscape.core.sparse import csr_tensor, sparse_product
    >>> eye = csr_tensor(torch.arange(3), torch.arange(2), torch.ones(2), (2, 2))
    >>> sparse_product(eye, eye, torch.tensor([[1.0], [2.0]])).tolist()
    [[1.0], [2.0]]
    """
    with torch.autocast(dense.device.type, enabled=False):
        product: Tensor = _SparseProduct.apply(matrix, transposed, dense.to(matrix.dtype))
    return product
