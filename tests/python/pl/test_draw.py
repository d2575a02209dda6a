import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from spotscape.pl._draw import deepest_points, draw_legend, draw_names, spot_colors, spot_shape
from spotscape.pl._palette import MISSING


def hexagonal(n=12, step=100.0):
    row, column = np.divmod(np.arange(n * n), n)
    return np.stack([(column + 0.5 * (row % 2)) * step, row * step * np.sqrt(3) / 2], axis=1)


def square(n=12, step=8.0):
    return np.stack(np.divmod(np.arange(n * n), n), axis=1) * step


def turned(xy, degrees):
    angle = np.deg2rad(degrees)
    return xy @ np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e4])
@pytest.mark.parametrize(
    ("xy", "size", "is_square"),
    [
        (hexagonal(), 95.0, False),
        (turned(hexagonal(), 17), 95.0, False),
        (square(), 8.0, True),
        (turned(square(), 17), 7.6, False),
    ],
    ids=["hexagonal", "hexagonal turned", "square", "square turned"],
)
def test_spots_of_grids_fill_the_tissue_in_any_unit(xy, size, is_square, unit):
    shape = spot_shape(xy * unit)
    assert shape.size == pytest.approx(size * unit)
    assert shape.square == is_square


def test_free_cells_are_discs_near_the_distance_of_neighbours():
    xy = np.random.default_rng(0).random((400, 2)) * 1000
    shape = spot_shape(xy)
    assert not shape.square
    assert 20 < shape.size < 50  # mean nearest-neighbour distance of 400 random points in 1000 x 1000: 25


@pytest.mark.parametrize("xy", [[[3.0, 4.0]], [[1.0, 1.0], [1.0, 1.0]]], ids=["one spot", "all in one place"])
def test_spots_without_a_distance_still_have_a_size(xy):
    assert spot_shape(np.array(xy)).size > 0


def test_a_doubled_position_does_not_make_spots_vanish():
    xy = hexagonal()
    assert spot_shape(np.concatenate([xy, xy[:3]])).size == pytest.approx(95.0)


def test_names_lie_inside_their_domain_and_inside_the_tissue():
    xy = square(20, 1.0)
    labels = pd.Categorical(np.where(xy[:, 0] < 5, "left", "right"))
    places = deepest_points(xy, labels)
    assert set(places) == {"left", "right"}
    assert places["left"][0] in (2, 3)
    assert 4 <= places["left"][1] <= 15
    assert 9 <= places["right"][0] <= 15


def test_a_ring_is_named_on_the_ring_and_not_in_its_hole():
    xy = square(21, 1.0)
    radius = np.linalg.norm(xy - 10, axis=1)
    labels = pd.Categorical(np.select([radius < 4, radius < 8], ["core", "ring"], "outside"))
    assert 4 <= np.linalg.norm(deepest_points(xy, labels)["ring"] - 10) < 8


def test_categories_without_a_spot_get_no_name_and_no_legend_entry():
    labels = pd.Categorical(["a", "a", None], categories=["a", "empty"])
    assert list(deepest_points(np.array([[0.0, 0], [1, 0], [2, 0]]), labels)) == ["a"]
    ax = Figure().add_subplot()
    draw_legend(ax, labels, ["#111111", "#222222"], "domain")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "unlabelled"]


def test_spots_without_a_label_are_grey():
    labels = pd.Categorical(["b", None, "a"], categories=["a", "b"])
    assert spot_colors(labels, ["#111111", "#222222"]).tolist() == ["#222222", MISSING, "#111111"]


@pytest.mark.parametrize("name", ["$x^", "_hidden", "<b>&amp;"])
def test_names_are_drawn_as_written(name):
    ax = Figure().add_subplot()
    draw_names(ax, {name: np.zeros(2)})
    draw_legend(ax, pd.Categorical([name]), ["#111111"], name)
    ax.figure.canvas.draw()
    assert ax.get_legend().get_texts()[0].get_text() == name
