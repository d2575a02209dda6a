"""Every platform's files: simulated folders of each kind read right, and damaged ones refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import zarr

from spotscape import io, tl
from spotscape._validate import InputError, SpotscapeWarning
from spotscape.cli import main

from .damage import DAMAGE
from .platforms import KINDS
from .platforms_10x import CONTROLS, controls, tissue, write_10x_h5, xenium

HD = {"visium_hd", "visium_hd_cells"}


@pytest.fixture(scope="module")
def adata():
    return tissue()


@pytest.fixture(scope="module")
def folders(adata, tmp_path_factory):
    """Return where a folder of each kind is; written once."""
    root = tmp_path_factory.mktemp("platforms")
    made = {}
    for name, kind in KINDS.items():
        (root / name).mkdir()
        made[name] = kind.make(adata, root / name)
    return made


@pytest.fixture
def folder(folders, tmp_path):
    """Return a function that copies the folder of a kind, to be damaged."""

    def copy(kind):
        source = folders[kind]
        target = tmp_path / source.name
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
        return target

    return copy


def read(path, kind="", **how):
    """Read, with the word that is said of a whole Visium HD run."""
    if kind in HD and path.name == "slice":
        with pytest.warns(SpotscapeWarning, match="Visium HD run, of which"):
            return io.read(path, **how)
    return io.read(path, **how)


@pytest.mark.parametrize("name", KINDS)
class TestEveryKind:
    def test_is_read_right(self, folders, adata, name, capsys):
        kind = KINDS[name]
        found = read(folders[name], name)
        names = kind.names(adata) if kind.names else list(adata.obs_names)
        assert sorted(found.obs_names) == sorted(names)
        if name != "stereo_seq":  # whose bins are in the order of the chip
            assert list(found.obs_names) == names
        same = found[names]
        assert list(found.var_names) == list(adata.var_names)
        assert (same.X != adata.X).nnz == 0
        places = kind.places(adata) if kind.places else adata.obsm["spatial"]
        np.testing.assert_allclose(same.obsm["spatial"], places, rtol=0, atol=1e-9)
        assert found.obsm["spatial"].dtype == np.float64
        assert not found.is_view
        said = capsys.readouterr().err
        assert f"{folders[name]}: {kind.said}" in said
        assert f"{adata.n_obs} " in said
        assert io.is_slice(folders[name])

    def test_survives_h5ad(self, folders, name, tmp_path):
        found = read(folders[name], name, verbose=False)
        io.write(found, tmp_path / "a.h5ad")
        back = io.read(tmp_path / "a.h5ad")
        assert (back.X != found.X).nnz == 0
        assert back.uns["spotscape_source"]["platform"] == found.uns["spotscape_source"]["platform"]

    def test_gives_the_domains_of_the_same_tissue(self, folders, adata, name, tmp_path, capsys):
        """From folder to domains, in Python and in the shell, beside the tissue as .h5ad."""
        kind = KINDS[name]
        found = read(folders[name], name, verbose=False)
        same = adata.copy()
        if kind.places:
            same.obsm["spatial"] = kind.places(adata)
        names = kind.names(adata) if kind.names else list(adata.obs_names)
        same.obs_names = names
        same = same[found.obs_names].copy()
        io.write(same, tmp_path / "same.h5ad")
        labels = {}
        for way, source in (("folder", folders[name]), ("h5ad", tmp_path / "same.h5ad")):
            with pytest.raises(SystemExit) as ended:
                main(["run", str(source), "-o", str(tmp_path / f"{way}.h5ad"), "-k", "3"])
            assert ended.value.code == 0, capsys.readouterr().err
            labels[way] = io.read(tmp_path / f"{way}.h5ad").obs["spotscape_domain"].tolist()
        assert KINDS[name].said in capsys.readouterr().err
        tl.run_spotscape(found, n_domains=3)
        assert found.obs["spotscape_domain"].tolist() == labels["folder"] == labels["h5ad"]


class TestControls:
    @pytest.mark.parametrize("name", ["xenium", "xenium_1", "cosmx", "merscope"])
    def test_are_counted_and_left_out(self, folders, adata, name):
        found = io.read(folders[name])
        np.testing.assert_array_equal(found.obs["control_counts"], controls(adata).sum(axis=1))
        assert not set(found.var_names) & set(CONTROLS)

    def test_a_gene_that_is_named_like_one(self, folder):
        path = folder("cosmx")
        file = path / "Run1_exprMat_file.csv"
        table = pd.read_csv(file)
        table = table.rename(columns={table.columns[2]: "NEGR1"})
        table.to_csv(file, index=False)
        assert "NEGR1" in io.read(path).var_names


class TestMismatches:
    def test_are_counted(self, folder, adata):
        path = folder("tables")
        table = pd.read_csv(path / "coords.csv", index_col=0)
        table.drop(["cell3", "cell5"]).rename(index={"cell7": "other"}).to_csv(path / "coords.csv")
        with pytest.warns(SpotscapeWarning) as caught:
            found = io.read(path)
        assert [str(one.message) for one in caught] == [
            "3 of 300 cells in counts.csv have no place in coords.csv: left out.",
            "1 of 298 cells in coords.csv have no counts in counts.csv: left out.",
        ]
        assert caught[0].filename == __file__
        assert list(found.obs_names) == [n for n in adata.obs_names if n not in ("cell3", "cell5", "cell7")]

    def test_rows_of_a_store_without_a_shape(self, folder):
        path = folder("spatialdata_2")
        file = path / "shapes" / "cells" / "shapes.parquet"
        table = pd.read_parquet(file)
        table.drop(index=[4, 9]).to_parquet(file)
        with pytest.warns(SpotscapeWarning, match="2 of 300 rows have no shape or label: left out"):
            assert io.read(path).n_obs == 298


@pytest.mark.parametrize(
    ("kind", "damage", "words"),
    [
        pytest.param(kind, damage, words, id=f"{kind}, {what}")
        for kind, cases in DAMAGE.items()
        for what, (damage, words) in cases.items()
    ],
)
@pytest.mark.filterwarnings("ignore::spotscape._validate.SpotscapeWarning")  # of a whole Visium HD run
def test_damage_is_one_clear_error(folder, kind, damage, words):
    path = folder(kind)
    damage(path)
    with pytest.raises(InputError, match=words) as caught:
        io.read(path)
    assert len(str(caught.value)) < 900
    assert "found" in str(caught.value)


class TestEachReader:
    def test_a_file_is_no_folder(self, tmp_path):
        (tmp_path / "a").write_text("x")
        for reader in (io.read_xenium, io.read_cosmx, io.read_merscope, io.read_slide_seq, io.read_curio):
            with pytest.raises(InputError, match=r"found a file, expected a folder"):
                reader(tmp_path / "a")
            with pytest.raises(InputError, match=r"found nothing there"):
                reader(tmp_path / "b")

    def test_another_platforms_folder(self, folders):
        with pytest.raises(InputError, match="expected the output folder of Xenium"):
            io.read_xenium(folders["merscope"])
        with pytest.raises(InputError, match="Space Ranger calls this folder 'outs'"):
            io.read_space_ranger(folders["merscope"])
        with pytest.raises(InputError, match=r"no table of counts, expected exprMat_file\.csv"):
            io.read_cosmx(folders["merscope"])

    def test_bins_of_another_size_hold_the_same_molecules(self, folders, adata):
        found = io.read_stereo_seq(folders["stereo_seq"], bin_size=100)
        assert found.n_obs < adata.n_obs / 3
        np.testing.assert_array_equal(
            np.asarray(found.X.sum(axis=0)).ravel(), np.asarray(adata.X.sum(axis=0)).ravel()
        )
        with pytest.raises(InputError, match="bin_size"):
            io.read_stereo_seq(folders["stereo_seq"], bin_size=0)

    def test_a_file_of_cells_without_its_parts(self, tmp_path):
        with h5py.File(tmp_path / "a.gef", "w") as file:
            file.create_group("cellBin")
        with pytest.raises(InputError, match=r"a\.gef.*cannot be read"):
            io.read(tmp_path / "a.gef")
        with h5py.File(tmp_path / "b.gef", "w") as file:
            file.create_group("other")
        with pytest.raises(InputError, match=r"no geneExp/bin1 and no cellBin"):
            io.read(tmp_path / "b.gef")

    def test_names_of_cells_are_bytes_or_numbers(self, adata, tmp_path):
        """As the first versions of Xenium have them."""
        xenium(adata, tmp_path)
        table = pd.read_parquet(tmp_path / "cells.parquet")
        table["cell_id"] = [name.encode() for name in table["cell_id"]]
        table.to_parquet(tmp_path / "cells.parquet")
        assert io.read(tmp_path).n_obs == adata.n_obs
        table["cell_id"] = [int(name[4:]) for name in table["cell_id"]]
        table.to_parquet(tmp_path / "cells.parquet")
        numbers = [name[4:] for name in adata.obs_names]
        kinds = ["Gene Expression"] * adata.n_vars
        write_10x_h5(tmp_path / "cell_feature_matrix.h5", adata.X, numbers, list(adata.var_names), kinds)
        np.testing.assert_array_equal(io.read(tmp_path).obsm["spatial"], adata.obsm["spatial"])

    def test_two_tables_by_their_paths(self, folders, adata):
        path = folders["tables"]
        found = io.read_tables(path / "counts.csv", path / "coords.csv")
        assert (found.X != adata.X).nnz == 0
        with pytest.raises(InputError, match=r"counts\.csv': found a table with the columns cell0"):
            io.read_tables(path / "coords.csv", path / "counts.csv")
        with pytest.raises(InputError, match="no such file"):
            io.read_tables(path / "counts.csv", path / "nothing.csv")


class TestStores:
    def test_several_tables(self, folder):
        path = folder("spatialdata_2")
        shutil.copytree(path / "tables" / "table", path / "tables" / "more")
        with pytest.raises(InputError, match=r"2 tables \(more, table\).*give its folder: .*tables/more"):
            io.read(path)
        assert io.read(path / "tables" / "more").uns["spotscape_source"]["table"] == "more"
        assert io.read_spatialdata(path, table="table").n_obs == 300
        with pytest.raises(InputError, match=r"'others'.*one of 'more', 'table'"):
            io.read_spatialdata(path, table="others")

    def test_transformations_by_the_names_of_axes(self, folder, adata):
        path = folder("spatialdata_2")
        group = zarr.open_group(path / "shapes" / "cells", mode="r+")

        def space(names):
            return {"name": names, "axes": [{"name": one} for one in names]}

        turned = {
            "type": "affine",
            "affine": [[0, 1, 5], [1, 0, 7]],  # rows are y and x, columns x and y: nothing is turned
            "input": space("xy"),
            "output": {**space("yx"), "name": "turned"},
        }
        shift = {"type": "translation", "translation": [1, 2], "input": space("xy"), "output": space("xy")}
        double = {"type": "scale", "scale": [2, 2], "input": space("xy"), "output": space("xy")}
        row = {
            "type": "sequence",
            "transformations": [double, shift],
            "input": space("xy"),
            "output": {**space("xy"), "name": "row"},
        }
        same = {"type": "identity", "input": space("xy"), "output": {**space("xy"), "name": "same"}}
        group.attrs["coordinateTransformations"] = [turned, row, same]
        places = adata.obsm["spatial"]
        for system, expected in (
            ("turned", places / 2 + np.array([7, 5])),
            ("row", places + np.array([1, 2])),
            ("same", places / 2),
        ):
            found = io.read_spatialdata(path, coordinate_system=system)
            np.testing.assert_allclose(found.obsm["spatial"], expected)

    def test_a_table_of_nothing(self, folder):
        path = folder("spatialdata_2")
        shutil.rmtree(path / "tables" / "table" / "uns")
        zarr.open_group(path / "tables" / "table", mode="r+").create_group("uns").attrs.update(
            {"encoding-type": "dict", "encoding-version": "0.1.0"}
        )
        with pytest.raises(InputError, match="says of no shapes or labels"):
            io.read(path)


class TestShell:
    def run(self, *arguments):
        with pytest.raises(SystemExit) as ended:
            main([str(one) for one in arguments])
        return ended.value.code

    def test_info_says_what_it_took(self, folders, capsys):
        assert self.run("info", folders["xenium"]) == 0
        out = capsys.readouterr().out
        assert "Xenium, 300 cells, micrometres (left out: 2 control features)" in out
        assert "problem" not in out
        assert self.run("info", folders["xenium"], "--json") == 0
        assert json.loads(capsys.readouterr().out)["read_as"].startswith("Xenium")

    def test_a_run_says_its_scale_in_micrometres(self, folders, tmp_path, capsys):
        arguments = ("run", folders["xenium"], "-o", tmp_path / "out.h5ad", "-k", 3, "--set", "scale=25 um")
        assert self.run(*arguments) == 0
        assert "Domains are at the scale of about" in (out := capsys.readouterr().out)
        assert " µm (" in out

    def test_dry_run(self, folders, tmp_path, capsys):
        for kind in ("xenium", "spatialdata_3"):
            assert self.run("run", folders[kind], "-o", tmp_path / "out.h5ad", "--dry-run") == 0
            assert "300 spots x 40 genes" in capsys.readouterr().out

    def test_columns_as_coordinates(self, adata, tmp_path, capsys):
        moved = adata.copy()
        moved.obs[["x", "y"]] = moved.obsm.pop("spatial")
        io.write(moved, tmp_path / "a.h5ad")
        io.write(adata, tmp_path / "b.h5ad")
        assert self.run("run", tmp_path / "a.h5ad", "-o", tmp_path / "c.h5ad", "-k", 3) == 2
        assert "obs may be them: --spatial-key x,y" in capsys.readouterr().err
        labels = []
        for name, more in (("a", ["--spatial-key", "x,y"]), ("b", [])):
            assert self.run("run", tmp_path / f"{name}.h5ad", "-o", tmp_path / "c.h5ad", "-k", 3, *more) == 0
            labels.append(io.read(tmp_path / "c.h5ad").obs["spotscape_domain"].tolist())
        assert labels[0] == labels[1]
        assert self.run("info", tmp_path / "a.h5ad", "--spatial-key", "x,y") == 0
        assert "problem" not in capsys.readouterr().out
        for wrong in ("x,z", "x,ground_truth"):
            assert (
                self.run("run", tmp_path / "a.h5ad", "-o", tmp_path / "c.h5ad", "--spatial-key", wrong) == 2
            )
            assert "--spatial-key" in capsys.readouterr().err

    def test_candidates_in_obsm(self, adata, tmp_path, capsys):
        moved = adata.copy()
        moved.obsm["X_spatial"] = moved.obsm.pop("spatial")
        io.write(moved, tmp_path / "a.h5ad")
        assert self.run("run", tmp_path / "a.h5ad", "-o", tmp_path / "c.h5ad", "-k", 3) == 2
        assert "--spatial-key X_spatial" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("a.loom", "read_loom"),
            ("a.h5mu", "mudata"),
            ("a.csv", "read_tables"),
            ("a.tsv.gz", "read_tables"),
            ("a.gem", "geftools"),
        ],
    )
    def test_what_to_type_for_other_files(self, tmp_path, name, words):
        (tmp_path / name).write_text("x")
        with pytest.raises(InputError, match=words):
            io.read(tmp_path / name)


def test_paths_may_be_relative_and_have_spaces(folders, tmp_path, monkeypatch):
    target = tmp_path / "a run of mine"
    shutil.copytree(folders["xenium"], target)
    monkeypatch.chdir(target)
    assert io.read(".").n_obs == 300
    assert io.read(Path("../a run of mine")).n_obs == 300
