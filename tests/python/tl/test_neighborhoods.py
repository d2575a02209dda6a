"""``domain_neighborhoods`` on lattices whose contacts are known, and beside squidpy."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy import sparse
from sklearn.neighbors import kneighbors_graph

from spotscape import gr
from spotscape._validate import InputError, SpotscapeWarning
from spotscape.annotation.neighborhoods import neighborhoods
from spotscape.datasets import simulate_slice
from spotscape.tl import domain_neighborhoods

KEY = "type"


def lattice(names, n: int = 10) -> AnnData:
    """Return n columns of spots, each of which touches those above, below, left and right."""
    names = np.asarray(names)
    rows, columns = (values.ravel() for values in np.indices((len(names) // n, n)))
    adata = AnnData(np.ones((len(names), 1), dtype=np.float32))
    adata.obsm["spatial"] = np.column_stack([columns, rows]).astype(float)
    adata.obs[KEY] = pd.Categorical(names)
    gr.spatial_neighbors_radius(adata, radius=1.0)
    return adata


def slices_of(parts: list[AnnData], conditions: list[str] | None = None) -> AnnData:
    """Put lattices side by side, as slices "s0", "s1" and so on, with a graph of all."""
    obs = pd.concat([part.obs for part in parts], ignore_index=True)
    obs[KEY] = pd.Categorical(obs[KEY].astype(object))
    obs["slice"] = np.repeat([f"s{number}" for number in range(len(parts))], [len(part) for part in parts])
    if conditions is not None:
        obs["condition"] = np.repeat(conditions, [len(part) for part in parts])
    adata = AnnData(np.ones((len(obs), 1), dtype=np.float32), obs=obs.set_index(obs.index.astype(str)))
    adata.obsm["spatial"] = np.concatenate([part.obsm["spatial"] for part in parts])
    gr.spatial_neighbors_radius(adata, radius=1.0, slice_key="slice")
    return adata


def squidpys_tissue() -> tuple[AnnData, sparse.csr_matrix]:
    """Return the tissue that squidpy was run on, and its graph: six nearest spots of the slice, one way."""
    n = 400
    rng = np.random.default_rng(0)
    xy = rng.uniform(size=(n, 2))
    adata = AnnData(np.ones((n, 1), dtype=np.float32), obsm={"spatial": xy})
    groups = np.digitize(np.sin(9 * xy[:, 0]) + rng.normal(size=n), [-0.5, 0.5]).astype(str)
    adata.obs[KEY] = pd.Categorical(groups)
    adata.obs["slice"] = pd.Categorical(np.where(xy[:, 1] < 0.5, "low", "high"))
    graph = sparse.lil_matrix((n, n))
    for name in ("low", "high"):
        rows = np.flatnonzero(adata.obs["slice"] == name)
        graph[np.ix_(rows, rows)] = kneighbors_graph(xy[rows], 6).toarray()
    return adata, graph.tocsr()


def test_the_numbers_of_squidpy():
    """squidpy 1.8.2 gave these, of the tissue that `squidpys_tissue` makes, by this code:

    sq.gr.spatial_neighbors(adata, coord_type="generic", n_neighs=6, library_key="slice")
    sq.gr.nhood_enrichment(adata, "type", library_key="slice", n_perms=100_000, seed=0, n_jobs=1)
    sq.gr.interaction_matrix(adata, "type")
    """
    count = [[286, 197, 141], [205, 232, 331], [135, 328, 545]]
    zscore = [[9.46, -0.3, -9.7], [0.38, -0.74, 0.49], [-9.32, 0.26, 6.93]]
    adata, adata.obsp["spatial_connectivities"] = squidpys_tissue()
    with pytest.warns(SpotscapeWarning, match="not made by spotscape, and was used"):
        domain_neighborhoods(adata, key=KEY, slice_key="slice", n_permutations=4000)
    written = adata.uns["type_nhood_enrichment"]
    assert written["count"].tolist() == count
    assert written["count"].dtype == np.uint32
    assert adata.uns["type_interactions"].tolist() == count
    assert adata.uns["type_interactions"].dtype == np.float64
    np.testing.assert_allclose(written["zscore"], zscore, rtol=0.05, atol=0.05)


@pytest.mark.filterwarnings("ignore")
def test_squidpy_itself_gives_and_draws_the_same(tmp_path):
    sq = pytest.importorskip("squidpy")
    adata, graph = squidpys_tissue()
    adata.obsp["spatial_connectivities"] = graph
    other = adata.copy()
    domain_neighborhoods(adata, key=KEY, slice_key="slice", n_permutations=2000)
    sq.gr.nhood_enrichment(other, KEY, library_key="slice", n_perms=2000, n_jobs=1, show_progress_bar=False)
    sq.gr.interaction_matrix(other, KEY)
    ours, theirs = (one.uns["type_nhood_enrichment"] for one in (adata, other))
    np.testing.assert_array_equal(ours["count"], theirs["count"])
    np.testing.assert_array_equal(adata.uns["type_interactions"], other.uns["type_interactions"])
    np.testing.assert_allclose(ours["zscore"], theirs["zscore"], rtol=0.1, atol=0.1)
    sq.pl.nhood_enrichment(adata, KEY, save=tmp_path / "a.png")
    sq.pl.interaction_matrix(adata, KEY, save=tmp_path / "b.png")
    assert all((tmp_path / name).stat().st_size > 1000 for name in ("a.png", "b.png"))


def test_contacts_of_three_bands():
    adata = lattice(np.repeat(["a", "b", "c"], [20, 30, 50]))
    found = domain_neighborhoods(adata, key=KEY, n_permutations=50)
    # Within r rows of ten: 9 r edges along the rows, 10 (r - 1) across; 10 between two bands.
    assert found.count.to_numpy().tolist() == [[56, 10, 0], [10, 94, 10], [0, 10, 170]]
    pairs = found.pairs.set_index(["first", "second"])
    assert pairs["contacts"].tolist() == [28, 10, 0, 47, 10, 85]
    assert pairs["contacts"].sum() == 180 == pytest.approx(pairs["expected"].sum())
    assert pairs.loc[("a", "b"), "expected"] == pytest.approx(180 * 2 * 20 * 30 / (100 * 99))
    assert pairs.loc[("c", "c"), "expected"] == pytest.approx(180 * 50 * 49 / (100 * 99))
    odds = (10.5 / 170.5) / ((180 * 1200 / 9900 + 0.5) / (180 - 180 * 1200 / 9900 + 0.5))
    assert pairs.loc[("a", "b"), "log2_odds"] == pytest.approx(np.log2(odds))
    # Bands are smooth: their own contacts are many, all others few, and no p-value can be smaller.
    assert (np.diag(found.zscore) > 5).all()
    assert (found.zscore.to_numpy()[np.triu_indices(3, 1)] < -2).all()
    assert pairs.loc[("a", "a"), "p_value"] == 1 / 51
    assert found.slices is None
    assert found.differences is None


def test_chance_is_all_ways_to_deal_the_names():
    """Six spots in a row have 20 ways to deal three names a and three b: all of them are counted here."""
    edges = sparse.diags([np.ones(5), np.ones(5)], [-1, 1]).tocsr()
    ways = []
    for chosen in combinations(range(6), 3):
        member = np.isin(np.arange(6), chosen)
        ways.append([(member[:-1] & member[1:]).sum(), (member[:-1] != member[1:]).sum()])
    ways = np.asarray(ways)
    labels = pd.Categorical(list("aaabbb"))
    found = neighborhoods(labels, edges, n_permutations=3000).pairs.iloc[:2]
    observed = found["contacts"].to_numpy()
    np.testing.assert_allclose(found["expected"], ways.mean(axis=0))
    np.testing.assert_allclose(found["zscore"], (observed - ways.mean(axis=0)) / ways.std(axis=0), atol=0.06)
    away = np.abs(ways - ways.mean(axis=0)) >= np.abs(observed - ways.mean(axis=0)) - 1e-9
    np.testing.assert_allclose(found["p_value"], away.mean(axis=0), atol=0.02)


def test_p_values_hold_where_names_lie_freely():
    rng = np.random.default_rng(0)
    edges = kneighbors_graph(rng.uniform(size=(150, 2)), 5)
    edges = edges.maximum(edges.T)
    p_value = []
    for seed in range(80):
        labels = pd.Categorical(rng.choice(list("abc"), 150))
        p_value.append(neighborhoods(labels, edges, n_permutations=39, seed=seed).pairs["p_value"])
    share = (np.concatenate(p_value) <= 0.1).mean()
    assert share == pytest.approx(0.1, abs=0.04)


def test_slices_do_not_touch_and_names_are_dealt_within_each():
    one, other = lattice(np.repeat(["a", "b"], [30, 70])), lattice(np.repeat(["c", "d"], 50))
    adata = slices_of([one, other])
    found = domain_neighborhoods(adata, key=KEY, slice_key="slice", n_permutations=100)
    alone = [domain_neighborhoods(part, key=KEY, n_permutations=100) for part in (one, other)]
    expected = np.zeros((4, 4))
    expected[:2, :2], expected[2:, 2:] = (part.count for part in alone)
    np.testing.assert_array_equal(found.count, expected)
    pairs = found.pairs.set_index(["first", "second"])
    assert pairs.loc[("a", "c"), "expected"] == 0
    assert pairs.loc[("a", "c"), ["log2_odds", "zscore", "p_value"]].isna().all()
    np.testing.assert_allclose(found.zscore.iloc[:2, :2], alone[0].zscore, rtol=0.3)
    rows = found.slices.set_index(["slice", "first", "second"])
    for name, part in zip(("s0", "s1"), alone, strict=True):
        own = part.pairs.set_index(["first", "second"])
        np.testing.assert_allclose(
            rows.loc[name].loc[own.index, ["contacts", "log2_odds"]], own[["contacts", "log2_odds"]]
        )
    assert rows.loc[("s0", "c", "d"), ["contacts", "expected"]].tolist() == [0, 0]
    assert np.isnan(rows.loc[("s0", "c", "d"), "log2_odds"])


def test_spots_without_a_name_are_left_out_and_said():
    adata = lattice(np.repeat(["a", "b", "c"], [30, 40, 30]))
    adata.obs[KEY] = adata.obs[KEY].cat.remove_categories("c")
    with pytest.warns(SpotscapeWarning, match=r"30 of 100 spots have nothing in adata.obs\['type'\]"):
        found = domain_neighborhoods(adata, key=KEY, n_permutations=20)
    only = domain_neighborhoods(lattice(np.repeat(["a", "b"], [30, 40])), key=KEY, n_permutations=20)
    for table, other in zip(found[:3], only[:3], strict=True):
        pd.testing.assert_frame_equal(table, other)


def test_squidpys_rows_are_the_categories_of_the_column():
    adata = lattice(np.repeat(["b", "a"], [40, 60]))
    adata.obs[KEY] = pd.Categorical(adata.obs[KEY], categories=["b", "none", "a"])
    found = domain_neighborhoods(adata, key=KEY, n_permutations=20)
    assert list(found.count) == ["b", "a"]
    written = adata.uns["type_nhood_enrichment"]
    assert written["count"].tolist() == [[132, 0, 10], [0, 0, 0], [10, 0, 208]]
    assert np.isnan(written["zscore"][1]).all()
    assert np.isfinite(written["zscore"][[0, 0, 2], [0, 2, 2]]).all()


def test_the_domains_of_the_run_on_the_graph_of_a_run():
    adata = simulate_slice(n_spots=250, n_genes=20, n_domains=3, seed=1)
    adata.obs["spotscape_domain"] = adata.obs["ground_truth"].astype(str)
    before = set(adata.obsp), set(adata.obs)
    found = domain_neighborhoods(adata, n_permutations=50, seed=3)
    assert (set(adata.obsp), set(adata.obs)) == before
    assert set(adata.uns) >= {"spotscape_domain_nhood_enrichment", "spotscape_domain_interactions"}
    gr.spatial_neighbors(adata)
    again = domain_neighborhoods(adata, n_permutations=50, seed=3)
    pd.testing.assert_frame_equal(again.zscore, found.zscore)
    other = domain_neighborhoods(adata, n_permutations=50, seed=4)
    assert not other.zscore.equals(found.zscore)
    pd.testing.assert_frame_equal(other.count, found.count)


def cohort(n_each: int, attracted: float, seed: int = 0) -> AnnData:
    """Return slices of free names; in the case's, spots beside an "a" become "b" with some probability."""
    rng = np.random.default_rng(seed)
    parts = []
    for number in range(2 * n_each):
        names = rng.choice(list("abcd"), 200, p=[0.1, 0.1, 0.4, 0.4])
        if number >= n_each:
            beside = np.roll(names == "a", 1) | np.roll(names == "a", -1)
            names[beside & (names != "a") & (rng.uniform(size=200) < attracted)] = "b"
        parts.append(lattice(names, 10))
    return slices_of(parts, ["control"] * n_each + ["case"] * n_each)


