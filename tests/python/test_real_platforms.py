"""Small real files of other projects: read as an independent reading has them, or refused with the way on.

They are found through SPOTSCAPE_DATA and are no part of this project.
"""

from __future__ import annotations

import os
import re
import shutil
from importlib.util import find_spec
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest
import zarr
from scipy import sparse

from spotscape import io
from spotscape._validate import InputError, SpotscapeWarning

DATA = Path(os.environ.get("SPOTSCAPE_DATA", Path(__file__).parents[2] / ".." / "shared" / "data")) / "files"


@pytest.fixture
def real():
    """Return where a folder of real files is."""

    def find(name):
        if not (DATA / name).exists():
            pytest.skip(f"{DATA / name} is not there (set SPOTSCAPE_DATA)")
        return DATA / name

    return find


def check(adata, names, genes, counts, places, *, said):
    assert list(adata.obs_names) == list(map(str, names))
    assert list(adata.var_names) == list(genes)
    np.testing.assert_array_equal(adata.X.toarray(), np.asarray(counts, float))
    np.testing.assert_allclose(adata.obsm["spatial"], np.asarray(places, float), rtol=1e-14)
    source = adata.uns["spotscape_source"]
    assert (source["platform"], source["unit"]) == said


def h5_of_10x(path):
    """Return barcodes, genes and counts, by the file's own arrays."""
    with h5py.File(path) as file:
        group = file["matrix"]
        parts = [group[name][:] for name in ("data", "indices", "indptr")]
        shape = tuple(int(size) for size in group["shape"][:])
        counts = sparse.csc_matrix(
            (parts[0], parts[1].astype(int), parts[2].astype(int)), shape=shape
        ).T.toarray()
        barcodes, genes = ([one.decode() for one in group[name][:]] for name in ("barcodes", "features/name"))
    return barcodes, genes, counts


def test_xenium(real):
    folder = real("xenium")
    barcodes, genes, counts = h5_of_10x(folder / "cell_feature_matrix.h5")
    cells = pd.read_csv(folder / "cells.csv.gz").set_index("cell_id").loc[[int(one) for one in barcodes]]
    adata = io.read(folder)
    places = cells[["x_centroid", "y_centroid"]]
    check(adata, barcodes, genes, counts, places, said=("Xenium", "micrometres"))
    assert adata.obs["cell_area"].tolist() == cells["cell_area"].tolist()
    assert "" not in adata.obs


def test_cosmx(real):
    folder = real("cosmx")
    counts = pd.read_csv(folder / "lung_p9s1_exprMat_file.csv")
    counts = counts[counts["cell_ID"] != 0]
    cells = pd.read_csv(folder / "lung_p9s1_metadata_file.csv").set_index(["fov", "cell_ID"])
    key = list(zip(counts["fov"], counts["cell_ID"], strict=True))
    places = cells.loc[key, ["CenterX_global_px", "CenterY_global_px"]]
    genes = counts.columns[2:]
    check(
        io.read(folder),
        [f"{fov}_{cell}" for fov, cell in key],
        genes,
        counts[genes],
        places,
        said=("CosMx", "pixels"),
    )


def test_merscope(real):
    folder = real("merscope")
    counts = pd.read_csv(folder / "ovarian_p2s2_cell_by_gene.csv", index_col=0)
    cells = pd.read_csv(folder / "ovarian_p2s2_cell_metadata.csv", index_col=0)
    both = [one for one in counts.index if one in cells.index]
    adata = io.read(folder)
    places = cells.loc[both, ["center_x", "center_y"]]
    check(adata, both, counts.columns, counts.loc[both], places, said=("MERSCOPE", "micrometres"))


def test_slide_seq(real):
    folder = real("slideseq")
    counts = pd.read_csv(folder / "MappedDGEForR.csv", index_col=0).T
    beads = pd.read_csv(folder / "BeadLocationsForR.csv", index_col=0).loc[counts.index]
    said = ("Slide-seq", "the unit of the file (pixels)")
    check(io.read(folder), counts.index, counts.columns, counts, beads[["xcoord", "ycoord"]], said=said)


