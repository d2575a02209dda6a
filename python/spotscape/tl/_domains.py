"""``spatial_domains``: the embedding becomes labels."""

from __future__ import annotations

from anndata import AnnData

from spotscape import _keys
from spotscape._adata import in_memory_copy
from spotscape._docs import filled
from spotscape._validate import check_flag, check_integer, check_number
from spotscape.domains import find_domains
from spotscape.gr.spatial_graph import current_graph
from spotscape.run.read import check_n_domains, read_embedding, read_graph, read_method
from spotscape.run.write import write_domains


@filled()
def spatial_domains(
    adata: AnnData,
    *,
    n_domains: int | None = None,
    method: str | None = None,
    smooth: bool = False,
    resolution: float = 1.0,
    seed: int = 0,
    n_starts: int = 10,
    key_added: str = _keys.KEY_ADDED,
    copy: bool = False,
) -> AnnData | None:
    """Group spots into spatial domains by their embedding.

    Above 20,000 spots, the mixture and K-means are fitted to 20,000 spots drawn at random, and all spots are
    assigned to the groups found. Leiden needs a graph of all spots, and takes long where there are very many.

    Parameters
    ----------
    adata
        After `run_spotscape`: with ``obsm["X_<key_added>"]``.
    n_domains
        Number of domains, 2 to the number of spots; None has it suggested (see `suggest_n_domains`), except
        for Leiden, which then follows ``resolution``.
    method
        ``"gmm"``: a Gaussian mixture with one covariance shared by all domains, mclust's EEE, drawn towards a
        round one where there are few spots [1]_. ``"kmeans"``. ``"leiden"``: communities of the
        nearest-neighbour graph; with ``n_domains`` the resolution is searched for, and the number found can
        differ where none gives it. None: as the run did, by default the mixture.
    smooth
        Give each spot the most frequent label among itself and its neighbours in the tissue. Removes single
        stray spots; can thin a layer that is one spot wide.
    resolution
        Leiden's, where ``n_domains`` is None.
    seed
        Of the starts.
    n_starts
        Starts of the mixture and of K-means; the best one is kept.
    key_added
        {key_read_and_written}
    copy
        {copy}

    Returns
    -------
    None, or the copy. Writes

    - ``obs["<key_added>_domain"]``: categorical, ``"1"`` (the largest domain) to ``"K"``;
    - ``obs["<key_added>_confidence"]``: float32, 1 / K to 1: how often a spot like this one is in its right
      domain, as labelled tissue has it [2]_. Made from the mixture's posterior; K-means and Leiden give none;
    - ``uns["<key_added>"]["domains"]``: how they were made;
    - ``uns["<key_added>"]["n_domains"]``: the curve behind the number, where K was suggested.

    Raises
    ------
    InputError
        If the embedding is missing, an argument is out of range, or ``smooth`` finds no spatial graph.

    Warns
    -----
    SpotscapeWarning
        If another number of domains was found than asked for: a mixture can leave one of very many empty,
        smoothing can take the last spot of one, and Leiden's search finds no resolution for some numbers.

    References
    ----------
    .. [1] Friedman (1989), Regularized discriminant analysis, Journal of the American Statistical Association
       84.
    .. [2] Platt (1999), Probabilistic outputs for support vector machines and comparisons to regularized
       likelihood methods, Advances in Large Margin Classifiers.

    Examples
    --------
    >>> import anndata, numpy as np
    >>> from spotscape.tl import spatial_domains
    >>> adata = anndata.AnnData(np.ones((40, 2), dtype="float32"))
    >>> rng = np.random.default_rng(0)
    >>> adata.obsm["X_spotscape"] = rng.normal(size=(40, 2)) + np.repeat([[0, 9]], [40], axis=0)
    >>> adata.obsm["X_spotscape"][:10] -= 9
    >>> spatial_domains(adata, n_domains=2)
    >>> adata.obs["spotscape_domain"].value_counts().tolist()
    [30, 10]
    """
    embedding = read_embedding(adata, key_added)
    n_domains = check_n_domains(n_domains, adata.n_obs)
    method = read_method(adata, method, key_added)
    resolution = check_number("resolution", resolution, 1e-6)
    seed = check_integer("seed", seed, 0)
    n_starts = check_integer("n_starts", n_starts, 1)
    check_flag("smooth", smooth)
    graph = read_graph(adata) if smooth else current_graph(adata) if n_domains is None else None
    found = find_domains(
        embedding,
        n_domains,
        graph=graph,
        method=method,
        smooth=bool(smooth),
        resolution=resolution,
        seed=seed,
        n_starts=n_starts,
        known_curve=adata.uns.get(_keys.parameters(key_added), {}).get("n_domains"),
    )
    adata = in_memory_copy(adata) if copy else adata
    write_domains(adata, found, key_added)
    return adata if copy else None
