"""Whether an object holds one section of tissue: several on top of each other are no tissue.

A graph over sections that lie on each other joins spots that never touched, and nothing in the result would
say so. What gives sections away is a column of ``obs`` (or what the names of spots begin or end with) whose
groups cover the same ground and are each other's nearest neighbours. Cell types do that, too: so columns
count by their names (``library_id``, ``sample``, ...), by the libraries in ``uns``, or because their groups
keep a distance within that they do not keep from each other, as spots of an array do, and cells.
"""

from __future__ import annotations

import re
import warnings
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy.spatial import cKDTree

from spotscape._keys import SPATIAL
from spotscape._validate import InputError, SpotscapeWarning, input_error
from spotscape.gr.groups import (
    FIELD,
    MOST_FIELDS,
    MOST_SECTIONS,
    MOST_TWICE,
    PERHAPS,
    Groups,
    Look,
    array_places_twice,
    by_array,
    by_name,
    candidates,
    libraries_of,
    listed,
    members_of,
    same_groups,
    says_which,
)

_GAP = 0.25
"""Distance of levels in the third dimension, by that of spots within, below which it is in another unit."""


def check_one_section(
    adata: AnnData,
    coordinates: np.ndarray,
    spatial_key: str = SPATIAL,
    *,
    graph: Any = None,
) -> None:
    """Raise where an object that should hold one section holds several that lie on each other.

    Parameters
    ----------
    adata
        Spots with names and ``obs``. Not changed.
    coordinates
        Their places, N x 2 or 3, finite.
    spatial_key
        Name of the coordinates in ``obsm``.
    graph
        The spatial graph that would be used, N x N; None: that of nearest spots.

    Raises
    ------
    InputError
        With the column that tells the sections apart, and what to call with it; or with the coordinates that
        lay fields of view side by side.

    Warns
    -----
    SpotscapeWarning
        Where images of several sections are there, and nothing says which spot is of which.

    Examples
    --------
    >>> import anndata, numpy as np
    >>> from spotscape.gr.sections import check_one_section
    >>> adata = anndata.AnnData(np.ones((50, 1), dtype="float32"))
    >>> adata.obs["library_id"] = "one"
    >>> check_one_section(adata, np.random.default_rng(0).random((50, 2)))
    """
    points = coordinates[:, np.ptp(coordinates, axis=0) > 0]
    if len(points) < 4 or points.shape[1] < 2:
        return
    if points.shape[1] == 3:
        _check_levels(adata, points, spatial_key)
        return
    look = Look.at(points, graph)
    for groups in by_name(adata.obs, FIELD, MOST_FIELDS):
        if look.on_each_other(groups.codes):
            raise _fields_error(adata, groups, spatial_key, look)
    libraries, twice = libraries_of(adata.uns), array_places_twice(adata.obs)
    of_array = list(by_array(adata.obs)) if twice > MOST_TWICE else []
    found = [
        groups
        for groups in (*candidates(adata.obs, libraries), *of_array)
        if look.on_each_other(groups.codes)
    ]
    found += [
        groups
        for groups in by_name(adata.obs, PERHAPS, MOST_SECTIONS)
        if look.on_each_other(groups.codes) and look.closer_than_their_own(groups.codes)
    ]
    if found:
        raise _sections_error(adata, found, look)
    what = ""
    if twice > MOST_TWICE and not of_array:
        what = f"{twice:.0%} of the spots share their array_row and array_col with another"
    elif len(libraries) > 1 and not says_which(adata.obs, libraries):
        what = f"adata.uns[{SPATIAL!r}] has the images of {len(libraries)} sections ({listed(libraries)})"
    if what:
        _warn(
            f"{what}, and no column of adata.obs says which spot is of which section: they are taken for "
            "one. If they are not, write it into a column and name that by slice_key "
            "(spotscape.tl.integrate_slices)."
        )


def _sections_error(adata: AnnData, found: list[Groups], look: Look) -> InputError:
    """Say what tells the sections apart: a column rather than names, the finest of them."""
    named = [groups for groups in found if groups.column is not None]
    chosen = max(named or found, key=lambda groups: len(groups.names))
    said = (
        f"{len(chosen.names)} sections on top of each other ({listed(chosen.names)}; "
        f"{look.crossing(chosen.codes):.0%} of neighbouring spots are of different ones)"
    )
    if chosen.column is None:
        codes = chosen.codes
        same = [
            column
            for column in adata.obs.columns
            if isinstance(column, str) and same_groups(codes, pd.factorize(adata.obs[column])[0])
        ]
        if same:
            return _error_of(same[0], f"adata.obs[{same[0]!r}]", said)
        todo = (
            "Write which section each spot is of into a column of adata.obs, and name it by slice_key in "
            "spotscape.tl.integrate_slices."
        )
        return input_error(chosen.said, said, "one section", todo)
    return _error_of(chosen.column, chosen.said, said)


