"""``compare_domains``: what differs between conditions, in the size of domains and in their genes."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from spotscape import _keys
from spotscape._adata import in_memory_copy
from spotscape._docs import filled
from spotscape._validate import SpotscapeWarning, check_choice, check_integer, describe, input_error
from spotscape.comparison.closest import Closest, profiles
from spotscape.comparison.design import Design, design_of
from spotscape.comparison.genes import Counts, Groups, adjusted, compare_genes, no_genes
from spotscape.comparison.remarks import on_alike, remarks_on
from spotscape.comparison.shares import MODERATED_T, TESTS, compare_composition
from spotscape.pp import check_adata, find_counts
from spotscape.run.read import check_key_added
from spotscape.run.record import collected_warnings
from spotscape.tl._labels import check_reference, read_donors, read_groups

ABSENT = 0.05
"""A domain is in one condition only if its share in the other is below this part of its share in the one."""
MIN_SPOTS = 10
_CONDITION_KEY, _SLICE_KEY = "condition_key", "slice_key"


@filled()
def compare_domains(
    adata: AnnData,
    *,
    condition_key: str | None = None,
    slice_key: str | None = None,
    donor_key: str | None = None,
    reference: str | None = None,
    domain_key: str | None = None,
    test: str = MODERATED_T,
    min_spots: int = MIN_SPOTS,
    layer: str | None = None,
    key_added: str = _keys.KEY_ADDED,
    copy: bool = False,
) -> AnnData | None:
    """Compare two or more conditions: how large each domain is, and which genes differ within it.

    Slices are the replicates, or donors where ``donor_key`` says whose slices they are. Slices of one donor
    are alike, and counting them apart finds differences that are none. Donors with both conditions are
    compared with themselves, as pairs.

    The shares of a domain are compared on the arcsine square root scale [1]_, as means of a donor's slices.
    Genes are compared by pseudobulk where both conditions have two or more slices (donors) with enough spots
    of the domain: counts are added up to one sample of each slice, donor, or donor and condition, and
    compared as log2 counts per million, with a prior count in proportion to the sample's total, as in edgeR.
    A gene is tested if it has 10 counts or more, in a sample of median size, in as many samples as the
    smaller condition has, and 15 in all. Shares and pseudobulk are tested by a moderated t-test [2]_.
    Elsewhere scanpy compares spots by Wilcoxon's test. Spots of one slice are not independent, so its
    p-values are too small. Use only the order of its genes.

    Parameters
    ----------
    adata
        After `integrate_slices`, with raw counts.
    condition_key
        Name in ``obs`` of the condition, one to a slice; None: that given to `integrate_slices`.
    slice_key
        Name in ``obs`` of the slices; None: that of `integrate_slices`.
    donor_key
        Name in ``obs`` of the donors (patients, animals), one to a slice. None: each slice is its own
        replicate. Of donors with both conditions and others with one, those are compared that leave the test
        more degrees of freedom, and a warning names the rest.
    reference
        The condition that each other one is compared with; None: the first (of text, by the alphabet).
    domain_key
        Name in ``obs`` of the domains; None: those of the run ``key_added``.
    test
        How shares are tested. ``"moderated t"``, or ``"permutation"``: conditions dealt anew to the slices
        (donors), or within each donor. That needs no model, and is exact where there are up to 10,000 ways.
        It cannot give small p-values with few slices; ``smallest_p`` says the smallest.
    min_spots
        Spots of a domain that a slice or donor (pseudobulk) or a condition (Wilcoxon) needs to be compared,
        2 or more.
    layer
        {layer}
    key_added
        {key_read_and_written}
    copy
        {copy}

    Returns
    -------
    None, or the copy. Writes ``uns["<key_added>_comparison"]``, a dictionary with

    - ``"composition"``: a row for each domain and compared condition: ``domain``, ``condition``,
      ``reference``, ``share`` and ``share_reference`` (means over slices or donors), ``log2_ratio`` (infinite
      where one is 0), ``p_value`` and ``p_adjusted`` (Benjamini and Hochberg, within a comparison),
      ``smallest_p`` (of a permutation, else NaN), ``method`` (``test``, or ``"none"`` with NaN for p where a
      condition has one slice or donor), ``n`` and ``n_reference`` with ``unit`` (how many were compared, and
      what: ``"slice"``, ``"donor"`` or ``"pair"``), ``only_in`` (the condition that has the domain where the
      other has less than 5 % of its share, else ""), ``closest`` and ``similarity`` (of such a domain: the
      other condition's domain that differs from its slices most alike, and how much: 1 is the same, 0 is
      nothing in common, NaN where too few spots or too little signal says nothing);
    - ``"genes"``: a row for each tested gene, domain and compared condition: ``domain``, ``condition``,
      ``reference``, ``gene``, ``log2_fold_change``, ``mean`` and ``mean_reference`` (counts per 10,000),
      ``p_value``, ``p_adjusted`` (within domain and comparison), ``method`` (``"pseudobulk"`` or
      ``"wilcoxon"``), ``n`` and ``n_reference`` (slices, donors, pairs, or spots); smallest p-value first;
    - ``"shares"``: a row for each slice and domain: ``slice``, ``condition``, ``donor`` (where given),
      ``domain``, ``n_spots``, ``share`` (of the slice's spots that have a domain);
    - ``"condition_key"``, ``"slice_key"``, ``"donor_key"`` ("" for none), ``"domain_key"``, ``"reference"``,
      ``"test"``, ``"min_spots"``, ``"warnings"``.

    Raises
    ------
    InputError
        If a column is missing or empty, there is one condition only, a slice lies in two, or is of
        two donors, ``reference`` is no condition, ``test`` is something else, ``min_spots`` is no integer
        >= 2, or the counts are not raw.

    Warns
    -----
    SpotscapeWarning
        Where a condition has one slice or donor, spots were compared in place of slices, a domain or donor
        was left out, no p-value of a permutation can be below 0.05, or a domain of one condition is like one
        of the other (similarity 0.75 or more), as where a difference between slices poses as a domain.

    References
    ----------
    .. [1] Phipson et al. (2022), propeller: testing for differences in cell type proportions in single cell
       data, Bioinformatics 38.
    .. [2] Smyth (2004), Linear models and empirical Bayes methods for assessing differential expression in
       microarray experiments, Statistical Applications in Genetics and Molecular Biology 3(1).

    Examples
    --------
    >>> import spotscape
    >>> slices = spotscape.datasets.simulate_slices(n_slices=4, n_spots=120, n_genes=60, n_domains=3)
    >>> for one, condition in zip(slices, ("control", "control", "case", "case")):
    ...     one.obs["condition"] = condition
    >>> adata = spotscape.tl.integrate_slices(
    ...     slices, n_domains=3, condition_key="condition", progress=False
    ... )
    >>> spotscape.tl.compare_domains(adata, reference="control")
    >>> table = adata.uns["spotscape_comparison"]["genes"]
    >>> set(table["method"]), set(table["condition"])
    ({'pseudobulk'}, {'case'})
    """
    check_adata(adata)
    key_added = check_key_added(key_added)
    min_spots = check_integer("min_spots", min_spots, 2)
    run = adata.uns.get(_keys.parameters(key_added), {}).get("integration", {})
    test = check_choice("test", test, TESTS)
    condition_key = _given_or(_CONDITION_KEY, condition_key, run.get(_CONDITION_KEY))
    slice_key = _given_or(_SLICE_KEY, slice_key, run.get(_SLICE_KEY))
    domain_key = _keys.domain(key_added) if domain_key is None else domain_key
    with collected_warnings() as texts:
        groups = read_groups(adata, slice_key, condition_key, domain_key)
        reference = check_reference(reference, list(groups.conditions.categories))
        donors = None if donor_key is None else read_donors(adata, donor_key, groups.slices)
        counts = find_counts(adata, layer=layer)
    shares = _shares(groups, donors)
    composition, genes, skipped, designs = [], [], [], []
    for other in groups.conditions.categories.drop(reference):
        design = design_of(groups.of_slice, donors, other, reference)
        designs.append(design)
        composition.append(_compare_shares(shares, groups, design, test))
        for domain in groups.domains.categories:
            found = compare_genes(counts, groups, domain, design, min_spots)
            if found is None:
                skipped.append(f"{domain} ({other})")
            else:
                genes.append(found)
    tables = {
        "composition": _with_closest(pd.concat(composition, ignore_index=True), counts, groups, min_spots),
        "genes": pd.concat(genes, ignore_index=True) if genes else no_genes(),
        "shares": shares,
    }
    remarks = remarks_on(tables["composition"], tables["genes"], designs, skipped, min_spots)
    texts += remarks
    for text in remarks:
        warnings.warn(text, SpotscapeWarning, stacklevel=2)
    adata = in_memory_copy(adata) if copy else adata
    adata.uns[_keys.comparison(key_added)] = tables | {
        _CONDITION_KEY: condition_key,
        _SLICE_KEY: slice_key,
        "donor_key": donor_key or "",
        "domain_key": domain_key,
        "reference": reference,
        "test": test,
        "min_spots": min_spots,
        "warnings": texts,
    }
    return adata if copy else None


def said_of_torn_domains(groups: Groups, find: Callable[[], Counts]) -> str:
    """Name domains of one condition that `compare_domains` finds to be like another's; "" where none is.

    Counts are only looked for where a domain is of one condition alone.
    """
    reference, shares = groups.conditions.categories[0], _shares(groups, None)
    compared = [
        _compare_shares(shares, groups, design_of(groups.of_slice, None, other, reference), MODERATED_T)
        for other in groups.conditions.categories.drop(reference)
    ]
    table = pd.concat(compared, ignore_index=True)
    if not table["only_in"].any():
        return ""
    return on_alike(_with_closest(table, find(), groups, MIN_SPOTS))


def _with_closest(table: pd.DataFrame, counts: Counts, groups: Groups, min_spots: int) -> pd.DataFrame:
    """Return the table with what each domain of one condition is most like in the other."""
    closest = [Closest("", np.nan)] * len(table)
    alone = np.flatnonzero(table["only_in"] != "")
    if len(alone):
        found = profiles(counts, groups)
        for row in alone:
            mine, pair = table["only_in"][row], {table[_keys.CONDITION][row], table["reference"][row]}
            (other,) = pair - {mine}
            closest[row] = found.closest(table["domain"][row], mine, other, min_spots)
    return table.assign(
        closest=[one.domain for one in closest], similarity=[one.similarity for one in closest]
    )


def _given_or(name: str, given: Any, recorded: Any) -> str:
    """Return the column asked for, or that of the run."""
    if given is not None:
        if not isinstance(given, str) or not given:
            raise input_error(name, describe(given), "the name of a column of adata.obs")
        return given
    if not recorded:
        todo = f"Give {name}=, or give it to spotscape.tl.integrate_slices."
        raise input_error(name, "None, and none in the record of a run", "the name of a column", todo)
    return str(recorded)


def _shares(groups: Groups, donors: pd.Series | None) -> pd.DataFrame:
    """Return how large each domain is in each slice; spots without a domain are not counted."""
    numbers = pd.crosstab(groups.slices, groups.domains, dropna=False)
    numbers = numbers.reindex(index=groups.slices.categories, columns=groups.domains.categories, fill_value=0)
    wide = numbers.to_numpy()
    n_slices, n_domains = wide.shape
    totals = np.maximum(wide.sum(axis=1, keepdims=True), 1)
    return pd.DataFrame(
        {
            _keys.SLICE: np.repeat(list(groups.slices.categories), n_domains),
            _keys.CONDITION: np.repeat(groups.of_slice.to_numpy(), n_domains),
            **({} if donors is None else {"donor": np.repeat(donors.to_numpy(), n_domains)}),
            "domain": np.tile(list(groups.domains.categories), n_slices),
            "n_spots": wide.ravel(),
            "share": (wide / totals).ravel(),
        }
    )


def _compare_shares(shares: pd.DataFrame, groups: Groups, design: Design, test: str) -> pd.DataFrame:
    """Return one row a domain: shares in two conditions, and whether they differ."""
    wide = shares["share"].to_numpy().reshape(len(groups.of_slice), -1).T
    found = compare_composition(wide, design, test)
    other, reference = design.other, design.reference
    share, share_reference = found["share"], found["share_reference"]
    only_in = np.select(
        [share_reference < ABSENT * share, share < ABSENT * share_reference], [other, reference], ""
    )
    found.insert(0, "domain", list(groups.domains.categories))
    found.insert(1, _keys.CONDITION, other)
    found.insert(2, "reference", reference)
    found.insert(found.columns.get_loc("smallest_p"), "p_adjusted", adjusted(found["p_value"].to_numpy()))
    return found.assign(only_in=only_in)
