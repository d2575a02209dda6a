"""Files: tiny Space Ranger folders of every kind, ``.h5ad``, writes that fail midway, and every bad input."""

from __future__ import annotations

import errno
import gzip
import json
import os
import subprocess
import sys
from types import SimpleNamespace

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
import zarr
from matplotlib.image import imsave
from scipy import io as scipy_io
from scipy import sparse

from spotscape import io
from spotscape._adata import in_memory_copy, is_lazy
from spotscape._validate import InputError, SpotscapeWarning

BARCODES = [f"{letters}-1" for letters in ("AAAC", "AAAG", "AAAT", "AACA")]
SYMBOLS = ["SNAP25", "MBP", "GFAP"]
COUNTS = np.array([[1, 0, 3], [0, 2, 0], [5, 0, 0], [0, 7, 1]])
# barcode: in_tissue, array_row, array_col, pxl_row_in_fullres, pxl_col_in_fullres; not in the matrix' order
POSITIONS = {
    "AACA-1": (1, 2, 4, 120, 14),
    "AAAG-1": (1, 0, 2, 100, 12),
    "TTTT-1": (0, 7, 7, 170, 17),
    "AAAC-1": (1, 0, 0, 100, 10),
    "AAAT-1": (1, 1, 1, 110, 11),
}
COLUMNS = ["in_tissue", "array_row", "array_col", "pxl_row_in_fullres", "pxl_col_in_fullres"]
FACTORS = {"spot_diameter_fullres": 89.4, "tissue_hires_scalef": 0.17, "tissue_lowres_scalef": 0.05}


def write_h5(path, counts=COUNTS, symbols=SYMBOLS, barcodes=BARCODES, types=None, library="V1_slice"):
    """Write a matrix as Cell Ranger 3 and later do: genes x spots, compressed by spot."""
    matrix = sparse.csr_matrix(counts)
    with h5py.File(path, "w") as file:
        if library is not None:
            file.attrs["library_ids"] = np.array([library.encode()])
            file.attrs["chemistry_description"] = "Spatial 3' v1"
            file.attrs["software_version"] = b"spaceranger-2.1.0"
        group = file.create_group("matrix")
        group["shape"] = np.array(counts.shape[::-1], dtype="int32")
        group["data"] = matrix.data.astype("int32")
        group["indices"] = matrix.indices.astype("int64")
        group["indptr"] = matrix.indptr.astype("int64")
        group["barcodes"] = np.array(barcodes, dtype="S")
        features = group.create_group("features")
        features["id"] = np.array([f"ENSG{i}" for i in range(len(symbols))], dtype="S")
        features["name"] = np.array(symbols, dtype="S")
        features["feature_type"] = np.array(types or ["Gene Expression"] * len(symbols), dtype="S")
        features["genome"] = np.array(["GRCh38"] * len(symbols), dtype="S")
        features["_all_tag_keys"] = np.array(["genome"], dtype="S")


def write_mtx(folder):
    folder.mkdir()
    genes = "".join(f"ENSG{i}\t{name}\tGene Expression\n" for i, name in enumerate(SYMBOLS))
    scipy_io.mmwrite(folder / "matrix.mtx", sparse.coo_matrix(COUNTS.T))
    matrix = (folder / "matrix.mtx").read_bytes()
    (folder / "matrix.mtx").unlink()
    barcodes = "\n".join(BARCODES)
    for name, text in (
        ("matrix.mtx", matrix),
        ("features.tsv", genes.encode()),
        ("barcodes.tsv", barcodes.encode()),
    ):
        with gzip.open(folder / f"{name}.gz", "wb") as file:
            file.write(text)


