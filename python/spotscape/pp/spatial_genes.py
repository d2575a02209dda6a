"""Spatial autocorrelation of genes: how alike a gene's expression is in a spot and around it.

    r_g = cov(L_g, M L_g) / var(L_g)

L is expression after the logarithm, M the mean over a spot and its direct neighbours. The more of a gene's
variance lies in patterns that are wider than a spot, the larger r is; pure noise has that of the spot's own
share in the mean. With several slices it is taken within each, and the mean of these counts, so that a
difference between slices makes no gene spatial.

Source: Moran 1950, Notes on continuous stochastic phenomena, Biometrika 37.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse

from spotscape.pp.log_rows import LogRows

_MOST_SPOTS = 20_000
"""Spots of a slice that are looked at: more would not change the order of genes."""
_SEEN_SHARE, _SEEN_SPOTS = 0.01, 3
"""Of spots, in which a gene has to be seen to be ranked by its pattern."""
_BLOCK = 2**22
"""Values of a product held at once, about."""
UNSEEN = -1.0
"""What a gene that is hardly seen counts as: after all others."""


class Moments(NamedTuple):
    """Sums over spots, G each: of L, L², M L, and L times M L; and in how many spots a gene is seen."""

    own: np.ndarray
    square: np.ndarray
    around: np.ndarray
    product: np.ndarray
    seen: np.ndarray


def spatial_autocorrelation(
    expression: sparse.csr_matrix | LogRows, mean: sparse.csr_matrix, spots: np.ndarray
) -> np.ndarray:
    """Return r of each gene, G float64; `UNSEEN` where it is seen in too few spots or constant.

    Parameters
    ----------
    expression
        L, N x G.
    mean
        M, N x N: rows sum to 1.
    spots
        Numbers of the spots of one slice.
    """
    if len(spots) > _MOST_SPOTS:
        drawn = np.random.default_rng(0).choice(len(spots), _MOST_SPOTS, replace=False)
        spots = spots[np.sort(drawn)]
    n = len(spots)
    around, own = mean[spots], spots
    if isinstance(expression, LogRows):
        near = np.unique(around.indices)  # each spot is in its own mean
        expression, around, own = expression[near], around[:, near], np.searchsorted(near, spots)
    found = _moments(expression, around, own)
    variance = found.square / n - np.square(found.own / n)
    covariance = found.product / n - found.own * found.around / n**2
    usable = (found.seen >= max(_SEEN_SPOTS, _SEEN_SHARE * n)) & (variance > 1e-12)
    return np.where(usable, covariance / np.where(usable, variance, 1.0), UNSEEN)


def rank_by_pattern(
    expression: sparse.csr_matrix | LogRows, mean: sparse.csr_matrix, slices: np.ndarray | None
) -> np.ndarray:
    """Return the numbers of the genes, from the most spatial to the least; ties by column.

    Parameters
    ----------
    expression
        N x G: normalised, after the logarithm.
    mean
        M, N x N, of `neighborhood_mean`.
    slices
        Number of each spot's slice, N from 0; None for one slice.
    """
    numbers = np.zeros(expression.shape[0], dtype=int) if slices is None else slices
    parts = [np.flatnonzero(numbers == number) for number in range(int(numbers.max()) + 1)]
    score = np.mean([spatial_autocorrelation(expression, mean, part) for part in parts], axis=0)
    return np.argsort(-score, kind="stable")


def _moments(expression: sparse.csr_matrix, mean: sparse.csr_matrix, spots: np.ndarray) -> Moments:
    """Add up what r is made of, over blocks of spots; ``mean`` has a row for each of them."""
    g = expression.shape[1]
    found = Moments(*(np.zeros(g) for _ in range(5)))
    per_spot = max(1.0, 7 * expression.nnz / max(1, expression.shape[0]))
    height = max(1, int(_BLOCK / per_spot))
    for start in range(0, len(spots), height):
        block = spots[start : start + height]
        own = expression[block].astype(np.float64)
        around = sparse.csr_matrix(mean[start : start + height] @ expression)
        found.own[:] += np.asarray(own.sum(axis=0)).ravel()
        found.square[:] += np.asarray(own.multiply(own).sum(axis=0)).ravel()
        found.around[:] += np.asarray(around.sum(axis=0)).ravel()
        found.product[:] += np.asarray(own.multiply(around).sum(axis=0)).ravel()
        found.seen[:] += np.bincount(own.indices, minlength=g)
    return found
