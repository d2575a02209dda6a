"""``impute``: denoised expression, from neighbours in the embedding and from the decoder."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse
from sklearn.neighbors import NearestNeighbors

from spotscape import _keys
from spotscape._adata import in_memory_copy
from spotscape._docs import filled
from spotscape._slices import read_slices
from spotscape._validate import check_choice, check_integer, input_error
from spotscape.engine.trained import decode
from spotscape.pp import find_counts, normalized_expression
from spotscape.run.kept_model import Trained, read_trained
from spotscape.run.read import check_key_added, read_embedding

SCALES = ("log", "counts")
_BLOCK = 2**24
"""Values made in one go, beside the result itself."""
_LARGEST = 2**31
"""Values of a result for which genes have to be named: 8 GB."""


@filled()
def impute(
    adata: AnnData,
    *,
    genes: Sequence[str] | str | None = None,
    scale: str = "log",
    n_neighbors: int = 100,
    layer: str | None = None,
    key_added: str = _keys.KEY_ADDED,
    copy: bool = False,
) -> AnnData | None:
    """Denoise expression: estimate each gene at each spot.

    The estimate is the mean of the gene over the spot's neighbourhood: the ``n_neighbors`` spots of its slice
    whose embedding is most alike. A run of the published encoder (``encoder="gcn"``) also has a decoder [1]_.
    The decoder then estimates the run's genes, at the mean embedding of the neighbourhood.

    Parameters
    ----------
    adata
        Object after `run_spotscape` or `integrate_slices`, with its counts.
    genes
        Names of the genes to impute; None for all.
    scale
        ``"log"``: ``log(1 + x)`` of counts scaled to the run's ``target_sum`` a spot. ``"counts"``: counts,
        at each spot's own total.
    n_neighbors
        Spots of a neighbourhood, 1 or more; the spot itself is one of them. 1 gives the decoder's value, or
        the spot's own. At most a tenth of a slice's spots are taken, or 5 where a tenth is fewer.
    layer
        {layer}
    key_added
        Stem of the run's names, and of the name written to.
    copy
        {copy}

    Returns
    -------
    None, or the copy. Writes, float32 and never negative:

    - for all genes ``layers["<key_added>_imputed"]``, N x genes;
    - for genes by name ``obsm["<key_added>_imputed"]``, a data frame of N x these genes, in the order given.

    Raises
    ------
    InputError
        If the model of a run, the embedding or the counts are missing, a gene is unknown or named twice, or
        the result for all genes would have more than 2**31 values (8 GB).

    Notes
    -----
    Use imputed values to look at patterns: maps, markers, hypotheses. Do not test on them. A spot's value is
    made of other spots' counts. So spots are no longer independent, and variances and p-values are far too
    small. Test differential expression on the counts (see `compare_domains`). Averaging removes what the
    embedding does not tell apart, such as a rare state of a few spots.

    References
    ----------
    .. [1] Global Context-aware Representation Learning for Spatially Resolved Transcriptomics, ICML 2025,
       arXiv 2506.15698.

    Examples
    --------
    >>> import spotscape
    >>> adata = spotscape.datasets.simulate_slice(n_spots=200, n_genes=60, n_domains=3)
    >>> spotscape.tl.run_spotscape(adata, n_domains=3, progress=False)
    >>> spotscape.tl.impute(adata, genes=adata.var_names[:2])
    >>> adata.obsm["spotscape_imputed"].shape
    (200, 2)
    """
    embedding = read_embedding(adata, check_key_added(key_added))
    trained = read_trained(adata, key_added)
    check_choice("scale", scale, SCALES)
    n_neighbors = check_integer("n_neighbors", n_neighbors, 1)
    counts = find_counts(adata, layer=layer)
    names = _genes(genes, adata, counts.var_names)
    if genes is None and adata.n_obs * len(names) > _LARGEST:
        found = f"None: {adata.n_obs:,} spots x {len(names):,} genes"
        raise input_error("genes", found, f"at most {_LARGEST:,} values", "Name the genes that are needed.")
    record = adata.uns.get(_keys.parameters(key_added), {})
    target_sum = trained.target_sum
    slices = _slices(adata, record, trained)

    values = np.empty((adata.n_obs, len(names)), dtype=np.float32)
    columns = np.full(len(names), -1) if trained.model is None else trained.genes.get_indexer(names)
    known = np.flatnonzero(columns >= 0)
    around = _neighborhoods(embedding, slices, n_neighbors)
    if len(known):
        _decode_into(values, known, trained, around @ embedding, columns[known], slices)
    others = np.flatnonzero(columns < 0)
    if len(others):
        expression = normalized_expression(adata, genes=names[others], layer=layer, target_sum=target_sum)
        # The product is nearly dense, so it is made by blocks of genes.
        step = max(1, _BLOCK // adata.n_obs)
        for start in range(0, len(others), step):
            block = slice(start, start + step)
            values[:, others[block]] = (around @ expression[:, block]).toarray()
    np.maximum(values, 0, out=values)
    if scale == "counts":
        totals = np.asarray(counts.matrix.sum(axis=1, dtype=np.float64)).ravel()
        np.expm1(values, out=values)
        values *= (totals / target_sum).astype(np.float32)[:, None]

    adata = in_memory_copy(adata) if copy else adata
    key = _keys.imputed(key_added)
    if genes is None:
        adata.layers[key] = values
    else:
        adata.obsm[key] = pd.DataFrame(values, index=adata.obs_names, columns=names)
    return adata if copy else None


def _genes(genes: Sequence[str] | str | None, adata: AnnData, counted: pd.Index) -> pd.Index:
    """Return the names of the genes to impute, or raise."""
    if genes is None:
        return adata.var_names
    names = pd.Index([genes] if isinstance(genes, str) else [str(gene) for gene in genes])
    if not len(names):
        raise input_error("genes", "no gene", "names of genes, or None for all")
    unknown = names[~names.isin(counted)]
    if len(unknown):
        found = f"{len(unknown)} gene(s) that are not in the object, such as {unknown[0]!r}"
        raise input_error("genes", found, "names of genes that have counts")
    if not names.is_unique:
        raise input_error("genes", f"{names[names.duplicated()][0]!r} twice", "each gene once")
    return names


def _slices(adata: AnnData, record: dict, trained: Trained) -> np.ndarray:
    """Return the number of each spot's slice, in the order that the model has them."""
    slice_key = record.get("integration", {}).get("slice_key")
    if slice_key is None:
        return np.zeros(adata.n_obs, dtype=np.int64)
    own = read_slices(adata, str(slice_key))
    known = pd.Index([str(name) for name in record["integration"]["slices"]])
    numbers = known.get_indexer(own.categories)
    if (numbers < 0).any() or (len(trained.means) and len(trained.means) != len(known)):
        found = f"the slice {own.categories[numbers < 0][0]!r}" if (numbers < 0).any() else "other slices"
        raise input_error(f"adata.obs[{slice_key!r}]", found, "the slices of the run")
    return numbers[own.codes]


