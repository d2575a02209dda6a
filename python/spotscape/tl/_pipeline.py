"""From counts and coordinates to an embedding and domains: what one slice and several slices share."""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from typing import Any, NamedTuple
from warnings import warn

import numpy as np
import pandas as pd
from anndata import AnnData

from spotscape import _keys
from spotscape._counts import is_whole
from spotscape._expression import choose_genes, log_expression, median_of
from spotscape._fractions import WARNING as FRACTIONS
from spotscape._progress import say
from spotscape._slices import read_slices
from spotscape._spatial_genes import neighborhood_mean
from spotscape._spatial_graph import spatial_graph, write_graph
from spotscape._threads import set_threads
from spotscape._validate import SpotscapeWarning
from spotscape.config import SpotscapeConfig
from spotscape.engine.checkpoint import Checkpoint
from spotscape.engine.device import resolve_device
from spotscape.engine.slice_graph import SliceGraph
from spotscape.engine.trainer import FitResult, Progress, fit, release_helpers
from spotscape.pp import find_counts
from spotscape.tl._domains import Domains, find_domains, write_domains
from spotscape.tl._inputs import FEWEST_SPOTS
from spotscape.tl._model import model_record
from spotscape.tl._n_domains import suggest_from
from spotscape.tl._record import collected_warnings, versions
from spotscape.tl._scale import find_scale, micrometres_per_unit, over_rings
from spotscape.tl._sharpening import find_sharpening

_FEWEST_GENES = 5
"""With fewer genes that differ at all, noise alone makes domains."""


class Analysis(NamedTuple):
    """All that a run found, before anything of it is written.

    Attributes
    ----------
    tissue
        Holds the spatial graph: the object itself where it came with one.
    genes
        Names of the genes used.
    embedding
        N x columns, float32.
    model
        What puts other slices into the same space, for ``uns``.
    domains
        Domain of each spot, how sure it is, and how the domains were made.
    record
        What goes into ``uns``.
    """

    tissue: AnnData
    genes: pd.Index
    embedding: np.ndarray
    model: dict[str, Any]
    domains: Domains
    record: dict[str, Any]


