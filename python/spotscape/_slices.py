"""Which slice each spot is of, where one object holds several."""

from __future__ import annotations

import pandas as pd
from anndata import AnnData

from spotscape._validate import describe, input_error


def read_slices(adata: AnnData, slice_key: str) -> pd.Categorical:
    """Return which slice each spot is of, as text, or raise where ``obs`` does not say.

    Parameters
    ----------
    adata
        With ``obs[slice_key]``: categories, text or numbers. Not changed.
    slice_key
        Name of the column.

    Returns
    -------
    pandas.Categorical
        Categories in the order of the column's own, or in that of their first spots; none unused.

    Raises
    ------
    InputError
        If the column is missing, or a spot has no slice.

    Examples
    --------
    >>> import anndata, pandas as pd
    >>> from spotscape._slices import read_slices
    >>> adata = anndata.AnnData(obs=pd.DataFrame({"slice": [2, 2, 1]}, index=list("abc")))
    >>> list(read_slices(adata, "slice").categories)
    ['2', '1']
    """
    if not isinstance(slice_key, str) or slice_key not in adata.obs:
        known = ", ".join(repr(str(name)) for name in adata.obs) or "nothing"
        raise input_error(
            "slice_key", describe(slice_key), f"the name of a column of adata.obs (it has: {known})"
        )
    column = adata.obs[slice_key]
    if column.isna().any():
        found = f"{int(column.isna().sum())} of {adata.n_obs} spots without a slice"
        raise input_error(f"adata.obs[{slice_key!r}]", found, "a slice for every spot")
    own = (
        column.cat.remove_unused_categories().cat.categories
        if column.dtype == "category"
        else column.unique()
    )
    return pd.Categorical(column.astype(str), categories=[str(name) for name in own])
