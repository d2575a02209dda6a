"""SliceGraph: what the trainer needs to know of the tissue, as tensors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor

from spotscape._validate import input_error
from spotscape.core.expression import (
    CenteredExpression,
    DenseExpression,
    ExpressionMatrix,
    LowRankExpression,
    SparseExpression,
)
from spotscape.core.spatial_components import centered_blocks, covariances, shrunk, spatial_components
from spotscape.engine.counterparts import AcrossSlices, components_across_slices, smoothed_sample
from spotscape.engine.low_rank import is_streamed, project, truncated_svd

_DENSE_FROM = 0.25
"""Share of non-zero values from which a dense product is quicker than a sparse one."""
_SPOTS_PER_DIRECTION = 8
"""Spots for each direction of expression that components are looked for in."""
_SPOTS_OF_NOISE = 100
"""Spots with which the noise covariance is half its own, half a sphere."""
_EMPHASIS = 0.25
"""Power of its signal-to-noise ratio that scales a component: 0 would make noise equal in all of them, which
lets many weak ones outvote few strong ones in a distance; 0.5 would let the first one rule."""

_LEAST_SIGNAL = 0.01
"""Signal-to-noise ratio that a component without any counts as, so that none is scaled to nothing."""
_BLOCK_OF_SPOTS = 2**16
"""Spots whose expression is held as float64 at once."""


@dataclass(frozen=True)
class Components:
    """Spatial components of a tissue, ordered and scaled by how much of them is signal.

    Parameters
    ----------
    scores
        F: what the encoder sees of each spot, N x q.
    loadings
        B, G x q, with ``F = (X - mean) B``.
    ratios
        Total variance of each component as a multiple of its noise, q, descending.
    slice_noise
        Weight in their noise of what slices differ by.
    signal
        Share of their signal that is left beside it.
    """

    scores: Tensor
    loadings: Tensor
    ratios: Tensor
    slice_noise: float = 0.0
    signal: float = 1.0


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
    components
        Spatial components of X, where they were asked for.
    coordinates
        Place of each spot, N x 2 or N x 3 float64: what training in spatial tiles cuts the tissue by.
    """

    expression: ExpressionMatrix
    edge_index: Tensor
    slices: Tensor | None = None
    components: Components | None = None
    coordinates: NDArray[np.float64] | None = None

    @classmethod
    def from_scipy(
        cls,
        expression: sparse.csr_matrix,
        connectivities: sparse.csr_matrix,
        *,
        rank: int,
        n_components: int = 0,
        seed: int,
        slices: np.ndarray | None = None,
        centering: float = 0.0,
        slice_noise: float = 0.0,
        correction: float = 1.0,
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
        n_components
            Number of spatial components; fewer where there are few genes or spots. 0 for none.
        seed
            Of the randomised SVD.
        slices
            Number of each spot's slice, N integers from 0 without gaps; None for one slice.
        centering
            Share of its mean over a slice that is taken off each gene there, 0 to 1, if there are several.
        slice_noise
            Weight of what slices differ by in the components' noise, if there are several and as far as they
            hold one tissue, 0 or more.
        correction
            What the weight that was found is multiplied by, 0 or more.
        coordinates
            Place of each spot, N x 2 or N x 3; kept as float64.
        """
        edge_index = torch.from_numpy(both_directions(connectivities))
        operator = expression_operator(expression, rank=rank, seed=seed)
        numbers = means = None
        if slices is not None:
            numbers = torch.from_numpy(np.array(slices, dtype=np.int64))
            if centering:
                means = centering * _means(expression, np.asarray(slices))
                operator = CenteredExpression(operator, _float_tensor(means), numbers)
        components = None
        if n_components:
            if means is None:
                means = _means(expression, np.zeros(expression.shape[0], dtype=np.int64))
            components = _components(
                expression,
                operator.base if isinstance(operator, CenteredExpression) else operator,
                edge_index,
                means,
                numbers,
                n_components=n_components,
                slice_noise=slice_noise,
                correction=correction,
                rank=rank,
                seed=seed,
            )
        places = None if coordinates is None else np.asarray(coordinates, dtype=np.float64)
        return cls(operator, edge_index, numbers, components, places)

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


def both_directions(connectivities: sparse.spmatrix) -> np.ndarray:
    """Return every edge in both directions, without self-loops: 2 x E int64, by source, then by target."""
    found = sparse.csr_matrix(connectivities)
    one_way = sparse.csr_matrix((found.data != 0, found.indices, found.indptr), shape=found.shape)
    both = sparse.csr_matrix(one_way + one_way.T)  # of truth values: an edge that was there twice is one
    both.sort_indices()
    sources = np.repeat(np.arange(both.shape[0]), np.diff(both.indptr))
    kept = both.data & (sources != both.indices)
    return np.stack([sources[kept], both.indices[kept]]).astype(np.int64, copy=False)


def _components(
    expression: sparse.csr_matrix,
    operator: ExpressionMatrix,
    edge_index: Tensor,
    means: np.ndarray,
    slices: Tensor | None,
    *,
    n_components: int,
    slice_noise: float,
    correction: float,
    rank: int,
    seed: int,
) -> Components:
    """Find the spatial components of X minus the means, in the span of its leading directions.

    The means are those of each slice, or of all spots: S x G or 1 x G.
    """
    n, g = expression.shape
    if not edge_index.shape[1]:
        raise input_error("adata", "a spatial graph without edges", "neighbours", "Use spotscape.gr.")
    r = max(1, min(rank or g, g, n // _SPOTS_PER_DIRECTION))
    if isinstance(operator, LowRankExpression) and len(operator.right) == r:
        left, right = operator.left.numpy(), operator.right.numpy()  # the same decomposition: not made twice
    else:
        left, right = truncated_svd(expression, r, seed=seed)
    groups = slices if len(means) > 1 else None
    scores = torch.from_numpy(left if is_streamed(expression) else project(expression, right))
    offsets = torch.from_numpy(means @ right.T.astype(np.float64))
    offsets += sum(block.sum(0) for block in centered_blocks(scores, offsets, groups)) / n
    found = covariances(scores, edge_index, offsets=offsets, groups=groups)
    found, q = shrunk(found, _SPOTS_OF_NOISE / (_SPOTS_OF_NOISE + n)), min(n_components, r)
    if slices is None or not slice_noise * correction:
        across = AcrossSlices(spatial_components(found, q), 0.0, 1.0)
    else:
        smoothed, numbers = smoothed_sample(scores, edge_index, offsets, groups, slices, seed)
        across = components_across_slices(found, smoothed, numbers, q, slice_noise, correction=correction)
    directions, ratios = across.components
    signal = (ratios - 1).clamp_min(_LEAST_SIGNAL)
    directions = directions * (signal / signal[0]) ** _EMPHASIS
    seen = [(block @ directions).float() for block in centered_blocks(scores, offsets, groups)]
    loadings = torch.from_numpy(right.T.astype(np.float64)) @ directions
    return Components(torch.cat(seen), loadings.float(), ratios.float(), across.weight, across.signal)


def _means(expression: sparse.csr_matrix, groups: np.ndarray) -> np.ndarray:
    """Return the mean expression of each group of spots: S x G, added up in float64 over blocks of rows."""
    n, g = expression.shape
    sums = np.zeros((int(groups.max()) + 1, g))
    for start in range(0, n, _BLOCK_OF_SPOTS):
        part = groups[start : start + _BLOCK_OF_SPOTS]
        ones = np.ones(len(part))
        indicator = sparse.csr_matrix((ones, (part, np.arange(len(part)))), shape=(len(sums), len(part)))
        sums += (indicator @ expression[start : start + len(part)]).toarray()
    return sums / np.bincount(groups)[:, None]


def _float_tensor(array: np.ndarray) -> Tensor:
    """Make a float32 tensor; a copy, so that nothing of the user's is shared."""
    return torch.from_numpy(np.array(array, dtype=np.float32))
