"""The pieces that R sends and takes, without R."""

from __future__ import annotations

import sys
import warnings

import numpy as np
import pytest
import scipy.sparse as sp

from spotscape import gr, tl
from spotscape._validate import InputError, SpotscapeWarning
from spotscape.datasets import simulate_slice, simulate_slices
from spotscape.interop.reticulate import (
    call,
    embedding_to_anndata,
    from_anndata,
    import_isolated,
    to_anndata,
)


@pytest.fixture(scope="module")
def slice_after_run():
    adata = simulate_slice(n_spots=60, n_genes=30, n_domains=3)
    tl.run_spotscape(adata, n_domains=3, config={"n_starts": 1}, progress=False)
    return adata


def test_counts_are_transposed_on_the_same_memory():
    counts = sp.csc_matrix(np.array([[1.0, 0.0, 2.0], [0.0, 3.0, 0.0]]))
    adata = to_anndata(counts, ["g1", "g2"], ["a", "b", "c"], [[0, 1], [2, 3], [4, 5]])
    assert adata.X.format == "csr"
    assert np.shares_memory(adata.X.data, counts.data)
    np.testing.assert_array_equal(adata.X.toarray(), counts.toarray().T)
    assert adata.obs_names.tolist() == ["a", "b", "c"]
    assert adata.var_names.tolist() == ["g1", "g2"]
    assert adata.obsm["spatial"].dtype == np.float64


def test_columns_come_along():
    columns = {"slice": np.array(["b", "a"]), "condition": [1, 2]}
    adata = to_anndata(sp.csc_matrix(np.eye(2)), ["g", "h"], ["a", "b"], np.eye(2), columns)
    assert adata.obs["slice"].tolist() == ["b", "a"]
    assert adata.obs["condition"].tolist() == [1, 2]
    again = embedding_to_anndata(np.eye(2), ["a", "b"], obs={"slice": ["b", "a"]})
    assert again.obs["slice"].tolist() == ["b", "a"]
    assert again.obs_names.tolist() == ["a", "b"]


def test_result_of_several_slices_has_the_types_that_reticulate_knows():
    slices = simulate_slices(n_slices=2, n_spots=60, n_genes=60, n_domains=3)
    fast = {"n_starts": 1}
    joined = tl.integrate_slices(
        dict(zip("ba", slices, strict=True)), n_domains=3, config=fast, progress=False
    )
    record = from_anndata(joined)["info"]["integration"]
    assert record["slices"] == ["b", "a"]
    assert record["slice_key"] == "slice"
    assert isinstance(record["mixing"], float)
    assert isinstance(record["single_slice_domains"], list)


def test_names_that_are_there_twice_make_no_noise_of_their_own():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        adata = to_anndata(sp.csc_matrix(np.eye(2)), ["g", "g"], ["a", "b"], np.eye(2))
    with pytest.raises(InputError, match="var_names"):
        tl.run_spotscape(adata, progress=False)


def test_result_has_the_types_that_reticulate_knows(slice_after_run):
    result = from_anndata(slice_after_run)
    assert result["cells"] == slice_after_run.obs_names.tolist()
    assert result["embedding"].dtype == np.float64
    np.testing.assert_array_equal(result["embedding"], slice_after_run.obsm["X_spotscape"])
    levels = np.array(["missing", *result["domain_levels"]])
    assert levels[result["domain"]].tolist() == slice_after_run.obs["spotscape_domain"].tolist()
    assert result["confidence"].dtype == np.float64
    np.testing.assert_array_equal(result["confidence"], slice_after_run.obs["spotscape_confidence"])

    def leaves(value):
        return (
            [leaf for item in value.values() for leaf in leaves(item)] if isinstance(value, dict) else [value]
        )

    plain = (bool, int, float, str)
    for leaf in leaves(result["info"]):
        ok = isinstance(leaf, plain) or (isinstance(leaf, np.ndarray) and leaf.dtype.kind in "biuf")
        assert ok or (isinstance(leaf, list) and all(isinstance(item, str) for item in leaf)), repr(leaf)


def test_no_confidence_crosses_where_there_is_none(slice_after_run):
    adata = slice_after_run.copy()
    tl.spatial_domains(adata, n_domains=3, method="kmeans", n_starts=1)
    assert from_anndata(adata)["confidence"] is None


def test_embedding_that_comes_back_gives_the_same_domains(slice_after_run):
    result = from_anndata(slice_after_run)
    adata = embedding_to_anndata(
        result["embedding"], result["cells"], coordinates=slice_after_run.obsm["spatial"]
    )
    gr.spatial_neighbors(adata)
    tl.spatial_domains(adata, n_domains=3, n_starts=1)
    assert adata.obs["spotscape_domain"].tolist() == slice_after_run.obs["spotscape_domain"].tolist()
    np.testing.assert_array_equal(
        adata.obs["spotscape_confidence"], slice_after_run.obs["spotscape_confidence"]
    )
    np.testing.assert_array_equal(adata.obsm["spatial"], slice_after_run.obsm["spatial"])


def test_call_returns_what_r_should_raise():
    def warn():
        warnings.warn("spots without counts", SpotscapeWarning, stacklevel=1)
        return 3

    def refuse():
        raise InputError("n: found 1, expected 2.")

    assert call(warn) == {"value": 3, "error": None, "warnings": ["spots without counts"]}
    assert call(refuse) == {"value": None, "error": "n: found 1, expected 2.", "warnings": []}


@pytest.mark.parametrize("problem", [KeyboardInterrupt, RuntimeError])
def test_call_lets_the_rest_pass(problem):
    def fail():
        raise problem

    with pytest.raises(problem):
        call(fail)
    with pytest.warns(UserWarning, match="not ours"):
        call(warnings.warn, "not ours", UserWarning)


def test_import_isolated_leaves_the_flags_as_they_were():
    before = sys.getdlopenflags()
    import_isolated("json")
    assert sys.getdlopenflags() == before
    with pytest.raises(ModuleNotFoundError):
        import_isolated("no_such_module")
    assert sys.getdlopenflags() == before


def test_versions_are_known_where_pip_does_not_know_spotscape(monkeypatch):
    """R runs the copy in its own package, which no pip has installed."""
    from importlib.metadata import PackageNotFoundError, version

    import spotscape
    from spotscape.run import record

    def pip(name):
        if name == "spotscape":
            raise PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(record, "version", pip)
    assert record.versions()["spotscape"] == spotscape.__version__
