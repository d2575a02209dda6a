"""How clear the number of domains is: the weight of each number, with and without the prior."""

from __future__ import annotations

from os import PathLike

import numpy as np
from anndata import AnnData
from matplotlib.axes import Axes

from spotscape import _keys
from spotscape._docs import filled
from spotscape._validate import input_error
from spotscape.pl._figure import check_save, open_axes, save_figure
from spotscape.pl._palette import PALETTE
from spotscape.pl._read import read_run


@filled()
def n_domains(
    adata: AnnData,
    *,
    key_added: str = _keys.KEY_ADDED,
    ax: Axes | None = None,
    title: str | None = None,
    save: str | PathLike[str] | None = None,
) -> Axes:
    """Draw how much each number of domains weighs, by the data alone and with what annotators usually do.

    One high bar is a clear choice. Several bars of about one height are not: compare the maps of these
    numbers. Where the line, which is of the data alone, peaks elsewhere, the prior decided.

    Parameters
    ----------
    adata
        Object after `spotscape.tl.suggest_n_domains`, or a run without ``n_domains``;
        ``uns[key_added]["n_domains"]`` is read, nothing is written.
    key_added
        {key_added}
    ax
        Axes to draw on; new ones by default (see `spotscape.pl.spatial_domains`).
    title
        Title of the axes.
    save
        {save}

    Returns
    -------
    matplotlib.axes.Axes

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
    ax = open_axes(ax, save, (6.0, 3.6))
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
    save_figure(ax, save)
    return ax
