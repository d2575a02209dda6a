"""Checkpoints: the state of a training as a file, written every few minutes, from which it can be resumed.

One safetensors file, whole or not at all, without code: every tensor of the state by name, and in its header
what the state is of, so that no other run goes on from it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from spotscape._paths import atomic_path, check_output
from spotscape._validate import input_error
from spotscape._version import __version__

_KIND = "spotscape checkpoint"


@dataclass
class Checkpoint:
    """Where the state of a training is kept, and how often.

    Parameters
    ----------
    path
        The file.
    minutes
        Time between writes; 0 writes after every step.
    resume
        Whether to go on from the file where it is there.
    """

    path: Path
    minutes: float = 3.0
    resume: bool = False
    _written: float = field(default_factory=time.monotonic, init=False)

    def check(self) -> None:
        """Raise where the file cannot be written, or is there and would be lost; before work starts."""
        check_output(self.path)
        if self.path.exists() and not self.resume:
            raise input_error(
                "checkpoint",
                f"{str(self.path)!r}, the checkpoint of a run that did not end",
                "a file that is not there",
                "Go on from it with resume, or delete it.",
            )

    def is_due(self) -> bool:
        """Tell whether it is time to write."""
        return time.monotonic() - self._written >= 60 * self.minutes

    def written(self) -> None:
        """Say that the file was written now."""
        self._written = time.monotonic()

    def write(self, values: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
        """Write a state: plain values, among them ``run``, and tensors by name."""
        header = {"kind": _KIND, "spotscape": __version__, "values": json.dumps(values)}
        whole = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        with atomic_path(self.path) as unfinished:
            save_file(whole, unfinished, metadata=header)
        self.written()

    def read(self, run: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Tensor]] | None:
        """Return the state to go on from, or None where a run is to start anew.

        Parameters
        ----------
        run
            What the run is: settings, seed, size and checksums of the data. The file's must be the same.
        """
        if not self.resume or not self.path.exists():
            return None
        try:
            with safe_open(self.path, framework="pt") as file:
                header = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}
        except (OSError, SafetensorError) as error:
            raise input_error(
                "checkpoint", f"{str(self.path)!r}, unreadable ({error})", "a checkpoint"
            ) from error
        if header.get("kind") != _KIND:
            raise input_error(
                "checkpoint", f"{str(self.path)!r}, something else", "a checkpoint of spotscape"
            )
        values = json.loads(header["values"])
        expected = json.loads(json.dumps(run))
        if not values["run"].keys() >= expected.keys():
            version = header.get("spotscape", "0.1")
            raise input_error(
                "checkpoint",
                f"{str(self.path)!r}, of a run by spotscape {version}, with other settings",
                f"one that spotscape {__version__} began",
                "Finish the run with that version, or delete the file and begin anew.",
            )
        differing = [name for name in expected if values["run"].get(name) != expected[name]]
        if differing:
            raise input_error(
                "checkpoint",
                f"{str(self.path)!r}, of a run with another " + ", ".join(differing),
                "one of the same data and settings",
                "Delete it, or run as before.",
            )
        return values, tensors


def state_of(
    model: torch.nn.Module, optimizer: torch.optim.Optimizer, generator: torch.Generator
) -> dict[str, Tensor]:
    """Return the tensors that training goes on from."""
    tensors = {f"model.{name}": value for name, value in model.state_dict().items()}
    for number, state in optimizer.state_dict()["state"].items():
        tensors |= {f"adam.{number}.{name}": value for name, value in state.items()}
    return tensors | {"generator": generator.get_state()}


def restore(
    tensors: Mapping[str, Tensor],
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    generator: torch.Generator,
) -> None:
    """Put what `state_of` gave back into the same kinds of objects."""
    model.load_state_dict(_under("model.", tensors))
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in _under("adam.", tensors).items():
        number, _, part = name.partition(".")
        state.setdefault(int(number), {})[part] = value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
    generator.set_state(tensors["generator"])


def _under(stem: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(stem): value for name, value in tensors.items() if name.startswith(stem)}
