"""``domain_composition`` on tissue whose cell types are known."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy.optimize import nnls

from spotscape._validate import InputError, SpotscapeWarning
from spotscape.annotation.moves import beside_chance
from spotscape.annotation.signatures import type_amounts
from spotscape.comparison.moderated_t import moderated_t
from spotscape.tl import domain_composition

RNG = np.random.default_rng


def square(n: int = 20) -> np.ndarray:
    return np.array([[x, y] for x in range(n) for y in range(n)], dtype=float)


def quarters(xy: np.ndarray) -> np.ndarray:
    right, low = (xy >= xy.max() / 2).T
    return np.array(["nw", "ne", "sw", "se"])[right + 2 * low]


@pytest.fixture
def tissue() -> AnnData:
    """Four quarters of a square; glia are 80 % of the first and 20 % of the others, at random."""
    xy = square()
    adata = AnnData(np.ones((len(xy), 1), dtype=np.float32), obsm={"spatial": xy})
    adata.obs["part"] = pd.Categorical(quarters(xy), categories=["nw", "ne", "sw", "se"])
    glia = RNG(0).random(len(xy)) < np.where(adata.obs["part"] == "nw", 0.8, 0.2)
    adata.obs["cell"] = np.where(glia, "glia", "neuron")
    return adata


def with_slices(slices: int = 4, depleted: tuple[int, ...] = ()) -> AnnData:
    """Two domains; type "a" is a half of the spots of "x" and a fifth of "y", less of "x" where depleted."""
    parts = []
    for number in range(slices):
        domain = np.repeat(["x", "y"], [60, 90])
        share = np.where(domain == "x", 0.1 if number in depleted else 0.5, 0.2)
        types = np.where(RNG(number).random(150) < share, "a", RNG(number + 9).choice(["b", "c"], 150))
        parts.append(pd.DataFrame({"domain": domain, "type": types, "section": f"s{number}"}))
    obs = pd.concat(parts, ignore_index=True).rename(str)
    return AnnData(np.ones((len(obs), 1), dtype=np.float32), obs=obs)


def smooth(xy: np.ndarray, rng: np.random.Generator, scale: float = 5.0) -> np.ndarray:
    """A random field whose patches are of size ``scale``."""
    waves, phases = rng.normal(scale=1 / scale, size=(24, 2)), rng.uniform(0, 2 * np.pi, 24)
    return np.cos(xy @ waves.T + phases).sum(axis=1)


def test_shares_are_exact_and_nothing_is_changed(tissue):
    before = tissue.copy()
    found = domain_composition(tissue, "cell", domain_key="part", n_permutations=99)
    true = pd.crosstab(tissue.obs["part"], tissue.obs["cell"])
    wide = found.composition.pivot(index="domain", columns="cell_type", values="share").loc[true.index]
    np.testing.assert_allclose(wide, true.div(true.sum(axis=1), axis=0))
    assert list(found.composition["domain"].unique()) == ["nw", "ne", "sw", "se"]
    assert set(found.composition["n_spots"]) == {100}
    overall = (tissue.obs["cell"] == "glia").mean()
    table = found.enrichment.set_index(["domain", "cell_type"])
    assert table.loc[("nw", "glia"), "expected"] == pytest.approx(overall)
    ratio = np.log2(wide.loc["nw", "glia"] / overall)
    assert table.loc[("nw", "glia"), "log2_ratio"] == pytest.approx(ratio)
    assert found.comparison is None
    assert tissue.obs.equals(before.obs)
    assert list(tissue.uns) == list(before.uns)
    assert list(tissue.obsm) == list(before.obsm)


def test_what_lies_in_one_quarter_is_enriched_there(tissue):
    found = domain_composition(tissue, "cell", domain_key="part", n_permutations=99)
    table = found.enrichment.set_index(["domain", "cell_type"])
    assert table.loc[("nw", "glia"), "p_value"] < 0.05
    assert table.loc[("nw", "glia"), "z"] > 2
    assert table.loc[("nw", "neuron"), "z"] == pytest.approx(-table.loc[("nw", "glia"), "z"])
    assert set(table["method"]) == {"moves"}
    assert (table["p_adjusted"] >= table["p_value"]).all()
    again = domain_composition(tissue, "cell", domain_key="part", n_permutations=99)
    pd.testing.assert_frame_equal(again.enrichment, found.enrichment)
    other = domain_composition(tissue, "cell", domain_key="part", n_permutations=99, seed=1)
    assert not other.enrichment["z"].equals(found.enrichment["z"])
    moved = tissue.copy()  # the unit and the side of the slide do not matter
    moved.obsm["spatial"] = tissue.obsm["spatial"] * [7, 7] + 300
    scaled = domain_composition(moved, "cell", domain_key="part", n_permutations=99)
    np.testing.assert_allclose(scaled.enrichment["p_value"], found.enrichment["p_value"])


def test_maps_that_have_nothing_to_do_with_each_other():
    """Where shuffled spots find something half of the time, moved maps do not."""
    xy, by_moves, by_shuffling = square(22), [], []
    for number in range(16):
        rng = RNG(number)
        domains = np.argmax([smooth(xy, rng) for _ in range(4)], axis=0)
        domains = np.unique(domains, return_inverse=True)[1]
        types = np.eye(4)[np.argmax([smooth(xy, rng) + rng.normal(size=len(xy)) for _ in range(4)], axis=0)]
        by_moves.append(beside_chance(xy, domains, types, n_moves=99, seed=number).p_value.ravel())
        shares = [
            np.stack([types[one == k].mean(axis=0) for k in range(domains.max() + 1)])
            for one in [domains] + [rng.permutation(domains) for _ in range(99)]
        ]
        far = np.abs(np.stack(shares) - types.mean(axis=0))
        by_shuffling.append((far >= far[0] - 1e-12).mean(axis=0).ravel())
    by_moves, by_shuffling = np.concatenate(by_moves), np.concatenate(by_shuffling)
    assert len(by_moves) > 200
    assert np.isfinite(by_moves).mean() > 0.95
    assert np.nanmean(by_moves <= 0.05) < 0.08
    assert np.nanmean(by_moves <= 0.2) > 0.1  # nor are they far too large
    assert (by_shuffling <= 0.05).mean() > 0.4


def test_many_spots_are_compared_on_tiles():
    xy = RNG(0).uniform(0, 100, (9_000, 2))
    domains = (xy[:, 0] > 50) + 2 * (xy[:, 1] > 50)
    types = np.eye(2)[(RNG(1).random(9_000) < np.where(domains == 3, 0.6, 0.3)).astype(int)]
    found = beside_chance(xy, domains, types, n_moves=99, seed=0)
    assert found.p_value[3, 1] < 0.05
    assert found.z[3, 1] > 2


def test_proportions_from_everywhere_are_the_same(tissue):
    parts = RNG(2).dirichlet([1, 2, 3], tissue.n_obs)
    table = pd.DataFrame(parts, index=tissue.obs_names, columns=["a", "b", "c"])
    tissue.obsm["types"] = table
    tissue.obs[["a", "b", "c"]] = table
    tissue.obsm["records"] = table.to_records(index=False)
    arguments = {"domain_key": "part", "n_permutations": 0}
    expected = domain_composition(tissue, "types", **arguments).composition
    np.testing.assert_allclose(expected["share"][:3], table[tissue.obs["part"] == "nw"].mean())
    for types in (["a", "b", "c"], table.sample(frac=1, random_state=0), "records"):
        found = domain_composition(tissue, types, **arguments).composition
        pd.testing.assert_frame_equal(found, expected)
    weights = table * RNG(3).uniform(0.5, 2, (tissue.n_obs, 1))
    found = domain_composition(tissue, weights, normalize=True, **arguments).composition
    pd.testing.assert_frame_equal(found, expected)
    tissue.obsm["q05_cell_abundance_w_sf"] = (weights * 9).add_prefix("q05cell_abundance_w_sf_")
    found = domain_composition(tissue, "q05_cell_abundance_w_sf", **arguments).composition
    pd.testing.assert_frame_equal(found, expected)
    found = domain_composition(tissue, table.assign(res_ss=0.3), **arguments).composition
    pd.testing.assert_frame_equal(found, expected)
    with pytest.warns(SpotscapeWarning, match="100 of 400 spots have no cell type"):
        found = domain_composition(tissue, table[100:], **arguments).composition
    assert found.groupby("domain")["n_spots"].first().sum() == 300


def test_signatures():
    rng, n = RNG(0), 600
    signatures = pd.DataFrame(rng.gamma(0.5, 4, (80, 4)), columns=list("abcd"))
    signatures.index = [f"g{number}" for number in range(80)]
    true = rng.dirichlet([0.5] * 4, n)
    counts = rng.poisson(rng.uniform(1, 3, (n, 1)) * true @ signatures.to_numpy().T).astype(np.float32)
    adata = AnnData(counts, var=pd.DataFrame(index=signatures.index))
    adata.obs["part"] = np.where(true[:, 0] > 0.4, "rich", "poor")
    found = domain_composition(adata, signatures=signatures, domain_key="part", n_permutations=0).composition
    share = found.pivot(index="domain", columns="cell_type", values="share")
    np.testing.assert_allclose(share.loc["rich"], true[adata.obs["part"] == "rich"].mean(axis=0), atol=0.03)
    weight = 1 / np.sqrt(counts.mean(axis=0))
    plain = [nnls(signatures.to_numpy() * weight[:, None], one * weight)[0] for one in counts[:20]]
    np.testing.assert_allclose(type_amounts(adata.X, signatures.to_numpy())[:20], plain, atol=1e-4)
    more = pd.concat([signatures, signatures[:5].rename(lambda name: f"not {name}")])
    with pytest.warns(SpotscapeWarning, match="5 of 85 genes of the signatures are not in the object"):
        again = domain_composition(adata, signatures=more, domain_key="part", n_permutations=0).composition
    pd.testing.assert_frame_equal(again, found)


def test_slices_are_the_replicates():
    adata = with_slices()
    adata = adata[~((adata.obs["section"] == "s3") & (adata.obs["domain"] == "x"))].copy()
    found = domain_composition(adata, "type", domain_key="domain", slice_key="section")
    assert found.composition["slice"].unique().tolist() == ["s0", "s1", "s2", "s3"]
    lacking = found.composition.query("slice == 's3' and domain == 'x'")
    assert (lacking["n_spots"] == 0).all()
    assert lacking["share"].isna().all()
    table = found.enrichment.set_index(["domain", "cell_type"])
    assert table.loc[("x", "a"), "p_value"] < 0.05
    assert table.loc[("x", "a"), "z"] > 1.5
    # In s3 there is nothing but "y", which has nothing to be compared with.
    assert table["n_slices"].tolist() == [3] * 6
    assert set(table["method"]) == {"moderated t"}
    each = found.composition.query("domain == 'x' and cell_type == 'a'")["share"]
    assert table.loc[("x", "a"), "share"] == pytest.approx(each.mean())
    with pytest.warns(SpotscapeWarning, match=r"Domain\(s\) x were not compared with chance"):
        fewer = domain_composition(adata, "type", domain_key="domain", slice_key="section", min_spots=70)
    assert fewer.enrichment.query("domain == 'x'")["method"].eq("none").all()


def test_conditions():
    adata = with_slices(6, depleted=(3, 4, 5))
    adata.obs["condition"] = np.where(adata.obs["section"].isin(["s0", "s1", "s2"]), "control", "case")
    keys = {"domain_key": "domain", "slice_key": "section", "condition_key": "condition"}
    found = domain_composition(adata, "type", reference="control", **keys)
    table = found.comparison.set_index(["domain", "cell_type"])
    assert set(table["condition"]) == {"case"}
    assert table["n"].tolist() == table["n_reference"].tolist() == [3] * 6
    assert table.loc[("x", "a"), "p_adjusted"] < 0.05
    assert table.loc[("x", "a"), "log2_ratio"] < -1
    assert table.loc[("y", "a"), "p_value"] > 0.05
    shares = found.composition.pivot(index=["domain", "cell_type"], columns="slice", values="share")
    angles = np.arcsin(np.sqrt(shares.to_numpy()))
    np.testing.assert_allclose(table["p_value"], moderated_t(angles[:, 3:], angles[:, :3]).p_value)
    assert found.composition["condition"].tolist() == ["control"] * 18 + ["case"] * 18
    first = domain_composition(adata, "type", **keys).comparison
    assert set(first["reference"]) == {"case"}
    gone = adata[~((adata.obs["condition"] == "case") & (adata.obs["domain"] == "x"))].copy()
    with pytest.warns(SpotscapeWarning, match=r"Domain\(s\) x were not compared between conditions"):
        table = domain_composition(gone, "type", reference="control", **keys).comparison
    assert table.query("domain == 'x'")["p_value"].isna().all()
    assert table.query("domain == 'x'")["n"].tolist() == [0, 0, 0]
    with pytest.raises(InputError, match="reference: found 'healthy'"):
        domain_composition(adata, "type", reference="healthy", **keys)


def of_donors(paired: bool) -> AnnData:
    """Two slices a donor; type "a" of "x" differs by donor, and where donors are pairs by condition."""
    adata = with_slices(8)
    number = adata.obs["section"].str[1:].astype(int).to_numpy()
    adata.obs["patient"] = [f"p{one}" for one in number // 2]
    second = number % 2 if paired else number // 4
    adata.obs["condition"] = np.where(second, "case", "control")
    # Of 60 spots, exactly; the spot more or less of the second slice is all that slices of a donor differ by.
    many = np.array([10, 28, 30, 48])[number // 2] + number % 2 + (5 * second if paired else 0)
    spot = np.tile(np.arange(150), 8)
    adata.obs.loc[spot < 60, "type"] = np.where(spot < many, "a", "b")[spot < 60]
    return adata


def test_donors_are_the_replicates_where_given():
    adata = of_donors(paired=False)
    keys = {"domain_key": "domain", "slice_key": "section", "condition_key": "condition"}
    by_slice = domain_composition(adata, "type", reference="control", **keys)
    found = domain_composition(adata, "type", reference="control", donor_key="patient", **keys)
    assert set(found.comparison["unit"]) == {"donor"}
    assert set(found.comparison["n"]) == {2}
    assert set(by_slice.comparison["unit"]) == {"slice"}
    # Two slices of a donor agree, so slices find a difference that two donors against two do not.
    at = ("x", "a")
    tables = [one.comparison.set_index(["domain", "cell_type"]) for one in (by_slice, found)]
    assert tables[0].loc[at, "p_value"] < 0.05 < tables[1].loc[at, "p_value"]
    shares = found.composition.pivot(index=["domain", "cell_type"], columns="slice", values="share")
    there = shares.sum(axis=1).to_numpy() > 0  # no spot of "x" is a "c"
    means = np.arcsin(np.sqrt(shares.to_numpy()[there])).reshape(-1, 4, 2).mean(axis=2)
    expected = moderated_t(means[:, 2:], means[:, :2]).p_value
    np.testing.assert_allclose(tables[1]["p_value"][there], expected)
    assert found.composition["donor"].unique().tolist() == ["p0", "p1", "p2", "p3"]
    assert set(found.enrichment["n_slices"]) == {8}
    assert set(found.enrichment["n_donors"]) == {4}
    np.testing.assert_allclose(found.enrichment["share"], shares.mean(axis=1))
    assert not np.allclose(found.enrichment["p_value"], by_slice.enrichment["p_value"])


def test_donors_with_both_conditions_are_compared_with_themselves():
    adata = of_donors(paired=True)
    adata = adata[adata.obs["section"] != "s7"].copy()
    keys = {"domain_key": "domain", "slice_key": "section", "condition_key": "condition"}
    with pytest.warns(SpotscapeWarning, match=r"donor\(s\) p3, which have one condition"):
        found = domain_composition(adata, "type", reference="control", donor_key="patient", **keys)
    row = found.comparison.set_index(["domain", "cell_type"]).loc[("x", "a")]
    by_slice = domain_composition(adata, "type", reference="control", **keys).comparison
    assert (row["unit"], row["n"]) == ("pair", 3)
    assert row["p_value"] < 0.05 < by_slice.set_index(["domain", "cell_type"]).loc[("x", "a"), "p_value"]


def test_two_types_say_one_thing():
    adata = with_slices(3)
    adata.obs["type"] = np.where(adata.obs["type"] == "a", "a", "b")
    found = domain_composition(adata, "type", domain_key="domain", slice_key="section").enrichment
    for _, pair in found.groupby("domain"):
        assert pair["p_value"].nunique() == 1
        assert pair["z"].sum() == pytest.approx(0)


def test_one_domain_and_domains_of_one_spot(tissue):
    tissue.obs["all"] = "x"
    with pytest.warns(SpotscapeWarning, match="There is one domain, x"):
        found = domain_composition(tissue, "cell", domain_key="all")
    assert found.enrichment["p_value"].isna().all()
    assert found.composition["share"].sum() == pytest.approx(1)
    tissue.obs["part"] = tissue.obs["part"].cat.add_categories("dot")
    tissue.obs.iloc[210, tissue.obs.columns.get_loc("part")] = "dot"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = domain_composition(tissue, "cell", domain_key="part", n_permutations=99)
    dot = found.enrichment.query("domain == 'dot'")
    assert (dot["p_value"] > 0.05).all()


def test_bad_input(tissue):
    parts = pd.DataFrame(RNG(0).dirichlet([1, 1], 400), index=tissue.obs_names, columns=["a", "b"])

    def refused(words, types="cell", **arguments):
        with pytest.raises(InputError, match=words):
            domain_composition(tissue, types, **{"domain_key": "part", **arguments})

    refused("cell_types: found neither it nor signatures", None)
    refused("cell_types: found both", signatures=parts)
    refused(r"cell_types: found 'cells'.*there are: 'part', 'cell', 'spatial'", "cells")
    refused(r"cell_types: found 'a' \(str\).*it has: 'part', 'cell'", ["a", "b"])
    refused("domain_key: found 'region'", domain_key="region")
    refused(r"slice_key: found 'section'", slice_key="section")
    refused("condition_key: found 'cell', expected None for one slice", condition_key="cell")
    refused("donor_key: found 'cell', expected None for one slice", donor_key="cell")
    refused("reference: found 'cell', expected None without conditions", reference="cell")
    refused("n_permutations: found 5", n_permutations=5)
    refused(r"adata.obsm\['spatial'\].*without names of columns", "spatial")
    refused(r"400 of 400 spots that do not sum to 1 \(from 2 to 2, median 2\).*normalize=True", parts * 2)
    refused("1 negative value.*column 'a'", parts.assign(a=[-0.1, *parts["a"][1:]]))
    refused(r"1 spot\(s\) with NaN for some", parts.assign(a=[np.nan, *parts["a"][1:]]))
    refused("column 'b', which is not of numbers", parts.assign(b="much"))
    refused("rows such as 's0', expected names of spots", parts.rename(lambda name: f"s{name}"))
    refused("signatures: found .*DataFrame, genes x cell types", None, signatures=np.ones((2, 2)))
    refused("2 cell types that cannot be told apart by .*1 of 400", None, signatures=parts)
    tissue.obs["score"] = 0.5
    refused(r"adata.obs\['score'\]: found decimal numbers", "score")
    tissue.obs["none"] = pd.Categorical([None] * 400)
    refused("no spot with a cell type", "none")
    tissue.obs["part_b"] = tissue.obs["part"]
    tissue.obsm["cell"] = parts
    refused("'cell', a column and a table")
    tissue.obs["sample"] = np.repeat(["one", "two"], 200)
    tissue.obsm["twice"] = np.tile(square()[:200], (2, 1))
    refused("sample", spatial_key="twice")
    del tissue.obsm["spatial"], tissue.obsm["cell"]
    refused(r"adata.obsm\['spatial'\]")
