"""Comparing conditions, on simulated tissue in which what differs is known."""

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse, stats

from spotscape import datasets, io, metrics
from spotscape._validate import InputError, SpotscapeWarning
from spotscape.comparison.closest import profiles
from spotscape.comparison.genes import adjusted
from spotscape.comparison.pseudobulk import add_up, log_counts_per_million, seen_enough
from spotscape.pp import find_counts
from spotscape.tl import compare_domains, integrate_slices
from spotscape.tl._labels import groups_of

COLUMNS = {"condition_key": "condition", "slice_key": "slice", "domain_key": "ground_truth"}


def simulated(n_slices=3, **arguments):
    slices = datasets.simulate_conditions(
        n_slices=n_slices,
        **{"n_spots": 400, "n_genes": 300, "n_domains": 5, "batch_strength": 0.2, "seed": 3, **arguments},
    )
    joined = ad.concat(slices, merge="same")
    joined.obs["slice"] = joined.obs["slice"].astype("category")
    return joined


@pytest.fixture(scope="module")
def three_and_three():
    adata = simulated()
    with pytest.warns(SpotscapeWarning, match=r"domain\(s\) lesion \(case\): .* fewer than 10 spots"):
        compare_domains(adata, reference="control", **COLUMNS)
    return adata


def test_known_genes_are_found_and_few_others(three_and_three):
    tables = three_and_three.uns["spotscape_comparison"]
    domain = max(set(three_and_three.var["changed_in"]))
    truth = three_and_three.var["change"]
    genes = tables["genes"]
    there = genes[genes["domain"] == domain].set_index("gene")
    hits = there.index[there["p_adjusted"] < 0.05]
    changed = set(truth.index[truth != 0])
    assert len(changed & set(hits)) >= 18
    assert len(set(hits) - changed) <= 3
    found = there.loc[sorted(changed & set(there.index)), "log2_fold_change"]
    assert np.corrcoef(found, truth[found.index])[0, 1] > 0.9
    elsewhere = genes[genes["domain"] != domain]
    assert (elsewhere["p_adjusted"] < 0.05).mean() < 0.02


def test_what_the_tables_say(three_and_three):
    tables = three_and_three.uns["spotscape_comparison"]
    assert set(tables["genes"]["method"]) == {"pseudobulk"}
    assert "lesion" not in set(tables["genes"]["domain"])
    composition = tables["composition"].set_index("domain")
    assert composition["only_in"].to_dict()["lesion"] == "case"
    assert (composition.drop(index="lesion")["only_in"] == "").all()
    assert composition.loc["lesion", "p_adjusted"] < 0.01
    assert composition.loc["lesion", "share_reference"] == 0
    shares = tables["shares"]
    sizes = three_and_three.obs.groupby(["slice", "ground_truth"], observed=False).size()
    for row in shares.itertuples():
        assert row.n_spots == sizes[row.slice, row.domain]
    np.testing.assert_allclose(shares.groupby("slice")["share"].sum(), 1)
    means = shares.query("condition == 'case'").groupby("domain")["share"].mean()
    np.testing.assert_allclose(composition["share"], means[composition.index])
    assert any("lesion (case)" in text for text in tables["warnings"])


def test_means_are_those_of_the_counts(three_and_three):
    table = three_and_three.uns["spotscape_comparison"]["genes"]
    row = table.iloc[0]
    inside = three_and_three[three_and_three.obs["ground_truth"] == row["domain"]]
    by_slice = {"case": [], "control": []}
    for name in inside.obs["slice"].cat.categories:
        part = inside[inside.obs["slice"] == name]
        counts = np.asarray(part.X.sum(axis=0)).ravel()
        share = counts[part.var_names == row["gene"]][0] / counts.sum()
        by_slice[part.obs["condition"].iloc[0]].append(1e4 * share)
    assert row["mean"] == pytest.approx(np.mean(by_slice["case"]))
    assert row["mean_reference"] == pytest.approx(np.mean(by_slice["control"]))


