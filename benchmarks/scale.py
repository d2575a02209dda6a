"""How time and memory grow with the number of cells, and what training by tiles costs in quality.

    python -m benchmarks.scale [--parts telescope steps section runs cohort peers ...] [--write]

``telescope``: one value and gradient at a million cells. ``steps``: a training step against N, over the whole
tissue, by tiles, and as the formulas stand, with N x N similarities. ``section``: one DLPFC section
from its file to domains, and how long the program takes to start. ``runs``: simulated cells from a file to
domains by the command line, with its checkpoint; ten million of them take 20 GB of disk (``--up-to`` leaves
sizes out). ``cohort``: 200 sections of 10,000 cells, a file each. ``peers``: the same cells by scanpy (which
knows no places), BANKSY and CellCharter, each in its environment (``python -m benchmarks.quality environments
--peers banksy cellcharter``). ``quality``: labelled slices by tiles and whole, by the same settings; there
also what a moving estimate of the whole tissue's Gram matrices would give. ``matching``: similarity scale
matching within a batch of tiles against the exact one. ``processes``: two processes against one, in a
training and in a run on counts that stay in their file. Every figure is of a process of its own; memory is
its peak.
``--write`` puts the parts into ``results/scale.md``, others stay.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import _machine, _slices

RESULTS = Path(__file__).parent / "results"
STEP_SIZES = {
    "literal": [3162, 10_000, 20_000],
    "whole": [3162, 10_000, 31_623, 100_000, 316_228],
    "tiles": [3162, 10_000, 31_623, 100_000, 316_228, 1_000_000],
}
"""As far as each way goes on a machine like this one."""
RUNS = ((100_000, 1000), (100_000, 500), (1_000_000, 500), (10_000_000, 500))
PATCH = 1_000_000
SECTION = "dlpfc_151673"
QUALITY = ("dlpfc_151673", "dlpfc_151674", "dlpfc_151675")
SEEDS = range(5)
TILED = 1000
"""Spots a step in the comparison of quality: a third to a quarter of a section."""


def peak_gb() -> float:
    """Return the peak memory of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def alone(function: Callable[..., dict], *arguments: object) -> dict:
    """Call a function of this module in a process of its own, and return what it gives."""
    program = (
        "import json, sys; from benchmarks import scale; "
        f"print(json.dumps(scale.{function.__name__}(*json.loads(sys.argv[1]))))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, json.dumps(arguments)], check=True, stdout=subprocess.PIPE, text=True
    )
    return json.loads(ended.stdout.strip().splitlines()[-1])


# ---- the telescope -----------------------------------------------------------------------------------------


def telescope_once(n: int, d: int) -> dict:
    """Time value and gradient of the similarity telescope; memory above the two inputs."""
    import torch

    from spotscape.core.telescope import similarity_telescope_loss

    generator = torch.Generator().manual_seed(0)
    views = [torch.randn(n, d, generator=generator, requires_grad=True) for _ in range(2)]
    small = [torch.randn(100, d, requires_grad=True) for _ in range(2)]
    similarity_telescope_loss(*small).backward()  # what is made once
    before = peak_gb()
    seconds = []
    for _ in range(6):
        started = time.perf_counter()
        similarity_telescope_loss(*views).backward()
        seconds.append(time.perf_counter() - started)
    return {"first": seconds[0], "seconds": float(np.median(seconds[1:])), "gb": peak_gb() - before}


def telescope() -> list[str]:
    """Return the table of the telescope."""
    found = alone(telescope_once, 10**6, 64)
    return [
        "| telescope, N = 1,000,000, d = 64 | measured | bar |",
        "| --- | --- | --- |",
        f"| value and gradient, median of five | {found['seconds']:.2f} s | 2 s |",
        f"| the first call, which is given its memory | {found['first']:.2f} s | |",
        f"| memory above its inputs, gradients among it | {found['gb']:.2f} GB | 2 GB |",
    ]


