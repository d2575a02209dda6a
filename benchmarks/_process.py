"""A program run as a user would start it: how long it took, and how much memory it had at most."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence


def measure(program: str, arguments: Sequence[str]) -> tuple[float, float]:
    """Return seconds and peak memory (GB) of a Python program in a process of its own."""
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", program, *arguments])
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    if process.returncode is None:
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return seconds, usage.ru_maxrss / 2**20
