"""Markers of domains: known ones lead, numbers are scanpy's, p-values are honest where counts are split."""

import os
from itertools import pairwise
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scanpy as sc
from scipy import sparse

from spotscape import datasets, gr, tl
from spotscape._validate import InputError, SpotscapeWarning
from spotscape.annotation.bordering import bordering_domains
from spotscape.annotation.thinning import halves

DATA = Path(os.environ.get("SPOTSCAPE_DATA", Path(__file__).parents[3] / ".." / "shared" / "data"))
TRUTH = {"domain_key": "ground_truth"}
QUICK = {"n_starts": 2}


@pytest.fixture(scope="module")
def simulated():
    adata = datasets.simulate_slice(n_spots=500, n_genes=200, n_domains=4, seed=3)
    gr.spatial_neighbors(adata)
    return adata


def by_scanpy(adata, groups, reference):
    """Return scanpy's test, indexed by domain and gene."""
    private = ad.AnnData(adata.X.astype("float32"), obs=adata.obs.copy(), var=adata.var.copy())
    sc.pp.normalize_total(private, target_sum=1e4)
    sc.pp.log1p(private)
    sc.tl.rank_genes_groups(
        private,
        "ground_truth",
        groups=groups,
        reference=reference,
        method="wilcoxon",
        tie_correct=True,
        pts=True,
    )
    table = sc.get.rank_genes_groups_df(private, group=None if len(groups) > 1 else groups[0])
    return table.assign(group=table.get("group", groups[0])).set_index(["group", "names"])


def agree(ours, theirs):
    ours = ours.set_index(["domain", "gene"])
    theirs = theirs.loc[ours.index]
    # scanpy scales in float32, in which a few more spots are tied.
    np.testing.assert_allclose(ours["score"], theirs["scores"], atol=0.02)
    np.testing.assert_allclose(ours["p_value"], theirs["pvals"], rtol=0.2, atol=0.002)
    np.testing.assert_allclose(ours["p_adjusted"], theirs["pvals_adj"], rtol=0.2, atol=0.005)
    np.testing.assert_allclose(ours["share"], theirs["pct_nz_group"], atol=1e-6)
    return theirs


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning:scanpy")  # genes without counts
def test_numbers_are_scanpys(simulated):
    ours = tl.domain_markers(simulated, **TRUTH)
    names = list(simulated.obs["ground_truth"].cat.categories)
    theirs = agree(ours, by_scanpy(simulated, names, "rest"))
    np.testing.assert_allclose(ours["share_against"], theirs["pct_nz_reference"], atol=1e-6)
    assert len(ours) == 4 * (np.asarray(simulated.X.sum(axis=0)).ravel() > 0).sum()
    assert (ours.groupby("domain")["score"].diff().dropna() <= 0).all()


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning:scanpy")
def test_against_one_neighbour_numbers_are_scanpys(simulated):
    beside = bordering_domains(
        pd.Categorical(simulated.obs["ground_truth"]), simulated.obsp["spatial_connectivities"]
    )
    end = next(name for name, others in beside.items() if len(others) == 1)
    ours = tl.domain_markers(simulated, against="neighbors", domains=end, **TRUTH)
    assert set(ours["against"]) == set(beside[end])
    agree(ours, by_scanpy(simulated, [end], beside[end][0]))


def test_fold_changes_are_seurats(simulated):
    row = tl.domain_markers(simulated, **TRUTH).iloc[0]
    inside = (simulated.obs["ground_truth"] == row["domain"]).to_numpy()
    counts = simulated.X.toarray().astype(float)
    scaled = (1e4 * counts / counts.sum(axis=1, keepdims=True))[:, simulated.var_names == row["gene"]]
    means = [(scaled[spots].sum() + 1) / spots.sum() for spots in (inside, ~inside)]
    assert row["log2_fold_change"] == pytest.approx(np.log2(means[0] / means[1]), rel=1e-5)


@pytest.mark.parametrize("against", ["rest", "neighbors"])
def test_markers_of_the_simulator_lead(simulated, against):
    table = tl.domain_markers(simulated, against=against, **TRUTH)
    leading = table.groupby("domain", sort=False).head(4)
    # Half of a domain's markers are shared with a neighbour.
    known = simulated.var["marker_domain"]
    assert leading["gene"].isin(known.index[known.notna()]).all()
    first = table.groupby("domain", sort=False).head(1)
    assert list(known[first["gene"]]) == list(first["domain"])


