"""The R that runs inside this process, with spotscape's own R functions in it, or why there is none."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from spotscape._paths import first_line
from spotscape._validate import InputError, SpotscapeWarning

_WITHOUT = "R files need rpy2 and R."


def call(name: str, *arguments: Any) -> Any:
    """Call one of spotscape's R functions on R values and return the R value.

    What R raises as a user's error becomes an `InputError` with the same words, its warnings become
    `SpotscapeWarning`.
    """
    from rpy2 import rinterface

    run, functions = _session()
    answer = run(functions.find(name), *arguments)
    found = dict(zip(answer.names, answer, strict=True))
    if "error" in found:
        text = str(found["error"][0])
        if bool(found["user"][0]):
            raise InputError(text)
        raise RuntimeError(f"R: {text} (in {found['call'][0]})")
    for text in found["warnings"]:
        warnings.warn(str(text), SpotscapeWarning, stacklevel=3)
    return found.get("value", rinterface.NULL)


def start() -> None:
    """Start R where it does not run yet.

    To be called before anything else of rpy2 is imported, which would start R in its own way.
    """
    _session()


@cache
def _session() -> tuple[Any, Any]:
    """Start R once: the function that calls others, and the environment that holds them."""
    _require()
    try:
        from rpy2 import rinterface
        from rpy2.rinterface_lib import callbacks

        # What R says while packages load is not for the user of a Python program.
        callbacks.consolewrite_warnerror = lambda text: None
        with _own_library_path():
            rinterface.initr()
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        raise InputError(
            f"R: found one that cannot be started ({first_line(error)}), expected R 4.3 or newer with its "
            "shared library. Build R with --enable-R-shlib, or install rpy2 anew where R was updated: "
            "pip install --force-reinstall --no-cache-dir rpy2-rinterface"
        ) from error
    base = rinterface.baseenv
    functions = base["new.env"](parent=rinterface.globalenv)
    for path in r_sources():
        base["sys.source"](str(path), envir=functions)
    return functions.find("call_for_python"), functions


def value(piece: Any) -> Any:
    """Return a piece as R has it."""
    _session()
    from spotscape.interop._py2r import to_r

    return to_r(piece)


def piece(value: Any, *, writable: bool) -> Any:
    """Return a piece as Python has it; see `spotscape.interop._r2py`."""
    from spotscape.interop._r2py import to_python

    return to_python(value, writable=writable)


@contextmanager
def _own_library_path() -> Iterator[None]:
    """Keep R's LD_LIBRARY_PATH from the processes that this one starts: they could find another libpython."""
    name = "LD_LIBRARY_PATH"
    before = os.environ.get(name)
    try:
        yield
    finally:
        os.environ.pop(name, None)
        os.unsetenv(name)
        if before is not None:
            os.environ[name] = before


def _require() -> None:
    """Refuse where there is no rpy2, no anndata2ri or no R, before either is started."""
    for module in ("rpy2", "anndata2ri"):
        if find_spec(module) is None:
            raise InputError(
                f"{module}: found nothing, expected the Python package. {_WITHOUT} "
                "Install them with: pip install 'spotscape[r]'"
            )
    from rpy2 import situation

    if situation.get_r_home() is None:
        raise InputError(
            f"R: found none, expected R 4.3 or newer on the PATH or in R_HOME. {_WITHOUT} "
            "It comes from https://cran.r-project.org; on Debian and Ubuntu: apt-get install r-base-core"
        )


def r_sources() -> list[Path]:
    """Return the files of spotscape's R half: beside this one in a wheel, else at the repository's top."""
    here = Path(__file__).resolve()
    folders = (here.parent / "R", here.parents[3] / "R")
    for folder in folders:
        found = sorted(folder.glob("*.R"))
        if found:
            return found
    raise RuntimeError(f"spotscape's R files are in none of {', '.join(map(str, folders))}; install it anew")
