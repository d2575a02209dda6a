"""``domain_neighborhoods``: which names lie beside which, as a heat map."""

from __future__ import annotations

from os import PathLike

import numpy as np
import pandas as pd
from anndata import AnnData
from matplotlib.axes import Axes

from spotscape import _keys
from spotscape._docs import filled
from spotscape._validate import check_choice, describe, input_error
from spotscape.annotation.neighborhoods import Neighborhoods
from spotscape.pl._figure import as_plain_text, check_save, open_axes, save_figure

ZSCORE, COUNT, LOG2_ODDS, DIFFERENCE = "zscore", "count", "log2_odds", "difference"
VALUES = (ZSCORE, COUNT, LOG2_ODDS, DIFFERENCE)
SIGNIFICANT = 0.05
"""Adjusted p-values below this get a star."""
_LABELS = {ZSCORE: "z-score", COUNT: "edges", LOG2_ODDS: "log2 odds against chance"}
_MOST_WRITTEN = 12
"""Names up to which numbers are written into the map."""
_FIRST = "Call spotscape.tl.domain_neighborhoods first."


@filled()
def domain_neighborhoods(
    adata: AnnData | Neighborhoods,
    *,
    key: str | None = None,
    value: str = ZSCORE,
    condition: str | None = None,
    key_added: str = _keys.KEY_ADDED,
    ax: Axes | None = None,
    save: str | PathLike[str] | None = None,
) -> Axes:
    """Draw which domains or cell types lie beside which.

    Red is more than by chance, blue is less. The scale ends at the largest value off the diagonal, as domains
    lie beside themselves far more than by chance: colours of the diagonal may lie beyond it. Up to 12 names
    have their numbers written into the map.

    Parameters
    ----------
    adata
        Object after `spotscape.tl.domain_neighborhoods` (or `squidpy.gr.nhood_enrichment`), which has
        z-scores and counts; or what `spotscape.tl.domain_neighborhoods` returned, which has all. Not changed.
    key
        Column of ``obs`` with the names, for an object; ``"<key_added>_domain"`` if None.
    value
        ``"zscore"``, ``"count"``, ``"log2_odds"``, or ``"difference"`` of a condition from the reference,
        with a star where it is one (adjusted p below 0.05).
    condition
        The condition to draw against the reference; None: the first one that was compared.
    key_added
        {key_added}
    ax
        Axes to draw on; new ones by default (see `spotscape.pl.spatial_domains`).
    save
        {save}

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If there is nothing to draw, ``value`` or ``condition`` is unknown, or ``save`` cannot be written.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> import spotscape
    >>> adata = spotscape.datasets.simulate_slice(n_spots=200, n_genes=20, n_domains=3)
    >>> found = spotscape.tl.domain_neighborhoods(adata, key="ground_truth", n_permutations=100)
    >>> ax = spotscape.pl.domain_neighborhoods(found, value="log2_odds", ax=Figure().add_subplot())
    >>> ax.get_title()
    'log2 odds against chance'
    """
    check_save(save)
    value = check_choice("value", value, VALUES)
    stars = None
    if isinstance(adata, Neighborhoods):
        table, stars, title = _of_record(adata, value, condition)
    elif isinstance(adata, AnnData):
        column = _keys.domain(key_added) if key is None else key
        table, title = _of_object(adata, column, value), _LABELS.get(value, "")
    else:
        raise input_error(
            "adata", describe(adata), "an AnnData, or what domain_neighborhoods returned", _FIRST
        )
    side = max(3.2, 1.2 + 0.42 * len(table))
    axes = open_axes(ax, save, (side + 1.2, side))
    _draw(axes, table, stars, title, sequential=value == COUNT)
    save_figure(axes, save)
    return axes