def test_layers_of_a_cortex_border_those_above_and_below(simulated):
    beside = bordering_domains(
        pd.Categorical(simulated.obs["ground_truth"]), simulated.obsp["spatial_connectivities"]
    )
    names = list(simulated.obs["ground_truth"].cat.categories)
    for above, below in pairwise(names):
        assert below in beside[above]
    assert names[-1] not in beside[names[0]]


def without_domains(seed):
    """Counts of which no spot differs from another but by chance."""
    rng = np.random.default_rng(seed)
    counts = rng.poisson(2 * np.exp(rng.normal(0, 0.7, 30)), (400, 30)).astype(np.float32)
    adata = ad.AnnData(sparse.csr_matrix(counts))
    row, column = np.divmod(np.arange(400), 20)
    adata.obsm["spatial"] = np.stack([column, row], axis=1).astype(float)
    tl.run_spotscape(adata, n_domains=4, config=QUICK, progress=False)
    return tl.domain_markers(adata, split=True, seed=seed)


def test_p_values_are_honest_only_where_counts_are_split():
    tables = pd.concat([without_domains(seed) for seed in range(4)])
    assert (tables["p_value"] < 0.05).mean() > 0.14
    # 480 tests, 0.05 at the nominal level: a binomial's 99 % bounds, a little wider as genes share spots.
    assert 0.02 < (tables["p_value_split"] < 0.05).mean() < 0.09
    assert (tables["p_adjusted_split"] < 0.05).mean() < 0.01
    assert tables["overlap_split"].max() < 0.7


@pytest.fixture(scope="module")
def after_run():
    adata = datasets.simulate_slice(n_spots=400, n_genes=120, n_domains=3, seed=1)
    tl.run_spotscape(adata, n_domains=3, config=QUICK, progress=False)
    return adata


def test_split_finds_true_markers_again(after_run):
    table = tl.domain_markers(after_run, split=True, seed=4)
    first = table.groupby("domain", sort=False).head(1)
    assert (first["p_adjusted_split"] < 1e-6).all()
    assert (table["overlap_split"] > 0.6).all()
    pd.testing.assert_frame_equal(table.iloc[:, :9], tl.domain_markers(after_run))
    pd.testing.assert_frame_equal(table, tl.domain_markers(after_run, split=True, seed=4))
    other = tl.domain_markers(after_run, split=True, seed=5)
    assert not np.allclose(table["score_split"], other["score_split"])


def test_split_follows_the_run_over_slices_and_its_smoothing():
    slices = datasets.simulate_slices(n_slices=2, n_spots=200, n_genes=80, n_domains=3, seed=2)
    adata = tl.integrate_slices(slices, n_domains=3, config=QUICK, progress=False)
    tl.spatial_domains(adata, n_domains=3, method="kmeans", smooth=True)
    table = tl.domain_markers(adata, split=True, against="neighbors")
    assert (table["overlap_split"] > 0.4).all()
    assert table.groupby("domain", sort=False).head(1)["p_value_split"].lt(0.01).all()
    # Few spots are needed: the slices are small. The integration knows which slice a spot is of.
    both = tl.domain_markers(adata, method="pseudobulk", split=True)
    assert set(both["n_slices"]) == {2}
    known = both["p_value_split"].notna()
    assert known.mean() > 0.8
    assert (both["overlap_split"] > 0.4).all()
    assert np.corrcoef(both["score"][known], both["score_split"][known])[0, 1] > 0.5


def with_effects_of_slices(seed):
    """Six slices of two domains that mean nothing; in each slice every gene has its own difference."""
    rng = np.random.default_rng(seed)
    domain, of = np.tile(np.repeat([0, 1], 30), 6), np.repeat(np.arange(6), 60)
    level = rng.normal(1, 0.7, 60) + 0.3 * rng.normal(size=(6, 2, 60))[of, domain]
    level[:, 0] += 1.5 * (domain == 1)
    adata = ad.AnnData(sparse.csr_matrix(rng.poisson(np.exp(level)).astype(np.float32)))
    adata.obs["half"], adata.obs["sample"] = pd.Categorical.from_codes(domain, ["a", "b"]), of.astype(str)
    return adata


