"""Results for viewers: the files that each imports, checked against what it documents."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from anndata.io import write_elem
from scipy import sparse

from spotscape import _keys
from spotscape._adata import in_memory_part
from spotscape._paths import as_path, atomic_path, named_path, new_folder
from spotscape._validate import check_choice, check_number, describe, input_error
from spotscape.gr.coordinates import check_coordinates
from spotscape.io._mesh import write_meshes
from spotscape.io._outline import outline_groups
from spotscape.io._store import update_table

_VITESSCE = "1.0.16"
_SERVED = "http://localhost:8000/"
_LOUPE_COLUMN = "domain"
_MESH = "mesh"


def write_viewer(
    adata: AnnData,
    path: str | os.PathLike[str],
    *,
    kind: str,
    slice_name: str | None = None,
    key_added: str = _keys.KEY_ADDED,
    spatial_key: str = _keys.SPATIAL,
    scale: float = 1.0,
) -> None:
    """Write domains for a viewer.

    Parameters
    ----------
    adata
        After `run_spotscape` or `integrate_slices`.
    path
        The file to write, by ``kind``; a new folder for ``"vitessce"`` and ``"mesh"``, an existing store for
        ``"spatialdata"``.
    kind
        - ``"xenium"``: CSV for Xenium Explorer (Cells, Add cell categorization): ``cell_id``, ``group``;
        - ``"loupe"``: CSV for Loupe Browser (Import categories): ``Barcode``, ``domain``;
        - ``"geojson"``: polygons of domains for QuPath and QGIS, with size, mean confidence and pseudotime;
        - ``"vitessce"``: a folder with ``adata.zarr`` and ``vitessce.json``, to be served
          (``python -m http.server`` in it, with CORS) and opened in Vitessce;
        - ``"spatialdata"``: domains, confidence, pseudotime and embedding go into the table of a store that
          the slice was read from, for napari-spatialdata; nothing else in the store is touched;
        - ``"mesh"``: of a stack (`align_stack`), a folder with the surface of the tissue, ``tissue.ply``, and
          of each domain, ``domain_<name>.ply``, for MeshLab, Blender, ParaView and 3D Slicer. Surfaces are
          closed alpha shapes [1]_, in the unit of the coordinates. A domain that lies in single sections or
          spots has none, and a warning says so.
    slice_name
        The slice to write, where ``adata`` holds several. Its spots' names are those that they had. None for
        ``"mesh"``, which takes all.
    key_added
        That of the run.
    spatial_key
        Name of the coordinates in ``obsm``.
    scale
        Coordinates are multiplied by this for ``"geojson"``: QuPath wants pixels of its image, so
        ``1 / 0.2125`` brings Xenium's micrometres there.

    Raises
    ------
    InputError
        If there are no domains, several slices and none is named, the file cannot be written, or for
        ``"mesh"`` there is no stack, or fewer than two sections of it lie above each other.

    References
    ----------
    .. [1] Edelsbrunner and Mücke (1994), Three-dimensional alpha shapes, ACM Transactions on Graphics 13.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from spotscape import datasets, io
    >>> adata = datasets.simulate_slice(n_spots=40, n_genes=10)
    >>> adata.obs["spotscape_domain"] = adata.obs["ground_truth"].astype("category")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     io.write_viewer(adata, f"{folder}/groups.csv", kind="xenium")
    ...     lines = pathlib.Path(folder, "groups.csv").read_text().splitlines()
    >>> lines[0], len(lines)
    ('cell_id,group', 41)
    """
    if not isinstance(adata, AnnData):
        raise input_error("adata", describe(adata), "an AnnData object")
    check_choice("kind", kind, tuple(WRITERS))
    ending, writer = WRITERS[kind]
    path = as_path(path)
    if ending and path.suffix.lower() != ending:
        raise input_error(
            named_path(path), f"a name that ends in {path.suffix!r}", f"one that ends in {ending}"
        )
    column = _keys.domain(key_added)
    if column not in adata.obs:
        todo = "Run spotscape.tl.run_spotscape(adata) first."
        raise input_error(f"adata.obs[{column!r}]", "nothing there", "the domains of a run", todo)
    if kind == _MESH and slice_name is not None:
        raise input_error("slice_name", repr(slice_name), "None for 'mesh', which takes all sections")
    part = adata if kind == _MESH else _one_slice(adata, slice_name)
    writer(part, path, key_added, spatial_key, check_number("scale", scale, 1e-9))


def _one_slice(adata: AnnData, slice_name: str | None) -> AnnData:
    """Return the spots of one slice by the names that they had; the object itself where it holds one."""
    slices = adata.obs[_keys.SLICE].astype(str) if _keys.SLICE in adata.obs else None
    known = [] if slices is None else list(pd.unique(slices))
    if slice_name is None:
        if len(known) > 1:
            found = f"{len(known)} slices ({', '.join(known[:6])})"
            raise input_error("slice_name", f"None, of {found}", "the name of one: viewers show one tissue")
        return adata
    if slices is None or slice_name not in known:
        expected = ", ".join(map(repr, known)) or "None: there is one slice"
        raise input_error("slice_name", repr(slice_name), expected)
    part = in_memory_part(adata, (slices == slice_name).to_numpy())
    prefix = f"{slice_name}_"
    if part.obs_names.str.startswith(
        prefix
    ).all():  # which integrate_slices puts before names that slices share
        part.obs_names = part.obs_names.str.removeprefix(prefix)
    return part


def _labels(adata: AnnData, key_added: str) -> pd.Series:
    """Return the domains of the spots that have one, as text."""
    return adata.obs[_keys.domain(key_added)].dropna().astype(str)


def _write_csv(names: tuple[str, str]) -> Callable[..., None]:
    """Return what writes two columns: a spot's name and its domain."""

    def write(adata: AnnData, path: Path, key_added: str, *_: Any) -> None:
        labels = _labels(adata, key_added)
        table = pd.DataFrame({names[0]: labels.index, names[1]: labels.to_numpy()})
        with atomic_path(path) as temporary:
            table.to_csv(temporary, index=False, lineterminator="\n")

    return write


