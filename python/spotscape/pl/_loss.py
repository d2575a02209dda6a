"""The losses of a training run over its epochs."""

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
from spotscape.pl._read import RUN_FIRST, read_run

_NOT_LOSSES = ("epoch", "learning_rate")
# Told apart by line style as well as by colour.
_STYLES = (
    {"color": "black", "linestyle": "-"},
    {"color": PALETTE[4], "linestyle": "--"},
    {"color": PALETTE[5], "linestyle": "-."},
    {"color": PALETTE[2], "linestyle": ":"},
    {"color": PALETTE[6], "linestyle": (0, (5, 1, 1, 1, 1, 1))},
)


@filled()
def loss_history(
    adata: AnnData,
    *,
    key_added: str = _keys.KEY_ADDED,
    ax: Axes | None = None,
    title: str | None = None,
    save: str | PathLike[str] | None = None,
) -> Axes:
    """Draw the training losses over the epochs.

    Parameters
    ----------
    adata
        Object after `spotscape.tl.run_spotscape`; ``uns[key_added]["losses"]`` is read, nothing is written.
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
        If the object holds no run, or no losses, or ``save`` cannot be written.

    Examples
    --------
    >>> import numpy as np
    >>> from anndata import AnnData
    >>> from matplotlib.figure import Figure
    >>> from spotscape.pl import loss_history
    >>> adata = AnnData(np.ones((3, 2)))
    >>> adata.uns["spotscape"] = {"losses": {"epoch": [1, 2], "total": [0.4, 0.2]}}
    >>> loss_history(adata, ax=Figure().add_subplot()).get_ylabel()
    'loss'
    """
    check_save(save)
    losses = {
        name: np.asarray(values, dtype=float)
        for name, values in read_run(adata, key_added).get("losses", {}).items()
    }
    curves = {
        name: _from_its_start(values)
        for name, values in losses.items()
        if name not in _NOT_LOSSES and values.size
    }
    if not curves:
        name = f"adata.uns[{_keys.parameters(key_added)!r}]['losses']"
        raise input_error(name, "nothing", "the losses of a training run", RUN_FIRST)

    ax = open_axes(ax, save, (6.0, 3.6))
    # Total first, as it is the weighted sum of the others; an h5ad file gives the names back by alphabet.
    for i, name in enumerate(sorted(curves, key=lambda name: (name != "total", name))):
        values = curves[name]
        epochs = losses.get("epoch", np.arange(1, len(values) + 1))
        ax.plot(epochs, values, label=name.replace("_", " "), linewidth=1.6, **_STYLES[i % len(_STYLES)])
    if all((values[np.isfinite(values)] > 0).all() for values in curves.values()):
        ax.set_yscale("log")
    ax.set_xlabel("epoch")
    ax.set_ylabel("loss")
    ax.set_title(title or "")
    ax.grid(alpha=0.25, linewidth=0.6)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False)
    save_figure(ax, save)
    return ax


def _from_its_start(values: np.ndarray) -> np.ndarray:
    """Leave out the epochs before a loss took part, at which it is stored as 0."""
    started = np.flatnonzero(values)
    return np.where(np.arange(values.size) < started[0], np.nan, values) if started.size else values
