"""Where spots lie, checked."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from anndata import AnnData

from spotscape._keys import SPATIAL
from spotscape._validate import input_error

_LEAST, _MOST = 1e-100, 1e100
"""Beyond these, squares of distances are 0 or infinite."""
_FEWEST_ON_A_LINE = 10
"""Of fewer spots it may be chance that they lie on a line."""
_PLACES = re.compile(r"spatial|coord|position|^(X_)?xy$", re.I)
"""What coordinates are called in ``obsm``."""
COLUMNS = (
    ("x", "y"),
    ("x_centroid", "y_centroid"),
    ("center_x", "center_y"),
    ("CenterX_global_px", "CenterY_global_px"),
    ("pxl_col_in_fullres", "pxl_row_in_fullres"),
    ("imagecol", "imagerow"),
    ("xcoord", "ycoord"),
    ("sdimx", "sdimy"),
    ("x_coord", "y_coord"),
    ("spatial_x", "spatial_y"),
    ("x_um", "y_um"),
    ("x_global_px", "y_global_px"),
    ("spatial_1", "spatial_2"),
    ("coord_x", "coord_y"),
)
"""What columns of places are called by platforms; x first."""


def check_coordinates(adata: AnnData, spatial_key: str = SPATIAL) -> np.ndarray:
    """Return the coordinates of the spots, or raise where no neighbours can be found from them.

    Parameters
    ----------
    adata, spatial_key
        As in `spatial_neighbors`. Nothing is changed.

    Returns
    -------
    numpy.ndarray
        n_obs x 2 or 3, float64, in the unit found.

    Raises
    ------
    InputError
        If coordinates are missing, not numbers, not finite, of the wrong shape, all equal, or all on one
        slanted line.

    Examples
    --------
    >>> import anndata, numpy as np
    >>> from spotscape.gr import check_coordinates
    >>> adata = anndata.AnnData(np.ones((2, 1), dtype="float32"))
    >>> adata.obsm["spatial"] = np.array([[0, 0], [3, 4]])
    >>> check_coordinates(adata).tolist()
    [[0.0, 0.0], [3.0, 4.0]]
    """
    if not isinstance(adata, AnnData):
        raise input_error("adata", f"a {type(adata).__name__}", "an AnnData object")
    name = f"adata.obsm[{spatial_key!r}]"
    expected = f"{adata.n_obs} rows of 2 or 3 finite numbers, one row a spot"
    if not isinstance(spatial_key, str) or spatial_key not in adata.obsm:
        known = ", ".join(repr(key) for key in adata.obsm) or "nothing"
        todo = _candidates(adata) or "Put the coordinates there, or name them by spatial_key."
        raise input_error(name, f"nothing there (adata.obsm holds: {known})", expected, todo)
    if np.iscomplexobj(adata.obsm[spatial_key]):
        raise input_error(name, "complex numbers", expected)
    try:
        coordinates = np.asarray(adata.obsm[spatial_key], dtype=np.float64)
    except (TypeError, ValueError):
        raise input_error(name, "something other than numbers", expected) from None
    if coordinates.ndim != 2 or coordinates.shape[1] not in (2, 3):
        raise input_error(name, f"an array of shape {coordinates.shape}", expected)
    # What R has for a missing integer arrives as a number where it was not looked for.
    missing = ~np.isfinite(coordinates).all(axis=1) | (coordinates == -(2.0**31)).any(axis=1)
    if missing.any():
        first = adata.obs_names[int(np.argmax(missing))]
        found = (
            f"{int(missing.sum())} spot(s) with NaN or infinite coordinates (or NA of R), such as {first!r}"
        )
        raise input_error(name, found, expected, "Leave out the spots without a place.")
    if len(coordinates) < 2 or (coordinates == coordinates[0]).all():
        raise input_error(name, f"{len(coordinates)} spot(s), all at one place", expected)
    span, largest = float(np.ptp(coordinates, axis=0).max()), float(np.abs(coordinates).max())
    if span < _LEAST or largest > _MOST:
        found = f"a span of {span:.3g} with numbers up to {largest:.3g}"
        raise input_error(name, found, f"numbers between {_LEAST:g} and {_MOST:g}", "Choose another unit.")
    if _on_slanted_line(coordinates):
        todo = "Was one column given twice? Give x and y."
        raise input_error(name, "all spots on one slanted line", "places in a plane or in space", todo)
    return coordinates


def in_one_plane(coordinates: np.ndarray, slices: pd.Categorical | None, spatial_key: str) -> np.ndarray:
    """Return x and y, or raise where a slice does not lie in one plane.

    Parameters
    ----------
    coordinates
        N x 2 or 3.
    slices
        Slice of each spot; None for one slice.
    spatial_key
        Their name in ``obsm``.

    Examples
    --------
    >>> import numpy as np
    >>> from spotscape.gr.coordinates import in_one_plane
    >>> in_one_plane(np.array([[1.0, 2.0, 7.0], [3.0, 4.0, 7.0]]), None, "spatial").tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    """
    if coordinates.shape[1] == 2:
        return coordinates
    depth = pd.Series(coordinates[:, 2]).groupby(
        np.zeros(len(coordinates), dtype=int) if slices is None else slices.codes
    )
    if ((depth.max() - depth.min()) > 0).any():
        raise input_error(
            f"adata.obsm[{spatial_key!r}]",
            "places in space",
            "places in a plane, in each slice",
            "Areas and borders are measured in a plane. Name the column with the sections by slice_key.",
        )
    return coordinates[:, :2]


def _on_slanted_line(coordinates: np.ndarray) -> bool:
    """Say whether places lie on a line that no axis runs along, as no tissue does."""
    if len(coordinates) < _FEWEST_ON_A_LINE:
        return False
    centered = coordinates - coordinates.mean(axis=0)
    widths = np.abs(centered).max(axis=0)
    if (widths > 0).sum() < 2:
        return False
    strengths = np.linalg.eigvalsh((centered / widths.max()).T @ (centered / widths.max()))
    return bool(strengths[-2] <= 1e-12 * strengths[-1])


def _candidates(adata: AnnData) -> str:
    """Say what may be the coordinates, and what to type; nothing where there is no such thing."""
    for key, value in adata.obsm.items():
        if _PLACES.search(key) and getattr(value, "ndim", 0) == 2 and value.shape[1] in (2, 3):
            return f"adata.obsm[{key!r}] may be them: spatial_key={key!r}."
    lower = {str(name).lower(): name for name in reversed(list(adata.obs.columns))}
    for pair in COLUMNS:
        if all(name.lower() in lower for name in pair):
            x, y = (lower[name.lower()] for name in pair)
            first = f"Columns {x!r} and {y!r} of adata.obs may be them: "
            return f"{first}adata.obsm['spatial'] = adata.obs[[{x!r}, {y!r}]].to_numpy()."
    return ""
