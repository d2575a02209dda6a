"""Sharpening: the embedding in coordinates in which groups of spots differ most, for what they hold within.

The encoder's columns have one scale in common, the noise between neighbours. What varies slowly within a
domain, such as a gradient, is as large there as what tells domains apart, so that K-means, nearest
neighbours and all that goes by distance take one for the other. A mixture with a full covariance does not.
So for several numbers K of groups the mixture that knows of mixed spots (`spotscape.tl._partial_volume`) is
fitted to the leading columns, and with

    W = mean over mixtures of the covariance within the groups they find,    T = covariance of all spots,

the new columns are the directions v of greatest ratio, ``T v = λ W v`` with ``vᵀ W v = 1``: canonical
variates. λ is 1 for what no grouping explains. Further rounds fit the mixtures to the columns with λ above
1.15. In the space that is left, which holds no groups, directions of greatest ratio would be those of chance:
there the columns are as near to the encoder's last as they can be. At the end each column is scaled by the
root of 1 - 1 / λ, the share of its variance that lies between groups, but 0.2 at least: by distance columns
count as far as they tell groups apart, and the others, in which spots of a group differ, a little. Neither
labels nor the number of domains asked for go in, and no column is lost: the encoder's are got back by the
inverse.

Source: Rao 1948, The utilization of multiple measurements in problems of biological classification, J. R.
Stat. Soc. B 10; Ding and Li 2007, Adaptive dimension reduction using discriminant analysis and K-means
clustering, ICML, for groups that are found in turn with the directions. Several numbers of groups are added
here.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.linalg import eigh, polar
from threadpoolctl import threadpool_limits

from spotscape.tl._clustering import SMALL_MATRIX_THREADS, sample_spots
from spotscape.tl._partial_volume import fit_from, kmeans_starts, leading_view
from spotscape.tl._smoothing import pattern

_NUMBERS = (4, 7, 10)
"""Of groups: domains, larger and smaller than most tissues have."""
_FEWEST_SPOTS = 10
"""For each group: in smaller ones the covariance is that of chance."""
_N_STARTS = 5
_N_FITS = 4
"""Mixtures for each number of groups: of groupings that fit about as well none is to decide alone."""
_LEAST_RATIO = 1.15
"""Of total variance to that within groups, below which a column says nothing of groups."""
_FEWEST_COLUMNS = 4
_LEAST_SHARE = 0.2
"""Of a column's variance that counts as between groups: differences within them are not lost on distances."""
_RIDGE = 1e-6
"""Added to W, as a share of the mean variance: a column that never varies has none."""


class Sharpening(NamedTuple):
    """A change of coordinates, z -> (z - center) directions.

    Attributes
    ----------
    center
        Mean of the embedding, d.
    directions
        d x d: columns by descending ratio, then those that tell no groups apart.
    """

    center: np.ndarray
    directions: np.ndarray

    def apply(self, embedding: np.ndarray) -> np.ndarray:
        """Return N x d, float32."""
        found: np.ndarray = ((embedding - self.center) @ self.directions).astype(np.float32)
        return found


class Canonical(NamedTuple):
    """Canonical variates.

    Attributes
    ----------
    directions
        As in `Sharpening`.
    ratios
        λ, d, descending: of total variance to that within groups, 1 or more.
    """

    directions: np.ndarray
    ratios: np.ndarray


def find_sharpening(
    embedding: np.ndarray, graph: sparse.spmatrix | None, n_rounds: int, *, seed: int
) -> Sharpening | None:
    """Return the coordinates that tell groups apart; None for no rounds, fewer than 40 spots, or equal ones.

    Parameters
    ----------
    embedding
        The encoder's, N x d, columns by descending signal.
    graph
        N x N, non-zero for neighbours in the tissue.
    n_rounds, seed
        As in `canonical_variates`.
    """
    if not n_rounds:
        return None
    embedding = embedding.astype(np.float64)
    leading, mixed = leading_view(embedding, None if graph is None else pattern(graph))
    found = canonical_variates(embedding, leading, mixed, n_rounds, seed=seed)
    if found is None:
        return None
    center = embedding.mean(axis=0)
    variances = ((embedding - center) @ found.directions).var(axis=0)  # beside 1 within groups
    shares = np.maximum(1 - 1 / np.maximum(variances, 1.0), _LEAST_SHARE)
    return Sharpening(center, found.directions * np.sqrt(shares))