def _write_geojson(adata: AnnData, path: Path, key_added: str, spatial_key: str, scale: float) -> None:
    """Write one feature for each domain, as QuPath's annotations are."""
    places = check_coordinates(adata, spatial_key)
    if places.shape[1] != 2:
        raise input_error(
            "adata", "coordinates in three dimensions", "two, for polygons", "Write a slice of it."
        )
    labels = pd.Categorical(adata.obs[_keys.domain(key_added)])
    measures = [name(key_added) for name in (_keys.confidence, _keys.pseudotime)]
    colors = adata.uns.get(_keys.colors(_keys.domain(key_added)), [None] * len(labels.categories))
    features = []
    outlines = outline_groups(places * scale, np.asarray(labels.codes), len(labels.categories))
    for code, (name, polygons) in enumerate(zip(labels.categories, outlines, strict=True)):
        inside = labels.codes == code
        kind: dict[str, Any] = {"name": f"domain {name}"}
        if colors[code] is not None:
            kind["color"] = [int(str(colors[code])[i : i + 2], 16) for i in (1, 3, 5)]
        properties = {"objectType": "annotation", "name": f"domain {name}", "classification": kind}
        properties |= {"domain": str(name), "n_spots": int(inside.sum())}
        for measure in measures:
            values = adata.obs[measure].to_numpy(float)[inside] if measure in adata.obs else np.array([])
            if np.isfinite(values).any():
                properties[measure] = round(float(np.nanmean(values)), 6)
        shape = {"type": "MultiPolygon", "coordinates": [[ring.tolist() for ring in one] for one in polygons]}
        features.append({"type": "Feature", "properties": properties, "geometry": shape})
    with atomic_path(path) as temporary:
        whole = {"type": "FeatureCollection", "features": features}
        temporary.write_text(json.dumps(whole), encoding="utf-8")


def _write_vitessce(adata: AnnData, path: Path, key_added: str, spatial_key: str, _: float) -> None:
    """Write a folder with the slice in Zarr 2, which Vitessce reads, and a configuration of views of it."""
    import zarr

    places = check_coordinates(adata, spatial_key)[:, :2]
    shown = _shown(adata, places, key_added)
    with new_folder(path) as temporary:
        group = zarr.open_group(temporary / "adata.zarr", mode="w", zarr_format=2)
        write_elem(group, "/", shown)
        zarr.consolidate_metadata(group.store, zarr_format=2)
        views = _vitessce_views(path.name, shown, key_added)
        (temporary / "vitessce.json").write_text(json.dumps(views, indent=2), encoding="utf-8")


