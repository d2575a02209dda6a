"""New names of domains: what stays, what goes, and that all else still works."""

import json

import numpy as np
import pandas as pd
import pytest

import spotscape
from spotscape import datasets, io, pl, tl
from spotscape._validate import InputError
from spotscape.interop._plain import plain
from spotscape.pl import _embedding

QUICK = {"n_starts": 2}
NAMES = {"1": "white matter", "2": "layer 2/3", "3": "rim"}


@pytest.fixture(scope="module")
def after_run():
    adata = datasets.simulate_slice(n_spots=200, n_genes=60, n_domains=3, seed=3)
    tl.run_spotscape(adata, n_domains=3, config=QUICK, progress=False)
    tl.boundary_spots(adata)
    # As pseudotime leaves it; the graph behind it (numba) takes long to start.
    groups = np.array(["1", "2", "3"], dtype=object)
    adata.uns["spotscape_pseudotime"] = {"root": "x", "groups": groups, "connectivities": np.eye(3)}
    adata.uns["spotscape_domain_colors"] = ["#111111", "#222222", "#333333"]
    return adata


@pytest.fixture
def run(after_run):
    return after_run.copy()


def test_order_colours_confidence_and_spots_stay(run, after_run):
    tl.rename_domains(run, NAMES)
    domain = run.obs["spotscape_domain"]
    assert list(domain.cat.categories) == list(NAMES.values())
    np.testing.assert_array_equal(domain.cat.codes, after_run.obs["spotscape_domain"].cat.codes)
    assert run.uns["spotscape_domain_colors"] == after_run.uns["spotscape_domain_colors"]
    others = [name for name in run.obs if name != "spotscape_domain"]
    pd.testing.assert_frame_equal(run.obs[others], after_run.obs[others])
    assert list(run.uns["spotscape_pseudotime"]["groups"]) == list(NAMES.values())


def test_the_history_is_kept_and_is_plain(run, tmp_path):
    tl.rename_domains(run, {"1": "a"})
    tl.rename_domains(run, {"a": "2", "2": "b"})
    io.write(run, tmp_path / "x.h5ad")
    for adata in (run, io.read(tmp_path / "x.h5ad")):
        history = plain(adata.uns["spotscape"]["domains"]["renamed"])
        assert json.loads(json.dumps(history)) == {
            "1": {"from": ["1", "2", "3"], "to": ["a", "2", "3"]},
            "2": {"from": ["a", "2", "3"], "to": ["2", "b", "3"]},
        }
    tl.spatial_domains(run, n_domains=3, n_starts=2)
    assert "renamed" not in run.uns["spotscape"]["domains"]
    assert list(run.obs["spotscape_domain"].cat.categories) == ["1", "2", "3"]


def test_two_become_one_only_where_asked(run, after_run):
    names = {"1": "inner", "3": "inner"}
    with pytest.raises(InputError, match=r"names: found the name 'inner' for domains '1', '3'.*merge"):
        tl.rename_domains(run, names)
    pd.testing.assert_frame_equal(run.obs, after_run.obs)
    with pytest.raises(InputError, match="'2' for domains '1', '2'"):
        tl.rename_domains(run, {"1": "2"})
    found = tl.rename_domains(run, names, merge=True, copy=True)
    assert list(found.obs["spotscape_domain"].cat.categories) == ["inner", "2"]
    both = after_run.obs["spotscape_domain"].isin(["1", "3"])
    np.testing.assert_array_equal(found.obs["spotscape_domain"] == "inner", both)
    assert found.uns["spotscape_domain_colors"] == ["#111111", "#222222"]
    assert "spotscape_boundary" not in found.obs
    assert "groups" not in found.uns["spotscape_pseudotime"]
    assert "root" in found.uns["spotscape_pseudotime"]
    assert "spotscape_boundary" in run.obs
    assert len(run.obs["spotscape_domain"].cat.categories) == 3


def test_a_table_renames_what_is_sure(run):
    table = pd.DataFrame(
        {"domain": ["1", "2", "3"], "name": ["WM", "L1", "L1"], "sure": [True, True, False], "score": 1.0}
    )
    found = tl.rename_domains(run, table, copy=True)
    assert list(found.obs["spotscape_domain"].cat.categories) == ["WM", "L1", "3"]
    with pytest.raises(InputError, match="'L1' for domains '2', '3'"):
        tl.rename_domains(run, table.drop(columns="sure"))
    with pytest.raises(InputError, match="a domain in two rows"):
        tl.rename_domains(run, table.assign(domain="1"))
    with pytest.raises(InputError, match="without 'name'"):
        tl.rename_domains(run, table[["domain"]])


