"""Makes damaged models, ``.h5ad`` files and ``.zarr`` folders: what a cut copy, a bug or malice may leave."""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import h5py
import numpy as np
import zarr
from safetensors.numpy import load_file, save_file

VALUES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "NaN": lambda array: np.full_like(array, np.nan),
    "one NaN": lambda array: np.where(np.arange(array.size).reshape(array.shape) == 0, np.nan, array),
    "infinite": lambda array: np.full_like(array, np.inf),
    "longer": lambda array: np.concatenate([array, array]),
    "shorter": lambda array: array[:-1],
    "empty": lambda array: array[:0],
}


def tampered(folder: Path, name: str, change: Callable[[np.ndarray], np.ndarray] | None, at: Path) -> Path:
    """Copy a model with one array changed (or left out), its checksum made to fit; returns the copy."""
    shutil.copytree(folder, at)
    description = json.loads((at / "model.json").read_text())
    weights = at / description["weights"]
    arrays = load_file(weights)
    array = arrays.pop(name)
    if change is not None:
        arrays[name] = np.ascontiguousarray(change(array).astype(array.dtype))
    save_file(arrays, weights)
    description["sha256"] = sha256(weights.read_bytes()).hexdigest()
    (at / "model.json").write_text(json.dumps(description))
    return at


def arrays_of(folder: Path) -> list[str]:
    """Return the names of a model's arrays."""
    return sorted(load_file(next(folder.glob("*.safetensors"))))


Stored = h5py.File | zarr.Group


def _replace(file: Stored, name: str, values: np.ndarray) -> None:
    attributes = dict(file[name].attrs)
    del file[name]
    if isinstance(file, zarr.Group):
        file.create_array(name, data=values)
    else:
        file[name] = values
    file[name].attrs.update(attributes)


def damages(matrix: str) -> Iterator[tuple[str, Callable[[Stored], None]]]:
    """Yield ways to damage a sparse matrix in an ``.h5ad`` file or a ``.zarr`` folder."""

    def index(value: int) -> Callable[[Stored], None]:
        def change(file: Stored) -> None:
            values = file[f"{matrix}/indices"][()]
            values[len(values) // 2] = value
            _replace(file, f"{matrix}/indices", values)

        return change

    def ends(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Stored], None]:
        return lambda file: _replace(file, f"{matrix}/indptr", change(file[f"{matrix}/indptr"][()]))

    def shape(value: tuple[int, int]) -> Callable[[Stored], None]:
        def change(file: Stored) -> None:
            file[matrix].attrs["shape"] = list(value)

        return change

    yield "index too large", index(2**30)
    yield "index below 0", index(-5)
    yield "indptr too long", ends(lambda values: np.append(values, values[-1]))
    yield "indptr too short", ends(lambda values: values[:-1])
    yield "indptr beyond the data", ends(lambda values: values * 1000)
    yield "indptr that falls", ends(lambda values: np.r_[values[:1], values[-2:0:-1], values[-1:]])
    yield "shape too large", shape((10**9, 10**9))
    yield "shape too small", shape((2, 2))
    yield "no data", lambda file: file.__delitem__(f"{matrix}/data")
    yield "data cut", lambda file: _replace(file, f"{matrix}/data", file[f"{matrix}/data"][:-3])


def damage_zarr(path: Path, change: Callable[[Stored], None]) -> None:
    """Damage a ``.zarr`` folder, and what it says of itself as a whole."""
    change(zarr.open_group(path, mode="r+", use_consolidated=False))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zarr's, of a part of the format that is young
        zarr.consolidate_metadata(path)
