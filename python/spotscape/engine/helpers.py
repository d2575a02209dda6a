"""The other processes of a run: what the first one has them do, blocks of rows or a training, until it ends.

Blocks of rows are those of counts in a file that every process can open (`spotscape._row_blocks`). They are
dealt out in rounds, and what comes of them goes to the first process, which adds it up in their order: the
same bits as without help. Where a machine has not got the file, the first process does that share as well.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

from spotscape._row_blocks import Task, shared_by
from spotscape._validate import SpotscapeWarning
from spotscape.engine.distributed import World, in_torchrun, is_helper, join_world, losing_processes
from spotscape.engine.trainer import TRAINING, train_along

_ROWS = "rows"
_AT_ONCE = 4
"""Blocks of each process in a round."""


class _Failed:
    """In place of what a block gives, where a process failed at it."""

    def __init__(self, error: Exception) -> None:
        self.why = f"{type(error).__name__}: {error}"


class _Team:
    """All processes of a run, as `spotscape._row_blocks.Team`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._at_work = False

    def __call__(self, do: Callable[..., Any], tasks: Iterable[Task]) -> Iterator[Any]:
        """Yield what is done of each task, in order."""
        if self._at_work:  # in the midst of another pass
            yield from (do(start, stop, *own) for start, stop, own in tasks)
            return
        self._at_work = True
        self._world.share((_ROWS, do))
        left = iter(tasks)
        try:
            while some := list(islice(left, _AT_ONCE * self._world.size)):
                yield from self._round(do, some)
        finally:
            self._world.deal(None)
            self._at_work = False

    def _round(self, do: Callable[..., Any], some: list[Task]) -> Iterator[Any]:
        found = _done(do, self._world.deal(some) or [])
        for task, each in zip(some, self._world.collect(found), strict=True):
            if isinstance(each, _Failed):
                text = f"Another process could not do its part, which is done here ({each.why})."
                warnings.warn(text, SpotscapeWarning, stacklevel=2)
                start, stop, own = task
                each = do(start, stop, *own)
            yield each


def _done(do: Callable[..., Any], tasks: list[Task]) -> list[Any]:
    found: list[Any] = []
    for start, stop, own in tasks:
        try:
            found.append(do(start, stop, *own))
        except Exception as error:
            found.append(_Failed(error))
    return found


@contextmanager
def helped() -> Iterator[None]:
    """Have the other processes of this run help, where there are some, and let them end in the end."""
    if not in_torchrun() or is_helper():
        yield
        return
    world = join_world()
    with losing_processes(world):
        with shared_by(_Team(world)):
            yield
        world.share(None)


def help_run() -> None:
    """Do what the first process of the run says, until it says no more."""
    world = join_world()
    with losing_processes(world):
        while (asked := world.share(None)) is not None:
            kind, *what = asked
            if kind == TRAINING:
                train_along(world, *what)
                continue
            (do,) = what
            while (tasks := world.deal()) is not None:
                world.collect(_done(do, tasks))