def test_slices_are_the_replicates_of_pseudobulk():
    found = {"wilcoxon": [], "pseudobulk": []}
    for seed in range(5):
        adata = with_effects_of_slices(seed)
        for method, p_values in found.items():
            table = tl.domain_markers(
                adata, method=method, domain_key="half", domains="b", slice_key="sample"
            )
            assert table["gene"][0] == "0"
            assert table["p_adjusted"][0] < 0.001
            p_values.append(table["p_value"][1:])
    # About 290 tests, 0.05 at the nominal level; spots of a slice share its difference.
    assert (pd.concat(found["wilcoxon"]) < 0.05).mean() > 0.15
    assert 0.02 < (pd.concat(found["pseudobulk"]) < 0.05).mean() < 0.09
    assert (table["n_slices"] == 6).all()
    inside = (adata.obs["half"] == "b").to_numpy()
    bulk = np.stack(
        [
            np.asarray(
                adata.X[side & (adata.obs["sample"] == name).to_numpy()].sum(axis=0, dtype=float)
            ).ravel()
            for side in (inside, ~inside)
            for name in adata.obs["sample"].unique()
        ]
    )
    prior = 2 * bulk.sum(axis=1, keepdims=True) / bulk.sum(axis=1).mean()
    levels = np.log2((bulk + prior) / (bulk.sum(axis=1, keepdims=True) + 2 * prior) * 1e6)
    change = (levels[:6] - levels[6:]).mean(axis=0)
    np.testing.assert_allclose(table["log2_fold_change"], change[table["gene"].astype(int)])
    assert table["share"][0] == pytest.approx(np.mean(adata.X[inside][:, 0].toarray() > 0))


def test_pseudobulk_takes_slices_with_enough_spots_on_either_side():
    adata = with_effects_of_slices(0)
    adata.obs["part"] = adata.obs["half"].astype(object)
    few = (adata.obs["sample"] == "0") & (adata.obs["half"] == "b")
    adata.obs.loc[adata.obs_names[few][:25], "part"] = "a"
    once = adata.obs_names[(adata.obs["sample"] == "1") & (adata.obs["half"] == "a")]
    adata.obs.loc[once, "part"] = "c"
    arguments = {"method": "pseudobulk", "domain_key": "part", "slice_key": "sample"}
    with pytest.warns(SpotscapeWarning, match=r"Domain\(s\) c have fewer than 2 slices with 10 spots"):
        table = tl.domain_markers(adata, **arguments)
    assert table.groupby("domain")["n_slices"].first().to_dict() == {"a": 4, "b": 5}
    with pytest.raises(InputError, match=r"method: found 'pseudobulk', and fewer than 2 slices.*'wilcoxon'"):
        tl.domain_markers(adata, domains="c", **arguments)
    with pytest.raises(InputError, match="slice_key: found None, with method='pseudobulk'"):
        tl.domain_markers(adata, method="pseudobulk", domain_key="part")
    adata.obs["sample"] = "1"
    with pytest.raises(InputError, match=r"'sample'.*found one slice"):
        tl.domain_markers(adata, **arguments)


def test_halves_of_poisson_counts_say_nothing_of_each_other():
    rng = np.random.default_rng(0)
    counts = sparse.csr_matrix(rng.poisson(4, (500, 40)).astype(np.float32))
    one, other = halves(counts, seed=1)
    assert (one + other != counts).nnz == 0
    assert one.sum() / counts.sum() == pytest.approx(0.5, abs=0.01)
    pairs = np.corrcoef(one.toarray().ravel(), other.toarray().ravel())[0, 1]
    assert abs(pairs) < 0.03
    assert (halves(counts, seed=1)[0] != one).nnz == 0


def test_spots_without_domain_or_counts_are_left_out(simulated):
    adata = simulated.copy()
    adata.obs["part"] = adata.obs["ground_truth"].astype(object)
    adata.obs.loc[adata.obs_names[:40], "part"] = None
    counts = adata.X.tolil()
    counts[50:60] = 0
    adata.X = counts.tocsr()
    kept = np.r_[40:50, 60 : adata.n_obs]
    table = tl.domain_markers(adata, domain_key="part")
    pd.testing.assert_frame_equal(table, tl.domain_markers(adata[kept].copy(), domain_key="part"))