def analyse(
    adata: AnnData,
    *,
    n_domains: int | None,
    settings: SpotscapeConfig,
    seed: int,
    device: str,
    layer: str | None,
    spatial_key: str,
    key_added: str,
    progress: bool | Progress,
    threads: int,
    counts_from: str = "",
    slice_key: str | None = None,
    correction: float = 1.0,
    checkpoint: Checkpoint | None = None,
) -> Analysis:
    """Find the domains of one slice, or of several in one space where ``slice_key`` names them.

    Arguments are checked, and ``adata`` is not changed. ``threads`` is the number that the caller has set,
    ``counts_from`` the place that the counts had before they came into ``adata``.
    """
    chosen_device = resolve_device(device)
    if checkpoint is not None:
        checkpoint.check()
    seconds: dict[str, float] = {}
    with collected_warnings() as warnings:
        if adata.n_obs < FEWEST_SPOTS:
            warn(
                f"{adata.n_obs} spots are few to learn from (fewer than {FEWEST_SPOTS}): the domains may be "
                "those of chance.",
                SpotscapeWarning,
                stacklevel=2,
            )
        started = time.perf_counter()
        tissue = spatial_graph(adata, spatial_key, slice_key)
        connectivities = tissue.obsp[_keys.SPATIAL_CONNECTIVITIES]
        places = _places(tissue, spatial_key)
        mean = neighborhood_mean(connectivities)
        scale = find_scale(settings.scale, mean, places, micrometres_per_unit(adata, spatial_key))
        seconds["graph"] = time.perf_counter() - started

        started = time.perf_counter()
        slices = None if slice_key is None else read_slices(adata, slice_key)
        counts = find_counts(adata, layer=layer)
        totals = counts.totals()
        if settings.target_sum is None:
            settings = replace(settings, target_sum=median_of(totals))
        whole = not settings.fractional_counts or is_whole(counts.matrix)
        if not whole:
            warn(FRACTIONS, SpotscapeWarning, stacklevel=2)
        taken = counts._replace(source=counts_from or counts.source)
        say(progress, taken.describe(totals))
        counts_record, source = _record_of_counts(taken.source, totals, whole), counts.source
        genes = choose_genes(
            counts,
            settings.n_top_genes,
            settings.gene_ranking,
            mean=lambda: mean,
            slices=slices,
        )
        if len(genes) < _FEWEST_GENES:
            text = f"Only {len(genes)} gene(s) differ between spots: the domains may be those of chance."
            warn(text, SpotscapeWarning, stacklevel=2)
        expression = log_expression(counts, counts.var_names.get_indexer(genes), settings.target_sum, totals)
        graph = SliceGraph.from_scipy(
            expression,
            connectivities,
            rank=settings.expression_rank,
            n_components=0 if settings.trains else settings.n_components,
            seed=seed,
            slices=None if slices is None else slices.codes,
            centering=settings.slice_centering,
            slice_noise=settings.slice_noise,
            correction=correction,
            coordinates=places,
        )
        del expression, counts, taken  # the graph has what is needed of it
        set_threads(threads)  # for libraries that came with the choice of genes, too
        seconds["genes"] = time.perf_counter() - started

        started = time.perf_counter()
        trained, sharpening = None, None
        if settings.trains:
            trained = fit(
                graph,
                settings,
                n_domains=n_domains or suggest_from(connectivities, seed),
                seed=seed,
                device=chosen_device,
                progress=progress,
                checkpoint=checkpoint,
            )
            embedding = trained.embedding
        else:
            release_helpers()
            embedding = over_rings(graph.components.scores.numpy(), mean, scale.rings)
            sharpening = find_sharpening(embedding, seed=seed)
            embedding = embedding if sharpening is None else sharpening.apply(embedding)
        seconds["training" if settings.trains else "components"] = time.perf_counter() - started

        started = time.perf_counter()
        found = find_domains(
            embedding.astype("float64"),
            n_domains,
            graph=connectivities,
            method=settings.cluster_method,
            seed=seed,
            n_starts=settings.n_starts,
        )
        seconds["domains"] = time.perf_counter() - started
    record = {
        "params": {
            **settings.to_record(),
            "seed": seed,
            "device": str(chosen_device) if settings.trains else "cpu",
            "n_domains": found.details["n_domains"],
            "n_domains_suggested": n_domains is None,
            "key_added": key_added,
            "expression_source": source,
        },
        "counts": counts_record,
        "threads": threads,
        **({} if settings.trains else {"scale": scale._asdict()}),
        **_record_of(trained),
        **_record_of_slices(graph),
        "seconds": seconds,
        "n_genes": len(genes),
        "versions": versions(),
        "warnings": warnings,
    }
    model = model_record(genes, settings.target_sum, graph, trained, sharpening, scale.rings)
    return Analysis(tissue, genes, embedding, model, found, record)


def _record_of(trained: FitResult | None) -> dict[str, Any]:
    """Return what is kept of how training went, nothing where there was none."""
    if trained is None:
        return {}
    return {
        "training": {"by_tiles": trained.plan.by_tiles, **asdict(trained.plan)},
        "losses": trained.losses,
    }


def _record_of_slices(graph: SliceGraph) -> dict[str, Any]:
    """Return what is kept of how differences between slices were taken out, nothing for one slice."""
    if graph.slices is None or graph.components is None:
        return {}
    return {"integration": {"slice_noise": graph.components.slice_noise, "signal": graph.components.signal}}


def _record_of_counts(place: str, totals: np.ndarray, whole: bool) -> dict[str, Any]:
    """Return what is kept of which counts a run went by: their place, and how many there are."""
    record = {"place": place, "total": float(totals.sum()), "median": float(np.median(totals))}
    return record if whole else {**record, "whole": False}


def _places(adata: AnnData, spatial_key: str) -> np.ndarray | None:
    """Return the coordinates, where there are some: a spatial graph that came with the object needs none."""
    if spatial_key not in adata.obsm:
        return None
    places = np.asarray(adata.obsm[spatial_key])
    usable = places.ndim == 2 and places.dtype.kind in "iuf" and np.isfinite(places).all()
    return places.astype(np.float64) if usable else None


def write_analysis(adata: AnnData, analysis: Analysis, key_added: str) -> None:
    """Write what was found into an object."""
    write_graph(adata, analysis.tissue)
    adata.obsm[_keys.embedding(key_added)] = analysis.embedding
    adata.var[_keys.genes(key_added)] = adata.var_names.isin(analysis.genes)
    adata.uns[_keys.parameters(key_added)] = analysis.record
    adata.uns[_keys.model(key_added)] = analysis.model
    write_domains(adata, analysis.domains, key_added)
