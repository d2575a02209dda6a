"""Domains as a tree: any number of them, nested, grown from one grouping.

The grouping itself is one level, of K domains. Below it domains merge pair by pair, above it they are halved.
Each step is the one that leaves the likeliest grouping by the tied mixture (`spotscape.domains.mixture`) with
each spot in its own domain:

    l = -log |Σ| / 2 + Σ_k π_k log π_k + constant,    Σ = (1 - a) W + a (tr W / d) I,    a = 1000 / (1000 + n)

W is the covariance within domains, π_k the share of the n spots that domain k has. W after a merger of two,
or after a halving, follows from sizes and means alone, so spots are looked at only to halve a domain: by
K-means with two centres. A domain keeps its number for as long as it is the larger part.

Source: Fraley 1998, Algorithms for model-based Gaussian hierarchical clustering, SIAM J. Sci. Comput. 20, for
mergers; Steinbach et al. 2000, A comparison of document clustering techniques, KDD workshop on text mining,
for halving. Growing both ways from one grouping is added here.
"""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np
from scipy.special import xlogy
from threadpoolctl import threadpool_limits

from spotscape.domains.clustering import SMALL_MATRIX_THREADS, embedding_order, kmeans_labels
from spotscape.domains.mixture import shrinkage

_SPOTS = 1000
"""Spots with which the covariance is half its own, half a sphere: as in the mixture."""
_RIDGE = 1e-6
"""Added to the diagonal, as a share of the mean variance: a column that never varies has none."""
_N_STARTS = 4
"""Of K-means, to halve a domain."""


class Tree(NamedTuple):
    """Nested groupings of N spots.

    Attributes
    ----------
    leaves
        Leaf of each spot, N integers from 0; -1 for a spot without a domain.
    parents
        Of which domain each leaf was split off, -1 for the domains of the grouping itself.
    n_domains
        Numbers of domains of the levels, ascending.
    levels
        Levels x leaves: the domain that a leaf belongs to, named by one of its leaves.
    log_likelihood
        Of a spot, mean, for each level; up to a constant.
    """

    leaves: np.ndarray
    parents: np.ndarray
    n_domains: np.ndarray
    levels: np.ndarray
    log_likelihood: np.ndarray


class _Groups(NamedTuple):
    """What a step is judged by: spots and mean of each group, and the covariance within groups."""

    sizes: np.ndarray
    means: np.ndarray
    within: np.ndarray


def grow_tree(embedding: np.ndarray, labels: np.ndarray, lowest: int, highest: int, *, seed: int) -> Tree:
    """Grow a tree from a grouping, down to ``lowest`` domains and up to ``highest``.

    It ends earlier where the spots of every domain are all equal, and cannot be told apart.

    Parameters
    ----------
    embedding
        N x d, float64.
    labels
        Domain of each spot, N integers from 0, each of them there; -1 where it has none.
    lowest, highest
        Numbers of domains of the first and the last level. That of the grouping is always a level.
    seed
        Of K-means.

    Examples
    --------
    >>> import numpy as np
    >>> from spotscape.domains.tree import grow_tree
    >>> embedding = np.array([[0.0], [0.1], [1.0], [1.1], [8.0], [8.1]])
    >>> tree = grow_tree(embedding, np.array([0, 0, 1, 1, 2, 2]), 2, 4, seed=0)
    >>> tree.n_domains.tolist()
    [2, 3, 4]
    >>> tree.levels[0][tree.leaves].tolist()
    [0, 0, 0, 0, 2, 2]
    """
    known = np.flatnonzero(labels >= 0)
    values = embedding[known] - embedding[known].mean(axis=0)
    groups = _groups_of(values, labels[known])
    with threadpool_limits(SMALL_MATRIX_THREADS):
        below = _merged(groups, lowest, len(values))
        own, parents, above = _halved(values, labels[known], groups, highest, seed)
    n_known, n_leaves = len(groups.sizes), len(groups.sizes) + len(parents)
    parents = np.concatenate([np.full(n_known, -1), np.asarray(parents, dtype=np.int64)])
    leaves = np.full(len(labels), -1)
    leaves[known] = own
    upwards = [_ancestors(parents, number) for number in range(n_known, n_leaves + 1)]
    levels = [merged[upwards[0]] for merged, _ in reversed(below)] + upwards
    scores = [score for _, score in reversed(below)]
    scores += [_scores(groups.within[None], groups.sizes[None], len(values))[0], *above]
    numbers = np.arange(n_known - len(below), n_leaves + 1)
    return Tree(leaves, parents, numbers, np.stack(levels), np.asarray(scores))


