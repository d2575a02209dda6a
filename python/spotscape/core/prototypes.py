"""Prototypes: spots of a kind gather around common centres, whichever slice they come from.

K-means clusters Z' (no gradient) into K_t clusters for each of T granularities, K_t = K, 1.5 K, 2 K; with
a_t(i) the cluster of spot i and c the centroids::

    L_PCL = mean over t and i of -log softmax_c( cos(Z_i, c) / τ )[a_t(i)]

======  ===============================  =================
symbol  what                             shape
======  ===============================  =================
Z, Z'   embeddings of the two views      N x d
c       centroids of granularity t       K_t x d
a_t     cluster of every spot            N
======  ===============================  =================

Source: arXiv 2506.15698, section 4; temperature τ = 0.75, clusters made anew every step. Here they may serve
several steps. K is never taken from labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize, one_hot

GRANULARITIES = (1.0, 1.5, 2.0)
"""Numbers of prototypes, as multiples of the number of domains."""
_ITERATIONS = 10


class Prototypes(NamedTuple):
    """Centroids (K x d) and the cluster of every spot (N, int64); neither has a gradient."""

    centroids: Tensor
    assignments: Tensor


@torch.no_grad()
def kmeans(
    z: Tensor, n_clusters: int, *, generator: torch.Generator, iterations: int = _ITERATIONS
) -> Prototypes:
    """Cluster the rows of z (N x d) by Lloyd's algorithm from k-means++ starts.

    Parameters
    ----------
    z
        N x d.
    n_clusters
        K, from 1 to N. A cluster that loses all its spots keeps its centroid.
    generator
        Source of the starts, on the CPU.
    iterations
        Of Lloyd's algorithm, at most.
    """
    centroids = _plus_plus(z, n_clusters, generator)
    assignments = _nearest(z, centroids)
    for _ in range(iterations):
        sizes = torch.bincount(assignments, minlength=n_clusters)
        # a product, as on a GPU sums by index depend on which thread is first
        sums = one_hot(assignments, n_clusters).to(z.dtype).T @ z
        centroids = torch.where(sizes[:, None] > 0, sums / sizes.clamp_min(1)[:, None], centroids)
        moved = _nearest(z, centroids)
        if torch.equal(moved, assignments):
            break
        assignments = moved
    return Prototypes(centroids, assignments)


def find_prototypes(z: Tensor, n_domains: int, *, generator: torch.Generator) -> list[Prototypes]:
    """Cluster z at each of `GRANULARITIES`: as many entries, with K, 1.5 K and 2 K centroids (at most N)."""
    numbers = (min(len(z), max(1, round(share * n_domains))) for share in GRANULARITIES)
    return [kmeans(z.detach(), number, generator=generator) for number in numbers]


def assign(z: Tensor, prototypes: Sequence[Prototypes]) -> list[Prototypes]:
    """Return the same centroids with the nearest of them for each row of z (N x d), of other spots."""
    return [Prototypes(p.centroids, _nearest(z.detach(), p.centroids)) for p in prototypes]


def prototype_loss(z: Tensor, prototypes: Sequence[Prototypes], *, temperature: float = 0.75) -> Tensor:
    """Cross-entropy of each spot's similarities to the prototypes against its own, over all granularities.

    Parameters
    ----------
    z
        Z, N x d.
    prototypes
        What `find_prototypes` made of Z' (or of an earlier step's).
    temperature
        τ > 0.

    Returns
    -------
    Tensor
        Scalar >= 0.

    Examples
    --------
    >>> import torch
    >>> from spotscape.core.prototypes import Prototypes, prototype_loss
    >>> z = torch.eye(2)
    >>> round(prototype_loss(z, [Prototypes(z, torch.tensor([0, 1]))], temperature=1.0).item(), 4)
    0.3133
    """
    with torch.autocast(z.device.type, enabled=False):
        unit = normalize(z, eps=1e-8)
        losses = [
            cross_entropy(unit @ normalize(p.centroids, eps=1e-8).T / temperature, p.assignments)
            for p in prototypes
        ]
        return torch.stack(losses).mean()


def _plus_plus(z: Tensor, n_clusters: int, generator: torch.Generator) -> Tensor:
    """Draw starts far apart: each with probability in proportion to its squared distance to those before."""
    chosen = [int(torch.randint(len(z), (1,), generator=generator))]
    distance = (z - z[chosen[0]]).square().sum(1)
    for _ in range(n_clusters - 1):
        cumulative = distance.cpu().double().cumsum(0)
        draw = torch.rand(1, generator=generator, dtype=torch.float64) * cumulative[-1]
        # with all spots on top of the starts, every draw is as good
        nearest = int(torch.searchsorted(cumulative, draw, right=True).clamp_max(len(z) - 1))
        chosen.append(nearest)
        distance = torch.minimum(distance, (z - z[nearest]).square().sum(1))
    return z[chosen].clone()


def _nearest(z: Tensor, centroids: Tensor) -> Tensor:
    """Return the nearest centroid of each row: N."""
    return (centroids.square().sum(1) - 2 * z @ centroids.T).argmin(1)
