"""Objects of R in files: read, written and updated, with the R of this machine."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

import spotscape
from spotscape import interop
from spotscape._validate import InputError, SpotscapeWarning
from spotscape.interop import _session

from ..shell import told  # noqa: TID252 (no package to import by name)

REQUIRED = os.environ.get("SPOTSCAPE_TEST_R") == "required"


def _without_r() -> str | None:
    """Why there is no R to test with."""
    if find_spec("rpy2") is None or find_spec("anndata2ri") is None:
        return "rpy2 or anndata2ri is not installed"
    from rpy2 import situation

    return None if situation.get_r_home() else "there is no R"


pytestmark = pytest.mark.skipif(_without_r() is not None and not REQUIRED, reason=str(_without_r()))
KINDS = ("seurat", "spe", "sce")


@pytest.fixture(scope="module")
def adata():
    adata = spotscape.datasets.simulate_slice(n_spots=60, n_genes=40, n_domains=3)
    adata.X = sparse.csr_matrix(adata.X, dtype=np.float64)
    adata.obs["flag"] = pd.array([True, None] * (adata.n_obs // 2), dtype="boolean")
    adata.layers["data"] = adata.X.log1p()
    adata.obsm["X_pca"] = np.random.default_rng(0).random((adata.n_obs, 2))
    del adata.uns["simulation"], adata.var["marker_domain"]
    adata.uns["note"] = {"k": 7, "names": ["a", "b"]}
    return adata


def in_r(code: str):
    """Evaluate R code beside spotscape's own R functions."""
    from rpy2 import rinterface

    _, functions = _session._session()
    return rinterface.baseenv["eval"](rinterface.parse(code), functions)


@pytest.fixture(scope="module")
def r_files(adata, tmp_path_factory):
    folder = tmp_path_factory.mktemp("rds")
    for kind in KINDS:
        interop.write_rds(adata, folder / f"{kind}.rds", kind=kind)
    in_r(f"""local({{
      path <- function(name) file.path("{folder}", name)
      one <- readRDS(path("sce.rds"))
      saveRDS(list(left = one, right = one), path("list.rds"))
      saveRDS(list(one, one), path("unnamed.rds"))
      saveRDS(mtcars, path("table.rds"))
      saveRDS(function() stop("evaluated"), path("function.rds"))
      saveRDS(quote(stop("evaluated")), path("call.rds"))
      saveRDS(structure(quote(stop("evaluated")), class = "Seurat"), path("claims.rds"))
      saveRDS(one, path("plain.rds"), compress = FALSE)
      saveRDS(one, path("xz.rds"), compress = "xz")
    }})""")
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_an_object_comes_back_from_its_file(adata, r_files, kind):
    back = interop.read_rds(r_files / f"{kind}.rds")
    assert list(back.obs_names) == list(adata.obs_names)
    assert list(back.var_names) == [name.replace("_", "-") for name in adata.var_names]
    assert (back.X != adata.X).nnz == 0
    assert abs(back.layers["data"] - adata.layers["data"]).max() < 1e-15
    np.testing.assert_allclose(back.obsm["X_pca"], adata.obsm["X_pca"])
    if kind != "sce":
        np.testing.assert_allclose(back.obsm["spatial"], adata.obsm["spatial"])
    for column in adata.obs:
        pd.testing.assert_series_equal(back.obs[column], adata.obs[column], check_dtype=False)
    assert back.uns["note"]["k"] == 7
    assert list(back.uns["note"]["names"]) == ["a", "b"]


def test_the_classes_are_those_of_r(r_files):
    classes = {kind: in_r(f'class(readRDS("{r_files / kind}.rds"))')[0] for kind in KINDS}
    assert classes == {"seurat": "Seurat", "spe": "SpatialExperiment", "sce": "SingleCellExperiment"}


def test_anndata2ri_reads_the_same_from_a_single_cell_experiment(adata, r_files):
    import anndata2ri
    from rpy2.robjects.conversion import localconverter

    with localconverter(anndata2ri.converter) as converter:
        theirs = converter.rpy2py(in_r(f'readRDS("{r_files / "sce"}.rds")'))
    ours = interop.read_rds(r_files / "sce.rds")
    assert (theirs.X != ours.X).nnz == 0
    assert list(theirs.obs_names) == list(ours.obs_names)
    assert list(theirs.obs["ground_truth"]) == list(ours.obs["ground_truth"])
    np.testing.assert_allclose(theirs.obsm["X_pca"], ours.obsm["X_pca"])


