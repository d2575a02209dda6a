"""Which genes mark a domain in slice after slice: a slice is one pair, the domain and the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import sparse

from spotscape.annotation.markers import COLUMNS, REST, other_domains, share_with
from spotscape.comparison.genes import adjusted
from spotscape.comparison.moderated_t import moderated_paired_t
from spotscape.comparison.pseudobulk import add_up, log_counts_per_million, seen_enough

FEWEST_SLICES = 2


def find_markers_over_slices(
    counts: sparse.csr_matrix,
    names: Sequence[str],
    domains: pd.Categorical,
    slices: pd.Categorical,
    *,
    tested: Sequence[str],
    columns: np.ndarray,
    min_spots: int,
    against: Mapping[str, Sequence[str]] | None = None,
) -> tuple[pd.DataFrame, list[str]]:
    """Return one row a domain and gene, and the domains that too few slices have.

    In each slice, the spots of the domain are added up to one sample, and those it is compared with to
    another. The differences of their log2 counts per million are tested by a moderated t-test: slices are the
    replicates, and what differs from slice to slice is in the variance.

    Parameters
    ----------
    counts
        Spots x genes, raw. Spots without a domain, or without any counts, are left out.
    names
        Of all genes.
    domains, slices
        Of each spot; the categories are text.
    tested
        Domains to test.
    columns
        Numbers of the genes to test, where they have enough counts.
    min_spots
        Spots that a slice needs on either side.
    against
        Domains that each tested one is compared with; None for all others.

    Returns
    -------
    pandas.DataFrame, list of str
        The table of `find_markers` and ``n_slices``; the score is the moderated t.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from scipy import sparse
    >>> from spotscape.annotation.pseudobulk_markers import find_markers_over_slices
    >>> counts = sparse.csr_matrix(np.tile([[90, 10], [50, 60]], (6, 1)))
    >>> domains, slices = pd.Categorical(["a", "b"] * 6), pd.Categorical(np.repeat(["s", "t", "u"], 4))
    >>> table, few = find_markers_over_slices(
    ...     counts, ["g", "h"], domains, slices, tested=["a"], columns=np.arange(2), min_spots=2
    ... )
    >>> table[["gene", "log2_fold_change", "n_slices"]].round(2).values.tolist()
    [['g', 0.97, 3], ['h', -2.34, 3]]
    """
    used = np.flatnonzero((domains.codes >= 0) & (np.asarray(counts.sum(axis=1)).ravel() > 0))
    counts, domains, slices = sparse.csr_matrix(counts[used]), domains[used], slices[used]
    genes = np.asarray(names, dtype=object)
    tables, few = [], []
    for name in tested:
        own = domains.codes == domains.categories.get_loc(name)
        sides = (own, np.isin(domains.codes, other_domains(domains.categories, name, against)))
        numbers = np.stack(
            [np.bincount(slices.codes[side], minlength=len(slices.categories)) for side in sides]
        )
        common = np.flatnonzero((numbers >= min_spots).all(axis=0))
        if len(common) < FEWEST_SLICES:
            few.append(name)
            continue
        spots = [np.flatnonzero(side & np.isin(slices.codes, common)) for side in sides]
        bulk = [add_up(counts[one], slices[one].remove_unused_categories()) for one in spots]
        both = np.concatenate(bulk)
        seen = columns[seen_enough(both, len(common))[columns]]
        if not len(seen):
            few.append(name)
            continue
        levels = log_counts_per_million(both)[:, seen]
        test = moderated_paired_t((levels[: len(common)] - levels[len(common) :]).T)
        table = pd.DataFrame(
            {
                "domain": name,
                "against": REST if against is None else ", ".join(against[name]),
                "gene": genes[seen],
                "log2_fold_change": test.difference,
                "score": test.statistic,
                "p_value": test.p_value,
                "p_adjusted": adjusted(test.p_value),
                "share": share_with(counts[spots[0]][:, seen]),
                "share_against": share_with(counts[spots[1]][:, seen]),
                "n_slices": len(common),
            }
        )
        tables.append(table.sort_values("score", ascending=False, kind="stable"))
    if not tables:
        return pd.DataFrame(columns=[*COLUMNS, "n_slices"]), few
    return pd.concat(tables, ignore_index=True), few
