"""The methods by name: which program makes the embedding, and in which environment."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.quality.environments import python_of


@dataclass(frozen=True)
class Method:
    """A method as a command.

    Attributes
    ----------
    peer
        Name of its environment, or "" where ours serves.
    takes_settings
        Whether settings of SpotscapeConfig (``--set``) mean anything to it.
    """

    peer: str = ""
    takes_settings: bool = False

    def python(self) -> Path:
        """Return the interpreter that runs it; it need not be there."""
        return python_of(self.peer) if self.peer else Path(sys.executable)


METHODS: Mapping[str, Method] = {
    "default": Method(takes_settings=True),
    "paper": Method(takes_settings=True),
    "pca": Method(),
    "smoothed_pca": Method(),
    "banksy": Method("banksy"),
    "spaceflow": Method("spaceflow"),
    "graphst": Method("graphst"),
    "cellcharter": Method("cellcharter"),
}


def command(name: str) -> list[str]:
    """Return the command that runs a method, before its arguments."""
    method = METHODS[name]
    program = (
        [str(Path(__file__).parent / "peers" / f"run_{method.peer}.py")]
        if method.peer
        else ["-m", "benchmarks.quality.own", name]
    )
    return [str(method.python()), *program]
