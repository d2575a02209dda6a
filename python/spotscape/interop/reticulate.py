"""What the R half calls through reticulate: R's pieces in, an AnnData; an AnnData in, R's pieces out.

Reticulate turns a ``dgCMatrix`` into a ``csc_matrix``, a numeric matrix into an array, a named list into a
dict and back. Nothing here knows R, and nothing here computes.

| R | AnnData |
| --- | --- |
| ``dgCMatrix``, genes x cells | ``X``, cells x genes, CSR on the same memory |
| coordinates, cells x 2 or 3 | ``obsm["spatial"]`` |
| reduction, ``reducedDim`` | ``obsm["X_spotscape"]`` |
| metadata, ``colData`` | ``obs["spotscape_domain"]``, ``obs["spotscape_confidence"]``; slices, conditions |
| ``Misc``, ``metadata`` | ``uns["spotscape"]`` |
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import ArrayLike
from scipy.sparse import csc_matrix

from spotscape import _keys
from spotscape._caller import in_words_of
from spotscape._threads import wait_without_spinning
from spotscape._validate import InputError, SpotscapeWarning
from spotscape.interop._plain import factor as factor
from spotscape.interop._plain import index_of, plain, table_of, values_of
from spotscape.interop._plain import tables as tables
from spotscape.interop._results import data_frame as data_frame
from spotscape.interop._results import from_comparison as from_comparison
from spotscape.interop._results import from_composition as from_composition
from spotscape.interop._results import from_description as from_description
from spotscape.interop._results import from_neighborhoods as from_neighborhoods


def import_isolated(name: str) -> None:
    """Import a compiled module so that it uses the libraries it came with, not those of R.

    On Linux, R has its own BLAS loaded for all to see, and PyTorch's calls to ``sgemm`` would end there:
    other rounding than in a Python process, hence another embedding after some epochs. ``RTLD_DEEPBIND``
    keeps the module to its own. Without effect on a module that is loaded already, and where there is no
    such flag.

    Parameters
    ----------
    name
        Such as ``"torch"``; R says which, so that nothing here depends on it.

    Examples
    --------
    >>> from spotscape.interop.reticulate import import_isolated
    >>> import_isolated("json")
    """
    wait_without_spinning()
    flags = sys.getdlopenflags() if hasattr(os, "RTLD_DEEPBIND") else None
    if flags is not None:
        sys.setdlopenflags(flags | os.RTLD_DEEPBIND)
    try:
        import_module(name)
    finally:
        if flags is not None:
            sys.setdlopenflags(flags)


def call(function: Callable[..., Any], *args: Any, **kwargs: Any) -> dict[str, Any]:
    """Call ``function`` and hand back what R should raise instead of raising it.

    Parameters
    ----------
    function
        Any callable.
    *args, **kwargs
        Passed on.

    Returns
    -------
    dict
        ``"value"``; ``"error"``: the message of an `InputError`, or None; ``"warnings"``: the texts of every
        `SpotscapeWarning`. Other exceptions and warnings, interrupts among them, pass as they are.

    Examples
    --------
    >>> from spotscape.interop.reticulate import call
    >>> call(int, "3")
    {'value': 3, 'error': None, 'warnings': []}
    """
    texts: list[str] = []
    value, error = None, None
    with warnings.catch_warnings():
        show = warnings.showwarning

        def collect(message: Any, category: type[Warning], *rest: Any, **named: Any) -> None:
            if issubclass(category, SpotscapeWarning):
                texts.append(in_words_of("r", str(message)))
            else:
                show(message, category, *rest, **named)

        warnings.showwarning = collect
        warnings.simplefilter("always", SpotscapeWarning)
        try:
            value = function(*args, **kwargs)
        except InputError as problem:
            error = in_words_of("r", str(problem))
    return {"value": value, "error": error, "warnings": texts}


def to_anndata(
    counts: csc_matrix,
    genes: Sequence[str],
    cells: Sequence[str],
    coordinates: ArrayLike | None,
    obs: Mapping[str, Sequence[Any]] | None = None,
) -> AnnData:
    """Make an AnnData of one slice from R's pieces, without copying the counts.

    Parameters
    ----------
    counts
        Genes x cells, as R keeps them.
    genes, cells
        Names of the rows and of the columns of ``counts``.
    coordinates
        Cells x 2 or 3, any unit, in the order of ``cells``; None to compare conditions, which needs no place.
    obs
        Columns of ``obs`` and their values, one per cell, such as conditions.

    Returns
    -------
    AnnData
        ``X`` (CSR, cells x genes, the memory of ``counts``), ``obsm["spatial"]`` (float64) and ``obs``.

    Examples
    --------
    >>> from scipy.sparse import csc_matrix
    >>> from spotscape.interop.reticulate import to_anndata
    >>> to_anndata(csc_matrix([[1.0, 0.0], [0.0, 2.0]]), ["g1", "g2"], ["a", "b"], [[0, 0], [0, 1]]).shape
    (2, 2)
    """
    table, var = table_of(cells, obs), pd.DataFrame(index=index_of(genes))
    with warnings.catch_warnings():
        # Names that are there twice are an error of the run, in better words.
        warnings.filterwarnings("ignore", message=".* names are not unique")
        adata = AnnData(X=counts.T, obs=table, var=var)
    if coordinates is not None:
        adata.obsm[_keys.SPATIAL] = np.asarray(coordinates, dtype=np.float64)
    return adata


def embedding_to_anndata(
    embedding: ArrayLike,
    cells: Sequence[str],
    coordinates: ArrayLike | None = None,
    obs: Mapping[str, Sequence[Any]] | None = None,
) -> AnnData:
    """Make an AnnData around an embedding that R kept, to cluster it again.

    Parameters
    ----------
    embedding
        Cells x latent dimensions.
    cells
        Names of the rows.
    coordinates
        Cells x 2 or 3; needed only to smooth.
    obs
        Columns of ``obs`` and their values, one per cell, such as the slices.

    Returns
    -------
    AnnData
        ``obsm["X_spotscape"]`` (float32, as after a run) and, where given, ``obsm["spatial"]`` and ``obs``.
        The embedding also stands in for the genes that R did not send, as ``X``.

    Examples
    --------
    >>> from spotscape.interop.reticulate import embedding_to_anndata
    >>> list(embedding_to_anndata([[0.0, 1.0], [1.0, 0.0]], ["a", "b"]).obsm)
    ['X_spotscape']
    """
    values = np.ascontiguousarray(embedding, dtype=np.float32)
    adata = AnnData(X=values, obs=table_of(cells, obs), obsm={_keys.embedding(): values})
    if coordinates is not None:
        adata.obsm[_keys.SPATIAL] = np.asarray(coordinates, dtype=np.float64)
    return adata


def run_to_anndata(
    embedding: ArrayLike,
    cells: Sequence[str],
    *,
    records: Mapping[str, Any],
    obs: Mapping[str, Sequence[Any]] | None = None,
    counts: csc_matrix | None = None,
    genes: Sequence[str] | None = None,
    coordinates: ArrayLike | None = None,
    matches: Mapping[str, Sequence[Any]] | None = None,
) -> AnnData:
    """Make an AnnData of what an R object keeps of a run, for a verb that goes on from there.

    Parameters
    ----------
    embedding
        Cells x latent dimensions.
    cells
        Names of the rows.
    records
        What goes into ``uns``, by name.
    obs
        Columns of ``obs`` and their values, one per cell.
    counts, genes
        Genes x cells, and the genes' names; the embedding stands in where the verb needs none.
    coordinates
        Cells x 2 or 3.
    matches
        Columns of the table of matches of an alignment.

    Returns
    -------
    AnnData

    Examples
    --------
    >>> from spotscape.interop.reticulate import run_to_anndata
    >>> run_to_anndata([[0.0, 1.0], [1.0, 0.0]], ["a", "b"], records={}).shape
    (2, 2)
    """
    if counts is None:
        adata = embedding_to_anndata(embedding, cells, coordinates, obs)
    else:
        names = [] if genes is None else genes
        adata = to_anndata(counts, names, cells, coordinates, obs)
        adata.obsm[_keys.embedding()] = np.ascontiguousarray(embedding, dtype=np.float32)
    adata.uns.update(records)
    if matches is not None:
        adata.uns[_keys.alignment()]["matches"] = pd.DataFrame(matches)
    return adata


def from_verb(
    adata: AnnData, *, obs: Sequence[str] = (), obsm: str | None = None, uns: str | None = None
) -> dict:
    """Return what a verb wrote, in types that reticulate knows.

    Parameters
    ----------
    adata
        After the verb.
    obs
        Columns of ``obs``: numbers as arrays, categories as text, None where missing.
    obsm
        Matrix in ``obsm`` (or ``layers``): cells x columns, float64, with ``"columns"`` where it names them.
    uns
        Record in ``uns``, tables as columns.

    Returns
    -------
    dict
        ``"obs"``, ``"values"``, ``"columns"``, ``"record"``, as far as asked for.

    Examples
    --------
    >>> from spotscape.interop.reticulate import from_verb, run_to_anndata
    >>> adata = run_to_anndata([[0.0, 1.0]], ["a"], records={"x": {"root": "a"}})
    >>> from_verb(adata, uns="x")
    {'obs': {}, 'record': {'root': 'a'}}
    """
    found: dict[str, Any] = {"obs": {name: values_of(adata.obs[name]) for name in obs}}
    if obsm is not None:
        values = adata.obsm[obsm] if obsm in adata.obsm else adata.layers[obsm]
        if isinstance(values, pd.DataFrame):
            found["columns"] = [str(name) for name in values]
        found["values"] = np.asarray(values, dtype=np.float64)
    if uns is not None:
        found["record"] = tables(adata.uns[uns])
    return found


def from_anndata(adata: AnnData) -> dict[str, Any]:
    """Take out of an AnnData what a run wrote, in types that reticulate knows.

    Parameters
    ----------
    adata
        After `spotscape.tl.run_spotscape`, `spotscape.tl.integrate_slices` or `spotscape.tl.spatial_domains`.

    Returns
    -------
    dict
        ``"cells"``; ``"embedding"`` (float64, cells x latent dimensions); ``"domain"`` (1-based codes, 0
        where missing) and ``"domain_levels"``; ``"confidence"`` (float64, None where nothing says how sure
        the domains are); ``"info"`` (``uns["spotscape"]``); ``"model"`` (``uns["spotscape_model"]``, None
        after another verb).
    """
    key, sure = _keys.domain(), _keys.confidence()
    domain = pd.Categorical(adata.obs[key] if key in adata.obs else [None] * adata.n_obs)
    return {
        "cells": adata.obs_names.tolist(),
        "embedding": np.asarray(adata.obsm[_keys.embedding()], dtype=np.float64),
        "domain": (domain.codes.astype(np.int32) + 1).tolist(),
        "domain_levels": [str(level) for level in domain.categories],
        "confidence": adata.obs[sure].to_numpy(dtype=np.float64) if sure in adata.obs else None,
        "info": plain(adata.uns.get(_keys.parameters(), {})),
        "model": plain(adata.uns.get(_keys.model())),
    }
