"""What is kept of a run in ``uns``: versions, seconds, and the warnings that the user was shown."""

from __future__ import annotations

import platform
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

from spotscape._validate import SpotscapeWarning
from spotscape._version import __version__

_PACKAGES = ("torch", "torch-geometric", "anndata", "scanpy", "scikit-learn", "numpy")


def versions() -> dict[str, str]:
    """Return the versions of what computed the result."""
    others = {name: version(name) for name in _PACKAGES}
    return {"python": platform.python_version(), "spotscape": __version__, **others}


class Clock:
    """Seconds of each step, in order.

    Attributes
    ----------
    seconds
        By the step's name.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def of(self, step: str) -> Iterator[None]:
        """Take the seconds of what is done inside."""
        started = time.perf_counter()
        yield
        self.seconds[step] = time.perf_counter() - started


@contextmanager
def collected_warnings() -> Iterator[list[str]]:
    """Collect the texts of spotscape's warnings, which still reach the user when the block ends."""
    texts: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield texts
        texts.extend(str(w.message) for w in caught if issubclass(w.category, SpotscapeWarning))
    for warning in caught:
        warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
