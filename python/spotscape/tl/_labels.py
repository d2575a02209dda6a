"""Labels, slices and conditions of spots, as the verbs that describe domains read them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from spotscape import _keys
from spotscape._slices import read_slices
from spotscape._validate import describe, input_error
from spotscape.comparison.genes import Groups
from spotscape.run.join import check_conditions
from spotscape.run.read import check_column


def given_or_run_slice_key(adata: AnnData, slice_key: str | None, key_added: str) -> str | None:
    """Return the column with the slices: the one given, else that of the run; None for one slice."""
    if slice_key is not None:
        return slice_key
    run = adata.uns.get(_keys.parameters(key_added), {})
    recorded = run.get("integration", {}).get("slice_key") if isinstance(run, dict) else None
    return recorded if recorded in adata.obs else None


def without_labels(adata: AnnData, column: str, slice_key: str | None) -> AnnData:
    """Return what the spatial graph is made or judged from: domains must not be taken for sections."""
    obs = adata.obs.drop(columns=[column] if column != slice_key else [])
    empty = sparse.csr_matrix((adata.n_obs, 0), dtype=np.float32)
    return AnnData(empty, obs=obs, obsm=dict(adata.obsm), obsp=dict(adata.obsp), uns=dict(adata.uns))


def read_labels(adata: AnnData, column: str, *, given: bool, argument: str = "domain_key") -> pd.Categorical:
    """Return the domain of each spot as text, missing where there is none."""
    if not isinstance(column, str) or column not in adata.obs:
        known = ", ".join(repr(str(name)) for name in adata.obs) or "nothing"
        raise input_error(
            argument if given else f"adata.obs[{column!r}]",
            describe(column) if given else "nothing there",
            f"a column of adata.obs with the domain of each spot (it has: {known})",
            f"Call spotscape.tl.run_spotscape(adata) first, or name the column by {argument}.",
        )
    values = adata.obs[column]
    if pd.api.types.is_float_dtype(values.dtype):
        raise input_error(f"adata.obs[{column!r}]", "decimal numbers", "the domain of each spot")
    labels = pd.Categorical(values)
    labels = labels.rename_categories([str(name) for name in labels.categories])
    labels[np.asarray(labels == "")] = np.nan
    labels = labels.remove_unused_categories()
    if not len(labels.categories):
        raise input_error(f"adata.obs[{column!r}]", "no spot with a domain", "the domain of each spot")
    return labels


def read_groups(adata: AnnData, slice_key: str, condition_key: str, domain_key: str) -> Groups:
    """Return who belongs where, checked."""
    slices = read_slices(adata, slice_key)
    check_conditions(adata, slice_key, condition_key)
    if domain_key not in adata.obs:
        todo = "Call spotscape.tl.integrate_slices first, or name the domains by domain_key=."
        known = ", ".join(repr(str(name)) for name in adata.obs)
        raise input_error(f"adata.obs[{domain_key!r}]", f"nothing (it has: {known})", "domains", todo)
    column = pd.Categorical(adata.obs[domain_key]).remove_unused_categories()
    if not len(column.categories):
        raise input_error(f"adata.obs[{domain_key!r}]", "no spot with a domain", "domains")
    domains = column.rename_categories([str(name) for name in column.categories])
    return groups_of(slices, adata.obs[condition_key], domains)


def groups_of(slices: pd.Categorical, condition: pd.Series, domains: pd.Categorical) -> Groups:
    """Return who belongs where."""
    column = pd.Categorical(condition).remove_unused_categories()
    conditions = column.rename_categories([str(name) for name in column.categories])
    first = pd.Series(np.arange(len(slices))).groupby(slices.codes).first()
    of_slice = pd.Series(np.asarray(conditions)[first], index=list(slices.categories))
    return Groups(slices, conditions, domains, of_slice)


def read_donors(adata: AnnData, donor_key: Any, slices: pd.Categorical) -> pd.Series:
    """Return the donor of each slice (indexed by its name), checked."""
    check_column("donor_key", donor_key, adata)
    values, name = adata.obs[donor_key], f"adata.obs[{donor_key!r}]"
    if values.isna().any():
        raise input_error(name, f"{int(values.isna().sum())} spots without a donor", "a donor for every spot")
    of_slice = values.astype(str).groupby(slices, observed=False)
    several = of_slice.nunique()
    if (several > 1).any():
        raise input_error(name, f"more than one donor in slice {str(several.idxmax())!r}", "one to a slice")
    return of_slice.first()[list(slices.categories)]


def check_reference(reference: Any, conditions: list[str]) -> str:
    """Return the condition to compare with."""
    if reference is None:
        return conditions[0]
    if str(reference) not in conditions:
        raise input_error("reference", describe(reference), f"one of {', '.join(map(repr, conditions))}")
    return str(reference)
