"""Sharpening: the embedding in coordinates in which groups of spots differ most, for what they hold within.

The components have one scale in common, the noise between neighbours. What varies slowly within a domain,
such as a gradient, is as large there as what tells domains apart, so that K-means, nearest neighbours and all
that goes by distance take one for the other. So for several numbers K of groups the tied mixture
(`spotscape.domains.mixture`) is fitted to the leading columns, and with

    W = mean over mixtures of the covariance within the groups they find,    T = covariance of all spots,

the new columns are the directions v of greatest ratio, ``T v = λ W v`` with ``vᵀ W v = 1``: canonical
variates. λ is 1 for what no grouping explains. A second round fits the mixtures to the columns with λ above
1.15. W is drawn towards a sphere by 30 / (30 + n), because few spots do not say which directions vary
within groups. At the end each column is scaled by the root of 1 - 1 / λ, the share of its variance that lies
between groups, but 0.2 at least. Neither labels nor the number of domains asked for go in. No column is
lost: the inverse gives the components again.

Source: Rao 1948, The utilization of multiple measurements in problems of biological classification, J. R.
Stat. Soc. B 10; Ding and Li 2007, Adaptive dimension reduction using discriminant analysis and K-means
clustering, ICML, for groups that are found in turn with the directions; Friedman 1989, Regularized
discriminant analysis, J. Am. Stat. Assoc. 84. Several numbers of groups are added here.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.linalg import eigh
from threadpoolctl import threadpool_limits

from spotscape._arrays import Array, beside, functions_of, on_host
from spotscape.domains.clustering import SMALL_MATRIX_THREADS, kmeans_starts, sample_spots
from spotscape.domains.mixture import fit_mixture, shrinkage

_NUMBERS = (4, 7, 10)
"""Of groups: domains, larger and smaller than most tissues have."""
_FEWEST_SPOTS = 10
"""For each group: in smaller ones the covariance is that of chance."""
_N_ROUNDS = 2
_N_STARTS = 4
_N_FITS = 3
"""Mixtures for each number of groups: of groupings that fit about as well none is to decide alone."""
_LEADING = 12
"""Columns that the first round looks at: most of the signal."""
_LEAST_RATIO = 1.15
"""Of total variance to that within groups, below which a column says nothing of groups."""
_FEWEST_COLUMNS = 4
_LEAST_SHARE = 0.2
"""Of a column's variance that counts as between groups: differences within them are not lost on distances."""
_SPOTS = 30
"""Spots with which W is half its own, half a sphere."""
_SPOTS_OF_MIXTURES = 300
"""The same for the mixtures: of the components, whose scale means nothing to groups, that is less certain."""
_RIDGE = 1e-6
"""Added to W, as a share of the mean variance: a column that never varies has none."""


class Sharpening(NamedTuple):
    """A change of coordinates, z -> (z - center) directions.

    Attributes
    ----------
    center
        Mean of the embedding, d.
    directions
        d x d: columns by descending ratio.
    """

    center: np.ndarray
    directions: np.ndarray

    def apply(self, embedding: Array) -> Array:
        """Return N x d, float32."""
        of = functions_of(embedding)
        centered = embedding - beside(self.center, embedding)
        return of.astype(centered @ beside(self.directions, embedding), of.float32)


def find_sharpening(embedding: Array, *, seed: int) -> Sharpening | None:
    """Return the coordinates that tell groups apart; None for fewer than 40 spots, or equal ones.

    Parameters
    ----------
    embedding
        N x d, columns by descending signal.
    seed
        Of the mixtures' starts, and of the sample where there are many spots.
    """
    numbers = [k for k in _NUMBERS if k * _FEWEST_SPOTS <= len(embedding)]
    of = functions_of(embedding)
    if not numbers or not of.any(of.max(embedding, axis=0) != of.min(embedding, axis=0)):
        return None
    rng = np.random.default_rng(seed)
    center = on_host(embedding.mean(axis=0, dtype=of.float64))
    # In an order of their own, so that starts and sample hang on no order of the spots.
    order = np.argsort(on_host(embedding[:, 0]), kind="stable")
    sample = order[sample_spots(len(order), rng)]
    values = embedding[beside(sample, embedding)] - beside(center, embedding)
    total = on_host(values.T @ values / len(values))
    view = values[:, :_LEADING]
    with threadpool_limits(SMALL_MATRIX_THREADS):
        for _ in range(_N_ROUNDS):
            within = total - _between_groups(values, view, numbers, rng)
            ratios, found = _canonical(total, within, len(values))
            telling = max(_FEWEST_COLUMNS, int((ratios > _LEAST_RATIO).sum()))
            view = values @ beside(found[:, :telling], values)
    shares = np.maximum(1 - 1 / np.maximum(ratios, 1.0), _LEAST_SHARE)
    return Sharpening(center, found * np.sqrt(shares))


def _between_groups(values: Array, view: Array, numbers: list[int], rng: np.random.Generator) -> np.ndarray:
    """Return T - W, d x d: the covariance of the means of groups that are found in ``view``."""
    between = np.zeros((values.shape[1], values.shape[1]))
    for number in numbers * _N_FITS:
        starts = kmeans_starts(view, number, _N_STARTS, seed=int(rng.integers(2**31)))
        members = fit_mixture(view, starts, number, spots=_SPOTS_OF_MIXTURES).posterior(view)
        sums, sizes = on_host(members.T @ values), on_host(functions_of(members).sum(members, axis=0))
        between += (sums.T / np.maximum(sizes, 1e-12)) @ sums
    return between / (len(numbers) * _N_FITS * len(values))


def _canonical(total: np.ndarray, within: np.ndarray, n_spots: int) -> tuple[np.ndarray, np.ndarray]:
    """Solve T v = λ W v, W drawn towards a sphere; return λ, descending, and the v as columns."""
    width = len(within)
    variance, drawn = float(np.trace(within)) / width, shrinkage(n_spots, _SPOTS)
    ridge = _RIDGE * max(float(np.trace(total)) / width, float(np.finfo(np.float64).tiny) / _RIDGE)
    within = (1 - drawn) * within + (drawn * variance + ridge) * np.eye(width)
    ratios, found = eigh(total, within)
    ratios, found = ratios[::-1], found[:, ::-1]
    largest = np.take_along_axis(found, np.abs(found).argmax(axis=0)[None], axis=0)
    return ratios, found * np.sign(largest)