@pytest.mark.parametrize(
    ("name", "counts", "places", "columns"),
    [
        ("merfish_csv", "counts.csv", "coords.csv", ["x", "y"]),
        ("giotto_seqfish", "seqfish_field_expr.txt.gz", "seqfish_field_locs.txt", ["sdimx", "sdimy"]),
        ("starmapplus", "mockraw_expression_pd.csv", "mock_spatial.csv", ["X", "Y", "Z"]),
    ],
)
def test_two_tables(real, name, counts, places, columns):
    folder = real(name)
    separator = r"\s+" if name.startswith("giotto") else ","
    table = pd.read_csv(folder / counts, sep=separator, index_col=0).T
    cells = pd.read_csv(folder / places, sep=separator, index_col=0).loc[table.index, columns].astype(float)
    check(io.read(folder), table.index, table.columns, table, cells, said=("Tables", "the unit of the file"))


def test_places_without_names_are_refused(real):
    folder = real("giotto_visium")
    with pytest.raises(InputError, match=r"visium_DG_locs\.txt has no line of names.*read_tables"):
        io.read(folder)
    with pytest.raises(InputError, match=r"visium_DG_locs\.txt': found a table with the columns"):
        io.read_tables(folder / "visium_DG_expr.txt.gz", folder / "visium_DG_locs.txt")


def test_visium_with_the_raw_matrix_only(real):
    folder = real("visium_raw_only") / "outs"
    barcodes, genes, counts = h5_of_10x(folder / "raw_feature_bc_matrix.h5")
    places = pd.read_csv(folder / "spatial" / "tissue_positions_list.csv", header=None, index_col=0)
    inside = [i for i, one in enumerate(barcodes) if places.loc[one, 1] == 1]
    adata = io.read(folder)
    kept = [barcodes[i] for i in inside]
    said = ("Visium", "pixels of the full-resolution image")
    check(adata, kept, genes, counts[inside], places.loc[kept, [5, 4]], said=said)
    assert adata.uns["spotscape_source"]["left_out"] == {"spots_off_tissue": len(barcodes) - len(inside)}
    slot = adata.uns["spatial"]["visium_raw_only"]
    assert set(slot["images"]) == {"lowres"}
    # The spots lie within the picture.
    rows, columns = slot["images"]["lowres"].shape[:2]
    scaled = adata.obsm["spatial"] * slot["scalefactors"]["tissue_lowres_scalef"]
    assert (scaled.max(axis=0) < [columns, rows]).all()


def test_visium_hd(real):
    folder = real("visium_hd_002um")
    inside = folder / "binned_outputs" / "square_002um"
    barcodes, genes, counts = h5_of_10x(inside / "filtered_feature_bc_matrix.h5")
    places = (
        pd.read_parquet(inside / "spatial" / "tissue_positions.parquet").set_index("barcode").loc[barcodes]
    )
    places = places[["pxl_col_in_fullres", "pxl_row_in_fullres"]]
    said = ("Visium HD (square_002um)", "pixels of the full-resolution image")
    check(io.read(inside), barcodes, genes, counts, places, said=said)
    with pytest.warns(SpotscapeWarning, match="Visium HD run, of which square_002um was read"):
        assert list(io.read(folder).obs_names) == barcodes


def test_visium_with_a_matrix_that_is_not_compressed(real):
    folder = real("visium_plain_mtx") / "outs"
    inside = folder / "filtered_feature_bc_matrix"
    lines = (inside / "matrix.mtx").read_text().splitlines()
    rows = [tuple(map(int, line.split())) for line in lines if not line.startswith("%")]
    counts = np.zeros(rows[0][:2])
    for gene, barcode, count in rows[1:]:
        counts[gene - 1, barcode - 1] = count
    barcodes = (inside / "barcodes.tsv").read_text().split()
    genes = [line.split("\t")[1] for line in (inside / "features.tsv").read_text().splitlines()]
    places = pd.read_csv(folder / "spatial" / "tissue_positions.csv", index_col=0).loc[barcodes]
    assert (places["in_tissue"] == 1).all()
    said = ("Visium", "pixels of the full-resolution image")
    check(
        io.read(folder),
        barcodes,
        genes,
        counts.T,
        places[["pxl_col_in_fullres", "pxl_row_in_fullres"]],
        said=said,
    )


