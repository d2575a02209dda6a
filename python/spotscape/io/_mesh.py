"""A stack of sections as meshes: a PLY file of the whole tissue, and one of each domain, in a folder."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from spotscape import _keys
from spotscape._paths import new_folder
from spotscape._validate import SpotscapeWarning, input_error
from spotscape.io._surface import Surface, solid, surface

_GREY = "#b0b0b0"


def write_meshes(adata: AnnData, path: Path, key_added: str, *_: Any) -> None:
    """Write the surfaces of a stack and of its domains into a new folder."""
    key = f"adata.obsm[{_keys.SPATIAL_3D!r}]"
    if _keys.SPATIAL_3D not in adata.obsm:
        raise input_error(key, "nothing", "a stack", "Call spotscape.tl.align_stack(adata) first.")
    places = np.asarray(adata.obsm[_keys.SPATIAL_3D], dtype=np.float64)
    if places.ndim != 2 or places.shape[1] != 3:
        raise input_error(key, f"shape {places.shape}", "n_spots x 3 numbers")
    placed = np.isfinite(places).all(axis=1)
    whole = solid(places[placed])
    tissue = None if whole is None else surface(whole, np.ones(placed.sum(), dtype=bool))
    if whole is None or tissue is None:
        found = f"{placed.sum()} placed spots, which enclose nothing"
        raise input_error(key, found, "two sections or more that lie above each other")
    labels = pd.Categorical(adata.obs[_keys.domain(key_added)])
    codes = np.asarray(labels.codes)[placed]
    meshes = {"tissue.ply": (tissue, _GREY)}
    without = []
    colors = adata.uns.get(_keys.colors(_keys.domain(key_added)), [])
    fits = len(colors) == len(labels.categories) and all(str(color).startswith("#") for color in colors)
    for code, (name, file) in enumerate(zip(labels.categories, _files(labels.categories), strict=True)):
        own = surface(whole, codes == code)
        if own is None:
            without.append(str(name))
        else:
            meshes[file] = own, str(colors[code])[:7] if fits else _GREY
    with new_folder(path) as folder:
        for file, (mesh, color) in meshes.items():
            (folder / file).write_bytes(ply(mesh, color))
    if without:
        text = f"Domain(s) {', '.join(without)} lie in single sections or spots, and have no surface."
        warnings.warn(text, SpotscapeWarning, stacklevel=3)


def _files(names: pd.Index) -> list[str]:
    """Return a file's name for each domain, that every system takes, and no two alike."""
    safe = [re.sub(r"[^\w-]+", "_", str(name)) for name in names]
    if len({name.lower() for name in safe}) < len(safe):
        safe = [f"{number}_{name}" for number, name in enumerate(safe, 1)]
    return [f"domain_{name}.ply" for name in safe]


def ply(mesh: Surface, color: str) -> bytes:
    """Return a mesh of one colour (``"#rrggbb"``) as a file of the Stanford format, binary."""
    corner = [*((axis, "<f4") for axis in "xyz"), *((name, "u1") for name in ("red", "green", "blue"))]
    corners = np.empty(len(mesh.corners), dtype=corner)
    for axis, values in zip("xyz", mesh.corners.T, strict=True):
        corners[axis] = values
    for at, name in enumerate(("red", "green", "blue")):
        corners[name] = int(color[1 + 2 * at : 3 + 2 * at], 16)
    faces = np.empty(len(mesh.triangles), dtype=[("n", "u1"), ("corners", "<i4", 3)])
    faces["n"], faces["corners"] = 3, mesh.triangles
    lines = ["ply", "format binary_little_endian 1.0", f"element vertex {len(corners)}"]
    lines += [f"property {'uchar' if kind == 'u1' else 'float'} {name}" for name, kind in corner]
    lines += [f"element face {len(faces)}", "property list uchar int vertex_indices", "end_header", ""]
    return "\n".join(lines).encode("ascii") + corners.tobytes() + faces.tobytes()
