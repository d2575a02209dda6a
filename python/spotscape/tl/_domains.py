"""``spatial_domains``: the embedding becomes labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from sklearn.preprocessing import normalize
from threadpoolctl import threadpool_limits

from spotscape import _keys
from spotscape._adata import in_memory_copy
from spotscape._validate import check_choice, check_flag, check_integer, check_number
from spotscape.config import CLUSTER_METHODS
from spotscape.tl._clustering import (
    SMALL_MATRIX_THREADS,
    by_size,
    gmm_labels,
    kmeans_labels,
    leiden_labels,
    smooth_labels,
)
from spotscape.tl._inputs import check_n_domains, read_embedding, read_graph, read_unit_rows
from spotscape.tl._n_domains import suggest, usable_candidates


def spatial_domains(
    adata: AnnData,
    *,
    n_domains: int | None = None,
    method: str = "gmm",
    smooth: bool = False,
    resolution: float = 1.0,
    seed: int = 0,
    n_starts: int = 10,
    unit_rows: bool | None = None,
    key_added: str = _keys.KEY_ADDED,
    copy: bool = False,
) -> AnnData | None:
    """Group spots into spatial domains by their embedding.

    Parameters
    ----------
    adata
        After `run_spotscape`: with ``obsm["X_<key_added>"]``.
    n_domains
        Number of domains, 2 to the number of spots; None has it suggested (see `suggest_n_domains`), except
        for Leiden, which then follows ``resolution``.
    method
        ``"gmm"``: Gaussian mixture with one covariance shared by all domains, mclust's EEE. ``"kmeans"``.
        ``"leiden"``: communities of the nearest-neighbour graph; with ``n_domains`` the resolution is
        searched for, and the number found can differ where none gives it.
    smooth
        Give each spot the most frequent label among itself and its neighbours in the tissue. Removes single
        stray spots; can thin a layer that is one spot wide.
    resolution
        Leiden's, where ``n_domains`` is None.
    seed
        Of the starts.
    n_starts
        Starts of the mixture and of K-means; the best one is kept.
    unit_rows
        Go by the direction of the embedding only: scale each spot's to unit length first. None: as the run
        did, which is yes for one slice, whose telescope compares spots by cosine, and no for several.
    key_added
        Stem of the names read and written.
    copy
        Return a changed copy, and leave ``adata`` alone.

    Returns
    -------
    None, or the copy. Writes

    - ``obs["<key_added>_domain"]``: categorical, ``"1"`` (the largest domain) to ``"K"``;
    - ``uns["<key_added>"]["domains"]``: how they were made, and the scores where K was suggested.

    Raises
    ------
    InputError
        If the embedding is missing, an argument is out of range, or ``smooth`` finds no spatial graph.

    Examples
    --------
    >>> import anndata, numpy as np
    >>> from spotscape.tl import spatial_domains
    >>> adata = anndata.AnnData(np.ones((40, 2), dtype="float32"))
    >>> rng = np.random.default_rng(0)
    >>> adata.obsm["X_spotscape"] = rng.normal(size=(40, 2)) + np.repeat([[0, 9]], [40], axis=0)
    >>> adata.obsm["X_spotscape"][:10] -= 9
    >>> spatial_domains(adata, n_domains=2)
    >>> adata.obs["spotscape_domain"].value_counts().tolist()
    [30, 10]
    """
    embedding = read_embedding(adata, key_added)
    n_domains = check_n_domains(n_domains, adata.n_obs)
    check_choice("method", method, CLUSTER_METHODS)
    resolution = check_number("resolution", resolution, 1e-6)
    seed = check_integer("seed", seed, 0)
    n_starts = check_integer("n_starts", n_starts, 1)
    check_flag("smooth", smooth)
    unit_rows = read_unit_rows(adata, unit_rows, key_added)
    graph = read_graph(adata) if smooth else None
    labels, details = find_domains(
        embedding,
        n_domains,
        method=method,
        resolution=resolution,
        seed=seed,
        n_starts=n_starts,
        unit_rows=unit_rows,
    )
    if graph is not None:
        labels = by_size(smooth_labels(labels, graph))
    adata = in_memory_copy(adata) if copy else adata
    write_domains(adata, labels, details | {"smooth": bool(smooth)}, key_added)
    return adata if copy else None


def find_domains(
    embedding: np.ndarray,
    n_domains: int | None,
    *,
    method: str,
    resolution: float = 1.0,
    seed: int,
    n_starts: int,
    unit_rows: bool,
) -> tuple[np.ndarray, dict[str, Any]]:
    """Return labels from 0 (largest domain) and a record of how they were made, fit for ``uns``."""
    details: dict[str, Any] = {"method": method, "seed": seed, "n_starts": n_starts, "unit_rows": unit_rows}
    if unit_rows:
        embedding = normalize(embedding)
    with threadpool_limits(SMALL_MATRIX_THREADS):
        if method == "leiden":
            labels = leiden_labels(embedding, n_domains, resolution=resolution, seed=seed)
            details["resolution" if n_domains is None else "n_domains_asked"] = n_domains or resolution
        else:
            if n_domains is None:
                suggestion = suggest(embedding, candidates=usable_candidates(len(embedding)), seed=seed)
                n_domains = suggestion.n_domains
                details |= {"suggested_from": suggestion.candidates, "suggestion_scores": suggestion.scores}
            label = gmm_labels if method == "gmm" else kmeans_labels
            labels = label(embedding, n_domains, n_starts=n_starts, seed=seed)
    labels = by_size(labels)
    return labels, details | {"n_domains": int(labels.max()) + 1}


def write_domains(adata: AnnData, labels: np.ndarray, details: dict[str, Any], key_added: str) -> None:
    """Write labels and their record; colours of an earlier labelling go, as they would no longer fit."""
    names = [str(i + 1) for i in range(int(labels.max()) + 1)]
    key = _keys.domain(key_added)
    adata.obs[key] = pd.Categorical.from_codes(labels, names)
    adata.uns.pop(_keys.colors(key), None)
    adata.uns[_keys.parameters(key_added)] = {
        **adata.uns.get(_keys.parameters(key_added), {}),
        "domains": details,
    }
