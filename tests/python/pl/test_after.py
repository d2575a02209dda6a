"""Plots and report sections of what follows a run."""

import anndata as ad
import numpy as np
import pytest
from matplotlib.figure import Figure

from spotscape import datasets, pl, tl
from spotscape._validate import InputError
from spotscape.pl._after import sections

QUICK = {"n_starts": 2}


@pytest.fixture(scope="module")
def followed() -> ad.AnnData:
    """Two slices, one turned, with every verb called."""
    slices = datasets.simulate_slices(n_slices=2, n_spots=300, n_genes=80, n_domains=3, rotation=40, seed=1)
    both = tl.integrate_slices(slices, n_domains=3, config=QUICK, progress=False)
    tl.pseudotime(both, root={"domain": "1"}, n_neighbors=20)
    tl.impute(both, genes=both.var_names[:2])
    tl.align_slices(both, transform="none")
    return both


@pytest.fixture
def aligned(followed) -> ad.AnnData:
    """The same, as if the second slice had been aligned by a known transform."""
    both = followed.copy()
    moved = (both.obs["slice"] == "slice2").to_numpy()
    both.obsm["spatial_aligned"] = both.obsm["spatial"].copy()
    both.obsm["spatial_aligned"][moved] += 10
    record = both.uns["spotscape_alignment"]
    record["transform"] = "rigid"
    record["slices"] = record["slices"].assign(aligned=True, rotation=40.0, overlap=0.9, agreement=0.5)
    return both


def test_pseudotime_has_a_panel_a_slice_and_a_ring_around_the_root(followed):
    axes = pl.pseudotime(followed, ax=list(Figure().subplots(1, 2)))
    assert [ax.get_title() for ax in axes] == ["slice1", "slice2"]
    rings = [line.get_xydata() for ax in axes for line in ax.lines]
    root = followed.uns["spotscape_pseudotime"]["root"]
    np.testing.assert_allclose(rings, [followed[root].obsm["spatial"]])


def test_spots_without_pseudotime_are_grey(followed):
    adata = followed.copy()
    adata.obs["spotscape_pseudotime"] = np.nan
    axes = pl.pseudotime(adata, slices="slice1", ax=Figure().add_subplot())
    colors = axes.collections[0].get_facecolor()
    assert (colors == colors[0]).all()


def test_confidence_has_a_panel_a_slice_and_colours_by_value(followed):
    axes = pl.confidence(followed, ax=list(Figure().subplots(1, 2)))
    assert [ax.get_title() for ax in axes] == ["slice1", "slice2"]
    adata = followed.copy()
    adata.obs["spotscape_confidence"] = np.linspace(0, 1, adata.n_obs)
    colors = pl.confidence(adata, slices="slice1", ax=Figure().add_subplot()).collections[0].get_facecolor()
    assert len(np.unique(colors, axis=0)) > 50


def test_without_confidence_the_plot_says_what_makes_it(followed):
    adata = followed.copy()
    del adata.obs["spotscape_confidence"]
    with pytest.raises(InputError, match=r"spotscape_confidence.*gmm"):
        pl.confidence(adata)


def test_overlay_draws_both_slices_before_and_after(aligned):
    axes = pl.alignment(aligned, ax=list(Figure().subplots(1, 2)))
    assert [ax.get_title() for ax in axes] == ["before", "after"]
    assert [len(ax.collections) for ax in axes] == [2, 2]


@pytest.mark.parametrize("n_lines", [0, 7, 10_000])
def test_a_stack_has_lines_between_matches(aligned, n_lines):
    ax = pl.alignment(aligned, kind="stacked", n_lines=n_lines, ax=Figure().add_subplot())
    lines = ax.collections[-1].get_segments()
    assert len(lines) == min(n_lines, 300)