def test_one_slice_each_is_compared_by_spots():
    adata = simulated(1)
    with pytest.warns(SpotscapeWarning) as caught:
        compare_domains(adata, reference="control", **COLUMNS)
    texts = [str(one.message) for one in caught]
    assert sum("has one slice" in text for text in texts) >= 1
    assert sum("not independent" in text for text in texts) == 1
    tables = adata.uns["spotscape_comparison"]
    assert set(tables["genes"]["method"]) == {"wilcoxon"}
    assert tables["composition"]["p_value"].isna().all()
    domain = max(set(adata.var["changed_in"]))
    there = tables["genes"][tables["genes"]["domain"] == domain]
    best = there["gene"].head(20)
    assert (adata.var.loc[best, "change"] != 0).mean() >= 0.6
    inside = adata[adata.obs["ground_truth"] == domain]
    gene = best.iloc[0]
    totals = np.asarray(inside.X.sum(axis=1)).ravel()
    level = np.log1p(1e4 * inside[:, gene].X.toarray().ravel() / totals)
    case = (inside.obs["condition"] == "case").to_numpy()
    expected = stats.mannwhitneyu(level[case], level[~case], use_continuity=False, method="asymptotic").pvalue
    # scanpy ranks float32 levels, in which a few more spots are tied.
    assert np.log(there["p_value"].iloc[0]) == pytest.approx(np.log(expected), rel=0.01)


@pytest.mark.filterwarnings("ignore::spotscape._validate.SpotscapeWarning")
def test_nothing_is_found_where_nothing_differs():
    adata = simulated(3, lesion_share=0, n_changed=0, batch_strength=0)
    compare_domains(adata, **COLUMNS)
    tables = adata.uns["spotscape_comparison"]
    assert (tables["genes"]["p_adjusted"] < 0.05).mean() < 0.01
    assert 0.02 < (tables["genes"]["p_value"] < 0.05).mean() < 0.08
    assert (tables["composition"]["p_adjusted"] > 0.05).all()


@pytest.mark.filterwarnings("ignore::spotscape._validate.SpotscapeWarning")
def test_reference_turns_the_sign(three_and_three):
    other = compare_domains(three_and_three, reference="case", **COLUMNS, copy=True)
    mine = three_and_three.uns["spotscape_comparison"]["genes"].set_index(["domain", "gene"])
    turned = other.uns["spotscape_comparison"]["genes"].set_index(["domain", "gene"]).loc[mine.index]
    np.testing.assert_allclose(turned["log2_fold_change"], -mine["log2_fold_change"], atol=1e-12)
    np.testing.assert_allclose(turned["p_value"], mine["p_value"], rtol=1e-9)
    assert three_and_three.uns["spotscape_comparison"]["reference"] == "control"


@pytest.mark.filterwarnings("ignore::spotscape._validate.SpotscapeWarning")
def test_three_conditions_and_the_order_of_spots():
    adata = simulated(2)
    adata.obs["condition"] = adata.obs["slice"].map(
        dict(zip(adata.obs["slice"].cat.categories, ["a", "b", "b", "c"], strict=True))
    )
    compare_domains(adata, reference="b", **COLUMNS)
    table = adata.uns["spotscape_comparison"]["genes"]
    assert set(table["condition"]) == {"a", "c"}
    order = np.random.default_rng(0).permutation(adata.n_obs)
    turned = adata[order].copy()
    compare_domains(turned, reference="b", **COLUMNS)
    again = turned.uns["spotscape_comparison"]["genes"]
    key = ["condition", "domain", "gene"]
    pd.testing.assert_frame_equal(
        table.sort_values(key).reset_index(drop=True),
        again.sort_values(key).reset_index(drop=True),
        rtol=1e-6,
    )


def test_the_tables_can_be_stored_and_nothing_else_changes(tmp_path):
    adata = simulated(2)
    before = adata.copy()
    with pytest.warns(SpotscapeWarning, match="not compared"):
        compare_domains(adata, **COLUMNS)
    assert set(adata.uns) - set(before.uns) == {"spotscape_comparison"}
    pd.testing.assert_frame_equal(adata.obs, before.obs)
    assert (adata.X != before.X).nnz == 0
    io.write(adata, tmp_path / "compared.h5ad")
    stored = io.read(tmp_path / "compared.h5ad").uns["spotscape_comparison"]
    table = adata.uns["spotscape_comparison"]["genes"]
    assert stored["genes"]["gene"].astype(str).tolist() == table["gene"].tolist()
    np.testing.assert_allclose(stored["genes"]["p_value"], table["p_value"])
    assert stored["reference"] == "case"