def canonical_variates(
    embedding: np.ndarray, leading: np.ndarray, mixed: np.ndarray, n_rounds: int, *, seed: int
) -> Canonical | None:
    """Return the directions that tell groups apart, and how well; None below 40 spots, or for equal ones.

    Parameters
    ----------
    embedding
        N x d, float64.
    leading, mixed
        Its `leading_view`, which the first round looks at.
    n_rounds
        How often groups and coordinates are found in turn, 1 or more.
    seed
        Of the mixtures' starts, and of the sample where there are many spots.
    """
    numbers = [k for k in _NUMBERS if k * _FEWEST_SPOTS <= len(embedding)]
    if not numbers or not np.ptp(embedding, axis=0).any():
        return None
    rng = np.random.default_rng(seed)
    # In an order of their own, so that starts and sample hang on no order of the spots.
    order = np.argsort(embedding[:, 0], kind="stable")
    sample = order[sample_spots(len(order), rng)]
    values = embedding[sample] - embedding.mean(axis=0)
    total = values.T @ values / len(values)
    view = leading[sample]
    with threadpool_limits(SMALL_MATRIX_THREADS):
        for _ in range(n_rounds):
            between = _between_groups(values, view, mixed[sample], numbers, seed=int(rng.integers(2**31)))
            found = _canonical(total, total - between)
            view = np.ascontiguousarray(values @ found.directions[:, : _n_telling(found.ratios)])
    return found


def _between_groups(
    values: np.ndarray, view: np.ndarray, mixed: np.ndarray, numbers: list[int], *, seed: int
) -> np.ndarray:
    """Return T - W, d x d: the covariance of the means of groups that are found in ``view``."""
    rng = np.random.default_rng(seed)
    between = np.zeros((values.shape[1], values.shape[1]))
    for number in numbers * _N_FITS:
        starts = kmeans_starts(view, number, _N_STARTS, seed=int(rng.integers(2**31)))
        members = fit_from(view, mixed, number, starts).posterior(view, mixed)
        sums = members.T @ values
        between += (sums.T / np.maximum(members.sum(axis=0), 1e-12)) @ sums
    return between / (len(numbers) * _N_FITS * len(values))


def _canonical(total: np.ndarray, within: np.ndarray) -> Canonical:
    """Solve T v = λ W v; what tells no groups apart is turned to the axes."""
    width = len(within)
    ridge = _RIDGE * max(float(total.diagonal().mean()), float(np.finfo(np.float64).tiny))
    within = within + ridge * np.eye(width)
    ratios, found = eigh(total, within)
    ratios, found = ratios[::-1], found[:, ::-1]
    n_columns = _n_telling(ratios)
    telling, rest = found[:, :n_columns], found[:, n_columns:]
    largest = np.take_along_axis(telling, np.abs(telling).argmax(axis=0)[None], axis=0)
    # However the rest is turned, its columns are uncorrelated within groups: as near to the axes as can be.
    rotation, _ = polar(rest.T @ within[:, n_columns:]) if n_columns < width else (np.eye(0), None)
    return Canonical(np.hstack([telling * np.sign(largest), rest @ rotation]), ratios)


def _n_telling(ratios: np.ndarray) -> int:
    """Return how many columns tell groups apart."""
    return min(len(ratios), max(_FEWEST_COLUMNS, int((ratios > _LEAST_RATIO).sum())))
