"""From counts and coordinates to an embedding and domains: what one slice and several slices share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from anndata import AnnData

from spotscape._progress import say
from spotscape._threads import set_threads
from spotscape.config import SpotscapeConfig
from spotscape.domains import Domains, find_domains
from spotscape.engine.checkpoint import Checkpoint
from spotscape.engine.device import put, resolve_device, where_it_fits
from spotscape.engine.trainer import Progress
from spotscape.run.encoders import ENCODERS, Asked
from spotscape.run.kept_steps import KeptSteps, run_record
from spotscape.run.record import Clock, collected_warnings, versions
from spotscape.run.resolution import in_words
from spotscape.run.steps import read_expression, read_tissue, warn_of_few_spots


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
    units: Mapping[str, float] | None = None,
    slice_key: str | None = None,
    correction: float = 1.0,
    checkpoint: Checkpoint | None = None,
) -> Analysis:
    """Find the domains of one slice, or of several in one space where ``slice_key`` names them.

    Arguments are checked, and ``adata`` is not changed. ``threads`` is the number that the caller has set,
    ``counts_from`` the place that the counts had before they came into ``adata``, and ``units`` the
    micrometres of one unit of each slice's coordinates, where slices have units of their own.
    """
    chosen_device = resolve_device(device)
    if checkpoint is not None:
        checkpoint.check()
    clock, encoder = Clock(), ENCODERS[settings.encoder]
    with collected_warnings() as warnings:
        warn_of_few_spots(adata.n_obs)
        with clock.of("graph"):
            kept = KeptSteps(None if settings.trains else checkpoint)
            tissue = read_tissue(adata, spatial_key, slice_key, settings.scale, units, kept.graph)
            kept.keep_graph(tissue)
        if tissue.rings is not None and tissue.slices is not None:
            say(progress, in_words(tissue.rings, list(tissue.slices.categories)))
        with clock.of("genes"):
            expression = read_expression(
                adata, tissue, settings, layer=layer, counts_from=counts_from, progress=progress
            )
            set_threads(threads)  # for libraries that came with the choice of genes, too
        settings = replace(settings, target_sum=expression.target_sum)
        with clock.of(encoder.step):
            asked = Asked(n_domains, correction, seed, chosen_device, progress, checkpoint)
            run = run_record(expression, tissue, settings.to_record(), seed, correction)
            known = kept.space(run)
            if known is None:
                space = encoder.encode(expression, tissue, settings, asked)
                kept.keep_space(tissue, space, run)
            else:
                space = known
        expression = expression._replace(matrix=None)  # large, and not needed any more

        def found_on(device: torch.device | None) -> Domains:
            return find_domains(
                put(space.embedding.astype("float64"), device),
                n_domains,
                graph=tissue.connectivities,
                method=settings.cluster_method,
                seed=seed,
                n_starts=settings.n_starts,
            )

        with clock.of("domains"):
            found, grouped_on = where_it_fits(found_on, chosen_device, "the domains")
    record = {
        "params": {
            **settings.to_record(),
            "seed": seed,
            "device": " and ".join(dict.fromkeys((space.device, grouped_on))),
            "n_domains": found.details["n_domains"],
            "n_domains_suggested": n_domains is None,
            "key_added": key_added,
            "expression_source": expression.source,
        },
        "counts": expression.record,
        "threads": threads,
        **space.record,
        "seconds": clock.seconds,
        "n_genes": len(expression.genes),
        "versions": versions(),
        "warnings": warnings,
    }
    return Analysis(tissue.adata, expression.genes, space.embedding, space.model, found, record)