@pytest.mark.filterwarnings(
    "ignore:In one slice only"
)  # true of the lesion, and said where it is found whole
@pytest.mark.parametrize("seed", [1, 2])
def test_a_domain_of_one_condition_is_found_and_not_smeared(seed):
    slices = datasets.simulate_conditions(
        n_slices=1,
        n_spots=700,
        n_genes=400,
        lesion_share=0.2,
        batch_strength=1.0,
        n_domains=4,
        marker_strength=1.0,
        noise=0.7,
        seed=seed,
    )
    with pytest.warns(SpotscapeWarning, match="has one slice"):
        adata = integrate_slices(slices, n_domains=5, condition_key="condition", progress=False)
    lesion = (adata.obs["ground_truth"] == "lesion").to_numpy()
    found = adata.obs["spotscape_domain"]
    best = found[lesion].value_counts().idxmax()
    inside = (found == best).to_numpy()
    assert (inside & lesion).sum() > 0.8 * lesion.sum()
    assert (inside & lesion).sum() > 0.7 * inside.sum()
    assert metrics.adjusted_rand_index(adata.obs["ground_truth"], found) > 0.75
    with pytest.warns(SpotscapeWarning):
        compare_domains(adata, reference="control")
    composition = adata.uns["spotscape_comparison"]["composition"].set_index("domain")
    assert composition.loc[best, "share"] > 4 * composition.loc[best, "share_reference"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"condition_key": "disease"}, ["condition_key", "'disease'"]),
        ({"condition_key": None}, ["condition_key", "integrate_slices"]),
        ({"slice_key": "donor"}, ["slice_key", "'donor'"]),
        ({"slice_key": None}, ["slice_key", "None"]),
        ({"domain_key": "layer"}, ["adata.obs['layer']", "domain_key="]),
        ({"domain_key": None}, ["spotscape_domain", "integrate_slices"]),
        ({"condition_key": "one"}, ["adata.obs['one']", "one condition"]),
        ({"condition_key": "torn"}, ["adata.obs['torn']", "more than one condition in slice"]),
        ({"donor_key": "patient"}, ["donor_key", "'patient'"]),
        ({"donor_key": "torn"}, ["adata.obs['torn']", "more than one donor in slice"]),
        ({"donor_key": "gaps"}, ["adata.obs['gaps']", "1 spots without a donor"]),
        ({"test": "t"}, ["test", "'moderated t', 'permutation'"]),
        ({"reference": "healthy"}, ["reference", "'case', 'control'"]),
        ({"min_spots": 1}, ["min_spots", "1"]),
        ({"layer": "umi"}, ["umi"]),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(arguments, words):
    adata = simulated(1, n_spots=60, n_genes=60, n_changed=2)
    adata.obs["one"] = "same"
    adata.obs["gaps"] = [None, *["a"] * (adata.n_obs - 1)]
    adata.obs["torn"] = np.where(np.arange(adata.n_obs) % 2, "a", "b")
    with pytest.raises(InputError) as error:
        compare_domains(adata, **{**COLUMNS, **arguments})
    assert all(word in str(error.value) for word in words), str(error.value)
    assert "spotscape_comparison" not in adata.uns


def test_counts_that_are_not_raw_are_refused():
    adata = simulated(1, n_spots=60, n_genes=60, n_changed=2)
    adata.X = adata.X.log1p()
    with pytest.raises(InputError, match="count"):
        compare_domains(adata, **COLUMNS)


