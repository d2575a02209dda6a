"""The report's table of shapes: depth, area, perimeter, pieces and borders of the domains."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from anndata import AnnData

from spotscape._slices import read_slices
from spotscape._validate import InputError
from spotscape.annotation.shape import MICROMETRE, Description, describe
from spotscape.gr import check_coordinates
from spotscape.gr.coordinates import in_one_plane
from spotscape.gr.unit import micrometres_per_unit
from spotscape.pl._read import read_connectivities, run_slice_key

_NEIGHBOURS = 3
_UNITS = {MICROMETRE: ("µm", "µm²")}


class Shape(NamedTuple):
    """One row of the table of shapes, as the page shows it; "–" for what there is none of."""

    name: str
    depth: str
    area: str
    perimeter: str
    outline: str
    elongation: str
    pieces: str
    borders: list[tuple[str, str]]


class Shapes(NamedTuple):
    """Rows by the name of the domain, the units in words, and whether the tissue has a main axis."""

    rows: dict[str, Shape]
    unit: str
    unit_of_area: str
    has_axis: bool


def shapes(adata: AnnData, labels: pd.Categorical, key_added: str, spatial_key: str) -> Shapes | None:
    """Return what the page says of shapes; None where places cannot be measured."""
    graph = read_connectivities(adata, spatial_key)
    slice_key = run_slice_key(adata, key_added)
    labels = labels.remove_unused_categories()
    if graph is None or not len(labels.categories):
        return None
    try:
        slices = read_slices(adata, slice_key) if slice_key in adata.obs else None
        places = in_one_plane(check_coordinates(adata, spatial_key), slices, spatial_key)
    except InputError:
        return None
    micrometres = micrometres_per_unit(adata, spatial_key)
    return _in_words(describe(labels, places, graph.tocsr(), slices=slices, micrometres=micrometres))


def _in_words(found: Description) -> Shapes:
    rows = {}
    for row in found.domains.itertuples():
        lengths = found.borders.loc[row.domain].drop(row.domain).nlargest(_NEIGHBOURS)
        rows[row.domain] = Shape(
            name=row.domain,
            depth=_number(row.depth, 2),
            area=_number(row.area, 0),
            perimeter=_number(row.perimeter, 0),
            outline=_number(row.outline, 0),
            elongation=_number(row.elongation, 1),
            pieces=f"{row.n_pieces:,}",
            borders=[(str(name), _number(value, 0)) for name, value in lengths.items() if value > 0],
        )
    unit, unit_of_area = _UNITS.get(found.unit, ("distances of neighbouring spots", "their square"))
    return Shapes(rows, unit, unit_of_area, bool(found.domains["depth"].notna().any()))


def _number(value: float, digits: int) -> str:
    return f"{value:,.{digits}f}" if np.isfinite(value) else "–"
