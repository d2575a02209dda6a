"""Slices that are joined in a file: what comes out is what comes of slices in memory."""

import numpy as np
import pytest
from scipy import sparse

from spotscape import datasets, io
from spotscape._counts_file import CountsFile
from spotscape._validate import InputError
from spotscape.pp import counts as module
from spotscape.pp.counts import digests_of_groups
from spotscape.run import join_on_disk
from spotscape.tl import integrate_slices

pytestmark = pytest.mark.filterwarnings("ignore:.*(hardly mix|In one slice only|blurred)")


@pytest.fixture
def slices():
    """Three slices: one in another order of genes, one with spots off tissue, one without two genes."""
    made = datasets.simulate_slices(n_slices=3, n_spots=90, n_genes=60, n_domains=3, batch_strength=0.0)
    made[1].obs["in_tissue"] = (np.arange(90) % 9 != 0).astype(int)
    return {"a": made[0][:, ::-1].copy(), "b": made[1], "c": made[2][:80, 2:].copy()}


def stored(slices, folder):
    """The same slices with their counts on disk."""
    for name, one in slices.items():
        io.write(one, folder / f"{name}.h5ad")
    return {name: io.read(folder / f"{name}.h5ad", backed=True) for name in slices}


def integrate(slices, **arguments):
    return integrate_slices(slices, n_domains=3, config={"n_starts": 2}, progress=False, **arguments)


@pytest.mark.filterwarnings("ignore:.*(genes are left out|the others are left out|not on tissue)")
def test_a_file_holds_what_memory_would(slices, tmp_path, monkeypatch):
    appended = []
    append = CountsFile.append
    monkeypatch.setattr(
        CountsFile, "append", lambda self, rows: (appended.append(rows.shape[0]), append(self, rows))
    )
    on_disk = integrate(stored(slices, tmp_path), backed=tmp_path / "all.h5ad")
    assert on_disk.isbacked
    assert appended == [90, 80, 80]  # one slice after the other, spots off tissue left out
    in_memory = integrate(slices)
    np.testing.assert_array_equal(on_disk.obsm["X_spotscape"], in_memory.obsm["X_spotscape"])
    np.testing.assert_array_equal(on_disk.obsm["spatial"], in_memory.obsm["spatial"])
    assert on_disk.obs.equals(in_memory.obs)
    assert on_disk.var.equals(in_memory.var)
    assert (on_disk.to_memory().X != in_memory.X).nnz == 0
    io.write(on_disk, tmp_path / "out.h5ad")
    assert (io.read(tmp_path / "out.h5ad").X != in_memory.X).nnz == 0


def test_a_run_that_fails_leaves_no_file(slices, tmp_path):
    twice = {"a": slices["a"], "again": slices["a"]}
    with pytest.raises(InputError, match="the same counts in slices 'a' and 'again'"):
        integrate(twice, backed=tmp_path / "all.h5ad")
    assert not list(tmp_path.iterdir())


def test_a_write_that_fails_leaves_no_file(slices, tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(join_on_disk, "write_elem", fail)
    with pytest.raises(InputError, match="No space left"):
        integrate({"a": slices["a"], "c": slices["c"]}, backed=tmp_path / "all.h5ad")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("a.h5ad", "which holds one of the slices"),
        ("all.csv", "ends in '.h5ad'"),
        ("no/all.h5ad", "no folder"),
    ],
)
def test_a_file_that_cannot_be_taken(slices, tmp_path, name, match):
    backed = stored(slices, tmp_path)
    with pytest.raises(InputError, match=match):
        integrate(backed, backed=tmp_path / name)


def test_one_object_is_left_where_it_is(slices, tmp_path):
    with pytest.raises(InputError, match="a file for one object"):
        integrate(slices["a"], slice_key="in_tissue", backed=tmp_path / "all.h5ad")


def test_digests_hang_on_counts_alone(monkeypatch):
    rng = np.random.default_rng(0)
    one = sparse.csr_matrix(rng.poisson(0.5, (40, 12)))
    other = one.copy()
    other.data[5] += 1
    matrix = sparse.vstack([one, other, one], format="csr")
    groups = np.repeat([0, 1, 2], 40)
    whole = digests_of_groups(matrix, groups)
    assert whole[0] == whole[2] != whole[1]
    monkeypatch.setattr(module, "_BLOCK", 50)  # blocks begin within groups, elsewhere in each
    assert digests_of_groups(matrix, groups) == whole
