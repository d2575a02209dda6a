"""Where figures come from and where they go: off-screen when saved, pyplot only to show one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
from anndata import AnnData
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from spotscape._validate import input_error
from spotscape.io import atomic_path, check_output

LEGEND_ROWS = 16
COLUMNS = 4
"""Panels in a row."""
Drawing = TypeVar("Drawing", bound=Callable[..., Any])


def unchanged_if_it_fails(draw: Drawing) -> Drawing:
    """Have a plot that raises leave no colours or UMAP behind in the object that it was to draw."""

    @wraps(draw)
    def drawn(adata: AnnData, *arguments: Any, **settings: Any) -> Any:
        if not isinstance(adata, AnnData) or adata.is_view:  # of a view nothing is written
            return draw(adata, *arguments, **settings)
        places = (adata.uns, adata.obsm)
        before = [dict(place) for place in places]
        try:
            return draw(adata, *arguments, **settings)
        except BaseException:
            for place, old in zip(places, before, strict=True):
                for key in set(place) - set(old):
                    del place[key]
                for key, value in old.items():
                    if place[key] is not value:
                        place[key] = value
            raise

    return cast(Drawing, drawn)


def new_axes(size: tuple[float, float]) -> Axes:
    """Return axes of an off-screen figure; pyplot never hears of it."""
    return new_panels(1, size)[0]


def new_panels(
    n_panels: int,
    size: tuple[float, float],
    figure_class: Callable[..., Figure] = Figure,
    n_columns: int = COLUMNS,
) -> list[Axes]:
    """Return axes side by side, ``size`` each, of a figure that is off-screen unless pyplot makes it."""
    n_columns = min(n_panels, n_columns)
    n_rows = -(-n_panels // n_columns)
    figure = figure_class(figsize=(n_columns * size[0], n_rows * size[1]))
    if figure_class is Figure:
        FigureCanvasAgg(figure)
    if n_panels > 1:
        figure.set_layout_engine("constrained")
    return [figure.add_subplot(n_rows, n_columns, number + 1) for number in range(n_panels)]


def open_axes(ax: Axes | None, save: str | PathLike[str] | None, size: tuple[float, float]) -> Axes:
    """Return the user's axes or new ones: pyplot's only when the figure is to be seen, not saved."""
    return open_panels(ax, save, 1, size)[0]


def open_panels(
    ax: Axes | Sequence[Axes] | None,
    save: str | PathLike[str] | None,
    n_panels: int,
    size: tuple[float, float],
    n_columns: int = COLUMNS,
) -> list[Axes]:
    """Return the user's axes, one a panel, or new ones, of a figure as in `open_axes`."""
    if ax is not None:
        axes = list(ax) if isinstance(ax, Sequence | np.ndarray) else [ax]
        if len(axes) != n_panels:
            raise input_error("ax", f"{len(axes)} axes", f"{n_panels}, one for each panel")
        return axes
    if save is not None:
        return new_panels(n_panels, size, n_columns=n_columns)
    from matplotlib import pyplot  # a notebook shows only figures that pyplot made

    return new_panels(n_panels, size, pyplot.figure, n_columns)


def one_or_all(axes: list[Axes]) -> Axes | list[Axes]:
    """Return the axes as the plotting functions do: alone, or a list of several."""
    return axes[0] if len(axes) == 1 else axes


def check_save(save: str | PathLike[str] | None) -> None:
    """Raise `InputError` for a file that could not be written, before anything is drawn."""
    if save is not None:
        check_ending("save", save, sorted(FigureCanvasAgg.get_supported_filetypes()))


def check_ending(name: str, path: str | PathLike[str], endings: list[str]) -> None:
    """Raise `InputError` unless ``path`` has one of the endings and can be written."""
    if Path(path).suffix.lower().removeprefix(".") not in endings:
        expected = "a file name ending in " + ", ".join(f".{ending}" for ending in endings)
        raise input_error(name, repr(str(path)), expected)
    check_output(path)


def save_figure(ax: Axes, save: str | PathLike[str] | None, dpi: int = 200) -> None:
    """Write the figure that ``ax`` belongs to, whole or not at all; nothing for None."""
    if save is None:
        return
    with atomic_path(save) as unfinished:
        ax.figure.canvas.print_figure(
            unfinished, format=Path(save).suffix[1:].lower(), dpi=dpi, bbox_inches="tight", facecolor="white"
        )


def png_bytes(ax: Axes, dpi: int = 150) -> bytes:
    """Return the figure as PNG; the same bytes for the same picture."""
    buffer = BytesIO()
    ax.figure.canvas.print_figure(
        buffer, format="png", dpi=dpi, bbox_inches="tight", facecolor="white", metadata={"Software": None}
    )
    return buffer.getvalue()


def as_plain_text(texts: list) -> None:
    """Draw the texts as written: a "$" in the name of a domain is not mathematics."""
    for text in texts:
        text.set_parse_math(False)
