"""``domain_markers``: which genes mark each domain, against the rest of the tissue or its neighbours."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from spotscape import _keys
from spotscape._slices import read_slices
from spotscape._validate import (
    SpotscapeWarning,
    check_choice,
    check_flag,
    check_integer,
    describe,
    input_error,
)
from spotscape.annotation.bordering import bordering_domains
from spotscape.annotation.in_place import in_place_of
from spotscape.annotation.markers import REST, find_markers, spots_with_counts
from spotscape.annotation.pseudobulk_markers import FEWEST_SLICES, find_markers_over_slices
from spotscape.annotation.thinning import halves
from spotscape.pp import Counts, check_adata, find_counts
from spotscape.pp.counts import is_whole
from spotscape.pp.find import layer_of_run
from spotscape.run.read import check_domains, check_key_added, read_graph
from spotscape.tl._anew import check_run, domains_anew
from spotscape.tl._labels import given_or_run_slice_key

NEIGHBORS = "neighbors"
WILCOXON, PSEUDOBULK = "wilcoxon", "pseudobulk"
_FEWEST = 2
"""Spots with counts that a domain needs to be tested."""
_OF_SPLIT = ["score", "p_value", "p_adjusted"]


def domain_markers(
    adata: AnnData,
    *,
    against: str = REST,
    method: str = WILCOXON,
    split: bool = False,
    domains: Sequence[str] | str | None = None,
    genes: Sequence[str] | str | None = None,
    domain_key: str | None = None,
    slice_key: str | None = None,
    min_spots: int = 10,
    seed: int = 0,
    layer: str | None = None,
    key_added: str = _keys.KEY_ADDED,
) -> pd.DataFrame:
    """Rank the genes of each domain by a test against others: of its spots, or of slices added up.

    For Wilcoxon's test counts are scaled to 10,000 in each spot, and ``log(1 + x)`` is taken. Scores and
    p-values are those of `scanpy.tl.rank_genes_groups` with ``method="wilcoxon"`` and ``tie_correct=True``.
    Fold changes are those of Seurat 5. Spots are taken as independent, and those of one slice are not.

    By pseudobulk slices are the replicates. In each slice the spots of the domain are added up to one sample,
    and those it is compared with to another. The differences of their log2 counts per million (with a prior
    count in proportion to the sample's total, as in edgeR) are tested by a moderated t-test [2]_. What
    differs from slice to slice makes p-values larger. It takes two slices, and three or more do it well.

    The default looks at the data twice: it tests the counts that domains were found on. So p-values are too
    small: on tissue without any domains, 15 to 20 % are below 0.05. Take them as an order of genes.

    With ``split=True`` each molecule goes to one of two halves by a fair coin [1]_. The run is made again on
    one half, with its own settings, and genes are tested on the other half. The table then has both p-values.
    Those of the split are right where counts are Poisson, and close to it where they vary more. A gene that
    changes smoothly over the tissue is a real difference for either test.

    Parameters
    ----------
    adata
        With domains in ``obs`` and raw counts. Not changed.
    against
        ``"rest"``: all spots of other domains. ``"neighbors"``: all spots of those domains that border this
        one in the tissue, each with a tenth or more of its border with others.
    method
        ``"wilcoxon"``, or ``"pseudobulk"`` where there are several slices.
    split
        Also find the domains anew on one half of the molecules and test on the other. Takes a run more, and
        works for the domains of a run only.
    domains
        Those to test; None for all.
    genes
        Those to test; None for all that have counts. Adjusted p-values count the genes tested.
    domain_key
        Column of ``obs`` that holds the domains; ``"<key_added>_domain"`` if None.
    slice_key
        Column of ``obs`` with the slices, for pseudobulk; None: that of `integrate_slices`.
    min_spots
        Spots that a slice needs in the domain, and in what it is compared with, for pseudobulk, 2 or more.
    seed
        Of the split.
    layer
        Layer that holds the raw counts; None for those of the run, or to look everywhere.
    key_added
        Stem of the names read.

    Returns
    -------
    pandas.DataFrame
        A row for each domain and gene, domain by domain, the highest score first: ``domain``, ``against``
        (``"rest"``, or the names of the neighbours), ``gene``, ``log2_fold_change``, ``score`` (standard
        deviations of the rank sum, or the moderated t; above 0 where the gene is higher in the domain),
        ``p_value``, ``p_adjusted`` (Benjamini and Hochberg, within a domain), ``share`` and
        ``share_against`` (of spots with the gene). By pseudobulk also ``n_slices``, and genes with few
        counts are not tested (10 in a sample of median size, in as many samples as there are slices, and 15
        in all). With ``split`` also ``score_split``, ``p_value_split``, ``p_adjusted_split`` and
        ``overlap_split``: how much of the domain and of the one that was found anew in its place they share
        (spots in both, of spots in either). NaN where no domain was found in its place.

    Raises
    ------
    InputError
        If there are no domains, only one, or one of a single spot is to be tested; if a gene or domain is
        unknown; if counts are not raw; with ``"neighbors"`` without a spatial graph; with ``split`` if the
        domains are of no run, or the counts are not whole numbers; by pseudobulk if slices are not there, or
        no domain has enough spots in two of them.

    Warns
    -----
    SpotscapeWarning
        Where a domain has no neighbours, too few slices for pseudobulk, or none was found in its place by
        the split.

    References
    ----------
    .. [1] Neufeld et al. (2024), Inference after latent variable estimation for single-cell RNA sequencing
       data, Biostatistics 25.
    .. [2] Smyth (2004), Linear models and empirical Bayes methods for assessing differential expression in
       microarray experiments, Statistical Applications in Genetics and Molecular Biology 3(1).

    Examples
    --------
    >>> import spotscape
    >>> adata = spotscape.datasets.simulate_slice(n_spots=300, n_genes=80, n_domains=3)
    >>> spotscape.tl.run_spotscape(adata, n_domains=3, progress=False)
    >>> table = spotscape.tl.domain_markers(adata)
    >>> table.groupby("domain")["gene"].first().to_dict()
    {'1': 'gene73', '2': 'gene78', '3': 'gene08'}
    """
    check_adata(adata)
    key_added = check_key_added(key_added)
    check_choice("against", against, (REST, NEIGHBORS))
    check_choice("method", method, (WILCOXON, PSEUDOBULK))
    split = check_flag("split", split)
    seed = check_integer("seed", seed, 0, 2**32 - 1)
    min_spots = check_integer("min_spots", min_spots, 2)
    own_key = _keys.domain(key_added)
    column = own_key if domain_key is None else domain_key
    if split and column != own_key:
        todo = f"Leave out split: labels that were not made from these counts need none. Or take {own_key!r}."
        raise input_error("domain_key", f"{column!r} with split=True", "the domains of a run", todo)
    labels = _read_domains(adata, column)
    record = check_run(adata, key_added) if split else adata.uns.get(_keys.parameters(key_added), {})
    params = record.get("params", {}) if isinstance(record, Mapping) else {}
    slices = _read_replicates(adata, slice_key, key_added) if method == PSEUDOBULK else None
    counts = find_counts(adata, layer=layer_of_run(adata, params) if layer is None else layer)
    if split and not is_whole(counts.matrix):
        raise input_error("split", f"True, and values in {counts.source} that are not whole", "whole counts")
    columns = _columns(genes, counts)
    tested = _tested(domains, labels, counts, column)
    test = _Test(
        counts.var_names, columns, read_graph(adata) if against == NEIGHBORS else None, slices, min_spots
    )

    table, missing = test(counts.matrix, labels, tested)
    if missing:
        text = f"fewer than {FEWEST_SLICES} slices with {min_spots} spots on either side and genes to test"
        if table.empty:
            raise input_error("method", f"{PSEUDOBULK!r}, and {text}", f"{WILCOXON!r}, or a lower min_spots")
        _warn(f"Domain(s) {', '.join(missing)} have {text}, and are left out.", stacklevel=3)
    if not split:
        return table
    to_find, to_test = halves(counts.matrix, seed)
    found = domains_anew(
        adata, to_find, counts.var_names, share=0.5, n_domains=len(labels.categories), record=record
    )
    anew, overlap = in_place_of(labels, found)
    return _with_split(table, test, to_test, anew, overlap)


class _Test(NamedTuple):
    """What is tested, and how: the same for all molecules and for half of them."""

    names: pd.Index
    columns: np.ndarray
    graph: sparse.csr_matrix | None
    slices: pd.Categorical | None
    min_spots: int

    def __call__(
        self, matrix: sparse.csr_matrix, labels: pd.Categorical, tested: list[str], *, quiet: bool = False
    ) -> tuple[pd.DataFrame, list[str]]:
        """Return the table of domains that others are beside, and those that too few slices have."""
        against = None if self.graph is None else bordering_domains(labels, self.graph)
        if against is not None:
            tested = _beside_others(against, tested, quiet=quiet)
        if not tested:
            return pd.DataFrame(columns=["domain", "gene", *_OF_SPLIT]), []
        known: dict[str, Any] = {"tested": tested, "columns": self.columns, "against": against}
        if self.slices is None:
            return find_markers(matrix, self.names, labels, **known), []
        return find_markers_over_slices(
            matrix, self.names, labels, self.slices, min_spots=self.min_spots, **known
        )


def _beside_others(against: dict[str, list[str]], tested: list[str], *, quiet: bool) -> list[str]:
    """Return the domains that border others; say which do not."""
    alone = [name for name in tested if not against[name]]
    if not quiet and len(alone) == len(tested):
        raise input_error("against", "'neighbors', and no domain that borders another", "'rest' then")
    if not quiet and alone:
        names = ", ".join(alone)
        _warn(
            f"Domain(s) {names} border no other domain, and have no markers against neighbours.", stacklevel=5
        )
    return [name for name in tested if against[name]]


def _with_split(
    table: pd.DataFrame,
    test: _Test,
    to_test: sparse.csr_matrix,
    anew: pd.Categorical,
    overlap: dict[str, float],
) -> pd.DataFrame:
    """Add to the table what the same test says of domains that other molecules gave."""
    tested = list(dict.fromkeys(table["domain"]))
    known = spots_with_counts(anew, to_test)
    again = [name for name in tested if known.get(name, 0) >= _FEWEST]
    second, _ = test(to_test, anew, again, quiet=True)
    found = set(second["domain"])
    missing = [name for name in tested if name not in found]
    if missing:
        _warn(
            f"split: half of the molecules gave nothing to test in place of domain(s) {', '.join(missing)}."
        )
    second = second.set_index(["domain", "gene"])[_OF_SPLIT]
    second = second.reindex(pd.MultiIndex.from_frame(table[["domain", "gene"]]))
    for name in _OF_SPLIT:
        table[f"{name}_split"] = second[name].to_numpy(dtype=np.float64)
    table["overlap_split"] = table["domain"].map(overlap).astype(np.float64)
    return table


def _warn(text: str, *, stacklevel: int = 4) -> None:
    """Warn in the line that called `domain_markers`, where one of its own functions is between."""
    warnings.warn(text, SpotscapeWarning, stacklevel=stacklevel)


def _read_replicates(adata: AnnData, slice_key: str | None, key_added: str) -> pd.Categorical:
    """Return the slice of each spot, two or more of them."""
    slice_key = given_or_run_slice_key(adata, slice_key, key_added)
    if slice_key is None:
        todo = "Name the column of adata.obs with the slices. Of one slice, only spots can be compared."
        raise input_error("slice_key", "None, with method='pseudobulk'", "the column of slices", todo)
    slices = read_slices(adata, slice_key)
    if len(slices.categories) < FEWEST_SLICES:
        raise input_error(
            f"adata.obs[{slice_key!r}]", "one slice", f"{FEWEST_SLICES} or more, for pseudobulk"
        )
    return slices


def _read_domains(adata: AnnData, column: Any) -> pd.Categorical:
    """Return the domain of each spot, two or more of them, as text."""
    name = f"adata.obs[{column!r}]"
    check_domains(adata, column)
    labels = pd.Categorical(adata.obs[column]).remove_unused_categories()
    if len(labels.categories) < 2:
        raise input_error(name, f"{len(labels.categories)} domain(s)", "two or more, to compare them")
    return labels.rename_categories([str(one) for one in labels.categories])


def _columns(genes: Any, counts: Counts) -> np.ndarray:
    """Return the numbers of the genes to test."""
    if genes is None:
        return np.flatnonzero(np.asarray(counts.matrix.sum(axis=0)).ravel() > 0)
    names = pd.Index([genes] if isinstance(genes, str) else [str(gene) for gene in genes])
    if not len(names):
        raise input_error("genes", "no gene", "names of genes, or None for all")
    unknown = names[~names.isin(counts.var_names)]
    if len(unknown):
        found = f"{len(unknown)} gene(s) that are not in the object, such as {unknown[0]!r}"
        raise input_error("genes", found, "names of genes that have counts")
    return counts.var_names.get_indexer(names.unique())


def _tested(domains: Any, labels: pd.Categorical, counts: Counts, column: str) -> list[str]:
    """Return the domains to test, each with enough spots."""
    known = list(labels.categories)
    if domains is None:
        names = known
    else:
        asked = [domains] if isinstance(domains, str) or not isinstance(domains, Sequence) else domains
        names = list(dict.fromkeys(str(one) for one in asked))
        unknown = [one for one in names if one not in known]
        if unknown or not names:
            found = describe(unknown[0]) if unknown else "no domain"
            raise input_error("domains", found, f"some of {', '.join(map(repr, known))}, or None for all")
    sizes = spots_with_counts(labels, counts.matrix)
    few = [one for one in names if sizes[one] < _FEWEST]
    if few:
        found = f"{sizes[few[0]]} spot(s) with counts in domain {few[0]!r}"
        todo = "Name the domains to test by domains=, or merge small ones."
        raise input_error(f"adata.obs[{column!r}]", found, f"{_FEWEST} or more in a domain", todo)
    if sum(size > 0 for size in sizes.values()) < 2:
        raise input_error(f"adata.obs[{column!r}]", "spots with counts in one domain", "two or more domains")
    return names
