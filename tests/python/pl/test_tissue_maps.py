"""Several maps of the tissue in one figure."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot
from matplotlib.collections import EllipseCollection, PolyCollection
from matplotlib.colors import to_hex, to_rgba
from matplotlib.figure import Figure

from spotscape._validate import InputError
from spotscape.pl import _tissue_maps, tissue_maps
from spotscape.pl._palette import MISSING, PALETTE
from spotscape.pl._scale_bar import bar_length


@pytest.fixture
def run(run):
    """Discs and not squares, so that a collection of polygons is a pie."""
    run.obsm["spatial"] = run.obsm["spatial"] @ np.array([[0.8, 0.6], [-0.6, 0.8]])
    return run


def axes_of(n: int) -> list:
    figure = Figure()
    return [figure.add_subplot(1, n, i + 1) for i in range(n)]


def colors_of(ax) -> np.ndarray:
    return ax.collections[0].get_facecolors()


def bar_of(ax) -> list:
    return [line for line in ax.lines if line.get_gid() == "scale_bar"]


def test_each_name_is_drawn_as_what_it_is(run):
    run.obs["spotscape_confidence"] = np.linspace(0.2, 0.9, run.n_obs)
    run.obs["depth"] = [np.nan, *np.linspace(-3, 5, run.n_obs - 1)]
    run.obsm["parts"] = pd.DataFrame({"a": [0.0, 1.0] * 72, "b": [0.0, 3.0] * 72}, index=run.obs_names)
    panels = ["domain", "confidence", "depth", "gene0", "parts", "parts:b"]
    axes = tissue_maps(run, panels=panels, ax=axes_of(6))
    assert [ax.get_title() for ax in axes] == panels
    domain, confidence, depth, gene, pies, part = axes
    stored = dict(zip("123", run.uns["spotscape_domain_colors"], strict=True))
    assert [to_hex(c).upper() for c in colors_of(domain)] == [stored[d] for d in run.obs["spotscape_domain"]]
    viridis = pyplot.get_cmap("viridis")
    np.testing.assert_allclose(colors_of(confidence)[0], viridis(0.2), atol=0.01)
    np.testing.assert_allclose(colors_of(depth)[[0, 1, -1]], [to_rgba(MISSING), viridis(0.0), viridis(1.0)])
    counts = run.X.toarray()
    expected = np.log1p(counts[:, 0] / counts.sum(axis=1) * 1e4)
    np.testing.assert_allclose(colors_of(gene), viridis(expected / expected.max()), atol=0.01)
    np.testing.assert_allclose(colors_of(part)[:2], viridis([0.0, 1.0]))
    discs, first, second = pies.collections
    assert isinstance(discs, EllipseCollection)
    assert len(discs.get_offsets()) == 72
    assert to_hex(colors_of(pies)[0]).upper() == MISSING
    for piece, share, color in ((first, 0.25, PALETTE[0]), (second, 0.75, PALETTE[1])):
        assert isinstance(piece, PolyCollection)
        assert to_hex(piece.get_facecolors()[0]).upper() == color
        corners = piece.get_paths()[0].vertices[:-1]
        x, y = corners.T
        area = 0.5 * abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))
        assert area == pytest.approx(share * np.pi * (0.95 * 10 / 2) ** 2, rel=0.02)


def test_without_names_it_is_the_domains_and_their_confidence_if_there(run):
    assert tissue_maps(run, ax=axes_of(1)).get_title() == "domain"
    run.obs["spotscape_confidence"] = 0.5
    assert [ax.get_title() for ax in tissue_maps(run, ax=axes_of(2))] == ["domain", "confidence"]


def test_a_layer_is_drawn_as_it_is(run):
    run.layers["own"] = np.zeros(run.shape)
    run.layers["own"][0, 1] = 7
    ax = tissue_maps(run, panels="gene1", layer="own", ax=axes_of(1))
    np.testing.assert_allclose(colors_of(ax)[[0, 1]], pyplot.get_cmap("viridis")([1.0, 0.0]))
    bar = ax.figure.axes[-1]
    assert (bar.get_ylim(), bar.get_ylabel()) == ((0.0, 7.0), "layer 'own'")


def test_without_counts_a_gene_is_x_as_it_is(run):
    run.X = run.X * 0.5
    ax = tissue_maps(run, panels="gene1", ax=axes_of(1))
    assert ax.figure.axes[-1].get_ylabel() == "X"
    assert ax.figure.axes[-1].get_ylim()[1] == run.X[:, 1].max()


def test_of_many_spots_a_pie_is_the_colour_of_its_largest_part(run, monkeypatch):
    monkeypatch.setattr(_tissue_maps, "PIES_UP_TO", 100)
    run.obsm["parts"] = np.array([[0.2, 0.8], [0.9, 0.1], [0.0, 0.0]] * 48)
    ax = tissue_maps(run, panels="parts", ax=axes_of(1))
    assert [to_hex(c).upper() for c in colors_of(ax)[:3]] == [PALETTE[1], PALETTE[0], MISSING]


def test_names_are_written_on_regions_and_not_on_scattered_groups(run):
    run.obs["type"] = np.random.default_rng(0).choice(list("abcd"), run.n_obs)
    domain, scattered = tissue_maps(run, panels=["domain", "type"], ax=axes_of(2))
    assert sorted(text.get_text() for text in domain.texts) == ["1", "2", "3"]
    assert not scattered.texts
    assert not tissue_maps(run, names=False, ax=axes_of(1)).texts


@pytest.mark.parametrize(("width", "length"), [(4000, 1000), (3999, 500), (90, 20), (2.1, 0.5)])
def test_a_bar_is_round_and_up_to_a_quarter(width, length):
    assert bar_length(width) == pytest.approx(length)


def test_a_scale_bar_is_as_long_as_it_says(run):
    assert not bar_of(tissue_maps(run, ax=axes_of(1)))
    run.uns["micrometres_per_unit"] = 10.0
    first, second = tissue_maps(run, panels=["domain", "gene0"], ax=axes_of(2))
    (bar,) = bar_of(first)
    assert not bar_of(second)
    assert np.ptp(bar.get_xdata()) * 10.0 == pytest.approx(200)
    assert [text.get_text() for text in first.texts if "µm" in text.get_text()] == ["200 µm"]
    assert not bar_of(tissue_maps(run, scale_bar=False, ax=axes_of(1)))


class TestSeveralSlices:
    def test_each_is_a_row_with_one_scale_of_colours(self, integrated):
        integrated.obs["depth"] = np.linspace(0, 1, integrated.n_obs)
        axes = tissue_maps(integrated, panels=["domain", "depth"], ax=axes_of(6))
        assert [len(colors_of(ax)) for ax in axes] == [144, 144, 144, 144, 72, 72]
        assert [ax.get_title() for ax in axes] == ["domain", "depth", "", "", "", ""]
        rotated = [[text.get_text() for text in ax.texts if text.get_rotation() == 90] for ax in axes]
        assert rotated == [["left"], [], ["mid"], [], ["right"], []]
        ends = [colors_of(axes[1])[0], colors_of(axes[5])[-1]]
        np.testing.assert_allclose(ends, pyplot.get_cmap("viridis")([0.0, 1.0]))
        assert [ax.get_legend() is not None for ax in axes] == [True, False, False, False, False, False]

    def test_where_the_unit_is_known_all_are_at_one_scale(self, integrated, tmp_path):
        widths = lambda axes: {round(np.ptp(ax.get_ylim()), 6) for ax in axes}  # noqa: E731
        assert len(widths(tissue_maps(integrated, ax=axes_of(3)))) == 2
        integrated.uns["micrometres_per_unit"] = 1.0
        axes = tissue_maps(integrated, save=tmp_path / "maps.png")
        assert len(widths(axes)) == 1
        assert [len(bar_of(ax)) for ax in axes] == [0, 0, 1]
        assert (tmp_path / "maps.png").stat().st_size > 1000

    def test_some_of_them(self, integrated):
        axes = tissue_maps(integrated, panels=["domain", "gene0"], slices="right", ax=axes_of(2))
        assert [len(colors_of(ax)) for ax in axes] == [72, 72]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"panels": ["gene00"]}, r"panels: found 'gene00'.*Did you mean 'gene0'"),
        ({"panels": ["confidence"]}, r"panels.*spotscape_confidence.*run_spotscape"),
        ({"panels": []}, "panels"),
        ({"panels": [3]}, "panels"),
        ({"panels": ["empty"]}, "no number in 'empty'"),
        ({"panels": ["parts:c"]}, r"panels: found column 'c' of obsm\['parts'\].*'a', 'b'"),
        ({"panels": ["below"]}, r"obsm\['below'\].*negative"),
        ({"panels": ["gene0"], "layer": "imputed"}, "layer"),
        ({"key_added": "other"}, r"adata\.obs\['other_domain'\]"),
        ({"cmap": "pastel"}, "cmap"),
        ({"alpha": 2}, "alpha"),
        ({"scale_bar": 1}, "scale_bar"),
        ({"save": "maps.docx"}, "save"),
        ({"slices": "left"}, "slices"),
    ],
)
def test_bad_input_is_named_and_nothing_changed(run, arguments, message):
    run.obs["empty"] = np.nan
    run.obsm["parts"] = pd.DataFrame({"a": 0.5, "b": 0.5}, index=run.obs_names)
    run.obsm["below"] = -np.ones((run.n_obs, 2))
    before = set(run.uns)
    with pytest.raises(InputError, match=message):
        tissue_maps(run, **arguments)
    assert set(run.uns) == before
    assert pyplot.get_fignums() == []
