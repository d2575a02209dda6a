"""What is compared between two conditions: slices, or donors with their slices put together.

Slices of one donor are alike, so they are no independent replicates. Where each donor has one condition,
donors are compared as slices are. Where donors have both, each is compared with itself. With as many slices
from each donor, the mean of its slices says all that a mixed model with a donor's own level would use.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from spotscape import _keys

DONOR, PAIR = "donor", "pair"
FEWEST = 2
"""Samples, or pairs of them, that a test needs of each condition."""


class Design(NamedTuple):
    """Which slices make up one sample, and which samples are compared.

    Attributes
    ----------
    other, reference
        The two conditions.
    unit
        ``"slice"``, ``"donor"``, or ``"pair"``: a donor with both conditions.
    samples
        The sample of each slice, in the slices' order: first those of ``other``, from 0, then those of
        ``reference``. -1: not compared. Of pairs, both conditions have the donors in the same order.
    n, n_reference
        Number of samples of each condition.
    left_out
        Donors of these conditions that are not compared.
    """

    other: str
    reference: str
    unit: str
    samples: np.ndarray
    n: int
    n_reference: int
    left_out: list[str]

    def means(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the means over each sample's slices (rows x slices), apart by condition.

        NaN is a value that a slice lacks, and that is left out of the mean.
        """
        used, there = self.samples >= 0, np.isfinite(values)
        member = np.zeros((len(self.samples), self.n + self.n_reference))
        member[np.flatnonzero(used), self.samples[used]] = 1
        with np.errstate(invalid="ignore"):
            means = (np.where(there, values, 0.0) @ member) / (there.astype(float) @ member)
        return means[:, : self.n], means[:, self.n :]


def design_of(conditions: pd.Series, donors: pd.Series | None, other: str, reference: str) -> Design:
    """Return what is compared between two conditions.

    Where some donors have both conditions and some have one, the pairs are compared, or the rest, whichever
    leaves the test more degrees of freedom.

    Parameters
    ----------
    conditions, donors
        Of each slice, indexed by its name; no donors: slices are compared.
    other, reference
        The two conditions.

    Examples
    --------
    >>> import pandas as pd
    >>> from spotscape.comparison.design import design_of
    >>> conditions = pd.Series(["a", "b", "b", "a"])
    >>> design_of(conditions, pd.Series(["x", "x", "y", "y"]), "b", "a").unit
    'pair'
    >>> found = design_of(conditions, None, "b", "a")
    >>> found.unit, found.samples.tolist(), found.n
    ('slice', [2, 0, 1, 3], 2)
    """
    values = conditions.to_numpy()
    if donors is None:
        return _samples(other, reference, _keys.SLICE, values, np.arange(len(values)), [])
    names = donors.to_numpy()
    theirs, refs = (set(names[values == name]) for name in (other, reference))
    both, alone = theirs & refs, theirs ^ refs
    n_theirs, n_refs = len(theirs - both), len(refs - both)
    free_alone = n_theirs + n_refs - 2 if min(n_theirs, n_refs) >= FEWEST else 0
    paired = bool(both) and len(both) - 1 >= free_alone
    chosen = both if paired else alone
    kept = np.where(np.isin(names, sorted(chosen)), values, None)
    left_out = sorted(map(str, (alone if paired else both)))
    return _samples(other, reference, PAIR if paired else DONOR, kept, pd.factorize(names)[0], left_out)


def _samples(
    other: str, reference: str, unit: str, values: np.ndarray, codes: np.ndarray, left_out: list[str]
) -> Design:
    """Give the samples of both conditions numbers, in the order in which their units come."""
    samples, sizes = np.full(len(values), -1), []
    for condition in (other, reference):
        mine = values == condition
        known, samples[mine] = np.unique(codes[mine], return_inverse=True)
        samples[mine] += sum(sizes)
        sizes.append(len(known))
    return Design(other, reference, unit, samples, *sizes, left_out)