def _of_object(adata: AnnData, column: str, value: str) -> pd.DataFrame:
    """Return the table of an object, in squidpy's place."""
    place = _keys.nhood_enrichment(column)
    if column not in adata.obs or place not in adata.uns:
        raise input_error(f"adata.uns[{place!r}]", "nothing", f"contacts of adata.obs[{column!r}]", _FIRST)
    stored = adata.uns[place]
    if value not in stored:
        expected = " or ".join(repr(str(name)) for name in stored)
        todo = "Give what spotscape.tl.domain_neighborhoods returned in place of the object."
        raise input_error("value", f"{value!r} for an object", expected, todo)
    names = [str(name) for name in pd.Categorical(adata.obs[column]).categories]
    values = np.asarray(stored[value], dtype=np.float64)
    if values.shape != (len(names), len(names)):
        found = f"contacts of {len(values)} names"
        raise input_error(f"adata.uns[{place!r}]", found, f"those of {len(names)} categories", _FIRST)
    return pd.DataFrame(values, index=names, columns=names)


def _of_record(
    found: Neighborhoods, value: str, condition: str | None
) -> tuple[pd.DataFrame, pd.DataFrame | None, str]:
    """Return the table to draw, where stars are, and what it is."""
    if value in (ZSCORE, COUNT):
        return (found.zscore if value == ZSCORE else found.count), None, _LABELS[value]
    names = list(found.count)
    if value == LOG2_ODDS:
        return _square(found.pairs, LOG2_ODDS, names), None, _LABELS[value]
    if found.differences is None:
        todo = "Give condition_key= to spotscape.tl.domain_neighborhoods."
        raise input_error("value", f"{value!r} where no conditions were compared", "another one", todo)
    known = tuple(str(name) for name in found.differences[_keys.CONDITION].unique())
    condition = known[0] if condition is None else check_choice(_keys.CONDITION, condition, known)
    rows = found.differences[found.differences[_keys.CONDITION] == condition]
    title = f"log2 odds, {condition} less {rows['reference'].iloc[0]}"
    return _square(rows, value, names), _square(rows, "p_adjusted", names) < SIGNIFICANT, title


def _square(pairs: pd.DataFrame, column: str, names: list[str]) -> pd.DataFrame:
    """Return a column of pairs as names x names."""
    half = pairs.pivot(index="first", columns="second", values=column).reindex(index=names, columns=names)
    return half.combine_first(half.T).reindex(index=names, columns=names)


def _draw(ax: Axes, table: pd.DataFrame, stars: pd.DataFrame | None, title: str, *, sequential: bool) -> None:
    values, names = table.to_numpy(dtype=np.float64), list(table)
    off = values[~np.eye(len(values), dtype=bool)]
    bound = float(np.abs(off[np.isfinite(off)]).max(initial=0.0)) or 1.0
    low = 0.0 if sequential else -bound
    high_end, low_end = np.nanmax(values, initial=low) > bound, np.nanmin(values, initial=bound) < low
    extend = {(True, True): "both", (True, False): "max", (False, True): "min"}.get((high_end, low_end))
    cmap = "Reds" if sequential else "RdBu_r"
    image = ax.imshow(values, cmap=cmap, vmin=low, vmax=bound)
    ax.figure.colorbar(image, ax=ax, shrink=0.8, extend=extend or "neither")
    ax.set_xticks(range(len(names)), names, rotation=90)
    ax.set_yticks(range(len(names)), names)
    ax.set_title(title)
    written = []
    for (row, column), number in np.ndenumerate(values):
        text = _text(number) if len(names) <= _MOST_WRITTEN else ""
        text += "*" if stars is not None and stars.iat[row, column] else ""
        if text:
            color = "white" if abs(number) > 0.7 * bound else "black"
            written.append(ax.text(column, row, text, ha="center", va="center", fontsize=8, color=color))
    as_plain_text([*ax.get_xticklabels(), *ax.get_yticklabels(), ax.title, *written])


def _text(number: float) -> str:
    """Return a number with two or more digits, a whole one without decimals; nothing for none."""
    if np.isnan(number):
        return ""
    return (
        f"{number:,.0f}" if abs(number) >= 10 or number == round(number) else f"{round(number, 1) + 0.0:.1f}"
    )
