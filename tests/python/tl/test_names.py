"""Suggested names: the simulator's truth, chance, lists of every kind, and known layers."""

import os
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from spotscape import datasets, tl
from spotscape._validate import InputError, SpotscapeWarning
from spotscape.annotation.lists import SHIPPED, read_lists

DATA = Path(os.environ.get("SPOTSCAPE_DATA", Path(__file__).parents[3] / ".." / "shared" / "data"))
TRUTH = {"domain_key": "ground_truth"}


@pytest.fixture(scope="module")
def simulated():
    return datasets.simulate_slice(n_spots=400, n_genes=120, n_domains=4, seed=3)


@pytest.fixture(scope="module")
def markers(simulated):
    known = simulated.var["marker_domain"].dropna()
    return {f"true {name}": list(known.index[known == name]) for name in known.unique()}


def test_names_are_the_simulators(simulated, markers):
    before = simulated.copy()
    table = tl.suggest_domain_names(simulated, markers=markers, **TRUTH)
    assert list(table["name"]) == [f"true {name}" for name in table["domain"]]
    assert list(table["domain"]) == list(simulated.obs["ground_truth"].cat.categories)
    assert table["sure"].sum() >= 3  # of two layers side by side, half of the markers are shared
    assert (table["score"] > table["second_score"]).all()
    assert (table["second"] != table["name"]).all()
    assert table["genes"][0] == ", ".join(markers[table["name"][0]])
    pd.testing.assert_frame_equal(simulated.obs, before.obs)
    assert simulated.uns.keys() == before.uns.keys()


def test_a_score_is_how_often_a_spot_of_the_domain_is_higher():
    rng = np.random.default_rng(1)
    counts = rng.poisson([3, 3, 40, 30], (60, 4)).astype(np.float32)
    domains = np.repeat(["a", "b"], [20, 40])
    adata = ad.AnnData(
        sparse.csr_matrix(counts), obs=pd.DataFrame({"domain": domains}, index=map(str, range(60)))
    )
    found = tl.suggest_domain_names(adata, markers={"x": ["0", "2"]}, domain_key="domain").iloc[0]
    logs = np.log1p(1e4 * counts / counts.sum(axis=1, keepdims=True))[:, [0, 2]]
    level = (logs / logs.std(axis=0)).mean(axis=1)
    own, other = level[:20, None], level[None, 20:]
    wanted = (own > other).mean() + 0.5 * (own == other).mean()
    assert found["score"] == pytest.approx(wanted, abs=2e-3)  # float32 makes and breaks a few ties
    assert (found["second"], np.isnan(found["second_score"])) == ("", True)


def test_nothing_is_sure_of_domains_by_chance(simulated, markers):
    adata = simulated.copy()
    adata.obs["chance"] = pd.Categorical(np.random.default_rng(0).integers(0, 6, adata.n_obs).astype(str))
    assert not tl.suggest_domain_names(adata, markers=markers, domain_key="chance")["sure"].any()
    # One spot is higher than all others by chance alone.
    adata.obs["tiny"] = np.where(np.arange(adata.n_obs) == 5, "one", "rest")
    tiny = tl.suggest_domain_names(adata, markers=markers, domain_key="tiny", margin=0).set_index("domain")
    assert tiny.loc["one", "score"] > 0.6
    assert not tiny["sure"].any()


def test_a_name_has_to_be_ahead_of_chance(simulated, markers):
    first, last = (f"true {name}" for name in simulated.obs["ground_truth"].cat.categories[[0, -1]])
    alone = tl.suggest_domain_names(simulated, markers={first: markers[first]}, **TRUTH)
    assert list(alone["sure"]) == [True, False, False, False]
    assert (alone["second"] == "").all()
    # Far from both domains, one list is the better of two that do not fit.
    both = tl.suggest_domain_names(
        simulated, markers={name: markers[name] for name in (first, last)}, margin=0, **TRUTH
    )
    below = both[both["score"] < 0.5]
    assert len(below) > 0
    assert not below["sure"].any()


def test_a_larger_margin_leaves_fewer_sure(simulated, markers):
    table = tl.suggest_domain_names(simulated, markers=markers, **TRUTH)
    lead = (table["score"] - table["second_score"]).max()
    assert lead < 0.5
    strict = tl.suggest_domain_names(simulated, markers=markers, margin=float(lead) + 1e-6, **TRUTH)
    assert not strict["sure"].any()
    pd.testing.assert_frame_equal(strict.drop(columns="sure"), table.drop(columns="sure"))


def test_spots_without_counts_or_domain_are_left_out(simulated, markers):
    adata = simulated.copy()
    adata.X = sparse.diags((np.arange(adata.n_obs) >= 100).astype(float)) @ adata.X
    adata.obs["some"] = adata.obs["ground_truth"].astype(str).where(np.arange(adata.n_obs) < 350)
    adata.obs["some"] = adata.obs["some"].mask(np.arange(adata.n_obs) < 3, "empty")
    table = tl.suggest_domain_names(adata, markers=markers, domain_key="some").set_index("domain")
    assert table.loc["empty", "name"] == ""
    assert not table.loc["empty", "sure"]
    assert np.isnan(table.loc["empty", "score"])
    part = adata[100:350].copy()
    alone = tl.suggest_domain_names(part, markers=markers, domain_key="some").set_index("domain")
    assert table.loc[alone.index, "score"].to_numpy() == pytest.approx(alone["score"].to_numpy(), abs=1e-3)


