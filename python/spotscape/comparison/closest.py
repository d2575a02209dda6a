"""Which domain of the other condition is most like a domain that one condition alone has.

A difference between slices may pose as a domain of one condition. Then the other condition has the same
tissue under another name. What tells is how a domain differs from the rest of its own slices, which a
difference between slices leaves as it is.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse

from spotscape.comparison.genes import Counts, Groups, log_per_ten_thousand
from spotscape.comparison.pseudobulk import add_up

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
    >>> counts = SimpleNamespace(matrix=sparse.csr_matrix(rng.poisson(level).astype(float)))
    >>> one = pd.Categorical(names)
    >>> groups = Groups(one, one, pd.Categorical(domains), pd.Series(["a", "b"], index=["a", "b"]))
    >>> profiles(counts, groups).closest("1", "a", "b", 10).domain
    '2'
    """
    seen = np.asarray(counts.matrix.sum(axis=1)).ravel() > 0
    used = np.flatnonzero(seen & (groups.domains.codes >= 0))
    slices, domains = groups.slices.codes[used], groups.domains.codes[used]
    shape = 2, len(groups.slices.categories), len(groups.domains.categories)
    half = np.random.default_rng(seed).permutation(len(used)) % 2
    cell = np.ravel_multi_index((half, slices, domains), shape)
    levels = log_per_ten_thousand(sparse.csr_matrix(counts.matrix[used]))
    sums = add_up(levels, pd.Categorical(cell, range(np.prod(shape)))).reshape(*shape, -1)
    numbers = np.bincount(cell, minlength=np.prod(shape)).reshape(shape)
    of_slice = sums.sum(axis=(0, 2)) / np.maximum(numbers.sum(axis=(0, 2)), 1)[:, None]
    sums -= numbers[..., None] * of_slice[:, None]
    conditions = list(groups.conditions.categories)
    member = np.array([(groups.of_slice == name).to_numpy() for name in conditions], dtype=float)
    n = np.einsum("cs,hsd->hcd", member, numbers)
    means = np.einsum("cs,hsdg->hcdg", member, sums) / np.maximum(n, 1)[..., None]
    return Profiles(means, n.sum(axis=0), conditions, list(groups.domains.categories))
