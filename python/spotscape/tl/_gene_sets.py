"""``domain_gene_sets``: which gene sets are over-represented among the markers of each domain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from anndata import AnnData

from spotscape import _keys
from spotscape._docs import filled
from spotscape._validate import check_integer, check_number, describe, input_error
from spotscape.annotation.gene_sets import over_represented
from spotscape.annotation.lists import read_lists
from spotscape.pp import check_adata
from spotscape.tl._markers import domain_markers
from spotscape.tl._names import suggest_domain_names
from spotscape.tl._symbols import find_genes

_NEEDED = ("domain", "gene", "log2_fold_change", "p_adjusted")
_SPLIT = "p_adjusted_split"


@filled(like=suggest_domain_names)
def domain_gene_sets(
    adata: AnnData,
    *,
    gene_sets: Mapping[str, Sequence[str]] | pd.DataFrame | Path | str,
    markers: pd.DataFrame | None = None,
    max_p_adjusted: float = 0.05,
    min_log2_fold_change: float = 0.5,
    min_size: int = 5,
    max_size: int = 500,
    gene_key: str | None = None,
    domain_key: str | None = None,
    layer: str | None = None,
    key_added: str = _keys.KEY_ADDED,
) -> pd.DataFrame:
    """Test which gene sets are over-represented among the markers of each domain.

    Fisher's exact test, one-sided (the tail of the hypergeometric distribution). The background is the genes
    that were tested for being markers of the domain, also those in no set. decoupler's ``ora`` differs: it
    takes a number of top genes, is two-sided, and has a background of 20,000 genes unless told otherwise.

    Parameters
    ----------
    adata
        With domains in ``obs`` and raw counts. Not changed.
    gene_sets
        Genes by the name of their set: a dictionary; the path of a ``.gmt`` file; a table with a row for each
        gene, in columns ``source`` and ``target`` (a net of decoupler), ``gs_name`` and ``gene_symbol``
        (msigdbr) or ``name`` and ``gene``; the path of such a table (``.csv``, ``.tsv``).
    markers
        What `domain_markers` gave, such as against neighbours; None calls it. Where it has both, p-values of
        the split are taken.
    max_p_adjusted, min_log2_fold_change
        A gene is a marker with an adjusted p-value up to this, and a log2 fold change from that on.
    min_size, max_size
        Sets with fewer or more of the tested genes are left out.
    gene_key
        {gene_key}
    domain_key
        {domain_key}
    layer
        {layer}
    key_added
        {key_added}

    Returns
    -------
    pandas.DataFrame
        A row for each domain and set, domain by domain, the smallest p-value first: ``domain``, ``gene_set``,
        ``n_common`` (markers in the set), ``set_size`` (tested genes in it), ``n_markers``, ``n_tested``,
        ``log2_odds_ratio`` (0.5 added to each count, as in decoupler), ``p_value``, ``p_adjusted`` (Benjamini
        and Hochberg, within a domain) and ``genes``, the markers in the set, the best first.

    Raises
    ------
    InputError
        If ``gene_sets`` is damaged, none of its genes is in the object, no set is of a size that is asked
        for, or ``markers`` is no table of `domain_markers`; and what `domain_markers` raises.

    Warns
    -----
    SpotscapeWarning
        Where genes were found by another case (as MBP and Mbp).

    Notes
    -----
    Genes of a set vary together, and the test takes them as independent. So p-values are too small, and more
    so as markers were tested on the counts that domains were found on. Take them as an order of sets.

    Examples
    --------
    >>> import spotscape
    >>> adata = spotscape.datasets.simulate_slice(n_spots=300, n_genes=80, n_domains=3)
    >>> known = adata.var["marker_domain"].dropna()
    >>> sets = {f"of {name}": list(known.index[known == name]) for name in known.unique()}
    >>> table = spotscape.tl.domain_gene_sets(adata, gene_sets=sets, domain_key="ground_truth", min_size=2)
    >>> table.groupby("domain", sort=False)["gene_set"].first().tolist()
    ['of L1', 'of L2', 'of WM']
    """
    check_adata(adata)
    max_p_adjusted = check_number("max_p_adjusted", max_p_adjusted, 0, 1)
    min_log2_fold_change = check_number("min_log2_fold_change", min_log2_fold_change, 0)
    min_size = check_integer("min_size", min_size, 1)
    max_size = check_integer("max_size", max_size, min_size)
    lists = read_lists("gene_sets", gene_sets)
    if markers is None:
        markers = domain_markers(adata, domain_key=domain_key, layer=layer, key_added=key_added)
    else:
        _check_markers(markers)
    p_adjusted = _SPLIT if _SPLIT in markers else "p_adjusted"
    markers = markers[markers[p_adjusted].notna()]
    if not len(markers):
        raise input_error("markers", "no tested gene", "a table of domain_markers")
    genes = pd.Index(markers["gene"].astype(str).unique())
    places = find_genes(adata, genes, lists, gene_key, "gene_sets")
    tables = []
    for domain, rows in markers.groupby(markers["domain"].astype(str), sort=False):
        # Genes of one domain may have been left out of the split.
        tested = pd.Index(rows["gene"].astype(str))
        place_of = tested.get_indexer(genes)
        sets = {name: place_of[found] for name, found in places.items()}
        sets = {name: found[found >= 0] for name, found in sets.items()}
        sets = {name: found for name, found in sets.items() if min_size <= len(found) <= max_size}
        if not sets:
            continue
        is_marker = (rows[p_adjusted] <= max_p_adjusted) & (rows["log2_fold_change"] >= min_log2_fold_change)
        table = over_represented(list(tested), is_marker.to_numpy(), sets)
        table.insert(0, "domain", domain)
        tables.append(table)
    if not tables:
        sizes = [len(found) for found in places.values()]
        found = f"sets with {min(sizes)} to {max(sizes)} of the tested genes"
        raise input_error(
            "gene_sets", found, f"some with {min_size} to {max_size}", "See min_size, max_size."
        )
    return pd.concat(tables, ignore_index=True)


def _check_markers(markers: Any) -> None:
    """Raise unless it is a table of `domain_markers`."""
    expected = "what domain_markers gave, or None"
    if not isinstance(markers, pd.DataFrame):
        raise input_error("markers", describe(markers), expected)
    missing = [name for name in _NEEDED if name not in markers]
    if missing:
        raise input_error("markers", f"a table without {missing[0]!r}", expected)
    twice = markers.duplicated(["domain", "gene"])
    if twice.any():
        row = markers[twice].iloc[0]
        found = f"gene {row['gene']!r} twice in domain {str(row['domain'])!r}"
        raise input_error("markers", found, "one row for each domain and gene")