def test_pseudobulk():
    counts = sparse.csr_matrix(np.array([[1.0, 0], [2, 5], [0, 7], [4, 0]]))
    samples = pd.Categorical(["x", "y", "x", "y"], categories=["y", "x"])
    bulk = add_up(counts, samples)
    np.testing.assert_array_equal(bulk, [[6, 5], [1, 7]])
    totals = [11, 8]
    for j in range(2):
        prior = 2 * totals[j] / 9.5
        for g in range(2):
            expected = np.log2((bulk[j, g] + prior) / (totals[j] + 2 * prior) * 1e6)
            assert log_counts_per_million(bulk)[j, g] == pytest.approx(expected)
    many = np.array([[100.0, 9, 0, 12], [100, 9, 40, 14], [100, 9, 0, 0]])
    assert seen_enough(many, 2).tolist() == [True, False, False, True]


def test_adjusted_p_values_leave_out_what_is_missing():
    p_value = np.array([0.01, np.nan, 0.04, 0.03])
    np.testing.assert_allclose(adjusted(p_value), [0.03, np.nan, 0.04, 0.04])
    assert np.isnan(adjusted(np.array([np.nan, np.nan]))).all()


def nested():
    """Return two conditions of two donors with two slices each."""
    adata = simulated(4, n_spots=60, n_genes=120, n_changed=4, lesion_share=0, n_domains=2)
    adata.obs["patient"] = adata.obs["slice"].cat.codes // 2
    return adata


def test_slices_of_a_donor_are_one_sample():
    adata = nested()
    compare_domains(adata, donor_key="patient", min_spots=5, **COLUMNS)
    tables = adata.uns["spotscape_comparison"]
    assert set(tables["composition"]["unit"]) == {"donor"}
    for table in ("composition", "genes"):
        assert set(tables[table]["n"]) == {2}
    joined = adata.copy()
    joined.obs["slice"] = adata.obs["patient"].astype(str)  # a donor's slices as one
    compare_domains(joined, min_spots=5, **COLUMNS)
    pd.testing.assert_frame_equal(joined.uns["spotscape_comparison"]["genes"], tables["genes"])
    assert tables["shares"]["donor"].tolist()[::2] == list("00112233")
    assert tables["donor_key"] == "patient"


def test_donors_with_both_conditions_are_paired():
    adata = nested()
    adata.obs["patient"] = adata.obs["slice"].cat.codes % 4
    adata.obs["patient"] = adata.obs["patient"].where(adata.obs["slice"] != "slice8", 7)
    with pytest.warns(SpotscapeWarning) as caught:
        compare_domains(adata, donor_key="patient", test="permutation", min_spots=5, **COLUMNS)
    tables = adata.uns["spotscape_comparison"]
    composition = tables["composition"]
    assert (composition["unit"] == "pair").all()
    assert (composition["smallest_p"] == 0.25).all()
    assert [str(one.message) for one in caught] == tables["warnings"]
    left_out, few = tables["warnings"]
    assert "donor(s) 3, 7, which have one condition" in left_out
    assert "no p-value below 0.25" in few
    row = tables["genes"].iloc[0]
    inside = adata[(adata.obs["ground_truth"] == row["domain"]) & ~adata.obs["patient"].isin([3, 7])]
    samples = pd.Categorical(inside.obs["condition"].astype(str) + inside.obs["patient"].astype(str))
    bulk = add_up(sparse.csr_matrix(inside.X), samples)
    gene = log_counts_per_million(bulk)[:, inside.var_names.get_loc(row["gene"])]
    assert row["log2_fold_change"] == pytest.approx(gene[3:].mean() - gene[:3].mean())
    assert (row["n"], row["n_reference"]) == (3, 3)


