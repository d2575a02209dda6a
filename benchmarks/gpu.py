"""What a GPU of NVIDIA's saves: training steps and whole runs on it and on the CPU beside it, in one go.

    python -m benchmarks.gpu [--parts steps runs] [--write]

``steps``: a training step of one slice by the default settings against N, over the whole tissue and by tiles;
on the GPU also in mixed precision. ``runs``: simulated tissue from counts in memory to domains by the
default, a section, four of them, and a million cells, by both devices, with the seconds of each step and the
agreement of their domains; each device has made a small run before, so that nothing is loaded for the first
time. Peak memory is the GPU's. ``--write`` puts the parts into ``results/gpu.md``. Where PyTorch sees no GPU,
that is said, and nothing is measured.
"""

from __future__ import annotations

import argparse
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import torch

from benchmarks import _machine
from benchmarks.scale import lattice
from spotscape import datasets, metrics, tl
from spotscape.config import SpotscapeConfig
from spotscape.engine.distributed import World
from spotscape.engine.training import Training

RESULTS = Path(__file__).parent / "results"
STEP_SIZES = {"whole": (3162, 31_623, 100_000), "tiles": (100_000,)}
RUNS = {
    "one slice of 3,600 spots": {"n_slices": 1, "n_spots": 3600, "n_genes": 3000},
    "four slices of 3,600 spots": {"n_slices": 4, "n_spots": 3600, "n_genes": 3000},
    "a million cells x 500 genes": {
        "n_slices": 1,
        "n_spots": 1_000_000,
        "n_genes": 500,
        "layout": "cells",
        "tissue": "cortex",
    },
}
WARM = {"n_slices": 2, "n_spots": 300, "n_genes": 100}
STAGES = ("graph", "genes", "components", "domains")


def gpu_gb() -> float:
    """Return the peak memory on the GPU since the last call."""
    peak = torch.cuda.max_memory_allocated() / 1e9
    torch.cuda.reset_peak_memory_stats()
    return peak


def step_seconds(n: int, way: str, device: str, *, mixed: bool = False, steps: int = 5) -> float:
    """Return the time of a training step, after the first two."""
    config = SpotscapeConfig(batch_spots=None if way == "tiles" else 0, mixed_precision=mixed)
    training = Training(lattice(n), config, None, 0, device, World())
    for _ in range(2):
        training.step()
    started = time.perf_counter()
    for _ in range(steps):
        training.step()  # reads its loss, and so waits for the GPU
    return (time.perf_counter() - started) / steps


def steps() -> list[str]:
    """Return the table of a training step."""
    lines = [
        "| N | way | CPU, s | GPU, s | CPU / GPU | GPU, mixed precision, s | GPU peak, GB |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for way, sizes in STEP_SIZES.items():
        for n in sizes:
            cpu = step_seconds(n, way, "cpu", steps=3)
            gpu_gb()
            gpu = step_seconds(n, way, "cuda")
            peak = gpu_gb()
            mixed = step_seconds(n, way, "cuda", mixed=True)
            lines.append(
                f"| {n:,} | {way} | {cpu:.4f} | {gpu:.4f} | {cpu / gpu:.1f} | {mixed:.4f} | {peak:.2f} |"
            )
            print(lines[-1], file=sys.stderr, flush=True)
    return lines


def one_run(options: dict, device: str) -> dict:
    """Run one slice or several; return stages, domains and truth."""
    slices = datasets.simulate_slices(**options)
    if len(slices) == 1:
        adata = slices[0]
        tl.run_spotscape(adata, n_domains=7, device=device, progress=False)
    else:
        adata = tl.integrate_slices(slices, n_domains=7, device=device, progress=False)
    record = adata.uns["spotscape"]
    stages = {name: float(seconds) for name, seconds in record["seconds"].items()}
    return {
        "stages": stages,
        "device": record["params"]["device"],
        "domains": adata.obs["spotscape_domain"],
        "truth": adata.obs["ground_truth"],
    }


def runs(kinds: dict[str, dict] = RUNS, devices: tuple[str, ...] = ("cuda", "cpu")) -> list[str]:
    """Return the table of whole runs."""
    lines = [
        f"| tissue | device | all, s | {', '.join(STAGES)}, s | ARI | ARI with the first | GPU peak, GB |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for device in devices:
        one_run(WARM, device)
    for name, options in kinds.items():
        first = None
        for device in devices:
            on_gpu = device == "cuda"
            if on_gpu:
                gpu_gb()
            found = one_run(options, device)
            peak = f"{gpu_gb():.2f}" if on_gpu else ""
            first = found if first is None else first
            truth = metrics.adjusted_rand_index(found["truth"], found["domains"])
            agree = metrics.adjusted_rand_index(first["domains"], found["domains"])
            parts = ", ".join(f"{found['stages'].get(stage, 0.0):.1f}" for stage in STAGES)
            lines.append(
                f"| {name} | {found['device']} | {sum(found['stages'].values()):.1f} | {parts} "
                f"| {truth:.3f} | {'' if found is first else f'{agree:.3f}'} | {peak} |"
            )
            print(lines[-1], file=sys.stderr, flush=True)
    return lines


PARTS = {"steps": ("A training step against N", steps), "runs": ("From counts to domains", runs)}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    if not torch.cuda.is_available():
        sys.exit("PyTorch sees no NVIDIA GPU here. Nothing was measured.")
    cuml = "with cuML" if find_spec("cuml") else "without cuML"
    on = f"{torch.cuda.get_device_name()}, CUDA {torch.version.cuda}, {cuml}; {_machine.describe()}"
    lines = ["# A GPU", ""]
    for title, part in (PARTS[name] for name in arguments.parts):
        lines += [f"## {title}", "", *part(), ""]
    text = "\n".join([*lines, f"`python -m benchmarks.gpu`; {on}"])
    print(text)
    if arguments.write:
        (RESULTS / "gpu.md").write_text(text + "\n")


if __name__ == "__main__":
    main()
