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

from typing import NamedTuple

import torch
from torch import Tensor

_RIDGE = 1e-6
"""Added to the noise covariance, as a share of its mean variance: a direction without noise has no ratio."""


class SpatialComponents(NamedTuple):
    """``directions`` (r x q), columns by descending ratio; ``ratios`` λ (q), of total to noise variance."""

    directions: Tensor
    ratios: Tensor


def spatial_components(scores: Tensor, edge_index: Tensor, n_components: int) -> SpatialComponents:
    """Return the directions of greatest ratio of total variance to variance between neighbours.

    Parameters
    ----------
    scores
        N x r float64: expression in a basis of r directions, its mean taken off.
    edge_index
        2 x E int64: neighbours, every edge in both directions, E >= 1.
    n_components
        q, at most r.

    Returns
    -------
    SpatialComponents
        ``scores @ directions`` has noise of unit variance. The sign of a direction is that which makes its
        largest entry positive.

    Examples
    --------
    >>> import torch
    >>> from spotscape.core.spatial_components import spatial_components
    >>> place = torch.arange(8, dtype=torch.float64)
    >>> scores = torch.stack([place - 3.5, (-1.0) ** place], dim=1)  # a gradient, and a flicker
    >>> path = torch.stack([torch.arange(7), torch.arange(1, 8)])
    >>> found = spatial_components(scores, torch.cat([path, path.flip(0)], dim=1), 1)
    >>> (found.directions.abs()[0] > found.directions.abs()[1]).item()
    True
    """
    differences = scores[edge_index[0]] - scores[edge_index[1]]
    noise = differences.T @ differences / (2 * len(differences))
    total = scores.T @ scores / len(scores)
    ridge = _RIDGE * noise.diagonal().mean().clamp_min(torch.finfo(scores.dtype).tiny)
    noise.diagonal().add_(ridge)
    # With N = LLᵀ the problem is the ordinary one of L⁻¹ T L⁻ᵀ.
    factor = torch.linalg.cholesky(noise)
    whitened = torch.linalg.solve_triangular(factor, total, upper=False)
    whitened = torch.linalg.solve_triangular(factor, whitened.T, upper=False)
    ratios, vectors = torch.linalg.eigh((whitened + whitened.T) / 2)
    directions = torch.linalg.solve_triangular(factor.T, vectors.flip(1)[:, :n_components], upper=True)
    largest = directions.gather(0, directions.abs().argmax(0, keepdim=True))
    return SpatialComponents(directions * largest.sign(), ratios.flip(0)[:n_components])
