"""Gene sets of domains: Fisher's test, the simulator's truth, files and what is wrong with them."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from spotscape import datasets, tl
from spotscape._validate import InputError, SpotscapeWarning

TRUTH = {"domain_key": "ground_truth"}


@pytest.fixture(scope="module")
def simulated():
    return datasets.simulate_slice(n_spots=400, n_genes=120, n_domains=4, seed=3)


@pytest.fixture(scope="module")
def markers(simulated):
    return tl.domain_markers(simulated, **TRUTH)


@pytest.fixture(scope="module")
def sets(simulated):
    known = simulated.var["marker_domain"]
    rng = np.random.default_rng(0)
    by_chance = {f"chance {i}": list(rng.choice(simulated.var_names, 10, replace=False)) for i in range(5)}
    return {f"of {name}": list(known.index[known == name]) for name in known.dropna().unique()} | by_chance


def test_sets_of_the_simulator_lead(simulated, markers, sets):
    table = tl.domain_gene_sets(simulated, gene_sets=sets, min_size=2, **TRUTH)
    first = table.groupby("domain", sort=False).head(1)
    assert list(first["gene_set"]) == [f"of {name}" for name in first["domain"]]
    assert (first["p_adjusted"] < 0.02).all()
    assert table.loc[table["gene_set"].str.startswith("chance"), "p_adjusted"].min() > 0.02
    assert len(table) == 4 * len(sets)
    given = tl.domain_gene_sets(simulated, gene_sets=sets, markers=markers, min_size=2)
    pd.testing.assert_frame_equal(table, given)


def test_numbers_are_fishers(simulated, markers, sets):
    table = tl.domain_gene_sets(
        simulated, gene_sets=sets, markers=markers, min_size=2, max_p_adjusted=0.2, min_log2_fold_change=0.1
    )
    for row in table.itertuples():
        own = markers[markers["domain"] == row.domain]
        chosen = own[(own["p_adjusted"] <= 0.2) & (own["log2_fold_change"] >= 0.1)]["gene"]
        members = set(sets[row.gene_set]) & set(own["gene"])
        common = [gene for gene in chosen if gene in members]
        assert row.genes == ", ".join(common)
        cells = [
            [len(common), len(members) - len(common)],
            [len(chosen) - len(common), len(own) - len(members) - len(chosen) + len(common)],
        ]
        assert (row.n_common, row.set_size, row.n_markers, row.n_tested) == (
            len(common), len(members), len(chosen), len(own)
        )  # fmt: skip
        assert row.p_value == pytest.approx(stats.fisher_exact(cells, alternative="greater")[1])
        (a, b), (c, d) = np.array(cells) + 0.5
        assert row.log2_odds_ratio == pytest.approx(np.log2(a * d / (b * c)))
    for _, rows in table.groupby("domain"):
        assert rows["p_adjusted"].to_numpy() == pytest.approx(stats.false_discovery_control(rows["p_value"]))


def test_a_domain_without_markers_has_no_set(simulated, markers, sets):
    table = tl.domain_gene_sets(
        simulated, gene_sets=sets, markers=markers, min_size=2, min_log2_fold_change=50
    )
    assert (table["n_common"] == 0).all()
    assert table["p_value"].to_numpy() == pytest.approx(1)
    assert (table["genes"] == "").all()


def test_p_values_of_a_split_are_taken_and_untested_genes_left_out(simulated, markers, sets):
    split = markers.assign(p_adjusted_split=1.0)
    gone = split.index[split["domain"] == split["domain"][0]][:7]
    split.loc[gone, "p_adjusted_split"] = np.nan
    table = tl.domain_gene_sets(simulated, gene_sets=sets, markers=split, min_size=1)
    assert (table["n_markers"] == 0).all()
    n_tested = table.groupby("domain", sort=False)["n_tested"].first()
    assert n_tested.iloc[0] == n_tested.iloc[1] - 7
    lost = set(split.loc[gone, "gene"])
    name = next(name for name in sets if lost & set(sets[name]))
    size = table[table["gene_set"] == name].groupby("domain", sort=False)["set_size"].first()
    assert size.iloc[0] == size.iloc[1] - len(lost & set(sets[name]))


def test_sizes_are_of_tested_genes(simulated, markers, sets):
    padded = {name: [*genes, *(f"absent{i}" for i in range(50))] for name, genes in sets.items()}
    table = tl.domain_gene_sets(simulated, gene_sets=padded, markers=markers, min_size=9, max_size=10)
    assert set(table["set_size"]) <= {9, 10}
    with pytest.raises(InputError, match=r"sets with \d+ to \d+ of the tested genes.*some with 100 to 500"):
        tl.domain_gene_sets(simulated, gene_sets=padded, markers=markers, min_size=100)


def test_a_file_of_sets_and_symbols_in_a_column(simulated, markers, sets, tmp_path):
    path = tmp_path / "sets.gmt"
    path.write_text("".join("\t".join([name, "url", *sets[name], sets[name][0]]) + "\n" for name in sets))
    wanted = tl.domain_gene_sets(simulated, gene_sets=sets, markers=markers)
    pd.testing.assert_frame_equal(tl.domain_gene_sets(simulated, gene_sets=path, markers=markers), wanted)
    adata = simulated.copy()
    adata.var["feature_name"] = adata.var_names.str.upper()
    adata.var_names = "ENSMUSG" + adata.var_names.str.removeprefix("gene")
    coded = markers.assign(gene="ENSMUSG" + markers["gene"].str.removeprefix("gene"))
    with pytest.warns(SpotscapeWarning, match="another case"):
        found = tl.domain_gene_sets(adata, gene_sets=path, markers=coded)
    pd.testing.assert_frame_equal(found.drop(columns="genes"), wanted.drop(columns="genes"))
    with pytest.raises(InputError, match="gene_sets: found no gene"):
        tl.domain_gene_sets(simulated, gene_sets={"x": ["MBP", "PLP1"]}, markers=markers)
    with pytest.raises(InputError, match=r"markers: found 1.* not in the object"):
        tl.domain_gene_sets(simulated, gene_sets=path, markers=coded)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a\tabout\tg1\nb\tabout\n", "line 2 of .* with 2 field"),
        ("a about g1 g2\n", "line 1 of .* with 1 field"),
        ("\n\ta\tg1\n", "line 2 of .* without a name"),
        ("a\tabout\tg1\t\tg2\n", "line 1 of .* with an empty gene in set 'a'"),
        ("a\tx\tg1\nb\tx\tg2\na\tx\tg3\n", "set 'a' in line 1 and in line 3 of"),
        ("", "no list"),
    ],
)
def test_damaged_files_are_said_by_line(simulated, markers, tmp_path, text, words):
    (tmp_path / "sets.gmt").write_text(text)
    with pytest.raises(InputError, match=f"gene_sets: found {words}"):
        tl.domain_gene_sets(simulated, gene_sets=tmp_path / "sets.gmt", markers=markers)


def test_files_that_are_no_text(simulated, tmp_path):
    for name in ("sets.gmt", "sets.csv"):
        (tmp_path / name).write_bytes(b"\x89PNG\xff\xfe\x00")
        with pytest.raises(InputError, match="which is no text"):
            tl.domain_gene_sets(simulated, gene_sets=tmp_path / name, **TRUTH)
    (tmp_path / "sets.csv").write_text("")
    with pytest.raises(InputError, match="which is no table"):
        tl.domain_gene_sets(simulated, gene_sets=tmp_path / "sets.csv", **TRUTH)


def test_bad_arguments_are_refused(simulated, markers, sets):
    with pytest.raises(InputError, match="max_size"):
        tl.domain_gene_sets(simulated, gene_sets=sets, min_size=20, max_size=10)
    with pytest.raises(InputError, match="max_p_adjusted"):
        tl.domain_gene_sets(simulated, gene_sets=sets, max_p_adjusted=2)
    with pytest.raises(InputError, match="markers: found 'x'"):
        tl.domain_gene_sets(simulated, gene_sets=sets, markers="x")
    with pytest.raises(InputError, match="without 'p_adjusted'"):
        tl.domain_gene_sets(simulated, gene_sets=sets, markers=markers.drop(columns="p_adjusted"))
    with pytest.raises(InputError, match="twice in domain"):
        tl.domain_gene_sets(simulated, gene_sets=sets, markers=pd.concat([markers, markers.head(1)]))
    with pytest.raises(InputError, match="spotscape_domain"):
        tl.domain_gene_sets(simulated, gene_sets=sets)
