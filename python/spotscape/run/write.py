"""What a run writes into an object."""

from __future__ import annotations

import numpy as np
import pandas as pd
from anndata import AnnData

from spotscape import _keys
from spotscape.domains import Domains
from spotscape.gr.spatial_graph import write_graph
from spotscape.run.analyse import Analysis


def write_analysis(adata: AnnData, analysis: Analysis, key_added: str) -> None:
    """Write what was found into an object."""
    write_graph(adata, analysis.tissue)
    adata.obsm[_keys.embedding(key_added)] = analysis.embedding
    adata.var[_keys.genes(key_added)] = adata.var_names.isin(analysis.genes)
    adata.uns[_keys.parameters(key_added)] = analysis.record
    adata.uns[_keys.model(key_added)] = analysis.model
    _forget_tree(adata, key_added)
    write_domains(adata, analysis.domains, key_added)


def write_domains(adata: AnnData, found: Domains, key_added: str) -> None:
    """Write domains and their record; what belonged to an earlier labelling and no longer fits goes."""
    key = _keys.domain(key_added)
    adata.obs[key] = domain_column(found.labels)
    if found.confidence is not None:
        adata.obs[_keys.confidence(key_added)] = found.confidence
    elif _keys.confidence(key_added) in adata.obs:
        del adata.obs[_keys.confidence(key_added)]
    adata.uns.pop(_keys.colors(key), None)
    adata.uns[_keys.parameters(key_added)] = {
        **adata.uns.get(_keys.parameters(key_added), {}),
        "domains": found.details,
        **({} if found.curve is None else {"n_domains": found.curve}),
    }


def domain_column(labels: np.ndarray) -> pd.Categorical:
    """Return domains, counted from 0, under the names that they are written by: "1", "2", ..."""
    return pd.Categorical.from_codes(labels, [str(label + 1) for label in range(int(labels.max()) + 1)])


def _forget_tree(adata: AnnData, key_added: str) -> None:
    """Take away a tree of domains that was grown in an earlier embedding."""
    leaf = _keys.leaf(key_added)
    if adata.uns.pop(_keys.tree(key_added), None) is not None and leaf in adata.obs:
        del adata.obs[leaf]
    adata.uns.pop(_keys.colors(leaf), None)