# ---- a step against N --------------------------------------------------------------------------------------


def lattice(n: int):
    """Return a tissue of n spots on a square lattice with four neighbours, X of rank 200."""
    import torch

    from spotscape.core.expression import LowRankExpression
    from spotscape.engine.slice_graph import SliceGraph

    side = int(np.ceil(np.sqrt(n)))
    spots = np.arange(n)
    row, column = np.divmod(spots, side)
    right = spots[(column < side - 1) & (spots + 1 < n)]
    down = spots[spots + side < n]
    pairs = np.concatenate([np.stack([right, right + 1]), np.stack([down, down + side])], axis=1)
    both = np.concatenate([pairs, pairs[::-1]], axis=1)
    generator = torch.Generator().manual_seed(0)
    expression = LowRankExpression(
        torch.randn(n, 200, generator=generator), torch.randn(200, 500, generator=generator)
    )
    return SliceGraph(
        expression,
        torch.from_numpy(both[:, np.lexsort((both[1], both[0]))]),
        coordinates=np.stack([row, column], axis=1).astype(float),
    )


def step_once(n: int, way: str, steps: int = 3) -> dict:
    """Time a training step, after the first; memory is the peak of the process, tissue and all."""
    import torch

    from spotscape.config import SpotscapeConfig
    from spotscape.engine.distributed import World
    from spotscape.engine.training import Training

    graph = lattice(n)
    config = SpotscapeConfig(encoder="gcn", batch_spots=None if way == "tiles" else 0)
    training = Training(graph, config, None, 0, "cpu", World())
    take: Callable[[], object] = training.step
    if way == "literal":
        take = literal_step(training)
    take()
    started = time.perf_counter()
    for _ in range(steps):
        take()
    seconds = (time.perf_counter() - started) / steps
    return {
        "seconds": seconds,
        "gb": peak_gb(),
        "batch": training.plan.batch_spots,
        "torch": torch.__version__,
    }


def literal_step(training) -> Callable[[], object]:
    """Return a step as the formulas stand: X and X̂ of N x G, similarities of N x N."""
    from torch.nn.functional import normalize

    from spotscape.core.augment import random_view

    model, (batch, _) = training.model, training.batches.draw()
    x = batch.expression.left @ batch.expression.right

    def take() -> None:
        views = [
            random_view(
                training.n_edges,
                training.n_inputs,
                edge_drop=0.2,
                gene_mask=0.2,
                generator=training.generator,
            )
            for _ in range(2)
        ]
        z1, z2 = (
            model.encode(batch.features, batch.neighborhood.propagation(view.edges), view.genes)
            for view in views
        )
        u, v = normalize(z1, dim=1), normalize(z2, dim=1)
        loss = (u @ v.T - v @ u.T).square().mean()
        for z in (z1, z2):
            loss = loss + 0.05 * (model.decoder_output(model.decode_hidden(z)) - x).square().mean()
        training.optimizer.zero_grad()
        loss.backward()
        training.optimizer.step()

    return take


