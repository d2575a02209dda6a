"""Where the time of a run goes, step by step, beside the least that each step could take here.

    python -m benchmarks.step_profile [--spots 100000 1000000] [--genes 500] [--write]

Cells are simulated and in a file; the run is the default one with its counts on disk, K = 7. A step's floor
is what it reads at the speed at which this machine reads a file it has seen, what it moves at the speed of
memory, or its products of matrices at the speed of large ones, measured in the same run; whichever is most.
Seconds are of wall clock and of the processor: where other work runs beside, the second says more.
"""

from __future__ import annotations

import argparse
import functools
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from benchmarks import _machine
from benchmarks.scale import put, simulate

STEPS = (
    ("spatial graph", "run.analyse", "read_tissue"),
    ("counts checked", "run.steps", "find_counts"),
    ("totals of spots", "pp.counts", "row_totals"),
    ("genes chosen", "run.steps", "choose_genes"),
    ("means of genes", "components.find", "slice_means"),
    ("leading directions", "components.find", "find_scores"),
    ("covariances of a sample", "components.find", "covariances"),
    ("components of all spots", "components.scores", "Scores.along"),
    ("neighbourhood", "run.encoders", "over_rings"),
    ("sharpening", "run.encoders", "find_sharpening"),
    ("domains", "run.analyse", "find_domains"),
)
"""What is timed: its name, and the function where the step before it looks it up."""
RANK, COMPONENTS, EDGES, K = 200, 20, 8, 7


def timed(found: dict[str, np.ndarray], name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function, with its wall and processor seconds added to what was found."""

    @functools.wraps(function)
    def call(*arguments: Any, **named: Any) -> Any:
        started = np.array([time.perf_counter(), time.process_time()])
        try:
            return function(*arguments, **named)
        finally:
            found[name] += np.array([time.perf_counter(), time.process_time()]) - started

    return call


def watch(found: dict[str, np.ndarray]) -> None:
    """Have all steps timed."""
    for name, module, function in STEPS:
        home: Any = import_module(f"spotscape.{module}")
        *outer, last = function.split(".")
        for part in outer:
            home = getattr(home, part)
        setattr(home, last, timed(found, name, getattr(home, last)))


def speeds(path: str) -> dict[str, float]:
    """Return bytes a second of memory and of a file that was read before, and flops a second."""
    from threadpoolctl import threadpool_limits

    values = np.ones(2**26)
    target = np.empty_like(values)
    np.copyto(target, values)
    started = time.perf_counter()
    np.copyto(target, values)
    memory = 2 * values.nbytes / (time.perf_counter() - started)
    with open(path, "rb") as file:
        file.read(2**28)
        file.seek(0)
        started = time.perf_counter()
        size = len(file.read(2**28))
        read = size / (time.perf_counter() - started)
    square = np.ones((3000, 3000), dtype=np.float32)
    with threadpool_limits(None):
        square @ square
        started = time.perf_counter()
        square @ square
        flops = 2 * 3000**3 / (time.perf_counter() - started)
    return {"memory": memory, "read": read, "flops": flops}


def floors(n: int, g: int, stored: int, speed: dict[str, float]) -> dict[str, float]:
    """Return the least seconds of each step."""
    counts = 8 * stored
    once = counts / speed["read"]
    few = min(n, 100_000)
    graph = n * EDGES * (8 + 12)
    rings = 2 * n * EDGES * (12 + 4 * COMPONENTS)
    return {
        "file opened": 4 * stored / speed["read"],
        "spatial graph": graph / speed["memory"],
        "counts checked": once,
        "totals of spots": once,
        "genes chosen": once,
        "means of genes": once,
        "leading directions": max(once, n * g * g / speed["flops"]),
        "covariances of a sample": 2 * few * RANK * RANK / speed["flops"],
        "components of all spots": max(once, 2 * n * g * COMPONENTS / speed["flops"]),
        "neighbourhood": rings / speed["memory"],
        "sharpening": 2 * n * COMPONENTS**2 / speed["flops"],
        "domains": 2 * n * COMPONENTS * (COMPONENTS + K) / speed["flops"],
        "written": 2 * counts / speed["memory"],
    }


def profile(n_spots: int, n_genes: int, folder: str, found: dict[str, np.ndarray]) -> list[str]:
    """Return the rows of a size; steps of the run are watched, and put their seconds into what is found."""
    from spotscape import io, tl

    path = f"{folder}/{n_spots}.h5ad"
    stored = simulate(path, n_spots, n_genes)["stored"]
    speed = speeds(path)
    found.clear()
    whole: dict[str, np.ndarray] = defaultdict(lambda: np.zeros(2))
    adata = timed(found, "file opened", io.read)(path, backed=True)
    timed(whole, "run", tl.run_spotscape)(adata, n_domains=K, progress=False)
    timed(found, "written", io.write)(adata, f"{folder}/out.h5ad")
    inside = sum(found[name] for name, _, _ in STEPS)
    found["the rest of the run"] = whole["run"] - inside
    least = floors(n_spots, n_genes, stored, speed)
    lines = [
        f"{n_spots:,} x {n_genes:,}, {stored:,} counts stored: {whole['run'][0]:.1f} s "
        f"({whole['run'][1]:.1f} s of the processor), without reading and writing. Here memory moves "
        f"{speed['memory'] / 1e9:.1f} GB/s, a file is read at {speed['read'] / 1e9:.1f} GB/s, products of "
        f"large matrices run at {speed['flops'] / 1e9:.0f} Gflop/s.",
        "",
        "| step | seconds | of the processor | floor |",
        "| --- | --- | --- | --- |",
    ]
    order = ["file opened", *(name for name, _, _ in STEPS), "the rest of the run", "written"]
    for name in order:
        wall, processor = found[name]
        floor = f"{least[name]:.2f}" if name in least else ""
        lines.append(f"| {name} | {wall:.2f} | {processor:.2f} | {floor} |")
    return [*lines, ""]


def main() -> None:
    """Print a table for each size."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--spots", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--genes", type=int, default=500)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    lines: list[str] = []
    found: dict[str, np.ndarray] = defaultdict(lambda: np.zeros(2))
    watch(found)
    for n_spots in given.spots:
        with tempfile.TemporaryDirectory() as folder:
            lines += profile(n_spots, given.genes, folder, found)
            print("\n".join(lines[-20:]), flush=True)
    text = "\n".join(lines).rstrip() + f"\n\n`python -m benchmarks.step_profile`; {_machine.describe()}"
    if given.write:
        put("Where the time goes", text)


if __name__ == "__main__":
    main()
