"""The tree of domains in an object: names, levels as columns, what is kept, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from spotscape import io, tl
from spotscape._validate import InputError
from spotscape.config import SpotscapeConfig


@pytest.fixture
def grouped():
    """Sixty spots in six clear groups, two of them near each other; the domains of a run are five."""
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(6), 10)
    centres = np.vstack([np.eye(5) * 30, np.eye(5)[4] * 38])
    adata = AnnData(np.ones((60, 2), dtype="float32"))
    adata.obsm["X_spotscape"] = (centres[group] + rng.normal(size=(60, 5))).astype("float32")
    adata.obs["group"] = pd.Categorical(group)
    tl.spatial_domains(adata, n_domains=5)
    return adata


def level(adata, number):
    tl.cut_domain_tree(adata, n_domains=number)
    return adata.obs[f"spotscape_domain_{number}"]


def test_the_domains_at_hand_are_a_level_and_names_stay(grouped):
    tl.domain_tree(grouped, n_domains=(2, 8))
    tree = grouped.uns["spotscape_tree"]
    assert tree["n_domains"].tolist() == list(range(2, 9))
    assert (tree["grown_from"], tree["domain_key"]) == (5, "spotscape_domain")
    pd.testing.assert_series_equal(level(grouped, 5), grouped.obs["spotscape_domain"], check_names=False)
    six = level(grouped, 6)
    assert list(six.cat.categories) == ["1", "2", "3", "4", "5", "6"]
    assert pd.crosstab(six, grouped.obs["group"]).astype(bool).sum().tolist() == [1] * 6
    assert list(level(grouped, 8).cat.categories) == [str(number) for number in range(1, 9)]
    for number in range(2, 8):
        fewer, more = level(grouped, number), level(grouped, number + 1)
        assert fewer.nunique() == number
        assert (pd.crosstab(more, fewer) > 0).sum(axis=1).tolist() == [1] * (number + 1)
        assert set(fewer.cat.categories) < set(more.cat.categories)


def test_a_cut_looks_at_neither_embedding_nor_counts_and_works_on_a_part(grouped, tmp_path):
    tl.domain_tree(grouped)
    whole = level(grouped, 3)
    io.write(grouped, tmp_path / "tree.h5ad")
    read = io.read(tmp_path / "tree.h5ad")
    del read.obsm["X_spotscape"]
    part = read[10:40].copy()
    pd.testing.assert_series_equal(
        level(part, 3), whole[10:40].cat.remove_unused_categories(), check_names=False
    )
    tl.cut_domain_tree(read, n_domains=[2, 4])
    assert {"spotscape_domain_2", "spotscape_domain_4"} <= set(read.obs)


def test_domains_of_other_names_and_spots_without_one(grouped):
    grouped.obs["layer"] = grouped.obs["spotscape_domain"].map(dict(zip("12345", "ABCDE", strict=True)))
    grouped.obs.loc[grouped.obs_names[:3], "layer"] = np.nan
    tl.domain_tree(grouped, n_domains=(3, 6), domain_key="layer")
    leaves = grouped.uns["spotscape_tree"]["leaves"].tolist()
    assert leaves[:5] == list("ABCDE")
    assert leaves[5] == "A.2"  # the largest one holds two groups
    assert level(grouped, 6).isna().tolist() == [True] * 3 + [False] * 57


def test_a_copy_leaves_the_object_alone_and_colours_go_with_the_names(grouped):
    before = set(grouped.obs), set(grouped.uns)
    made = tl.domain_tree(grouped, n_domains=(2, 6), copy=True)
    assert (set(grouped.obs), set(grouped.uns)) == before
    colors = ["#000001", "#000002", "#000003", "#000004", "#000005", "#000006"]
    made.uns["spotscape_leaf_colors"] = colors
    cut = tl.cut_domain_tree(made, n_domains=2, copy=True)
    assert "spotscape_domain_2" not in made.obs
    names = [int(name) for name in cut.obs["spotscape_domain_2"].cat.categories]
    assert cut.uns["spotscape_domain_2_colors"] == [colors[name - 1] for name in names]
    tl.domain_tree(made, n_domains=(2, 3))
    assert "spotscape_leaf_colors" not in made.uns
    assert made.uns["spotscape_tree"]["n_domains"].tolist() == [2, 3, 4, 5]  # on to the domains at hand


def test_a_new_run_takes_the_tree_of_the_old_one_away(tissue):
    tissue.obsm["X_spotscape"] = tissue.obsm["spatial"]
    tl.domain_tree(tissue, n_domains=(2, 5), domain_key="ground_truth")
    assert "spotscape_leaf" in tissue.obs
    tl.run_spotscape(tissue, n_domains=3, config=SpotscapeConfig(n_starts=2), progress=False)
    assert "spotscape_tree" not in tissue.uns
    assert "spotscape_leaf" not in tissue.obs


@pytest.mark.parametrize("n_domains", [5, (2,), (1, 4), (6, 3), (2, 61), "25", (2.5, 4)])
def test_ranges_that_are_none_are_named(grouped, n_domains):
    before = set(grouped.obs), set(grouped.uns)
    with pytest.raises(InputError, match=r"^n_domains: found"):
        tl.domain_tree(grouped, n_domains=n_domains)
    assert (set(grouped.obs), set(grouped.uns)) == before


def test_what_is_not_there_is_named(grouped):
    with pytest.raises(InputError, match=r"spotscape_tree.*domain_tree"):
        tl.cut_domain_tree(grouped, n_domains=3)
    with pytest.raises(InputError, match=r"^adata.obs\['region'\]: found nothing there"):
        tl.domain_tree(grouped, domain_key="region")
    grouped.obs["one"] = "a"
    with pytest.raises(InputError, match=r"found 1 domain\(s\)"):
        tl.domain_tree(grouped, domain_key="one")
    tl.domain_tree(grouped, n_domains=(3, 6))
    for number in (2, 7, True, [], [4, 9]):
        with pytest.raises(InputError, match=r"^n_domains: found"):
            tl.cut_domain_tree(grouped, n_domains=number)
    assert not [name for name in grouped.obs if name.startswith("spotscape_domain_")]
    grouped.obs["spotscape_leaf"] = "none of these"
    with pytest.raises(InputError, match="which is no leaf of"):
        tl.cut_domain_tree(grouped, n_domains=3)
    del grouped.obs["spotscape_leaf"]
    with pytest.raises(InputError, match=r"^adata.obs\['spotscape_leaf'\]: found nothing there"):
        tl.cut_domain_tree(grouped, n_domains=3)