class TestSpatialData:
    def test_centroids_of_labels(self, real):
        store = real("spatialdata_blobs.zarr")
        adata = io.read(store)
        image = zarr.open_array(store / "labels" / "blobs_labels" / "0", mode="r")[:]
        for name, place in zip(adata.obs["instance_id"], adata.obsm["spatial"], strict=True):
            rows, columns = np.nonzero(image == name)
            np.testing.assert_allclose(place, [columns.mean() + 0.5, rows.mean() + 0.5])
        table = zarr.open_group(store / "tables" / "table", mode="r")
        parts = [table["X"][name][:] for name in ("data", "indices", "indptr")]
        np.testing.assert_array_equal(
            adata.X.toarray(), sparse.csr_matrix(tuple(parts), adata.shape).toarray()
        )

    def test_other_coordinate_systems(self, real):
        store = real("spatialdata_blobs.zarr")
        x, y = io.read_spatialdata(store).obsm["spatial"].T
        for system, expected in {  # as the store's .zattrs have them, for y and x
            "scale": [2 * x, 3 * y],
            "translation": [x + 10, y - 50],
            "sequence": [2 * x + 10, 3 * y - 50],
            "affine": [20 * y + 10 * x + 30, 50 * y + 40 * x + 60],
        }.items():
            found = io.read_spatialdata(store, coordinate_system=system).obsm["spatial"]
            np.testing.assert_allclose(found, np.column_stack(expected))
        with pytest.raises(InputError, match=r"coordinate systems global.*no 'nowhere'"):
            io.read_spatialdata(store, coordinate_system="nowhere")

    @pytest.mark.parametrize("shapes", ["blobs_circles", "blobs_polygons", "blobs_multipolygons"])
    def test_centroids_of_shapes_lie_in_their_box(self, real, tmp_path, shapes):
        """The same table, said to be of shapes: GeoParquet's own box is what they must lie in."""
        store = tmp_path / "store.zarr"
        shutil.copytree(real("spatialdata_blobs.zarr"), store, copy_function=shutil.copyfile)
        file = store / "shapes" / shapes / "shapes.parquet"
        n_shapes = len(pd.read_parquet(file))
        for folder in [store, *store.rglob("*")]:
            folder.chmod(0o755)
        table = zarr.open_group(store / "tables" / "table", mode="r+")
        table["obs/instance_id"][:] = np.arange(10)
        category = table["obs/region/categories"]
        category[:] = np.array([shapes], dtype=object)
        with pytest.warns(SpotscapeWarning, match=f"{10 - n_shapes} of 10 rows have no shape"):
            places = io.read(store).obsm["spatial"]
        box = re.search(rb'"bbox": \[([^\]]+)\]', pyarrow.parquet.read_schema(file).metadata[b"geo"])[1]
        left, top, right, bottom = map(float, box.split(b","))
        assert len(places) == n_shapes
        assert (places > [left - 1e-9, top - 1e-9]).all()
        assert (places < [right + 1e-9, bottom + 1e-9]).all()
        if shapes == "blobs_circles":  # a box around points touches them
            np.testing.assert_allclose([*places.min(axis=0), *places.max(axis=0)], [left, top, right, bottom])


@pytest.mark.skipif(find_spec("rpy2") is None, reason="rpy2 is not installed")
@pytest.mark.parametrize(
    ("name", "package", "words"),
    [
        ("giotto.rds", "GiottoClass", "giottoToSpatialExperiment"),
        ("sfe_visium.rds", "SpatialFeatureExperiment", "'SpatialExperiment'"),
    ],
)
def test_r_objects_of_other_packages(real, name, package, words):
    path = real("rds") / name
    with pytest.raises(InputError, match=f"package '{package}', which is not installed.*{words}"):
        io.read(path)