def _error_of(column: str, where: str, said: str) -> InputError:
    todo = f"Name that column in spotscape.tl.integrate_slices(adata, slice_key={column!r})."
    return input_error(where, said, "one section", todo)


def _fields_error(adata: AnnData, groups: Groups, spatial_key: str, look: Look) -> InputError:
    """Name the coordinates in which fields of view lie side by side, or what else would do."""
    found = (
        f"{len(groups.names)} fields of view on top of each other "
        f"({look.crossing(groups.codes):.0%} of neighbouring spots are of different ones by {groups.said})"
    )
    expected = "places in the whole section"
    for key in adata.obsm:
        places = _usable_places(adata.obsm[key])
        if key != spatial_key and places is not None and not Look.at(places).on_each_other(groups.codes):
            todo = f"Name the places that are in adata.obsm[{key!r}]: spatial_key={key!r}."
            return input_error(f"adata.obsm[{spatial_key!r}]", found, expected, todo)
    columns = _global_columns(adata)
    if columns is not None:
        places = adata.obs[columns].to_numpy(dtype=float)
        if np.isfinite(places).all() and not Look.at(places).on_each_other(groups.codes):
            todo = f"They are in adata.obs[{columns!r}]: put them into adata.obsm[{spatial_key!r}]."
            return input_error(f"adata.obsm[{spatial_key!r}]", found, expected, todo)
    todo = (
        f"Put such places there, or take each field for a slice of its own: spotscape.tl.integrate_slices("
        f"adata, slice_key={groups.column!r})."
    )
    return input_error(f"adata.obsm[{spatial_key!r}]", found, expected, todo)


def _usable_places(values: Any) -> np.ndarray | None:
    """Return the first two columns of what may be places, or None."""
    if not isinstance(values, np.ndarray | pd.DataFrame) or np.ndim(values) != 2:
        return None
    found = np.asarray(values)
    if found.shape[1] not in (2, 3) or found.dtype.kind not in "iuf":
        return None
    found = found[:, :2].astype(np.float64)
    return found if np.isfinite(found).all() and (np.ptp(found, axis=0) > 0).all() else None


def _global_columns(adata: AnnData) -> list[str] | None:
    """Return the columns of ``obs`` with global places, as CosMx names them: x and y."""
    for column in adata.obs.columns:
        if isinstance(column, str) and "global" in column.lower() and "x" in column.lower():
            other = re.sub("[xX]", lambda found: "y" if found[0] == "x" else "Y", column, count=1)
            if other in adata.obs:
                return [column, other]
    return None


def _check_levels(adata: AnnData, points: np.ndarray, spatial_key: str) -> None:
    """Raise where places in space are those of sections whose distance is given in another unit."""
    for axis in range(3):
        levels, codes, sizes = np.unique(points[:, axis], return_inverse=True, return_counts=True)
        if not 2 <= len(levels) <= MOST_SECTIONS // 2 or np.median(sizes) < 50:
            continue
        flat = np.delete(points, axis, axis=1)
        within = [
            float(np.median(cKDTree(flat[rows]).query(flat[rows], k=2)[0][:, 1]))
            for _, rows in members_of(codes)
            if len(rows) > 1
        ]
        gap, spacing = float(np.median(np.diff(levels))), float(np.median(within))
        if gap >= _GAP * spacing:
            continue
        look = Look.at(points)
        if not Look.at(flat).on_each_other(codes):
            continue
        found = (
            f"{len(levels)} sections {gap:.4g} apart with spots that are {spacing:.4g} apart within them "
            f"({look.crossing(codes):.0%} of neighbouring spots are of different ones)"
        )
        own = [
            column
            for column in adata.obs.columns
            if isinstance(column, str) and same_groups(codes, pd.factorize(adata.obs[column])[0])
        ]
        how = (
            f"slice_key={own[0]!r}"
            if own
            else "slice_key=, the name of a column of adata.obs that says which section a spot is of"
        )
        todo = (
            f"Give column {axis + 1} in the unit of the others, or take sections for slices: "
            f"spotscape.tl.integrate_slices(adata, {how})."
        )
        raise input_error(f"adata.obsm[{spatial_key!r}]", found, "three coordinates in one unit", todo)


def _warn(text: str) -> None:
    warnings.warn(text, SpotscapeWarning, stacklevel=5)