@pytest.mark.filterwarnings("ignore:Condition .* has one slice", "ignore:Genes were not", "ignore:In domain")
@pytest.mark.filterwarnings("ignore:Shares of domains were not tested")
def test_a_domain_that_a_batch_tore_apart_is_named_and_a_lesion_is_not():
    adata = simulated(1, lesion_share=0.2, batch_strength=1.0, marker_strength=1.0)
    truth = adata.obs["ground_truth"].astype(str)
    whole = truth.value_counts().drop("lesion").idxmax()
    torn = (truth == whole) & (adata.obs["condition"] == "case")
    adata.obs["ground_truth"] = truth.where(~torn, "torn")
    with pytest.warns(SpotscapeWarning, match=rf"torn \(case only\) as {whole} .*Raise correction") as caught:
        compare_domains(adata, reference="control", **COLUMNS)
    (text,) = (str(one.message) for one in caught if "Raise correction" in str(one.message))
    assert "lesion" not in text
    table = adata.uns["spotscape_comparison"]["composition"].set_index("domain")
    assert table.loc["torn", "closest"] == whole
    assert table.loc["torn", "similarity"] > 0.9
    assert not table.loc["lesion", "similarity"] > 0.5
    shared = table[table["only_in"] == ""]
    assert (shared["closest"] == "").all()
    assert shared["similarity"].isna().all()


def torn_by_condition(strength):
    """Two slices of each condition; in cases half of the genes are seen ``strength`` times as often."""
    slices = datasets.simulate_slices(
        n_slices=4, n_spots=300, n_genes=200, n_domains=3, batch_strength=0.0, marker_strength=1.0, seed=2
    )
    rng = np.random.default_rng(0)
    for number, one in enumerate(slices):
        one.obs["condition"] = "control" if number < 2 else "case"
        if number >= 2:
            rate = np.where(np.arange(200) % 2, strength - 1, 0.0)
            one.X = sparse.csr_matrix(one.X + rng.poisson(one.X.toarray() * rate)).astype("float32")
    return slices


@pytest.mark.filterwarnings("ignore:.*(hardly mix|In one slice only)")
def test_integrating_names_domains_that_a_difference_between_conditions_tore_off():
    """They are of two slices each, so nothing else names them."""
    with pytest.warns(SpotscapeWarning, match=r"Of one condition only, .* Raise correction") as caught:
        adata = integrate_slices(
            torn_by_condition(4.0), n_domains=6, correction=0, condition_key="condition", progress=False
        )
    (text,) = (str(one.message) for one in caught if "Of one condition" in str(one.message))
    assert text in adata.uns["spotscape"]["warnings"]
    with pytest.warns(SpotscapeWarning) as again:
        compare_domains(adata)
    assert text in [str(one.message) for one in again]


def test_integrating_says_nothing_of_conditions_where_no_domain_is_torn():
    adata = integrate_slices(torn_by_condition(1.0), n_domains=3, condition_key="condition", progress=False)
    assert not [text for text in adata.uns["spotscape"]["warnings"] if "Of one condition" in text]


def test_profiles_are_the_same_by_blocks_and_without_spots_that_have_no_counts_or_domain(monkeypatch):
    adata = simulated(1, n_spots=60, n_genes=60, n_changed=2)
    adata.X = sparse.csr_matrix(adata.X.toarray() * (np.arange(adata.n_obs) != 5)[:, None])
    domains = pd.Categorical(adata.obs["ground_truth"].where(np.arange(adata.n_obs) != 7))
    groups = groups_of(pd.Categorical(adata.obs["slice"]), adata.obs["condition"], domains)
    whole = profiles(find_counts(adata), groups)
    monkeypatch.setattr("spotscape._row_blocks.BLOCK", 17 * 50)  # stored counts of about 17 spots
    parts = profiles(find_counts(adata), groups)
    np.testing.assert_allclose(parts.halves, whole.halves, atol=1e-6)
    assert whole.n_spots.sum() == adata.n_obs - 2
    # By hand: a domain's mean level, less the mean of its slice.
    used = np.delete(np.arange(adata.n_obs), [5, 7])
    counts = adata.X[used].toarray()
    levels = np.log1p(1e4 * counts / counts.sum(axis=1, keepdims=True))
    case, name = np.asarray(groups.conditions[used] == "case"), whole.domains[0]
    inside = case & np.asarray(domains[used] == name)
    half = (np.random.default_rng(0).permutation(adata.n_obs) % 2)[used]
    for number in range(2):
        expected = levels[inside & (half == number)].mean(axis=0) - levels[case].mean(axis=0)
        found = whole.halves[number, whole.conditions.index("case"), 0]
        np.testing.assert_allclose(found, expected, atol=1e-4)