def test_lists_come_as_a_dictionary_a_table_or_a_file(simulated, markers, tmp_path):
    table = pd.DataFrame(
        [(name, gene) for name in markers for gene in markers[name]], columns=["name", "gene"]
    )
    table.to_csv(tmp_path / "m.csv", index=False)
    table.assign(source="x").to_csv(tmp_path / "m.tsv", index=False, sep="\t")
    lines = ["\t".join([name, "about", *genes]) for name, genes in markers.items()]
    (tmp_path / "m.gmt").write_text("\r\n".join(lines) + "\n\n")
    net = table.rename(columns={"name": "source", "gene": "target"}).assign(weight=1)
    msigdb = table.rename(columns={"name": "gs_name", "gene": "gene_symbol"}).astype("category")
    for given in (table, net, msigdb, tmp_path / "m.csv", str(tmp_path / "m.tsv"), tmp_path / "m.gmt"):
        assert read_lists("markers", given) == markers


def test_lists_that_ship_have_sources_and_no_gene_twice():
    folder = Path(tl.__file__).parents[1] / "annotation" / "tables"
    assert {path.name for path in folder.iterdir()} == set(SHIPPED.values())
    for name, file in SHIPPED.items():
        table = pd.read_csv(folder / file, sep="\t", keep_default_na=False)
        assert list(table) == ["name", "gene", "source"]
        assert table["source"].str.contains(r"\b(?:19|20)\d\d, \D+ \d+:\w+$").all()
        assert not table.duplicated(["name", "gene"]).any()
        assert sum(map(len, read_lists("markers", name).values())) == len(table)


def test_ensembl_identifiers_are_matched_by_a_column_of_symbols(simulated, markers):
    adata = simulated.copy()
    adata.var["gene_symbols"] = adata.var_names
    adata.var["other"] = adata.var_names
    adata.var_names = [f"ENSG{i:011d}" for i in range(adata.n_vars)]
    found = tl.suggest_domain_names(adata, markers=markers, **TRUTH)
    wanted = tl.suggest_domain_names(simulated, markers=markers, **TRUTH)
    pd.testing.assert_frame_equal(found.drop(columns="genes"), wanted.drop(columns="genes"))
    assert found["genes"].str.startswith("ENSG").all()
    del adata.var["gene_symbols"]
    with pytest.raises(InputError, match=r"markers: found no gene .*'ENSG.*by gene_key"):
        tl.suggest_domain_names(adata, markers=markers, **TRUTH)
    named = tl.suggest_domain_names(adata, markers=markers, gene_key="other", **TRUTH)
    pd.testing.assert_frame_equal(named, found)
    with pytest.raises(InputError, match="gene_key: found 'symbols'"):
        tl.suggest_domain_names(adata, markers=markers, gene_key="symbols", **TRUTH)


def test_another_case_and_lists_without_genes_are_said(simulated, markers):
    upper = {name: [gene.upper() for gene in genes] for name, genes in markers.items()} | {"none": ["MBP"]}
    with pytest.warns(SpotscapeWarning) as told:
        table = tl.suggest_domain_names(simulated, markers=upper, **TRUTH)
    texts = " ".join(str(one.message) for one in told)
    assert "another case" in texts
    assert "no gene of none is in the object" in texts
    pd.testing.assert_frame_equal(table, tl.suggest_domain_names(simulated, markers=markers, **TRUTH))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("cortex", "'cortex'.*'cortex layers'"),
        ("no.csv", "no file 'no.csv'"),
        (7, "7 (int)"),
        ({}, "no list"),
        ({"a": []}, "no gene"),
        ({"a": ["x", None]}, "something that is no gene"),
        (pd.DataFrame({"layer": ["a"]}), "columns 'layer'"),
        (pd.DataFrame({"name": ["a", None], "gene": ["x", "y"]}), "row 2 of the table without"),
    ],
)
def test_bad_lists_are_refused(simulated, given, words):
    with pytest.raises(InputError, match="markers.*" + words.replace("(", r"\(").replace(")", r"\)")):
        tl.suggest_domain_names(simulated, markers=given, **TRUTH)


def test_bad_arguments_are_refused(simulated, markers):
    with pytest.raises(InputError, match="margin"):
        tl.suggest_domain_names(simulated, markers=markers, margin=0.6, **TRUTH)
    with pytest.raises(InputError, match="spotscape_domain"):
        tl.suggest_domain_names(simulated, markers=markers)
    adata = simulated.copy()
    adata.obs["one"] = "one"
    with pytest.raises(InputError, match=r"1 domain\(s\)"):
        tl.suggest_domain_names(adata, markers=markers, domain_key="one")


@pytest.mark.parametrize("section", ["151673", "151674", "151675"])
@pytest.mark.filterwarnings("ignore::spotscape._validate.SpotscapeWarning")
def test_sure_names_of_known_layers_are_right(section):
    path = next(DATA.rglob(f"dlpfc_{section}.h5ad"), None) if DATA.is_dir() else None
    if path is None:
        pytest.skip("the sections of human cortex are not here (SPOTSCAPE_DATA)")
    table = tl.suggest_domain_names(ad.read_h5ad(path), markers="cortex layers", **TRUTH)
    sure = table[table["sure"]]
    assert list(sure["name"]) == list(sure["domain"])
    assert {"L2", "L5", "WM"} <= set(sure["name"])