def test_all_else_works_under_new_names(run, tmp_path, monkeypatch):
    # numba takes long to start
    monkeypatch.setattr(_embedding, "_compute_umap", lambda latent, seed: np.float32(latent[:, :2]))
    del run.uns["spotscape_pseudotime"]
    before = {
        "sizes": tl.describe_domains(run).domains["n_spots"].tolist(),
        "markers": tl.domain_markers(run)["gene"].tolist(),
        "weights": tl.suggest_n_domains(run.copy(), candidates=[2, 3]),
    }
    tl.rename_domains(run, NAMES)
    described = tl.describe_domains(run)
    assert described.domains["domain"].tolist() == list(NAMES.values())
    assert described.domains["n_spots"].tolist() == before["sizes"]
    table = tl.domain_markers(run)
    assert table["gene"].tolist() == before["markers"]
    assert table["domain"].unique().tolist() == list(NAMES.values())
    assert set(tl.domain_markers(run, split=True, genes=run.var_names[:3])["domain"]) == set(NAMES.values())
    tl.boundary_spots(run)
    assert tl.suggest_n_domains(run, candidates=[2, 3]) == before["weights"]
    pl.spatial_domains(run, save=tmp_path / "x.png")
    pl.report(run, tmp_path / "x.html")
    page = (tmp_path / "x.html").read_text()
    assert all(name in page for name in NAMES.values())
    io.write(run, tmp_path / "x.h5ad")
    again = io.read(tmp_path / "x.h5ad")
    assert list(again.obs["spotscape_domain"].cat.categories) == list(NAMES.values())
    assert list(again.uns["spotscape_domain_colors"]) == list(run.uns["spotscape_domain_colors"])
    io.write_viewer(again, tmp_path / "groups.csv", kind="loupe")
    assert "layer 2/3" in (tmp_path / "groups.csv").read_text()
    model = spotscape.Spotscape.from_adata(again)
    assert model.domains == list(NAMES.values())
    model.save(tmp_path / "model")
    other = datasets.simulate_slice(n_spots=200, n_genes=60, n_domains=3, seed=3)
    spotscape.Spotscape.load(tmp_path / "model").transform(other)
    assert set(other.obs["spotscape_domain"]) == set(NAMES.values())
    tl.rename_domains(other, {"rim": "edge"})  # a record without domains of its own
    assert "edge" in set(other.obs["spotscape_domain"])


def test_results_over_slices_take_the_names():
    adata = datasets.simulate_slice(n_spots=100, n_genes=20, n_domains=3)
    adata.obs["spotscape_domain"] = pd.Categorical(np.resize(["1", "2", "3"], adata.n_obs))
    table = pd.DataFrame({"domain": ["1", "2", "3"], "share": [0.1, 0.2, 0.3]})
    adata.uns["spotscape_comparison"] = {
        "composition": table,
        "domain_key": "spotscape_domain",
        "min_spots": 9,
    }
    adata.uns["spotscape_domain_nhood_enrichment"] = {"zscore": np.eye(3), "count": np.eye(3)}
    adata.uns["spotscape"] = {"integration": {"single_slice_domains": ["1", "3"], "slice_key": "slice"}}
    renamed = tl.rename_domains(adata, {"1": "a"}, copy=True)
    assert renamed.uns["spotscape_comparison"]["composition"]["domain"].tolist() == ["a", "2", "3"]
    assert renamed.uns["spotscape_comparison"]["min_spots"] == 9
    assert renamed.uns["spotscape"]["integration"]["single_slice_domains"] == ["a", "3"]
    assert table["domain"][0] == "1"
    assert "spotscape_domain_nhood_enrichment" in renamed.uns  # in the order of the categories
    merged = tl.rename_domains(adata, {"1": "a", "2": "a"}, merge=True, copy=True)
    assert "spotscape_comparison" not in merged.uns
    assert "spotscape_domain_nhood_enrichment" not in merged.uns
    assert merged.uns["spotscape"]["integration"]["single_slice_domains"] == ["3"]


def test_the_tree_follows_and_goes_where_names_would_be_lost(run):
    tl.domain_tree(run, n_domains=(2, 5))
    tl.cut_domain_tree(run, n_domains=5)
    before = run.obs["spotscape_domain_5"].astype(str)
    named = tl.rename_domains(run, {"1": "white matter"}, copy=True)
    tl.cut_domain_tree(named, n_domains=5)
    after = named.obs["spotscape_domain_5"].astype(str)
    assert (after == before.replace({"1": "white matter"})).all()
    other = tl.rename_domains(run, {"1": "5"}, copy=True)  # what a part is called already
    merged = tl.rename_domains(run, {"1": "a", "2": "a"}, merge=True, copy=True)
    for gone in (other, merged):
        assert "spotscape_tree" not in gone.uns
        assert "spotscape_leaf" not in gone.obs


def test_a_column_of_ones_own_has_no_history(run):
    run.obs["mine"] = pd.Categorical(np.resize(["b", "a", None], run.n_obs), ["b", "a"], ordered=True)
    tl.rename_domains(run, {"a": "c"}, domain_key="mine")
    assert run.obs["mine"].cat.ordered
    assert list(run.obs["mine"].cat.categories) == ["b", "c"]
    assert run.obs["mine"].isna().sum() == run.n_obs // 3
    assert "renamed" not in run.uns["spotscape"]["domains"]
    assert "spotscape_boundary" in run.obs


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ({"9": "x"}, "no domain '9'.*'1', '2', '3'"),
        ({"1": ""}, "names.*'1'.*a name"),
        ({"1": 4}, r"4 \(int\)"),
        (["x"], "new names by the old"),
    ],
)
def test_bad_names_are_refused(run, names, words):
    with pytest.raises(InputError, match=words):
        tl.rename_domains(run, names)
    assert list(run.obs["spotscape_domain"].cat.categories) == ["1", "2", "3"]
