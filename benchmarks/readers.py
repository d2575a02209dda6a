"""Seconds and memory to read a platform's folder.

    python -m benchmarks.readers [--cells 100000] [--genes 300] [--write]

The folders hold one simulated tissue and are written by the tests' script (``tests/python/platforms.py``).
Each is read in a process of its own (Linux). Memory is the peak of that process above what it took before
reading, beside the bytes of the counts that come of it (values, columns and row starts of the sparse matrix).
``--write`` puts the table into ``results/readers.md``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks import _machine

RESULTS = Path(__file__).parent / "results" / "readers.md"
KINDS = ("xenium", "xenium_1", "visium_hd", "cosmx", "merscope", "spatialdata_3")
_READ = """
import json, sys, time
from spotscape import io

def memory(which):
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(which))

import pandas, pyarrow.parquet, scanpy, zarr  # what readers import when they are first called
open("/proc/self/clear_refs", "w").write("5")  # the peak begins here
before, start = memory("VmRSS"), time.perf_counter()
adata = io.read(sys.argv[1], verbose=False)
seconds, after = time.perf_counter() - start, memory("VmHWM")
counts = sum(part.nbytes for part in (adata.X.data, adata.X.indices, adata.X.indptr))
print(json.dumps({"seconds": seconds, "peak": after - before, "counts": counts, "stored": adata.X.nnz}))
"""


def measure(path: Path) -> dict[str, float]:
    """Read a folder in a process of its own."""
    command = [sys.executable, "-W", "ignore", "-c", _READ, str(path)]
    ended = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(ended.stdout.splitlines()[-1])


def table(cells: int, genes: int, kinds: Sequence[str]) -> list[str]:
    """Write the folders, read them, and return a table's lines."""
    from tests.python import platforms

    adata = platforms.tissue(cells, genes)
    lines = [
        "| kind | seconds | counts, MB | peak above start, MB | times the counts |",
        "| --- | --- | --- | --- | --- |",
    ]
    for kind in kinds:
        with tempfile.TemporaryDirectory() as folder:
            found = measure(platforms.KINDS[kind].make(adata, Path(folder)))
        mb = [found[name] / 1e6 for name in ("counts", "peak")]
        lines.append(f"| {kind} | {found['seconds']:.1f} | {mb[0]:.0f} | {mb[1]:.0f} | {mb[1] / mb[0]:.2f} |")
        print(lines[-1], flush=True)
    return [f"{cells:,} cells x {genes:,} genes, {found['stored']:,} counts stored.", "", *lines]


def main() -> None:
    """Print the table, and write it where that was asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cells", type=int, default=100_000)
    parser.add_argument("--genes", type=int, default=300)
    parser.add_argument("--kinds", nargs="+", default=KINDS)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    lines = table(asked.cells, asked.genes, asked.kinds)
    if asked.write:
        command = f"python -m benchmarks.readers --cells {asked.cells} --genes {asked.genes} --write"
        head = ["# Reading a platform's folder", "", f"`{command}`, {_machine.describe()}", ""]
        RESULTS.write_text("\n".join([*head, *lines, ""]))


if __name__ == "__main__":
    main()