@pytest.mark.parametrize("name", ["plain", "xz"])
def test_compression_does_not_matter(adata, r_files, name):
    assert interop.read_rds(r_files / f"{name}.rds").shape == adata.shape


def test_a_list_is_a_dict(r_files):
    assert list(interop.read_rds(r_files / "list.rds")) == ["left", "right"]
    assert list(spotscape.io.read(r_files / "unnamed.rds")) == ["1", "2"]


def test_io_writes_and_reads_rds(adata, tmp_path):
    spotscape.io.write(adata, tmp_path / "slice.rds")
    assert spotscape.io.read(tmp_path / "slice.rds").uns["spotscape_r"]["kind"] == "spe"
    assert os.listdir(tmp_path) == ["slice.rds"]


def test_an_object_survives_h5ad(r_files, tmp_path):
    """The record of what R needs is kept in the file."""
    spotscape.io.write(interop.read_rds(r_files / "seurat.rds"), tmp_path / "slice.h5ad")
    interop.write_rds(spotscape.io.read(tmp_path / "slice.h5ad"), tmp_path / "back.rds")
    same = in_r(f'all.equal(readRDS("{tmp_path}/back.rds"), readRDS("{r_files}/seurat.rds"))')
    assert list(same) == [True]


@pytest.mark.parametrize("kind", KINDS)
def test_update_adds_and_keeps(r_files, tmp_path, kind):
    source = r_files / f"{kind}.rds"
    adata = interop.read_rds(source)
    adata.obs["spotscape_domain"] = pd.Categorical(["1", "2"] * (adata.n_obs // 2))
    adata.obs["spotscape_confidence"] = np.linspace(0.5, 1, adata.n_obs, dtype=np.float32)
    adata.obsm["X_spotscape"] = np.ones((adata.n_obs, 3), dtype=np.float32)
    adata.uns["spotscape"] = {"seed": 0}
    interop.write_rds(adata, tmp_path / "out.rds", update=source)
    back = interop.read_rds(tmp_path / "out.rds")
    np.testing.assert_array_equal(back.obs["spotscape_confidence"], adata.obs["spotscape_confidence"])
    assert list(back.obs["spotscape_domain"]) == list(adata.obs["spotscape_domain"])
    assert back.obsm["X_spotscape"].shape == (adata.n_obs, 3)
    assert back.uns["spotscape"]["seed"] == 0
    assert (back.X != adata.X).nnz == 0
    with pytest.raises(InputError, match=r"^update: found other cells"):
        interop.write_rds(adata[::-1].copy(), tmp_path / "out.rds", update=source)
    # New domains that do not say how sure they are: what was said of the older ones goes.
    del back.obs["spotscape_confidence"]
    interop.write_rds(back, tmp_path / "again.rds", update=tmp_path / "out.rds")
    assert "spotscape_confidence" not in interop.read_rds(tmp_path / "again.rds").obs


def test_update_keeps_cells_that_the_assay_lacks(r_files, tmp_path):
    in_r(f"""local({{
      one <- readRDS("{r_files}/seurat.rds")
      bins <- SeuratObject::LayerData(one, layer = "counts")[, 1:7]
      colnames(bins) <- paste0("bin", 1:7)
      both <- merge(one, SeuratObject::CreateSeuratObject(bins, assay = "Bins"))
      saveRDS(both, "{tmp_path}/both.rds")
    }})""")
    with pytest.warns(SpotscapeWarning, match="7 of 67 cells, which assay 'RNA' does not have"):
        adata = interop.read_rds(tmp_path / "both.rds")
    adata.obs["spotscape_domain"] = pd.Categorical(["1", "2"] * (adata.n_obs // 2))
    adata.obsm["X_spotscape"] = np.ones((adata.n_obs, 3))
    interop.write_rds(adata, tmp_path / "out.rds", update=tmp_path / "both.rds")
    found = in_r(f"""local({{
      out <- readRDS("{tmp_path}/out.rds")
      c(ncol(out), sum(is.na(out$spotscape_domain)), nrow(out[["spotscape"]]), ncol(out[["Bins"]]))
    }})""")
    assert list(found) == [67, 7, 60, 7]


def test_memory_of_r_is_seen_not_copied_and_kept(r_files):
    sexp = in_r(f'readRDS("{r_files / "sce"}.rds")')
    adata = interop.from_r(sexp)
    assert not adata.X.data.flags.writeable
    expected = adata.X.sum()
    del sexp
    in_r("invisible({gc(); lapply(1:50, function(i) runif(1e5)); gc()})")
    assert adata.X.sum() == expected
    assert adata.copy().X.data.flags.writeable


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("table.rds", "^table.rds: found an object of class 'data.frame', expected a Seurat"),
        ("function.rds", "^function.rds: found an object of class 'function', expected a Seurat"),
        ("call.rds", "^call.rds: found an object of class 'call', expected a Seurat"),
        ("claims.rds", "^claims.rds: found an object of class 'Seurat', expected"),
        ("gone.rds", "found nothing there, expected an R object"),
        ("text.rds", "found a file that saveRDS did not write"),
        ("cut.rds", "found a file that cannot be read .*cut short"),
        (".", "found a folder, expected an R object"),
    ],
)
def test_other_files_are_refused(r_files, name, words):
    (r_files / "text.rds").write_text("no R here")
    (r_files / "cut.rds").write_bytes((r_files / "sce.rds").read_bytes()[:2000])
    with pytest.raises(InputError, match=words):
        interop.read_rds(r_files / name)


def test_an_object_of_release_0_1_and_its_model_are_read():
    folder = Path(__file__).parents[1] / "fixtures" / "0.1.0"
    found = interop.read_rds(folder / "run.rds")
    assert list(found.obs["spotscape_domain"].cat.categories) == ["1", "2", "3"]
    kept = np.load(folder / "new.npz", allow_pickle=False)
    new = AnnData(kept["counts"].astype(np.float32), obsm={"spatial": kept["xy"]})
    new.var_names = kept["genes"]
    spotscape.Spotscape.from_adata(found).transform(new)
    expected = np.load(folder / "embedding-of-new.npy", allow_pickle=False)
    np.testing.assert_allclose(new.obsm["X_spotscape"], expected, atol=1e-5 * np.abs(expected).max())
    assert list(new.obs["spotscape_domain"]) == (folder / "domains-of-new.txt").read_text().split()


def test_an_assay_is_chosen(r_files):
    assert interop.read_rds(r_files / "sce.rds", assay="data").uns["spotscape_r"]["x_name"] == "data"
    with pytest.raises(InputError, match=r"^assay: found .*'counts', 'data'"):
        interop.read_rds(r_files / "sce.rds", assay="none")


def test_a_kind_other_than_the_updated_objects_is_refused(r_files, tmp_path):
    adata = interop.read_rds(r_files / "sce.rds")
    with pytest.raises(InputError, match=r"^kind: found 'spe'"):
        interop.write_rds(adata, tmp_path / "out.rds", kind="spe", update=r_files / "sce.rds")
    assert not os.listdir(tmp_path)


def test_warnings_of_r_are_ours(adata):
    twice = adata.copy()
    twice.var_names = ["a_b", "a-b", *twice.var_names[2:]]
    with pytest.warns(SpotscapeWarning, match="names of genes are there twice"):
        interop.to_r(twice, "seurat")


@pytest.mark.parametrize("several", [False, True])
def test_a_class_of_a_package_that_is_absent(tmp_path, several):
    path = tmp_path / "a.rds"
    # In an R of its own: where other packages are loaded, R looks for the class as the object is made.
    program = (
        'object <- asS4(structure(1, class = structure("Thing", package = "not.there")))\n'
        f'saveRDS({"list(a = object)" if several else "object"}, "{path}")'
    )
    subprocess.run(["Rscript", "--vanilla", "-e", program], check=True)
    with pytest.raises(
        InputError, match=r"a\.rds: found an object of class 'Thing' of the R package 'not\.there'"
    ):
        spotscape.io.read(path)


@pytest.mark.parametrize(
    ("place", "name", "words"),
    [
        (_session, "find_spec", "rpy2: found nothing, expected the Python package"),
        ("rpy2.situation", "get_r_home", "R: found none, expected R 4.3 or newer"),
    ],
)
def test_what_is_missing_is_named(monkeypatch, place, name, words):
    place = importlib.import_module(place) if isinstance(place, str) else place
    monkeypatch.setattr(place, name, lambda *_: None)
    # As in a process where R does not run yet.
    with pytest.raises(InputError, match=words):
        _session._session.__wrapped__()


def test_an_r_that_does_not_start_is_said(monkeypatch):
    from rpy2 import rinterface

    def fail():
        raise OSError("libR.so: cannot open shared object file")

    monkeypatch.setattr(rinterface, "initr", fail)
    with pytest.raises(InputError, match=r"^R: found one that cannot be started \(libR\.so"):
        _session._session.__wrapped__()


@settings(max_examples=15, deadline=None)
@given(
    names=st.lists(
        st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1), min_size=3, max_size=3
    ),
    texts=st.lists(
        st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs", "Cc"]))), min_size=4, max_size=4
    ),
    counts=st.lists(st.integers(0, 2**31 - 1), min_size=12, max_size=12),
    kind=st.sampled_from(["spe", "sce"]),
)
def test_any_object_goes_to_r_and_comes_back(names, texts, counts, kind):
    adata = AnnData(sparse.csr_matrix(np.array(counts, dtype=float).reshape(4, 3)))
    adata.var_names, adata.obs_names = names, ["a b", "ä", "1", "x_y"]
    adata.obs["text"] = pd.Categorical(texts)
    adata.obsm["spatial"] = np.arange(8.0).reshape(4, 2)
    back = interop.from_r(interop.to_r(adata, kind))
    assert (back.X != adata.X).nnz == 0
    assert list(back.var_names) == names
    assert list(back.obs_names) == list(adata.obs_names)
    assert list(back.obs["text"].astype(object).where(lambda x: x.notna(), None)) == texts


def test_a_missing_package_of_r_is_named(r_files):
    in_r('requireNamespace <- function(package, ...) package != "SingleCellExperiment"')
    try:
        with pytest.raises(
            InputError, match="of the R package 'SingleCellExperiment', which is not installed"
        ):
            interop.read_rds(r_files / "sce.rds")
    finally:
        in_r("rm(requireNamespace)")


COMMAND = [sys.executable, "-m", "spotscape"]  # elsewhere the command runs within R and Python that are there


def test_the_command_gives_back_the_object_that_it_got(r_files, tmp_path):
    run = [*COMMAND, "run", str(r_files / "seurat.rds"), "-k", "3", "-q"]
    subprocess.run([*run, "-o", str(tmp_path / "out.rds")], check=True)
    found = interop.read_rds(tmp_path / "out.rds")
    assert found.obs["spotscape_domain"].nunique() == 3
    # The same to the bit in a process without R, whose BLAS would round otherwise.
    spotscape.io.write(interop.read_rds(r_files / "seurat.rds"), tmp_path / "in.h5ad")
    run[len(COMMAND) + 1] = str(tmp_path / "in.h5ad")
    subprocess.run([*run, "-o", str(tmp_path / "out.h5ad")], check=True)
    same = spotscape.io.read(tmp_path / "out.h5ad")
    np.testing.assert_array_equal(found.obsm["X_spotscape"], same.obsm["X_spotscape"])
    domains = in_r(f'levels(SeuratObject::Idents(readRDS("{tmp_path}/out.rds")))')
    assert list(domains) == ["1", "2", "3"]


@pytest.mark.parametrize("kind", ["seurat", "spe"])
def test_the_commands_go_on_from_an_r_object(r_files, tmp_path, kind, capsys):
    """The trained model goes into the R object and comes out of it again."""
    made, ordered = tmp_path / "made.rds", tmp_path / "ordered.rds"
    run = ["run", r_files / f"{kind}.rds", "-o", made, "-k", "3", "-q"]
    follow = ["pseudotime", made, "-o", ordered, "--root", "domain=1", "-q"]
    for words in (run, follow):
        assert told(capsys, *words)[0] == 0
    found = interop.read_rds(ordered)
    assert found.obs["spotscape_pseudotime"].between(0, 1).all()
    one, other = interop.read_rds(made), interop.read_rds(ordered)
    spotscape.tl.impute(one)
    spotscape.tl.impute(other)
    np.testing.assert_array_equal(one.layers["spotscape_imputed"], other.layers["spotscape_imputed"])


def save_list(folder, kind: str) -> str:
    """Write a list of two slices as one kind of object, and return the name of the file."""
    slices = spotscape.datasets.simulate_slices(n_slices=2, n_spots=60, n_genes=40, n_domains=3)
    for name, one in zip(("left", "right"), slices, strict=True):
        interop.write_rds(one, folder / f"{name}.rds", kind=kind)
    in_r(f"""local({{
      path <- function(name) file.path("{folder}", paste0(name, ".rds"))
      saveRDS(lapply(c(left = "left", right = "right"), function(name) readRDS(path(name))), path("list"))
    }})""")
    return str(folder / "list.rds")


def test_the_command_joins_the_objects_of_a_list(tmp_path, capsys):
    run = ["run", save_list(tmp_path, "spe"), "-k", "3", "-q", "-o", tmp_path / "out.rds"]
    assert told(capsys, *run)[0] == 0
    found = interop.read_rds(tmp_path / "out.rds")
    assert found.uns["spotscape_r"]["kind"] == "spe"
    assert list(found.obs["slice"].cat.categories) == ["left", "right"]


def test_the_command_takes_a_list_of_one_object(r_files, tmp_path, capsys):
    in_r(f'saveRDS(list(only = readRDS("{r_files}/seurat.rds")), "{tmp_path}/one.rds")')
    run = ["run", tmp_path / "one.rds", "-k", "3", "-q", "-o", tmp_path / "out.rds"]
    assert told(capsys, *run)[0] == 0
    assert interop.read_rds(tmp_path / "out.rds").obs["spotscape_domain"].nunique() == 3


def test_the_command_says_where_no_cell_has_a_place(tmp_path, capsys):
    run = ["run", save_list(tmp_path, "sce"), "-k", "3", "-q", "-o", tmp_path / "out.rds"]
    code, _, refused = told(capsys, *run)
    assert code == 2
    assert "spatial" in refused


@pytest.mark.parametrize("several", [False, True])
def test_a_list_becomes_one_object_with_all_that_each_had(adata, tmp_path, several):
    """What a run over the objects of a list found goes into the object that R makes of them."""
    in_r(f"""local({{
      one <- readRDS("{_seurat_file(adata, tmp_path)}")
      two <- one
      two <- SeuratObject::RenameCells(two, new.names = paste0("two_", colnames(two)))
      one[["Spatial"]] <- one[["RNA"]]
      two[["Spatial"]] <- two[["RNA"]]
      SeuratObject::DefaultAssay(one) <- SeuratObject::DefaultAssay(two) <- "Spatial"
      for (name in names(one@images)) {{
        SeuratObject::DefaultAssay(one@images[[name]]) <- "Spatial"
        SeuratObject::DefaultAssay(two@images[[name]]) <- "Spatial"
      }}
      one[["RNA"]] <- two[["RNA"]] <- NULL
      saveRDS(list(left = one, right = two), "{tmp_path}/list.rds")
      saveRDS(one, "{tmp_path}/left.rds")
      saveRDS(two, "{tmp_path}/right.rds")
    }})""")
    parts = interop.read_rds(tmp_path / "list.rds")
    # As a run over several joins them: fewer genes, a column of slices, domains.
    joined = ad.concat([part[:, :30] for part in parts.values()])
    joined.obs["slice"] = pd.Categorical(["left"] * adata.n_obs + ["right"] * adata.n_obs)
    joined.obs["spotscape_domain"] = pd.Categorical(["1", "2"] * adata.n_obs)
    joined.obsm["X_spotscape"] = np.ones((joined.n_obs, 3))
    joined.uns["spotscape"] = {"integration": {"slice_key": "slice"}}
    files = {name: tmp_path / f"{name}.rds" for name in parts}
    interop.write_rds(joined, tmp_path / "out.rds", update=files if several else tmp_path / "list.rds")
    found = in_r(f"""local({{
      out <- readRDS("{tmp_path}/out.rds")
      held <- lapply(out@images, SeuratObject::Cells)
      c(
        nrow(out), ncol(out), length(held), length(unique(unlist(held))), max(lengths(held)),
        SeuratObject::DefaultAssay(out) == "Spatial",
        identical(as.character(SeuratObject::Idents(out)), as.character(out$spotscape_domain)),
        "spotscape" %in% SeuratObject::Reductions(out), all(table(out$slice) == {adata.n_obs})
      )
    }})""")
    n = adata.n_obs
    assert list(found) == [40, 2 * n, 2, 2 * n, n, 1, 1, 1, 1]


def _seurat_file(adata, folder):
    interop.write_rds(adata, folder / "seurat.rds", kind="seurat")
    return folder / "seurat.rds"


@pytest.mark.parametrize("kind", ["seurat", "spe"])
def test_slices_of_an_anndata_stay_apart_in_r(adata, tmp_path, kind):
    two = ad.concat({"s1": adata, "s2": adata}, label="slice", index_unique="-")
    interop.write_rds(two, tmp_path / "two.rds", kind=kind)
    code = {
        "seurat": "unname(lengths(lapply(out@images, SeuratObject::Cells)))",
        "spe": "as.vector(table(out$sample_id))",
    }[kind]
    assert list(in_r(f'local({{ out <- readRDS("{tmp_path}/two.rds"); {code} }})')) == [60, 60]
