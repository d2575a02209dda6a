"""The tree of domains: which domain becomes which as there are more of them, and maps of some levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from anndata import AnnData
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import is_color_like, to_hex
from matplotlib.patheffects import withStroke

from spotscape import _keys
from spotscape._docs import filled
from spotscape._validate import check_integer, input_error
from spotscape.pl._draw import deepest_points, draw_names, spot_colors
from spotscape.pl._figure import (
    as_plain_text,
    check_save,
    one_or_all,
    open_panels,
    save_figure,
    unchanged_if_it_fails,
)
from spotscape.pl._palette import PALETTE
from spotscape.pl._read import domain_colors, read_coordinates, read_labels, read_slice_names
from spotscape.pl._spatial import draw_panel

_SMALLEST, _LARGEST = 90.0, 1500.0
"""Area of a node, in square points, of no spots and of all of them."""
_WIDEST = 22.0
"""Of a link that all spots share, in points."""
_GROW_FIRST = "Call spotscape.tl.domain_tree(adata) first."


_SHORT = 4
"""Characters of a name that has room at every level."""


class _Drawn(NamedTuple):
    """A tree to draw: names of leaves, levels x leaves (numbers of leaves), and the leaf of each spot."""

    names: list[str]
    numbers: list[int]
    levels: np.ndarray
    leaves: np.ndarray
    grown_from: int
    column: str


@unchanged_if_it_fails
@filled()
def domain_tree(
    adata: AnnData,
    *,
    maps: Sequence[int] | int | None = None,
    key_added: str = _keys.KEY_ADDED,
    slice_key: str | None = None,
    spatial_key: str = _keys.SPATIAL,
    title: str | None = None,
    ax: Axes | Sequence[Axes] | None = None,
    save: str | PathLike[str] | None = None,
) -> Axes | list[Axes]:
    """Draw the tree of domains, and maps of some of its levels beside it.

    A row is a level, from few domains at the top to many at the bottom. The grey row is the one that the
    tree was grown from. A node is a domain, as large as its share of the spots. A line leads to what becomes
    of it, as wide as the spots that go there.

    Parameters
    ----------
    adata
        Object after `spotscape.tl.domain_tree`.
    maps
        Numbers of domains whose maps are drawn, such as ``[5, 7]``; None for none.
    key_added
        {key_added}
    slice_key
        Name in ``obs`` of the slices, for the maps. None: that of the run, if it put several into one space.
    spatial_key
        Name of the coordinates in ``obsm``, for the maps.
    title
        Title of the tree.
    ax
        Axes to draw on, first that of the tree, then one for each map (of each slice); new ones by default
        (see `spotscape.pl.spatial_domains`).
    save
        {save}

    Returns
    -------
    matplotlib.axes.Axes, or with ``maps`` a list of them

    Raises
    ------
    InputError
        If the object holds no tree, ``maps`` names a level that it does not have, or ``save`` cannot be
        written.

    Notes
    -----
    Domains have the colours of their map. ``uns["<key_added>_leaf_colors"]`` is written as
    `spotscape.pl.spatial_domains` writes colours.

    Examples
    --------
    >>> import numpy as np
    >>> from matplotlib.figure import Figure
    >>> from spotscape import datasets, pl, tl
    >>> adata = datasets.simulate_slice(n_spots=200, n_genes=50, n_domains=4)
    >>> adata.obsm["X_spotscape"] = np.eye(4)[adata.obs["ground_truth"].cat.codes]
    >>> adata.obsm["X_spotscape"] += np.random.default_rng(0).normal(size=(200, 4))
    >>> tl.domain_tree(adata, n_domains=(2, 6), domain_key="ground_truth")
    >>> tree, map_of_3 = pl.domain_tree(adata, maps=3, ax=Figure().subplots(1, 2))
    >>> tree.get_ylabel()
    'number of domains'
    """
    check_save(save)
    tree = _read_tree(adata, key_added)
    shown = _check_maps(maps, tree)
    of, names = read_slice_names(adata, key_added, slice_key) if shown else (None, [])
    xy = read_coordinates(adata, spatial_key) if shown else None
    panels = [(name, np.flatnonzero(of == name)) for name in names] or [("", np.arange(adata.n_obs))]
    colors = _tree_colors(adata, tree, key_added, spatial_key)
    axes = open_panels(ax, save, 1 + len(shown) * len(panels), (5.5, 5.5))
    _draw_tree(axes[0], tree, colors)
    as_plain_text([axes[0].set_title(title or "")])
    each = [(number, name, spots) for number in shown for name, spots in panels]
    for one, (number, name, spots) in zip(axes[1:], each, strict=True):
        labels = _level(tree, number)[spots]
        draw_panel(one, xy[spots], spot_colors(labels, colors), None, None, 1.0)
        draw_names(one, deepest_points(xy[spots], labels))
        as_plain_text([one.set_title(f"{number} domains" + (f", {name}" if name else ""))])
    save_figure(axes[0], save)
    return one_or_all(axes)


def _read_tree(adata: AnnData, key_added: str) -> _Drawn:
    """Return the tree, or raise where there is none of these spots."""
    key, column = _keys.tree(key_added), _keys.leaf(key_added)
    record = adata.uns.get(key)
    if not isinstance(record, Mapping) or not {"n_domains", "leaves", "levels"} <= set(record):
        raise input_error(f"adata.uns[{key!r}]", "nothing there", "a tree of domains", _GROW_FIRST)
    labels = read_labels(adata, column)
    names = [str(name) for name in np.atleast_1d(record["leaves"])]
    at = pd.Index(names).get_indexer(labels.categories)
    if (at < 0).any():
        found = f"{str(labels.categories[at < 0][0])!r}, which is no leaf of adata.uns[{key!r}]"
        raise input_error(f"adata.obs[{column!r}]", found, "the leaves of that tree", _GROW_FIRST)
    numbers = [int(number) for number in np.atleast_1d(record["n_domains"])]
    levels = np.asarray(record["levels"]).reshape(len(numbers), len(names)).astype(np.int64)
    leaves = np.append(at, -1)[labels.codes]
    grown_from = int(record.get("grown_from", 0))
    return _Drawn(names, numbers, levels, leaves, grown_from, str(record.get("domain_key", "")))


def _check_maps(maps: Any, tree: _Drawn) -> list[int]:
    """Return the levels to draw as maps."""
    several = isinstance(maps, Sequence | np.ndarray) and not isinstance(maps, str)
    asked = [] if maps is None else list(maps) if several else [maps]
    low, high = tree.numbers[0], tree.numbers[-1]
    return [check_integer("maps", number, low, high, "The tree has these levels.") for number in asked]


def _level(tree: _Drawn, number: int) -> pd.Categorical:
    """Return the domains of the spots at a level; categories are the names of all leaves."""
    codes = np.append(tree.levels[tree.numbers.index(number)], -1)[tree.leaves]
    return pd.Categorical.from_codes(codes, tree.names)


def _tree_colors(adata: AnnData, tree: _Drawn, key_added: str, spatial_key: str) -> list[str]:
    """Return one colour a leaf: those in ``uns`` where they fit, else those of the domains and further."""
    key = _keys.colors(_keys.leaf(key_added))
    stored = [str(color) for color in adata.uns.get(key, [])]
    if len(stored) == len(tree.names) and all(is_color_like(color) for color in stored):
        return [to_hex(color) for color in stored]
    known: dict[str, str] = {}
    if tree.column in adata.obs:
        labels = read_labels(adata, tree.column)
        known = dict(
            zip(labels.categories, domain_colors(adata, tree.column, labels, spatial_key), strict=True)
        )
    used = {color.lower() for color in known.values()}
    free = [color for color in PALETTE if color.lower() not in used] or list(PALETTE)
    others = [name for name in tree.names if name not in known]
    known |= {name: free[number % len(free)] for number, name in enumerate(others)}
    colors = [to_hex(known[name]) for name in tree.names]
    if not adata.is_view:
        adata.uns[key] = colors
    return colors


def _draw_tree(ax: Axes, tree: _Drawn, colors: list[str]) -> None:
    """Draw levels as rows, domains as nodes, and what becomes of them as lines."""
    n_leaves = len(tree.names)
    place = np.empty(n_leaves)
    place[np.lexsort(tree.levels[::-1])] = np.arange(n_leaves)  # no line crosses another
    sizes = np.bincount(tree.leaves[tree.leaves >= 0], minlength=n_leaves) / max(1, (tree.leaves >= 0).sum())
    short = max(map(len, tree.names)) <= _SHORT  # longer ones stand where a domain appears, or they overlap
    halo = [withStroke(linewidth=2, foreground="white")]
    above: dict[int, tuple[float, float]] = {}
    for row, (number, level) in enumerate(zip(tree.numbers, tree.levels, strict=True)):
        if number == tree.grown_from:
            ax.axhspan(row - 0.5, row + 0.5, color="#eeeeee", linewidth=0, zorder=0)
        nodes = {int(node): (float(place[level == node].mean()), float(row)) for node in np.unique(level)}
        shares = {node: float(sizes[level == node].sum()) for node in nodes}
        if row:
            parents = {node: int(tree.levels[row - 1][level == node][0]) for node in nodes}
            lines = LineCollection(
                [(above[parents[node]], nodes[node]) for node in nodes],
                colors=[colors[node] for node in nodes],
                linewidths=[0.8 + _WIDEST * shares[node] for node in nodes],
                alpha=0.45,
                zorder=1,
            )
            ax.add_collection(lines)
        ax.scatter(
            *np.array(list(nodes.values())).T,
            s=[_SMALLEST + _LARGEST * shares[node] for node in nodes],
            c=[colors[node] for node in nodes],
            edgecolors="white",
            linewidths=0.8,
            zorder=2,
        )
        style = {"ha": "center", "va": "center", "fontsize": 8, "zorder": 3, "path_effects": halo}
        named = [node for node in nodes if short or node not in above]
        as_plain_text([ax.text(*nodes[node], tree.names[node], **style) for node in named])
        above = nodes
    ax.set_xlim(-0.8, n_leaves - 0.2)
    ax.set_ylim(len(tree.numbers) - 0.4, -0.9)
    ax.set_yticks(range(len(tree.numbers)), [str(number) for number in tree.numbers])
    ax.set_ylabel("number of domains")
    ax.set_xticks([])
    ax.spines[["top", "right", "bottom", "left"]].set_visible(False)
    ax.tick_params(length=0)
