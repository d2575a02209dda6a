"""Time and memory of several slices, from files to domains, and how both grow with their number.

    python -m benchmarks.integration_speed [--simulated 2 5 10]

Every run is a process of its own, as a user would start it: imports, reading, genes, graph, training and
domains, with default settings. First the four DLPFC sections, then so many simulated ones of 5,000 spots and
2,000 genes.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks import _machine, _process, _slices
from benchmarks.integration import SETS
from spotscape import datasets

WHOLE_RUN = """
import sys, spotscape
slices = {path: spotscape.io.read(path) for path in sys.argv[2:]}
spotscape.tl.integrate_slices(slices, n_domains=int(sys.argv[1]), progress=False)
"""


def simulate(n_slices: int, folder: Path) -> list[Path]:
    """Write simulated slices of 5,000 spots and return where they are."""
    paths = []
    for number, one in enumerate(datasets.simulate_slices(n_slices=n_slices, n_spots=5000)):
        paths.append(folder / f"slice{number}.h5ad")
        one.write_h5ad(paths[-1])
    return paths


def main() -> None:
    """Print the table, a row as soon as it is measured."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--simulated", nargs="*", type=int, default=[2, 5, 10], metavar="SLICES")
    numbers = parser.parse_args().simulated
    print("| slices, files to domains | seconds | peak memory, GB |\n| --- | --- | --- |", flush=True)
    names, n_domains = SETS["DLPFC"]
    _row("DLPFC, 4 sections", n_domains, [_slices.path_of(name) for name in names])
    with tempfile.TemporaryDirectory() as folder:
        paths = simulate(max(numbers), Path(folder)) if numbers else []
        for number in numbers:
            _row(f"simulated, {number} x 5,000 spots", 7, paths[:number])
    print(f"\n{_machine.describe()}")


def _row(label: str, n_domains: int, paths: list[Path]) -> None:
    seconds, memory = _process.measure(WHOLE_RUN, [str(n_domains), *map(str, paths)])
    print(f"| {label} | {seconds:.0f} | {memory:.2f} |", flush=True)


if __name__ == "__main__":
    main()
