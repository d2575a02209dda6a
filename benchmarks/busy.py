"""A machine that does other work: three runs started together, to one alone.

    python -m benchmarks.busy [--spots 3000] [--runs 3]

Runs that share a machine fairly take as many times longer as there are of them. Threads that spin while they
wait for each other take the cores from those that they wait for, and all stall.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BAR = 3.6


def seconds(source: Path, folder: Path, runs: int) -> float:
    """Return how long so many runs of the command take that are started together."""
    began = time.perf_counter()
    commands = [
        [
            sys.executable,
            "-m",
            "spotscape",
            "run",
            str(source),
            "-o",
            str(folder / f"{number}.h5ad"),
            "-k",
            "7",
            "-q",
        ]
        for number in range(runs)
    ]
    started = [subprocess.Popen(command) for command in commands]
    codes = [one.wait() for one in started]
    if any(codes):
        raise SystemExit(f"a run failed: exit codes {codes}")
    return time.perf_counter() - began


def main() -> None:
    """Print both times and their ratio; exit code 1 above the bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spots", type=int, default=3000)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "slice.h5ad"
        simulate = ["simulate", "-o", str(source), "--spots", str(arguments.spots)]
        subprocess.run([sys.executable, "-m", "spotscape", *simulate], check=True)
        alone = seconds(source, folder, 1)
        together = seconds(source, folder, arguments.runs)
    ratio = together / alone
    print(f"alone {alone:.1f} s, {arguments.runs} together {together:.1f} s: {ratio:.2f} times (bar: {BAR})")
    raise SystemExit(ratio > BAR and arguments.runs == 3)


if __name__ == "__main__":
    main()
