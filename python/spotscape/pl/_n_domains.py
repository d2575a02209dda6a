"""How clear the number of domains is: the weight of each number, with and without the prior."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike

import numpy as np
from anndata import AnnData
from matplotlib.axes import Axes

from spotscape import _keys
from spotscape._docs import filled
from spotscape._validate import input_error
from spotscape.pl._figure import check_save, one_or_all, open_panels, save_figure
from spotscape.pl._palette import PALETTE
from spotscape.pl._read import read_run


@filled()
def n_domains(
    adata: AnnData,
    *,
    key_added: str = _keys.KEY_ADDED,
    ax: Axes | Sequence[Axes] | None = None,
    title: str | None = None,
    save: str | PathLike[str] | None = None,
) -> Axes | list[Axes]:
    """Draw how much each number of domains weighs, by the data alone and with what annotators usually do.

    One high bar is a clear choice. Several bars of about one height are not: compare the maps of these
    numbers. Where the line, which is of the data alone, peaks elsewhere, the prior decided. Where the
    stability was asked for, a second panel shows it: how alike domains of two halves of the molecules are.

    Parameters
    ----------
    adata
        Object after `spotscape.tl.suggest_n_domains`, or a run without ``n_domains``;
        ``uns[key_added]["n_domains"]`` is read, nothing is written.
    key_added
        {key_added}
    ax
        Axes to draw on, two where there is a stability; new ones by default (see
        `spotscape.pl.spatial_domains`).
    title
        Title of the axes.
    save
        {save}

    Returns
    -------
    matplotlib.axes.Axes, or two of them

    Raises
    ------
    InputError
        If the object holds no run, or no suggestion, or ``save`` cannot be written.

    Examples
    --------
    >>> import numpy as np
    >>> from anndata import AnnData
    >>> from matplotlib.figure import Figure
    >>> from spotscape.pl import n_domains
    >>> adata = AnnData(np.ones((3, 2)))
    >>> curve = {"suggested": 3, "candidates": [2, 3], "by_data": [0.5, 0.5], "weights": [0.3, 0.7]}
    >>> adata.uns["spotscape"] = {"n_domains": curve}
    >>> n_domains(adata, ax=Figure().add_subplot()).get_xlabel()
    'number of domains'
    """
    check_save(save)
    curve = read_run(adata, key_added).get("n_domains", {})
    if not curve:
        name = f"adata.uns[{_keys.parameters(key_added)!r}]['n_domains']"
        todo = "Call spotscape.tl.suggest_n_domains(adata) first."
        raise input_error(name, "nothing", "the curve behind a suggested number", todo)
    numbers, by_data, weights = (np.atleast_1d(curve[name]) for name in ("candidates", "by_data", "weights"))
    stability = np.atleast_1d(curve["stability"]) if "stability" in curve else None
    axes = open_panels(ax, save, 1 if stability is None else 2, (6.0, 3.6))
    ax = axes[0]
    chosen = numbers == int(curve["suggested"])
    colors = np.where(chosen, PALETTE[5], "#c8c8c8")
    ax.bar(numbers, weights, color=colors, width=0.8, label="with the prior")
    ax.plot(
        numbers, by_data, color="black", marker="o", markersize=3.5, linewidth=1.4, label="the data alone"
    )
    ax.set_xticks(numbers)
    ax.set_xlabel("number of domains")
    ax.set_ylabel("weight")
    ax.set_title(title or "")
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(loc="upper right", frameon=False)
    if stability is not None:
        _draw_stability(axes[1], numbers, stability, int(curve["suggested"]))
    save_figure(ax, save)
    return one_or_all(axes)


def _draw_stability(ax: Axes, numbers: np.ndarray, stability: np.ndarray, suggested: int) -> None:
    """Draw how alike the domains of two halves of the molecules are."""
    ax.axvline(suggested, color=PALETTE[5], linewidth=6, alpha=0.25)
    ax.plot(numbers, stability, color="black", marker="o", markersize=3.5, linewidth=1.4)
    ax.set_xticks(numbers)
    ax.set_ylim(min(0.0, float(stability.min())), 1.02)
    ax.set_xlabel("number of domains")
    ax.set_ylabel("stability (ARI of two halves)")
    ax.spines[["top", "right"]].set_visible(False)
