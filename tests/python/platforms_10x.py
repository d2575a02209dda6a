"""Writes small, right folders of 10x Genomics' platforms, by their layouts, of a simulated tissue."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse
from scipy.io import mmwrite

from spotscape import datasets

CONTROLS = {"NegControlProbe_1": "Negative Control Probe", "BLANK_0006": "Unassigned Codeword"}


def tissue(n_spots: int = 300, n_genes: int = 40, seed: int = 0) -> AnnData:
    """Simulate the tissue that all folders hold: whole counts, names as platforms have them."""
    found = datasets.simulate_slice(n_spots=n_spots, n_genes=n_genes, n_domains=3, layout="cells", seed=seed)
    adata = AnnData(sparse.csr_matrix(found.X, dtype=np.float32))
    adata.obs_names = [f"cell{i}" for i in range(found.n_obs)]
    adata.var_names = list(found.var_names)
    # Three decimals survive every file, as text too.
    adata.obsm["spatial"] = np.round(np.asarray(found.obsm["spatial"], np.float64), 3)
    adata.obs["ground_truth"] = found.obs["ground_truth"].to_numpy()
    return adata


def controls(adata: AnnData) -> np.ndarray:
    """Return counts of control features, cells x controls: few, and not all 0."""
    return np.random.default_rng(1).poisson(0.3, (adata.n_obs, len(CONTROLS)))


def write_text(path: Path, text: str) -> None:
    """Write text, compressed where the name says so."""
    data = text.encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


def write_10x_h5(path: Path, counts: Any, barcodes: list[str], names: list[str], kinds: list[str]) -> None:
    """Write counts (rows are barcodes) as 10x Genomics' pipelines do."""
    matrix = sparse.csr_matrix(counts)
    with h5py.File(path, "w") as file:
        group = file.create_group("matrix")
        group["shape"] = np.array(matrix.shape[::-1], "int32")
        for part, kind in (("data", "int32"), ("indices", "int64"), ("indptr", "int64")):
            values = getattr(matrix, part).astype(kind)
            group.create_dataset(part, data=values, chunks=True, compression="gzip")
        group["barcodes"] = np.array(barcodes, "S")
        features = group.create_group("features")
        features["id"] = np.array([f"ENSG{i:05d}" for i in range(len(names))], "S")
        features["name"] = np.array(names, "S")
        features["feature_type"] = np.array(kinds, "S")


def write_10x_mtx(
    folder: Path, counts: Any, barcodes: list[str], names: list[str], kinds: list[str], **how: Any
) -> None:
    """Write counts as three files; ``prefix`` before their names, and compressed or not."""
    prefix, ending = how.get("prefix", ""), ".gz" if how.get("packed", True) else ""
    folder.mkdir(exist_ok=True)
    lines = [
        f"ENSG{i:05d}\t{name}\t{kind}\n" for i, (name, kind) in enumerate(zip(names, kinds, strict=True))
    ]
    write_text(folder / f"{prefix}features.tsv{ending}", "".join(lines))
    write_text(folder / f"{prefix}barcodes.tsv{ending}", "".join(f"{one}\n" for one in barcodes))
    plain = folder / "plain.mtx"
    mmwrite(plain, sparse.coo_matrix(counts.T).astype(int))
    write_text(folder / f"{prefix}matrix.mtx{ending}", plain.read_text())
    plain.unlink()


def xenium(adata: AnnData, folder: Path, *, parquet: bool = True, mtx: bool = False) -> None:
    """Xenium: 2.0 (parquet, h5), or 1.0 (csv.gz, three files)."""
    features = [*adata.var_names, *CONTROLS]
    kinds = ["Gene Expression"] * adata.n_vars + list(CONTROLS.values())
    counts = sparse.hstack([adata.X, sparse.csr_matrix(controls(adata))]).tocsr()
    if mtx:
        write_10x_mtx(folder / "cell_feature_matrix", counts, list(adata.obs_names), features, kinds)
    else:
        write_10x_h5(folder / "cell_feature_matrix.h5", counts, list(adata.obs_names), features, kinds)
    x, y = adata.obsm["spatial"].T
    table = pd.DataFrame({"cell_id": adata.obs_names, "x_centroid": x, "y_centroid": y, "cell_area": 50.0})
    table = table.sample(frac=1, random_state=0)
    if parquet:
        table.to_parquet(folder / "cells.parquet", index=False)
    else:
        table.to_csv(folder / "cells.csv.gz", index=False)


