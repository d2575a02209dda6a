"""Which whole numbers are raw counts: known names first, then what they are; two that may be are refused."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pytest
from scipy import sparse
from scipy.stats import rankdata

from spotscape._progress import epoch_lines
from spotscape._validate import InputError
from spotscape.datasets import simulate_slice, simulate_slices
from spotscape.pp import find_counts
from spotscape.tl import integrate_slices, run_spotscape

COUNTS = np.random.default_rng(0).negative_binomial(2, 0.4, (120, 80)).astype("float32")


def part(share):
    return np.random.default_rng(1).binomial(COUNTS.astype(int), share).astype("float32")


def scaled():
    return np.round(COUNTS / COUNTS.sum(axis=1, keepdims=True) * 1e4)


DECOYS = {
    "ambiguous": part(0.03),
    "spliced": part(0.7),
    "detected": (COUNTS > 0).astype("float32"),
    "ranks": rankdata(COUNTS, axis=1, method="ordinal"),
    "rounded": scaled(),
    "binned": np.digitize(COUNTS, [1, 3, 6]).astype("float32"),
}


def holding(**layers):
    adata = ad.AnnData(np.log1p(COUNTS))
    for name, values in layers.items():
        adata.layers[name] = sparse.csr_matrix(values)
    return adata


@pytest.mark.parametrize("decoy", DECOYS)
@pytest.mark.parametrize("place", ["X", "counts", "raw", "raw_counts", "UMI", "adata.raw"])
def test_counts_are_found_beside_what_looks_like_them(decoy, place):
    adata = holding(**{decoy: DECOYS[decoy]})
    if place == "X":
        adata.X = COUNTS
    elif place == "adata.raw":
        adata.raw = ad.AnnData(COUNTS)
    else:
        adata.layers[place] = COUNTS
    assert np.array_equal(find_counts(adata).matrix.toarray(), COUNTS)


@pytest.mark.parametrize("decoy", ["detected", "ranks", "rounded"])
def test_x_that_is_no_counts_gives_way_to_them(decoy):
    adata = holding(counts=COUNTS)
    adata.X = DECOYS[decoy]
    assert find_counts(adata).source == "layers['counts']"
    del adata.layers["counts"]
    adata.layers["mine"] = COUNTS
    assert find_counts(adata).source == "layers['mine']"


def test_parts_give_way_to_the_whole():
    assert find_counts(holding(a=part(0.5), b=COUNTS)).source == "layers['b']"
    assert find_counts(holding(spliced=part(0.7), all=COUNTS)).source == "layers['all']"


def test_two_that_may_be_counts_are_both_listed():
    other = np.random.default_rng(5).poisson(3, COUNTS.shape).astype("float32")
    with pytest.raises(InputError, match=r"layers\['a'\] \([\d,]+ in all\) and layers\['b'\].*layer='a'"):
        find_counts(holding(a=COUNTS, b=other))
    assert find_counts(holding(a=COUNTS, b=other), layer="b").source == "layers['b']"


def test_the_only_whole_numbers_are_taken():
    for name, values in DECOYS.items():
        assert find_counts(holding(**{name: values})).source == f"layers[{name!r}]"


def test_what_was_taken_is_said():
    said = find_counts(holding(counts=COUNTS)).describe()
    assert said.startswith(f"counts from layers['counts']: {COUNTS.sum():,.0f} in all")


def test_a_run_says_which_counts_it_takes(capsys):
    adata = simulate_slice(n_spots=150, n_genes=60, n_domains=3)
    adata.layers["umi"] = adata.X.copy()
    adata.X = np.log1p(adata.X.toarray())
    total, lines = adata.layers["umi"].sum(), []
    run_spotscape(adata, n_domains=3, config={"n_starts": 1}, progress=epoch_lines(lines.append))
    assert lines == [find_counts(adata).describe()]
    assert lines[0].startswith(f"counts from layers['umi']: {total:,.0f} in all")
    assert adata.uns["spotscape"]["counts"]["place"] == "layers['umi']"
    run_spotscape(adata, n_domains=3, config={"n_starts": 1})
    assert capsys.readouterr().err == f"spotscape: {lines[0]}\n"
    run_spotscape(adata, n_domains=3, config={"n_starts": 1}, progress=False)
    assert not capsys.readouterr().err


@pytest.mark.parametrize("everywhere", [True, False])
def test_slices_of_a_list_may_have_them_in_a_layer(everywhere):
    slices = simulate_slices(n_slices=2, n_spots=120, n_genes=60, n_domains=3)
    plain = integrate_slices(slices, n_domains=3, config={"n_starts": 1}, progress=False)
    for one in slices[: 2 if everywhere else 1]:
        one.layers["mine"] = one.X.copy()
        one.X = np.log1p(one.X.toarray())
    layer = "mine" if everywhere else None
    both = integrate_slices(
        dict(zip("ab", slices, strict=True)), n_domains=3, layer=layer, config={"n_starts": 1}, progress=False
    )
    assert np.array_equal(both.obsm["X_spotscape"], plain.obsm["X_spotscape"])
    said = "layers['mine']" if everywhere else "layers['mine'] of a, X of b"
    assert both.uns["spotscape"]["counts"]["place"] == said
