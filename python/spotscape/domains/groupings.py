"""Ways of grouping an embedding, side by side: a further one is a function and a row in `GROUPINGS`."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from spotscape._arrays import Array
from spotscape.domains.clustering import kmeans_labels, leiden_labels, mixture_posterior


class Grouped(NamedTuple):
    """Group of each spot (N integers), and its posterior in each group (N x K), where the way gives one."""

    labels: np.ndarray
    posterior: np.ndarray | None = None


class Group(Protocol):
    """Groups an embedding (N x d, float64; an array, or a tensor on a device).

    ``n_domains`` is None only where the grouping finds the number itself, by ``resolution``.
    """

    def __call__(
        self, embedding: Array, n_domains: int | None, *, n_starts: int, resolution: float, seed: int
    ) -> Grouped:
        """Return the groups."""


class Grouping(NamedTuple):
    """A way of grouping.

    Attributes
    ----------
    group
        Does it.
    finds_number
        Whether it finds the number of groups by itself, where none is given.
    source
        Where it is from.
    """

    group: Group
    finds_number: bool
    source: str


def _by_mixture(
    embedding: Array, n_domains: int | None, *, n_starts: int, resolution: float, seed: int
) -> Grouped:
    posterior = mixture_posterior(embedding, int(n_domains or 0), n_starts=n_starts, seed=seed)
    return Grouped(posterior.argmax(axis=1), posterior)


def _by_kmeans(
    embedding: Array, n_domains: int | None, *, n_starts: int, resolution: float, seed: int
) -> Grouped:
    return Grouped(kmeans_labels(embedding, int(n_domains or 0), n_starts=n_starts, seed=seed))


def _by_leiden(
    embedding: Array, n_domains: int | None, *, n_starts: int, resolution: float, seed: int
) -> Grouped:
    return Grouped(leiden_labels(embedding, n_domains, resolution=resolution, seed=seed))


GROUPINGS = {
    "gmm": Grouping(_by_mixture, False, "Scrucca et al. 2016, mclust 5 (EEE), The R Journal 8"),
    "kmeans": Grouping(_by_kmeans, False, "Lloyd 1982, Least squares quantization in PCM, IEEE TIT 28"),
    "leiden": Grouping(_by_leiden, True, "Traag et al. 2019, From Louvain to Leiden, Sci. Rep. 9"),
}
"""By the names of ``cluster_method``."""
