"""What a GPU of NVIDIA's saves: training steps and whole runs on it and on the CPU beside it, in one go.

    python -m benchmarks.gpu [--write]

``steps``: a training step of one slice by the default settings against N, over the whole tissue and by tiles;
on the GPU also in mixed precision. ``runs``: simulated tissue from counts in memory to domains, one slice and
several, by both devices, with the agreement of their domains. Peak memory is the GPU's. ``--write`` puts both
into ``results/gpu.md``.
"""

from __future__ import annotations

import argparse
import sys
import time
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
}


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
    return {"stages": stages, "domains": adata.obs["spotscape_domain"], "truth": adata.obs["ground_truth"]}


def runs() -> list[str]:
    """Return the table of whole runs."""
    lines = [
        "| tissue | device | all, s | of it training, s | ARI | ARI between the devices | GPU peak, GB |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, options in RUNS.items():
        found = {}
        for device in ("cuda", "cpu"):
            gpu_gb()
            found[device] = one_run(options, device)
            stages = found[device]["stages"]
            truth = metrics.adjusted_rand_index(found[device]["truth"], found[device]["domains"])
            agree = peak = ""
            if device == "cpu":
                agreement = metrics.adjusted_rand_index(*(one["domains"] for one in found.values()))
                agree = f"{agreement:.3f}"
            else:
                peak = f"{gpu_gb():.2f}"
            lines.append(
                f"| {name} | {device} | {sum(stages.values()):.1f} | {stages['training']:.1f} "
                f"| {truth:.3f} | {agree} | {peak} |"
            )
            print(lines[-1], stages, file=sys.stderr, flush=True)
    return lines


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    if not torch.cuda.is_available():
        sys.exit("PyTorch sees no NVIDIA GPU here.")
    on = f"{torch.cuda.get_device_name()}, CUDA {torch.version.cuda}; {_machine.describe()}"
    parts = (("A training step against N", steps), ("From counts to domains", runs))
    lines = ["# A GPU", ""]
    for title, part in parts:
        lines += [f"## {title}", "", *part(), ""]
    text = "\n".join([*lines, f"`python -m benchmarks.gpu`; {on}"])
    print(text)
    if arguments.write:
        (RESULTS / "gpu.md").write_text(text + "\n")


if __name__ == "__main__":
    main()
