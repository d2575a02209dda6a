"""What `align_slices` matches by, read of an object, and which share of the spots has no counterpart."""

from __future__ import annotations

import warnings

import numpy as np
from anndata import AnnData
from scipy import sparse

from spotscape import _keys
from spotscape._validate import InputError, SpotscapeWarning, input_error
from spotscape.alignment.counterparts import lies_in
from spotscape.alignment.footprints import FEWEST_GENES, n_varying
from spotscape.pp import find_counts
from spotscape.pp.expression import log_expression
from spotscape.pp.find import layer_of_run

REPRESENTATIONS = ("matching", "domains")


def expression_to_match_by(
    adata: AnnData, representation: str | None, transform: str, key_added: str
) -> tuple[sparse.csr_matrix | None, str]:
    """Return log expression to match by, or None for the run's embedding; and what is to be said of that."""
    if representation == "domains" or (representation is None and transform == "none"):
        return None, ""
    params = adata.uns.get(_keys.parameters(key_added), {}).get("params", {})
    try:
        counts = find_counts(adata, layer=layer_of_run(adata, params))
    except InputError as error:
        if representation is not None:
            raise
        return None, f"Slices were matched by the run's embedding, which is made for domains: {error}"
    columns = np.arange(len(counts.var_names))
    key = _keys.genes(key_added)
    if key in adata.var and adata.var[key].astype(bool).any():
        columns = np.flatnonzero(counts.var_names.isin(adata.var_names[adata.var[key].astype(bool)]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SpotscapeWarning)  # on empty spots: said by the run
        expression = log_expression(counts, columns)
    found = n_varying(expression)
    if found >= FEWEST_GENES:
        return expression, ""
    if representation is None:
        return None, ""  # as an embedding without expression beside it: the record says what was taken
    name, expected = f"adata.{counts.source}", f"{FEWEST_GENES} or more to match by"
    raise input_error(name, f"{found} gene(s) that differ between spots", expected)


def without_counterpart(aligned: np.ndarray, fixed: np.ndarray) -> dict[str, float]:
    """Return which share of a slice, and of the reference, lies where the other has no tissue."""
    if np.isnan(aligned).any():
        return {}
    shares = [1 - lies_in(one, other).mean() for one, other in ((aligned, fixed), (fixed, aligned))]
    return dict(zip(("unmatched", "reference_unmatched"), map(float, shares), strict=True))
