"""Training: two views a step over the whole tissue, Adam, a learning-rate schedule, a plateau rule."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm.auto import tqdm

from spotscape._validate import input_error
from spotscape.config import SpotscapeConfig
from spotscape.core.augment import full_view, random_view
from spotscape.core.encoder import GraphAutoencoder, Neighborhood
from spotscape.core.expression import ExpressionMatrix
from spotscape.core.objective import Losses, Matching, objective
from spotscape.core.prototypes import Prototypes, find_prototypes
from spotscape.core.scale_matching import members
from spotscape.engine.slice_graph import SliceGraph

Progress = Callable[[int, int, float], object]
"""Called after each epoch with the epoch (from 1), the number of epochs, and the total loss."""

LOSS_COLUMNS = ("epoch", *Losses._fields, "learning_rate")
_ONLY_SEVERAL_SLICES = ("prototype", "scale_matching")

NumberOfDomains = int | Callable[[NDArray[np.float32]], int]
"""K for the prototypes, or what gives it for an embedding (N x d) half way through training."""


@dataclass(frozen=True)
class FitResult:
    """What training gives back.

    Parameters
    ----------
    embedding
        Z of the whole tissue, nothing masked: N x latent, float32.
    model
        The trained autoencoder, on the CPU, in evaluation mode.
    losses
        One array per column (epoch, total, telescope, reconstruction, learning_rate; with several slices also
        prototype and scale_matching), one entry per epoch.
    stopped_early
        Whether the plateau rule ended it before ``config.epochs``.
    seconds
        Wall time.
    """

    embedding: NDArray[np.float32]
    model: GraphAutoencoder
    losses: dict[str, NDArray[np.float64]]
    stopped_early: bool
    seconds: float


class Plateau:
    """Says when a loss has stopped falling: no relative gain of ``min_improvement`` in ``patience`` epochs.

    The loss is smoothed (exponentially, over about ten epochs) since every epoch sees other random views.
    """

    smoothing = 0.9

    def __init__(self, patience: int, min_improvement: float) -> None:
        self.patience = patience
        self.min_improvement = min_improvement
        self.smoothed = math.nan
        self.best = math.inf
        self.waited = 0

    def reached(self, loss: float) -> bool:
        """Take the next loss; True when it is time to stop."""
        if not self.patience:
            return False
        first = math.isnan(self.smoothed)
        self.smoothed = loss if first else self.smoothing * self.smoothed + (1 - self.smoothing) * loss
        if self.smoothed < self.best * (1 - self.min_improvement):
            self.best, self.waited = self.smoothed, 0
        else:
            self.waited += 1
        return self.waited >= self.patience


def learning_rate_at(step: int, config: SpotscapeConfig) -> float:
    """Learning rate of a step (from 0): constant, or half a cosine from the full rate down to 0."""
    rate = config.learning_rate
    if rate is None:
        raise ValueError("the settings of a run are to be resolved first")
    if config.schedule == "constant":
        return rate
    return rate * (1 + math.cos(math.pi * step / config.epochs)) / 2


class SliceMatching:
    """Draws, step by step, what the losses over several slices need.

    Parameters
    ----------
    slices
        Number of each spot's slice, N.
    config
        All settings.
    n_domains
        K of the prototypes.
    generator
        Of the samples and of K-means' starts.
    """

    def __init__(
        self, slices: Tensor, config: SpotscapeConfig, n_domains: NumberOfDomains, generator: torch.Generator
    ) -> None:
        self.config = config
        self.slice_rows = members(slices)
        self.n_domains = n_domains
        self.generator = generator
        self.start = round(config.prototype_start * config.epochs)
        self.found: list[Prototypes] = []
        self.epoch = 0

    def at(self, epoch: int) -> Matching:
        """Return what the step of an epoch (from 0) needs."""
        self.epoch = epoch
        config = self.config
        return Matching(
            slice_rows=self.slice_rows,
            rows=self._sample(),
            top_k=config.matching_top_k,
            scale_matching_weight=config.scale_matching_weight,
            prototype_weight=config.prototype_weight,
            prototypes=self._prototypes if epoch >= self.start else None,
            temperature=config.prototype_temperature,
        )

    def _sample(self) -> list[Tensor] | None:
        """Draw the spots that scale matching sums over: as many of each slice, as far as it has them."""
        wanted = self.config.matching_spots
        if not wanted or wanted >= sum(len(rows) for rows in self.slice_rows):
            return None
        each = -(-wanted // len(self.slice_rows))
        drawn = []
        for rows in self.slice_rows:
            order = torch.randperm(len(rows), generator=self.generator)[:each]
            drawn.append(rows[order.to(rows.device)])
        return drawn

    def _prototypes(self, z: Tensor) -> list[Prototypes]:
        """Return the prototypes in use, made anew from Z' where they have served their time."""
        if not self.found or (self.epoch - self.start) % self.config.prototype_refresh == 0:
            if callable(self.n_domains):
                self.n_domains = self.n_domains(z.cpu().numpy())
            self.found = find_prototypes(z, self.n_domains, generator=self.generator)
        return self.found


