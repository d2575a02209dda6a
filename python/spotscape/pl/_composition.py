"""``domain_composition``: what each domain is made of, beside what was expected."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from spotscape._docs import filled
from spotscape._validate import check_integer, input_error
from spotscape.annotation.composition import Composition
from spotscape.pl._dots import draw_dots
from spotscape.pl._figure import as_plain_text, check_save, open_panels, save_figure
from spotscape.pl._palette import MISSING, PALETTE

_OTHERS = "others"


@filled()
def domain_composition(
    found: Composition,
    *,
    n_types: int = 12,
    ax: Sequence[Axes] | None = None,
    save: str | PathLike[str] | None = None,
) -> list[Axes]:
    """Draw the shares of cell types in each domain, and how far they are from those expected.

    The left panel has a bar for each domain; of several slices it is the mean of those that have the domain.
    The right panel has a dot for each domain and type. Its colour is the log2 ratio of share and expected
    share, its size the adjusted p-value.

    Parameters
    ----------
    found
        What `spotscape.tl.domain_composition` returned.
    n_types
        Types to draw, 1 or more: those with the largest share in any domain. The others are one grey part of
        the bars.
    ax
        Two axes to draw on; new ones by default (see `spotscape.pl.spatial_domains`).
    save
        {save}

    Returns
    -------
    list of matplotlib.axes.Axes
        The two panels.

    Raises
    ------
    InputError
        If ``found`` is something else, ``n_types`` is no integer >= 1, or ``save`` cannot be written.

    Examples
    --------
    >>> import numpy as np, spotscape
    >>> from matplotlib.figure import Figure
    >>> adata = spotscape.datasets.simulate_slice(n_spots=200, n_genes=20, n_domains=3)
    >>> adata.obs["cell"] = np.where(adata.obs["ground_truth"] == "WM", "glia", "neuron")
    >>> found = spotscape.tl.domain_composition(
    ...     adata, "cell", domain_key="ground_truth", n_permutations=99
    ... )
    >>> left, right = spotscape.pl.domain_composition(found, ax=Figure().subplots(1, 2))
    >>> left.get_ylabel()
    'share of the spots'
    """
    check_save(save)
    n_types = check_integer("n_types", n_types, 1)
    check_composition("found", found)
    means = found.composition.groupby(["domain", "cell_type"], sort=False)["share"].mean()
    wide = means.unstack("cell_type")
    wide = wide.reindex(index=means.index.unique("domain"), columns=means.index.unique("cell_type"))
    largest = wide.max().sort_values(ascending=False, kind="stable").index[:n_types]
    drawn = [name for name in wide if name in largest]
    left, right = open_panels(ax, save, 2, (6.0, 4.6))
    _draw_bars(left, wide, drawn)
    table = found.enrichment[found.enrichment["cell_type"].isin(drawn)]
    domains = list(wide.index)
    draw_dots(
        right,
        x=[domains.index(name) for name in table["domain"]],
        y=[drawn.index(name) for name in table["cell_type"]],
        change=table["log2_ratio"].to_numpy(dtype=float),
        p_adjusted=table["p_adjusted"].to_numpy(dtype=float),
        domains=domains,
        rows=drawn,
        label="log2 of share / expected",
    )
    save_figure(left, save)
    return [left, right]


def check_composition(argument: str, found: object) -> None:
    """Raise where an argument is not what `spotscape.tl.domain_composition` returns."""
    if not isinstance(found, Composition):
        todo = "Call spotscape.tl.domain_composition(adata, ...) first."
        raise input_error(argument, type(found).__name__, "what that returns", todo)


def _draw_bars(ax: Axes, wide: pd.DataFrame, drawn: list[str]) -> None:
    """Draw a bar for each domain, of the types drawn and the others."""
    parts = [(name, wide[name], PALETTE[number % len(PALETTE)]) for number, name in enumerate(drawn)]
    others = wide.drop(columns=drawn)
    if others.shape[1]:
        parts.append((_OTHERS, others.sum(axis=1), MISSING))
    top = np.zeros(len(wide))
    for name, values, color in parts:
        height = np.nan_to_num(values.to_numpy(dtype=float))
        ax.bar(range(len(wide)), height, bottom=top, color=color, width=0.8, label=name)
        top += height
    ax.set_xticks(range(len(wide)), list(wide.index))
    ax.set_ylim(0, 1)
    ax.set_xlabel("domain")
    ax.set_ylabel("share of the spots")
    ax.spines[["top", "right"]].set_visible(False)
    handles, names = ax.get_legend_handles_labels()
    legend = ax.legend(
        handles[::-1], names[::-1], frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8
    )
    as_plain_text([*legend.get_texts(), *ax.get_xticklabels()])
