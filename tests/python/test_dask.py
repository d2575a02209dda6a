"""Counts that dask has: the same domains, by the threads of this process and by a cluster of two workers."""

import numpy as np
import pytest
from scipy import sparse

from spotscape import datasets, io, tl
from spotscape._validate import InputError
from spotscape.pp import find_counts
from spotscape.pp.counts import row_totals, varies
from spotscape.pp.dask_counts import DaskCounts

from .shell import told

pytest.importorskip("dask.array", reason="dask is not installed (pip install 'spotscape[dask]')")


@pytest.fixture
def large(monkeypatch):
    """What has 200 spots counts as many, and a block is small."""
    for place, value in (
        ("pp.expression.MANY_SPOTS", 200),
        ("run.steps.MANY_SPOTS", 200),
        ("components.low_rank._MANY_SPOTS", 200),
        ("_row_blocks.VALUES", 80 * 70),
        ("pp.dask_counts._AT_ONCE", 4),
    ):
        monkeypatch.setattr(f"spotscape.{place}", value)


@pytest.fixture(scope="module")
def tissue():
    return datasets.simulate_slice(n_spots=400, n_genes=80, n_domains=3, seed=1)


def of_dask(tissue, kind="csr"):
    """The tissue with its counts as an array of dask, in chunks of 90 spots."""
    import dask.array as da

    lazy = tissue.copy()
    if kind == "csr":
        parts = [tissue.X[start : start + 90] for start in range(0, tissue.n_obs, 90)]
        lazy.X = da.concatenate(
            [da.from_array(part, chunks=part.shape, asarray=False) for part in parts], axis=0
        )
    else:
        lazy.X = da.from_array(tissue.X.toarray(), chunks=(90, 30))
    return lazy


@pytest.mark.parametrize("kind", ["csr", "dense"])
def test_counts_stay_with_dask(large, tissue, kind):
    counts, whole = find_counts(of_dask(tissue, kind), stay_above=200), find_counts(tissue)
    assert isinstance(counts.matrix, DaskCounts)
    assert (counts.matrix[30:170] != whole.matrix[30:170]).nnz == 0
    some = np.array([0, 7, 8, 250, 399])
    assert (counts.matrix[some] != whole.matrix[some]).nnz == 0
    np.testing.assert_array_equal(row_totals(counts.matrix), row_totals(whole.matrix))
    np.testing.assert_array_equal(varies(counts.matrix), varies(whole.matrix))
    # Asked for in memory, as other verbs do, they come there.
    assert sparse.issparse(find_counts(of_dask(tissue, kind)).matrix)


@pytest.mark.parametrize("n_top_genes", [3000, 30])
def test_a_run_gives_the_same(large, tissue, n_top_genes):
    lazy, expected = of_dask(tissue), tissue.copy()
    for one in (lazy, expected):
        tl.run_spotscape(one, n_domains=3, config={"n_top_genes": n_top_genes}, progress=False)
    assert hasattr(lazy.X, "dask")  # the user's counts are what they were
    assert lazy.obs["spotscape_domain"].tolist() == expected.obs["spotscape_domain"].tolist()
    assert (lazy.var["spotscape_genes"] == expected.var["spotscape_genes"]).all()
    np.testing.assert_allclose(lazy.obsm["X_spotscape"], expected.obsm["X_spotscape"], atol=2e-3)


def test_a_small_slice_is_read_into_memory(tissue):
    lazy, expected = of_dask(tissue), tissue.copy()
    for one in (lazy, expected):
        tl.run_spotscape(one, n_domains=3, progress=False)
    np.testing.assert_array_equal(lazy.obsm["X_spotscape"], expected.obsm["X_spotscape"])


def test_what_is_no_count_is_named(large, tissue):
    bad = tissue.copy()
    bad.X = sparse.csr_matrix(bad.X).astype("float32")
    bad.X.data[bad.X.indptr[390]] = -1.5
    with pytest.raises(InputError, match=rf"negative values \(-1.5 at spot '{bad.obs_names[390]}'"):
        tl.run_spotscape(of_dask(bad), progress=False)


def test_two_workers_read_and_compute(large, tissue, tmp_path):
    distributed = pytest.importorskip("distributed")
    io.write(tissue, tmp_path / "in.h5ad")
    expected = tissue.copy()
    tl.run_spotscape(expected, n_domains=3, progress=False)
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        lazy = io.read_dask(tmp_path / "in.h5ad")
        tl.run_spotscape(lazy, n_domains=3, progress=False)
        done = client.run(lambda dask_worker: len(dask_worker.state.log))
    assert len(done) == 2
    assert min(done.values()) > 0  # both had work
    assert lazy.obs["spotscape_domain"].tolist() == expected.obs["spotscape_domain"].tolist()
    np.testing.assert_allclose(lazy.obsm["X_spotscape"], expected.obsm["X_spotscape"], atol=2e-3)
    io.write(lazy, tmp_path / "out.h5ad")
    assert (io.read(tmp_path / "out.h5ad").X != tissue.X).nnz == 0


def test_several_slices_of_one_object(large, tissue):
    import anndata as ad

    other = datasets.simulate_slice(n_spots=300, n_genes=80, n_domains=3, seed=2)
    both = ad.concat({"a": tissue, "b": other}, label="slice", index_unique="-")
    lazy = of_dask(both)
    for one in (lazy, both):
        tl.integrate_slices(one, slice_key="slice", n_domains=3, progress=False)
    assert lazy.obs["spotscape_domain"].tolist() == both.obs["spotscape_domain"].tolist()


class TestTheCommand:
    def test_has_workers_compute(self, tissue, tmp_path, capsys):
        from distributed import LocalCluster

        io.write(tissue, tmp_path / "in.h5ad")
        arguments = ["run", str(tmp_path / "in.h5ad"), "-k", "3", "-q"]
        with LocalCluster(n_workers=1, processes=False, dashboard_address=None) as cluster:
            way = ["--scheduler", cluster.scheduler_address]
            assert told(capsys, *arguments, "-o", tmp_path / "a.h5ad", *way)[0] == 0
        assert told(capsys, *arguments, "-o", tmp_path / "b.h5ad")[0] == 0
        one, other = (io.read(tmp_path / f"{name}.h5ad") for name in "ab")
        assert one.obs["spotscape_domain"].tolist() == other.obs["spotscape_domain"].tolist()
        assert (one.X != tissue.X).nnz == 0

    def test_says_what_is_wrong(self, tissue, tmp_path, capsys):
        io.write(tissue, tmp_path / "in.h5ad")
        io.write(tissue, tmp_path / "two.h5ad")
        one, two, out = (str(tmp_path / name) for name in ("in.h5ad", "two.h5ad", "out.h5ad"))
        for arguments, words in (
            ([one, two, "--scheduler", "tcp://127.0.0.1:9"], "2 slices as files of their own"),
            ([one, "--backed", "--scheduler", "tcp://127.0.0.1:9"], "--backed as well"),
            ([one, "--scheduler", "nonsense://here"], "the address of a scheduler"),
        ):
            code, _, error = told(capsys, "run", *arguments, "-o", out)
            assert code == 2
            assert words in " ".join(error.split())
        assert not (tmp_path / "out.h5ad").exists()
