"""The expression matrix X (N spots x G genes) as a linear operator.

The model touches X through four things only: ``X @ A`` (first layer of the encoder), ``Xᵀ @ B``, ``|X|²``
and ``Xᵀ 1`` (reconstruction loss), of all spots or of the rows of some. So X may be dense, sparse, or a
truncated SVD, and neither a dense X nor a reconstruction X̂ is ever formed.

=============  =====================  =========================================
class          holds                  cost of ``X @ A``, A of G x h
=============  =====================  =========================================
`Dense`        N x G                  N G h
`Sparse`       CSR of X and of Xᵀ     nnz h
`LowRank`      N x r and r x G        (N + G) r h
`Centered`     one of these, a mean   that of the one, and N h + S G h
               per slice (S x G)
=============  =====================  =========================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from spotscape.core.sparse import SparseMatrix, csr_tensor, sparse_product, to_device


class ExpressionMatrix(Protocol):
    """What the model asks of X; every method is differentiable in its argument and never in X."""

    @property
    def shape(self) -> tuple[int, int]:
        """N, G."""

    def matmul(self, a: Tensor) -> Tensor:
        """X @ a: (G, h) -> (N, h)."""

    def t_matmul(self, b: Tensor) -> Tensor:
        """Xᵀ @ b: (N, h) -> (G, h)."""

    def squared_norm(self) -> Tensor:
        """|X|², the sum of squares: scalar."""

    def column_sums(self) -> Tensor:
        """Xᵀ 1: (G,)."""

    def rows(self, index: Tensor) -> ExpressionMatrix:
        """Return the matrix of some spots: (n,) int64, without repeats."""

    def to(self, device: torch.device | str) -> ExpressionMatrix:
        """Return the same matrix on another device."""


@dataclass(frozen=True)
class DenseExpression:
    """X as it is: ``x`` is N x G."""

    x: Tensor

    @property
    def shape(self) -> tuple[int, int]:
        """N, G."""
        return self.x.shape[0], self.x.shape[1]

    def matmul(self, a: Tensor) -> Tensor:
        """X @ a."""
        return self.x @ a

    def t_matmul(self, b: Tensor) -> Tensor:
        """Xᵀ @ b."""
        return self.x.T @ b

    def squared_norm(self) -> Tensor:
        """|X|²."""
        return self.x.square().sum()

    def column_sums(self) -> Tensor:
        """Xᵀ 1."""
        return self.x.sum(0)

    def rows(self, index: Tensor) -> DenseExpression:
        """X[index]."""
        return DenseExpression(self.x[index])

    def to(self, device: torch.device | str) -> DenseExpression:
        """Return the same matrix on another device."""
        return DenseExpression(self.x.to(device))


@dataclass(frozen=True)
class SparseExpression:
    """X as CSR tensors of itself (N x G) and of its transpose (G x N)."""

    x: SparseMatrix
    xt: SparseMatrix

    @classmethod
    def from_csr(
        cls, indptr: Tensor, indices: Tensor, values: Tensor, shape: tuple[int, int]
    ) -> SparseExpression:
        """Make it from X's CSR arrays: ``indptr`` (N + 1), ``indices`` and ``values`` (nnz)."""
        n, g = shape
        rows = torch.repeat_interleave(torch.arange(n, device=indptr.device), indptr.diff())
        order = torch.argsort(indices, stable=True)  # by gene, spots in order: the CSR of Xᵀ
        genes = torch.bincount(indices, minlength=g)
        t_indptr = torch.cat([genes.new_zeros(1), genes.cumsum(0)]).to(indptr.dtype)
        transposed = csr_tensor(t_indptr, rows[order].to(indices.dtype), values[order], (g, n))
        return cls(csr_tensor(indptr, indices, values, (n, g)), transposed)

    @property
    def shape(self) -> tuple[int, int]:
        """N, G."""
        return self.x.shape[0], self.x.shape[1]

    def matmul(self, a: Tensor) -> Tensor:
        """X @ a."""
        return sparse_product(self.x, self.xt, a)

    def t_matmul(self, b: Tensor) -> Tensor:
        """Xᵀ @ b."""
        return sparse_product(self.xt, self.x, b)

    def squared_norm(self) -> Tensor:
        """|X|²."""
        return self.x.values().square().sum()

    def column_sums(self) -> Tensor:
        """Xᵀ 1."""
        return (self.xt @ torch.ones(self.shape[0], 1, dtype=self.x.dtype, device=self.x.device))[:, 0]

    def rows(self, index: Tensor) -> SparseExpression:
        """X[index]."""
        indptr = self.x.crow_indices()
        lengths = (indptr[1:] - indptr[:-1])[index]
        ends = lengths.cumsum(0)
        # the stored values of row i are those from indptr[i] on
        places = torch.arange(int(lengths.sum()), device=index.device)
        places += torch.repeat_interleave(indptr[index] - (ends - lengths), lengths)
        starts = torch.cat([ends.new_zeros(1), ends])
        shape = (len(index), self.shape[1])
        return self.from_csr(starts, self.x.col_indices()[places], self.x.values()[places], shape)

    def to(self, device: torch.device | str) -> SparseExpression:
        """Return the same matrix on another device."""
        return SparseExpression(to_device(self.x, device), to_device(self.xt, device))


