"""A map to explore in a browser: one HTML page that needs nothing else, neither server nor network."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from importlib.resources import files
from os import PathLike
from typing import Any

import matplotlib
import numpy as np
from anndata import AnnData
from jinja2 import Environment, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps
from matplotlib.colors import to_hex

from spotscape import _keys
from spotscape._docs import filled
from spotscape._validate import check_flag, check_integer, check_number, describe, input_error
from spotscape.gr.unit import micrometres_per_unit
from spotscape.io import atomic_path
from spotscape.pl._draw import spot_shape
from spotscape.pl._figure import check_ending, unchanged_if_it_fails
from spotscape.pl._interactive_content import Slice, arranged, packed_panel
from spotscape.pl._panels import read_panels
from spotscape.pl._read import read_coordinates, read_slice_names
from spotscape.pl._spatial import image_of
from spotscape.pl._tissue_maps import tissue_maps

MOST_SPOTS = 100_000


@unchanged_if_it_fails
@filled(like=tissue_maps)
def interactive_map(
    adata: AnnData,
    path: str | PathLike[str],
    *,
    panels: str | Sequence[str] | None = None,
    key_added: str = _keys.KEY_ADDED,
    slice_key: str | None = None,
    slices: str | Sequence[str] | None = None,
    spatial_key: str = _keys.SPATIAL,
    layer: str | None = None,
    img: bool = True,
    library_id: str | None = None,
    spot_size: float | None = None,
    cmap: str = "viridis",
    sample: int | None = None,
    seed: int = 0,
    title: str | None = None,
) -> None:
    """Write a map to explore in a browser: one HTML file, for up to 100,000 spots.

    The page zooms and pans. Under the pointer it shows a spot's name, slice, and what ``panels`` names. A
    click on a domain, in the legend or on the map, fades all others. A list says what colours the spots. The
    page loads nothing from elsewhere: send it to anyone, and open it without a network.

    Parameters
    ----------
    adata
        Object with coordinates in ``obsm[spatial_key]``.
    path
        File to write, ending in .html. It is written whole or not at all. An older file is replaced.
    panels
        What the spots can be coloured by, each by its name, as in `spotscape.pl.tissue_maps`. The first is
        shown when the page is opened. The parts in a key of ``obsm`` are columns of numbers here.
    key_added
        {key_added}
    slice_key
        {slice_key}
    slices
        {slices}
    spatial_key
        {spatial_key}
    layer
        {layer}
    img
        Put the tissue image under the spots, if ``uns[spatial_key]`` holds one, at 1,500 pixels or less.
    library_id
        {library_id}
    spot_size
        {spot_size}
    cmap
        Name of a colormap of matplotlib, for numbers.
    sample
        How many spots to show, taken at random, of more than that; up to 100,000. The page says so, and
        counts of groups are those of all spots. None: all spots.
    seed
        Of the sample.
    title
        Heading of the page.

    Raises
    ------
    InputError
        If there are more than 100,000 spots and no ``sample``, what ``panels`` names is not there,
        coordinates or slices are missing, or an argument or ``path`` is unfit.

    Notes
    -----
    Writes ``uns[f"{column}_colors"]`` of columns with groups, as `spotscape.pl.spatial_domains` does.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from spotscape.datasets import simulate_slice
    >>> from spotscape.pl import interactive_map
    >>> adata = simulate_slice(n_spots=200, n_genes=50)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = pathlib.Path(folder, "map.html")
    ...     interactive_map(adata, page, panels=["ground_truth", "gene01"])
    ...     page.read_text(encoding="utf-8")[:15]
    '<!DOCTYPE html>'
    """
    check_ending("path", path, ["html", "htm"])
    img = check_flag("img", img)
    if title is not None and not isinstance(title, str):
        raise input_error("title", describe(title), "text")
    if cmap not in matplotlib.colormaps:
        raise input_error("cmap", repr(cmap), "the name of a colormap of matplotlib")
    if spot_size is not None:
        spot_size = check_number("spot_size", spot_size, 1e-12)
    sample = None if sample is None else check_integer("sample", sample, 1, MOST_SPOTS)
    seed = check_integer("seed", seed, 0, 2**32 - 1)
    xy = read_coordinates(adata, spatial_key)
    of, drawn = read_slice_names(adata, key_added, slice_key, slices)
    rows = [(name, np.flatnonzero(of == name)) for name in drawn] or [(None, np.arange(adata.n_obs))]
    everyone = np.concatenate([spots for _, spots in rows])
    if len(everyone) > MOST_SPOTS and sample is None:
        todo = f"Name some slices by slices, or show {MOST_SPOTS:,} or fewer of the spots by sample."
        raise input_error("adata", f"{len(everyone):,} spots", f"at most {MOST_SPOTS:,}", todo)
    shown = read_panels(adata, panels, key_added=key_added, spatial_key=spatial_key, layer=layer)
    chosen = np.ones(adata.n_obs, dtype=bool)
    if sample is not None and sample < len(everyone):
        chosen[:] = False
        chosen[np.random.default_rng(seed).choice(everyone, sample, replace=False)] = True
    parts = []
    for name, spots in rows:
        image = image_of(adata, name, spots, spatial_key, library_id) if img else None
        shape = spot_shape(xy[spots])
        size = spot_size or (image.spot_diameter if image is not None else None) or shape.size
        kept = spots[chosen[spots]]
        if len(kept):
            parts.append(Slice(name, kept, xy[kept], size, shape.square, image))

    order = np.concatenate([part.spots for part in parts])
    content = {
        "names": [str(name) for name in adata.obs_names[order]],
        "total": len(everyone),
        "panels": [one for panel in shown for one in packed_panel(panel, order, everyone)],
        "ramp": [to_hex(color) for color in matplotlib.colormaps[cmap](np.linspace(0, 1, 256))],
        **arranged(parts, micrometres_per_unit(adata, spatial_key)),
    }
    page = _page(title or "Spatial domains", _about(len(order), len(everyone), len(parts)), content)
    with atomic_path(path) as unfinished:
        unfinished.write_bytes(page.encode("utf-8", errors="xmlcharrefreplace"))


def _about(n_shown: int, n_spots: int, n_slices: int) -> str:
    """Say what the page shows, in words for a person."""
    slices = f" in {n_slices} slices" if n_slices > 1 else ""
    if n_shown < n_spots:
        return f"{n_shown:,} spots{slices}, a random sample of {n_spots:,}; counts are those of all spots"
    return f"{n_shown:,} spots{slices}"


def _page(title: str, about: str, content: dict[str, Any]) -> str:
    """Fill the template. The page may run its own script and no other, whatever a name holds."""
    folder = files("spotscape.pl")
    template, css, js = (
        folder.joinpath(f"interactive.{ending}").read_text(encoding="utf-8")
        for ending in ("html.j2", "css", "js")
    )
    hashes = {
        f"{name}_hash": b64encode(sha256(text.encode("utf-8")).digest()).decode("ascii")
        for name, text in (("css", css), ("js", js))
    }
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    data = htmlsafe_json_dumps(content, allow_nan=False, default=float, separators=(",", ":"))
    return environment.from_string(template).render(
        title=title, about=about, data=data, css=css, js=js, **hashes
    )