def _decode_into(
    values: np.ndarray,
    at: np.ndarray,
    trained: Trained,
    embedding: np.ndarray,
    columns: np.ndarray,
    slices: np.ndarray,
) -> None:
    """Fill columns ``at`` by the decoder, block of spots by block, with what centring had taken off."""
    step = max(1, _BLOCK // len(at))
    for start in range(0, len(values), step):
        rows = slice(start, start + step)
        found = decode(trained.model, embedding[rows], columns)
        if len(trained.means):
            found += trained.means[slices[rows]][:, columns]
        values[rows, at] = found


def _neighborhoods(embedding: np.ndarray, slices: np.ndarray, n_neighbors: int) -> sparse.csr_matrix:
    """Return the N x N matrix of means over neighbours in the embedding, within each slice."""
    n = len(embedding)
    rows, columns, weights = [], [], []
    for number in np.unique(slices):
        own = np.flatnonzero(slices == number)
        k = min(n_neighbors, max(5, len(own) // 10), len(own))
        near = (
            NearestNeighbors(n_neighbors=k)
            .fit(embedding[own])
            .kneighbors(embedding[own], return_distance=False)
        )
        rows.append(np.repeat(own, k))
        columns.append(own[near].ravel())
        weights.append(np.full(near.size, 1 / k, dtype=np.float32))
    entries = (np.concatenate(rows), np.concatenate(columns))
    return sparse.csr_matrix((np.concatenate(weights), entries), shape=(n, n))