def compared(adata: AnnData, **arguments):
    keys = {"key": KEY, "slice_key": "slice", "condition_key": "condition", "n_permutations": 10}
    return domain_neighborhoods(adata, **keys | arguments)


def test_a_difference_between_conditions_is_found():
    found = compared(cohort(4, 0.8), reference="control")
    table = found.differences.set_index(["first", "second"])
    assert (table["smallest_p"] == 2 / 70).all()
    assert (table[["n", "n_reference"]] == 4).all(axis=None)
    assert set(table["condition"]) == {"case"}
    top = table.loc[("a", "b")]
    assert top["p_value"] == 2 / 70
    assert top["difference"] > 1
    assert top["difference"] == pytest.approx(table["difference"].max())
    rows = found.slices.query("first == 'a' and second == 'b'")["log2_odds"].to_numpy()
    assert top["log2_odds"] == pytest.approx(rows[4:].mean())
    assert top["log2_odds_reference"] == pytest.approx(rows[:4].mean())
    turned = compared(cohort(4, 0.8), reference="case").differences
    np.testing.assert_allclose(turned["difference"], -found.differences["difference"])
    np.testing.assert_array_equal(turned["p_value"], found.differences["p_value"])


def test_few_slices_give_no_small_p_and_it_is_said():
    with pytest.warns(SpotscapeWarning, match=r"case and control give no p-value below 0\.33"):
        found = compared(cohort(2, 0.8), reference="control")
    assert found.differences["p_value"].min() == pytest.approx(1 / 3)


