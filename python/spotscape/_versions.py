"""What a bug report needs: versions of spotscape and what it stands on, the machine, and its devices."""

from __future__ import annotations

import platform
import re
import sys
from importlib.metadata import PackageNotFoundError, requires, version

from spotscape._threads import usable_cpus, wanted_threads
from spotscape._version import __version__

_TOOLS = r"extra == .(dev|docs|dist)\b"
"""Extras that serve the development."""


def show_versions() -> None:
    """Print the versions of spotscape, of Python and of the packages it uses, and what the machine has.

    For a bug report. In R `spotscape_sitrep()` prints what R sees, in the shell ``spotscape versions`` what
    this does. Paths and names of the user are not in it.

    Examples
    --------
    >>> import spotscape
    >>> spotscape.show_versions()  # doctest: +ELLIPSIS
    spotscape ...
    """
    sys.stdout.write("\n".join(_lines()) + "\n")


def _lines() -> list[str]:
    """Return what is printed."""
    packages = [found for name in _packages() if (found := _installed(name)) is not None]
    width = max(len(name) for name, _ in packages) + 2
    machine = f"{platform.system()} {platform.release()}, {platform.machine()}"
    return [
        f"spotscape {__version__}",
        f"Python {platform.python_version()} ({sys.implementation.name})",
        f"{machine}, {usable_cpus()} CPU(s), {wanted_threads()} thread(s) for a run",
        f"Accelerator: {_accelerator()}",
        "",
        *(f"{name:<{width}}{number}" for name, number in packages),
    ]


def _packages() -> list[str]:
    """Return the names of what a user has spotscape ask for, in the order of the alphabet."""
    asked = [line for line in requires("spotscape") or [] if not re.search(_TOOLS, line)]
    return sorted({re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0] for line in asked} - {"spotscape"})


def _installed(name: str) -> tuple[str, str] | None:
    """Return a package with its version, where it is there."""
    try:
        return name, version(name)
    except PackageNotFoundError:
        return None


def _accelerator() -> str:
    """Return what torch could run on beside the CPU."""
    import torch  # takes a second, which the face of the package does not have

    if torch.cuda.is_available():
        return f"CUDA {torch.version.cuda}, {torch.cuda.get_device_name()}"
    if torch.backends.mps.is_available():
        return "MPS"
    return "none"
