"""``describe_domains``: how large each domain is, where it lies, its shape, and what it borders on."""

from __future__ import annotations

import numpy as np
from anndata import AnnData

from spotscape import _keys
from spotscape._slices import read_slices
from spotscape._validate import check_flag, input_error
from spotscape.annotation import shape
from spotscape.annotation.shape import Description
from spotscape.gr import check_coordinates
from spotscape.gr.coordinates import in_one_plane
from spotscape.gr.spatial_graph import spatial_graph
from spotscape.gr.unit import micrometres_per_unit
from spotscape.pp import check_adata
from spotscape.run.read import check_key_added
from spotscape.tl._labels import given_or_run_slice_key, read_labels, without_labels


def describe_domains(
    adata: AnnData,
    *,
    domain_key: str | None = None,
    slice_key: str | None = None,
    by_slice: bool = False,
    spatial_key: str = _keys.SPATIAL,
    key_added: str = _keys.KEY_ADDED,
) -> Description:
    """Describe the domains: size, confidence, place, shape, pieces, and the lengths of their borders.

    Each spot stands for the ground that is nearer to it than to any other spot, a cell of a Voronoi diagram.
    At the rim of the tissue, and at its holes, that ground ends about half a spot distance away. Gaps that
    are as small as a missing spot are closed. Borders and outlines are lengths of the line that
    runs along the tiles' edges, without their zigzag. On lattices they are within 3 % of the true line. Among
    cells that lie freely they are some 5 % too long. Each sharp corner is rounded, by about half a spot
    distance.

    Parameters
    ----------
    adata
        With domains in ``obs`` and coordinates in ``obsm``, in the plane. Not changed.
    domain_key
        Column of ``obs`` that holds the domains; ``"<key_added>_domain"`` if None.
    slice_key
        Column of ``obs`` with the slices; None: that of `integrate_slices`, or one slice.
    by_slice
        Rows for each slice and domain. Otherwise several slices are taken together: numbers of spots, areas,
        lengths and pieces are added up, the others are means over spots.
    spatial_key
        Name of the coordinates in ``obsm``.
    key_added
        Stem of the names of the run.

    Returns
    -------
    Description
        ``unit``: ``"um"`` where the object knows its unit (``uns["micrometres_per_unit"]``, or the scale
        factors of Space Ranger), else ``"spot distance"``: that of nearest spots, in each slice its median.

        ``borders``: domain x domain, length of the border between two.

        ``domains``: a row for each domain, with

        - ``domain``, ``n_spots``, ``share`` (of the spots that have a domain);
        - ``confidence``: its mean, where the domains are those of a run that has one;
        - ``depth``: mean place along the tissue's main axis, from 0 at the end of the first domains to 1 at
          the other. NaN where the domains do not follow one direction (place along it tells less than half
          of their variance, or not twice as much as across it), as in a ring around a core;
        - ``area`` (in the unit's square), ``perimeter`` (against anything else), and ``outline``, the part of
          it along the rim or the holes of the tissue;
        - ``elongation``: length by width of its largest piece, by the second moments, 1 for a disk or square;
        - ``n_pieces``: parts that no edge of the spatial graph joins, and ``largest_piece``, how much of the
          domain the largest one is;
        - ``unit``; with ``by_slice``, ``slice`` first.

    Raises
    ------
    InputError
        If domains, slices or coordinates are missing, no spot has a domain, a slice does not lie in one
        plane, or sections lie on each other and no ``slice_key`` tells them apart.

    Examples
    --------
    >>> import anndata, numpy as np
    >>> from spotscape.tl import describe_domains
    >>> adata = anndata.AnnData(np.ones((60, 1), dtype="float32"))
    >>> adata.obsm["spatial"] = np.array([[x, y] for x in range(10) for y in range(6)])
    >>> adata.obs["layer"] = np.repeat(["L1", "L2", "L3"], [12, 18, 30])
    >>> found = describe_domains(adata, domain_key="layer")
    >>> found.domains[["domain", "n_spots", "area", "n_pieces"]].round(2)
      domain  n_spots  area  n_pieces
    0     L1       12  12.0         1
    1     L2       18  18.0         1
    2     L3       30  30.0         1
    >>> found.borders.round(2)
             L1   L2   L3
    domain
    L1      0.0  6.0  0.0
    L2      6.0  0.0  6.0
    L3      0.0  6.0  0.0
    >>> found.unit
    'spot distance'
    """
    check_adata(adata)
    key_added = check_key_added(key_added)
    by_slice = check_flag("by_slice", by_slice)
    column = _keys.domain(key_added) if domain_key is None else domain_key
    labels = read_labels(adata, column, given=domain_key is not None)
    slice_key = given_or_run_slice_key(adata, slice_key, key_added)
    slices = None if slice_key is None else read_slices(adata, slice_key)
    if by_slice and slices is None:
        todo = "Name the column of adata.obs with the slices by slice_key=."
        raise input_error("by_slice", "True for an object of one slice", "False", todo)
    places = in_one_plane(check_coordinates(adata, spatial_key), slices, spatial_key)
    tissue = spatial_graph(without_labels(adata, column, slice_key), spatial_key, slice_key)
    confidence = None
    if column == _keys.domain(key_added) and _keys.confidence(key_added) in adata.obs:
        confidence = adata.obs[_keys.confidence(key_added)].to_numpy(dtype=np.float64)
    return shape.describe(
        labels,
        places,
        tissue.obsp[_keys.SPATIAL_CONNECTIVITIES].tocsr(),
        slices=slices,
        micrometres=micrometres_per_unit(adata, spatial_key),
        confidence=confidence,
        by_slice=by_slice,
    )
