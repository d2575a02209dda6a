"""What the losses over several slices need, step by step: samples of spots, and prototypes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spotscape.config import SpotscapeConfig
from spotscape.core.objective import Matching
from spotscape.core.prototypes import Prototypes, assign, find_prototypes
from spotscape.core.scale_matching import members
from spotscape.engine.distributed import World

NumberOfDomains = int | Callable[[NDArray[np.float32]], int]
"""K for the prototypes, or what gives it for an embedding (N x d) half way through training."""


class SliceMatching:
    """Draws, step by step, what the losses over several slices need.

    Parameters
    ----------
    slices
        Number of each spot's slice, N, on the CPU.
    config
        All settings.
    n_domains
        K of the prototypes; in a world of several, the first process's holds.
    generator
        Of the samples and of K-means' starts.
    world
        The processes of the run.
    """

    def __init__(
        self,
        slices: Tensor,
        config: SpotscapeConfig,
        n_domains: NumberOfDomains | None,
        generator: torch.Generator,
        world: World | None = None,
    ) -> None:
        self.config = config
        self.slices = slices
        self.n_domains = n_domains
        self.generator = generator
        self.world = world or World()
        self.start = round(config.prototype_start * config.epochs)
        self.found: list[Prototypes] = []
        self.epoch = 0
        self._own: Tensor | None = None
        self._rows: list[Tensor] = []
        self._order = torch.empty(0, dtype=torch.int64)
        self._assigned = True

    def at(self, epoch: int, own: Tensor, device: torch.device | str = "cpu") -> Matching:
        """Return what the step of an epoch (from 0) needs over these spots, rows of the tissue."""
        self.epoch = epoch
        if own is not self._own:
            # In the tissue's order, whatever that of the tiles, so that a draw means the same spots; and
            # a batch of tiles may hold nothing of a small slice.
            self._order = torch.argsort(own).to(device)
            slices = self.slices[own][self._order.cpu()]
            self._rows = [self._order[rows.to(device)] for rows in members(slices) if len(rows)]
            self._own, self._assigned = own, len(own) == len(self.slices)
        config = self.config
        return Matching(
            slice_rows=self._rows,
            rows=self._sample(),
            top_k=config.matching_top_k,
            scale_matching_weight=config.scale_matching_weight,
            prototype_weight=config.prototype_weight,
            prototypes=self._prototypes if epoch >= self.start else None,
            temperature=config.prototype_temperature,
            gather=self.world.gather,
        )

    def state(self) -> tuple[dict[str, Any], dict[str, Tensor]]:
        """Return what a checkpoint keeps: plain values, and tensors by name."""
        tensors: dict[str, Tensor] = {}
        for number, prototypes in enumerate(self.found):
            for name, value in prototypes._asdict().items():
                tensors[f"prototypes.{number}.{name}"] = value
        known = self.n_domains if isinstance(self.n_domains, int) else None
        return {"n_prototypes": len(self.found), "n_domains": known}, tensors

    def restore(
        self, values: Mapping[str, Any], tensors: Mapping[str, Tensor], device: torch.device | str
    ) -> None:
        """Go on from a checkpoint."""
        if values["n_domains"] is not None:
            self.n_domains = values["n_domains"]
        self.found = [
            Prototypes(*(tensors[f"prototypes.{number}.{name}"].to(device) for name in Prototypes._fields))
            for number in range(values["n_prototypes"])
        ]

    def _sample(self) -> list[Tensor] | None:
        """Draw the spots that scale matching sums over: as many of each slice, as far as it has them."""
        wanted = self.config.matching_spots
        if not wanted or wanted >= sum(len(rows) for rows in self._rows):
            return None
        each = -(-wanted // len(self._rows))
        drawn = []
        for rows in self._rows:
            order = torch.randperm(len(rows), generator=self.generator)[:each]
            drawn.append(rows[order.to(rows.device)])
        return drawn

    def _prototypes(self, z: Tensor) -> list[Prototypes]:
        """Return the prototypes in use, made anew from Z' where they have served their time."""
        if not self.found or (self.epoch - self.start) % self.config.prototype_refresh == 0:
            self.n_domains = self._number_of_domains(z)
            found = find_prototypes(z[self._order], self.n_domains, generator=self.generator)
            place = torch.argsort(self._order)
            self.found = [Prototypes(p.centroids, p.assignments[place]) for p in found]
        elif not self._assigned:
            self.found = assign(z, self.found)
        self._assigned = True
        return self.found

    def _number_of_domains(self, z: Tensor) -> int:
        """Return K, which the first process knows, or alone knows how to tell."""
        known = self.n_domains
        if not self.found:
            number = known(z.cpu().numpy()) if callable(known) else known
            known = self.world.share(number)
        assert isinstance(known, int)  # noqa: S101 (for the type checker)
        return known