def _shown(adata: AnnData, places: np.ndarray, key_added: str) -> AnnData:
    """Return what a viewer shows: counts by gene, domains and what belongs to them, places, embeddings."""
    columns = [name(key_added) for name in (_keys.domain, _keys.confidence, _keys.pseudotime)]
    counts = adata.to_memory().X if adata.isbacked else adata.X
    shown = AnnData(
        sparse.csc_matrix(counts, dtype=np.float32), adata.obs[[c for c in columns if c in adata.obs]]
    )
    shown.obs[columns[0]] = shown.obs[columns[0]].astype("category")
    shown.var_names = adata.var_names
    shown.obsm[_keys.SPATIAL] = np.asarray(places, np.float32)
    for name in (_keys.umap(key_added), _keys.embedding(key_added)):
        if name in adata.obsm:
            shown.obsm[name] = np.asarray(adata.obsm[name], np.float32)
    return shown


def _vitessce_views(name: str, shown: AnnData, key_added: str) -> dict[str, Any]:
    """Return a configuration: the tissue, the domains, genes, and an embedding where there is one."""
    embeddings = [key for key in (_keys.umap(key_added), _keys.embedding(key_added)) if key in shown.obsm]
    options: dict[str, Any] = {
        "obsLocations": {"path": f"obsm/{_keys.SPATIAL}"},
        "obsSets": [{"name": "Domain", "path": f"obs/{_keys.domain(key_added)}"}],
        "obsFeatureMatrix": {"path": "X"},
        "obsEmbedding": [{"path": f"obsm/{key}", "dims": [0, 1], "embeddingType": key} for key in embeddings],
    }
    file = {"fileType": "anndata.zarr", "url": f"{_SERVED}adata.zarr", "options": options}
    radius = float(np.median(_nearest(shown.obsm[_keys.SPATIAL]))) / 2
    layer = {"opacity": 1, "radius": radius, "visible": True, "stroked": False}
    space: dict[str, Any] = {"dataset": {"A": "A"}, "spatialSegmentationLayer": {"A": layer}}
    tissue = {"dataset": "A", "spatialSegmentationLayer": "A"}
    layout = [_view("spatial", tissue, 0, 0, 6, 12), _view("obsSets", {"dataset": "A"}, 6, 0, 3, 6)]
    layout.append(_view("featureList", {"dataset": "A"}, 9, 0, 3, 6))
    if embeddings:
        space["embeddingType"] = {"A": embeddings[0]}
        layout.append(_view("scatterplot", {"dataset": "A", "embeddingType": "A"}, 6, 6, 6, 6))
    data = [{"uid": "A", "name": name, "files": [file]}]
    whole = {"version": _VITESSCE, "name": name, "description": "Spatial domains", "datasets": data}
    return whole | {"coordinationSpace": space, "layout": layout, "initStrategy": "auto"}


def _view(component: str, scopes: dict[str, str], x: int, y: int, w: int, h: int) -> dict[str, Any]:
    return {"component": component, "coordinationScopes": scopes, "x": x, "y": y, "w": w, "h": h}


def _nearest(places: np.ndarray) -> np.ndarray:
    from scipy.spatial import cKDTree

    return cKDTree(places).query(places, k=2)[0][:, 1]


def _write_spatialdata(adata: AnnData, path: Path, key_added: str, *_: Any) -> None:
    """Put the results into the table that they were made from."""
    names = [name(key_added) for name in (_keys.domain, _keys.confidence, _keys.pseudotime)]
    columns = {name: adata.obs[name] for name in names if name in adata.obs}
    embedding = _keys.embedding(key_added)
    arrays = {embedding: np.asarray(adata.obsm[embedding])} if embedding in adata.obsm else {}
    source = adata.uns.get(_keys.SOURCE, {})
    update_table(path, source.get("table"), adata.obs_names, columns, arrays)


WRITERS: dict[str, tuple[str, Callable[..., None]]] = {
    "xenium": (".csv", _write_csv(("cell_id", "group"))),
    "loupe": (".csv", _write_csv(("Barcode", _LOUPE_COLUMN))),
    "geojson": (".geojson", _write_geojson),
    "vitessce": ("", _write_vitessce),
    "spatialdata": ("", _write_spatialdata),
    _MESH: ("", write_meshes),
}
"""By kind: how a file's name has to end, and who writes it."""