def write_spatial(folder, kind="new", positions=POSITIONS, images=("lowres", "hires"), factors=FACTORS):
    folder.mkdir()
    table = pd.DataFrame.from_dict(positions, orient="index", columns=COLUMNS)
    table.index.name = "barcode"
    if kind == "old":
        table.to_csv(folder / "tissue_positions_list.csv", header=False)
    elif kind == "new":
        table.to_csv(folder / "tissue_positions.csv")
    elif kind == "parquet":
        table.astype({"pxl_row_in_fullres": float, "pxl_col_in_fullres": float}).reset_index().to_parquet(
            folder / "tissue_positions.parquet", index=False
        )
    if factors is not None:
        (folder / "scalefactors_json.json").write_text(json.dumps(factors))
    for name in images:
        imsave(folder / f"tissue_{name}_image.png", np.full((4, 5, 3), 0.5))


@pytest.fixture
def outs(tmp_path):
    folder = tmp_path / "sample7" / "outs"
    folder.mkdir(parents=True)
    return folder


def check_slice(adata, library="V1_slice"):
    assert isinstance(adata.X, sparse.csr_matrix)
    assert adata.X.toarray().tolist() == COUNTS.tolist()
    assert adata.obs_names.tolist() == BARCODES
    assert adata.var_names.tolist() == SYMBOLS
    assert adata.var["gene_ids"].tolist() == ["ENSG0", "ENSG1", "ENSG2"]
    assert adata.obs["in_tissue"].tolist() == [1, 1, 1, 1]
    assert adata.obs["array_row"].tolist() == [0, 0, 1, 2]
    assert adata.obs["array_col"].tolist() == [0, 2, 1, 4]
    assert adata.obsm["spatial"].dtype == np.float64
    assert adata.obsm["spatial"].tolist() == [[10, 100], [12, 100], [11, 110], [14, 120]]
    assert list(adata.uns["spatial"]) == [library]
    slot = adata.uns["spatial"][library]
    assert set(slot) == {"images", "scalefactors", "metadata"}
    assert slot["scalefactors"] == FACTORS
    assert set(slot["images"]) == {"lowres", "hires"}
    assert slot["images"]["lowres"].shape[:2] == (4, 5)
    assert not adata.is_view


