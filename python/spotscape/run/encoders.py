"""Encoders, side by side: from expression and tissue to an embedding, and what puts other slices into it.

A further one is a function and a row in `ENCODERS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np
import torch

from spotscape._arrays import on_host
from spotscape.components import Components, find_components
from spotscape.components.scale import over_rings, over_rings_by_slice
from spotscape.config import SpotscapeConfig
from spotscape.domains.number import suggest_from
from spotscape.domains.sharpening import Sharpening, find_sharpening
from spotscape.engine.checkpoint import Checkpoint
from spotscape.engine.device import put, where_it_fits
from spotscape.engine.slice_graph import SliceGraph
from spotscape.engine.trainer import Progress, fit
from spotscape.run.kept_model import record_of_components, record_of_training
from spotscape.run.steps import Expression, Tissue


class Space(NamedTuple):
    """The space that an encoder puts spots into.

    Attributes
    ----------
    embedding
        N x columns, float32.
    model
        What puts other slices into it, for ``uns``.
    device
        Where it was computed.
    record
        What else is kept of how it was made, for ``uns``.
    """

    embedding: np.ndarray
    model: dict[str, Any]
    device: str
    record: dict[str, Any]


class Asked(NamedTuple):
    """What was asked of a run beside its settings.

    Attributes
    ----------
    n_domains
        None where the number is to be suggested.
    correction
        What the weight of slice noise that was found is multiplied by.
    seed
        Of all randomness.
    device
        That large arrays go to, and a training.
    progress, checkpoint
        Of a training.
    """

    n_domains: int | None
    correction: float
    seed: int
    device: torch.device
    progress: bool | Progress
    checkpoint: Checkpoint | None


Encode = Callable[[Expression, Tissue, SpotscapeConfig, Asked], Space]
"""Makes an embedding."""


class Encoder(NamedTuple):
    """An encoder.

    Attributes
    ----------
    encode
        Makes the embedding.
    step
        What its seconds are called in the record of a run.
    source
        Where it is from.
    """

    encode: Encode
    step: str
    source: str


def _by_components(expression: Expression, tissue: Tissue, settings: SpotscapeConfig, asked: Asked) -> Space:
    """Find components, average them over the neighbourhood, and turn them to where groups differ."""

    def found_on(device: torch.device | None) -> tuple[Components, Sharpening | None, np.ndarray]:
        components = find_components(
            expression.matrix,
            tissue.mean,
            n_components=settings.n_components,
            rank=settings.expression_rank,
            seed=asked.seed,
            slices=None if tissue.slices is None else tissue.slices.codes,
            centering=settings.slice_centering,
            slice_noise=settings.slice_noise,
            correction=asked.correction,
            device=device or "cpu",
        )
        scores, mean = put(components.scores, device), put(tissue.mean, device)
        if tissue.slices is None or tissue.rings is None:
            embedding = over_rings(scores, mean, tissue.scale.rings)
        else:
            embedding = over_rings_by_slice(scores, mean, tissue.rings, tissue.slices.codes)
        sharpening = find_sharpening(embedding, seed=asked.seed)
        embedding = embedding if sharpening is None else sharpening.apply(embedding)
        return components, sharpening, on_host(embedding)

    (components, sharpening, embedding), device = where_it_fits(found_on, asked.device, "the components")
    rings, reach = tissue.scale.rings, tissue.scale.micrometres
    step = float("nan") if tissue.rings is None or not rings else reach / np.sqrt(rings)
    model = record_of_components(expression.genes, expression.target_sum, components, sharpening, rings, step)
    record: dict[str, Any] = {"scale": tissue.scale._asdict()}
    if tissue.slices is not None:
        record["integration"] = {"slice_noise": components.slice_noise, "signal": components.signal}
        record["integration"] |= {} if tissue.rings is None else {"rings": tissue.rings}
    return Space(embedding, model, device, record)


def _by_training(expression: Expression, tissue: Tissue, settings: SpotscapeConfig, asked: Asked) -> Space:
    """Train the published graph autoencoder; ``correction`` is in the settings' weights by now."""
    graph = SliceGraph.from_scipy(
        expression.matrix,
        tissue.connectivities,
        rank=settings.expression_rank,
        seed=asked.seed,
        slices=None if tissue.slices is None else tissue.slices.codes,
        centering=settings.slice_centering,
        coordinates=tissue.places,
    )
    trained = fit(
        graph,
        settings,
        n_domains=asked.n_domains or suggest_from(tissue.connectivities, asked.seed),
        seed=asked.seed,
        device=asked.device,
        progress=asked.progress,
        checkpoint=asked.checkpoint,
    )
    model = record_of_training(expression.genes, expression.target_sum, graph, trained.model)
    record = {
        "training": {"by_tiles": trained.plan.by_tiles, **asdict(trained.plan)},
        "losses": trained.losses,
    }
    return Space(trained.embedding, model, str(asked.device), record)


ENCODERS = {
    "components": Encoder(
        _by_components, "components", "Switzer and Green 1984; Ding and Li 2007, ICML; see their files"
    ),
    "gcn": Encoder(_by_training, "training", "arXiv 2506.15698, ICML 2025"),
}
"""By the names of the setting ``encoder``."""
