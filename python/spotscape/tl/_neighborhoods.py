"""``domain_neighborhoods``: which domains or cell types lie beside which, against chance."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from spotscape import _keys
from spotscape._docs import filled
from spotscape._slices import read_slices
from spotscape._validate import SpotscapeWarning, check_integer, input_error
from spotscape.annotation.neighborhoods import Neighborhoods, neighborhoods
from spotscape.comparison.design import PAIR, Design, design_of
from spotscape.comparison.genes import Groups, adjusted
from spotscape.comparison.permutation import FEWEST_SLICES, permute_samples
from spotscape.comparison.remarks import SEVERAL, on_left_out
from spotscape.gr.spatial_graph import spatial_graph
from spotscape.pp import check_adata
from spotscape.run.read import check_key_added
from spotscape.tl._labels import (
    check_reference,
    given_or_run_slice_key,
    read_donors,
    read_groups,
    read_labels,
    without_labels,
)

_FEWEST_PERMUTATIONS = 10
_MOST_NAMES = 1000
"""More different names than this are no domains or cell types, and make tables of millions of pairs."""
_SIGNIFICANT = 0.05


@filled()
def domain_neighborhoods(
    adata: AnnData,
    *,
    key: str | None = None,
    slice_key: str | None = None,
    condition_key: str | None = None,
    donor_key: str | None = None,
    reference: str | None = None,
    n_permutations: int = 1000,
    seed: int = 0,
    spatial_key: str = _keys.SPATIAL,
    key_added: str = _keys.KEY_ADDED,
) -> Neighborhoods:
    """Count which domains or cell types lie beside which, and compare that with chance.

    A contact is an edge of the spatial graph: the object's own, else one made as a run makes it. Chance is
    that the names are dealt anew to the spots of each slice. Counts and z-scores are those of
    `squidpy.gr.nhood_enrichment` (with ``library_key`` for slices) and `squidpy.gr.interaction_matrix` [1]_.

    This answers which cell types lie beside which. Of domains it says little: they are smooth, so each lies
    beside itself far more than names that are dealt freely, and beside others far less. Their z-scores are
    large on any tissue. Cell types in patches are smooth as well. z-scores also grow with the number of
    spots, so compare tissues by ``log2_odds``, which do not. What domains border on is in `describe_domains`.

    With ``condition_key`` slices are the units: the mean ``log2_odds`` of two conditions are compared by all
    ways to deal the conditions to the slices (10,000 draws where there are more). Few slices give no small p:
    2 against 2 give 0.33 at best, 3 against 3 give 0.1, 4 against 4 give 0.03. ``smallest_p`` says it. With
    ``donor_key`` donors are the units, by the means of their slices. Slices of one donor are alike, and
    counting them apart finds differences that are none. Donors with both conditions are compared with
    themselves: the two are dealt anew within each.

    Parameters
    ----------
    adata
        With names in ``obs``, and coordinates in ``obsm`` or a spatial graph.
    key
        Column of ``obs`` with the names: domains or cell types; ``"<key_added>_domain"`` if None. Spots
        without one are left out, with their edges.
    slice_key
        Column of ``obs`` with the slices; None: that of `integrate_slices`, or one slice.
    condition_key
        Column of ``obs`` with the conditions, one to a slice, two slices or more each; None to compare none.
    donor_key
        Column of ``obs`` with the donors (patients, animals), one to a slice; of each compared condition two
        or more. None: each slice is its own replicate.
    reference
        The condition that each other one is compared with; None: the first (of text, by the alphabet).
    n_permutations
        How often names are dealt anew for z-scores and p-values of the tissue, 10 or more.
    seed
        Of all draws.
    spatial_key
        {spatial_key}
    key_added
        {key_added}

    Returns
    -------
    Neighborhoods
        ``zscore`` and ``count``: name x name. Edges are counted from both ends, so that a count on the
        diagonal is twice the number of contacts.

        ``pairs``: a row for each two names, and for each name with itself, over all slices: ``first``,
        ``second``, ``contacts``, ``expected`` (by chance, exact), ``log2_odds`` (log2 of the odds that a
        contact is one of these, over those odds by chance; half a contact is added to each number),
        ``zscore``, ``p_value`` (two-sided, of the draws, not adjusted).

        ``slices``: such rows for each ``slice``, without z-scores and p-values. ``log2_odds`` are NaN where a
        slice lacks a name. None for one slice.

        ``differences``: a row for each pair and compared condition: ``first``, ``second``, ``condition``,
        ``reference``, ``log2_odds`` and ``log2_odds_reference`` (means over slices or donors),
        ``difference``, ``p_value`` (two-sided), ``p_adjusted`` (Benjamini and Hochberg, within a comparison),
        ``smallest_p`` (that so many can give), ``n`` and ``n_reference`` with ``unit`` (how many have both
        names, and of what: ``"slice"``, ``"donor"`` or ``"pair"``). None without ``condition_key``.

        Writes what squidpy writes, so that `squidpy.pl.nhood_enrichment` and `squidpy.pl.interaction_matrix`
        draw it (they ask for a categorical column): ``uns["<key>_nhood_enrichment"]``, a dictionary with
        ``"zscore"`` and ``"count"``, and ``uns["<key>_interactions"]``, the count. Rows are the column's
        categories.

    Raises
    ------
    InputError
        If a column is missing or empty, there is one name only or more than 1000, no edge joins two spots
        with names, a condition changes inside a slice or has fewer than two slices (or donors), donors are
        given without conditions, or there is no spatial graph and none can be made.

    Warns
    -----
    SpotscapeWarning
        Where spots have no name, a donor was left out, or so few slices (or donors) cannot give a p-value
        below 0.05.

    References
    ----------
    .. [1] Palla et al. (2022), Squidpy: a scalable framework for spatial omics analysis, Nature Methods 19.

    Examples
    --------
    >>> import anndata, numpy as np, spotscape
    >>> adata = anndata.AnnData(np.ones((64, 1), dtype="float32"))
    >>> adata.obsm["spatial"] = np.array([[x, y] for x in range(8) for y in range(8)])
    >>> spotscape.gr.spatial_neighbors_radius(adata, radius=1.0)
    >>> adata.obs["type"] = np.where(adata.obsm["spatial"].sum(axis=1) % 2, "black", "white")
    >>> found = spotscape.tl.domain_neighborhoods(adata, key="type")
    >>> found.pairs[["first", "second", "contacts", "expected"]].round(1)
       first second  contacts  expected
    0  black  black       0.0      27.6
    1  black  white     112.0      56.9
    2  white  white       0.0      27.6
    >>> bool(found.zscore.loc["black", "white"] > 5), bool(found.zscore.loc["black", "black"] < -5)
    (True, True)
    >>> sorted(key for key in adata.uns if "type" in key)
    ['type_interactions', 'type_nhood_enrichment']
    """
    check_adata(adata)
    key_added = check_key_added(key_added)
    n_permutations = check_integer("n_permutations", n_permutations, _FEWEST_PERMUTATIONS)
    seed = check_integer("seed", seed, 0, 2**32 - 1)
    column = _keys.domain(key_added) if key is None else key
    labels = _check_names(read_labels(adata, column, given=key is not None, argument="key"), column)
    slice_key = given_or_run_slice_key(adata, slice_key, key_added)
    slices = None if slice_key is None else read_slices(adata, slice_key)
    groups = _conditions(adata, slice_key, condition_key, column)
    designs = _designs(adata, groups, donor_key, reference)
    graph = spatial_graph(without_labels(adata, column, slice_key), spatial_key, slice_key)
    without = int((labels.codes < 0).sum())
    if without:
        text = f"{without} of {adata.n_obs} spots have nothing in adata.obs[{column!r}] and are left out."
        warnings.warn(text, SpotscapeWarning, stacklevel=2)
    found = neighborhoods(
        labels,
        graph.obsp[_keys.SPATIAL_CONNECTIVITIES],
        slices=slices,
        n_permutations=n_permutations,
        seed=seed,
    )
    if found.slices is not None and designs:
        differences = _differences(found.slices, designs, seed)
        found = found._replace(differences=differences)
        _warn_of_few(differences)
        for design in designs:
            if design.left_out:
                warnings.warn(on_left_out(design), SpotscapeWarning, stacklevel=2)
    _write(adata, column, found)
    return found


def _check_names(labels: pd.Categorical, column: str) -> pd.Categorical:
    """Return the names, or raise where there are too few or too many to compare."""
    n_names = len(labels.categories)
    if not 2 <= n_names <= _MOST_NAMES:
        found = f"one name, {labels.categories[0]!r}" if n_names == 1 else f"{n_names:,} different names"
        raise input_error(f"adata.obs[{column!r}]", found, f"2 to {_MOST_NAMES:,} domains or cell types")
    return labels


def _conditions(adata: AnnData, slice_key: str | None, condition_key: Any, column: str) -> Groups | None:
    """Return the condition of each slice, each with enough slices; None where none are to be compared."""
    if condition_key is None:
        return None
    if slice_key is None:
        raise input_error("slice_key", "None, and none in the record of a run", "the name of a column")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SpotscapeWarning)  # of one slice a condition, which is refused here
        groups = read_groups(adata, slice_key, condition_key, column)
    numbers = groups.of_slice.value_counts()
    if numbers.min() < FEWEST_SLICES:
        found = f"condition {str(numbers.idxmin())!r} with one slice"
        todo = "Leave condition_key out, and look at the table of slices."
        raise input_error(f"adata.obs[{condition_key!r}]", found, "two slices or more in each", todo)
    return groups


def _designs(adata: AnnData, groups: Groups | None, donor_key: Any, reference: Any) -> list[Design]:
    """Return what is compared with the reference, one to each other condition; none without conditions."""
    if groups is None:
        if donor_key is not None:
            found, expected = repr(donor_key), "None without conditions"
            raise input_error("donor_key", found, expected, "Give condition_key= too.")
        return []
    reference = check_reference(reference, list(groups.conditions.categories))
    donors = None if donor_key is None else read_donors(adata, donor_key, groups.slices)
    others = groups.conditions.categories.drop(reference)
    designs = [design_of(groups.of_slice, donors, other, reference) for other in others]
    for design in designs:
        n, name = min((design.n, design.other), (design.n_reference, reference))
        if n < FEWEST_SLICES:
            whose = "with both conditions" if design.unit == PAIR else f"of condition {name!r}"
            todo = "Leave condition_key out, and look at the table of slices."
            found, expected = f"{n} donor(s) {whose} to compare", "two or more"
            raise input_error(f"adata.obs[{donor_key!r}]", found, expected, todo)
    return designs


def _differences(slices: pd.DataFrame, designs: list[Design], seed: int) -> pd.DataFrame:
    """Return how the mean log odds of each pair differ between each other condition and the reference."""
    names = list(dict.fromkeys(slices[_keys.SLICE]))
    values = slices["log2_odds"].to_numpy().reshape(len(names), -1).T
    pairs = slices[["first", "second"]].iloc[: len(values)]
    tables = []
    for design in designs:
        test = permute_samples(values, design, seed=seed)
        table = pairs.assign(
            **{_keys.CONDITION: design.other},
            reference=design.reference,
            log2_odds=test.first,
            log2_odds_reference=test.second,
            difference=test.first - test.second,
            p_value=test.p_value,
            p_adjusted=adjusted(test.p_value),
            smallest_p=test.smallest,
            n=test.n_first,
            n_reference=test.n_second,
            unit=design.unit,
        )
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _warn_of_few(differences: pd.DataFrame) -> None:
    """Say where no p-value can be small, whatever the tissue is."""
    for condition, rows in differences.groupby(_keys.CONDITION, sort=False):
        smallest, against = rows["smallest_p"].min(), rows["reference"].iloc[0]
        if smallest >= _SIGNIFICANT:
            text = (
                f"So few {SEVERAL[rows['unit'].iloc[0]]} of {condition} and {against} give no p-value below "
                f"{smallest:.2g}, however they differ. Look at the differences themselves."
            )
            warnings.warn(text, SpotscapeWarning, stacklevel=3)


def _write(adata: AnnData, column: str, found: Neighborhoods) -> None:
    """Write as squidpy does: a row and a column for each category, also for one that no spot has."""
    names = [str(name) for name in pd.Categorical(adata.obs[column]).categories]
    zscore, count = (table.reindex(index=names, columns=names) for table in (found.zscore, found.count))
    whole = count.fillna(0).to_numpy(dtype=np.float64)
    adata.uns[_keys.nhood_enrichment(column)] = {
        "zscore": zscore.to_numpy(dtype=np.float64),
        "count": whole.astype(np.uint32),
    }
    adata.uns[_keys.interactions(column)] = whole
