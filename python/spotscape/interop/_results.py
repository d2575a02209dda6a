"""What verbs return or write beside a run, in types that reticulate knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from spotscape import _keys
from spotscape.interop._plain import index_of, tables


def from_comparison(adata: AnnData) -> dict[str, Any]:
    """Return what `spotscape.tl.compare_domains` wrote, its tables as columns.

    Parameters
    ----------
    adata
        After `spotscape.tl.compare_domains`.

    Returns
    -------
    dict
        ``uns["spotscape_comparison"]``, with each table as a dict of lists (text) and arrays (numbers).

    Examples
    --------
    >>> import pandas as pd
    >>> from anndata import AnnData
    >>> from spotscape.interop.reticulate import from_comparison
    >>> adata = AnnData(obs=pd.DataFrame(index=["a"]))
    >>> adata.uns["spotscape_comparison"] = {"genes": pd.DataFrame({"gene": ["g1"]}), "reference": "control"}
    >>> from_comparison(adata)
    {'genes': {'gene': ['g1']}, 'reference': 'control'}
    """
    return tables(adata.uns[_keys.comparison()])


def from_description(found: tuple[pd.DataFrame, pd.DataFrame, str]) -> dict[str, Any]:
    """Return what `spotscape.tl.describe_domains` gave, in types that reticulate knows.

    Parameters
    ----------
    found
        What the verb returned.

    Returns
    -------
    dict
        ``"domains"``: columns; ``"borders"``: numbers, rows as in ``"domains"``; ``"names"``; ``"unit"``.

    Examples
    --------
    >>> import pandas as pd
    >>> from spotscape.interop.reticulate import from_description
    >>> found = pd.DataFrame({"domain": ["1"]}), pd.DataFrame([[0.0]], columns=["1"]), "um"
    >>> from_description(found)
    {'domains': {'domain': ['1']}, 'borders': array([[0.]]), 'names': ['1'], 'unit': 'um'}
    """
    domains, borders, unit = found
    return {
        **tables({"domains": domains}),
        "borders": borders.to_numpy(),
        "names": list(borders),
        "unit": unit,
    }


def from_neighborhoods(found: Any) -> dict[str, Any]:
    """Return what `spotscape.tl.domain_neighborhoods` gave, in types that reticulate knows.

    Parameters
    ----------
    found
        What the verb returned.

    Returns
    -------
    dict
        ``"names"``; ``"zscore"`` and ``"count"``: numbers, names x names; ``"pairs"``, ``"slices"`` and
        ``"differences"``: columns, as far as there are some.

    Examples
    --------
    >>> import pandas as pd
    >>> from scipy import sparse
    >>> from spotscape.annotation.neighborhoods import neighborhoods
    >>> from spotscape.interop.reticulate import from_neighborhoods
    >>> edge = sparse.csr_matrix([[0, 1], [1, 0]])
    >>> plain = from_neighborhoods(neighborhoods(pd.Categorical(["a", "b"]), edge, n_permutations=10))
    >>> plain["names"], plain["count"].tolist(), plain["pairs"]["contacts"].tolist()
    (['a', 'b'], [[0.0, 1.0], [1.0, 0.0]], [0.0, 1.0, 0.0])
    """
    named = {"pairs": found.pairs, "slices": found.slices, "differences": found.differences}
    return {
        "names": list(found.count),
        **{name: getattr(found, name).to_numpy(dtype=np.float64) for name in ("zscore", "count")},
        **tables({name: table for name, table in named.items() if table is not None}),
    }


def from_composition(found: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame | None]) -> dict[str, Any]:
    """Return what `spotscape.tl.domain_composition` gave, its tables as columns.

    Parameters
    ----------
    found
        What the verb returned.

    Returns
    -------
    dict
        ``"composition"``, ``"enrichment"`` and ``"comparison"``, the last None without conditions.

    Examples
    --------
    >>> import pandas as pd
    >>> from spotscape.interop.reticulate import from_composition
    >>> from_composition((pd.DataFrame({"domain": ["1"]}), pd.DataFrame({"domain": ["1"]}), None))
    {'composition': {'domain': ['1']}, 'enrichment': {'domain': ['1']}, 'comparison': None}
    """
    return tables(dict(zip(("composition", "enrichment", "comparison"), found, strict=True)))


def data_frame(values: Any, rows: Sequence[str], columns: Sequence[str]) -> pd.DataFrame:
    """Make a table of an R matrix; NA are missing.

    Parameters
    ----------
    values
        Rows x columns.
    rows, columns
        Their names.

    Returns
    -------
    pandas.DataFrame

    Examples
    --------
    >>> from spotscape.interop.reticulate import data_frame
    >>> data_frame([[1.0]], ["a"], ["b"]).to_dict()
    {'b': {'a': 1.0}}
    """
    names = [str(name) for name in columns]
    return pd.DataFrame(np.asarray(values, dtype=np.float64), index=index_of(rows), columns=names)
