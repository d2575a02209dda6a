"""Which of several marker lists fits a domain."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy import sparse, stats

from spotscape._logarithm import log_scaled, scale_to

PER = 1e4
"""Counts that each spot is scaled to before the logarithm."""
CHANCE = 0.5
"""Score of a list that says nothing of a domain."""
_SPREADS = 3
"""How many standard deviations of chance a sure name is ahead: small domains need a larger lead."""


def fitting_names(
    counts: sparse.csr_matrix, domains: pd.Categorical, lists: Mapping[str, np.ndarray], *, margin: float
) -> pd.DataFrame:
    """Return the best and the second list of each domain.

    A spot's level of a list is the mean over its genes of ``log(1 + counts per 10,000)``, each gene divided
    by its standard deviation. A list's score in a domain is how often a spot of the domain has a higher level
    than a spot of another domain (the area under the ROC curve).

    Parameters
    ----------
    counts
        Spots x genes, raw. Spots without a domain, or without any counts, are left out.
    domains
        Of each spot.
    lists
        Numbers of the genes (columns) of each list, one or more.
    margin
        Lead over the second list, and over chance, that makes a name sure.

    Returns
    -------
    pandas.DataFrame
        ``domain``, ``name``, ``score``, ``second``, ``second_score``, ``sure``. "" and NaN where there is no
        second list, or the domain has no spot with counts.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from scipy import sparse
    >>> from spotscape.annotation.names import fitting_names
    >>> counts = sparse.csr_matrix(np.repeat([[9, 1, 5], [1, 9, 5]], 40, axis=0))
    >>> domains = pd.Categorical(np.repeat(["1", "2"], 40))
    >>> lists = {"left": np.array([0]), "right": np.array([1])}
    >>> fitting_names(counts, domains, lists, margin=0.1)[["domain", "name", "score", "sure"]]
      domain   name  score  sure
    0      1   left    1.0  True
    1      2  right    1.0  True
    """
    totals = np.asarray(counts.sum(axis=1, dtype=np.float64)).ravel()
    used = np.flatnonzero((domains.codes >= 0) & (totals > 0))
    codes, n_domains = domains.codes[used], len(domains.categories)
    levels = _levels(counts[used], totals[used], lists)
    sizes = np.bincount(codes, minlength=n_domains).astype(np.float64)
    others = len(used) - sizes
    member = sparse.csr_matrix((np.ones(len(used)), (codes, np.arange(len(used)))), (n_domains, len(used)))
    above = member @ stats.rankdata(levels, axis=0) - (sizes * (sizes + 1) / 2)[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        scores = above / (sizes * others)[:, None]
        spread = np.sqrt((len(used) + 1) / (12 * sizes * others))

    names = np.asarray([*lists, ""], dtype=object)
    scores = np.column_stack([scores, np.full(n_domains, np.nan)])  # for a second that is not there
    order = np.argsort(-np.nan_to_num(scores, nan=-1), axis=1, kind="stable")
    best, second = (np.take_along_axis(scores, order[:, [place]], axis=1).ravel() for place in (0, 1))
    lead = best - np.fmax(second, CHANCE)
    known = np.isfinite(best)
    return pd.DataFrame(
        {
            "domain": [str(name) for name in domains.categories],
            "name": np.where(known, names[order[:, 0]], ""),
            "score": best,
            "second": np.where(np.isfinite(second), names[order[:, 1]], ""),
            "second_score": second,
            "sure": known & (lead >= np.fmax(margin, _SPREADS * spread)),
        }
    )


def _levels(counts: sparse.csr_matrix, totals: np.ndarray, lists: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return the level of each list in each spot, spots x lists."""
    genes = np.unique(np.concatenate(list(lists.values())))
    values = sparse.csr_matrix(counts[:, genes], dtype=np.float32, copy=True)
    log_scaled(values.data, scale_to(PER, totals), np.diff(values.indptr))
    values = values.astype(np.float64)
    means = np.asarray(values.mean(axis=0)).ravel()
    squares = np.asarray(values.multiply(values).mean(axis=0)).ravel()
    deviation = np.sqrt(np.maximum(squares - means**2, 0))
    # A gene of one value tells nothing; rounding must not make much of it.
    varies = deviation > 1e-6 * np.maximum(means, 1)
    weight = np.divide(1, deviation, out=np.zeros_like(deviation), where=varies)
    of_list = np.zeros((len(genes), len(lists)))
    for column, members in enumerate(lists.values()):
        of_list[np.searchsorted(genes, members), column] = 1 / len(members)
    return np.asarray(values @ (weight[:, None] * of_list))
