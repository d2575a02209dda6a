"""Time and memory of a large sparse matrix on its way between Python and R.

    python -m benchmarks.interop [--cells 100000] [--genes 1000] [--density 0.1]

Each way is a process of its own, which makes the object first; what is timed, and above what the peak counts,
is the crossing alone, with R and its packages loaded. Needs Linux, R and the extra [r].
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys

from benchmarks import _machine

PROGRAM = """
import json, sys, time
import anndata, numpy as np
from scipy import sparse
from spotscape import interop
way, kind, cells, genes, density = *sys.argv[1:3], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5])
rng = np.random.default_rng(0)
def make(cells, genes):
    counts = sparse.random(cells, genes, density, "csr", rng=rng, data_rvs=lambda n: np.ones(n))
    adata = anndata.AnnData(counts)
    adata.obsm["spatial"] = rng.random((cells, 2))
    return adata
def memory(name):
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 2**20
interop.from_r(interop.to_r(make(50, 20), kind))  # R and its packages are loaded
adata = make(cells, genes)
size = (adata.X.data.nbytes + adata.X.indices.nbytes + adata.X.indptr.nbytes) / 2**30
made = interop.to_r(adata, kind) if way == "from R" else adata
open("/proc/self/clear_refs", "w").write("5")  # the peak is counted from here
before, started = memory("VmRSS"), time.perf_counter()
there = interop.from_r(made) if way == "from R" else interop.to_r(made, kind)
print(json.dumps({"s": time.perf_counter() - started, "above": memory("VmHWM") - before, "size": size}))
"""


def main() -> None:
    """Print the table, a row as soon as it is measured."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cells", type=int, default=100_000)
    parser.add_argument("--genes", type=int, default=1000)
    parser.add_argument("--density", type=float, default=0.1)
    args = parser.parse_args()
    size = [str(args.cells), str(args.genes), str(args.density)]
    print(
        "| way | object | seconds | peak above, GB | matrix, GB |\n| --- | --- | --- | --- | --- |",
        flush=True,
    )
    for way in ("to R", "from R"):
        for kind in ("seurat", "spe", "sce"):
            command = [sys.executable, "-W", "ignore", "-c", PROGRAM, way, kind, *size]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            found = json.loads(done.stdout.splitlines()[-1])
            row = f"{found['s']:.1f} | {found['above']:.2f} | {found['size']:.2f}"
            print(f"| {way} | {kind} | {row} |", flush=True)
    dense = args.cells * args.genes * 8 / 2**30
    print(f"\nThe matrix would take {dense:.2f} GB if it were dense.\n\n{_machine.describe()}")


if __name__ == "__main__":
    main()
