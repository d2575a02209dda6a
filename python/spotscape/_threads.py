"""How many threads a run computes with: one number, decided once, kept for the whole run and restored after.

Libraries set it behind each other's back: where numba starts its threads (as scanpy's choice of genes and
UMAP have it do), it sets OpenMP's number, and so PyTorch's, to all cores. With another number sums are taken
in another order, and the same seed gives other bits.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from threadpoolctl import ThreadpoolController

from spotscape._validate import check_integer

_CGROUP = Path("/sys/fs/cgroup")


def wait_without_spinning() -> None:
    """Have threads that wait for each other sleep, unless the user has said how they should wait.

    On a machine that does other work, threads that spin keep the ones they wait for from the cores. To be
    called before PyTorch is loaded; without effect after that.

    Examples
    --------
    >>> from spotscape._threads import wait_without_spinning
    >>> wait_without_spinning()
    """
    if "torch" not in sys.modules:
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def usable_cpus() -> int:
    """Return how many cores the process may use: affinity, the container's quota, and the scheduler's word.

    Examples
    --------
    >>> from spotscape._threads import usable_cpus
    >>> usable_cpus() >= 1
    True
    """
    found = [os.cpu_count() or 1]
    if hasattr(os, "sched_getaffinity"):
        found.append(len(os.sched_getaffinity(0)))
    found += [number for number in (_quota(), _from_environment("SLURM_CPUS_PER_TASK")) if number]
    return max(1, min(found))


def _quota() -> int | None:
    """Return the cores that a container's quota amounts to, rounded up; None without one."""
    try:
        quota, period = (_CGROUP / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            quota = (_CGROUP / "cpu/cpu.cfs_quota_us").read_text().strip()
            period = (_CGROUP / "cpu/cpu.cfs_period_us").read_text().strip()
        except OSError:
            return None
    try:
        cores = int(quota) / int(period)
    except (ValueError, ZeroDivisionError):  # "max"
        return None
    return math.ceil(cores) if cores > 0 else None


def _from_environment(name: str) -> int | None:
    """Return a number of 1 or more that a variable holds, the first of a list of them."""
    text = os.environ.get(name, "").split(",")[0].strip()
    return int(text) if text.isdecimal() and int(text) > 0 else None


def wanted_threads(threads: Any = None) -> int:
    """Return the number of threads: as asked, else by OMP_NUM_THREADS, else what the process may use.

    Parameters
    ----------
    threads
        Integer >= 1, or None.

    Examples
    --------
    >>> from spotscape._threads import wanted_threads
    >>> wanted_threads(3)
    3
    """
    if threads is not None:
        return check_integer("threads", threads, 1)
    return _from_environment("OMP_NUM_THREADS") or usable_cpus()


@contextmanager
def thread_number(threads: Any = None) -> Iterator[int]:
    """Set the number of threads of all libraries for a block, and restore what was there after it.

    Parameters
    ----------
    threads
        As in `wanted_threads`.

    Yields
    ------
    int
        The number, to be recorded.

    Examples
    --------
    >>> from spotscape._threads import thread_number
    >>> with thread_number(1) as number:
    ...     number
    1
    """
    number = wanted_threads(threads)
    before = _numbers()
    torch = sys.modules.get("torch")
    torch_before = None if torch is None else torch.get_num_threads()
    numba_before = _start_numba(number)
    set_threads(number)
    try:
        yield number
    finally:
        for library in ThreadpoolController().lib_controllers:
            library.set_num_threads(before.get(library.filepath, library.num_threads))
        if torch is not None:
            torch.set_num_threads(torch_before)
        if numba_before is not None:
            sys.modules["numba"].set_num_threads(numba_before)


def set_threads(number: int) -> None:
    """Set the number of all libraries that are loaded by now; for those that came or changed it since."""
    for library in ThreadpoolController().lib_controllers:
        library.set_num_threads(number)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(number)


@contextmanager
def threads_kept() -> Iterator[None]:
    """Give back the numbers that a block, of a library that may change them, found.

    Examples
    --------
    >>> from spotscape._threads import threads_kept
    >>> with threads_kept():
    ...     pass
    """
    before = _numbers()
    torch = sys.modules.get("torch")
    torch_before = None if torch is None else torch.get_num_threads()
    try:
        yield
    finally:
        for library in ThreadpoolController().lib_controllers:
            if library.filepath in before:
                library.set_num_threads(before[library.filepath])
            elif library.user_api == "openmp" and (asked := _from_environment("OMP_NUM_THREADS")):
                library.set_num_threads(asked)
        if torch is not None:
            torch.set_num_threads(torch_before)


def _numbers() -> dict[str, int]:
    """Return the number of threads of each library that is loaded."""
    return {library.filepath: library.num_threads for library in ThreadpoolController().lib_controllers}


def _start_numba(number: int) -> int | None:
    """Start numba's threads now, where numba is loaded: as it starts them, it sets those of OpenMP."""
    numba = sys.modules.get("numba")
    if numba is None or not hasattr(numba, "get_num_threads"):
        return None
    before = int(numba.get_num_threads())
    numba.set_num_threads(min(number, int(numba.config.NUMBA_NUM_THREADS)))
    return before
