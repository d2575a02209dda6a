"""Memory of RunSpotscape() on a large Seurat object, against the run in Python on the same data.

    python -m benchmarks.r_scale [--cells 100000] [--genes 1000]

Two processes, one of Python and one of R, each of which reads the counts, has done a tiny run before, and
then runs with K-means, so that what R adds shows. Needs Linux, R, Seurat, and
spotscape installed in R.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from scipy import sparse

from benchmarks import _machine
from spotscape.datasets import simulate_slice

MOST = 3.0
PROGRAM = """
import json, sys, time
from pathlib import Path
import anndata, numpy as np, spotscape
from scipy import sparse
folder, output = map(Path, sys.argv[1:])
def memory(name):
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 2**20
n_genes, n_cells, _ = np.fromfile(folder / "size", dtype=np.int32)
x, i, p = np.fromfile(folder / "x"), np.fromfile(folder / "i", np.int32), np.fromfile(folder / "p", np.int32)
adata = anndata.AnnData(sparse.csr_matrix((x, i, p), shape=(n_cells, n_genes)))
adata.obsm["spatial"] = np.fromfile(folder / "spatial").reshape(2, -1).T
def run(adata):
    config = {"cluster_method": "kmeans"}
    spotscape.tl.run_spotscape(adata, n_domains=8, config=config, progress=False)
run(adata[:200].copy())
open("/proc/self/clear_refs", "w").write("5")  # the peak is counted from here
before, started = memory("VmRSS"), time.perf_counter()
run(adata)
seconds, first = time.perf_counter() - started, float(adata.obsm["X_spotscape"][0, 0])
output.write_text(json.dumps({"s": seconds, "before": before, "peak": memory("VmHWM"), "first": first}))
"""


def main() -> None:
    """Print the table and the ratio; end with an error where R takes too much."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cells", type=int, default=100_000)
    parser.add_argument("--genes", type=int, default=1000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        size = _write_slice(Path(name), args.cells, args.genes)
        python = _measure([sys.executable, "-W", "ignore", "-c", PROGRAM], name)
        r = _measure(["Rscript", "--vanilla", str(Path(__file__).with_suffix(".R"))], name)
    print("| run | seconds | memory before, GB | peak, GB |\n| --- | --- | --- | --- |")
    for label, found in (("`run_spotscape`, Python", python), ("`RunSpotscape`, R", r)):
        print(f"| {label} | {found['s']:.1f} | {found['before']:.2f} | {found['peak']:.2f} |")
    over = (r["peak"] - python["peak"]) / size
    above = ((r["peak"] - r["before"]) - (python["peak"] - python["before"])) / size
    print(
        f"\n{args.cells:,} cells x {args.genes:,} genes; the counts take {size:.2f} GB. The peak in R is "
        f"that in Python and {over:.2f} times the counts; above what each held before, {above:.2f} times.\n"
        f"First number of the embedding: {python['first']:.6g} in Python, {r['first']:.6g} in R.\n\n"
        f"{_machine.describe()}"
    )
    if over >= MOST:
        sys.exit(f"R takes {over:.2f} times the counts more than Python; less than {MOST:g} is promised.")


def _write_slice(folder: Path, n_cells: int, n_genes: int) -> float:
    """Write a slice as arrays that both languages read as they are; return the size of its counts in GB."""
    adata = simulate_slice(n_spots=n_cells, n_genes=n_genes, n_domains=8, layout="cells", seed=0)
    counts = sparse.csr_matrix(adata.X)  # R's genes x cells, by column
    arrays = {
        "size": np.array([adata.n_vars, adata.n_obs, counts.nnz], dtype=np.int32),
        "x": counts.data.astype(np.float64),
        "i": counts.indices.astype(np.int32),
        "p": counts.indptr.astype(np.int32),
        "spatial": np.asarray(adata.obsm["spatial"], dtype=np.float64).T,
    }
    for name, values in arrays.items():
        np.ascontiguousarray(values).tofile(folder / name)
    return sum(arrays[name].nbytes for name in "xip") / 2**30


def _measure(command: list[str], folder: str) -> dict[str, float]:
    """Return what a program wrote about its run on the slice in a folder."""
    output = Path(folder, "found.json")
    environment = {"RETICULATE_PYTHON": sys.executable, **os.environ}
    subprocess.run([*command, folder, str(output)], check=True, env=environment)
    found: dict[str, float] = json.loads(output.read_text())
    return found


if __name__ == "__main__":
    main()