@dataclass(frozen=True)
class LowRankExpression:
    """X ≈ ``left`` @ ``right``: N x r and r x G, the scores and loadings of a truncated SVD."""

    left: Tensor
    right: Tensor

    @property
    def shape(self) -> tuple[int, int]:
        """N, G."""
        return self.left.shape[0], self.right.shape[1]

    def matmul(self, a: Tensor) -> Tensor:
        """X @ a."""
        return self.left @ (self.right @ a)

    def t_matmul(self, b: Tensor) -> Tensor:
        """Xᵀ @ b."""
        return self.right.T @ (self.left.T @ b)

    def squared_norm(self) -> Tensor:
        """|X|² = <LᵀL, RRᵀ>."""
        return ((self.left.T @ self.left) * (self.right @ self.right.T)).sum()

    def column_sums(self) -> Tensor:
        """Xᵀ 1."""
        return self.right.T @ self.left.sum(0)

    def rows(self, index: Tensor) -> LowRankExpression:
        """X[index]."""
        return LowRankExpression(self.left[index], self.right)

    def to(self, device: torch.device | str) -> LowRankExpression:
        """Return the same matrix on another device."""
        return LowRankExpression(self.left.to(device), self.right.to(device))


@dataclass(frozen=True)
class CenteredExpression:
    """X minus one row per slice: ``base - means[slices]``, never formed.

    Parameters
    ----------
    base
        X, N x G.
    means
        What to take off the spots of each slice, S x G; the slice's mean expression centres its genes.
    slices
        Number of each spot's slice, N, int64 from 0 to S - 1.
    """

    base: ExpressionMatrix
    means: Tensor
    slices: Tensor

    @property
    def shape(self) -> tuple[int, int]:
        """N, G."""
        return self.base.shape

    def matmul(self, a: Tensor) -> Tensor:
        """(X - EM) @ a, with E the N x S indicator of slices and M the means."""
        return self.base.matmul(a) - self._indicator() @ (self.means @ a)

    def t_matmul(self, b: Tensor) -> Tensor:
        """(X - EM)ᵀ @ b."""
        return self.base.t_matmul(b) - self.means.T @ (self._indicator().T @ b)

    def squared_norm(self) -> Tensor:
        """|X|² - 2 <XᵀE, Mᵀ> + Σ_s n_s |m_s|²."""
        sizes = torch.bincount(self.slices, minlength=len(self.means)).to(self.means.dtype)
        crossed = (self.base.t_matmul(self._indicator()) * self.means.T).sum()
        return self.base.squared_norm() - 2 * crossed + sizes @ self.means.square().sum(1)

    def column_sums(self) -> Tensor:
        """(X - EM)ᵀ 1."""
        sizes = torch.bincount(self.slices, minlength=len(self.means)).to(self.means.dtype)
        return self.base.column_sums() - sizes @ self.means

    def rows(self, index: Tensor) -> CenteredExpression:
        """(X - EM)[index]."""
        return CenteredExpression(self.base.rows(index), self.means, self.slices[index])

    def to(self, device: torch.device | str) -> CenteredExpression:
        """Return the same matrix on another device."""
        return CenteredExpression(self.base.to(device), self.means.to(device), self.slices.to(device))

    def _indicator(self) -> Tensor:
        """E: N x S. Products with it, as sums by index depend on which thread is first."""
        return torch.nn.functional.one_hot(self.slices, len(self.means)).to(self.means.dtype)
