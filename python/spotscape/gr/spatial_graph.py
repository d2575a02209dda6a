"""The spatial graph that a verb goes by: the one that is there where it still holds, else a new one.

A graph of `spotscape.gr` says what it was made from (``uns["spatial_neighbors"]["made_from"]``), so that one
of other coordinates, other slices or more spots is known and made anew, in the way it was made. A graph of
the user's own, such as squidpy's, is used; that it can be meant is checked, and that it is used is said.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from anndata import AnnData
from scipy import sparse
from scipy.spatial import cKDTree

from spotscape import _keys, gr
from spotscape._adata import IN_TISSUE, off_tissue
from spotscape._slices import read_slices
from spotscape._validate import InputError, SpotscapeWarning, input_error
from spotscape.gr.groups import members_of
from spotscape.gr.made_from import made_from, same_graph
from spotscape.gr.neighbors import FEWEST_NEIGHBORS, MOST_ISOLATED
from spotscape.gr.sections import check_one_section
from spotscape.gr.ways import Where, by_default, way_again
from spotscape.gr.write import make_graph, warn_again

_FAR = 3.0
"""An edge this many times longer than as many nearest spots would make it is no neighbour."""
_MOST_FAR = 0.2
_TODO = "Delete it to have it made anew, or call a function of spotscape.gr."
NONE, OWN, STALE, GIVEN = "none", "own", "stale", "given"


def graph_state(adata: AnnData, spatial_key: str | None = None, slice_key: str | None = None) -> str:
    """Tell whether an object has a spatial graph, whose it is, and whether it still holds.

    Parameters
    ----------
    adata
        Not changed.
    spatial_key, slice_key
        Those of the call; None: those that the graph was made with.

    Returns
    -------
    str
        ``"none"``; ``"own"``: of `spotscape.gr` and of these spots, places and slices; ``"stale"``: of
        `spotscape.gr` and of others; ``"given"``: the user's.

    Examples
    --------
    >>> import anndata, numpy as np
    >>> from spotscape import gr
    >>> from spotscape.gr.spatial_graph import graph_state
    >>> adata = anndata.AnnData(np.ones((9, 2), dtype="float32"))
    >>> adata.obsm["spatial"] = np.array([[x, y] for x in range(3) for y in range(3)])
    >>> gr.spatial_neighbors(adata)
    >>> graph_state(adata), graph_state(adata[:8].copy())
    ('own', 'stale')
    """
    if _keys.SPATIAL_CONNECTIVITIES not in adata.obsp:
        return NONE
    record = _made_from(adata)
    if record is None:
        return GIVEN
    untouched = same_graph(record, adata.obsp[_keys.SPATIAL_CONNECTIVITIES])
    own_key = str(record.get("spatial_key", _keys.SPATIAL))
    spatial_key = spatial_key or own_key
    if spatial_key not in adata.obsm:
        return OWN if untouched and len(adata.obs_names) == int(record.get("n_spots", -1)) else GIVEN
    slice_key = slice_key or record.get("slice_key")
    try:
        coordinates = gr.check_coordinates(adata, spatial_key)
        slices = _rows(adata, None if slice_key is None else str(slice_key))
    except InputError:
        return STALE
    now = made_from(coordinates, adata.obs_names, slices)
    if spatial_key == own_key and now == str(record.get("digest")):
        return OWN if untouched else GIVEN
    return STALE


def _rows(adata: AnnData, slice_key: str | None) -> list[np.ndarray] | None:
    """Return the rows of each slice; None for one slice."""
    if slice_key is None:
        return None
    return [rows for _, rows in members_of(np.asarray(read_slices(adata, slice_key).codes))]


def _made_from(adata: AnnData) -> Mapping[str, Any] | None:
    stored = adata.uns.get(_keys.SPATIAL_NEIGHBORS)
    record = stored.get(_keys.MADE_FROM) if isinstance(stored, Mapping) else None
    return record if isinstance(record, Mapping) else None


def spatial_graph(
    adata: AnnData, spatial_key: str, slice_key: str | None, known: AnnData | None = None
) -> AnnData:
    """Return the object itself if its spatial graph is to be used, else a bare one with a new graph.

    Parameters
    ----------
    adata
        Not changed.
    spatial_key
        Name of the coordinates in ``obsm``.
    slice_key
        Name in ``obs`` of the slices; None for one slice, and several sections are then refused.
    known
        A bare object with a graph that was made before, which is returned where the same would be made again.

    Raises
    ------
    InputError
        If coordinates cannot be used, there are several sections without ``slice_key``, or a graph of the
        user's own cannot be meant.

    Warns
    -----
    SpotscapeWarning
        That a graph of the user's own is used.
    """
    state = graph_state(adata, spatial_key, slice_key)
    has_places = spatial_key in adata.obsm
    coordinates = gr.check_coordinates(adata, spatial_key) if has_places or state in (NONE, STALE) else None
    if slice_key is None and coordinates is not None:
        graph = adata.obsp[_keys.SPATIAL_CONNECTIVITIES] if state in (OWN, GIVEN) else None
        if graph is not None:
            _check_given_graph(adata, None)
        check_one_section(adata, coordinates, spatial_key, graph=graph)
    off = off_tissue(adata)
    if off is not None:
        warnings.warn(
            f"{int(off.sum())} of {adata.n_obs} spots are not on tissue (adata.obs[{IN_TISSUE!r}] is 0) and "
            "are used like the others. Leave them out first: "
            f"adata = adata[adata.obs[{IN_TISSUE!r}] == 1].copy().",
            SpotscapeWarning,
            stacklevel=4,
        )
    if state in (OWN, GIVEN):
        _check_given_graph(adata, slice_key)
        if state == GIVEN:
            _compare(adata, coordinates)
        return adata
    record = _made_from(adata) if state == STALE else None
    if slice_key is None and record is not None and record.get("slice_key") in adata.obs:
        slice_key = str(record["slice_key"])
    return _new_graph(adata, coordinates, Where(spatial_key, slice_key), record, known)


def _new_graph(
    adata: AnnData,
    coordinates: np.ndarray,
    where: Where,
    record: Mapping[str, Any] | None,
    known: AnnData | None = None,
) -> AnnData:
    """Return a bare object with a graph, made as the stale one was where there is one."""
    slices = _rows(adata, where.slice_key)
    way = by_default()
    if record is not None:
        way = way_again(str(record.get("by")), adata.uns[_keys.SPATIAL_NEIGHBORS].get("params", {}))
    own = None if known is None else _made_from(known)
    if own is not None and str(own.get("by")) == way.name:
        if str(own.get("digest")) == made_from(coordinates, adata.obs_names, slices):
            warn_again(known.obsp[_keys.SPATIAL_CONNECTIVITIES], coordinates, slices, way, where)
            return known
    bare = AnnData(
        sparse.csr_matrix((adata.n_obs, 0), dtype="float32"), obsm={where.spatial_key: coordinates}
    )
    bare.obs_names = adata.obs_names
    make_graph(coordinates, adata.obs_names, slices, way, where).write(bare)
    return bare


def write_graph(adata: AnnData, tissue: AnnData) -> None:
    """Write the spatial graph that `spatial_graph` gave into an object, unless it is the one that was there.

    Parameters
    ----------
    adata
        Changed.
    tissue
        What `spatial_graph` gave for this object, or for the one that this is a copy of.
    """
    if tissue.n_vars:  # the object itself, with its own graph
        return
    for key in (_keys.SPATIAL_CONNECTIVITIES, _keys.SPATIAL_DISTANCES):
        adata.obsp[key] = tissue.obsp[key]
    adata.uns[_keys.SPATIAL_NEIGHBORS] = tissue.uns[_keys.SPATIAL_NEIGHBORS]


def current_graph(adata: AnnData) -> Any:
    """Return the spatial graph of an object, made anew where it is stale; None where there is none.

    Parameters
    ----------
    adata
        Not changed.

    Returns
    -------
    scipy.sparse matrix or None

    Examples
    --------
    >>> import anndata, numpy as np
    >>> from spotscape.gr.spatial_graph import current_graph
    >>> current_graph(anndata.AnnData(np.ones((9, 2), dtype="float32"))) is None
    True
    """
    state = graph_state(adata)
    if state == STALE:
        record = _made_from(adata) or {}
        key = str(record.get("spatial_key", _keys.SPATIAL))
        slice_key = record.get("slice_key")
        slice_key = str(slice_key) if slice_key in adata.obs else None
        coordinates = gr.check_coordinates(adata, key)
        if slice_key is None:
            check_one_section(adata, coordinates, key)
        return _new_graph(adata, coordinates, Where(key, slice_key), record).obsp[
            _keys.SPATIAL_CONNECTIVITIES
        ]
    return None if state == NONE else adata.obsp[_keys.SPATIAL_CONNECTIVITIES]


def _check_given_graph(adata: AnnData, slice_key: str | None) -> None:
    """Raise where the spatial graph that came with the object cannot be meant."""
    weights = sparse.csr_matrix(adata.obsp[_keys.SPATIAL_CONNECTIVITIES])
    name = f"adata.obsp[{_keys.SPATIAL_CONNECTIVITIES!r}]"
    if not np.isfinite(weights.data).all() or (weights.data < 0).any():
        raise input_error(name, "weights that are NaN, infinite or negative", "weights >= 0", _TODO)
    typical = float(np.median(np.diff(weights.indptr)))
    if typical < FEWEST_NEIGHBORS:
        raise input_error(name, f"{typical:g} neighbours at the median", f"{FEWEST_NEIGHBORS} or more", _TODO)
    if slice_key is not None:
        slices = read_slices(adata, slice_key).codes
        edges = weights.tocoo()
        between = int(((slices[edges.row] != slices[edges.col]) & (edges.data != 0)).sum())
        if between:
            raise input_error(name, f"{between} edges between slices", "none, as slices do not touch", _TODO)


def _compare(adata: AnnData, coordinates: np.ndarray | None) -> None:
    """Raise where edges of the user's graph join spots far apart; say that the graph is used."""
    weights = sparse.csr_matrix(adata.obsp[_keys.SPATIAL_CONNECTIVITIES])
    name = f"adata.obsp[{_keys.SPATIAL_CONNECTIVITIES!r}]"
    degrees = np.diff(weights.indptr)
    text = f"{name} was there, not made by spotscape, and was used: "
    text += f"{np.median(degrees):g} neighbours at the median"
    isolated = int((degrees == 0).sum())
    if coordinates is not None:
        far = _far_edges(weights, coordinates)
        if far > _MOST_FAR:
            found = f"{far:.0%} of its edges between spots that are far apart by their coordinates"
            raise input_error(name, found, "edges between neighbours, of these spots and places", _TODO)
    if isolated > MOST_ISOLATED * len(degrees):
        text += f", and {isolated} of {len(degrees)} spots without any"
    warnings.warn(f"{text}. Delete it to have it made anew.", SpotscapeWarning, stacklevel=4)


def _far_edges(weights: sparse.csr_matrix, coordinates: np.ndarray) -> float:
    """Return the share of edges that are much longer than those to as many nearest spots."""
    degrees = np.diff(weights.indptr)
    rows = np.unique(np.linspace(0, len(degrees) - 1, min(len(degrees), 5000)).astype(int))
    edges = sparse.coo_array(sparse.csr_array(weights)[rows])
    if not edges.nnz:
        return 0.0
    k = int(min(len(degrees) - 1, max(6, np.quantile(degrees, 0.9))))
    reach = cKDTree(coordinates).query(coordinates[rows], k=[k + 1], workers=-1)[0].ravel()
    at, target = edges.coords
    lengths = np.linalg.norm(coordinates[rows[at]] - coordinates[target], axis=1)
    # The typical reach beside the spot's own: at the rim, and where spots share a place.
    limit = _FAR * np.maximum(reach, np.median(reach))
    return float(np.mean(lengths > limit[at]))
