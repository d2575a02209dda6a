"""Counts of many spots stay in their file: the same results, and no more than a block of them in memory."""

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from spotscape import datasets, io, tl
from spotscape._validate import InputError
from spotscape.pp import find_counts
from spotscape.pp.counts import row_totals, varies
from spotscape.pp.expression import log_expression
from spotscape.pp.stored_counts import StoredCounts


@pytest.fixture
def large(monkeypatch):
    """What has 200 spots counts as many, and a block is small."""
    for place, value in (
        ("pp.expression.MANY_SPOTS", 200),
        ("pp.panels.MANY_SPOTS", 200),
        ("run.join.MANY_SPOTS", 200),
        ("run.steps.MANY_SPOTS", 200),
        ("components.low_rank._MANY_SPOTS", 200),
        ("components.low_rank._BLOCK", 80 * 20),
        ("_row_blocks.BLOCK", 1000),
    ):
        monkeypatch.setattr(f"spotscape.{place}", value)


@pytest.fixture(scope="module")
def tissue():
    return datasets.simulate_slice(n_spots=400, n_genes=80, n_domains=3, seed=1)


@pytest.fixture(params=["h5ad", "zarr"])
def on_disk(request, tissue, tmp_path):
    """The tissue with its counts in a file."""
    path = tmp_path / f"in.{request.param}"
    if request.param == "zarr":
        tissue.write_zarr(path)
    else:
        io.write(tissue, path)
    return io.read(path, backed=True)


def test_counts_stay_in_their_file(large, tissue, on_disk):
    counts, whole = find_counts(on_disk, stay_above=200), find_counts(tissue)
    assert isinstance(counts.matrix, StoredCounts)
    assert counts.matrix.shape == whole.matrix.shape
    assert (counts.matrix[30:170] != whole.matrix[30:170]).nnz == 0
    some = np.array([0, 7, 8, 250, 399])
    assert (counts.matrix[some] != whole.matrix[some]).nnz == 0
    np.testing.assert_array_equal(row_totals(counts.matrix), row_totals(whole.matrix))
    np.testing.assert_array_equal(varies(counts.matrix), varies(whole.matrix))
    # Asked for in memory, as other verbs do, they come there.
    assert sparse.issparse(find_counts(on_disk).matrix)


@pytest.mark.parametrize("n_top_genes", [3000, 30])
def test_a_run_gives_the_same_and_holds_a_block_at_most(large, tissue, on_disk, monkeypatch, n_top_genes):
    expected, config = tissue.copy(), {"n_top_genes": n_top_genes}
    tl.run_spotscape(expected, n_domains=3, config=config, progress=False)
    held, read = [], StoredCounts.__getitem__

    def note(self, rows):
        found = read(self, rows)
        held.append(found.nnz)
        return found

    monkeypatch.setattr(StoredCounts, "__getitem__", note)
    tl.run_spotscape(on_disk, n_domains=3, config=config, progress=False)
    np.testing.assert_array_equal(on_disk.obsm["X_spotscape"], expected.obsm["X_spotscape"])
    assert on_disk.obs["spotscape_domain"].tolist() == expected.obs["spotscape_domain"].tolist()
    assert (on_disk.var["spotscape_genes"] == expected.var["spotscape_genes"]).all()
    if n_top_genes == 3000:  # else spots and neighbours, by which genes are ranked, are all of so few
        assert 0 < max(held) <= 1000 + tissue.n_vars


def test_slices_of_one_object_are_integrated_from_their_file(large, tissue, tmp_path):
    both = ad.concat(
        {"a": tissue, "b": datasets.simulate_slice(n_spots=300, n_genes=80, n_domains=3, seed=2)},
        label="slice",
    )
    both.obs_names_make_unique()
    io.write(both, tmp_path / "both.h5ad")
    stored = io.read(tmp_path / "both.h5ad", backed=True)
    for one in (both, stored):
        tl.integrate_slices(one, slice_key="slice", n_domains=3, progress=False)
    np.testing.assert_array_equal(stored.obsm["X_spotscape"], both.obsm["X_spotscape"])


def test_expression_is_made_row_by_row(large, tissue):
    counts, columns = find_counts(tissue), np.array([3, 1, 40])
    rows, whole = log_expression(counts, columns, by_rows=True), log_expression(counts, columns)
    assert rows.shape == whole.shape == (400, 3)
    np.testing.assert_array_equal(rows[:150].toarray(), whole[:150].toarray())
    np.testing.assert_array_equal(rows[np.array([5, 300])].toarray(), whole[[5, 300]].toarray())


def test_what_is_no_count_is_named_wherever_it_lies(large, tissue, tmp_path):
    bad = tissue.copy()
    bad.X = sparse.csr_matrix(bad.X).astype("float32")
    bad.X.data[bad.X.indptr[390]] = -1.5
    bad.write_h5ad(tmp_path / "bad.h5ad")
    gene = bad.var_names[bad.X.indices[bad.X.indptr[390]]]
    wanted = rf"negative values \(-1.5 at spot '{bad.obs_names[390]}', gene '{gene}'\)"
    for how in (False, True):
        with pytest.raises(InputError, match=wanted):
            tl.run_spotscape(io.read(tmp_path / "bad.h5ad", backed=how), progress=False)


def test_columns_in_disorder_and_twice_are_put_right(large, tmp_path):
    n = 300
    indices = np.tile([2, 0, 2], n)
    matrix = sparse.csr_matrix((np.tile([1.0, 4.0, 2.0], n), indices, np.arange(0, 3 * n + 1, 3)), (n, 5))
    ad.AnnData(matrix, pd.DataFrame(index=[f"s{i}" for i in range(n)])).write_h5ad(tmp_path / "in.h5ad")
    counts = find_counts(io.read(tmp_path / "in.h5ad", backed=True), stay_above=200).matrix
    assert isinstance(counts, StoredCounts)
    np.testing.assert_array_equal(counts[7:8].toarray(), [[4, 0, 3, 0, 0]])
