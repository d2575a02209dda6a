"""Counts, genes and normalisation: everything between an AnnData and the matrix a model is trained on.

Nothing here changes the user's counts: ``X``, the layers and ``raw`` are read, and results are new.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from spotscape import _keys
from spotscape._adata import in_memory_copy
from spotscape._neighborhood import neighborhood_mean
from spotscape._slices import read_slices
from spotscape._validate import (
    check_choice,
    check_integer,
    check_number,
    describe,
    input_error,
)
from spotscape.config import GENE_RANKINGS
from spotscape.pp.counts import NOT_WHOLE, Counts, read_counts
from spotscape.pp.counts_choice import Candidate, choose_counts, is_named, is_plain, named_rank
from spotscape.pp.expression import choose_genes, log_expression, median_of
from spotscape.pp.fractions import SETTING, are_accepted

_RAW_COUNTS = "raw counts (whole numbers >= 0, not all of them 0)"


def check_adata(adata: AnnData) -> None:
    """Raise where an object cannot be worked on at all; to be called before work starts.

    Parameters
    ----------
    adata
        What the user passed.

    Raises
    ------
    InputError
        If it is no AnnData, has fewer than two spots or no genes, or if spots or genes share a name.

    Examples
    --------
    >>> import anndata, numpy as np
    >>> from spotscape.pp import check_adata
    >>> check_adata(anndata.AnnData(np.ones((2, 3), dtype="float32")))
    """
    if not isinstance(adata, AnnData):
        raise input_error(
            "adata", f"a {type(adata).__name__}", "an AnnData object", "Read a file with spotscape.io.read."
        )
    if adata.is_view and adata.isbacked:
        todo = "Call adata.to_memory() first."
        raise input_error("adata", "a part of an object whose matrix is on disk", "one in memory", todo)
    if adata.n_obs < 2 or adata.n_vars < 1:
        found = f"{adata.n_obs} spot(s) x {adata.n_vars} gene(s)"
        raise input_error("adata", found, "2 or more spots and 1 or more genes")
    for axis, names in (("obs_names", adata.obs_names), ("var_names", adata.var_names)):
        _check_unique(f"adata.{axis}", names, f"Call adata.{axis}_make_unique() first.")


def find_counts(adata: AnnData, *, layer: str | None = None) -> Counts:
    """Find the raw counts in an object, wherever its author left them.

    With ``layer`` only that layer is looked at. Otherwise ``layers["counts"]`` and other layers of such a
    name come first, then ``X``, ``raw`` and the other layers. Counts are whole numbers, none negative and
    not all zero, of an integer or float dtype. Layers of such a name, ``X`` and ``raw`` are not taken if they
    hold only 0 and 1, ranks, or the same total in every spot, as scaled values do. Where only other layers
    hold whole numbers, they are compared, and a part of another one (``spliced``) is not taken. Of sparse
    matrices the stored values are checked. A backed matrix (CSR, CSC or dense) is read into memory only if
    its first values are whole numbers.

    In a run with ``fractional_counts``, and on what came of one, the first place with values >= 0 is taken
    where no place holds whole numbers.

    Parameters
    ----------
    adata
        Spots x genes. Not changed.
    layer
        Name of the layer that holds the counts; None to look everywhere.

    Returns
    -------
    Counts
        ``(matrix, var_names, source)``. A CSR matrix is handed on without a copy.

    Raises
    ------
    InputError
        If there are no counts; the message says where this looked and what it found there. If two places may
        hold them; the message lists both.

    Examples
    --------
    >>> import anndata, numpy as np
    >>> from spotscape.pp import find_counts
    >>> adata = anndata.AnnData(np.log1p([[0.0, 3.0], [1.0, 2.0]]))
    >>> adata.layers["counts"] = np.array([[0, 3], [1, 2]])
    >>> find_counts(adata).source
    "layers['counts']"
    """
    check_adata(adata)
    if layer is not None and not (isinstance(layer, str) and layer in adata.layers):
        known = ", ".join(repr(name) for name in adata.layers) or "none"
        raise input_error("layer", describe(layer), f"the name of a layer of adata (it has: {known})")
    verdicts: list[tuple[str, str]] = []
    found: list[Candidate] = []
    for source, stored, var_names in _places(adata, layer):
        matrix = read_counts(stored, adata.obs_names, var_names)
        if isinstance(matrix, str):
            verdicts.append((source, matrix))
        else:
            found.append(Candidate(source, matrix, var_names))
            if is_plain(found[-1]):  # counts by their name, and by what they are: no need to read the others
                break
    if not found and are_accepted(adata.uns):
        found = list(islice(_fractional(adata, layer), 1))
    if found:
        chosen = choose_counts(found)
        if chosen.source == "raw":
            _check_unique("adata.raw.var_names", chosen.var_names, "Make them unique before raw is set.")
        return Counts(chosen.matrix, chosen.var_names, chosen.source)
    todo = "Put the raw counts into adata.X or adata.layers['counts']."
    if any(NOT_WHOLE in verdict for _, verdict in verdicts):
        todo += f" Decontaminated counts and their like are taken by the setting {SETTING}."
    if len(verdicts) == 1:
        source, verdict = verdicts[0]
        raise input_error(f"adata.{source}", verdict, _RAW_COUNTS, todo)
    if not verdicts:
        raise input_error("adata", "no X, no layers and no raw", _RAW_COUNTS, todo)
    found = "; ".join(f"{source} holds {verdict}" for source, verdict in verdicts)
    raise input_error("adata", f"no counts: {found}", f"{_RAW_COUNTS} in one of these", todo)


def _fractional(adata: AnnData, layer: str | None) -> Iterator[Candidate]:
    """Yield the places with counts that need not be whole."""
    for source, stored, var_names in _places(adata, layer):
        matrix = read_counts(stored, adata.obs_names, var_names, fractional=True)
        if not isinstance(matrix, str):
            yield Candidate(source, matrix, var_names)


def select_genes(
    adata: AnnData,
    *,
    n_top_genes: int = 3000,
    ranking: str = "spatial",
    slice_key: str | None = None,
    layer: str | None = None,
    key_added: str = _keys.KEY_ADDED,
    copy: bool = False,
) -> AnnData | None:
    """Choose genes: those with the clearest spatial pattern, or all of a small panel.

    Genes that are constant over the spots, such as genes that were never seen, are never chosen. All other
    genes are taken if there are at most ``n_top_genes``.

    Parameters
    ----------
    adata
        Spots x genes, with raw counts somewhere (see `find_counts`) and, for a spatial ranking of more than
        ``n_top_genes`` genes, the spatial graph in ``obsp["spatial_connectivities"]`` (see `spotscape.gr`).
    n_top_genes
        How many genes to choose, at most.
    ranking
        ``"spatial"``: by how alike expression is in a spot and around it [1]_, that is the correlation of a
        gene's log expression (counts scaled to the median total) with its mean over direct neighbours. Genes
        seen in fewer than 1 % of the spots, or 3, come last. ``"variable"``: by scanpy's ``seurat_v3`` on raw
        counts [2]_, which fits the variance as a smooth function of the mean; where there are too few genes
        for the fit, wider windows are tried and then the ratio of variance to mean is used, with a warning.
    slice_key
        Name in ``obs`` of the slices, where there are several: genes are then ranked within each slice, so
        that a difference between slices ranks no gene high. None for one slice.
    layer
        Layer that holds the counts; None to look everywhere.
    key_added
        Stem of the name written to.
    copy
        Return a changed copy, and leave ``adata`` alone.

    Returns
    -------
    None, or the copy. Writes ``var["<key_added>_genes"]``, bool: the chosen genes.

    Raises
    ------
    InputError
        If there are no raw counts, no spatial graph where one is needed, ``n_top_genes`` is no integer >= 1,
        or every gene is constant.

    References
    ----------
    .. [1] Moran (1950), Notes on continuous stochastic phenomena, Biometrika 37.
    .. [2] Stuart et al. (2019), Comprehensive integration of single-cell data, Cell 177.

    Examples
    --------
    >>> import anndata, numpy as np
    >>> from spotscape.pp import select_genes
    >>> adata = anndata.AnnData(np.array([[5, 0, 3], [5, 0, 1], [5, 0, 0]], dtype="float32"))
    >>> select_genes(adata)
    >>> adata.var["spotscape_genes"].tolist()
    [False, False, True]
    """
    n_top_genes = check_integer("n_top_genes", n_top_genes, 1)
    check_choice("ranking", ranking, GENE_RANKINGS)
    slices = None if slice_key is None else read_slices(adata, slice_key)
    counts = find_counts(adata, layer=layer)
    chosen = choose_genes(
        counts,
        n_top_genes,
        ranking,
        mean=lambda: neighborhood_mean(_graph(adata)),
        slices=slices,
        among=counts.var_names.isin(adata.var_names),
    )
    if copy:
        adata = in_memory_copy(adata)
    adata.var[_keys.genes(key_added)] = adata.var_names.isin(chosen)
    return adata if copy else None


def normalized_expression(
    adata: AnnData,
    *,
    genes: Sequence[str] | Sequence[bool] | pd.Index | pd.Series | np.ndarray | None = None,
    layer: str | None = None,
    target_sum: float | None = None,
) -> sparse.csr_matrix:
    """Scale each spot to the same total, and take ``log(1 + x)``.

    The total of a spot is over all genes of the matrix that the counts were found in, also when only some of
    them are asked for. A spot without counts gets a row of zeros, and a warning says how many there are.

    Parameters
    ----------
    adata
        Spots x genes, with raw counts somewhere (see `find_counts`). Not changed.
    genes
        Which columns to return, in this order: names, or a mask over ``adata.var``. None for all of
        ``adata.var_names``.
    layer
        Layer that holds the counts; None to look everywhere.
    target_sum
        Total of a spot after scaling, before the logarithm; None for the median total of the spots that have
        counts (see `median_total`).

    Returns
    -------
    scipy.sparse.csr_matrix
        n_obs x n_genes, float32.

    Raises
    ------
    InputError
        If there are no raw counts, ``target_sum`` is not a positive number, or a gene is unknown.

    Examples
    --------
    >>> import anndata, numpy as np
    >>> from spotscape.pp import normalized_expression
    >>> adata = anndata.AnnData(np.array([[1, 3], [2, 0]], dtype="float32"))
    >>> np.expm1(normalized_expression(adata, target_sum=100).toarray()).round(3).tolist()
    [[25.0, 75.0], [100.0, 0.0]]
    """
    if target_sum is not None:
        target_sum = check_number("target_sum", target_sum, 1e-6)
    counts = find_counts(adata, layer=layer)
    columns = _columns(adata, counts, genes)
    return log_expression(counts, columns, target_sum)


def median_total(adata: AnnData, *, layer: str | None = None) -> float:
    """Return the median over spots of their total counts, those without counts left out.

    Parameters
    ----------
    adata, layer
        As in `find_counts`, which also says what is raised.

    Returns
    -------
    float
        What `normalized_expression` scales to by default.

    Examples
    --------
    >>> import anndata, numpy as np
    >>> from spotscape.pp import median_total
    >>> median_total(anndata.AnnData(np.array([[1, 3], [2, 0], [0, 3]], dtype="float32")))
    3.0
    """
    return median_of(find_counts(adata, layer=layer).totals())


def _graph(adata: AnnData) -> sparse.csr_matrix:
    if _keys.SPATIAL_CONNECTIVITIES not in adata.obsp:
        raise input_error(
            f"adata.obsp[{_keys.SPATIAL_CONNECTIVITIES!r}]",
            "nothing there",
            "the spatial graph, to rank genes by their pattern",
            "Call spotscape.gr.spatial_neighbors(adata) first, or rank them with ranking='variable'.",
        )
    return sparse.csr_matrix(adata.obsp[_keys.SPATIAL_CONNECTIVITIES])


def _check_unique(name: str, names: pd.Index, todo: str) -> None:
    """Raise if a name occurs twice."""
    if not names.is_unique:
        twice = names[names.duplicated()].unique()
        raise input_error(
            name, f"{len(twice)} name(s) used more than once, such as {twice[0]!r}", "unique names", todo
        )


def _places(adata: AnnData, layer: str | None) -> Iterator[tuple[str, Any, pd.Index]]:
    """Yield ``(source, matrix, var_names)`` of every place counts may be in, in the order to look."""
    if layer is not None:
        yield f"layers[{layer!r}]", adata.layers[layer], adata.var_names
        return
    named = sorted((name for name in adata.layers if is_named(name)), key=named_rank)
    for name in named:
        yield f"layers[{name!r}]", adata.layers[name], adata.var_names
    if adata.X is not None:
        yield "X", adata.X, adata.var_names
    if adata.raw is not None:
        yield "raw", adata.raw.X, adata.raw.var_names
    for name in adata.layers:
        if name not in named:
            yield f"layers[{name!r}]", adata.layers[name], adata.var_names


def _columns(adata: AnnData, counts: Counts, genes: Any) -> np.ndarray:
    """Return the columns of ``counts.matrix`` for the genes asked for."""
    asked = np.asarray(adata.var_names if genes is None else genes)
    if asked.dtype == bool:
        if asked.shape != (adata.n_vars,):
            raise input_error("genes", f"a mask of shape {asked.shape}", f"a shape of ({adata.n_vars},)")
        asked = adata.var_names[asked]
    if len(asked) == 0:
        raise input_error("genes", "no gene", "one or more genes")
    columns = counts.var_names.get_indexer(asked)
    unknown = asked[columns < 0]
    if len(unknown):
        found = f"{len(unknown)} gene(s) that are not in {counts.source}, such as {unknown[0]!r}"
        raise input_error("genes", found, "names of genes that have counts")
    return columns
