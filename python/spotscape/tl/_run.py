"""``run_spotscape``: from counts and coordinates to an embedding and domains, in one call."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import anndata as ad
import numpy as np
from anndata import AnnData
from scipy import sparse

from spotscape import _keys
from spotscape._adata import in_memory_copy
from spotscape._neighbors import FEWEST_NEIGHBORS
from spotscape._validate import check_integer, describe, input_error
from spotscape.config import SpotscapeConfig, resolve_config
from spotscape.engine.device import resolve_device
from spotscape.engine.slice_graph import SliceGraph
from spotscape.engine.trainer import Progress, fit
from spotscape.gr import check_coordinates, spatial_neighbors
from spotscape.pp import check_adata, find_counts, normalized_expression, select_genes
from spotscape.tl._domains import find_domains, write_domains
from spotscape.tl._inputs import check_n_domains
from spotscape.tl._record import collected_warnings, versions


def run_spotscape(
    adata: AnnData,
    *,
    n_domains: int | None = None,
    config: SpotscapeConfig | Mapping[str, Any] | str | None = None,
    seed: int = 0,
    device: str = "auto",
    layer: str | None = None,
    spatial_key: str = _keys.SPATIAL,
    key_added: str = _keys.KEY_ADDED,
    progress: bool | Progress = True,
    copy: bool = False,
) -> AnnData | None:
    """Find the spatial domains of one slice.

    Chooses genes, normalises, takes the spatial neighbours (those in ``obsp["spatial_connectivities"]``, or
    `spotscape.gr.spatial_neighbors`), trains the model [1]_ and groups the spots by their embedding. Nothing
    is written before all of it is done.

    Parameters
    ----------
    adata
        Spots x genes, with raw counts in ``X``, a layer or ``raw``, and coordinates in ``obsm[spatial_key]``
        (N x 2 or 3, any unit).
    n_domains
        Number of domains, 2 to N; None has it suggested from the data (see `suggest_n_domains`).
    config
        None or ``"default"``, ``"paper"`` (the published settings), a mapping of settings to change, or a
        `spotscape.SpotscapeConfig`.
    seed
        Integer >= 0 that all randomness of the run comes from. The same seed, machine and number of threads
        give the same result to the bit.
    device
        ``"auto"`` (a GPU if there is one), ``"cpu"``, ``"cuda"``, ``"cuda:N"``.
    layer
        Layer that holds the raw counts; None to look everywhere.
    spatial_key
        Name of the coordinates in ``obsm``. Not used where the object has a spatial graph.
    key_added
        Stem of the names written to.
    progress
        True shows a bar on stderr; a function is called after every epoch with the epoch (from 1), the number
        of epochs, and the loss.
    copy
        Return a changed copy, and leave ``adata`` alone.

    Returns
    -------
    None, or the copy. Writes, and changes nothing else:

    - ``obsm["X_<key_added>"]``: embedding, N x latent_dim, float32;
    - ``obs["<key_added>_domain"]``: categorical, ``"1"`` (the largest domain) to ``"K"``;
    - ``var["<key_added>_genes"]``: bool, genes trained on;
    - ``obsp["spatial_connectivities"]``, ``obsp["spatial_distances"]``, ``uns["spatial_neighbors"]`` where
      there was no graph;
    - ``uns["<key_added>"]``: parameters, losses per epoch, versions, warnings, seconds.

    Raises
    ------
    InputError
        If there are no raw counts or coordinates, names clash, or an argument is out of range; raised before
        training starts.

    Warns
    -----
    SpotscapeWarning
        About spots without counts or neighbours.

    References
    ----------
    .. [1] Global Context-aware Representation Learning for Spatially Resolved Transcriptomics, ICML 2025,
       arXiv 2506.15698.

    Examples
    --------
    >>> import spotscape
    >>> adata = spotscape.datasets.simulate_slice(n_spots=200, n_genes=60, n_domains=3)
    >>> spotscape.tl.run_spotscape(adata, n_domains=3, config={"epochs": 5}, progress=False)
    >>> adata.obsm["X_spotscape"].shape
    (200, 64)
    >>> adata.obs["spotscape_domain"].cat.categories.tolist()
    ['1', '2', '3']
    """
    check_adata(adata)
    settings = resolve_config(config)
    seed = check_integer("seed", seed, 0, 2**32 - 1)
    n_domains = check_n_domains(n_domains, adata.n_obs)
    chosen_device = resolve_device(device)
    if not isinstance(key_added, str) or not key_added or "/" in key_added:
        raise input_error("key_added", describe(key_added), "a name, without '/'")

    seconds: dict[str, float] = {}
    with collected_warnings() as warnings:
        started = time.perf_counter()
        tissue = _spatial_graph(adata, spatial_key)
        seconds["graph"] = time.perf_counter() - started

        started = time.perf_counter()
        counts = find_counts(adata, layer=layer)
        shell = ad.AnnData(counts.matrix)
        shell.obs_names, shell.var_names = adata.obs_names, counts.var_names
        select_genes(shell, n_top_genes=settings.n_top_genes, key_added=key_added)
        genes = counts.var_names[shell.var[_keys.genes(key_added)]]
        expression = normalized_expression(shell, genes=genes, target_sum=settings.target_sum)
        connectivities = tissue.obsp[_keys.SPATIAL_CONNECTIVITIES]
        graph = SliceGraph.from_scipy(expression, connectivities, rank=settings.expression_rank, seed=seed)
        seconds["genes"] = time.perf_counter() - started

        result = fit(graph, settings, seed=seed, device=chosen_device, progress=progress)
        seconds["training"] = result.seconds

        started = time.perf_counter()
        labels, details = find_domains(
            result.embedding.astype("float64"),
            n_domains,
            method=settings.cluster_method,
            seed=seed,
            n_starts=settings.n_starts,
            unit_rows=settings.unit_rows,
        )
        seconds["domains"] = time.perf_counter() - started

    adata = in_memory_copy(adata) if copy else adata
    if _keys.SPATIAL_CONNECTIVITIES not in adata.obsp:
        for key in (_keys.SPATIAL_CONNECTIVITIES, _keys.SPATIAL_DISTANCES):
            adata.obsp[key] = tissue.obsp[key]
        adata.uns[_keys.SPATIAL_NEIGHBORS] = tissue.uns[_keys.SPATIAL_NEIGHBORS]
    adata.obsm[_keys.embedding(key_added)] = result.embedding
    adata.var[_keys.genes(key_added)] = adata.var_names.isin(genes)
    adata.uns[_keys.parameters(key_added)] = {
        "params": {
            **settings.to_dict(),
            "seed": seed,
            "device": str(chosen_device),
            "n_domains": details["n_domains"],
            "n_domains_suggested": n_domains is None,
            "key_added": key_added,
            "expression_source": counts.source,
        },
        "losses": result.losses,
        "stopped_early": result.stopped_early,
        "seconds": seconds,
        "n_genes": len(genes),
        "versions": versions(),
        "warnings": warnings,
    }
    write_domains(adata, labels, details | {"smooth": False}, key_added)
    return adata if copy else None


def _spatial_graph(adata: AnnData, spatial_key: str) -> AnnData:
    """Return the object itself if it has a spatial graph, else a bare one of its spots with a new graph."""
    if _keys.SPATIAL_CONNECTIVITIES in adata.obsp:
        _check_given_graph(adata)
        return adata
    coordinates = check_coordinates(adata, spatial_key)
    bare = ad.AnnData(sparse.csr_matrix((adata.n_obs, 0), dtype="float32"), obsm={spatial_key: coordinates})
    bare.obs_names = adata.obs_names
    spatial_neighbors(bare, spatial_key=spatial_key)
    return bare


def _check_given_graph(adata: AnnData) -> None:
    """Raise where the spatial graph that came with the object cannot be meant."""
    weights = sparse.csr_matrix(adata.obsp[_keys.SPATIAL_CONNECTIVITIES])
    name = f"adata.obsp[{_keys.SPATIAL_CONNECTIVITIES!r}]"
    todo = "Delete it to have it made anew, or call a function of spotscape.gr."
    if not np.isfinite(weights.data).all() or (weights.data < 0).any():
        raise input_error(name, "weights that are NaN, infinite or negative", "weights >= 0", todo)
    typical = float(np.median(np.diff(weights.indptr)))
    if typical < FEWEST_NEIGHBORS:
        raise input_error(name, f"{typical:g} neighbours at the median", f"{FEWEST_NEIGHBORS} or more", todo)