@pytest.mark.parametrize("paired", [False, True])
def test_donors_are_the_units_where_given(paired):
    adata = cohort(4, 0.8)
    number = adata.obs["slice"].astype(str).str[1:].astype(int)
    adata.obs["patient"] = (number % 4 if paired else number // 2).astype(str)
    with pytest.warns(SpotscapeWarning, match="So few donors"):
        found = compared(adata, reference="control", donor_key="patient")
    row = found.differences.set_index(["first", "second"]).loc[("a", "b")]
    assert (row["unit"], row["n"]) == (("pair", 4) if paired else ("donor", 2))
    assert row["p_value"] == row["smallest_p"] == pytest.approx(2 / 16 if paired else 1 / 3)
    rows = found.slices.query("first == 'a' and second == 'b'")["log2_odds"].to_numpy()
    assert row["difference"] == pytest.approx(rows[4:].mean() - rows[:4].mean())


def test_a_donor_that_lacks_a_name_is_left_out_of_its_pairs():
    adata = cohort(4, 0.8)
    adata.obs["patient"] = adata.obs["slice"].map({f"s{i}": f"p{i % 4}" for i in range(8)})
    adata.obs.loc[(adata.obs["slice"] == "s5") & (adata.obs[KEY] == "a"), KEY] = "c"
    adata.obs.loc[adata.obs["slice"] == "s7", "patient"] = "other"
    with pytest.warns(SpotscapeWarning) as said:
        found = compared(adata, reference="control", donor_key="patient")
    assert any("donor(s) other, p3, which have one condition" in str(one.message) for one in said)
    table = found.differences.set_index(["first", "second"])
    assert table.loc[("a", "b"), ["n", "n_reference", "smallest_p"]].tolist() == [2, 2, 0.5]
    assert table.loc[("b", "c"), ["n", "n_reference", "smallest_p"]].tolist() == [3, 3, 0.25]
    rows = found.slices.query("first == 'a' and second == 'b'")["log2_odds"].to_numpy()
    assert table.loc[("a", "b"), "log2_odds"] == pytest.approx(rows[[4, 6]].mean())


@pytest.mark.filterwarnings("ignore::spotscape._validate.SpotscapeWarning")
def test_each_condition_is_compared_with_the_first():
    adata = cohort(3, 0.0)
    of = adata.obs["slice"].map(dict(zip([f"s{i}" for i in range(6)], "yzxxzy", strict=True)))
    adata.obs["condition"] = pd.Categorical(of, categories=["x", "z", "y"])
    found = compared(adata)
    assert list(dict.fromkeys(found.differences["condition"])) == ["z", "y"]
    assert set(found.differences["reference"]) == {"x"}
    rows = found.slices.query("first == 'c' and second == 'd'").set_index("slice")["log2_odds"]
    table = found.differences.query("first == 'c' and second == 'd'").set_index("condition")
    assert table.loc["z", "log2_odds"] == pytest.approx(rows[["s1", "s4"]].mean())
    assert table.loc["y", "log2_odds"] == pytest.approx(rows[["s0", "s5"]].mean())
    assert table.loc["y", "log2_odds_reference"] == pytest.approx(rows[["s2", "s3"]].mean())


@pytest.mark.filterwarnings("ignore::spotscape._validate.SpotscapeWarning")
def test_a_slice_without_a_name_is_left_out_of_its_pairs():
    adata = cohort(3, 0.0)
    gone = (adata.obs["slice"] == "s0") & (adata.obs[KEY] == "a")
    adata.obs.loc[gone, KEY] = "c"
    table = compared(adata, reference="control").differences.set_index(["first", "second"])
    assert table.loc[("a", "b"), ["n", "n_reference"]].tolist() == [3, 2]
    assert table.loc[("a", "b"), "smallest_p"] == 1 / 10
    assert table.loc[("b", "c"), ["n", "n_reference"]].tolist() == [3, 3]
    assert np.isfinite(table["p_value"]).all()


@pytest.mark.parametrize(
    ("columns", "arguments", "message"),
    [
        ({}, {"key": "region"}, "key: found 'region'"),
        ({}, {"key": None}, r"adata.obs\['spotscape_domain'\]: found nothing there.* by key\."),
        ({KEY: "a"}, {}, "found one name, 'a', expected 2 to 1,000"),
        ({KEY: np.nan}, {}, "decimal numbers"),
        ({}, {"slice_key": "section"}, "slice_key: found 'section'"),
        ({}, {"condition_key": "group"}, "condition_key: found 'group'"),
        ({"condition": np.arange(800) % 2}, {}, "more than one condition in slice 's0'"),
        ({"condition": "case"}, {}, "one condition, 'case'"),
        (
            {"condition": np.repeat(["x", "y"], [200, 600])},
            {},
            r"condition'\]: found condition 'x' with one slice, expected two slices or more in each",
        ),
        ({}, {"reference": "other"}, "reference: found 'other'"),
        ({}, {"donor_key": "slice", "condition_key": None}, "donor_key: found 'slice', expected None"),
        ({"donor": np.arange(800) % 2}, {"donor_key": "donor"}, "more than one donor in slice 's0'"),
        ({}, {"donor_key": "condition"}, r"1 donor\(s\) of condition 'case' to compare, expected two"),
        ({"donor": "one"}, {"donor_key": "donor"}, r"1 donor\(s\) with both conditions to compare"),
        ({}, {"n_permutations": 9}, "n_permutations: found 9"),
        ({}, {"seed": -1}, "seed: found -1"),
    ],
)
@pytest.mark.filterwarnings("ignore::spotscape._validate.SpotscapeWarning")
def test_bad_input_is_refused_and_nothing_changes(columns, arguments, message):
    adata = cohort(2, 0.0)
    for name, values in columns.items():
        adata.obs[name] = values
    before = set(adata.uns)
    with pytest.raises(InputError, match=message):
        compared(adata, **arguments)
    assert set(adata.uns) == before


def test_too_many_names_and_conditions_without_slices():
    adata = AnnData(np.ones((1200, 1), dtype=np.float32))
    adata.obsm["spatial"] = np.random.default_rng(0).uniform(size=(1200, 2))
    adata.obs["id"] = np.arange(1200).astype(str)
    with pytest.raises(InputError, match="1,200 different names"):
        domain_neighborhoods(adata, key="id")
    adata.obs[KEY] = np.arange(1200) % 2
    with pytest.raises(InputError, match="slice_key: found None, and none in the record of a run"):
        domain_neighborhoods(adata, key=KEY, condition_key=KEY)


def test_graphs_that_cannot_be_meant():
    adata = cohort(2, 0.0)
    del adata.uns["spatial_neighbors"]
    graph = adata.obsp["spatial_connectivities"].tolil()
    graph[0, 200] = 1
    adata.obsp["spatial_connectivities"] = graph.tocsr()
    with pytest.raises(InputError, match="1 edges between slices"):
        compared(adata)
    labels = pd.Categorical(["a", "b", "a"])
    with pytest.raises(InputError, match="graph: found 2 x 2, expected 3 x 3"):
        neighborhoods(labels, sparse.identity(2, format="csr"))
    with pytest.raises(InputError, match="no edge between spots that have names"):
        neighborhoods(labels, sparse.identity(3, format="csr"))
