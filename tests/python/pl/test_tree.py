"""The tree of domains as a figure."""

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from spotscape import tl
from spotscape._validate import InputError
from spotscape.pl import domain_tree, spatial_domains


@pytest.fixture
def grown(run):
    tl.domain_tree(run, n_domains=(2, 6))
    return run


def nodes_of(ax):
    """Name, place and colour of each node, row by row."""
    rows = [one for one in ax.collections if isinstance(one, matplotlib.collections.PathCollection)]
    names = iter(text.get_text() for text in ax.texts)
    return [
        [
            (next(names), float(x), float(y), to_hex(color))
            for (x, y), color in zip(row.get_offsets(), row.get_facecolors(), strict=True)
        ]
        for row in rows
    ]


def lines_of(ax):
    return [one for one in ax.collections if isinstance(one, matplotlib.collections.LineCollection)]


def test_a_row_for_each_level_a_node_for_each_domain_and_no_line_crosses(grown):
    ax = Figure().add_subplot()
    domain_tree(grown, ax=ax, title="how many")
    rows = nodes_of(ax)
    assert [len(row) for row in rows] == [2, 3, 4, 5, 6]
    assert [{y for _, _, y, _ in row} for row in rows] == [{float(number)} for number in range(5)]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["2", "3", "4", "5", "6"]
    assert {name for name, *_ in rows[1]} == {"1", "2", "3"}
    for lines, row in zip(lines_of(ax), rows[1:], strict=True):
        ends = sorted((tuple(segment[1]), tuple(segment[0])) for segment in lines.get_segments())
        assert [end for end, _ in ends] == sorted((x, y) for _, x, y, _ in row)
        parents = [start[0] for _, start in ends]
        assert parents == sorted(parents)
    widths = lines_of(ax)[-1].get_linewidths()
    leaves = grown.obs["spotscape_leaf"].value_counts(sort=False).to_numpy() / grown.n_obs
    np.testing.assert_allclose(widths, 0.8 + 22 * leaves)
    assert ax.get_title() == "how many"


def test_domains_have_the_colours_of_their_maps(grown):
    spatial_domains(grown, ax=Figure().add_subplot())
    of_map = grown.uns["spotscape_domain_colors"]
    tree, five, two = domain_tree(grown, maps=[5, 2], ax=Figure().subplots(1, 3))
    colors = {name: color for row in nodes_of(tree) for name, *_, color in row}
    assert [colors[name] for name in "123"] == [color.lower() for color in of_map]
    assert len(set(colors.values())) == 6
    assert grown.uns["spotscape_leaf_colors"] == [colors[name] for name in "123456"]
    tl.cut_domain_tree(grown, n_domains=2)
    names = list(grown.obs["spotscape_domain_2"].cat.categories)
    assert grown.uns["spotscape_domain_2_colors"] == [colors[name] for name in names]
    assert [one.get_title() for one in (five, two)] == ["5 domains", "2 domains"]
    assert {text.get_text() for text in two.texts} == set(names)


def test_slices_have_a_map_each_and_a_file_is_written(integrated, tmp_path):
    tl.domain_tree(integrated, n_domains=(2, 4))
    drawn = domain_tree(integrated, maps=2, save=tmp_path / "tree.png")
    assert [ax.get_title() for ax in drawn[1:]] == [f"2 domains, {name}" for name in ("left", "mid", "right")]
    assert (tmp_path / "tree.png").is_file()


def test_what_is_not_there_is_named(run):
    with pytest.raises(InputError, match=r"spotscape_tree.*domain_tree"):
        domain_tree(run)
    tl.domain_tree(run, n_domains=(2, 4))
    with pytest.raises(InputError, match=r"^maps: found 5"):
        domain_tree(run, maps=[3, 5])
    before = set(run.uns)
    with pytest.raises(InputError, match="ax: found 1 axes"):
        domain_tree(run, maps=3, ax=Figure().add_subplot())
    assert set(run.uns) == before
    run.obs["spotscape_leaf"] = "x"
    with pytest.raises(InputError, match="which is no leaf of"):
        domain_tree(run)
