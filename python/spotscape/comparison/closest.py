"""Which domain of the other condition is most like a domain that one condition alone has.

A difference between slices may pose as a domain of one condition. Then the other condition has the same
tissue under another name. What tells is how a domain differs from the rest of its own slices, which a
difference between slices leaves as it is.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np
from scipy import sparse

from spotscape._row_blocks import map_rows, sums_of_block
from spotscape.comparison.genes import Counts, Groups, log_per_ten_thousand

_SIGNAL = 0.5
"""Share of a profile that has to be the same in both halves of the spots, or nothing is said."""


class Closest(NamedTuple):
    """A domain of the other condition ("" for none that can be judged), and how alike the two are."""

    domain: str
    similarity: float


class Profiles(NamedTuple):
    """How each condition's domains differ from their slices, by halves of the spots.

    Attributes
    ----------
    halves
        2 x conditions x domains x genes.
    n_spots
        Conditions x domains.
    conditions, domains
        Their names.
    """

    halves: np.ndarray
    n_spots: np.ndarray
    conditions: list[str]
    domains: list[str]

    def closest(self, domain: str, condition: str, other: str, min_spots: int) -> Closest:
        """Return the domain of another condition that is most like this one.

        Compared are the profiles' directions: 1 where they are the same but for noise, 0 where nothing is.
        """
        mine, theirs = (self.halves[:, self.conditions.index(name)] for name in (condition, other))
        one = mine[:, self.domains.index(domain)]
        signal = (theirs[0] * theirs[1]).sum(axis=1)
        whole = theirs.mean(axis=0)
        enough = self.n_spots[self.conditions.index(other)] >= min_spots
        known = enough & (signal > _SIGNAL * (whole**2).sum(axis=1))
        own, mean = one[0] @ one[1], one.mean(axis=0)
        if not known.any() or own <= _SIGNAL * (mean @ mean):
            return Closest("", np.nan)
        alike = whole[known] @ mean / np.sqrt(signal[known] * own)
        best = int(alike.argmax())
        return Closest(str(np.asarray(self.domains)[known][best]), float(min(alike[best], 1.0)))


def profiles(counts: Counts, groups: Groups, *, seed: int = 0) -> Profiles:
    """Return how domains differ from the means of their slices, as log counts.

    Parameters
    ----------
    counts
        Spots x genes.
    groups
        Of the same spots.
    seed
        Of the halves.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from types import SimpleNamespace
    >>> from scipy import sparse
    >>> from spotscape.comparison import Groups
    >>> from spotscape.comparison.closest import profiles
    >>> rng, names = np.random.default_rng(0), np.repeat(["a", "b"], 80)
    >>> domains = np.where(np.arange(160) < 80, "1", "2")
    >>> domains[40:80], domains[120:] = "3", "4"
    >>> level = 5 * np.where(np.isin(domains, ["1", "2"])[:, None], [1, 2, 3, 4], [4, 3, 2, 1])
    >>> counts = sparse.csr_matrix(rng.poisson(level).astype(float))
    >>> counts = SimpleNamespace(matrix=counts, var_names=pd.Index(list("wxyz")))
    >>> one = pd.Categorical(names)
    >>> groups = Groups(one, one, pd.Categorical(domains), pd.Series(["a", "b"], index=["a", "b"]))
    >>> profiles(counts, groups).closest("1", "a", "b", 10).domain
    '2'
    """
    conditions, domains = groups.conditions, groups.domains
    n_genes, n_slices = len(counts.var_names), len(groups.slices.categories)
    shape = 2, len(conditions.categories), len(domains.categories)
    half = np.random.default_rng(seed).permutation(len(domains)) % 2
    used = np.asarray(domains.codes >= 0)
    cell = np.ravel_multi_index((half, conditions.codes, np.maximum(domains.codes, 0)), shape)
    sums, of_slice = np.zeros((np.prod(shape), n_genes)), np.zeros((n_slices, n_genes))
    of_block = partial(_of_block, n_cells=len(sums), n_slices=n_slices)
    for here, found in map_rows(counts.matrix, of_block, used, cell, groups.slices.codes):
        used[here] = found[0]
        sums += found[1]
        of_slice += found[2]
    numbers = np.zeros((*shape[:2], n_slices, shape[2]))
    codes = half, conditions.codes, groups.slices.codes, domains.codes
    np.add.at(numbers, tuple(one[used] for one in codes), 1)
    of_slice /= np.maximum(numbers.sum(axis=(0, 1, 3)), 1)[:, None]
    means = sums.reshape(*shape, -1) - np.einsum("hcsd,sg->hcdg", numbers, of_slice)
    n = numbers.sum(axis=2)
    means /= np.maximum(n, 1)[..., None]
    return Profiles(means, n.sum(axis=0), list(conditions.categories), list(domains.categories))


def _of_block(
    counts: sparse.csr_matrix,
    used: np.ndarray,
    cell: np.ndarray,
    slices: np.ndarray,
    *,
    n_cells: int,
    n_slices: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return which spots of a block have counts and are used, and their levels added up by cell and slice."""
    used = used & (np.asarray(counts.sum(axis=1)).ravel() > 0)
    levels = log_per_ten_thousand(counts[np.flatnonzero(used)])
    by_cell = sums_of_block(levels, cell[used], n_groups=n_cells)
    return used, by_cell, sums_of_block(levels, slices[used], n_groups=n_slices)
