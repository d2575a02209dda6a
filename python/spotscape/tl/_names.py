"""``suggest_domain_names``: what each domain may be called, by lists of markers."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from spotscape import _keys
from spotscape._validate import SpotscapeWarning, check_number, input_error
from spotscape.annotation.lists import read_lists
from spotscape.annotation.names import fitting_names
from spotscape.pp import check_adata, find_counts
from spotscape.pp.find import layer_of_run
from spotscape.run.read import check_domains, check_key_added
from spotscape.tl._symbols import find_genes


def suggest_domain_names(
    adata: AnnData,
    *,
    markers: Mapping[str, Sequence[str]] | pd.DataFrame | Path | str,
    margin: float = 0.1,
    gene_key: str | None = None,
    domain_key: str | None = None,
    layer: str | None = None,
    key_added: str = _keys.KEY_ADDED,
) -> pd.DataFrame:
    """Suggest a name for each domain: that of the marker list which fits it best.

    A spot's level of a list is the mean over its genes of ``log(1 + counts per 10,000)``, each gene divided
    by its standard deviation. A list's score in a domain is how often a spot of the domain has a higher level
    than a spot of another domain (the area under the ROC curve): 0.5 by chance, 1 at best.

    A name is sure where its score is ``margin`` ahead of the second list's and of chance, and as far ahead as
    three standard deviations of chance, which small domains need. All else is unsure. Two domains may get the
    same name.

    Parameters
    ----------
    adata
        With domains in ``obs`` and raw counts. Not changed.
    markers
        Genes by name: a dictionary; a table with a row for each gene, in columns ``name`` and ``gene`` (or
        ``source`` and ``target``, or ``gs_name`` and ``gene_symbol``); the path of such a table (``.csv``,
        ``.tsv``) or of a ``.gmt`` file; or lists that ship, each gene with its paper: ``"cortex layers"``
        (human), ``"mouse brain"``, ``"tumour"``, ``"immune"`` (both human).
    margin
        Lead that makes a name sure, 0 to 0.5.
    gene_key
        Column of ``var`` with gene symbols. None: the genes' names, or a column of a usual name
        (``gene_symbols``, ``feature_name``, ...) where more genes are found by it, as with Ensembl
        identifiers.
    domain_key
        Column of ``obs`` that holds the domains; ``"<key_added>_domain"`` if None.
    layer
        Layer that holds the raw counts; None for those of the run, or to look everywhere.
    key_added
        Stem of the names read.

    Returns
    -------
    pandas.DataFrame
        A row for each domain: ``domain``, ``name``, ``score``, ``second`` and ``second_score`` (the list that
        fits second best; "" and NaN where there is none), ``sure``, and ``genes``, those of the name's list
        that the object has.

    Raises
    ------
    InputError
        If ``markers`` is damaged or none of its genes is in the object, there are fewer than two domains, or
        counts are not raw.

    Warns
    -----
    SpotscapeWarning
        Where no gene of a list is in the object, or genes were found by another case (as MBP and Mbp).

    Notes
    -----
    The margin was chosen on three sections of human cortex with known layers (DLPFC). Of the 20 domains of
    default runs, ``"cortex layers"`` gave 10 sure names. Nine are the layer that most of the domain's spots
    are of. One is wrong: a domain across the border of layer 6 and white matter. Of the 10 unsure names, 5
    are right. Of the 21 true layers, 12 were named for sure, and all rightly. On four sections of mouse
    cortex (STARmap), which no choice was made on, ``"mouse brain"`` gave 11 sure names for 24 domains, and 10
    are right. On three of breast tumour (her2st), ``"tumour"`` gave none for 16.

    Examples
    --------
    >>> import spotscape
    >>> adata = spotscape.datasets.simulate_slice(n_spots=300, n_genes=80, n_domains=3)
    >>> known = adata.var["marker_domain"].dropna()
    >>> markers = {f"layer {name}": list(known.index[known == name]) for name in known.unique()}
    >>> names = spotscape.tl.suggest_domain_names(adata, markers=markers, domain_key="ground_truth")
    >>> names[["domain", "name", "sure"]]
      domain      name  sure
    0     L1  layer L1  True
    1     L2  layer L2  True
    2     WM  layer WM  True
    """
    check_adata(adata)
    key_added = check_key_added(key_added)
    margin = check_number("margin", margin, 0, 0.5)
    column = _keys.domain(key_added) if domain_key is None else domain_key
    check_domains(adata, column)
    labels = pd.Categorical(adata.obs[column]).remove_unused_categories()
    if len(labels.categories) < 2:
        raise input_error(
            f"adata.obs[{column!r}]", f"{len(labels.categories)} domain(s)", "two or more, to compare them"
        )
    lists = read_lists("markers", markers)
    counts = find_counts(adata, layer=_layer(adata, key_added) if layer is None else layer)
    places = find_genes(adata, counts.var_names, lists, gene_key, "markers")
    absent = [name for name, found in places.items() if not len(found)]
    if absent:
        text = f"markers: no gene of {', '.join(absent)} is in the object; no domain is named so."
        warnings.warn(text, SpotscapeWarning, stacklevel=2)
    present = {name: found for name, found in places.items() if len(found)}
    table = fitting_names(counts.matrix, labels, present, margin=margin)
    names = np.asarray(counts.var_names, dtype=object)
    table["genes"] = [", ".join(names[places[name]]) if name else "" for name in table["name"]]
    return table


def _layer(adata: AnnData, key_added: str) -> str | None:
    """Return the layer that the run found its counts in; None where it was no layer, or no run is there."""
    record: Any = adata.uns.get(_keys.parameters(key_added), {})
    return layer_of_run(adata, record.get("params", {})) if isinstance(record, Mapping) else None
