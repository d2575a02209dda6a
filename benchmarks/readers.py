"""Seconds and memory to read a platform's folder.

    python -m benchmarks.readers [--cells 100000] [--genes 300] [--write]

The folders hold one simulated tissue and are written by the tests' script (``tests/python/platforms.py``).
Each is read in a process of its own (Linux). "Counts" are the bytes of the sparse matrix that the AnnData
holds: values (float32), columns and row starts (int32). Memory is the peak of the process while it reads,
above what it took before. At the first call libraries load code and take reserves, whatever the size of the
folder: "first call" has that in it. "Data" is measured after a folder of 300 cells has been read, and is what
the folder itself takes: counts, names, the table of cells, and what is held on the way.
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
_NOTE = """\
"Counts": bytes of the sparse matrix that the AnnData holds: values (float32), columns and row starts (int32).
"Data": the peak of the process while it reads, above what it took before, where a folder of 300 cells was
read before. "First call": without that, so with the code and reserves that libraries take at any size.
The bar for Xenium (`cell_feature_matrix.h5`, `cells.parquet`): 10 s, and 1.5 times the counts in data.
"""
_READ = """
import json, sys, time
from spotscape import io

def memory(which):
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(which))

import pandas, pyarrow.parquet, scanpy, zarr  # what readers import when they are first called
for small in sys.argv[2:]:
    io.read(small, verbose=False)
open("/proc/self/clear_refs", "w").write("5")  # the peak begins here
before, start = memory("VmRSS"), time.perf_counter()
adata = io.read(sys.argv[1], verbose=False)
seconds, after = time.perf_counter() - start, memory("VmHWM")
counts = sum(part.nbytes for part in (adata.X.data, adata.X.indices, adata.X.indptr))
print(json.dumps({"seconds": seconds, "peak": after - before, "counts": counts, "stored": adata.X.nnz}))
"""


def measure(path: Path, *small: Path) -> dict[str, float]:
    """Read a folder in a process of its own, after small ones."""
    command = [sys.executable, "-W", "ignore", "-c", _READ, str(path), *map(str, small)]
    ended = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(ended.stdout.splitlines()[-1])


def table(cells: int, genes: int, kinds: Sequence[str]) -> list[str]:
    """Write the folders, read them, and return a table's lines."""
    from tests.python import platforms

    adata, few = platforms.tissue(cells, genes), platforms.tissue(300, genes)
    lines = [
        "| kind | seconds | counts, MB | data, MB | times the counts | first call, MB | times the counts |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for kind in kinds:
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as other:
            path = platforms.KINDS[kind].make(adata, Path(folder))
            first = measure(path)
            found = measure(path, platforms.KINDS[kind].make(few, Path(other)))
        counts = found["counts"] / 1e6
        peaks = [one["peak"] / 1e6 for one in (found, first)]
        sizes = " | ".join(f"{peak:.0f} | {peak / counts:.2f}" for peak in peaks)
        lines.append(f"| {kind} | {first['seconds']:.1f} | {counts:.0f} | {sizes} |")
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
        note = ["", *_NOTE.splitlines()]
        head = ["# Reading a platform's folder", "", f"`{command}`, {_machine.describe()}", ""]
        kept = RESULTS.read_text().partition("\n## ") if RESULTS.exists() else ("", "", "")
        RESULTS.write_text("\n".join([*head, *lines, *note, ""]) + "".join(kept[1:]))


if __name__ == "__main__":
    main()