def test_figures_are_saved(aligned, tmp_path):
    pl.alignment(aligned, save=tmp_path / "overlay.png")
    pl.alignment(aligned, kind="stacked", save=tmp_path / "stack.png")
    pl.pseudotime(aligned, save=tmp_path / "time.png")
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in tmp_path.iterdir())


def test_the_report_tells_of_each(aligned, tmp_path):
    pl.report(aligned, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    for anchor in ("pseudotime", "imputation", "alignment"):
        assert f'<section id="{anchor}">' in page
    assert "Time starts at spot" in page
    assert "Slice slice2 was turned by 40 degrees" in page
    assert "p-values that are far too small" in page


def test_a_report_without_them_has_no_such_section(tmp_path):
    adata = datasets.simulate_slice(n_spots=150, n_genes=60, n_domains=3)
    tl.run_spotscape(adata, n_domains=3, config=QUICK, progress=False)
    pl.report(adata, tmp_path / "report.html")
    assert 'id="pseudotime"' not in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (lambda a: pl.pseudotime(a, key_added="other"), "other_pseudotime.*tl.pseudotime"),
        (lambda a: pl.pseudotime(a, cmap="mud"), "cmap.*'mud'"),
        (lambda a: pl.alignment(a, key_added="other"), "align_slices"),
        (lambda a: pl.alignment(a, kind="pile"), "'overlay', 'stacked'"),
        (lambda a: pl.alignment(a, slice_name="third"), "slice_name.*'slice2'"),
    ],
)
def test_what_is_not_there_is_said(aligned, draw, words):
    with pytest.raises(InputError, match=words):
        draw(aligned)


def test_levels_and_neighbours_are_sections_once_they_are_there(followed):
    adata = followed.copy()
    assert not {"levels", "neighbors"} & {one.anchor for one in sections(adata, "spotscape", "spatial")}
    tl.domain_tree(adata, n_domains=(2, 4))
    tl.domain_neighborhoods(adata, n_permutations=20)
    made = {one.anchor: one for one in sections(adata, "spotscape", "spatial")}
    assert "2 to 4" in made["levels"].sentences[0]
    assert "grown from (3 domains)" in made["levels"].sentences[0]
    assert "spotscape_domain" in made["neighbors"].figures[0][1]
    texts = [text.get_text() for text in made["levels"].figures[0][0].texts]
    assert texts.count("1") == 3  # at each level


def test_cell_types_are_a_section_where_they_are_given(followed, tmp_path):
    adata = followed.copy()
    rng = np.random.default_rng(0)
    inside = adata.obs["spotscape_domain"] == "1"
    adata.obs["cell"] = np.where(rng.random(adata.n_obs) < np.where(inside, 0.9, 0.1), "glia", "neuron")
    found = tl.domain_composition(adata, "cell")
    made = {one.anchor: one for one in sections(adata, "spotscape", "spatial", found)}
    row = found.enrichment.query("domain == '1' and cell_type == 'glia'").iloc[0]
    assert row["p_adjusted"] < 0.05
    more = next(one for one in made["cell-types"].sentences if one.startswith("More than expected"))
    assert f"glia in domain 1 ({row['share']:.0%}, expected {row['expected']:.0%})" in more
    assert "neuron in domain 1" not in more
    same = found._replace(enrichment=found.enrichment.assign(p_adjusted=1.0))
    made = {one.anchor: one for one in sections(adata, "spotscape", "spatial", same)}
    assert made["cell-types"].sentences[-1].startswith("No share differs")
    with pytest.raises(InputError, match="composition: found DataFrame"):
        pl.report(adata, tmp_path / "page.html", composition=found.enrichment)
    assert not list(tmp_path.iterdir())


def test_a_bent_slice_is_said(aligned):
    record = aligned.uns["spotscape_alignment"]
    record["slices"] = record["slices"].assign(bent_by=2.5)
    made = {one.anchor: one for one in sections(aligned, "spotscape", "spatial")}
    assert "bent by 2.5 spot distances" in " ".join(made["alignment"].sentences)