def test_genes_and_domains_by_name(simulated):
    whole = tl.domain_markers(simulated, **TRUTH).set_index(["domain", "gene"])
    domain, genes = simulated.obs["ground_truth"].iloc[0], ["gene003", "gene001"]
    some = tl.domain_markers(simulated, domains=domain, genes=genes, **TRUTH).set_index(["domain", "gene"])
    assert set(some.index) == {(domain, gene) for gene in genes}
    np.testing.assert_allclose(some["p_value"], whole.loc[some.index, "p_value"])


def test_bad_input_is_refused_and_nothing_changes(simulated):
    adata = simulated.copy()
    adata.obs["one"] = "a"
    adata.obs["alone"] = ["b", *["a"] * (adata.n_obs - 1)]
    before = adata.copy()
    cases = [
        ({}, "spotscape_domain"),
        ({"domain_key": "no"}, "'no'"),
        ({"domain_key": "one"}, r"1 domain\(s\), expected two or more"),
        ({"domain_key": "alone"}, r"1 spot\(s\) with counts in domain 'b'.*domains="),
        ({**TRUTH, "genes": ["gene001", "MBP"]}, "genes: found 1 gene.*'MBP'"),
        ({**TRUTH, "genes": []}, "genes"),
        ({**TRUTH, "domains": "L9"}, "domains: found 'L9'"),
        ({**TRUTH, "against": "others"}, "against"),
        ({**TRUTH, "method": "t-test"}, "method"),
        ({**TRUTH, "split": True}, "domain_key.*labels that were not made from these counts"),
        ({**TRUTH, "split": 1}, "split"),
        ({**TRUTH, "layer": "no"}, "layer"),
        ({**TRUTH, "seed": -1}, "seed"),
    ]
    for arguments, words in cases:
        with pytest.raises(InputError, match=words):
            tl.domain_markers(adata, **arguments)
    adata.obs["spotscape_domain"] = adata.obs["ground_truth"]
    with pytest.raises(InputError, match="record of a run"):
        tl.domain_markers(adata, split=True)
    del adata.obsp["spatial_connectivities"]
    with pytest.raises(InputError, match="spatial graph"):
        tl.domain_markers(adata, against="neighbors")
    logged = ad.AnnData(np.log1p(adata.X.toarray()), obs=adata.obs)
    with pytest.raises(InputError, match="counts"):
        tl.domain_markers(logged)
    assert list(adata.obs.columns) == [*before.obs.columns, "spotscape_domain"]
    assert (adata.X != before.X).nnz == 0
    # Where the small domain is not tested, it is part of the rest.
    assert set(tl.domain_markers(adata, domain_key="alone", domains="a")["domain"]) == {"a"}


def test_domains_that_touch_no_other_are_said(simulated):
    adata = simulated.copy()
    apart = (adata.obs["ground_truth"] == adata.obs["ground_truth"].iloc[0]).to_numpy()
    graph = adata.obsp["spatial_connectivities"].tolil()
    graph[np.ix_(apart, ~apart)] = 0
    graph[np.ix_(~apart, apart)] = 0
    adata.obsp["spatial_connectivities"] = graph.tocsr()
    with pytest.warns(SpotscapeWarning, match="border no other domain"):
        table = tl.domain_markers(adata, against="neighbors", **TRUTH)
    assert adata.obs["ground_truth"].iloc[0] not in set(table["domain"])
    assert table["domain"].nunique() == 3


@pytest.mark.skipif(not DATA.is_dir(), reason="SPOTSCAPE_DATA: the labelled slices are not there")
def test_known_markers_lead_the_layers_of_cortex():
    adata = ad.read_h5ad(DATA / "dlpfc_151673.h5ad")
    table = tl.domain_markers(adata, **TRUTH)
    table["rank"] = table.groupby("domain")["score"].rank(ascending=False)
    rank = table.set_index(["domain", "gene"])["rank"]
    # Layers of Maynard et al. (2021); 8,474 genes are ranked in each.
    for layer, gene in {"WM": "MBP", "L5": "PCP4", "L2": "HPCAL1", "L3": "CCK", "L6": "KRT17"}.items():
        assert rank[layer, gene] <= 5
    assert rank["L1", "AQP4"] <= 50  # of astrocytes
    assert table.set_index(["domain", "gene"]).loc[("L1", "AQP4"), "log2_fold_change"] > 1
