"""Spatial neighbours: which spots touch, or lie close to, which.

Every function writes one undirected graph under squidpy's names, so that either package can use the other's.
Graphs depend on the shape of the tissue alone: another unit, rotation, origin or order of the spots gives the
same edges. Spots at the very same place are neighbours of each other and share all their neighbours.
"""

from __future__ import annotations

from anndata import AnnData

from spotscape._docs import filled
from spotscape._keys import SPATIAL
from spotscape.gr.ways import Where, by_default, by_nearest, by_radius, by_rings, by_triangles
from spotscape.gr.write import write_graph_of


@filled()
def spatial_neighbors(
    adata: AnnData,
    *,
    n_neighbors: int = 6,
    spatial_key: str = SPATIAL,
    slice_key: str | None = None,
    copy: bool = False,
) -> AnnData | None:
    """Find neighbours in the way that suits the coordinates.

    Spots on a lattice (nearest neighbours all at one distance) are joined to the spots they touch, as by
    `spatial_neighbors_grid`: 6 on Visium, 8 on square bins. All other spots are joined to their nearest
    neighbours, as by `spatial_neighbors_knn`: about ``1.2 * n_neighbors`` each. So are the spots of a thinly
    filled lattice, where most spots touch fewer than three others or over 3 % touch none. Nearest neighbours
    adapt to the density of cells, and leave no cell alone; a radius or a triangulation does not.

    Parameters
    ----------
    adata
        Spots with coordinates in ``obsm[spatial_key]``, n_obs x 2 or 3, in any unit.
    n_neighbors
        Nearest neighbours of a freely lying spot. Without effect on a lattice.
    spatial_key
        {spatial_key}
    slice_key
        Column of ``obs`` with the slices. Each slice gets its own graph, and no edges lead to other slices.
        None for a single slice.
    copy
        {copy}

    Returns
    -------
    None, or the copy. Writes

    - ``obsp["spatial_connectivities"]``: CSR, float32, 1 for neighbours; symmetric, no self loops;
    - ``obsp["spatial_distances"]``: CSR, float64, the distances of the same pairs, in the coordinates' unit;
    - ``uns["spatial_neighbors"]``: the two names above, how the graph was made (``params``), and what it was
      made from (``made_from``). A run uses that to find a graph that no longer fits.

    Raises
    ------
    InputError
        If coordinates are missing, not finite, all equal, or of the wrong shape; if there are not more spots
        (at different places) than ``n_neighbors``; if half of the spots have fewer than three neighbours; if
        sections lie on top of each other and ``slice_key`` does not name them.

    Warns
    -----
    SpotscapeWarning
        If more than 3 % of the spots have no neighbour, or more than 1 % share their place with another.

    Examples
    --------
    >>> import anndata, numpy as np
    >>> from spotscape.gr import spatial_neighbors
    >>> adata = anndata.AnnData(np.ones((9, 2), dtype="float32"))
    >>> adata.obsm["spatial"] = np.array([[x, y] for x in range(3) for y in range(3)])
    >>> spatial_neighbors(adata)
    >>> adata.obsp["spatial_connectivities"].sum(axis=1).astype(int).ravel().tolist()
    [[3, 5, 3, 5, 8, 5, 3, 5, 3]]
    """
    return write_graph_of(adata, by_default(n_neighbors), Where(spatial_key, slice_key), copy)


@filled(like=spatial_neighbors)
def spatial_neighbors_knn(
    adata: AnnData,
    *,
    n_neighbors: int = 6,
    spatial_key: str = SPATIAL,
    slice_key: str | None = None,
    copy: bool = False,
) -> AnnData | None:
    """Join each spot to its nearest ones; two spots are neighbours if either is among the other's nearest.

    Of several spots that tie for the last place all are taken, so that their order does not matter.

    Parameters
    ----------
    adata
        {adata}
    n_neighbors
        How many nearest spots to join a spot to. The mean over spots ends up about a fifth higher.
    spatial_key
        {spatial_key}
    slice_key
        {slice_key}
    copy
        {copy}

    Returns
    -------
    None, or the copy. Writes and raises what `spatial_neighbors` does.

    Examples
    --------
    >>> import anndata, numpy as np
    >>> from spotscape.gr import spatial_neighbors_knn
    >>> adata = anndata.AnnData(np.ones((50, 1), dtype="float32"))
    >>> adata.obsm["spatial"] = np.random.default_rng(0).random((50, 2))
    >>> spatial_neighbors_knn(adata, n_neighbors=4)
    >>> int(adata.obsp["spatial_connectivities"].sum(axis=1).min())
    4
    """
    return write_graph_of(adata, by_nearest(n_neighbors), Where(spatial_key, slice_key), copy)


