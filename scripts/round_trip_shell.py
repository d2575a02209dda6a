"""`spotscape run` on the objects that scripts/round_trip.R left in a folder, one after the other.

jobs.txt has the number of each and its column of slices. What a run says of an error goes to <number>.err.
"""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path

from spotscape.cli import main

folder = Path(sys.argv[1])
for line in (folder / "jobs.txt").read_text().splitlines():
    number, column = line.split("\t")
    arguments = [
        "run",
        str(folder / f"{number}.rds"),
        "-o",
        str(folder / f"{number}-out.rds"),
        "--n-domains",
        "3",
    ]
    if column:
        arguments += ["--slice-key", column]
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            main(arguments)
    except SystemExit as stop:
        if stop.code:
            (folder / f"{number}.err").write_text(said.getvalue())
