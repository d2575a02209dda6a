"""Whether two conditions differ, with slices as the units: conditions are dealt anew to the slices.

Of donors with both conditions, the two are dealt anew within each donor. With few units all ways to deal them
are gone through, and the p-value is exact. It cannot be smaller than one of so many ways (two, where the
conditions have as many slices: each way and its mirror are as far apart).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, islice
from math import comb
from typing import NamedTuple

import numpy as np

from spotscape.comparison.design import PAIR, Design

MOST_WAYS = 10_000
"""More ways than this are sampled."""
FEWEST_SLICES = 2
"""Slices with a value that each condition needs."""
_AT_ONCE = 500
_ROUNDING = 1e-9


class Permuted(NamedTuple):
    """Means (rows,) of both groups, two-sided p-values (rows,), and the smallest that the slices can give."""

    first: np.ndarray
    second: np.ndarray
    p_value: np.ndarray
    smallest: np.ndarray
    n_first: np.ndarray
    n_second: np.ndarray


def permute_conditions(values: np.ndarray, is_first: np.ndarray, *, seed: int = 0) -> Permuted:
    """Compare the means of two groups of slices in every row, by all ways to deal the groups anew.

    Parameters
    ----------
    values
        Rows x slices; NaN where a slice has no value, which is then left out of the row.
    is_first
        Of each slice (bool).
    seed
        Of the ways that are tried where there are more than ``MOST_WAYS``.

    Returns
    -------
    Permuted
        p-values are NaN where a group has fewer than two slices with a value.

    Examples
    --------
    >>> import numpy as np
    >>> from spotscape.comparison.permutation import permute_conditions
    >>> found = permute_conditions(np.array([[5.0, 6.0, 7.0, 1.0, 2.0, 3.0]]), np.arange(6) < 3)
    >>> found.p_value.tolist(), found.smallest.tolist()
    ([0.1], [0.1])
    """
    there = np.isfinite(values)
    n_first, n_second = (there[:, group].sum(axis=1) for group in (is_first, ~is_first))
    known = np.where(there, values, 0.0)
    means = [
        np.divide(known[:, group].sum(axis=1), n, out=np.full(len(values), np.nan), where=n > 0)
        for group, n in ((is_first, n_first), (~is_first, n_second))
    ]
    p_value, smallest = np.full((2, len(values)), np.nan)
    patterns, of_row = np.unique(there, axis=0, return_inverse=True)
    for number, pattern in enumerate(patterns):
        sizes = int((pattern & is_first).sum()), int((pattern & ~is_first).sum())
        if min(sizes) < FEWEST_SLICES:
            continue
        rows = np.flatnonzero(of_row.ravel() == number)
        observed = np.abs(means[0] - means[1])[rows]
        p_value[rows] = _p_values(values[rows][:, pattern], observed, sizes, seed)
        n_ways = comb(sum(sizes), sizes[0])
        mirrored = 1 + (sizes[0] == sizes[1])
        smallest[rows] = mirrored / n_ways if n_ways <= MOST_WAYS else 1 / (1 + MOST_WAYS)
    return Permuted(*means, p_value, smallest, n_first, n_second)


def permute_samples(values: np.ndarray, design: Design, *, seed: int = 0) -> Permuted:
    """Compare two conditions in every row, as `permute_conditions` and `permute_signs` do, by a design.

    Parameters
    ----------
    values
        Rows x slices; NaN where a slice has no value. Compared are the means of each sample's slices.
    design
        Which slices are compared.
    seed
        As in `permute_conditions`.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from spotscape.comparison.design import design_of
    >>> from spotscape.comparison.permutation import permute_samples
    >>> donors = pd.Series(list("uuvvww"))
    >>> design = design_of(pd.Series(list("ababab")), donors, "b", "a")
    >>> found = permute_samples(np.array([[1.0, 3.0, 2.0, 5.0, 6.0, 7.0]]), design)
    >>> found.p_value.tolist(), found.n_first.tolist()
    ([0.25], [3])
    """
    these, those = design.means(values)
    if design.unit != PAIR:
        is_first = np.arange(design.n + design.n_reference) < design.n
        return permute_conditions(np.hstack([these, those]), is_first, seed=seed)
    differences = these - those
    there = np.isfinite(differences)
    n = there.sum(axis=1)
    means = [
        np.divide(np.where(there, part, 0.0).sum(axis=1), n, out=np.full(len(n), np.nan), where=n > 0)
        for part in (these, those)
    ]
    p_value, smallest = np.full((2, len(n)), np.nan)
    patterns, of_row = np.unique(there, axis=0, return_inverse=True)
    for number, pattern in enumerate(patterns):
        if pattern.sum() >= FEWEST_SLICES:
            rows = np.flatnonzero(of_row.ravel() == number)
            p_value[rows], smallest[rows] = permute_signs(differences[rows][:, pattern], seed=seed)
    return Permuted(*means, p_value, smallest, n, n)


def permute_signs(differences: np.ndarray, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Compare the mean difference within pairs with 0 in every row, by all ways to turn pairs round.

    Parameters
    ----------
    differences
        Rows x pairs, all known.
    seed
        Of the ways that are tried where there are more than ``MOST_WAYS``.

    Returns
    -------
    Two-sided p-values (rows,), and the smallest that so many pairs can give (rows,).

    Examples
    --------
    >>> import numpy as np
    >>> from spotscape.comparison.permutation import permute_signs
    >>> p_value, smallest = permute_signs(np.array([[1.0, 2.0, 3.0], [1.0, -1.0, 0.0]]))
    >>> p_value.tolist(), smallest.tolist()
    ([0.25, 1.0], [0.25, 0.25])
    """
    n = differences.shape[1]
    n_ways = 2**n
    sampled = n_ways > MOST_WAYS
    if sampled:
        turned = np.random.default_rng(seed).integers(0, 2, size=(MOST_WAYS, n))
    else:
        turned = np.arange(n_ways)[:, None] >> np.arange(n) & 1
    observed = np.abs(differences.mean(axis=1))
    limit = observed - _ROUNDING * np.maximum(1, observed)
    as_far = (np.abs(differences @ (1 - 2 * turned).T) / n >= limit[:, None]).sum(axis=1)
    smallest = 1 / (1 + MOST_WAYS) if sampled else 2 / n_ways
    return (as_far + sampled) / (len(turned) + sampled), np.full(len(differences), smallest)


