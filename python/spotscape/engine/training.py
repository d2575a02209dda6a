"""A training, step by step: two views of the tissue or of tiles, Adam, a schedule of rates.

What a step takes is up to `spotscape.engine.batches`, and sums over processes to
`spotscape.engine.distributed`: the steps are the same for all sizes, for one process or many. Views are drawn
for the whole tissue, from the one generator, so that how it is cut and shared out changes nothing in them.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from spotscape._validate import input_error
from spotscape.config import SpotscapeConfig
from spotscape.core.augment import View, random_view
from spotscape.core.encoder import GraphAutoencoder
from spotscape.core.objective import Losses, Matching, objective
from spotscape.engine.batches import Batches
from spotscape.engine.checkpoint import Checkpoint, restore, state_of
from spotscape.engine.distributed import World
from spotscape.engine.embedding import embed_in_turn
from spotscape.engine.plan import make_plan
from spotscape.engine.slice_graph import SliceGraph
from spotscape.engine.slice_matching import NumberOfDomains, SliceMatching
from spotscape.engine.tiles import Batch


def learning_rate_at(step: int, config: SpotscapeConfig) -> float:
    """Learning rate of a step (from 0): constant, or half a cosine from the full rate down to 0."""
    if config.schedule == "constant":
        return config.learning_rate
    return config.learning_rate * (1 + math.cos(math.pi * step / config.epochs)) / 2


class _Step(nn.Module):
    """The objective as a module, which is what gradients are averaged of."""

    def __init__(self, model: GraphAutoencoder, config: SpotscapeConfig, world: World) -> None:
        super().__init__()
        self.model = model
        self.weights = {
            "telescope_weight": config.telescope_weight,
            "reconstruction_weight": config.reconstruction_weight,
        }
        self.mixed_precision = config.mixed_precision
        self.reduce = world.reduce

    def forward(self, batch: Batch, views: tuple[View, View], matching: Matching | None) -> Losses:
        device = self.model.gcn1_weight.device.type
        with torch.autocast(device, dtype=torch.bfloat16, enabled=self.mixed_precision):
            return objective(
                self.model,
                batch.features,
                batch.expression,
                batch.neighborhood,
                views,
                **self.weights,
                matching=matching,
                reduce=self.reduce,
            )


class Training:
    """A training that can be taken step by step, and out of and into a checkpoint.

    Parameters
    ----------
    graph
        The tissue, on the CPU.
    config
        All settings.
    n_domains
        As in `fit`.
    seed
        As in `fit`.
    device
        Where this process trains.
    world
        The processes of the run.
    """

    def __init__(
        self,
        graph: SliceGraph,
        config: SpotscapeConfig,
        n_domains: NumberOfDomains | None,
        seed: int,
        device: torch.device | str,
        world: World,
    ) -> None:
        self.graph, self.config, self.seed, self.device, self.world = graph, config, seed, device, world
        self.generator = torch.Generator().manual_seed(seed)
        self.n_inputs = graph.n_genes
        self.n_edges = graph.edge_index.shape[1]
        self.plan = make_plan(graph.n_spots, self.n_edges, config, n_processes=world.size)
        self.model = GraphAutoencoder(
            self.n_inputs,
            graph.n_genes,
            config.hidden_dim,
            config.latent_dim,
            batch_norm_momentum=config.batch_norm_momentum,
            generator=self.generator,
        ).to(device)
        self.batches = Batches(graph, self.plan, generator=self.generator, device=device, world=world)
        self.optimizer = torch.optim.Adam(
            self.model.parameters(),
            lr=learning_rate_at(0, config),
            weight_decay=config.weight_decay,
            fused=True,
        )
        self.matching = None
        if graph.slices is not None:
            self.matching = SliceMatching(graph.slices, config, n_domains, self.generator, world)
        self.history: list[tuple[float, ...]] = []
        self.ended = False
        self._step = world.averaging(_Step(self.model, config, world))

    def step(self) -> float:
        """Take the next step; return its total loss."""
        config, epoch = self.config, len(self.history)
        batch, own = self.batches.draw()
        views = tuple(
            batch.view(
                random_view(
                    self.n_edges,
                    self.n_inputs,
                    edge_drop=config.edge_drop,
                    gene_mask=config.gene_mask,
                    generator=self.generator,
                ),
                self.device,
            )
            for _ in range(2)
        )
        rate = learning_rate_at(epoch, config)
        self.optimizer.param_groups[0]["lr"] = rate
        self.optimizer.zero_grad()
        matching = None if self.matching is None else self.matching.at(epoch, own, self.device)
        losses = self._step(batch, views, matching)
        losses.total.backward()
        self.optimizer.step()

        values = [float(loss.detach()) for loss in losses]
        if not math.isfinite(values[0]):
            raise input_error(
                "learning_rate",
                f"{config.learning_rate:g}, at which the loss became {values[0]} in epoch {epoch + 1}",
                "one at which it stays finite",
                "Lower it.",
            )
        self.history.append((epoch + 1.0, *values, rate))
        self.ended = len(self.history) >= config.epochs
        return values[0]

    def embedding(self) -> NDArray[np.float32]:
        """Return Z of the whole tissue, nothing masked: N x latent."""
        return embed_in_turn(self.model, self.batches.all_in_turn(), self.graph.n_spots)

    # ---- checkpoints ----------------------------------------------------------------------------------

    def identity(self) -> dict[str, Any]:
        """Return what the training is of: a checkpoint of anything else is not gone on from."""
        settings = {name: str(value) for name, value in asdict(self.config).items()}
        return {
            **settings,
            "seed": self.seed,
            "number of spots": self.graph.n_spots,
            "number of genes": self.graph.n_genes,
            "spots or counts": _checksum(self.graph.expression.column_sums()),
            "spatial graph": _checksum(self.graph.edge_index),
            "spots a step": self.plan.batch_spots,
            "spots in a tile": self.plan.tile_size,
        }

    def save(self, checkpoint: Checkpoint) -> None:
        """Write the state, from the first process only."""
        if self.world.rank > 0:
            return
        values: dict[str, Any] = {
            "run": self.identity(),
            "ended": self.ended,
        }
        tensors = state_of(self.model, self.optimizer, self.generator) | self.batches.state()
        tensors["history"] = torch.tensor(self.history, dtype=torch.float64)
        if self.matching is not None:
            values["matching"], prototypes = self.matching.state()
            tensors |= prototypes
        checkpoint.write(values, tensors)

    def resume(self, checkpoint: Checkpoint | None) -> None:
        """Go on from the first process's checkpoint, where there is one."""
        found = None
        if checkpoint is not None and self.world.rank == 0:
            found = checkpoint.read(self.identity())
        found = self.world.share(found)
        if found is None:
            return
        values, tensors = found
        restore(tensors, self.model, self.optimizer, self.generator)
        self.batches.restore(tensors)
        self.history = [tuple(row) for row in tensors["history"].tolist()]
        self.ended = values["ended"]
        if self.matching is not None:
            self.matching.restore(values["matching"], tensors, self.device)


def _checksum(*tensors: Tensor) -> str:
    """Return a short digest of the values."""
    digest = hashlib.sha256()
    for tensor in tensors:
        digest.update(np.ascontiguousarray(tensor.cpu().numpy()).data)
    return digest.hexdigest()[:16]