def _groups_of(values: np.ndarray, labels: np.ndarray) -> _Groups:
    sizes = np.bincount(labels).astype(np.float64)
    sums = np.stack([np.bincount(labels, weights=column) for column in values.T], axis=1)
    means = sums / sizes[:, None]
    total = values.T @ values / len(values)
    return _Groups(sizes, means, total - (means.T * sizes) @ means / len(values))


def _merged(groups: _Groups, lowest: int, n_spots: int) -> list[tuple[np.ndarray, float]]:
    """Merge pair by pair; return after each merger the domain of each group, and the likelihood."""
    (sizes, means, within), of = groups, np.arange(len(groups.sizes))
    sizes, means, steps = sizes.copy(), means.copy(), []
    for _ in range(len(sizes) - lowest):
        pairs = np.array(list(combinations(np.unique(of), 2)))
        first, second = pairs.T
        changes = _between(sizes[first], means[first], sizes[second], means[second], n_spots)
        after = np.repeat(sizes[None], len(pairs), axis=0)
        rows = np.arange(len(pairs))
        after[rows, first] += after[rows, second]
        after[rows, second] = 0
        scores = _scores(within + changes, after, n_spots)
        best = int(scores.argmax())
        stays, goes = sorted(pairs[best], key=lambda group: -sizes[group])
        means[stays] = (sizes[[stays, goes]] @ means[[stays, goes]]) / sizes[[stays, goes]].sum()
        sizes[stays], sizes[goes] = sizes[stays] + sizes[goes], 0.0
        within = within + changes[best]
        of = np.where(of == goes, stays, of)
        steps.append((of, float(scores[best])))
    return steps


def _halved(
    values: np.ndarray, labels: np.ndarray, groups: _Groups, highest: int, seed: int
) -> tuple[np.ndarray, list[int], list[float]]:
    """Halve one domain at a time; return the leaf of each spot, each new one's parent, and likelihoods."""
    of, within, sizes = labels.copy(), groups.within, groups.sizes
    order = embedding_order(values)
    parents: list[int] = []
    scores: list[float] = []
    halves: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def halve(group: int) -> None:
        halves.pop(group, None)
        spots = order[of[order] == group]
        if np.ptp(values[spots], axis=0).any():
            second = kmeans_labels(values[spots], 2, n_starts=_N_STARTS, seed=seed) == 1
            smaller = spots[second if second.sum() * 2 <= len(spots) else ~second]
            if len(smaller):
                rest = np.setdiff1d(spots, smaller)
                parts = [(len(part), values[part].mean(axis=0)) for part in (rest, smaller)]
                halves[group] = smaller, _between(*parts[0], *parts[1], len(values))

    while len(sizes) < highest:
        for group in range(len(sizes)) if not parents else (parents[-1], len(sizes) - 1):
            halve(group)
        if not halves:
            break
        candidates = np.array(sorted(halves))
        after = np.repeat(np.append(sizes, 0.0)[None], len(candidates), axis=0)
        parts = np.array([len(halves[group][0]) for group in candidates])
        after[np.arange(len(candidates)), candidates] -= parts
        after[:, -1] = parts
        found = _scores(np.stack([within - halves[group][1] for group in candidates]), after, len(values))
        best = int(found.argmax())
        smaller, change = halves[candidates[best]]
        of[smaller] = len(sizes)
        within, sizes = within - change, after[best]
        parents.append(int(candidates[best]))
        scores.append(float(found[best]))
    return of, parents, scores


def _between(
    sizes: np.ndarray | int, means: np.ndarray, others: np.ndarray | int, their: np.ndarray, n_spots: int
) -> np.ndarray:
    """Return how much covariance lies between two groups, ... x d x d."""
    apart = means - their
    weight = np.asarray(sizes * others / (sizes + others) / n_spots)[..., None, None]
    found: np.ndarray = weight * apart[..., :, None] * apart[..., None, :]
    return found


def _scores(within: np.ndarray, sizes: np.ndarray, n_spots: int) -> np.ndarray:
    """Return l, up to a constant, for covariances (m x d x d) and sizes (m x groups; 0 for none)."""
    width = within.shape[-1]
    drawn = shrinkage(n_spots, _SPOTS)
    variance = np.maximum(np.trace(within, axis1=1, axis2=2) / width, 0.0)
    sphere = drawn * variance + _RIDGE * variance + np.finfo(np.float64).tiny
    covariance = (1 - drawn) * within + sphere[:, None, None] * np.eye(width)
    shares = sizes / n_spots
    found: np.ndarray = xlogy(shares, shares).sum(axis=1) - np.linalg.slogdet(covariance)[1] / 2
    return found


def _ancestors(parents: np.ndarray, number: int) -> np.ndarray:
    """Return the domain of each leaf where the first ``number`` leaves are domains."""
    found = np.arange(len(parents))
    for leaf in range(number, len(parents)):
        found[leaf] = found[parents[leaf]]
    return found