@filled(like=spatial_neighbors)
def spatial_neighbors_radius(
    adata: AnnData,
    *,
    radius: float,
    spatial_key: str = SPATIAL,
    slice_key: str | None = None,
    copy: bool = False,
) -> AnnData | None:
    """Join spots that are not further apart than a radius.

    Parameters
    ----------
    adata
        {adata}
    radius
        Greatest distance of two neighbours, in the unit of the coordinates (that may be pixels).
    spatial_key
        {spatial_key}
    slice_key
        {slice_key}
    copy
        {copy}

    Returns
    -------
    None, or the copy. Writes what `spatial_neighbors` writes.

    Raises
    ------
    InputError
        As in `spatial_neighbors`, or for over 200 neighbours on average; the message says what would do.

    Examples
    --------
    >>> import anndata, numpy as np
    >>> from spotscape.gr import spatial_neighbors_radius
    >>> adata = anndata.AnnData(np.ones((9, 2), dtype="float32"))
    >>> adata.obsm["spatial"] = np.array([[x, y] for x in range(3) for y in range(3)])
    >>> spatial_neighbors_radius(adata, radius=1.0)
    >>> adata.obsp["spatial_connectivities"].nnz // 2
    12
    """
    return write_graph_of(adata, by_radius(radius), Where(spatial_key, slice_key), copy)


@filled(like=spatial_neighbors)
def spatial_neighbors_delaunay(
    adata: AnnData,
    *,
    max_edge: float | None = None,
    spatial_key: str = SPATIAL,
    slice_key: str | None = None,
    copy: bool = False,
) -> AnnData | None:
    """Join spots that share an edge of the Delaunay triangulation (in 3D: of its tetrahedra).

    Where four spots lie on one circle, as on a square lattice, the diagonal is arbitrary: use
    `spatial_neighbors_grid` there.

    Parameters
    ----------
    adata
        {adata}
    max_edge
        Longest edge to keep, in the unit of the coordinates. None drops the long ones along the rim and over
        holes: more than twice the distance to the sixth nearest spot, at the sparser of the two ends.
    spatial_key
        {spatial_key}
    slice_key
        {slice_key}
    copy
        {copy}

    Returns
    -------
    None, or the copy. Writes what `spatial_neighbors` writes.

    Raises
    ------
    InputError
        As in `spatial_neighbors`, and if all spots of a slice lie on one line (in 3D: in a slanted plane).

    Examples
    --------
    >>> import anndata, numpy as np
    >>> from spotscape.gr import spatial_neighbors_delaunay
    >>> adata = anndata.AnnData(np.ones((5, 1), dtype="float32"))
    >>> adata.obsm["spatial"] = np.array([[0, 0], [1, 1], [1, -1], [-1, 1], [-1, -1]])
    >>> spatial_neighbors_delaunay(adata)
    >>> adata.obsp["spatial_connectivities"].sum(axis=1).astype(int).ravel().tolist()
    [[4, 3, 3, 3, 3]]
    """
    return write_graph_of(adata, by_triangles(max_edge), Where(spatial_key, slice_key), copy)


@filled(like=spatial_neighbors)
def spatial_neighbors_grid(
    adata: AnnData,
    *,
    n_rings: int = 1,
    spatial_key: str = SPATIAL,
    slice_key: str | None = None,
    copy: bool = False,
) -> AnnData | None:
    """Join spots of a lattice to those they touch, and to those that these touch, and so on.

    The lattice is read from the coordinates. Spots touch 6 others on a hexagonal lattice (Visium), 8 on a
    square one (bins of Visium HD and Stereo-seq, the first ST arrays; at a side or a corner), and those at
    the shortest distance in 3D (6 on a cubic lattice).

    Parameters
    ----------
    adata
        {adata}
    n_rings
        Steps from spot to touching spot that make a neighbour.
    spatial_key
        {spatial_key}
    slice_key
        {slice_key}
    copy
        {copy}

    Returns
    -------
    None, or the copy. Writes what `spatial_neighbors` writes.

    Raises
    ------
    InputError
        As in `spatial_neighbors`, and if the spots of a slice do not lie on a lattice.

    Examples
    --------
    >>> import anndata, numpy as np
    >>> from spotscape.gr import spatial_neighbors_grid
    >>> adata = anndata.AnnData(np.ones((9, 2), dtype="float32"))
    >>> adata.obsm["spatial"] = np.array([[x, y] for x in range(3) for y in range(3)])
    >>> spatial_neighbors_grid(adata, n_rings=2)
    >>> adata.obsp["spatial_connectivities"].nnz // 2
    36
    """
    return write_graph_of(adata, by_rings(n_rings), Where(spatial_key, slice_key), copy)
