"""Which spots each step of training takes: always all of them, or tiles drawn from all over the tissue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from spotscape.engine.distributed import World
from spotscape.engine.plan import Plan
from spotscape.engine.slice_graph import SliceGraph
from spotscape.engine.tiles import Batch, Tiles, whole_tissue


class Batches:
    """The batches of a training, one after the other; tiles are drawn without return until all have been.

    Parameters
    ----------
    graph
        The tissue, on the CPU.
    plan
        Whole or by tiles.
    generator
        Of the order of the tiles.
    device
        Where batches are wanted.
    world
        The processes, which share the tiles of each batch.
    """

    def __init__(
        self,
        graph: SliceGraph,
        plan: Plan,
        *,
        generator: torch.Generator,
        device: torch.device | str = "cpu",
        world: World | None = None,
    ) -> None:
        self.device = device
        self._generator = generator
        self._world = world or World()
        self._tiles = Tiles(graph, plan.tile_size) if plan.by_tiles else None
        self._always: tuple[Batch, Tensor] | None = None
        self._waiting: list[int] = []
        if self._tiles is None:
            whole = whole_tissue(graph).to(device)
            self._always = whole, whole.spots
        else:
            number = len(self._tiles)
            self._each = max(1, min(number, round(number * plan.batch_spots / plan.n_spots)))
            if self._each == number:
                self._always = self._made(list(range(number)))

    def draw(self) -> tuple[Batch, Tensor]:
        """Return this process's part of the next batch, and the own spots of all parts, in order."""
        return self._always or self._made(self._next())

    def all_in_turn(self) -> Iterator[Batch]:
        """Yield batches that together hold each spot once, for the embedding: on this process alone."""
        if self._tiles is None:
            assert self._always is not None  # noqa: S101 (for the type checker)
            yield self._always[0]
            return
        for start in range(0, len(self._tiles), self._each):
            last = min(start + self._each, len(self._tiles))
            yield self._tiles.batch(list(range(start, last))).to(self.device)

    def state(self) -> dict[str, Tensor]:
        """Return what a checkpoint keeps."""
        return {"tiles": torch.tensor(self._waiting, dtype=torch.int64)}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from a checkpoint."""
        self._waiting = tensors["tiles"].tolist()

    def _next(self) -> list[int]:
        """Return the numbers of the next tiles; a new round begins where the last one has run out."""
        assert self._tiles is not None  # noqa: S101 (for the type checker)
        while len(self._waiting) < self._each:
            held = set(self._waiting)
            order = torch.randperm(len(self._tiles), generator=self._generator).tolist()
            # what is left of the last round comes first, and not twice in one batch
            late = [tile for tile in order if tile in held]
            self._waiting += [tile for tile in order if tile not in held] + late
        drawn, self._waiting = self._waiting[: self._each], self._waiting[self._each :]
        return drawn

    def _made(self, numbers: list[int]) -> tuple[Batch, Tensor]:
        """Return this process's part of the batch of these tiles, and the own spots of all parts."""
        assert self._tiles is not None  # noqa: S101 (for the type checker)
        own = torch.cat([torch.from_numpy(self._tiles.members[number]) for number in numbers])
        return self._tiles.batch(self._world.part(numbers)).to(self.device), own