def exponent(sizes: Sequence[int], values: Sequence[float]) -> float:
    """Return p of values ~ N^p, by least squares on logarithms over the upper half of the sizes."""
    half = min(len(sizes) // 2, len(sizes) - 2)
    return float(np.polyfit(np.log(sizes[half:]), np.log(values[half:]), 1)[0])


def steps() -> list[str]:
    """Return the table of a step against N, with fitted exponents; draw the figure."""
    found: dict[str, list[dict]] = {}
    lines = ["| N | way | spots a step | seconds a step | peak GB |", "| --- | --- | --- | --- | --- |"]
    for way, sizes in STEP_SIZES.items():
        for n in sizes:
            one = {"n": n, **alone(step_once, n, way)}
            found.setdefault(way, []).append(one)
            lines.append(f"| {n:,} | {way} | {one['batch']:,} | {one['seconds']:.3f} | {one['gb']:.2f} |")
            print(lines[-1], file=sys.stderr, flush=True)
    lines.append("")
    for way, rows in found.items():
        sizes = [row["n"] for row in rows]
        time_power = exponent(sizes, [row["seconds"] for row in rows])
        memory_power = exponent(sizes, [row["gb"] for row in rows])
        lines.append(
            f"{way}: seconds a step ~ N^{time_power:.2f}, memory ~ N^{memory_power:.2f} "
            "(upper half of the sizes)."
        )
    draw(found)
    return [*lines, "", "![A step against N](scale.png)"]


def draw(found: dict[str, list[dict]]) -> None:
    """Draw time and memory of a step against N."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(8, 3.6), layout="constrained")
    colours = {"literal": "#D55E00", "whole": "#0072B2", "tiles": "#009E73"}
    for axis, key, label in zip(axes, ("seconds", "gb"), ("seconds a step", "peak memory, GB"), strict=True):
        for way, rows in found.items():
            axis.loglog(
                [row["n"] for row in rows], [row[key] for row in rows], "o-", color=colours[way], label=way
            )
        axis.set(xlabel="number of cells", ylabel=label)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].legend(frameon=False)
    figure.savefig(RESULTS / "scale.png", dpi=150)
    plt.close(figure)


# ---- whole runs --------------------------------------------------------------------------------------------


def run_once(path: str, out: str) -> dict:
    """Run the command on a file, or a folder of files; what it took, stage by stage."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "spotscape", "run", path, "-o", out, "-k", "7", "--backed"]
    subprocess.run(command, check=True, stdout=sys.stderr)
    seconds = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_CHILDREN)

    import anndata

    from spotscape.metrics import adjusted_rand_index

    done = anndata.read_h5ad(out, backed="r")
    record = done.uns["spotscape"]
    return {
        "seconds": seconds,
        "processor": used.ru_utime + used.ru_stime,
        "gb": used.ru_maxrss / 2**20,
        "stages": {name: float(value) for name, value in record["seconds"].items()},
        "ari": float(adjusted_rand_index(done.obs["ground_truth"], done.obs["spotscape_domain"])),
    }