class TestSpaceRanger:
    @pytest.mark.parametrize("kind", ["old", "new", "parquet"])
    def test_every_positions_file(self, outs, kind):
        write_h5(outs / "filtered_feature_bc_matrix.h5")
        write_spatial(outs / "spatial", kind)
        adata = io.read(outs)
        check_slice(adata)
        assert adata.uns["spatial"]["V1_slice"]["metadata"] == {
            "chemistry_description": "Spatial 3' v1",
            "software_version": "spaceranger-2.1.0",
        }

    def test_old_name_with_a_header(self, outs):
        write_h5(outs / "filtered_feature_bc_matrix.h5")
        write_spatial(outs / "spatial", "new")
        os.rename(outs / "spatial/tissue_positions.csv", outs / "spatial/tissue_positions_list.csv")
        check_slice(io.read(outs))

    def test_mtx_folder_takes_its_name_from_the_sample(self, outs):
        write_mtx(outs / "filtered_feature_bc_matrix")
        write_spatial(outs / "spatial")
        adata = io.read(str(outs))
        check_slice(adata, library="sample7")
        assert adata.uns["spatial"]["sample7"]["metadata"] == {}

    def test_folder_above_and_relative_path(self, outs, monkeypatch):
        write_h5(outs / "filtered_feature_bc_matrix.h5", library=None)
        write_spatial(outs / "spatial")
        check_slice(io.read(outs.parent), library="sample7")
        monkeypatch.chdir(outs)
        check_slice(io.read("."), library="sample7")

    def test_name_of_the_sample_before_the_file(self, outs):
        write_h5(outs / "V1_Brain_filtered_feature_bc_matrix.h5")
        write_spatial(outs / "spatial")
        check_slice(io.read(outs))

    def test_visium_hd(self, outs):
        for bins in ("square_002um", "square_008um", "square_016um"):
            (outs / "binned_outputs" / bins).mkdir(parents=True)
            write_h5(outs / "binned_outputs" / bins / "filtered_feature_bc_matrix.h5", library=bins)
            write_spatial(outs / "binned_outputs" / bins / "spatial", "parquet")
        check_slice(io.read(outs / "binned_outputs" / "square_016um"), library="square_016um")
        for folder in (outs, outs.parent, outs / "binned_outputs"):
            with pytest.warns(SpotscapeWarning, match="Visium HD run, of which square_008um was read"):
                check_slice(io.read(folder), library="square_008um")

    def test_spots_off_tissue_are_left_out(self, outs):
        write_h5(outs / "filtered_feature_bc_matrix.h5")
        write_spatial(outs / "spatial", positions=POSITIONS | {"AAAG-1": (0, 0, 2, 100, 12)})
        adata = io.read(outs)
        assert adata.obs_names.tolist() == ["AAAC-1", "AAAT-1", "AACA-1"]
        assert adata.obsm["spatial"].tolist() == [[10, 100], [11, 110], [14, 120]]

    def test_spots_without_a_position_are_left_out_and_said(self, outs):
        write_h5(outs / "filtered_feature_bc_matrix.h5")
        write_spatial(outs / "spatial", positions={k: v for k, v in POSITIONS.items() if k != "AAAG-1"})
        with pytest.warns(SpotscapeWarning, match="1 of 4 spots of the matrix have no position"):
            assert io.read(outs).n_obs == 3

    def test_symbols_that_two_genes_share(self, outs):
        write_h5(outs / "filtered_feature_bc_matrix.h5", symbols=["MBP", "GFAP", "MBP"])
        write_spatial(outs / "spatial")
        with pytest.warns(SpotscapeWarning, match="2 genes share a symbol") as caught:
            adata = io.read(outs)
        assert len(caught) == 1
        assert caught[0].filename == __file__
        assert adata.var_names.tolist() == ["MBP", "GFAP", "MBP-1"]
        assert adata.var["gene_ids"].tolist() == ["ENSG0", "ENSG1", "ENSG2"]

    def test_genes_only(self, outs):
        kinds = ["Gene Expression", "Antibody Capture", "Gene Expression"]
        write_h5(outs / "filtered_feature_bc_matrix.h5", types=kinds)
        write_spatial(outs / "spatial")
        assert io.read(outs).var_names.tolist() == ["SNAP25", "GFAP"]

    def test_without_images(self, outs):
        write_h5(outs / "filtered_feature_bc_matrix.h5")
        write_spatial(outs / "spatial", images=())
        assert io.read(outs).uns["spatial"]["V1_slice"]["images"] == {}

    def test_without_scale_factors(self, outs):
        write_h5(outs / "filtered_feature_bc_matrix.h5")
        write_spatial(outs / "spatial", factors=None)
        with pytest.warns(SpotscapeWarning, match="No scalefactors_json.json") as caught:
            assert "spatial" not in io.read(outs).uns
        assert caught[0].filename == __file__

    def test_survives_h5ad(self, outs, tmp_path):
        write_h5(outs / "filtered_feature_bc_matrix.h5")
        write_spatial(outs / "spatial")
        io.write(io.read(outs), tmp_path / "a.h5ad")
        check_slice(io.read(tmp_path / "a.h5ad"))


