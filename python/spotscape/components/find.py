"""``find_components``: from expression and neighbours to components, for one slice and for several.

    1. X, centred as a whole or within slices, is looked at in its leading directions: min(rank, N / 8). Of
       more than 100,000 spots these are of a sample, as the covariances are.
    2. The components are the directions of greatest total variance over noise, noise being what neighbours
       differ by, drawn towards a sphere by 100 / (100 + N).
    3. Of several slices, what they differ by is noise as well (`spotscape.components.counterparts`).
    4. A component is scaled by (signal / largest signal) ^ 1/4.

Source: Switzer and Green 1984, Min/max autocorrelation factors for multivariate spatial imagery; the rest is
this project's.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse

from spotscape._row_blocks import Rows
from spotscape._validate import input_error
from spotscape.components.counterparts import AcrossSlices, components_across_slices, smoothed_sample
from spotscape.components.scores import find_scores, sample_spots
from spotscape.components.slice_means import slice_means
from spotscape.components.spatial_components import (
    centered_blocks,
    covariances,
    shrunk,
    spatial_components,
)

_SPOTS_PER_DIRECTION = 8
"""Spots for each direction of expression that components are looked for in."""
_SPOTS_OF_NOISE = 100
"""Spots with which the noise covariance is half its own, half a sphere."""
_EMPHASIS = 0.25
"""Power of its signal-to-noise ratio that scales a component: 0 would make noise equal in all of them, which
lets many weak ones outvote few strong ones in a distance; 0.5 would let the first one rule."""
_LEAST_SIGNAL = 0.01
"""Signal-to-noise ratio that a component without any counts as, so that none is scaled to nothing."""


class Components(NamedTuple):
    """Spatial components of a tissue, ordered and scaled by how much of them is signal.

    Attributes
    ----------
    scores
        F, N x q float32.
    loadings
        B, G x q float32, with ``F = (X - means) B``.
    ratios
        Total variance of each component as a multiple of its noise, q, descending.
    means
        What was taken off the genes of each slice, S x G; None where nothing was taken off by slice.
    slice_noise
        Weight in their noise of what slices differ by.
    signal
        Share of their signal that is left beside it.
    """

    scores: NDArray[np.float32]
    loadings: NDArray[np.float32]
    ratios: NDArray[np.float32]
    means: NDArray[np.float64] | None = None
    slice_noise: float = 0.0
    signal: float = 1.0


def find_components(
    expression: Rows,
    mean: sparse.csr_matrix,
    *,
    n_components: int,
    rank: int,
    seed: int,
    slices: NDArray[np.integer] | None = None,
    centering: float = 0.0,
    slice_noise: float = 0.0,
    correction: float = 1.0,
    device: torch.device | str = "cpu",
) -> Components:
    """Find the spatial components of one slice, or of several together.

    Parameters
    ----------
    expression
        X, N x G float32: normalised, log-transformed; of many spots it may be made as its rows are read.
    mean
        M, N x N: the mean over a spot and its neighbours (`spotscape._neighborhood.neighborhood_mean`).
    n_components
        q; fewer where there are few genes or spots.
    rank
        Most leading directions of X that are looked at; 0 for as many as there are genes.
    seed
        Of the randomised SVD, and of the sample of spots that slices are compared by.
    slices
        Number of each spot's slice, N from 0 without gaps; None for one slice.
    centering
        Share of its mean over a slice that is taken off each gene there, 0 to 1, if there are several.
    slice_noise
        Largest weight of what slices differ by in the components' noise, if there are several, 0 or more.
    correction
        What the weight that was found is multiplied by, 0 or more.
    device
        Where products with expression of many spots are made, covariances taken, and counterparts looked for.

    Raises
    ------
    InputError
        If no two spots are neighbours.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy import sparse
    >>> from spotscape._neighborhood import neighborhood_mean
    >>> from spotscape.components import find_components
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(80, 12)) + np.outer(np.sin(np.arange(80) / 9), np.arange(12))
    >>> path = sparse.diags([np.ones(79)], [1], format="csr")
    >>> found = find_components(
    ...     sparse.csr_matrix(x, dtype="float32"), neighborhood_mean(path), n_components=2, rank=0, seed=0
    ... )
    >>> found.scores.shape, bool(found.ratios[0] > 2 > found.ratios[1])
    ((80, 2), True)
    """
    n, g = expression.shape
    sample = sample_spots(mean, seed=seed)
    if not sample.edge_index.shape[1]:
        raise input_error("adata", "a spatial graph without edges", "neighbours", "Use spotscape.gr.")
    numbers = None if slices is None else torch.from_numpy(np.array(slices, dtype=np.int64))
    taken_off = None
    if slices is not None and centering:
        taken_off = centering * slice_means(expression, np.asarray(slices))
    means = slice_means(expression, np.zeros(n, dtype=np.int64)) if taken_off is None else taken_off
    groups = numbers if len(means) > 1 else None

    r = max(1, min(rank or g, g, n // _SPOTS_PER_DIRECTION))
    scores = find_scores(expression, r, seed=seed, spots=sample.spots, device=device)
    right = scores.right
    some = torch.from_numpy(scores.of(sample.spots)).to(device)
    some_groups = groups if groups is None or sample.spots is None else groups[sample.spots]
    some_groups = None if some_groups is None else some_groups.to(device)
    offsets = torch.from_numpy(means @ right.T.astype(np.float64)).to(device)
    offsets += sum(block.sum(0) for block in centered_blocks(some, offsets, some_groups)) / len(some)
    found = covariances(some, sample.edge_index.to(device), offsets=offsets, groups=some_groups)
    offsets = offsets.cpu()
    found, q = shrunk(found, _SPOTS_OF_NOISE / (_SPOTS_OF_NOISE + n)), min(n_components, r)
    if numbers is None or not slice_noise * correction:
        across = AcrossSlices(spatial_components(found, q), 0.0, 1.0)
    else:
        smoothed, of_slices = smoothed_sample(scores.of, mean, offsets, groups, numbers, seed)
        across = components_across_slices(found, smoothed, of_slices, q, slice_noise, correction=correction)
    directions, ratios = (each.cpu() for each in across.components)
    signal = (ratios - 1).clamp_min(_LEAST_SIGNAL)
    directions = directions * (signal / signal[0]) ** _EMPHASIS
    loadings = torch.from_numpy(right.T.astype(np.float64)) @ directions
    return Components(
        scores.along(directions, offsets, groups),
        loadings.float().numpy(),
        ratios.float().numpy(),
        taken_off,
        across.weight,
        across.signal,
    )
