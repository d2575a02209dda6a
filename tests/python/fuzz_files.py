"""Files that were damaged, and an oracle: one clear error, or what was in the file before."""

from __future__ import annotations

import shutil
import traceback
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from anndata import AnnData

from spotscape import Spotscape, gr, io
from spotscape._validate import InputError
from spotscape.cli.info import describe_slice
from spotscape.datasets import simulate_slice

from .fuzz import QUICK, Outcome, changed_parts, state
from .hostile import VALUES, Stored, arrays_of, damage_zarr, damages, tampered

MATRICES = ("X", "layers/csc", "obsp/spatial_connectivities", "obsp/spatial_distances", "raw/X")


@cache
def sound(folder: Path) -> tuple[Path, AnnData]:
    """Write a model and an object of each kind of file into a folder; return that and the object."""
    adata = simulate_slice(n_spots=150, n_genes=60, n_domains=3, marker_strength=1.2, seed=4)
    Spotscape(QUICK).fit(adata.copy(), n_domains=3, progress=False).save(folder / "model")
    gr.spatial_neighbors(adata)
    adata.layers["csc"] = adata.X.tocsc()
    adata.layers["dense"] = adata.X.toarray()
    adata.raw = adata
    io.write(adata, folder / "a.h5ad")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        adata.write_zarr(folder / "a.zarr")
    return folder, adata


def _items(file: Stored) -> list[str]:
    """Return the names of all groups and arrays in a file."""
    names: list[str] = []

    def visit(name: str, group: Any) -> None:
        for key in group:
            names.append(f"{name}{key}")
            if not hasattr(group[key], "dtype"):
                visit(f"{name}{key}/", group[key])

    visit("", file)
    return sorted(names)


def _left_out(rng: np.random.Generator) -> Callable[[Stored], None]:
    def change(file: Stored) -> None:
        names = _items(file)
        del file[names[rng.integers(len(names))]]

    return change


def _numbers(rng: np.random.Generator) -> Callable[[Stored], None]:
    """Put numbers of any size into an array of whole numbers."""

    def change(file: Stored) -> None:
        arrays = {name: file[name] for name in _items(file) if hasattr(file[name], "dtype")}
        names = [
            name
            for name, one in arrays.items()
            if one.dtype.kind in ("i", "u") and one.ndim == 1 and one.size
        ]
        chosen = file[names[rng.integers(len(names))]]
        values = chosen[:]
        info = np.iinfo(values.dtype)
        for _ in range(int(rng.integers(1, 5))):
            values[rng.integers(len(values))] = rng.choice(
                [info.min, info.max, -1 if info.min else 0, 0, min(151, info.max)]
            )
        chosen[:] = values

    return change


def _attribute(rng: np.random.Generator) -> Callable[[Stored], None]:
    def change(file: Stored) -> None:
        names = [name for name in _items(file) if len(file[name].attrs)]
        attributes = file[names[rng.integers(len(names))]].attrs
        key = sorted(attributes)[rng.integers(len(attributes))]
        odd = [
            "array",
            "csr_matrix",
            "csc_matrix",
            "dataframe",
            "nothing",
            "",
            "9.9.9",
            3,
            [1, 2],
            [-1, 10**12],
        ]
        del attributes[key]
        if rng.random() < 0.8:
            attributes[key] = odd[rng.integers(len(odd))]

    return change


def _file(rng: np.random.Generator, folder: Path, ending: str) -> tuple[str, Path]:
    """Return a damaged file, and what was done to it."""
    path = folder / f"damaged.{ending}"
    if ending == "h5ad":
        shutil.copy(folder / "a.h5ad", path)
    else:
        shutil.copytree(folder / "a.zarr", path)
    kind = str(
        rng.choice(["matrix", "left out", "numbers", "attribute", "cut"], p=[0.4, 0.2, 0.2, 0.15, 0.05])
    )
    if kind == "cut":
        if ending == "zarr":
            parts = sorted(part for part in path.rglob("*") if part.is_file())
            chosen = parts[rng.integers(len(parts))]
        else:
            chosen = path
        content = chosen.read_bytes()
        chosen.write_bytes(content[: int(rng.integers(len(content) + 1))])
        return f"{ending}: {chosen.name} cut", path
    if kind == "matrix":
        matrix = str(rng.choice(MATRICES))
        ways = list(damages(matrix))
        name, change = ways[rng.integers(len(ways))]
        kind = f"{matrix} {name}"
    else:
        change = {"left out": _left_out, "numbers": _numbers, "attribute": _attribute}[kind](rng)
    if ending == "zarr":
        damage_zarr(path, change)
    else:
        with h5py.File(path, "r+") as file:
            change(file)
    return f"{ending}: {kind}", path


def _use(path: Path, backed: bool) -> None:
    """Read a file, look at it as ``spotscape info`` does, and compute with every matrix."""
    adata = io.read(path, backed=backed)
    try:
        describe_slice(adata)
        whole = adata.to_memory() if backed else adata
        for matrix in (whole.X, *whole.layers.values(), *whole.obsp.values()):
            if matrix is not None:
                _ = matrix @ np.ones(matrix.shape[1])
    finally:
        if adata.isbacked:
            adata.file.close()


def try_file(seed: int, folder: Path) -> Outcome:
    """Damage a file or a saved model, use it, and judge."""
    rng = np.random.default_rng(seed)
    folder, tissue = sound(folder)
    if rng.random() < 0.3:
        return _try_model(rng, folder, tissue)
    name, path = _file(rng, folder, str(rng.choice(["h5ad", "zarr"])))
    try:
        _use(path, backed=bool(rng.random() < 0.4))
    except InputError:
        return Outcome([name], "refused", "")
    except Exception:
        return Outcome([name], "traceback", traceback.format_exc(limit=-4))
    finally:
        path.unlink() if path.is_file() else shutil.rmtree(path)
    return Outcome([name], "read", "")


def _try_model(rng: np.random.Generator, folder: Path, tissue: AnnData) -> Outcome:
    names = arrays_of(folder / "model")
    array = names[rng.integers(len(names))]
    how = str(rng.choice([*VALUES, "left out", "a number", "scaled"]))
    factor, at = 10.0 ** rng.uniform(-40, 38), int(rng.integers(10**6))

    def change(values: np.ndarray) -> np.ndarray:
        if how in VALUES:
            return VALUES[how](values)
        changed = values.astype(np.float64)
        if how == "scaled":
            return changed * factor
        changed.flat[at % changed.size] = rng.choice([factor, -factor, np.nan, np.inf])
        return changed

    path = folder / "damaged"
    with np.errstate(all="ignore"):
        tampered(folder / "model", array, None if how == "left out" else change, path)
    new = tissue.copy()
    before, name = state(new), f"model: {array} {how}"
    try:
        Spotscape.load(path).transform(new)
    except InputError:
        touched = changed_parts(before, state(new), stem=None)
        return Outcome([name], "refused", f"refused, and changed {touched}" if touched else "")
    except Exception:
        return Outcome([name], "traceback", traceback.format_exc(limit=-4))
    finally:
        shutil.rmtree(path)
    finite = np.isfinite(new.obsm["X_spotscape"]).all()
    fault = "" if finite else "an embedding that is not finite"
    if how in VALUES or how == "left out":
        fault = "taken, and should have been refused"
    return Outcome([name], "read", fault)
