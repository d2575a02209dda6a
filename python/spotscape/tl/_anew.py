"""The domains of a run, found anew on other counts of the same spots."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from spotscape import _keys
from spotscape._validate import SpotscapeWarning, input_error
from spotscape.config import SpotscapeConfig
from spotscape.tl._domains import spatial_domains
from spotscape.tl._integrate import integrate_slices
from spotscape.tl._run import run_spotscape

_UNS = (_keys.SPATIAL_NEIGHBORS, _keys.MICROMETRES_PER_UNIT, _keys.SPATIAL)


def check_run(adata: AnnData, key_added: str) -> Mapping[str, Any]:
    """Return the record of a run that can be made again, or raise.

    Parameters
    ----------
    adata
        Not changed.
    key_added
        Stem of the run's names.
    """
    record = adata.uns.get(_keys.parameters(key_added), {})
    name, expected = f"adata.uns[{_keys.parameters(key_added)!r}]", "the record of a run on these spots"
    if not isinstance(record, Mapping) or "encoder" not in record.get("params", {}):
        todo = "Call spotscape.tl.run_spotscape(adata) first."
        raise input_error(name, "no settings of a run", expected, todo)
    if "mapped" in record:
        raise input_error(name, "spots that were put into the space of another run", expected)
    return record


def domains_anew(
    adata: AnnData,
    counts: sparse.csr_matrix,
    genes: pd.Index,
    *,
    share: float,
    n_domains: int,
    record: Mapping[str, Any],
) -> pd.Categorical:
    """Return the domains that the run would have found on a part of its counts.

    Parameters are those of `run_anew`.
    """
    private = run_anew(adata, counts, genes, share=share, n_domains=n_domains, record=record)
    if record.get("domains", {}).get("smooth"):
        group_anew(private, n_domains, record)
    return pd.Categorical(private.obs[_keys.domain()])


def group_anew(private: AnnData, n_domains: int, record: Mapping[str, Any]) -> None:
    """Group the embedding of `run_anew` into another number of domains, as the run grouped its own."""
    details = record.get("domains", {})
    kinds = {"method": str, "smooth": bool, "n_starts": int, "seed": int}
    known = {name: kind(details[name]) for name, kind in kinds.items() if name in details}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SpotscapeWarning)  # of numbers that are not found
        spatial_domains(private, n_domains=n_domains, **known)


def run_anew(
    adata: AnnData,
    counts: sparse.csr_matrix,
    genes: pd.Index,
    *,
    share: float,
    n_domains: int,
    record: Mapping[str, Any],
) -> AnnData:
    """Return what the run would have left in an object that has a part of its counts.

    Settings, seed, spatial graph and slices are the run's; labels are not smoothed.

    Parameters
    ----------
    adata
        After the run; not changed.
    counts
        Of the same spots x ``genes``.
    genes
        Names of the columns.
    share
        Of the molecules that are in ``counts``: spots are scaled to that share of the run's total.
    n_domains
        How many to find.
    record
        Of the run, as `check_run` gave it.
    """
    params, details = record["params"], record.get("domains", {})
    settings = {field.name: params[field.name] for field in fields(SpotscapeConfig) if field.name in params}
    settings["cluster_method"] = details.get("method", settings["cluster_method"])
    settings["n_starts"] = int(details.get("n_starts", settings["n_starts"]))
    settings["target_sum"] = share * float(params["target_sum"])
    private = AnnData(counts, obs=pd.DataFrame(index=adata.obs_names), var=pd.DataFrame(index=genes))
    private.uns.update({name: adata.uns[name] for name in _UNS if name in adata.uns})
    made_from = adata.uns.get(_keys.SPATIAL_NEIGHBORS, {}).get(_keys.MADE_FROM, {})
    spatial_key = str(made_from.get("spatial_key", _keys.SPATIAL))
    if spatial_key in adata.obsm:
        private.obsm[spatial_key] = np.asarray(adata.obsm[spatial_key])
    for name in (_keys.SPATIAL_CONNECTIVITIES, _keys.SPATIAL_DISTANCES):
        if name in adata.obsp:
            private.obsp[name] = adata.obsp[name]
    shared: dict[str, Any] = {
        "n_domains": n_domains,
        "config": SpotscapeConfig(**settings),
        "seed": int(params["seed"]),
        "spatial_key": spatial_key,
        "progress": False,
    }
    slice_key = record.get("integration", {}).get("slice_key")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SpotscapeWarning)  # of the data: said when the run was made
        if slice_key is None:
            run_spotscape(private, **shared)
        else:
            private.obs[slice_key] = adata.obs[slice_key].to_numpy()
            integrate_slices(
                private, slice_key=slice_key, correction=float(params.get("correction", 1.0)), **shared
            )
    return private