def fit(
    graph: SliceGraph,
    config: SpotscapeConfig,
    *,
    n_domains: NumberOfDomains | None = None,
    seed: int = 0,
    device: torch.device | str = "cpu",
    progress: bool | Progress = False,
) -> FitResult:
    """Train the autoencoder on a tissue and return its embedding.

    Parameters
    ----------
    graph
        Expression and neighbours, on the CPU.
    config
        All settings.
    n_domains
        K of the prototypes; needed where ``graph.slices`` names several slices and they have a weight.
    seed
        Of the one generator that weights and views are drawn from. The same seed gives the same bits on one
        machine and thread count.
    device
        Where to train.
    progress
        True shows a bar on stderr; a function is called after every epoch.

    Returns
    -------
    FitResult

    Raises
    ------
    InputError
        If the loss is no longer finite.
    """
    started = time.perf_counter()
    config = config.resolved(several_slices=graph.slices is not None)
    generator = torch.Generator().manual_seed(seed)
    features, expression = graph.features.to(device), graph.expression.to(device)
    n_inputs = features.shape[1]
    model = GraphAutoencoder(
        n_inputs,
        graph.n_genes,
        config.hidden_dim,
        config.latent_dim,
        residual=graph.components is not None,
        batch_norm_momentum=config.batch_norm_momentum,
        generator=generator,
    ).to(device)
    neighborhood = Neighborhood(graph.edge_index, graph.n_spots).to(device)
    n_edges = graph.edge_index.shape[1]
    optimizer = torch.optim.Adam(
        model.parameters(), lr=learning_rate_at(0, config), weight_decay=config.weight_decay, fused=True
    )
    matching = None
    if graph.slices is not None:
        if n_domains is None:
            config = replace(config, prototype_weight=0.0)
        matching = SliceMatching(graph.slices.to(device), config, n_domains or 1, generator)
    plateau = Plateau(config.patience, config.min_improvement)
    history: list[tuple[float, ...]] = []
    stopped_early = False

    bar = tqdm(total=config.epochs, desc="spotscape", unit="epoch", disable=progress is not True, leave=False)
    with bar:
        for epoch in range(config.epochs):
            views = tuple(
                random_view(
                    n_edges,
                    n_inputs,
                    edge_drop=config.edge_drop,
                    gene_mask=config.gene_mask,
                    generator=generator,
                    device=device,
                )
                for _ in range(2)
            )
            rate = learning_rate_at(epoch, config)
            optimizer.param_groups[0]["lr"] = rate
            optimizer.zero_grad()
            losses = objective(
                model,
                features,
                expression,
                neighborhood,
                (views[0], views[1]),
                telescope_weight=config.telescope_weight,
                reconstruction_weight=config.reconstruction_weight,
                matching=None if matching is None else matching.at(epoch),
            )
            losses.total.backward()
            optimizer.step()

            values = [float(loss.detach()) for loss in losses]
            if not math.isfinite(values[0]):
                raise input_error(
                    "learning_rate",
                    f"{config.learning_rate:g}, at which the loss became {values[0]} in epoch {epoch + 1}",
                    "one at which it stays finite",
                    "Lower it.",
                )
            history.append((epoch + 1.0, *values, rate))
            bar.update()
            bar.set_postfix(loss=f"{values[0]:.4f}", refresh=False)
            if callable(progress):
                progress(epoch + 1, config.epochs, values[0])
            if plateau.reached(values[0]):
                stopped_early = epoch + 1 < config.epochs
                break

    embedding = embed(model, features, neighborhood)
    columns = dict(zip(LOSS_COLUMNS, np.asarray(history, dtype=np.float64).T, strict=True))
    if matching is None:
        for name in _ONLY_SEVERAL_SLICES:
            del columns[name]
    return FitResult(
        embedding=embedding,
        model=model.cpu().eval(),
        losses=columns,
        stopped_early=stopped_early,
        seconds=time.perf_counter() - started,
    )


@torch.no_grad()
def embed(
    model: GraphAutoencoder, features: ExpressionMatrix, neighborhood: Neighborhood
) -> NDArray[np.float32]:
    """Return Z (N x latent, float32): nothing masked, batch norm in evaluation mode."""
    model.eval()
    device = model.gcn1_weight.device
    view = full_view(neighborhood.edge_index.shape[1], features.shape[1], device=device)
    z = model.encode(features, neighborhood.propagation(view.edges), view.genes)
    embedding: NDArray[np.float32] = z.cpu().numpy()
    return embedding
