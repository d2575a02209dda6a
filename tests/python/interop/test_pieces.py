"""AnnData -> pieces -> AnnData: what R would be sent, without R."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from spotscape._validate import InputError, SpotscapeWarning
from spotscape.interop import pieces
from spotscape.interop.pieces import from_anndata, to_anndata

NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)


def example(n_obs: int = 5, n_vars: int = 3, *, dense: bool = False) -> AnnData:
    rng = np.random.default_rng(n_obs + 10 * n_vars)
    counts = rng.poisson(1.0, (n_obs, n_vars)).astype(np.float64)
    adata = AnnData(counts if dense else sparse.csr_matrix(counts))
    adata.obs_names = [f"cell{i}" for i in range(n_obs)]
    adata.var_names = [f"gene{i}" for i in range(n_vars)]
    adata.obsm["spatial"] = rng.random((n_obs, 2))
    return adata


def columns(n: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "factor": pd.Categorical(np.resize(["b", None, "a"], n), categories=["b", "a", "unused"]),
            "ordered": pd.Categorical(np.resize(["lo", "hi"], n), categories=["lo", "hi"], ordered=True),
            "flag": np.resize([True, False], n),
            "flag_na": pd.array(np.resize(np.array([True, None, False], dtype=object), n), dtype="boolean"),
            "count": np.resize(np.array([1, 7], dtype=np.int32), n),
            "count_na": pd.array(np.resize(np.array([1, None], dtype=object), n), dtype="Int32"),
            "number": np.resize([0.5, np.nan, np.inf], n),
            "text": pd.Series(np.resize(np.array(["ä b", ""], dtype=object), n), dtype=object),
        }
    )


def same_matrix(found, expected) -> None:
    assert sparse.issparse(found) == sparse.issparse(expected)
    as_dense = (m.toarray() if sparse.issparse(m) else np.asarray(m) for m in (found, expected))
    np.testing.assert_array_equal(*as_dense)


@pytest.mark.parametrize("kind", pieces.KINDS)
@pytest.mark.parametrize("dense", [False, True])
@pytest.mark.parametrize("shape", [(5, 3), (1, 1), (4, 1), (1, 4), (0, 3)])
def test_matrices_come_back(kind, dense, shape):
    adata = example(*shape, dense=dense)
    adata.layers["other"] = adata.X.copy()
    adata.obsm["X_pca"] = np.ones((shape[0], 2))
    adata.obsp["graph"] = sparse.csr_matrix(np.triu(np.ones((shape[0], shape[0]))))
    back = to_anndata(from_anndata(adata, kind))
    same_matrix(back.X, adata.X)
    same_matrix(back.layers["other"], adata.layers["other"])
    same_matrix(back.obsp["graph"], adata.obsp["graph"])
    same_matrix(back.obsm["X_pca"], adata.obsm["X_pca"])
    same_matrix(back.obsm["spatial"], adata.obsm["spatial"])
    assert list(back.obs_names) == list(adata.obs_names)
    assert list(back.var_names) == list(adata.var_names)


@pytest.mark.parametrize("n", [3, 7])
def test_columns_keep_kind_levels_and_gaps(n):
    adata = example(n)
    for name, values in columns(n).items():
        adata.obs[name] = values.to_numpy() if values.dtype == object else values.array
    back = to_anndata(from_anndata(adata, "sce"))
    pd.testing.assert_frame_equal(back.obs, adata.obs, check_column_type=False)


@settings(max_examples=60, deadline=None)
@given(
    names=st.lists(NAMES, min_size=1, max_size=5, unique=True),
    values=st.lists(
        st.one_of(
            st.none(), st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5)
        ),
        min_size=4,
        max_size=4,
    ),
    numbers=st.lists(st.integers(-(2**31) + 1, 2**31 - 1), min_size=4, max_size=4),
)
def test_any_names_and_texts_come_back(names, values, numbers):
    adata = example(4, len(names))
    adata.var_names = names
    adata.obs[names[0]] = pd.Categorical(values)
    adata.uns["settings"] = {"numbers": np.array(numbers), "texts": [str(value) for value in values]}
    back = to_anndata(from_anndata(adata, "spe"))
    assert list(back.var_names) == names
    assert list(back.obs[names[0]].astype(object).where(lambda x: x.notna(), None)) == values
    assert list(back.uns["settings"]["numbers"]) == numbers
    assert list(back.uns["settings"]["texts"]) == [str(value) for value in values]


def test_sparse_matrices_are_not_copied():
    counts = sparse.csc_matrix(np.eye(3))
    names = {"names": ["a", "b", "c"], "columns": {}}
    adata = to_anndata({"kind": "sce", "x": counts, "x_name": "counts", "obs": names, "var": names})
    assert isinstance(adata.X, sparse.csr_matrix)
    assert np.shares_memory(adata.X.data, counts.data)
    assert np.shares_memory(from_anndata(adata)["x"].data, counts.data)


def test_whole_numbers_are_counts_and_others_are_not():
    adata = example()
    assert from_anndata(adata, "seurat")["x_name"] == "counts"
    adata.layers["counts"] = adata.X.copy()
    adata.X.data += 0.5
    sent = from_anndata(adata, "seurat")
    assert sent["x_name"] == "counts"
    assert sent["x"].sum() == adata.layers["counts"].sum()
    assert sent["layers"]["data"].sum() == adata.X.sum()
    del adata.layers["counts"]
    assert from_anndata(adata, "seurat")["x_name"] == "data"
    assert from_anndata(adata, "sce")["x_name"] == "logcounts"


def test_images_keep_pixels_and_scale_factors():
    adata = example()
    pixels = np.arange(27, dtype=np.uint8).reshape(3, 3, 3)
    factors = {"tissue_lowres_scalef": 0.1, "spot_diameter_fullres": 75.0}
    adata.uns["spatial"] = {"one": {"images": {"lowres": pixels}, "scalefactors": factors}}
    back = to_anndata(from_anndata(adata, "seurat")).uns["spatial"]["one"]
    np.testing.assert_allclose(back["images"]["lowres"] * 255, pixels)
    assert back["scalefactors"] == factors
    back = to_anndata(from_anndata(adata, "spe")).uns["spatial"]["one"]
    assert back["scalefactors"] == {"tissue_lowres_scalef": 0.1}


def test_settings_come_back():
    adata = example()
    table = pd.DataFrame({"gene": ["a", "b"], "p": [0.1, 0.2]})
    adata.uns["run"] = {"k": 7, "rate": 0.5, "on": True, "name": "x", "deep": {"table": table}}
    back = to_anndata(from_anndata(adata, "sce")).uns["run"]
    assert {key: back[key] for key in ("k", "rate", "on", "name")} == {
        "k": 7,
        "rate": 0.5,
        "on": True,
        "name": "x",
    }
    assert list(back["deep"]["table"]["gene"]) == ["a", "b"]


def test_what_r_cannot_take_is_said():
    adata = example()
    adata.obs["mixed"] = pd.Series(["a", 1, None, 2.5, "b"], index=adata.obs_names, dtype=object)
    adata.uns["function"] = len
    with pytest.warns(SpotscapeWarning, match=r"obs\['mixed'\].*uns\['function'\]"):
        from_anndata(adata)


def test_an_unknown_kind_is_refused():
    with pytest.raises(
        InputError, match=r"^kind: found 'loom' \(str\), expected one of 'seurat', 'spe', 'sce'"
    ):
        from_anndata(example(), "loom")


def test_64_bit_indices_are_made_32_bit_and_too_many_values_refused(monkeypatch):
    adata = example()
    adata.X.indices, adata.X.indptr = adata.X.indices.astype(np.int64), adata.X.indptr.astype(np.int64)
    sent = from_anndata(adata)["x"]
    assert sent.indices.dtype == sent.indptr.dtype == np.int32
    monkeypatch.setattr(pieces, "LARGEST", 2)
    with pytest.raises(InputError, match=r"^adata\.X: found \d+ values other than zero, expected at most 2"):
        from_anndata(adata)


def two_images():
    """An object of two slices, each with an image under its name, as a run over several makes it."""
    adata = AnnData(np.ones((4, 2), dtype="float32"), obs=pd.DataFrame(index=list("abcd")))
    adata.obs["slice"] = pd.Categorical(["s2", "s1", "s2", "s1"], categories=["s1", "s2"])
    adata.obsm["spatial"] = np.arange(8.0).reshape(4, 2)
    image = {"images": {"lowres": np.zeros((2, 2, 3))}, "scalefactors": {"tissue_lowres_scalef": 0.1}}
    adata.uns["spatial"] = {"s1": image, "s2": image}
    return adata


@pytest.mark.parametrize("kind", ["seurat", "spe"])
def test_each_image_has_its_own_cells(kind):
    pieces = from_anndata(two_images(), kind)
    assert list(pieces["images"]) == ["s1", "s2"]
    assert pieces["slices"]["column"] == "slice"
    assert pieces["slices"]["levels"] == ["s1", "s2"]
    assert pieces["slices"]["codes"].tolist() == [2, 1, 2, 1]


def test_images_whose_cells_nobody_knows_are_left_behind_and_said():
    adata = two_images()
    del adata.obs["slice"]
    with pytest.warns(SpotscapeWarning, match="which of them a cell is in"):
        assert from_anndata(adata, "seurat")["images"] == {}


def test_the_embedding_goes_by_the_name_that_each_kind_has():
    adata = two_images()
    adata.obsm["X_spotscape"] = np.ones((4, 3))
    assert list(from_anndata(adata, "seurat")["obsm"]) == ["spotscape"]
    assert list(from_anndata(adata, "spe")["obsm"]) == ["SPOTSCAPE"]
