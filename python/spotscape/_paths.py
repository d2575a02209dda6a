"""Paths that a user gave, and what to say where they lead to nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from spotscape._validate import InputError, describe, input_error

READABLE = "an .h5ad file or a Space Ranger output folder"


def as_path(path: Any) -> Path:
    """Return the argument as a path, ``~`` expanded."""
    if not isinstance(path, str | os.PathLike) or not os.fspath(path):
        raise input_error("path", describe(path), "the name of a file or folder")
    return Path(path).expanduser()


def named_path(path: Any) -> str:
    """Name the argument and its value in a message."""
    return f"path {str(path)!r}"


def first_line(error: BaseException) -> str:
    """Return the first line of an error's text, or its kind where there is none."""
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__


@contextmanager
def reading(path: Path, expected: str) -> Iterator[None]:
    """Turn whatever a reader raises on a bad file into an `InputError` that names the file."""
    try:
        yield
    except (InputError, MemoryError):
        raise
    except Exception as error:
        found = f"something that cannot be read ({first_line(error)})"
        raise input_error(named_path(path), found, expected) from error
