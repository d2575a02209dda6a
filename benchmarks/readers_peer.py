"""The same folders read by spatialdata-io and `spotscape.io.read`: rows, genes, counts, places compared.

    python -m venv .peers/spatialdata-io
    .peers/spatialdata-io/bin/python -m pip install --no-deps -r benchmarks/readers_peer.txt
    python -m benchmarks.readers_peer --python .peers/spatialdata-io/bin/python [--cells 3000]

spatialdata-io has an environment of its own; it is no dependency. The tests' script writes the folders. What
spatialdata-io asks for beside counts and places is added, and tables of cells are put into the order of the
counts: it goes by order where `spotscape.io.read` goes by names. What it read is written as a SpatialData
store, too, and that store is read by `spotscape.io.read`.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from spotscape import io

_PIXEL = 0.2125
"""Micrometres; spatialdata-io gives places of Xenium in pixels to a store."""
KINDS = ("xenium", "visium", "merscope")
_READ = """
import sys, warnings
warnings.simplefilter("ignore")
import spatialdata_io

kind, folder, store, table = sys.argv[1:]
parts = {
    "xenium": ["cells_boundaries", "nucleus_boundaries", "cells_labels", "nucleus_labels", "transcripts",
               "morphology_mip", "morphology_focus", "aligned_images"],
    "merscope": ["cells_boundaries", "transcripts", "mosaic_images"],
    "visium": [],
}[kind]
how = {name: False for name in parts}
how |= {
    "xenium": {"cells_as_circles": True},
    "merscope": {"z_layers": None},
    "visium": {"dataset_id": "slice"},
}[kind]
found = getattr(spatialdata_io, kind)(folder, **how)
found["table"].write_h5ad(table)
if found.shapes:
    found.write(store)
"""


def complete(kind: str, folder: Path) -> None:
    """Add what spatialdata-io asks for, and put cells into the order of the counts."""
    if kind == "xenium":
        specs = {
            "analysis_sw_version": "xenium-1.2.0",
            "pixel_size": _PIXEL,
            "run_name": "r",
            "region_name": "a",
        }
        (folder / "experiment.xenium").write_text(json.dumps(specs))
        with zipfile.ZipFile(folder / "cells.zarr.zip", "w") as packed:
            packed.writestr(".zgroup", '{"zarr_format": 2}')
        table = pd.read_parquet(folder / "cells.parquet").set_index("cell_id", drop=False)
        table.loc[_names(table)].reset_index(drop=True).to_parquet(folder / "cells.parquet")
    if kind == "merscope":
        (folder / "images").mkdir()
        (folder / "images" / "micron_to_mosaic_pixel_transform.csv").write_text("1 0 0\n0 1 0\n0 0 1\n")
        table = pd.read_csv(folder / "cell_metadata.csv", dtype={"EntityID": str}, index_col="EntityID")
        table.sort_index().to_csv(folder / "cell_metadata.csv")


def _names(table: pd.DataFrame) -> list[str]:
    return sorted(table.index, key=lambda name: int(name.removeprefix("cell")))


def without_places(table: Path) -> None:
    """Take the coordinates out of a store's table, so that they are those of the shapes."""
    found = anndata.read_zarr(table)
    del found.obsm["spatial"]
    shutil.rmtree(table)
    found.write_zarr(table)


def differences(own: AnnData, peer: AnnData, names: Sequence[str] | None = None) -> list[str]:
    """Say what two objects differ in: rows, genes, counts, places; ``names``: of the rows."""
    expected = list(map(str, peer.obs["cell_id"] if "cell_id" in peer.obs else peer.obs_names))
    if expected != list(own.obs_names if names is None else names):
        return ["rows"]
    if list(own.var_names) != list(peer.var_names):
        return ["genes"]
    found = ["counts"] if (own.X != sparse.csr_matrix(peer.X)).nnz else []
    gap = np.abs(own.obsm["spatial"] - np.asarray(peer.obsm["spatial"], np.float64)).max()
    return found + (["places"] if gap > 1e-6 else [])


def main() -> None:
    """Print a line for each kind; end with status 1 where something differs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--python", type=Path, required=True, help="interpreter with spatialdata-io")
    parser.add_argument("--cells", type=int, default=3000)
    asked = parser.parse_args()
    from tests.python import platforms

    adata, failed = platforms.tissue(asked.cells, 60), False
    for kind in KINDS:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            path = platforms.KINDS[kind].make(adata, root)
            complete(kind, path)
            table, store = root / "peer.h5ad", root / "store.zarr"
            subprocess.run([asked.python, "-c", _READ, kind, path, store, table], check=True)
            peer = anndata.read_h5ad(table)
            found = {"folder": differences(io.read(path, verbose=False), peer)}
            if store.exists():
                # A store names its rows as it likes; counts and places tell whether the order is right.
                names = list(map(str, peer.obs["cell_id"] if "cell_id" in peer.obs else peer.obs_names))
                system = "global" if kind == "xenium" else "slice"
                found["store"] = differences(io.read(store, verbose=False), peer, names)
                without_places(store / "tables" / "table")
                own = io.read_spatialdata(store, coordinate_system=system)
                own.obsm["spatial"] = own.obsm["spatial"] * (_PIXEL if kind == "xenium" else 1.0)
                found["its shapes"] = differences(own, peer, names)
        failed |= any(found.values())
        said = "; ".join(f"{what}: {', '.join(gap) or 'the same'}" for what, gap in found.items())
        print(
            f"{kind}, {peer.n_obs:,} x {peer.n_vars}, {sparse.csr_matrix(peer.X).nnz:,} counts: {said}",
            flush=True,
        )
    raise SystemExit(int(failed))


if __name__ == "__main__":
    main()
