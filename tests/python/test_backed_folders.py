"""Counts of platforms' folders that stay on disk: an ``.h5ad`` written block by block, the same results."""

from __future__ import annotations

import shutil
from itertools import pairwise

import anndata
import h5py
import numpy as np
import pytest

from spotscape import io
from spotscape._validate import InputError
from spotscape.cli import main
from spotscape.io import _tenx_h5

from .platforms import KINDS
from .platforms_10x import CONTROLS, controls, tissue, write_10x_h5

ON_DISK = {
    "xenium": "slice",
    "visium": "slice",
    "visium_raw": "slice",
    "visium_hd": "slice/binned_outputs/square_008um",
}


@pytest.fixture(scope="module")
def adata():
    return tissue()


@pytest.fixture(scope="module")
def folders(adata, tmp_path_factory):
    root = tmp_path_factory.mktemp("backed")
    for name in (*ON_DISK, "xenium_1", "merscope"):
        (root / name).mkdir()
        KINDS[name].make(adata, root / name)
    return {name: root / name / ON_DISK.get(name, "slice") for name in (*ON_DISK, "xenium_1", "merscope")}


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Blocks that hold a few rows of the small folders, so that there are many."""
    monkeypatch.setattr(_tenx_h5, "_BLOCK", 100)


def run(*arguments):
    with pytest.raises(SystemExit) as ended:
        main([str(one) for one in arguments])
    return ended.value.code


@pytest.mark.parametrize("name", ON_DISK)
def test_is_the_same_as_in_memory(folders, name, tmp_path):
    whole = io.read(folders[name], verbose=False)
    backed = io.read(folders[name], backed=tmp_path / "counts.h5ad", verbose=False)
    assert backed.isbacked
    assert (backed.to_memory().X != whole.X).nnz == 0
    for part in ("obs", "var"):
        assert getattr(backed, part).equals(getattr(whole, part))
    np.testing.assert_array_equal(backed.obsm["spatial"], whole.obsm["spatial"])
    assert dict(backed.uns["spotscape_source"]) == dict(whole.uns["spotscape_source"])
    backed.file.close()
    assert (anndata.read_h5ad(tmp_path / "counts.h5ad").X != whole.X).nnz == 0
    assert [path.name for path in tmp_path.iterdir()] == ["counts.h5ad"]


def test_no_step_holds_all_counts(folders, tmp_path, monkeypatch):
    """What is read at a time is a few rows, whatever the file holds."""
    held = []
    blocks = _tenx_h5.StoredCounts._blocks

    def watched(self, rows, starts):
        for part, others in blocks(self, rows, starts):
            held.append(part.nnz)
            yield part, others

    monkeypatch.setattr(_tenx_h5.StoredCounts, "_blocks", watched)
    backed = io.read(folders["xenium"], backed=tmp_path / "counts.h5ad", verbose=False)
    assert sum(held) == backed.X.group["indptr"][-1]
    assert max(held) <= 100
    assert len(held) > 20
    backed.file.close()


def test_rows_that_are_not_sorted_and_features_between_genes(adata, tmp_path):
    """Columns of a row in any order, and other features before genes."""
    folder = tmp_path / "run"
    folder.mkdir()
    KINDS["xenium"].write(adata, folder)
    both = np.column_stack([controls(adata), adata.X.toarray()])
    kinds = [*CONTROLS.values(), *["Gene Expression"] * adata.n_vars]
    names = [*CONTROLS, *adata.var_names]
    write_10x_h5(folder / "cell_feature_matrix.h5", both, list(adata.obs_names), names, kinds)
    with h5py.File(folder / "cell_feature_matrix.h5", "r+") as file:
        starts = file["matrix/indptr"][:]
        for part in ("data", "indices"):
            values = file[f"matrix/{part}"][:]
            for first, last in pairwise(starts):
                values[first:last] = values[first:last][::-1]
            file[f"matrix/{part}"][:] = values
    for how in ({}, {"backed": tmp_path / "counts.h5ad"}):
        found = io.read(folder, verbose=False, **how)
        np.testing.assert_array_equal(found.to_memory().X.toarray(), adata.X.toarray())
        np.testing.assert_array_equal(found.obs["control_counts"], controls(adata).sum(axis=1))


@pytest.mark.parametrize("name", ["xenium", "visium_hd"])
def test_gives_the_same_domains(folders, name, tmp_path, capsys):
    for out, more in (("whole.h5ad", []), ("backed.h5ad", ["--backed"])):
        assert run("run", folders[name], "-o", tmp_path / out, "-k", 3, *more) == 0
    said = capsys.readouterr().err
    assert "memory: about" in said
    assert "GB more for counts" in said
    whole, backed = (io.read(tmp_path / f"{one}.h5ad") for one in ("whole", "backed"))
    assert backed.obs["spotscape_domain"].tolist() == whole.obs["spotscape_domain"].tolist()
    assert (backed.X != whole.X).nnz == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backed.h5ad", "whole.h5ad"]


def test_nothing_is_left_by_a_run_that_fails(folders, tmp_path):
    assert run("run", folders["xenium"], "-o", tmp_path / "a.h5ad", "-k", 10_000, "--backed") == 2
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_cut_leaves_what_was_there(folders, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(folders["xenium"], folder)
    (tmp_path / "counts.h5ad").write_text("mine")
    with h5py.File(folder / "cell_feature_matrix.h5", "r+") as file:
        file["matrix/indices"][-1] = 10**6
    with pytest.raises(InputError, match=r"matrix\.h5.*indices from"):
        io.read(folder, backed=tmp_path / "counts.h5ad")
    assert (tmp_path / "counts.h5ad").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["counts.h5ad", "run"]


def test_dry_run_reads_no_count(folders, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(_tenx_h5.StoredCounts, "_blocks", None)
    out = tmp_path / "out.h5ad"
    assert run("run", folders["xenium"], "-o", out, "-k", 3, "--backed", "--dry-run") == 0
    assert "300 spots x 40 genes" in capsys.readouterr().out


def test_what_cannot_be_done_says_the_way_on(folders, tmp_path, capsys):
    with pytest.raises(InputError, match=r"True for a folder of Xenium.*backed='slice\.h5ad'"):
        io.read(folders["xenium"], backed=True)
    for name in ("xenium_1", "merscope"):
        with pytest.raises(InputError, match=r"matrix\.mtx|Read it without backed"):
            io.read(folders[name], backed=tmp_path / "a.h5ad")
    io.write(tissue(60, 10), tmp_path / "b.h5ad")
    with pytest.raises(InputError, match="Read it with backed=True"):
        io.read(tmp_path / "b.h5ad", backed=tmp_path / "c.h5ad")
    assert run("run", folders["xenium_1"], "-o", tmp_path / "o.h5ad", "--backed") == 2
    assert "counts in a folder with matrix.mtx" in capsys.readouterr().err
    for wrong in ("r", tmp_path / "a.zarr", 3, None):
        with pytest.raises(InputError, match="backed"):
            io.read(folders["xenium"], backed=wrong)