def space_ranger(
    adata: AnnData, folder: Path, *, version: int = 2, raw: bool = False, packed: bool = True
) -> None:
    """Visium: positions of version 1 (no line of names) or 2; raw matrix only; three files not compressed."""
    kinds = ["Gene Expression"] * adata.n_vars
    name = f"{'raw' if raw else 'filtered'}_feature_bc_matrix"
    counts, barcodes = adata.X, list(adata.obs_names)
    if raw:  # as many spots off tissue, in between
        counts = sparse.vstack([adata.X, adata.X]).tocsr()
        barcodes = barcodes + [f"off{i}" for i in range(adata.n_obs)]
        order = np.arange(2 * adata.n_obs).reshape(2, -1).T.ravel()
        counts, barcodes = counts[order], [barcodes[i] for i in order]
    if packed:
        write_10x_h5(folder / f"{name}.h5", counts, barcodes, list(adata.var_names), kinds)
    else:
        write_10x_mtx(folder / name, counts, barcodes, list(adata.var_names), kinds, packed=False)
    (folder / "spatial").mkdir()
    _positions(adata, folder / "spatial", version, extra=[one for one in barcodes if one.startswith("off")])


def _positions(adata: AnnData, folder: Path, version: int, extra: list[str], prefix: str = "") -> None:
    x, y = adata.obsm["spatial"].T
    table = pd.DataFrame(
        {
            "barcode": [*adata.obs_names, *extra],
            "in_tissue": [1] * adata.n_obs + [0] * len(extra),
            "array_row": np.arange(adata.n_obs + len(extra)),
            "array_col": 0,
            "pxl_row_in_fullres": np.resize(y, adata.n_obs + len(extra)),
            "pxl_col_in_fullres": np.resize(x, adata.n_obs + len(extra)),
        }
    ).sample(frac=1, random_state=0)
    if version == 1:
        table.to_csv(folder / f"{prefix}tissue_positions_list.csv", header=False, index=False)
    elif version == 2:
        table.to_csv(folder / f"{prefix}tissue_positions.csv", index=False)
    elif version == 3:
        table.to_parquet(folder / "tissue_positions.parquet", index=False)
    else:
        table.to_csv(folder / f"{prefix}tissue_positions_list.csv.gz", header=False, index=False)
    factors = {"tissue_hires_scalef": 0.1, "tissue_lowres_scalef": 0.03, "spot_diameter_fullres": 5.0}
    ending = ".gz" if version == 0 else ""
    write_text(folder / f"{prefix}scalefactors_json.json{ending}", json.dumps(factors))


def visium_hd(adata: AnnData, folder: Path) -> None:
    """Visium HD: bins of 8 micrometres."""
    inside = folder / "binned_outputs" / "square_008um"
    inside.mkdir(parents=True)
    space_ranger(adata, inside, version=3)


def visium_hd_cells(adata: AnnData, folder: Path) -> None:
    """Space Ranger 4: cells of Visium HD, with their polygons."""
    inside = folder / "segmented_outputs"
    (inside / "spatial").mkdir(parents=True)
    names = [f"cellid_{i + 1:09d}-1" for i in range(adata.n_obs)]
    kinds = ["Gene Expression"] * adata.n_vars
    write_10x_h5(inside / "filtered_feature_cell_matrix.h5", adata.X, names, list(adata.var_names), kinds)
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Polygon", "coordinates": [square(place).tolist()]},
            "properties": {"cell_id": i + 1},
        }
        for i, place in enumerate(adata.obsm["spatial"])
    ]
    whole = {"type": "FeatureCollection", "features": features[::-1]}
    (inside / "cell_segmentations.geojson").write_text(json.dumps(whole))
    (inside / "spatial" / "scalefactors_json.json").write_text('{"tissue_hires_scalef": 0.1}')


def square(place: np.ndarray) -> np.ndarray:
    """Return the closed outline of a square around a place."""
    return place + 2.0 * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]])


def archive(adata: AnnData, folder: Path) -> None:
    """A flat folder as on GEO: a sample's name before every file, all compressed."""
    prefix = "GSM5213483_V19L29_"
    kinds = ["Gene Expression"] * adata.n_vars
    write_10x_mtx(folder, adata.X, list(adata.obs_names), list(adata.var_names), kinds, prefix=prefix)
    _positions(adata, folder, 0, [], prefix=prefix)