class TestBadSpaceRanger:
    def test_some_other_folder(self, tmp_path):
        with pytest.raises(
            InputError, match=r"^path '.*': found a folder that no reader knows.* Space Ranger"
        ):
            io.read(tmp_path)

    @pytest.mark.parametrize("whole", [True, False])
    def test_no_positions(self, outs, whole):
        write_h5(outs / "filtered_feature_bc_matrix.h5")
        if whole:
            write_spatial(outs / "spatial", kind="none")
        with pytest.raises(InputError, match=r"spatial': found no positions file.*tissue_positions.csv"):
            io.read(outs)

    def test_matrix_that_is_none(self, outs):
        (outs / "filtered_feature_bc_matrix.h5").write_text("not HDF5")
        write_spatial(outs / "spatial")
        with pytest.raises(InputError, match=r"matrix.h5': found something that cannot be read"):
            io.read(outs)

    def test_hdf5_of_another_kind(self, outs):
        with h5py.File(outs / "filtered_feature_bc_matrix.h5", "w") as file:
            file["matrix/data"] = np.ones(3)
        write_spatial(outs / "spatial")
        with pytest.raises(InputError, match=r"matrix.h5': found something that cannot be read"):
            io.read(outs)

    @pytest.mark.parametrize(
        "text", ["", "a,b\n1,2\n", "barcode,x\nAAAC-1,3\n", "AAAC-1,1,0,zero,10,10\n", "\0\1"]
    )
    def test_positions_that_are_none(self, outs, text):
        write_h5(outs / "filtered_feature_bc_matrix.h5")
        write_spatial(outs / "spatial")
        (outs / "spatial" / "tissue_positions.csv").write_text(text)
        with pytest.raises(InputError, match=r"tissue_positions.csv': found .*pxl_row_in_fullres"):
            io.read(outs)

    def test_barcodes_twice(self, outs):
        write_h5(outs / "filtered_feature_bc_matrix.h5")
        write_spatial(outs / "spatial", kind="old")
        with open(outs / "spatial" / "tissue_positions_list.csv", "a") as file:
            file.write("AAAC-1,1,0,0,100,10\n")
        with pytest.raises(InputError, match=r"tissue_positions_list.csv': found barcodes that occur twice"):
            io.read(outs)
        write_h5(outs / "filtered_feature_bc_matrix.h5", barcodes=["AAAC-1"] * 4)
        with pytest.raises(InputError, match="found barcodes that occur twice"):
            io.read(outs)

    def test_positions_of_another_slice(self, outs):
        write_h5(outs / "filtered_feature_bc_matrix.h5", barcodes=["G-1", "C-1", "T-1", "A-1"])
        write_spatial(outs / "spatial")
        with pytest.raises(InputError, match=r"found no barcode of filtered.* 'G-1'.*expected a position"):
            io.read(outs)

    def test_nothing_in_tissue(self, outs):
        write_h5(outs / "filtered_feature_bc_matrix.h5")
        write_spatial(outs / "spatial", positions={k: (0, *v[1:]) for k, v in POSITIONS.items()})
        with pytest.raises(InputError, match="found no spot in tissue"):
            io.read(outs)

    @pytest.mark.parametrize("name", ["scalefactors_json.json", "tissue_lowres_image.png"])
    def test_broken_image_or_scale_factors(self, outs, name):
        write_h5(outs / "filtered_feature_bc_matrix.h5")
        write_spatial(outs / "spatial")
        (outs / "spatial" / name).write_text("[broken")
        with pytest.raises(InputError, match=f"{name}': found something that cannot be read"):
            io.read(outs)


def small():
    adata = anndata.AnnData(sparse.csr_matrix(COUNTS.astype("float32")))
    adata.obsm["spatial"] = np.arange(8.0).reshape(4, 2)
    adata.obs["layer"] = pd.Categorical(["L1", "L1", "WM", None])
    adata.uns["spotscape"] = {"params": {"seed": 0}, "warnings": np.array([], dtype=str)}
    return adata


