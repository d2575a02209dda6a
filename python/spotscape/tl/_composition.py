"""``domain_composition``: which cell types each domain is made of, and whether that is more than chance."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from spotscape import _keys
from spotscape._slices import read_slices
from spotscape._validate import SpotscapeWarning, check_flag, check_integer, input_error
from spotscape.annotation.composition import Composition, composition_table, shares_of
from spotscape.annotation.enrichment import between_conditions, in_one_slice, over_slices
from spotscape.annotation.moves import FEWEST_MOVES
from spotscape.comparison.design import design_of
from spotscape.comparison.remarks import on_left_out
from spotscape.comparison.shares import NONE
from spotscape.gr import check_coordinates
from spotscape.gr.coordinates import in_one_plane
from spotscape.gr.sections import check_one_section
from spotscape.pp import check_adata
from spotscape.run.join import check_conditions
from spotscape.run.read import check_key_added
from spotscape.tl._cell_types import read_cell_types
from spotscape.tl._labels import (
    check_reference,
    given_or_run_slice_key,
    read_donors,
    read_labels,
    without_labels,
)


def domain_composition(
    adata: AnnData,
    cell_types: str | Sequence[str] | pd.DataFrame | None = None,
    *,
    signatures: pd.DataFrame | None = None,
    normalize: bool = False,
    domain_key: str | None = None,
    slice_key: str | None = None,
    condition_key: str | None = None,
    donor_key: str | None = None,
    reference: str | None = None,
    min_spots: int = 10,
    n_permutations: int = 999,
    seed: int = 0,
    spatial_key: str = _keys.SPATIAL,
    layer: str | None = None,
    key_added: str = _keys.KEY_ADDED,
) -> Composition:
    """Say which cell types each domain is made of, and which of them are more or less than expected there.

    The share of a type in a domain is its mean over the domain's spots; every spot counts alike. Expected is
    its share in the slice.

    In one slice, chance is taken from moved maps. The domains are turned, turned over and shifted as a whole
    within the tissue, and the correlation of a domain with a type is compared with those after each move
    [1]_. Domains and types both lie in patches, and so would two maps that have nothing to do with each
    other. Shuffling single spots ignores that: for such maps, 40 to 80 % of its p-values are below 0.05, and
    4 to 6 % of these. The fewer patches a slice has, the less can be said of it.

    With several slices these are the replicates, or donors where ``donor_key`` says whose slices they are.
    Their coordinates are not used. What a type's share in a domain differs from that in the slice is compared
    with 0 over slices (or means of donors) by a moderated t-test [2]_. Slices of one donor are alike, and
    counting them apart finds differences that are none.

    Parameters
    ----------
    adata
        With domains in ``obs``. Not changed.
    cell_types
        One type a spot: the name of a column of ``obs``. Proportions: the name of a table in ``obsm``, names
        of several columns of ``obs``, or a DataFrame with the spots' names as its index (spots that it lacks
        are left out). Proportions of SPOTlight sum to 1. Weights of RCTD do not, and need ``normalize``.
        Abundances of cell2location (``"q05_cell_abundance_w_sf"``) are known by their columns' names, and are
        normalised.
    signatures
        In place of ``cell_types``: genes x types, mean counts of a cell of each type. Each spot's counts are
        fitted by non-negative least squares, genes weighted by one over the root of their mean. Where the
        profiles' totals are those of cells, shares are of cells; where all have the same total, of molecules.
    normalize
        Divide the proportions of each spot by their sum. Without it, spots that do not sum to 1 (by 0.01)
        are an error.
    domain_key
        Column of ``obs`` that holds the domains; ``"<key_added>_domain"`` if None.
    slice_key
        Column of ``obs`` with the slices; None: that of `integrate_slices`, or one slice.
    condition_key
        Column of ``obs`` with conditions, one to a slice; None: that of `integrate_slices`, or none. Shares
        in each domain are then compared between conditions, as `compare_domains` does, with slices or donors
        as replicates.
    donor_key
        Column of ``obs`` with the donors (patients, animals), one to a slice. None: each slice is its own
        replicate. Donors with both conditions are compared with themselves, as pairs.
    reference
        The condition that each other one is compared with; None: the first (of text, by the alphabet).
    min_spots
        With several slices: spots of a domain that a slice needs to be compared, 1 or more.
    n_permutations
        With one slice: moves of the map; 0 for no test, which needs no coordinates.
    seed
        Of the moves.
    spatial_key
        Name of the coordinates in ``obsm``.
    layer
        Layer that holds the raw counts, for ``signatures``; None to look everywhere.
    key_added
        Stem of the names of the run.

    Returns
    -------
    Composition
        ``composition``: a row for each domain and cell type: ``domain``, ``cell_type``, ``n_spots`` (with a
        domain and a type), ``share``. With several slices a row for each slice, and ``slice`` first; with
        conditions ``condition`` after it, with donors ``donor``. NaN where a slice lacks a domain.

        ``enrichment``: a row for each domain and cell type: ``domain``, ``cell_type``, ``share``,
        ``expected`` (both means over the slices or donors compared), ``log2_ratio``, ``z`` (above 0 where
        there is more: standard deviations of the moved maps, or of slices that number of a normal
        distribution which has the same p-value), ``p_value``, ``p_adjusted`` (Benjamini and Hochberg, over
        all rows), ``n_slices``, with donors ``n_donors``, and ``method`` (``"moves"``, ``"moderated t"``, or
        ``"none"`` where nothing was tested).

        ``comparison``: None without conditions, else a row for each domain, cell type and compared condition:
        ``domain``, ``cell_type``, ``condition``, ``reference``, ``share``, ``share_reference``,
        ``log2_ratio``, ``p_value``, ``p_adjusted`` (within a comparison), ``method``, ``n`` and
        ``n_reference`` with ``unit`` (how many were compared, and what: ``"slice"``, ``"donor"`` or
        ``"pair"``).

    Raises
    ------
    InputError
        If domains, cell types, slices, donors or coordinates are missing or wrong; if proportions are
        negative, partly missing, or do not sum to 1; if the genes of the object do not tell the signatures
        apart.

    Warns
    -----
    SpotscapeWarning
        Where spots have no cell type, genes of the signatures are missing, a donor was left out, or something
        could not be tested.

    References
    ----------
    .. [1] Mrkvička et al. (2021), Revisiting the random shift approach for testing in spatial statistics,
       Spatial Statistics 42.
    .. [2] Smyth (2004), Linear models and empirical Bayes methods for assessing differential expression in
       microarray experiments, Statistical Applications in Genetics and Molecular Biology 3(1).

    Examples
    --------
    >>> import numpy as np, spotscape
    >>> adata = spotscape.datasets.simulate_slice(n_spots=400, n_genes=20, n_domains=3)
    >>> deep = adata.obs["ground_truth"] == "WM"
    >>> adata.obs["cell"] = np.where(deep, "oligodendrocyte", "neuron")
    >>> found = spotscape.tl.domain_composition(adata, "cell", domain_key="ground_truth")
    >>> found.enrichment[["domain", "cell_type", "share", "expected"]].round(2).tail(2)
      domain        cell_type  share  expected
    4     WM           neuron    0.0      0.77
    5     WM  oligodendrocyte    1.0      0.23
    >>> bool(found.enrichment["p_value"].iloc[-1] < 0.05)
    True
    """
    check_adata(adata)
    key_added = check_key_added(key_added)
    normalize = check_flag("normalize", normalize)
    min_spots = check_integer("min_spots", min_spots, 1)
    n_permutations = check_integer("n_permutations", n_permutations, 0)
    if 0 < n_permutations < FEWEST_MOVES:
        raise input_error("n_permutations", str(n_permutations), f"{FEWEST_MOVES} or more, or 0 for no test")
    seed = check_integer("seed", seed, 0, 2**32 - 1)
    column = _keys.domain(key_added) if domain_key is None else domain_key
    domains = read_labels(adata, column, given=domain_key is not None)
    slices, conditions, donors = _read_groups(adata, key_added, slice_key, condition_key, donor_key)
    reference = _reference(reference, conditions)
    places = None
    if slices is None and n_permutations:
        places = in_one_plane(check_coordinates(adata, spatial_key), None, spatial_key)
        check_one_section(without_labels(adata, column, None), places, spatial_key)
    types = read_cell_types(adata, cell_types, signatures, normalize=normalize, layer=layer)

    used = _used(domains, types)
    parts, of_domain = types.to_numpy()[used], domains.codes[used].astype(np.int64)
    of_slice = np.zeros(len(parts), dtype=np.int64) if slices is None else slices.codes[used].astype(np.int64)
    n_slices = 1 if slices is None else len(slices.categories)
    shares = shares_of(of_domain, parts, of_slice, len(domains.categories), n_slices)
    if slices is None:
        places = None if places is None else places[used]
        enrichment = in_one_slice(shares, places, of_domain, parts, n_permutations=n_permutations, seed=seed)
    else:
        enrichment = over_slices(shares, min_spots, donors)
    names = [str(name) for name in domains.categories], list(types)
    enrichment = _named(enrichment, *names)
    comparison = None
    if conditions is not None:
        others = conditions.categories.drop(reference)
        of = pd.Series(np.asarray(conditions))
        whose = None if donors is None else donors.reset_index(drop=True)
        found = [between_conditions(shares, of, other, reference, min_spots, whose) for other in others]
        for design in (design_of(of, whose, other, reference) for other in others):
            if design.left_out:
                warnings.warn(on_left_out(design), SpotscapeWarning, stacklevel=2)
        comparison = _named(pd.concat(found, ignore_index=True), *names)
    if n_permutations or slices is not None:
        _warn_of_untested(enrichment, comparison, names[0])
    table = composition_table(
        shares,
        *names,
        None if slices is None else list(slices.categories),
        None if conditions is None else list(conditions),
        None if donors is None else list(donors),
    )
    return Composition(table, enrichment, comparison)


def _read_groups(
    adata: AnnData, key_added: str, slice_key: str | None, condition_key: str | None, donor_key: str | None
) -> tuple[pd.Categorical | None, pd.Categorical | None, pd.Series | None]:
    """Return the slice of each spot, and condition and donor of each slice; None for one slice, or none."""
    run = adata.uns.get(_keys.parameters(key_added), {})
    recorded = run.get("integration", {}) if isinstance(run, Mapping) else {}
    slice_key = given_or_run_slice_key(adata, slice_key, key_added)
    if slice_key is None:
        for name, given in (("condition_key", condition_key), ("donor_key", donor_key)):
            if given is not None:
                raise input_error(name, repr(given), "None for one slice", "Give slice_key= too.")
        return None, None, None
    slices = read_slices(adata, slice_key)
    recorded_key = recorded.get("condition_key")
    if condition_key is None and recorded_key in adata.obs and adata.obs[recorded_key].nunique() > 1:
        condition_key = recorded_key
    check_conditions(adata, slice_key, condition_key)
    donors = None if donor_key is None else read_donors(adata, donor_key, slices)
    if len(slices.categories) < 2:
        return None, None, None
    if condition_key is None:
        return slices, None, donors
    first = np.unique(slices.codes, return_index=True)[1]
    column = pd.Categorical(adata.obs[condition_key]).remove_unused_categories()
    return slices, column.rename_categories([str(name) for name in column.categories])[first], donors


def _reference(reference: Any, conditions: pd.Categorical | None) -> str:
    """Return the condition to compare with; nothing without conditions."""
    if conditions is not None:
        return check_reference(reference, list(conditions.categories))
    if reference is not None:
        raise input_error("reference", repr(reference), "None without conditions", "Give condition_key= too.")
    return ""


def _used(domains: pd.Categorical, types: pd.DataFrame) -> np.ndarray:
    """Return which spots have a domain and cell types; say how many lack only the latter."""
    labelled = domains.codes >= 0
    used = labelled & types.notna().all(axis=1).to_numpy()
    n_without = int((labelled & ~used).sum())
    if not used.any():
        raise input_error("cell_types", "no spot with a domain and cell types", "cell types of the spots")
    if n_without:
        text = f"{n_without:,} of {int(labelled.sum()):,} spots have no cell type, and are left out."
        warnings.warn(text, SpotscapeWarning, stacklevel=3)
    return used


def _named(table: pd.DataFrame, domains: list[str], cell_types: list[str]) -> pd.DataFrame:
    """Put names in place of numbers."""
    for name, values in (("domain", domains), ("cell_type", cell_types)):
        table[name] = np.asarray(values, dtype=object)[table[name].to_numpy()]
    return table


def _warn_of_untested(enrichment: pd.DataFrame, comparison: pd.DataFrame | None, domains: list[str]) -> None:
    """Say which domains were not compared with chance, or between conditions."""
    if len(domains) == 1:
        text = f"There is one domain, {domains[0]}: nothing was compared with chance."
        warnings.warn(text, SpotscapeWarning, stacklevel=3)
    tables = [] if len(domains) == 1 else [(enrichment, "with chance")]
    if comparison is not None:
        tables.append((comparison, "between conditions"))
    for table, how in tables:
        untested = (table["method"] == NONE).groupby(table["domain"], sort=False).all()
        names = [str(one) for one in untested.index[untested]]
        if names:
            text = (
                f"Domain(s) {', '.join(names)} were not compared {how}: "
                "too few slices or donors have enough spots there, or one slice leaves its map no room."
            )
            warnings.warn(text, SpotscapeWarning, stacklevel=3)
