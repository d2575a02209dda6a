"""Spatial components: the directions of expression that vary over the tissue and not between neighbours.

Neighbouring spots mostly share a domain, so half the covariance of their differences is a picture of the
noise (molecule counting, the mix of cells in a spot), N, beside the covariance of all spots, T. The
components are the directions v of greatest ratio ``vᵀTv / vᵀNv``, from the generalised eigenproblem ``T v = λ
N v``: in them the noise has variance 1 and is uncorrelated, and λ - 1 is the signal-to-noise ratio, 0 for
what has no spatial structure. Principal components instead are ordered by variance, noise included.

Source: Switzer and Green 1984, Min/max autocorrelation factors for multivariate spatial imagery; Green et al.
1988, A transformation for ordering multispectral data in terms of image quality, IEEE Trans. Geosci. Remote
Sens. 26.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

_RIDGE = 1e-6
"""Added to the noise covariance, as a share of its mean variance: a direction without noise has no ratio."""
_BLOCK = 2**22
"""Values that are held as float64 at once."""


class Covariances(NamedTuple):
    """``noise`` N and ``total`` T, r x r float64 each."""

    noise: Tensor
    total: Tensor


class SpatialComponents(NamedTuple):
    """``directions`` (r x q), columns by descending ratio; ``ratios`` λ (q), of total to noise variance."""

    directions: Tensor
    ratios: Tensor


def covariances(
    scores: Tensor, edge_index: Tensor, *, offsets: Tensor | None = None, groups: Tensor | None = None
) -> Covariances:
    """Return half the covariance of neighbours' differences, and the covariance of all spots.

    Both are added up in float64 over blocks of edges and of spots, so nothing of the size of the scores is
    made.

    Parameters
    ----------
    scores
        F, N x r: expression in a basis of r directions.
    edge_index
        2 x E int64: neighbours, every edge in both directions, E >= 1; both ends are of one group.
    offsets
        What to take off the scores, for each group: S x r. None takes nothing off, for scores of mean 0.
    groups
        Which row of ``offsets`` each spot's is: N int64. None for the first row everywhere.

    Examples
    --------
    >>> import torch
    >>> from spotscape.components.spatial_components import covariances
    >>> flicker = torch.tensor([[1.0], [-1.0], [1.0], [-1.0]])
    >>> path = torch.tensor([[0, 1, 2, 1, 2, 3], [1, 2, 3, 0, 1, 2]])
    >>> [one.item() for one in covariances(flicker, path)]
    [2.0, 1.0]
    """
    one_way = edge_index[:, edge_index[0] < edge_index[1]]  # the two directions of an edge have one product
    return Covariances(difference_covariance(scores, one_way), _total_covariance(scores, offsets, groups))


def difference_covariance(scores: Tensor, pairs: Tensor) -> Tensor:
    """Return half the covariance of the differences of pairs, r x r float64; zeros where there are none.

    Parameters
    ----------
    scores
        N x r.
    pairs
        2 x m int64: rows of ``scores``; a pair may come twice.

    Examples
    --------
    >>> import torch
    >>> from spotscape.components.spatial_components import difference_covariance
    >>> difference_covariance(torch.tensor([[2.0, 1.0], [0.0, 1.0]]), torch.tensor([[0], [1]])).tolist()
    [[2.0, 0.0], [0.0, 0.0]]
    """
    r = scores.shape[1]
    total = scores.new_zeros(r, r, dtype=torch.float64)
    for first, second in pairs.split(max(1, _BLOCK // r), dim=1):
        differences = scores[first].double() - scores[second].double()
        total += differences.T @ differences
    return total / (2 * max(1, pairs.shape[1]))


def shrunk(found: Covariances, share: float) -> Covariances:
    """Return the covariances with the noise drawn towards equal variance in all directions.

    N becomes ``(1 - s) N + s (tr N / r) I``. At s = 1 the components are the principal ones; few spots, which
    do not say which directions are noise, ask for more of it.

    Parameters
    ----------
    found
        N and T, r x r.
    share
        s, 0 to 1.

    Examples
    --------
    >>> import torch
    >>> from spotscape.components.spatial_components import Covariances, shrunk
    >>> shrunk(Covariances(torch.diag(torch.tensor([1.0, 3.0])), torch.eye(2)), 0.5).noise.tolist()
    [[1.5, 0.0], [0.0, 2.5]]
    """
    noise = (1 - share) * found.noise
    noise.diagonal().add_(share * found.noise.diagonal().mean())
    return found._replace(noise=noise)


def spatial_components(found: Covariances, n_components: int) -> SpatialComponents:
    """Return the directions of greatest ratio of total variance to noise.

    Parameters
    ----------
    found
        N and T, r x r.
    n_components
        q, at most r.

    Returns
    -------
    SpatialComponents
        Float64; ``centered @ directions`` has noise of unit variance. The sign of a direction is that which
        makes its largest entry positive.

    Examples
    --------
    >>> import torch
    >>> from spotscape.components.spatial_components import covariances, spatial_components
    >>> place = torch.arange(8, dtype=torch.float64)
    >>> scores = torch.stack([place - 3.5, (-1.0) ** place], dim=1)  # a gradient, and a flicker
    >>> path = torch.stack([torch.arange(7), torch.arange(1, 8)])
    >>> found = spatial_components(covariances(scores, torch.cat([path, path.flip(0)], dim=1)), 1)
    >>> (found.directions.abs()[0] > found.directions.abs()[1]).item()
    True
    """
    noise, total = found.noise.clone(), found.total
    ridge = _RIDGE * noise.diagonal().mean().clamp_min(torch.finfo(noise.dtype).tiny)
    noise.diagonal().add_(ridge)
    # With N = LLᵀ the problem is the ordinary one of L⁻¹ T L⁻ᵀ.
    factor = torch.linalg.cholesky(noise)
    whitened = torch.linalg.solve_triangular(factor, total, upper=False)
    whitened = torch.linalg.solve_triangular(factor, whitened.T, upper=False)
    ratios, vectors = torch.linalg.eigh((whitened + whitened.T) / 2)
    directions = torch.linalg.solve_triangular(factor.T, vectors.flip(1)[:, :n_components], upper=True)
    largest = directions.gather(0, directions.abs().argmax(0, keepdim=True))
    return SpatialComponents(directions * largest.sign(), ratios.flip(0)[:n_components])


def centered_blocks(
    scores: Tensor, offsets: Tensor | None = None, groups: Tensor | None = None
) -> Iterator[Tensor]:
    """Yield ``scores - offsets[groups]`` in float64, in blocks of rows.

    Parameters
    ----------
    scores, offsets, groups
        As in `covariances`.

    Examples
    --------
    >>> import torch
    >>> from spotscape.components.spatial_components import centered_blocks
    >>> next(centered_blocks(torch.ones(2, 1), torch.tensor([[1.0], [3.0]]), torch.tensor([0, 1]))).tolist()
    [[0.0], [-2.0]]
    """
    length = max(1, _BLOCK // scores.shape[1])
    for start in range(0, len(scores), length):
        part = slice(start, start + length)
        block = scores[part].double()
        if offsets is not None:
            block = block - (offsets[:1] if groups is None else offsets[groups[part]])
        yield block


def _total_covariance(scores: Tensor, offsets: Tensor | None, groups: Tensor | None) -> Tensor:
    """Covariance of all spots, r x r float64."""
    total = scores.new_zeros(scores.shape[1], scores.shape[1], dtype=torch.float64)
    for block in centered_blocks(scores, offsets, groups):
        total += block.T @ block
    return total / len(scores)
