"""Which genes mark a domain: each gene in its spots against those of other domains, by rank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import sparse, stats

from spotscape._logarithm import log_scaled, scale_to
from spotscape.annotation.rank_test import rank_test

PER = 1e4
"""Counts that each spot is scaled to, as scanpy and Seurat do: fold changes are then Seurat's."""
REST = "rest"
COLUMNS = (
    "domain",
    "against",
    "gene",
    "log2_fold_change",
    "score",
    "p_value",
    "p_adjusted",
    "share",
    "share_against",
)


def find_markers(
    counts: sparse.csr_matrix,
    names: Sequence[str],
    domains: pd.Categorical,
    *,
    tested: Sequence[str],
    columns: np.ndarray,
    against: Mapping[str, Sequence[str]] | None = None,
) -> pd.DataFrame:
    """Return one row a domain and gene: how the gene's ranks there differ from those of other spots.

    Parameters
    ----------
    counts
        Spots x genes, raw. Spots without a domain, or without any counts, are left out.
    names
        Of all genes.
    domains
        Of each spot; the categories are text.
    tested
        Domains to test, each with spots that have counts.
    columns
        Numbers of the genes to test. Counts are scaled by the total over all genes.
    against
        Domains that each tested one is compared with; None for all others.

    Returns
    -------
    pandas.DataFrame
        Domain by domain as in ``tested``, highest score first.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from scipy import sparse
    >>> from spotscape.annotation.markers import find_markers
    >>> counts = sparse.csr_matrix([[9, 1], [8, 2], [1, 9], [2, 8]])
    >>> domains = pd.Categorical(["a", "a", "b", "b"])
    >>> table = find_markers(counts, ["g", "h"], domains, tested=["a"], columns=np.arange(2))
    >>> table[["gene", "score"]].round(2).values.tolist()
    [['g', 1.55], ['h', -1.55]]
    """
    totals = np.asarray(counts.sum(axis=1, dtype=np.float64)).ravel()
    used = np.flatnonzero((domains.codes >= 0) & (totals > 0))
    domains = domains[used]
    levels = sparse.csr_matrix(counts[used][:, columns], dtype=np.float32, copy=True)
    levels.eliminate_zeros()
    scale = scale_to(PER, totals[used])
    n_domains = len(domains.categories)
    member = sparse.csr_matrix(
        (np.ones(len(used)), (domains.codes, np.arange(len(used)))), shape=(n_domains, len(used))
    )
    scaled = (member @ sparse.diags(scale.astype(np.float64)) @ levels).toarray()
    present = (member @ (levels > 0)).toarray().astype(np.float64)
    sizes = np.bincount(domains.codes, minlength=n_domains).astype(np.float64)
    log_scaled(levels.data, scale, np.diff(levels.indptr))

    genes = np.asarray(names, dtype=object)[columns]
    all_scores = None if against is not None else rank_test(levels.tocsc(), domains.codes, n_domains)
    tables = []
    for name in tested:
        own = int(domains.categories.get_loc(name))
        others = other_domains(domains.categories, name, against)
        if all_scores is None:
            within = np.isin(domains.codes, [own, *others])
            is_own = (domains.codes[within] == own).astype(np.int64)
            scores = rank_test(levels[within].tocsc(), is_own, 2)[1]
        else:
            scores = all_scores[own]
        p_value = 2 * stats.norm.sf(np.abs(scores))
        n_others = sizes[others].sum()
        # One count is added to each side, as in Seurat 5: a gene that one side lacks has a finite change.
        means = (scaled[own] + 1) / sizes[own], (scaled[others].sum(axis=0) + 1) / n_others
        table = pd.DataFrame(
            {
                "domain": name,
                "against": REST if against is None else ", ".join(against[name]),
                "gene": genes,
                "log2_fold_change": np.log2(means[0] / means[1]),
                "score": scores,
                "p_value": p_value,
                "p_adjusted": stats.false_discovery_control(p_value),
                "share": present[own] / sizes[own],
                "share_against": present[others].sum(axis=0) / n_others,
            }
        )
        tables.append(table.sort_values("score", ascending=False, kind="stable"))
    return pd.concat(tables, ignore_index=True)[list(COLUMNS)]


def other_domains(categories: pd.Index, name: str, against: Mapping[str, Sequence[str]] | None) -> list[int]:
    """Return the numbers of the domains that one is compared with; with None all but itself."""
    if against is None:
        return [code for code, other in enumerate(categories) if other != name]
    return [int(categories.get_loc(other)) for other in against[name]]


def spots_with_counts(labels: pd.Categorical, counts: sparse.csr_matrix) -> dict[str, int]:
    """Return how many spots with counts (spots x genes) each domain has."""
    there = (labels.codes >= 0) & (np.asarray(counts.sum(axis=1)).ravel() > 0)
    numbers = np.bincount(labels.codes[there], minlength=len(labels.categories))
    return dict(zip(labels.categories, numbers.tolist(), strict=True))


def share_with(counts: sparse.csr_matrix) -> np.ndarray:
    """Return for each gene the share of spots (spots x genes) that have it."""
    return np.asarray((counts > 0).mean(axis=0), dtype=np.float64).ravel()