class TestReadH5ad:
    def test_what_was_written(self, tmp_path):
        io.write(small(), tmp_path / "a.h5ad")
        back = io.read(tmp_path / "a.h5ad")
        assert back.X.toarray().tolist() == COUNTS.tolist()
        assert back.obs["layer"].tolist()[:3] == ["L1", "L1", "WM"]
        assert back.uns["spotscape"]["params"]["seed"] == 0
        assert not back.isbacked

    def test_missing(self, tmp_path):
        with pytest.raises(InputError, match=r"^path '.*a.h5ad': found nothing there, expected an .h5ad"):
            io.read(tmp_path / "a.h5ad")

    @pytest.mark.parametrize("text", ["", "name,value\n1,2\n"])
    def test_not_hdf5(self, tmp_path, text):
        (tmp_path / "a.h5ad").write_text(text)
        with pytest.raises(InputError, match=r"a.h5ad': found something that cannot be read .*AnnData"):
            io.read(tmp_path / "a.h5ad")

    def test_hdf5_of_another_kind(self, tmp_path):
        write_h5(tmp_path / "a.h5ad")
        with pytest.raises(InputError, match="found an HDF5 file without obs and var"):
            io.read(tmp_path / "a.h5ad")

    def test_cut_short(self, tmp_path):
        io.write(small(), tmp_path / "a.h5ad")
        whole = (tmp_path / "a.h5ad").read_bytes()
        (tmp_path / "a.h5ad").write_bytes(whole[: len(whole) // 2])
        with pytest.raises(InputError, match="found something that cannot be read"):
            io.read(tmp_path / "a.h5ad")

    @pytest.mark.parametrize("name", ["a.csv", "a", "matrix.h5"])
    def test_another_ending(self, tmp_path, name):
        write_h5(tmp_path / name)
        with pytest.raises(InputError, match=r"found a file that ends in '(.csv|.h5|)'"):
            io.read(tmp_path / name)

    @pytest.mark.parametrize("path", [None, 3, ""])
    def test_no_path(self, path):
        with pytest.raises(InputError, match=r"^path: found"):
            io.read(path)


def dense_of(matrix):
    return matrix.toarray() if sparse.issparse(matrix) else np.asarray(matrix)


def stored(folder, kind, ending):
    """Write an object with counts in X, raw and a layer, and return where."""
    counts = COUNTS.astype("float32")
    matrix = {"csr": sparse.csr_matrix, "csc": sparse.csc_matrix, "dense": np.array}[kind](counts)
    adata = anndata.AnnData(matrix, layers={"more": sparse.csr_matrix(counts)})
    adata.obs["kind"] = pd.Categorical(["a", "b"] * 2)
    adata.obsm["spatial"] = np.arange(8.0).reshape(4, 2)
    adata.obsp["near"] = sparse.eye(4, format="csr")
    adata.uns["note"] = {"text": "x", "number": 3}
    adata.raw = adata
    path = folder / f"slice{ending}"
    adata.write_zarr(path) if ending == ".zarr" else adata.write_h5ad(path)
    return path


class TestOnDisk:
    @pytest.mark.parametrize("kind", ["csr", "csc", "dense"])
    @pytest.mark.parametrize("ending", [".h5ad", ".zarr"])
    @pytest.mark.parametrize("backed", [False, True])
    def test_what_is_read(self, tmp_path, kind, ending, backed):
        adata = io.read(stored(tmp_path, kind, ending), backed=backed)
        assert is_lazy(adata.X) == is_lazy(adata.raw.X) == backed
        assert (dense_of(adata.X[:]) == COUNTS).all()
        assert (dense_of(adata.raw.X[:]) == COUNTS).all()
        assert list(adata.obs["kind"]) == ["a", "b"] * 2
        assert adata.obsm["spatial"].tolist() == np.arange(8.0).reshape(4, 2).tolist()
        assert (dense_of(adata.layers["more"]) == COUNTS).all()
        assert (dense_of(adata.obsp["near"]) == np.eye(4)).all()
        assert adata.uns["note"]["text"] == "x"
        assert list(adata.raw.var_names) == list(adata.var_names)

    @pytest.mark.parametrize("kind", ["csr", "csc", "dense"])
    @pytest.mark.parametrize("ending", [".h5ad", ".zarr"])
    def test_a_copy_is_in_memory_and_shares_nothing(self, tmp_path, kind, ending):
        adata = io.read(stored(tmp_path, kind, ending), backed=True)
        copy = in_memory_copy(adata)
        assert not copy.isbacked
        assert not is_lazy(copy.X)
        assert (dense_of(copy.X) == COUNTS).all()
        copy.obsm["spatial"][:] = -1
        copy.obs["kind"] = "c"
        copy.uns["note"]["text"] = "y"
        assert adata.obsm["spatial"].min() == 0
        assert adata.obs["kind"].iloc[0] == "a"
        assert adata.uns["note"]["text"] == "x"

    def test_a_folder_that_only_looks_like_one(self, tmp_path):
        (tmp_path / "a.zarr").mkdir()
        assert io.is_slice(tmp_path / "a.zarr")
        for backed in (False, True):
            with pytest.raises(InputError, match=r"a\.zarr.*an AnnData folder"):
                io.read(tmp_path / "a.zarr", backed=backed)
        zarr.open_group(tmp_path / "b.zarr", mode="w")
        with pytest.raises(InputError, match="a Zarr folder without obs and var"):
            io.read(tmp_path / "b.zarr")

    @pytest.mark.parametrize("name", ["a.rds", "outs"])
    def test_what_cannot_be_left_on_disk(self, tmp_path, name):
        (tmp_path / name).mkdir() if name == "outs" else (tmp_path / name).write_text("x")
        with pytest.raises(InputError, match=r"which can be left on disk.*Read it without backed"):
            io.read(tmp_path / name, backed=True)

    def test_backed_is_true_or_false(self, tmp_path):
        with pytest.raises(InputError, match="backed: found 'r'"):
            io.read(tmp_path, backed="r")

    def test_nothing_there(self, tmp_path):
        with pytest.raises(InputError, match="nothing there"):
            io.read(tmp_path / "a.h5ad", backed=True)


class TestWrite:
    def test_leaves_the_file_only(self, tmp_path):
        io.write(small(), tmp_path / "a.h5ad")
        assert os.listdir(tmp_path) == ["a.h5ad"]

    def test_over_an_older_file(self, tmp_path):
        (tmp_path / "a.h5ad").write_text("older")
        io.write(small(), tmp_path / "a.h5ad")
        assert io.read(tmp_path / "a.h5ad").n_obs == 4

    def test_through_a_link(self, tmp_path):
        (tmp_path / "store").mkdir()
        (tmp_path / "a.h5ad").symlink_to(tmp_path / "store" / "b.h5ad")
        io.write(small(), tmp_path / "a.h5ad")
        assert (tmp_path / "a.h5ad").is_symlink()
        assert os.listdir(tmp_path / "store") == ["b.h5ad"]

    def test_backed_object_over_its_own_file(self, tmp_path):
        io.write(small(), tmp_path / "a.h5ad")
        backed = anndata.read_h5ad(tmp_path / "a.h5ad", backed="r")
        backed.obs["more"] = 1
        io.write(backed, tmp_path / "a.h5ad")
        assert os.fspath(backed.filename) == os.fspath(tmp_path / "a.h5ad")
        backed.file.close()
        assert io.read(tmp_path / "a.h5ad").obs["more"].tolist() == [1] * 4

    @pytest.mark.parametrize("kind", ["csr", "csc", "dense"])
    @pytest.mark.parametrize("ending", [".h5ad", ".zarr"])
    def test_a_matrix_on_disk_is_not_read_as_a_whole(self, tmp_path, monkeypatch, kind, ending):
        on_disk = io.read(stored(tmp_path, kind, ending), backed=True)
        on_disk.obs["more"] = 1
        monkeypatch.setattr(anndata.AnnData, "to_memory", None)
        io.write(on_disk, tmp_path / "b.h5ad")
        back = io.read(tmp_path / "b.h5ad")
        assert (dense_of(back.X) == COUNTS).all()
        assert (dense_of(back.raw.X) == COUNTS).all()
        assert getattr(back.X, "format", "dense") == kind
        assert back.obs["more"].tolist() == [1] * 4
        assert (dense_of(on_disk.X[:2]) == COUNTS[:2]).all()  # still there, and still on disk

    def test_a_view_of_a_backed_object(self, tmp_path):
        backed = io.read(stored(tmp_path, "csr", ".h5ad"), backed=True)
        io.write(backed[1:3], tmp_path / "b.h5ad")
        assert (dense_of(io.read(tmp_path / "b.h5ad").X) == COUNTS[1:3]).all()

    @pytest.mark.parametrize(
        ("error", "words"),
        [
            (OSError(errno.ENOSPC, "full"), "path .*No space left on device.*enough space"),
            (PermissionError(errno.EACCES, "no"), "path .*Permission denied.*right to write"),
            (OSError("some text\nof HDF5"), r"path .*\(some text\)"),
            (RuntimeError("HDF5 is cross"), r"path .*\(HDF5 is cross\).*enough space"),
            (NotImplementedError("no way"), r"adata: found something that .h5ad cannot hold \(no way"),
            (TypeError("no writer for object"), r"adata: found something that .h5ad cannot hold \(no writer"),
        ],
    )
    def test_fails_midway(self, tmp_path, monkeypatch, error, words):
        def write_half(filename, adata):
            with open(filename, "w") as file:
                file.write("half")
            raise error

        (tmp_path / "a.h5ad").write_text("older")
        monkeypatch.setattr("spotscape.io._anndata_files.write_h5ad", write_half)
        with pytest.raises(InputError, match=words):
            io.write(small(), tmp_path / "a.h5ad")
        assert os.listdir(tmp_path) == ["a.h5ad"]
        assert (tmp_path / "a.h5ad").read_text() == "older"

    def test_interrupt_leaves_nothing(self, tmp_path):
        def interrupted():
            with io.atomic_path(tmp_path / "a.txt") as temporary:
                temporary.write_text("half")
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            interrupted()
        assert os.listdir(tmp_path) == []

    def test_no_space(self, tmp_path, monkeypatch):
        (tmp_path / "a.h5ad").write_text("older")
        monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1))
        with pytest.raises(InputError, match=r"path '.*a.h5ad': found 0 MB of space, expected"):
            io.write(small(), tmp_path / "a.h5ad")
        assert (tmp_path / "a.h5ad").read_text() == "older"
        assert os.listdir(tmp_path) == ["a.h5ad"]

    @pytest.mark.skipif(sys.platform == "win32", reason="limits to the size of a file are POSIX")
    def test_the_system_refuses_half_way(self, tmp_path):
        """In a process of its own, left without clearing up: HDF5 would fall over there (h5py issue 914)."""
        code = (
            "import os, resource, sys, numpy, anndata\n"
            "from spotscape import _validate, io\n"
            "adata = anndata.AnnData(numpy.random.default_rng(0).random((500, 500)))\n"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
            "try:\n    io.write(adata, sys.argv[1])\n"
            "except _validate.InputError as error:\n    print(error, flush=True)\n"
            "os._exit(0)\n"
        )
        command = [sys.executable, "-c", code, tmp_path / "a.h5ad"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert "found that it cannot be written" in done.stdout
        assert "file too large" in done.stdout.lower()
        assert os.listdir(tmp_path) == []

    def test_something_h5ad_cannot_hold(self, tmp_path):
        adata = small()
        adata.uns["odd"] = object()
        with pytest.raises(InputError, match=r"uns\['odd'\]: found a value of type object, which files do"):
            io.write(adata, tmp_path / "a.h5ad")
        assert os.listdir(tmp_path) == []

    def test_no_folder(self, tmp_path):
        with pytest.raises(InputError, match=r"path '.*b.h5ad': found no folder '.*a'.*Create it first"):
            io.write(small(), tmp_path / "a" / "b.h5ad")

    def test_folder_in_the_way(self, tmp_path):
        (tmp_path / "a.h5ad").mkdir()
        with pytest.raises(InputError, match="found a folder or a device"):
            io.write(small(), tmp_path / "a.h5ad")

    def test_no_right_to_write(self, tmp_path, monkeypatch):
        monkeypatch.setattr(os, "access", lambda *_: False)
        with pytest.raises(InputError, match="found no right to write to"):
            io.check_output(tmp_path / "a.h5ad")

    def test_another_ending(self, tmp_path):
        with pytest.raises(InputError, match=r"found a name that ends in '.h5'"):
            io.write(small(), tmp_path / "a.h5")

    def test_no_anndata(self, tmp_path):
        with pytest.raises(InputError, match="adata: found a DataFrame"):
            io.write(pd.DataFrame(), tmp_path / "a.h5ad")

    def test_the_object_is_not_changed(self, tmp_path):
        adata = small()
        before = adata.copy()
        io.write(adata, tmp_path / "a.h5ad")
        assert adata.X.data.tobytes() == before.X.data.tobytes()
        pd.testing.assert_frame_equal(adata.obs, before.obs)
        assert not adata.isbacked
