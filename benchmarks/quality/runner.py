"""Runs over tissues, methods and seeds: each in a process of its own, none that the table holds already."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from anndata import AnnData

from benchmarks.quality import data, methods, scoring, table
from benchmarks.quality.environments import REPOSITORY

LAUNCH = Path(__file__).with_name("launch.py")


def run_all(
    path: Path,
    names: Sequence[str],
    tissues: Sequence[str],
    seeds: Sequence[int],
    settings: Mapping[str, Any],
) -> list[str]:
    """Add every run that the table lacks; return what was left out, and why."""
    usable = [name for name in names if methods.METHODS[name].python().exists()]
    left_out = [
        f"{name}: first run python -m benchmarks.quality environments --peers {methods.METHODS[name].peer}"
        for name in names
        if name not in usable
    ]
    for tissue in tissues:
        held = table.finished(table.read(path))
        wanted = [Run(name, tissue, seed, settings) for seed, name in product(seeds, usable)]
        missing = [run for run in wanted if run.key not in held]
        if missing:
            left_out += run_tissue(path, tissue, missing)
    return left_out


@dataclass(frozen=True)
class Run:
    """One method on one tissue with one seed, and with what settings changed."""

    method: str
    data: str
    seed: int
    given: Mapping[str, Any]

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that mean anything to the method."""
        return dict(self.given) if methods.METHODS[self.method].takes_settings else {}

    @property
    def key(self) -> tuple[Any, ...]:
        """What names the run in the table, in the order of `table.RUN`."""
        written = " ".join(f"{key}={value}" for key, value in sorted(self.settings.items()))
        return self.method, self.data, self.seed, written


def run_tissue(path: Path, tissue: str, missing: Sequence[Run]) -> list[str]:
    """Add the runs of one tissue to the table, one by one; return what was left out, and why."""
    try:
        adata, n_domains = data.read(tissue)
    except FileNotFoundError as reason:
        return [f"{tissue}: {reason}"]
    left_out = []
    with tempfile.TemporaryDirectory() as folder:
        shown = Path(folder) / "shown.h5ad"
        data.without_labels(adata).write_h5ad(shown)
        for run in missing:
            try:
                found = embed(run, shown, n_domains)
                scored_rows = list(scored(adata, found, n_domains, run.seed))
            except (RuntimeError, ValueError) as failed:
                left_out.append(f"{run.method} on {tissue}, seed {run.seed}: {failed}")
                continue
            rows = [dict(zip(table.RUN, run.key, strict=True)) | row for row in scored_rows]
            table.append(path, rows)
            shares = ", ".join(f"{row['clustering']} {row['ARI']:.3f}" for row in rows)
            cost = f"{rows[0]['seconds']:.0f} s, {rows[0]['memory']:.1f} GB"
            print(f"{tissue}, {run.method}, seed {run.seed}: ARI {shares} ({cost})", flush=True)
    return left_out


def embed(run: Run, shown: Path, n_domains: int) -> dict[str, Any]:
    """Run a method on a file without labels; return what it wrote, and its peak memory in GB.

    Raises
    ------
    RuntimeError
        If it failed; the message ends with the last that it said.
    """
    output = shown.with_name("found.npz")
    output.unlink(missing_ok=True)
    arguments = [str(shown), str(n_domains), str(run.seed), str(output), json.dumps(run.settings)]
    process = subprocess.run(
        [sys.executable, LAUNCH, *methods.command(run.method), *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
    )
    if process.returncode:
        raise RuntimeError(f"failed: {(process.stderr.strip().splitlines() or ['no word'])[-1]}")
    memory = json.loads(process.stdout.splitlines()[-1])["memory"]
    with np.load(output) as found:
        return dict(found) | {"memory": memory}


def scored(adata: AnnData, found: Mapping[str, Any], n_domains: int, seed: int) -> Iterator[dict[str, Any]]:
    """Yield a row for each clustering, without what names the run."""
    for clustering, labels in scoring.labelings(found, n_domains, seed):
        yield {
            "clustering": clustering,
            "n_spots": adata.n_obs,
            "n_genes": adata.n_vars,
            "n_domains": n_domains,
            **scoring.scores(adata, found, labels),
            "seconds": float(found["seconds"]),
            "cpu_seconds": float(found["cpu_seconds"]),
            "memory": found["memory"],
            "device": str(found["device"]),
        }
