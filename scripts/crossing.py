"""Write the tables of what crosses between R and Python into the help pages, from inst/known_issues.yaml.

    python scripts/crossing.py            write them
    python scripts/crossing.py --check    say which page is out of date, and fail

A table is found by its first row, which is why no page needs a marker. Needs nothing but Python.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "inst" / "known_issues.yaml"
CROSSING = ("Seurat", "experiment", "AnnData")
LOSSES = ("object", "part", "what")
PAGES = {ROOT / "R" / "as_anndata.R": "#' ", ROOT / "python" / "spotscape" / "interop" / "pieces.py": ""}


def read(text: str) -> dict[str, list[dict[str, str]]]:
    """Return the lists of rows in the file, which uses no more of YAML than this reads."""
    lists: dict[str, list[dict[str, str]]] = {}
    for line in text.splitlines():
        if re.match(r"\w+:$", line):
            rows = lists.setdefault(line[:-1], [])
        elif found := re.match(r"  (- |  )(\w+): (.*)$", line):
            first, name, value = found.groups()
            if first == "- ":
                rows.append({})
            quoted = re.fullmatch(r"'(.*)'", value)
            rows[-1][name] = (quoted[1] if quoted else value).replace("''", "'")
        elif line.strip() and not line.startswith("#"):
            raise ValueError(f"{SOURCE.name}: cannot read {line!r}")
    return lists


def table(columns: tuple[str, ...], rows: list[dict[str, str]]) -> list[str]:
    """Return the lines of a markdown table."""
    lines = [columns, ("---",) * len(columns), *(tuple(row[name] for name in columns) for row in rows)]
    return ["| " + " | ".join(line) + " |" for line in lines]


def with_table(page: str, lines: list[str], prefix: str) -> str:
    """Return a page with its table of this first row in this form."""
    old = page.splitlines()
    start = old.index(prefix + lines[0])
    end = start
    while end < len(old) and old[end].startswith(prefix + "|"):
        end += 1
    return "\n".join([*old[:start], *(prefix + line for line in lines), *old[end:]]) + "\n"


def main() -> int:
    """Write or check every page."""
    known = read(SOURCE.read_text())
    losses = [row for row in known["known_issues"] if "id" in row]
    stale = []
    for path, prefix in PAGES.items():
        text = path.read_text()
        new = with_table(text, table(CROSSING, known["crossing"]), prefix)
        new = with_table(new, table(LOSSES, losses), prefix)
        # A docstring marks code by two backticks.
        if prefix == "":
            new = re.sub(r"(?m)^\| .*$", lambda row: re.sub(r"(?<!`)`(?!`)", "``", row[0]), new)
        if new != text:
            stale.append(path.relative_to(ROOT))
            if "--check" not in sys.argv:
                path.write_text(new)
    if stale and "--check" in sys.argv:
        sys.stderr.write(f"out of date, run 'make docs': {', '.join(map(str, stale))}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
