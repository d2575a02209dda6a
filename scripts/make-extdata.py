"""Make the small slice that comes with the R package, from the project's own simulator.

    python scripts/make-extdata.py

writes inst/extdata/slice, laid out as Space Ranger would: a matrix folder, and ``spatial`` with positions,
scale factors and a low-resolution image. The image is drawn, not photographed: tissue on a bright slide.
The true layer of each spot stands in ``ground_truth.csv``. Same file to the byte each time.
"""

from __future__ import annotations

import gzip
import io
import json
import shutil
from pathlib import Path

import matplotlib.image
import numpy as np
from scipy import sparse
from scipy.io import mmwrite
from scipy.spatial import cKDTree

from spotscape.datasets import simulate_slice

FOLDER = Path(__file__).parents[1] / "inst" / "extdata" / "slice"
SIDE = 200  # pixels of the image
MARGIN = 400  # full-resolution pixels between tissue and edge


def write_gzip(path: Path, content: bytes) -> None:
    """Write without a time stamp, so that the file does not change when nothing did."""
    with path.open("wb") as file, gzip.GzipFile(fileobj=file, mode="wb", mtime=0, filename="") as packed:
        packed.write(content)


def draw_tissue(pixels: np.ndarray, spacing: float, rng: np.random.Generator) -> np.ndarray:
    """Return an RGB image: stained where a spot is nearer than its spacing, slide elsewhere."""
    grid = np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE)), axis=-1).reshape(-1, 2)
    inside = cKDTree(pixels).query(grid)[0].reshape(SIDE, SIDE) < spacing
    stain = np.where(inside[..., None], [0.86, 0.74, 0.83], [0.95, 0.95, 0.94])
    grain = rng.normal(scale=0.012, size=(SIDE // 4, SIDE // 4, 1)).repeat(4, 0).repeat(4, 1)
    return np.clip(stain + grain * inside[..., None], 0, 1)


def main() -> None:
    """Write the folder anew."""
    adata = simulate_slice(
        n_spots=700, n_genes=250, n_domains=5, n_markers=25, marker_strength=1, depth=300, seed=1
    )
    shutil.rmtree(FOLDER, ignore_errors=True)
    matrix_folder, spatial_folder = FOLDER / "filtered_feature_bc_matrix", FOLDER / "spatial"
    matrix_folder.mkdir(parents=True)
    spatial_folder.mkdir()

    buffer = io.BytesIO()
    mmwrite(buffer, sparse.coo_matrix(adata.X.T.astype(np.int64)), field="integer")
    write_gzip(matrix_folder / "matrix.mtx.gz", buffer.getvalue())
    write_gzip(matrix_folder / "barcodes.tsv.gz", "".join(f"{n}\n" for n in adata.obs_names).encode())
    genes = "".join(f"{n}\t{n}\tGene Expression\n" for n in adata.var_names)
    write_gzip(matrix_folder / "features.tsv.gz", genes.encode())

    coordinates = adata.obsm["spatial"] + MARGIN
    x, y = coordinates.T
    scale = SIDE / (coordinates.max() + MARGIN)
    positions = ["barcode,in_tissue,array_row,array_col,pxl_row_in_fullres,pxl_col_in_fullres"]
    columns = zip(adata.obs_names, adata.obs["array_row"], adata.obs["array_col"], y, x, strict=True)
    positions += [f"{name},1,{row:.0f},{col:.0f},{py:.0f},{px:.0f}" for name, row, col, py, px in columns]
    (spatial_folder / "tissue_positions.csv").write_text("\n".join(positions) + "\n")

    spacing = float(np.median(cKDTree(coordinates).query(coordinates, k=2)[0][:, 1]))
    factors = {
        "spot_diameter_fullres": round(0.55 * spacing, 3),
        "fiducial_diameter_fullres": round(0.9 * spacing, 3),
        "tissue_hires_scalef": round(scale, 6),
        "tissue_lowres_scalef": round(scale, 6),
    }
    (spatial_folder / "scalefactors_json.json").write_text(json.dumps(factors) + "\n")
    image = draw_tissue(coordinates * scale, spacing * scale, np.random.default_rng(1))
    matplotlib.image.imsave(spatial_folder / "tissue_lowres_image.png", image)

    truth = [f"{name},{label}" for name, label in adata.obs["ground_truth"].items()]
    (FOLDER / "ground_truth.csv").write_text("barcode,ground_truth\n" + "\n".join(truth) + "\n")


if __name__ == "__main__":
    main()
