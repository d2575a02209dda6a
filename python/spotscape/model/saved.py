"""A model in a folder: ``model.json`` says what it is, a safetensors file holds its arrays; no code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from spotscape._paths import atomic_path, check_output
from spotscape._validate import input_error

_DESCRIPTION = "model.json"
_KIND = "spotscape model"


def check_model_folder(folder: Path) -> None:
    """Raise unless a model can be written there; to be called before work starts."""
    if folder.exists() and not folder.is_dir():
        raise input_error(str(folder), "a file", "a folder to save into")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / _DESCRIPTION).is_file():
        raise input_error(str(folder), "a folder with other files", "an empty one, or one with a model")
    check_output(folder / _DESCRIPTION if folder.is_dir() else folder)


def write_model(folder: Path, description: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> None:
    """Write a model; one that is there is replaced whole or not at all."""
    check_model_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    arrays = folder / "unfinished.safetensors"
    with atomic_path(arrays) as unfinished:
        # The format has rows after rows only; R's matrices, columns after columns, would be written as such.
        save_file({name: np.ascontiguousarray(array) for name, array in tensors.items()}, unfinished)
    digest = sha256(arrays.read_bytes()).hexdigest()
    # Named after its content: until the new description is there, the old one finds the old file.
    named = arrays.replace(folder / f"weights-{digest[:16]}.safetensors")
    whole = {"kind": _KIND, "weights": named.name, "sha256": digest, **description}
    with atomic_path(folder / _DESCRIPTION) as unfinished:
        unfinished.write_text(json.dumps(whole, indent=1), encoding="utf-8")
    for other in folder.glob("weights-*.safetensors"):
        if other != named:
            other.unlink()


def read_model(folder: Path, newest: int) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return description and arrays of a model in a format up to the newest known, or say what is wrong."""
    description = _read_description(folder, newest)
    return description, _read_tensors(folder, description)


def _read_description(folder: Path, newest: int) -> dict[str, Any]:
    """Read model.json, or say what is wrong with it."""
    path, expected = folder / _DESCRIPTION, "a model that spotscape saved"
    if not path.is_file():
        raise input_error(str(folder), f"no {_DESCRIPTION}", expected)
    try:
        description = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise input_error(str(path), f"something that cannot be read ({error})", expected) from error
    if not isinstance(description, dict) or description.get("kind") != _KIND:
        raise input_error(str(path), "the description of something else", expected)
    if not isinstance(description.get("format"), int) or description["format"] > newest:
        found = f"a model in format {description.get('format')} (spotscape {description.get('spotscape')})"
        raise input_error(str(path), found, f"format {newest} or older", "Update spotscape to read it.")
    for name in ("weights", "sha256", "config", "genes", "domains"):
        if name not in description:
            raise input_error(str(path), f"no {name!r}", expected, "It is damaged: save it again.")
    return description


def _read_tensors(folder: Path, description: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Read the arrays, or say what is wrong with their file."""
    path = folder / Path(str(description["weights"])).name
    if not path.is_file():
        raise input_error(str(path), "nothing there", "the model's weights", "Copy the folder whole.")
    if sha256(path.read_bytes()).hexdigest() != description["sha256"]:
        raise input_error(
            str(path),
            "a file cut short or changed",
            "the one saved with model.json",
            "Copy the folder again.",
        )
    try:
        return dict(load_file(path))
    except SafetensorError as error:
        raise input_error(str(path), f"no safetensors file ({error})", "the model's weights") from error