def simulate(path: str, n_spots: int, n_genes: int) -> dict:
    """Write simulated cells; above a million a million at a time, as patches next to each other."""
    from spotscape import datasets, io

    size = min(n_spots, PATCH)
    adata = datasets.simulate_slice(n_spots=size, n_genes=n_genes, layout="cells", tissue="cortex")
    if n_spots > size:
        return {"stored": write_patches(path, adata, n_spots // size)}
    io.write(adata, path)
    return {"stored": int(adata.X.nnz)}


def write_patches(path: str, adata: Any, n_patches: int) -> int:
    """Write a tissue of patches: in each the counts are dealt out anew among the cells of a domain."""
    import anndata
    import h5py
    import pandas as pd
    from anndata.io import write_elem

    n, rng = adata.n_obs, np.random.default_rng(0)
    labels = adata.obs["ground_truth"].cat
    members = [np.flatnonzero(labels.codes == code) for code in range(len(labels.categories))]
    width = np.ptp(adata.obsm["spatial"], axis=0)[0] * (1 + 1 / np.sqrt(n))
    empty = adata[:0].copy()
    empty.write_h5ad(path)
    with h5py.File(path, "r+") as file:
        stored, group = adata.X.nnz, file["X"]
        for name, kind in (("data", adata.X.dtype), ("indices", np.int32)):
            del group[name]
            group.create_dataset(name, (n_patches * stored,), kind, chunks=(2**18,))
        lengths = []
        for patch in range(n_patches):
            order = np.arange(n)
            for own in members:
                order[own] = rng.permutation(own)
            block = adata.X[order]
            here = slice(patch * stored, (patch + 1) * stored)
            group["data"][here], group["indices"][here] = block.data, block.indices
            lengths.append(np.diff(block.indptr))
        del group["indptr"]
        group["indptr"] = np.concatenate([[0], np.cumsum(np.concatenate(lengths), dtype=np.int64)])
        group.attrs["shape"] = np.array([n_patches * n, adata.n_vars])
        places = [adata.obsm["spatial"] + [patch * width, 0] for patch in range(n_patches)]
        codes = pd.Categorical.from_codes(np.tile(labels.codes, n_patches), labels.categories)
        names = pd.Index([f"c{i}" for i in range(n_patches * n)])
        write_elem(file, "obs", pd.DataFrame({"ground_truth": codes}, index=names))
        write_elem(file, "obsm", {"spatial": np.concatenate(places)})
    assert anndata.read_h5ad(path, backed="r").shape == (n_patches * n, adata.n_vars)
    return n_patches * int(stored)


def runs(up_to: int = RUNS[-1][0]) -> list[str]:
    """Return the table of whole runs, and how time and memory grow."""
    lines = [
        "| cells x genes | counts stored | file to domains | of the processor | peak GB | "
        "graph, genes, components, domains | ARI |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    grown = []
    for n_spots, n_genes in RUNS:
        if n_spots > up_to:
            continue
        with tempfile.TemporaryDirectory() as folder:
            path, out = f"{folder}/in.h5ad", f"{folder}/out.h5ad"
            stored = alone(simulate, path, n_spots, n_genes)["stored"]
            one = alone(run_once, path, out)
        names = ("graph", "genes", "components", "domains")
        parts = ", ".join(f"{one['stages'][name]:.0f}" for name in names)
        lines.append(
            f"| {n_spots:,} x {n_genes:,} | {stored:,} | {one['seconds']:.0f} s | {one['processor']:.0f} s | "
            f"{one['gb']:.1f} | {parts} s | {one['ari']:.2f} |"
        )
        print(lines[-1], file=sys.stderr, flush=True)
        if n_genes == RUNS[-1][1]:
            grown.append((n_spots, one))
    (least, first), (most, last) = grown[0], grown[-1]
    if most > least:
        powers = [
            np.log(last[key] / first[key]) / np.log(most / least) for key in ("seconds", "processor", "gb")
        ]
        lines += [
            "",
            f"From {least:,} to {most:,} cells of {RUNS[-1][1]} genes: seconds ~ N^{powers[0]:.2f}, seconds "
            f"of the processor ~ N^{powers[1]:.2f}, memory ~ N^{powers[2]:.2f}.",
        ]
    return lines


def section_once() -> dict:
    """Time a section from its file to domains in a process that has run before, part by part."""
    from spotscape import datasets, io, tl

    n_domains = _slices.read(SECTION)[1]
    small = datasets.simulate_slice(n_spots=500, n_genes=300)
    tl.run_spotscape(small, n_domains=3, progress=False)  # imports, and what is made once
    marks = [time.perf_counter()]
    adata = io.read(_slices.path_of(SECTION))
    marks.append(time.perf_counter())
    tl.run_spotscape(adata, n_domains=n_domains, progress=False)
    marks.append(time.perf_counter())
    with tempfile.TemporaryDirectory() as folder:
        io.write(adata, f"{folder}/out.h5ad")
    marks.append(time.perf_counter())
    return dict(zip(("read", "run", "write"), np.diff(marks).tolist(), strict=True)) | {"n": adata.n_obs}


def start_seconds(arguments: Sequence[str]) -> float:
    """Return the seconds that Python takes for these arguments, median of five after one."""
    seconds = []
    for _ in range(6):
        started = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - started)
    return float(np.median(seconds[1:]))


def section() -> list[str]:
    """Return the table of one section, and of how long the program takes to start."""
    bare = start_seconds(["-c", "pass"])
    lines = [
        "| what | measured | bar |",
        "| --- | --- | --- |",
        f"| `import spotscape`, above Python's own start | "
        f"{start_seconds(['-c', 'import spotscape']) - bare:.2f} s | 0.5 s |",
        f"| `spotscape --help` | {start_seconds(['-m', 'spotscape', '--help']):.2f} s | 1 s |",
    ]
    if not _slices.at_hand(SECTION):
        return [*lines, "", f"Left out, as not at hand: {SECTION}."]
    found = [alone(section_once) for _ in range(3)]
    one = sorted(found, key=lambda row: row["read"] + row["run"])[1]
    what = f"{SECTION}, {one['n']:,} spots, file to domains, the imports done (median of three)"
    return [
        *lines,
        f"| {what} | {one['read'] + one['run']:.1f} s | 8 s |",
        f"| written | {one['write']:.1f} s | |",
    ]


def simulate_cohort(folder: str, n_slices: int, n_spots: int, n_genes: int) -> dict:
    """Write sections of one tissue with batch effects, a file each."""
    from spotscape import datasets, io

    slices = datasets.simulate_slices(
        n_slices=n_slices, n_spots=n_spots, n_genes=n_genes, layout="cells", tissue="cortex"
    )
    for number, one in enumerate(slices):
        io.write(one, f"{folder}/section{number:03}.h5ad")
    return {"stored": int(sum(one.X.nnz for one in slices))}


def cohort(n_slices: int = 200, n_spots: int = 10_000, n_genes: int = 500) -> list[str]:
    """Return the table of many sections, a file each."""
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(f"{folder}/in")
        stored = alone(simulate_cohort, f"{folder}/in", n_slices, n_spots, n_genes)["stored"]
        one = alone(run_once, f"{folder}/in", f"{folder}/out.h5ad")
    stages = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in one["stages"].items())
    return [
        "| sections | cells | counts stored | files to domains | of the processor | peak GB | ARI |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        f"| {n_slices} | {n_slices * n_spots:,} | {stored:,} | {one['seconds']:.0f} s | "
        f"{one['processor']:.0f} s | {one['gb']:.1f} | {one['ari']:.2f} |",
        "",
        f"Steps of the run: {stages}.",
    ]


# ---- peers -------------------------------------------------------------------------------------------------

SCANPY = """
import sys, numpy as np, scanpy as sc
adata = sc.read_h5ad(sys.argv[1])
sc.pp.normalize_total(adata)
sc.pp.log1p(adata)
sc.pp.pca(adata)
sc.pp.neighbors(adata, transformer="sklearn")  # its approximate ones end in an error with today's scipy
sc.tl.leiden(adata, flavor="igraph", n_iterations=2, directed=False)
np.savez(sys.argv[2], labels=adata.obs["leiden"].to_numpy().astype(str))
"""
OF_PEERS = ((5_000, ("scanpy", "banksy", "cellcharter")), (50_000, ("scanpy", "banksy")))
"""Cells, and who takes them: CellCharter's training takes too long above the first size."""


def program_of(peer: str, path: str, out: str) -> list[str]:
    """Return the command that runs a method on a file."""
    if peer == "spotscape":
        return [sys.executable, "-m", "spotscape", "run", path, "-o", f"{out}.h5ad", "-k", "7", "-q"]
    if peer == "scanpy":
        return [sys.executable, "-c", SCANPY, path, f"{out}.npz"]
    from benchmarks.quality.environments import REQUIREMENTS, python_of

    script = REQUIREMENTS / f"run_{peer}.py"
    return [str(python_of(peer)), str(script), path, "7", "0", f"{out}.npz"]


def peer_once(peer: str, path: str, out: str) -> dict:
    """Run a method on a file; what the process took, its imports and reading among it, and the ARI."""
    import anndata
    from sklearn.mixture import GaussianMixture

    from spotscape.metrics import adjusted_rand_index

    started = time.perf_counter()
    subprocess.run(program_of(peer, path, out), check=True, stdout=subprocess.DEVNULL)
    seconds, used = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if peer == "spotscape":
        labels = anndata.read_h5ad(f"{out}.h5ad", backed="r").obs["spotscape_domain"].to_numpy()
    else:
        found = np.load(f"{out}.npz")
        mixture = GaussianMixture(7, covariance_type="tied", n_init=5, random_state=0)
        labels = found["labels"] if "labels" in found else mixture.fit_predict(found["embedding"])
    truth = anndata.read_h5ad(path, backed="r").obs["ground_truth"].to_numpy()
    return {
        "seconds": seconds,
        "processor": used.ru_utime + used.ru_stime,
        "gb": used.ru_maxrss / 2**20,
        "ari": float(adjusted_rand_index(truth, labels)),
    }


def simulate_for_peers(path: str, n_spots: int) -> dict:
    """Write cells with what the peers' scripts read."""
    from spotscape import datasets, io

    adata = datasets.simulate_slice(n_spots=n_spots, n_genes=500, layout="cells", tissue="cortex")
    adata.uns["layout"] = "cells"
    io.write(adata, path)
    return {"stored": int(adata.X.nnz)}


def peers() -> list[str]:
    """Return the table of other methods on the same cells."""
    lines = [
        "| cells x 500 genes | method | file to domains | of the processor | x ours | peak GB | x ours | "
        "ARI |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for n_spots, others in OF_PEERS:
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/in.h5ad"
            alone(simulate_for_peers, path, n_spots)
            ours = alone(peer_once, "spotscape", path, f"{folder}/spotscape")
            for peer in ("spotscape", *others):
                one = ours if peer == "spotscape" else alone(peer_once, peer, path, f"{folder}/{peer}")
                lines.append(
                    f"| {n_spots:,} | {peer} | {one['seconds']:.0f} s | {one['processor']:.0f} s | "
                    f"{one['processor'] / ours['processor']:.1f} | {one['gb']:.1f} | "
                    f"{one['gb'] / ours['gb']:.1f} | {one['ari']:.2f} |"
                )
                print(lines[-1], file=sys.stderr, flush=True)
    return lines


# ---- quality -----------------------------------------------------------------------------------------------


def quality_once(name: str, seed: int, batch_spots: int, moving: float) -> dict:
    """Run a labelled slice; with ``moving`` > 0 the telescope's Gram matrices are a running mean."""
    from spotscape import metrics, tl

    if moving:
        use_moving_grams(moving)
    adata, n_domains = _slices.read(name)
    truth = adata.obs["ground_truth"]
    config = {"batch_spots": batch_spots}
    tl.run_spotscape(adata, n_domains=n_domains, seed=seed, config=config, progress=False)
    scores = {"default": metrics.adjusted_rand_index(truth, adata.obs["spotscape_domain"])}
    for method in ("gmm", "kmeans"):
        tl.spatial_domains(adata, n_domains=n_domains, method=method, seed=seed)
        scores[method] = metrics.adjusted_rand_index(truth, adata.obs["spotscape_domain"])
    return {name: float(score) for name, score in scores.items()} | {
        "seconds": float(adata.uns["spotscape"]["seconds"]["training"])
    }


def use_moving_grams(weight: float) -> None:
    """Have the telescope compare all spots seen lately: Gram matrices as a mean over batches."""
    from spotscape.core import objective, telescope

    kept: list = []

    def loss(z1, z2, *, reduce=None):
        grams = telescope.telescope_grams(z1, z2) / len(z1)
        mean = grams if not kept else (1 - weight) * kept[0] + weight * grams
        kept[:] = [mean.detach()]
        # the gradient is that of the newest part alone; put back to the size it has within a batch
        return telescope.telescope_from_grams(mean, 1.0) / (weight if len(kept) else 1.0)

    objective.similarity_telescope_loss = loss


def quality() -> list[str]:
    """Return the table of quality by tiles against the whole tissue."""
    names = [name for name in QUALITY if _slices.at_hand(name)]
    missing = sorted(set(QUALITY) - set(names))
    lines = [f"Left out, as not at hand: {', '.join(missing)}.", ""] if missing else []
    lines += [
        f"ARI with K given, mean ± standard deviation over {len(SEEDS)} seeds; "
        f"by tiles {TILED:,} spots a step.",
        "",
        "| tissue | step sees | own labels | tied mixture | K-means | training, s |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    ways = (("all spots", 0, 0.0), ("tiles", TILED, 0.0), ("tiles, moving Gram matrices", TILED, 0.3))
    for name in names:
        for label, batch_spots, moving in ways:
            rows = [alone(quality_once, name, seed, batch_spots, moving) for seed in SEEDS]
            columns = [[row[key] for row in rows] for key in ("default", "gmm", "kmeans")]
            cells = [f"{np.mean(column):.3f} ± {np.std(column, ddof=1):.3f}" for column in columns]
            seconds = np.mean([row["seconds"] for row in rows])
            lines.append(f"| {name} | {label} | {' | '.join(cells)} | {seconds:.1f} |")
            print(lines[-1], file=sys.stderr, flush=True)
    return lines


# ---- scale matching ----------------------------------------------------------------------------------------


def matching_once(n_spots: int, batch_spots: int) -> dict:
    """Train on two slices, and compare scale matching over all spots with that within batches of tiles."""
    import anndata
    import torch

    from spotscape import datasets, gr, pp
    from spotscape.config import SpotscapeConfig
    from spotscape.core.scale_matching import members, scale_matching_loss
    from spotscape.engine.slice_graph import SliceGraph
    from spotscape.engine.tiles import Tiles
    from spotscape.engine.trainer import fit

    slices = datasets.simulate_slices(n_slices=2, n_spots=n_spots // 2, n_genes=300, layout="cells")
    both = anndata.concat(slices)
    gr.spatial_neighbors(both, slice_key="slice")
    codes = both.obs["slice"].astype("category").cat.codes.to_numpy()
    graph = SliceGraph.from_scipy(
        pp.normalized_expression(both),
        both.obsp["spatial_connectivities"],
        rank=100,
        seed=0,
        slices=codes,
        centering=1.0,
        coordinates=both.obsm["spatial"],
    )
    config = SpotscapeConfig(encoder="gcn", epochs=40, batch_spots=batch_spots, prototype_weight=0.0)
    z = torch.from_numpy(fit(graph, config).embedding)
    numbers = torch.from_numpy(codes.astype(np.int64))
    started = time.perf_counter()
    exact = float(scale_matching_loss(z, z, members(numbers)))
    exact_seconds = time.perf_counter() - started
    tiles = Tiles(graph, max(32, batch_spots // 24))
    rng = np.random.default_rng(0)
    within, within_seconds = [], []
    for _ in range(10):
        drawn = rng.choice(len(tiles), max(2, round(len(tiles) * batch_spots / n_spots)), replace=False)
        own = torch.from_numpy(np.concatenate([tiles.members[tile] for tile in drawn]))
        started = time.perf_counter()
        within.append(float(scale_matching_loss(z[own], z[own], members(numbers[own]))))
        within_seconds.append(time.perf_counter() - started)
    return {
        "exact": exact,
        "within": float(np.mean(within)),
        "spread": float(np.std(within)),
        "exact_seconds": exact_seconds,
        "within_seconds": float(np.mean(within_seconds)),
    }


def matching() -> list[str]:
    """Return the table of scale matching within batches against the exact one."""
    lines = [
        "| spots | spots a step | exact loss | within batches of tiles | seconds, exact | seconds, a batch |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for n_spots, batch_spots in ((20_000, 2000), (20_000, 5000), (20_000, 10_000)):
        one = alone(matching_once, n_spots, batch_spots)
        lines.append(
            f"| {n_spots:,} | {batch_spots:,} | {one['exact']:.2e} "
            f"| {one['within']:.2e} ± {one['spread']:.1e} | "
            f"{one['exact_seconds']:.1f} | {one['within_seconds']:.2f} |"
        )
        print(lines[-1], file=sys.stderr, flush=True)
    return lines


# ---- two processes -----------------------------------------------------------------------------------------


def processes(n_trained: int = 100_000, n_read: int = 1_000_000) -> list[str]:
    """Return the table of two processes against one, each process with one thread."""
    training = ["--set", "encoder=gcn", "--set", "cluster_method=gmm", "--set", "batch_memory=1"]
    lines = [
        "| `torchrun` on one machine, a thread each | one process | two | embeddings differ by, of the "
        "largest value |",
        "| --- | --- | --- | --- |",
    ]
    for title, n_spots, n_genes, settings, step in (
        ("training, {:,} cells, batches of 1 GB", n_trained, 200, training, "training"),
        ("genes and components, {:,} cells, counts in their file", n_read, 500, [], "components"),
    ):
        seconds, apart = both_ways(n_spots, n_genes, settings, step)
        lines.append(
            f"| {title.format(n_spots)} | {seconds[1]:.0f} s | {seconds[2]:.0f} s | {apart:.1e} (bar 1e-4) |"
        )
        print(lines[-1], file=sys.stderr, flush=True)
    return lines


def both_ways(n_spots: int, n_genes: int, settings: list[str], step: str) -> tuple[dict[int, float], float]:
    """Return the seconds of a step in one process and in two, and how far their embeddings are apart."""
    import anndata

    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    seconds, found = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        alone(simulate, f"{folder}/in.h5ad", n_spots, n_genes)
        for number in (1, 2):
            start = [sys.executable, "-m"]
            if number > 1:
                start += ["torch.distributed.run", "--standalone", f"--nproc-per-node={number}", "-m"]
            out = f"{folder}/{number}.h5ad"
            command = [
                *start,
                "spotscape",
                "run",
                f"{folder}/in.h5ad",
                "-o",
                out,
                "-k",
                "7",
                "--backed",
                "-q",
            ]
            subprocess.run([*command, *settings], check=True, env=environment)
            done = anndata.read_h5ad(out, backed="r")
            steps = done.uns["spotscape"]["seconds"]
            found[number] = done.obsm["X_spotscape"]
            seconds[number] = sum(float(steps[name]) for name in {"genes", step})
    return seconds, float(np.abs(found[2] - found[1]).max() / np.abs(found[1]).max())


PARTS: dict[str, tuple[str, Callable[[], list[str]]]] = {
    "telescope": ("The telescope", telescope),
    "steps": ("A training step against N", steps),
    "section": ("One section", section),
    "runs": ("From file to domains", runs),
    "cohort": ("Two hundred sections, a file each", cohort),
    "peers": ("Beside other methods", peers),
    "quality": ("Quality by tiles", quality),
    "matching": ("Scale matching within tiles", matching),
    "processes": ("Two processes against one", processes),
}


def main() -> None:
    """Print the parts, and with ``--write`` put them into the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--up-to", type=int, default=RUNS[-1][0], help="the largest number of cells of runs")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    for name in arguments.parts:
        title, function = PARTS[name]
        if name == "runs":
            function = partial(runs, arguments.up_to)
        text = "\n".join(
            [*function(), "", f"`python -m benchmarks.scale --parts {name}`; {_machine.describe()}"]
        )
        print(f"## {title}\n\n{text}\n")
        if arguments.write:
            put(title, text)


def put(title: str, text: str) -> None:
    """Put one part into ``scale.md``, in the order of the parts."""
    path = RESULTS / "scale.md"
    start = "# A million cells\n\nWhat each part is: the head of `benchmarks/scale.py`.\n"
    head, *rest = (path.read_text() if path.exists() else start).split("\n## ")
    sections = dict(part.split("\n", 1) for part in rest)
    sections[title] = f"\n{text}\n"
    known = [name for name, _ in PARTS.values()]
    last = [name for name in sections if name not in known]
    ordered = [(name, sections[name]) for name in [*known, *last] if name in sections]
    path.write_text(head + "".join(f"\n## {name}\n{body}" for name, body in ordered))


if __name__ == "__main__":
    main()