def _p_values(values: np.ndarray, observed: np.ndarray, sizes: tuple[int, int], seed: int) -> np.ndarray:
    """Return the share of ways that are as far apart as what was observed, which is one of them."""
    first, second = sizes
    as_far, n_ways = np.zeros(len(values)), 0
    limit = observed - _ROUNDING * np.maximum(1, observed)
    for members in _ways(first, second, seed):
        weights = np.where(members, 1 / first, -1 / second)
        as_far += (np.abs(values @ weights.T) >= limit[:, None]).sum(axis=1)
        n_ways += len(members)
    sampled = comb(first + second, first) > MOST_WAYS
    return (as_far + sampled) / (n_ways + sampled)


def _ways(first: int, second: int, seed: int) -> Iterator[np.ndarray]:
    """Give ways to choose the slices of the first group, some at a time: ways x slices, bool."""
    n = first + second
    if comb(n, first) > MOST_WAYS:
        rng = np.random.default_rng(seed)
        for _ in range(MOST_WAYS // _AT_ONCE):
            yield rng.permuted(np.tile(np.arange(n) < first, (_AT_ONCE, 1)), axis=1)
        return
    rest = combinations(range(n), first)
    while chosen := list(islice(rest, _AT_ONCE)):
        members = np.zeros((len(chosen), n), dtype=bool)
        np.put_along_axis(members, np.asarray(chosen), True, axis=1)
        yield members
