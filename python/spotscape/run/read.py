"""What the verbs read from an object, checked."""

from __future__ import annotations

from typing import Any

import numpy as np
from anndata import AnnData
from scipy import sparse

from spotscape import _keys
from spotscape._paths import as_path
from spotscape._validate import (
    check_choice,
    check_flag,
    check_integer,
    check_number,
    describe,
    input_error,
)
from spotscape.config import CLUSTER_METHODS
from spotscape.engine.checkpoint import Checkpoint
from spotscape.gr.spatial_graph import current_graph
from spotscape.pp import check_adata

FEWEST_SPOTS = 50
"""A slice with fewer has too little tissue to learn from."""


def read_embedding(adata: AnnData, key_added: str) -> np.ndarray:
    """Return the embedding (N x d, float64) of an earlier run, or raise where there is none."""
    check_adata(adata)
    key = _keys.embedding(key_added)
    if key not in adata.obsm:
        known = ", ".join(repr(k) for k in adata.obsm) or "nothing"
        raise input_error(
            f"adata.obsm[{key!r}]",
            f"nothing there (adata.obsm holds: {known})",
            "the embedding of a run",
            "Call spotscape.tl.run_spotscape(adata) first, or name its key_added.",
        )
    embedding = np.asarray(adata.obsm[key], dtype=np.float64)
    if embedding.ndim != 2 or not np.isfinite(embedding).all():
        raise input_error(
            f"adata.obsm[{key!r}]", f"shape {embedding.shape} or values that are not finite", "finite N x d"
        )
    return embedding


def read_method(adata: AnnData, method: Any, key_added: str) -> str:
    """Return how the embedding becomes domains: as asked, or as the run did."""
    if method is not None:
        return check_choice("method", method, CLUSTER_METHODS)
    params = adata.uns.get(_keys.parameters(key_added), {}).get("params", {})
    found = str(params.get("cluster_method"))
    return found if found in CLUSTER_METHODS else CLUSTER_METHODS[0]  # spotscape 0.1 had one that is gone


def read_graph(adata: AnnData) -> sparse.csr_matrix:
    """Return the spatial graph (N x N, non-zero for neighbours), or raise where there is none."""
    graph = current_graph(adata)
    if graph is None:
        raise input_error(
            f"adata.obsp[{_keys.SPATIAL_CONNECTIVITIES!r}]",
            "nothing there",
            "the spatial graph",
            "Call spotscape.gr.spatial_neighbors(adata) first.",
        )
    return graph


def check_column(argument: str, column: Any, adata: AnnData) -> str:
    """Return the name of a column of ``obs``, or raise where there is no such."""
    if column not in adata.obs:
        known = ", ".join(repr(str(name)) for name in adata.obs) or "nothing"
        raise input_error(argument, describe(column), f"a column of adata.obs (it has: {known})")
    return str(column)


def check_domains(adata: AnnData, column: Any) -> None:
    """Raise where ``obs`` has no such column of domains."""
    if column not in adata.obs:
        known = ", ".join(repr(str(name)) for name in adata.obs) or "nothing"
        raise input_error(
            f"adata.obs[{column!r}]",
            f"nothing there (adata.obs holds: {known})",
            "the domain of each spot",
            "Call spotscape.tl.run_spotscape(adata) first, or name the column by domain_key.",
        )


def check_n_domains(n_domains: Any, n_spots: int) -> int | None:
    """Return the number of domains as int, or None, or raise."""
    if n_domains is None:
        return None
    if isinstance(n_domains, str):
        raise input_error("n_domains", describe(n_domains), f"an integer from 2 to {n_spots}, or None")
    return check_integer("n_domains", n_domains, 2, n_spots, "Leave it out (None) to have it suggested.")


def check_key_added(key_added: Any) -> str:
    """Return the stem of the names to write, or raise."""
    if not isinstance(key_added, str) or not key_added or "/" in key_added:
        raise input_error("key_added", describe(key_added), "a name, without '/'")
    return key_added


def as_checkpoint(checkpoint: Any, minutes: Any, resume: Any) -> Checkpoint | None:
    """Return where a training keeps its state, or None for nowhere, or raise."""
    check_flag("resume", resume)
    minutes = check_number("checkpoint_minutes", minutes, 0.0)
    if checkpoint is None:
        if resume:
            raise input_error("resume", "True without a checkpoint", "the file to go on from in checkpoint")
        return None
    return Checkpoint(as_path(checkpoint), minutes, resume)
