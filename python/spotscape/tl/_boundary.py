"""``boundary_spots``: where domains meet."""

from __future__ import annotations

from anndata import AnnData

from spotscape import _keys
from spotscape._adata import in_memory_copy
from spotscape._docs import filled
from spotscape._validate import input_error
from spotscape.metrics.boundaries import has_neighbour_elsewhere
from spotscape.metrics.labels import label_codes
from spotscape.pp import check_adata
from spotscape.run.read import check_domains, read_graph


@filled()
def boundary_spots(
    adata: AnnData,
    *,
    domain_key: str | None = None,
    key_added: str = _keys.KEY_ADDED,
    copy: bool = False,
) -> AnnData | None:
    """Mark the spots that have a neighbour of another domain.

    Spots without a label are at no boundary, and make none.

    Parameters
    ----------
    adata
        With labels in ``obs`` and the spatial graph in ``obsp["spatial_connectivities"]`` (n_obs x n_obs;
        see `spotscape.gr.spatial_neighbors`; `run_spotscape` makes both).
    domain_key
        Column of ``obs`` that holds the domains; ``"<key_added>_domain"`` if None.
    key_added
        {key_read_and_written}
    copy
        {copy}

    Returns
    -------
    None, or the copy. Writes

    - ``obs["<key_added>_boundary"]``: bool, n_obs.

    Raises
    ------
    InputError
        If the labels or the graph are missing, or no spot has a label.

    Examples
    --------
    Five spots in a row:

    >>> import anndata, numpy as np, scipy.sparse
    >>> from spotscape.tl import boundary_spots
    >>> adata = anndata.AnnData(np.ones((5, 1), dtype="float32"))
    >>> adata.obs["layer"] = ["L1", "L1", "L1", "L2", "L2"]
    >>> row = scipy.sparse.diags([[1.0] * 4, [1.0] * 4], [-1, 1]).tocsr()
    >>> adata.obsp["spatial_connectivities"] = row
    >>> boundary_spots(adata, domain_key="layer")
    >>> adata.obs["spotscape_boundary"].tolist()
    [False, False, True, True, False]
    """
    check_adata(adata)
    domain_key = _keys.domain(key_added) if domain_key is None else domain_key
    check_domains(adata, domain_key)
    graph = read_graph(adata)
    codes = label_codes(adata.obs[domain_key], f"adata.obs[{domain_key!r}]")
    if (codes < 0).all():
        raise input_error(f"adata.obs[{domain_key!r}]", "no label at any spot", "the domain of each spot")
    at_boundary = has_neighbour_elsewhere(codes, graph)
    adata = in_memory_copy(adata) if copy else adata
    adata.obs[_keys.boundary(key_added)] = at_boundary
    return adata if copy else None
