"""Paths that a user gave, and what to say where they lead to nothing."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from spotscape._validate import InputError, describe, input_error

READABLE = "an .h5ad, .rds or .gef file, a .zarr folder or the output folder of a platform"
_WRITABLE = "a place with the right to write and enough space"


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


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary name to write to, which becomes ``path`` if the block ends well.

    Parameters
    ----------
    path
        Where the file is to be in the end.

    Yields
    ------
    pathlib.Path
        A name in the same folder, with the same ending; no such file exists yet.

    Raises
    ------
    InputError
        If the folder does not exist or cannot be written to, or if the system refuses the write (no space).
        Whatever is raised, nothing is left behind, and a file that was at ``path`` is as it was.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from spotscape.io import atomic_path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     target = pathlib.Path(folder, "report.html")
    ...     with atomic_path(target) as temporary:
    ...         _ = temporary.write_text("<p>All of it.</p>")
    ...     target.read_text()
    '<p>All of it.</p>'
    """
    check_output(path)
    target = as_path(path).resolve()
    temporary = target.with_name(f".{target.stem}-{secrets.token_hex(4)}{target.suffix}")
    try:
        yield temporary
        os.replace(temporary, target)
    except OSError as error:
        raise _refused(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def _refused(path: str | os.PathLike[str], error: OSError) -> InputError:
    """Return the error that says why the system refused a write."""
    reason = os.strerror(error.errno) if error.errno else first_line(error)
    return input_error(named_path(path), f"that it cannot be written ({reason})", _WRITABLE)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Give a folder to fill, which becomes ``path`` if the block ends well; else nothing is left."""
    if path.exists():
        raise input_error(named_path(path), "something there", "a folder that does not exist yet")
    if not path.resolve().parent.is_dir():
        raise input_error(named_path(path), "no folder above it", "a folder that exists", "Create it first.")
    temporary = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        temporary.mkdir()
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        raise _refused(path, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def check_output(path: str | os.PathLike[str]) -> None:
    """Raise where a file could not be written; to be called before long work whose result goes there.

    Parameters
    ----------
    path
        Name of the file to be written.

    Raises
    ------
    InputError
        If it is a folder or a device, or its folder does not exist or cannot be written to.

    Examples
    --------
    >>> from spotscape.io import check_output
    >>> check_output("result.h5ad")
    """
    path = as_path(path)
    folder = path.resolve().parent
    if path.exists() and not path.is_file():
        raise input_error(named_path(path), "a folder or a device", "the name of a file")
    if not folder.is_dir():
        raise input_error(
            named_path(path), f"no folder {str(folder)!r}", "a folder that exists", "Create it first."
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise input_error(named_path(path), f"no right to write to {str(folder)!r}", _WRITABLE)
