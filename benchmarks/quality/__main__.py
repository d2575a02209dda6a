"""Domains by every method on every labelled tissue.

    python -m benchmarks.quality environments                   an environment for each peer, under .peers
    python -m benchmarks.quality run --table FILE.csv           all that the table lacks (hours)
    python -m benchmarks.quality run --methods default pca --data cortex --seeds 0
    python -m benchmarks.quality report --table FILE.csv        markdown and plots from the table
    python -m benchmarks.quality panel                          the default beside four baselines, by study
    python -m benchmarks.quality calibration                    is the confidence of a domain right?
    python -m benchmarks.quality calibration --fit              the coefficients that make it so
    python -m benchmarks.quality integration --seeds 0          benchmarks.integration with Harmony at hand

Protocol: the number of domains is given, labels are looked at only to score and no method is shown them,
unlabelled spots are left out. Every method gives an embedding, which is clustered by a Gaussian mixture with
tied covariance and by K-means, 10 starts each; labels that a method makes itself are a third row, "own". What
each method is run with is in benchmarks/quality/README.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from pathlib import Path
from typing import Any

from benchmarks.quality import data, environments, methods
from spotscape._validate import SpotscapeWarning

RESULTS = Path(__file__).parents[1] / "results"
TABLE = RESULTS / "quality.csv"
FIGURE = Path(__file__).parents[2] / "man" / "figures" / "confidence.png"


def setting(text: str) -> tuple[str, Any]:
    """Return a setting and its value from ``name=value``, the value as JSON or a word."""
    name, _, value = text.partition("=")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


def arguments() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks.quality",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)

    run = commands.add_parser("run", help="add the runs that the table lacks")
    known = list(methods.METHODS)
    run.add_argument("--methods", nargs="+", default=known, choices=known, metavar="METHOD")
    run.add_argument("--data", nargs="+", default=list(data.NAMES), choices=data.NAMES, metavar="TISSUE")
    run.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    run.add_argument("--table", type=Path, default=TABLE)
    run.add_argument(
        "--set",
        nargs="+",
        type=setting,
        default=[],
        help="settings of our methods, as epochs=3",
        dest="settings",
    )

    environment = commands.add_parser("environments", help="make the environments of the peers")
    environment.add_argument(
        "--peers", nargs="+", default=environments.PEERS, choices=environments.PEERS, metavar="PEER"
    )
    environment.add_argument("--python", default="python3.11", help="the interpreter to make them from")
    environment.add_argument("--pip-args", default="", help="more arguments for pip, as another index")

    report = commands.add_parser("report", help="markdown and plots from the table")
    report.add_argument("--table", type=Path, default=TABLE)
    report.add_argument("--output", type=Path, default=RESULTS)

    panel = commands.add_parser("panel", help="the default beside four baselines, by study")
    panel.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    panel.add_argument("--simulated", action="store_true", help="our simulated tissue, by size, instead")
    panel.add_argument("--set", nargs="+", type=setting, default=[], dest="settings", help="as epochs=3")
    panel.add_argument("--jobs", type=int, default=2)

    peers = commands.add_parser("peers", help="other methods on the panel's studies, from the table")
    peers.add_argument("--table", type=Path, default=TABLE)

    calibration = commands.add_parser("calibration", help="is the confidence of a domain right?")
    calibration.add_argument("--output", type=Path, default=RESULTS / "confidence.md")
    calibration.add_argument("--figure", type=Path, default=FIGURE)
    calibration.add_argument("--fit", action="store_true", help="print the coefficients, on other tissues")

    commands.add_parser("integration", help="benchmarks.integration with Harmony", add_help=False)
    args, rest = parser.parse_known_args()
    if rest and args.command != "integration":
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    args.rest = rest
    return args


def main() -> None:
    """Do what was asked for."""
    args = arguments()
    warnings.simplefilter("ignore", SpotscapeWarning)
    if args.command == "run":
        from benchmarks.quality.runner import run_all

        left_out = run_all(args.table, args.methods, args.data, args.seeds, dict(args.settings))
        for line in left_out:
            print(f"left out: {line}")
    elif args.command == "environments":
        for peer in args.peers:
            print(f"{peer} ...", flush=True)
            environments.make(peer, args.python, args.pip_args.split())
    elif args.command == "report":
        from benchmarks.quality.report import write

        write(args.table, args.output)
    elif args.command == "panel":
        from benchmarks.quality import panel

        path = RESULTS / ("panel_simulated.md" if args.simulated else "panel.md")
        settings = dict(args.settings)
        panel.write(path, args.seeds, settings, simulated=args.simulated, jobs=args.jobs)
    elif args.command == "peers":
        from benchmarks.quality import panel, table

        print(panel.peers(table.read(args.table)))
    elif args.command == "calibration":
        from benchmarks.quality import calibration

        if args.fit:
            calibration.fit()
        else:
            calibration.write(args.output, args.figure)
    else:
        sys.exit(environments.run_module_with("harmony", "benchmarks.integration", args.rest))


if __name__ == "__main__":
    main()
