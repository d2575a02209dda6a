"""Output paths, checked before the work starts, and what a command has left there if it does not end.

A run must not fail at its last step for a wrong name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from spotscape._validate import input_error

if TYPE_CHECKING:
    import pandas as pd


@dataclass
class Left:
    """Files that a command has written so far, and where it keeps a checkpoint, if it does."""

    files: list[Path] = field(default_factory=list)
    checkpoint: Path | None = None

    def describe(self) -> str:
        """Say which files are there, and how to go on."""
        files = ", ".join(map(str, self.files))
        found = f"written before: {files}" if files else "nothing written"
        if self.checkpoint is not None and self.checkpoint.exists():
            return f"{found}; the same command with --resume goes on from {self.checkpoint}"
        return found


def check_output_file(option: str, path: Path, *suffixes: str, source: Path | None = None) -> None:
    """Raise `InputError` unless ``path`` has one of the endings, can be written, and is not the input."""
    if path.suffix.lower() not in suffixes:
        raise input_error(option, repr(str(path)), f"a file name that ends in {' or '.join(suffixes)}")
    if source is not None and path.exists() and source.exists() and path.samefile(source):
        found = f"{str(path)!r}, which is the input"
        raise input_error(option, found, "another file", "The input is never overwritten.")

    from spotscape.io import check_output

    check_output(path)


def write_table(path: Path, table: pd.DataFrame, left: Left) -> None:
    """Write a table as csv, whole or not at all, and note that it is there."""
    from spotscape.io import atomic_path

    with atomic_path(path) as unfinished:
        table.to_csv(unfinished, index=False, lineterminator="\n")
    left.files.append(path)


def check_output_folder(option: str, path: Path) -> None:
    """Raise `InputError` unless ``path`` is, or can become, a folder with new files in it."""
    if path.exists() and not path.is_dir():
        raise input_error(option, f"{str(path)!r}, which is a file", "a folder")

    from spotscape.io import check_output

    check_output(path / "figure.png" if path.exists() else path)


def as_text(table: pd.DataFrame, *, index: bool) -> str:
    """Return a table with as many digits as a person reads."""
    return table.to_string(index=index, na_rep="-", float_format=_number)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"
