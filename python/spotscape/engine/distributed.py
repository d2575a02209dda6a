"""Several processes as one: the only place that knows `torch.distributed`.

``torchrun`` starts them. The first one writes, and does what is not shared: `spotscape.engine.helpers` says
what is. In every step of a training each process holds some of the batch's tiles. Sums over spots (Gram
matrices, means, squared errors) are sums over all processes, so that each computes the losses of the whole
batch; their gradients, summed over processes too, come out W times too large in a world of W, and
`torch.nn.parallel.DistributedDataParallel` takes the mean.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from spotscape._validate import ProcessLostError

_LOST = ("gloo", "nccl", "connection", "socket", "store")
"""Words of the errors that PyTorch raises when another process has gone; it has no class for them."""
_PATIENCE = timedelta(hours=24)
"""The others wait while the first one prepares; a process that has gone is noticed at once."""


@dataclass(frozen=True)
class World:
    """The processes of a run; one process alone is a world of size 1.

    Parameters
    ----------
    rank
        Number of this process, from 0.
    size
        Number of processes.
    """

    rank: int = 0
    size: int = 1

    @property
    def reduce(self) -> Callable[[Tensor], Tensor] | None:
        """Differentiable sum over processes; None in a world of one."""
        return _Sum.apply if self.size > 1 else None

    @property
    def gather(self) -> Callable[[Tensor], Tensor] | None:
        """Differentiable: rows of all processes one below the other; None in a world of one."""
        return _Gather.apply if self.size > 1 else None

    def share(self, what: Any) -> Any:
        """Return what the first process passed, in all of them."""
        if self.size == 1:
            return what
        box = [what]
        dist.broadcast_object_list(box, src=0)
        return box[0]

    def deal(self, everything: list[Any] | None = None) -> list[Any] | None:
        """Return this process's share of a list that the first one passes; None where it passes None."""
        shares: list[Any] | None = None
        if self.rank == 0:
            ends = self._ends(len(everything or []))
            shares = [None if everything is None else everything[a:b] for a, b in pairwise(ends)]
        own: list[Any] = [None]
        dist.scatter_object_list(own, shares, src=0)
        share: list[Any] | None = own[0]
        return share

    def collect(self, share: list[Any]) -> list[Any]:
        """Return the shares of all processes as one list, in the first of them; nothing in the others."""
        shares: list[Any] | None = [[] for _ in range(self.size)] if self.rank == 0 else None
        dist.gather_object(share, shares, dst=0)
        return [each for one in shares or [] for each in one]

    def part(self, numbers: list[int]) -> list[int]:
        """Return this process's share of a list; the shares in order make the list again."""
        ends = self._ends(len(numbers))
        return numbers[ends[self.rank] : ends[self.rank + 1]]

    def _ends(self, length: int) -> list[int]:
        """Return where the shares of a list end."""
        return [length * rank // self.size for rank in range(self.size + 1)]

    def averaging(self, module: nn.Module) -> nn.Module:
        """Return the module with its gradients averaged over processes; itself in a world of one."""
        if self.size == 1:
            return module
        # A group of its own: its sums may not come between those of the losses.
        return DistributedDataParallel(module, process_group=dist.new_group())


def in_torchrun() -> bool:
    """Tell whether ``torchrun`` started this process as one of several."""
    return dist.is_available() and int(os.environ.get("WORLD_SIZE", "1")) > 1


def processes_here() -> int:
    """Return how many processes of the run are on this machine."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1")) if in_torchrun() else 1


def is_helper() -> bool:
    """Tell whether this process is one that only helps."""
    return in_torchrun() and int(os.environ["RANK"]) > 0


def join_world() -> World:
    """Meet the other processes, and return where this one stands among them."""
    if not in_torchrun():
        return World()
    if not dist.is_initialized():
        backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() and dist.is_nccl_available() else "gloo"
        dist.init_process_group(backend, timeout=_PATIENCE)
    return World(dist.get_rank(), dist.get_world_size())


def own_device(device: torch.device) -> torch.device:
    """Return the GPU of this process, where there are several processes and the device is a GPU."""
    if device.type != "cuda" or not in_torchrun():
        return device
    chosen = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    torch.cuda.set_device(chosen)
    return chosen


@contextmanager
def losing_processes(world: World) -> Iterator[None]:
    """Turn what `torch.distributed` raises when a process has gone into `ProcessLostError`."""
    try:
        yield
    except RuntimeError as error:
        if world.size == 1 or not any(word in str(error).lower() for word in _LOST):
            raise
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise ProcessLostError(
            f"process {world.rank} of {world.size} lost the others, as one of them ended ({reason})"
        ) from error


class _Sum(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        return _summed(values)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Tensor:
        return _summed(grads[0])


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        world = World(dist.get_rank(), dist.get_world_size())
        lengths = rows.new_zeros(world.size, dtype=torch.int64)
        lengths[world.rank] = len(rows)
        ends = [0, *_summed(lengths).cumsum(0).tolist()]
        ctx.part = slice(ends[world.rank], ends[world.rank + 1])
        # A sum of parts that do not overlap: exact, and parts may differ in size.
        whole = rows.new_zeros(ends[-1], *rows.shape[1:])
        whole[ctx.part] = rows
        return _summed(whole)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Tensor:
        return _summed(grads[0])[ctx.part]


def _summed(values: Tensor) -> Tensor:
    """Return the sum over processes, in memory of its own."""
    total = values.detach().clone(memory_format=torch.contiguous_format)
    dist.all_reduce(total)
    return total
