"""The paper's own table, from files in a folder.

    python -m benchmarks.paper FOLDER                       all that is there, and what is not: from where
    python -m benchmarks.paper FOLDER --sources mtg --seeds 0 --presets default

``default`` is ours as it is, ``paper`` the published settings with the learning rate published for each data
set. The number of domains is that of the labels; unlabelled spots are left out of every score. Published
figures are means of ten runs. With SHA256SUMS in the folder the files are compared with it first.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks import _machine
from benchmarks.paper.sources import SOURCES, SPOTS, SUMS, wrong_sums
from benchmarks.paper.tasks import TASKS, scores
from spotscape._validate import SpotscapeWarning


def wanting(name: str, folder: Path) -> str:
    """Say which files a source lacks, and where they come from; nothing where all are there."""
    source = SOURCES[name]
    missing = source.missing(folder)
    if not missing:
        return ""
    lines = [f"{name}: {source.title}", f"  not there, {len(missing)} of {len(source.files)} files, such as"]
    lines += [f"    {folder / one}" for one in missing[:3]]
    return "\n".join([*lines, "  from", *(f"    {line}" for line in source.origin)])


def cell(values: Sequence[float]) -> str:
    """Return a mean with its standard deviation over runs."""
    spread = f" ± {np.std(values, ddof=1):.2f}" if len(values) > 1 else ""
    return f"{np.mean(values):.2f}{spread}"


def main(argv: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        prog="benchmarks.paper", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sources", nargs="+", choices=SOURCES, default=list(SOURCES))
    parser.add_argument("--presets", nargs="+", choices=("default", "paper"), default=["default", "paper"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    parser.add_argument("--epochs", type=int, help="Fewer for a trial; the published number where left out.")
    options = parser.parse_args(argv)
    warnings.simplefilter("ignore", SpotscapeWarning)
    wrong = wrong_sums(options.folder)
    if wrong:
        raise SystemExit(f"Not as {SUMS} has them: {', '.join(wrong)}")
    heads = ["task", "data", "figure", "published", *options.presets]
    print("| " + " | ".join(heads) + " |\n" + "| --- " * len(heads) + "|")
    notes = []
    for name in options.sources:
        lacking = wanting(name, options.folder)
        if lacking:
            notes.append(lacking)
            continue
        slices = SOURCES[name].read(options.folder)
        for section, one in slices.items():
            if SPOTS.get(section, one.n_obs) != one.n_obs:
                notes.append(f"{section}: {one.n_obs} spots, the published one has {SPOTS[section]}")
        for task in (task for task in TASKS if task.source == name):
            runs = {
                preset: [scores(task, slices, preset, seed, options.epochs) for seed in options.seeds]
                for preset in options.presets
            }
            for figure in runs[options.presets[0]][0]:
                published = f"{task.published[figure]:.2f}" if figure in task.published else "-"
                cells = [cell([one[figure] for one in runs[preset]]) for preset in options.presets]
                print("| " + " | ".join([task.kind, task.data, figure, published, *cells]) + " |", flush=True)
    print("\n" + "\n\n".join([*notes, f"Seeds {', '.join(map(str, options.seeds))}. {_machine.describe()}"]))


if __name__ == "__main__":
    main()
