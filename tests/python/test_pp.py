"""Counts, genes, normalisation: hand-worked cases, what scanpy gives, and every bad input."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
import scanpy as sc
from scipy import sparse

from spotscape import pp
from spotscape._validate import InputError, SpotscapeWarning
from spotscape.pp import counts as counts_module

DATA = Path(os.environ.get("SPOTSCAPE_DATA", Path(__file__).parents[2] / ".." / "shared" / "data"))


def slice_of(counts, **more):
    return anndata.AnnData(
        counts,
        obs=pd.DataFrame(index=[f"s{i}" for i in range(counts.shape[0])]),
        var=pd.DataFrame(index=[f"g{i}" for i in range(counts.shape[1])]),
        **more,
    )


def overdispersed(n_spots=300, n_genes=200, seed=0):
    """Genes of many means; every tenth is far more variable than its mean says."""
    rng = np.random.default_rng(seed)
    mean = np.exp(rng.uniform(-2, 3, n_genes))
    shape = np.where(np.arange(n_genes) % 10 == 0, 0.2, 10.0)
    return rng.poisson(mean * rng.gamma(shape, 1 / shape, (n_spots, n_genes))).astype(np.float32)


SMALL = np.array([[0, 3, 1], [1, 2, 0], [4, 0, 0]])


class TestFindCounts:
    @pytest.mark.parametrize("dtype", ["int8", "uint16", "int32", "int64", "float32", "float64"])
    @pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix, sparse.csc_matrix, sparse.csr_array])
    def test_every_dtype_and_kind_of_matrix(self, dtype, kind):
        counts, names, source = pp.find_counts(slice_of(kind(SMALL.astype(dtype))))
        assert isinstance(counts, sparse.csr_matrix)
        assert counts.dtype == dtype
        assert counts.toarray().tolist() == SMALL.tolist()
        assert list(names) == ["g0", "g1", "g2"]
        assert source == "X"

    def test_a_csr_matrix_is_not_copied(self):
        adata = slice_of(sparse.csr_matrix(SMALL.astype("float32")))
        assert np.shares_memory(pp.find_counts(adata).matrix.data, adata.X.data)

    def test_looks_in_the_stated_order(self):
        adata = slice_of(np.log1p(SMALL))
        adata.raw = slice_of(SMALL * 5)
        adata.layers["another"] = SMALL * 3
        assert pp.find_counts(adata).source == "raw"
        adata.X = SMALL
        assert pp.find_counts(adata).source == "X"
        adata.layers["counts"] = SMALL * 2
        assert pp.find_counts(adata).source == "layers['counts']"
        assert pp.find_counts(adata, layer="another").matrix.sum() == 3 * SMALL.sum()

    def test_without_x(self):
        adata = anndata.AnnData(layers={"counts": SMALL})
        assert pp.find_counts(adata).source == "layers['counts']"

    def test_a_matrix_of_zeros_is_a_place_holder(self):
        adata = slice_of(np.zeros((3, 3)))
        adata.layers["counts"] = SMALL
        assert pp.find_counts(adata).source == "layers['counts']"

    def test_raw_has_its_own_genes(self):
        whole = slice_of(SMALL)
        adata = slice_of(np.log1p(SMALL))[:, ["g2", "g0"]].copy()
        adata.raw = whole
        assert list(pp.find_counts(adata).var_names) == ["g0", "g1", "g2"]

    @pytest.mark.parametrize("dense", [True, False])
    def test_backed(self, tmp_path, dense):
        adata = slice_of(SMALL.astype("float32") if dense else sparse.csr_matrix(SMALL.astype("float32")))
        adata.write_h5ad(tmp_path / "a.h5ad")
        backed = anndata.read_h5ad(tmp_path / "a.h5ad", backed="r")
        assert pp.find_counts(backed).matrix.toarray().tolist() == SMALL.tolist()
        backed.file.close()

    def test_unsorted_and_repeated_entries_leave_the_object_alone(self):
        data = np.array([1.0, 2.0, 3.0], dtype="float32")
        messy = sparse.csr_matrix((data, np.array([2, 0, 0]), np.array([0, 3, 3])), shape=(2, 3))
        adata = slice_of(messy)
        counts = pp.find_counts(adata).matrix
        assert counts.toarray().tolist() == [[5, 0, 1], [0, 0, 0]]
        assert counts.nnz == 2
        assert adata.X.indices.tolist() == [2, 0, 0]
        assert adata.X.data.tolist() == [1, 2, 3]

    @pytest.mark.parametrize(
        ("value", "words"),
        [
            (-1.0, "negative values (-1 at spot 's1', gene 'g2')"),
            (np.nan, "NaN (nan at spot 's1', gene 'g2')"),
            (np.inf, "infinite values (inf at spot 's1', gene 'g2')"),
            (-np.inf, "infinite values (-inf at spot 's1', gene 'g2')"),
            (0.5, "values that are not whole numbers (0.5 at spot 's1', gene 'g2')"),
        ],
    )
    @pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix, sparse.csc_matrix])
    def test_bad_values_are_named_with_their_place(self, value, words, kind):
        counts = SMALL.astype(float)
        counts[1, 2] = value
        adata = slice_of(kind(counts))
        with pytest.raises(InputError) as error:
            pp.find_counts(adata)
        assert str(error.value).startswith(f"adata.X: found {words}, expected raw counts")

    def test_negative_integers(self):
        with pytest.raises(InputError, match="negative values"):
            pp.find_counts(slice_of(SMALL - 1))

    def test_bad_values_beyond_the_first_block(self, monkeypatch):
        monkeypatch.setattr(counts_module, "_BLOCK", 2)
        counts = SMALL.astype(float)
        counts[2, 0] = 0.5
        with pytest.raises(InputError, match=r"0\.5 at spot 's2', gene 'g0'"):
            pp.find_counts(slice_of(counts))

    def test_the_error_says_where_it_looked(self):
        adata = slice_of(np.log1p(SMALL), layers={"scaled": SMALL - 2.0, "zero": SMALL * 0})
        adata.raw = slice_of(SMALL / 3)
        with pytest.raises(InputError) as error:
            pp.find_counts(adata)
        text = str(error.value)
        assert "X holds values that are not whole numbers" in text
        assert "layers['scaled'] holds negative values" in text
        assert "layers['zero'] holds only zeros" in text
        assert "raw holds values that are not whole numbers" in text

    def test_a_given_layer_is_the_only_place(self):
        adata = slice_of(SMALL, layers={"log": np.log1p(SMALL)})
        with pytest.raises(InputError, match=r"^adata.layers\['log'\]: found values that are not whole"):
            pp.find_counts(adata, layer="log")
        with pytest.raises(InputError, match=r"layer: found 'nope' .* \(it has: 'log'\)"):
            pp.find_counts(adata, layer="nope")

    def test_no_matrix_at_all(self):
        with pytest.raises(InputError, match="no X, no layers and no raw"):
            pp.find_counts(anndata.AnnData(shape=(3, 2)))

    def test_values_that_are_no_numbers(self):
        with pytest.raises(InputError, match="a value of type"):
            pp.find_counts(slice_of(SMALL > 0))


class TestCheckAdata:
    @pytest.mark.parametrize("shape", [(0, 3), (1, 3), (3, 0)])
    def test_too_small(self, shape):
        with pytest.raises(InputError, match=rf"adata: found {shape[0]} spot\(s\) x {shape[1]} gene"):
            pp.check_adata(slice_of(np.ones(shape)))

    def test_no_anndata(self):
        with pytest.raises(InputError, match=r"adata: found a ndarray, expected an AnnData"):
            pp.check_adata(np.ones((3, 3)))

    @pytest.mark.parametrize("axis", ["obs_names", "var_names"])
    def test_duplicate_names(self, axis):
        adata = slice_of(SMALL)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            setattr(adata, axis, ["a", "b", "a"])
        with pytest.raises(
            InputError, match=rf"adata.{axis}: found 1 name.*'a'.*adata.{axis}_make_unique\(\)"
        ):
            pp.find_counts(adata)

    def test_duplicate_names_in_raw(self):
        raw = slice_of(SMALL)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            raw.var_names = ["a", "b", "a"]
            adata = slice_of(np.log1p(SMALL))
            adata.raw = raw
        with pytest.raises(InputError, match=r"adata\.raw\.var_names"):
            pp.find_counts(adata)


class TestSelectGenes:
    @pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix])
    @pytest.mark.parametrize("dtype", ["float32", "int32", "float64"])
    def test_same_genes_as_scanpy(self, kind, dtype):
        adata = slice_of(kind(overdispersed().astype(dtype)))
        expected = sc.pp.highly_variable_genes(adata, flavor="seurat_v3", n_top_genes=40, inplace=False)
        pp.select_genes(adata, n_top_genes=40, ranking="variable")
        assert adata.var["spotscape_genes"].dtype == bool
        assert adata.var["spotscape_genes"].tolist() == expected["highly_variable"].tolist()

    def test_finds_the_variable_ones(self):
        adata = slice_of(overdispersed())
        pp.select_genes(adata, n_top_genes=20, ranking="variable")
        assert np.flatnonzero(adata.var["spotscape_genes"]).tolist() == list(range(0, 200, 10))

    def test_writes_one_column_and_nothing_else(self):
        adata = slice_of(sparse.csr_matrix(overdispersed()))
        before = adata.copy()
        pp.select_genes(adata, n_top_genes=20, ranking="variable", key_added="mine")
        assert list(adata.var) == ["mine_genes"]
        assert not adata.uns
        assert not adata.layers
        for part in ("data", "indices", "indptr"):
            assert getattr(adata.X, part).tobytes() == getattr(before.X, part).tobytes()

    def test_spatial_genes_are_ranked_over_the_graph(self):
        rng = np.random.default_rng(0)
        counts = rng.poisson(2.0, (100, 6)).astype("float32")
        counts[:50, 4] += 5  # up in one half of a path
        counts[::2, 1] += 9  # more variable, and without a pattern
        adata = anndata.AnnData(counts)
        path = sparse.diags([1, 1], [-1, 1], shape=(100, 100), format="csr", dtype=float)
        with pytest.raises(
            InputError, match=r"spatial_connectivities.*spatial_neighbors.*ranking='variable'"
        ):
            pp.select_genes(adata, n_top_genes=1)
        adata.obsp["spatial_connectivities"] = path
        pp.select_genes(adata, n_top_genes=1)
        assert adata.var_names[adata.var["spotscape_genes"]].tolist() == ["4"]

    def test_copy(self):
        adata = slice_of(overdispersed())
        other = pp.select_genes(adata, n_top_genes=20, ranking="variable", copy=True)
        assert "spotscape_genes" not in adata.var
        assert other.var["spotscape_genes"].sum() == 20

    def test_small_panel_takes_all_but_constant_genes(self):
        counts = np.array([[5, 0, 3, 1], [5, 0, 1, 1], [5, 0, 0, 0]])
        adata = slice_of(sparse.csr_matrix(counts))
        pp.select_genes(adata, n_top_genes=4, ranking="variable")
        assert adata.var["spotscape_genes"].tolist() == [False, False, True, True]

    def test_constant_genes_are_never_chosen(self):
        counts = overdispersed()
        counts[:, 7] = 0
        counts[:, 8] = 4
        adata = slice_of(counts)
        pp.select_genes(adata, n_top_genes=198, ranking="variable")
        assert adata.var["spotscape_genes"].sum() == 198
        assert not adata.var["spotscape_genes"].iloc[[7, 8]].any()

    def test_order_of_spots_and_genes_does_not_matter(self):
        adata = slice_of(overdispersed())
        rng = np.random.default_rng(1)
        other = adata[rng.permutation(300), rng.permutation(200)].copy()
        pp.select_genes(adata, n_top_genes=50, ranking="variable")
        pp.select_genes(other, n_top_genes=50, ranking="variable")
        chosen = adata.var["spotscape_genes"]
        assert chosen[other.var_names].tolist() == other.var["spotscape_genes"].tolist()

    def test_counts_in_raw_with_other_genes(self):
        whole = slice_of(overdispersed())
        adata = whole[:, 50:].copy()
        adata.raw = whole
        sc.pp.log1p(adata)
        pp.select_genes(adata, n_top_genes=15, ranking="variable")
        assert adata.var_names[adata.var["spotscape_genes"]].tolist() == [f"g{i}" for i in range(50, 200, 10)]

    def test_no_warnings_from_below(self):
        adata = slice_of(overdispersed())
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            pp.select_genes(adata, n_top_genes=20, ranking="variable")

    def test_too_few_genes_for_the_fit_is_said(self):
        counts = np.array([[9, 1, 2, 3], [0, 1, 2, 4], [0, 2, 3, 3], [0, 1, 2, 4]])
        adata = slice_of(counts)
        with pytest.warns(SpotscapeWarning, match="fit of variance to mean"):
            pp.select_genes(adata, n_top_genes=1, ranking="variable")
        assert adata.var["spotscape_genes"].tolist() == [True, False, False, False]

    def test_all_genes_constant(self):
        with pytest.raises(InputError, match=r"adata.X: found 2 gene\(s\), each with one count in all spots"):
            pp.select_genes(slice_of(np.full((3, 2), 4)))

    @pytest.mark.parametrize("value", [0, -3, 2.5, "many", None, True])
    def test_bad_n_top_genes(self, value):
        adata = slice_of(SMALL)
        with pytest.raises(InputError, match="n_top_genes"):
            pp.select_genes(adata, n_top_genes=value)
        assert adata.var.empty

    def test_backed_copy(self, tmp_path):
        slice_of(SMALL.astype("float32")).write_h5ad(tmp_path / "a.h5ad")
        backed = anndata.read_h5ad(tmp_path / "a.h5ad", backed="r")
        assert pp.select_genes(backed, copy=True).var["spotscape_genes"].all()
        backed.file.close()


class TestNormalizedExpression:
    def test_by_hand(self):
        adata = slice_of(np.array([[1, 3], [2, 0]]))
        got = pp.normalized_expression(adata, target_sum=1e4)
        assert got.dtype == np.float32
        np.testing.assert_allclose(got.toarray(), np.log1p([[2500, 7500], [10000, 0]]), rtol=1e-6)

    @pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix, sparse.csc_matrix])
    def test_same_as_scanpy(self, kind):
        adata = slice_of(kind(overdispersed()))
        expected = adata.copy()
        sc.pp.normalize_total(expected, target_sum=500)
        sc.pp.log1p(expected)
        got = pp.normalized_expression(adata, target_sum=500).toarray()
        expected = expected.X.toarray() if sparse.issparse(expected.X) else expected.X
        np.testing.assert_allclose(got, expected, rtol=1e-5)

    def test_totals_are_over_all_genes(self):
        adata = slice_of(overdispersed())
        whole = pp.normalized_expression(adata).toarray()
        mask = np.arange(200) % 3 == 0
        np.testing.assert_array_equal(pp.normalized_expression(adata, genes=mask).toarray(), whole[:, mask])
        named = pp.normalized_expression(adata, genes=["g5", "g2"])
        np.testing.assert_array_equal(named.toarray(), whole[:, [5, 2]])
        by_series = pp.normalized_expression(adata, genes=pd.Series(mask, index=adata.var_names))
        np.testing.assert_array_equal(by_series.toarray(), whole[:, mask])

    def test_totals_of_small_integers_do_not_overflow(self):
        adata = slice_of(np.full((2, 400), 100, dtype=np.int8))
        got = pp.normalized_expression(adata, target_sum=1e4)
        np.testing.assert_allclose(got.toarray(), np.log1p(25), rtol=1e-6)

    @pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix])
    def test_the_object_is_not_changed(self, kind):
        adata = slice_of(kind(overdispersed()))
        before = adata.copy()
        pp.normalized_expression(adata)
        now, then = (x.X.data if sparse.issparse(x.X) else x.X for x in (adata, before))
        assert now.tobytes() == then.tobytes()
        assert not adata.layers
        assert not adata.uns
        assert adata.raw is None

    def test_spots_without_counts_are_zero_and_said(self):
        adata = slice_of(np.array([[1, 3], [0, 0], [2, 0]]))
        with pytest.warns(SpotscapeWarning, match="1 of 3 spots have no counts in X"):
            got = pp.normalized_expression(adata).toarray()
        assert got[1].tolist() == [0, 0]
        assert np.isfinite(got).all()

    def test_counts_in_raw(self):
        whole = slice_of(SMALL)
        adata = slice_of(np.log1p(SMALL))[:, ["g2", "g1"]].copy()
        adata.raw = whole
        expected = pp.normalized_expression(whole).toarray()[:, [2, 1]]
        np.testing.assert_array_equal(pp.normalized_expression(adata).toarray(), expected)

    @pytest.mark.parametrize("genes", [["g0", "x"], [], np.array([True, False]), np.zeros(3, dtype=bool)])
    def test_bad_genes(self, genes):
        with pytest.raises(InputError, match=r"^genes: found"):
            pp.normalized_expression(slice_of(SMALL), genes=genes)

    @pytest.mark.parametrize("value", [0, -1, np.nan, np.inf, "1e4"])
    def test_bad_target_sum(self, value):
        with pytest.raises(InputError, match="target_sum"):
            pp.normalized_expression(slice_of(SMALL), target_sum=value)


@pytest.mark.parametrize("name", ["dlpfc_151673", "starmap_mpfc_BZ5"])
def test_real_slices(name):
    path = DATA / f"{name}.h5ad"
    if not path.exists():
        pytest.skip(f"{path} is not there (set SPOTSCAPE_DATA)")
    adata = anndata.read_h5ad(path)
    pp.select_genes(adata, n_top_genes=3000, ranking="variable")
    assert adata.var["spotscape_genes"].sum() == min(3000, adata.n_vars)
    got = pp.normalized_expression(adata, genes=adata.var["spotscape_genes"])
    assert np.isfinite(got.data).all()
    assert np.expm1(got.astype(np.float64)).sum(axis=1).max() <= 1e4 * (1 + 1e-5)


def on_disk(folder, matrix, **more):
    slice_of(matrix, **more).write_h5ad(folder / "a.h5ad")
    return anndata.read_h5ad(folder / "a.h5ad", backed="r")


def as_kind(dense, kind):
    return {"csr": sparse.csr_matrix, "csc": sparse.csc_matrix, "dense": np.array}[kind](dense)


KINDS = pytest.mark.parametrize("kind", ["csr", "csc", "dense"])


class TestManyCells:
    """What is done block by block, with blocks of a few values."""

    @KINDS
    @pytest.mark.parametrize("block", [1, 7, 1000])
    def test_counts_of_every_kind_of_file(self, tmp_path, monkeypatch, kind, block):
        monkeypatch.setattr(counts_module, "_BLOCK", block)
        counts = overdispersed(40, 12)
        counts[::5] = 0
        backed = on_disk(tmp_path, as_kind(counts, kind))
        found = pp.find_counts(backed)
        assert found.source == "X"
        assert (found.matrix.toarray() == counts).all()
        assert found.matrix.has_canonical_format
        assert backed.isbacked
        backed.file.close()

    @KINDS
    def test_what_is_no_counts_is_not_read_as_a_whole(self, tmp_path, monkeypatch, kind):
        monkeypatch.setattr(counts_module, "_BLOCK", 60)
        counts = overdispersed(40, 12)
        backed = on_disk(tmp_path, as_kind(np.log1p(counts), kind), layers={"counts": counts})
        seen = []
        whole = counts_module.as_csr
        monkeypatch.setattr(
            counts_module, "as_csr", lambda stored: seen.append(stored.shape) or whole(stored)
        )
        assert pp.find_counts(backed).source == "layers['counts']"
        assert np.prod(seen[0]) <= 60
        assert (40, 12) not in seen[:-1]
        backed.file.close()

    @KINDS
    def test_the_fault_is_named_by_spot_and_gene(self, monkeypatch, kind):
        counts = overdispersed(40, 12)
        counts[2, 1] = 0.5
        monkeypatch.setattr(counts_module, "_BLOCK", 100)
        with pytest.raises(InputError, match=r"\(0\.5 at spot 's2', gene 'g1'\)"):
            pp.find_counts(slice_of(as_kind(counts, kind)))

    @KINDS
    def test_a_beginning_of_zeros_says_nothing(self, monkeypatch, kind):
        monkeypatch.setattr(counts_module, "_BLOCK", 24)
        counts = overdispersed(40, 12)
        counts[:10], counts[:, :2] = 0, 0
        assert pp.find_counts(slice_of(as_kind(counts, kind))).source == "X"
        counts[30, 5] = -2
        with pytest.raises(InputError, match="negative values"):
            pp.find_counts(slice_of(as_kind(counts, kind)))

    @pytest.mark.parametrize("block", [1, 50, 10_000])
    def test_genes_and_normalisation_do_not_depend_on_blocks(self, monkeypatch, block):
        counts = overdispersed(40, 60)
        counts[3], counts[:, 4], counts[:, 5], counts[:, 6], counts[:, 7] = 0, 0, 2, 3, 0
        counts[39, 6] = 0
        counts[0, 7] = 1
        monkeypatch.setattr(counts_module, "_BLOCK", block)
        adata = slice_of(sparse.csr_matrix(counts))
        pp.select_genes(adata)
        varies = counts.min(axis=0) != counts.max(axis=0)
        assert adata.var["spotscape_genes"].tolist() == varies.tolist()
        assert varies[[4, 5, 6, 7]].tolist() == [False, False, True, True]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SpotscapeWarning)
            found = pp.normalized_expression(adata)
        totals = counts.sum(axis=1, keepdims=True)
        median = np.median(totals[totals > 0])  # the depth of spots that have counts
        assert pp.median_total(adata) == median
        np.testing.assert_allclose(
            found.toarray(), np.log1p(counts / np.maximum(totals, 1) * median), rtol=1e-5
        )

    @pytest.mark.parametrize("genes", [None, ["g7", "g1", "g3"]])
    def test_indices_of_64_bits(self, genes):
        counts = overdispersed(40, 60)
        narrow, wide = sparse.csr_matrix(counts), sparse.csr_matrix(counts)
        wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
        adata = slice_of(wide)
        assert pp.find_counts(adata).matrix.indices.dtype == np.int64
        for n_top_genes in (20, 100):
            one, other = slice_of(narrow), slice_of(wide)
            for each in (one, other):
                pp.select_genes(each, n_top_genes=n_top_genes, ranking="variable")
            assert (one.var["spotscape_genes"] == other.var["spotscape_genes"]).all()
        found = pp.normalized_expression(adata, genes=genes)
        expected = pp.normalized_expression(slice_of(narrow), genes=genes)
        assert (found.toarray() == expected.toarray()).all()
        assert not np.shares_memory(found.data, adata.X.data)
        assert not np.shares_memory(found.indices, adata.X.indices)
