"""Where an object's genes have the symbols that lists of genes are written in."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from spotscape._validate import SpotscapeWarning, describe, input_error
from spotscape.annotation.lists import SYMBOL_COLUMNS, match_genes


def find_genes(
    adata: AnnData, genes: pd.Index, lists: Mapping[str, Sequence[str]], gene_key: Any, argument: str
) -> dict[str, np.ndarray]:
    """Return the places of each list's genes among ``genes``, or raise where none is there.

    Parameters
    ----------
    adata
        Whose ``var`` (or that of ``raw``) may have a column of symbols. Not changed.
    genes
        Names of genes of the object.
    lists
        Symbols by the name of their list.
    gene_key
        The column; None for the names themselves, or where more genes are found by it a usual column.
    argument
        What the user calls the lists, for errors.
    """
    table = _table_about(adata, genes)
    if gene_key is not None and (not isinstance(gene_key, str) or gene_key not in table):
        known = ", ".join(repr(str(name)) for name in table) or "nothing"
        raise input_error("gene_key", describe(gene_key), f"a column about genes (there are: {known})")
    usual = [name for name in SYMBOL_COLUMNS if name in table]
    ways = [genes] if gene_key is None else []
    ways += [table[name].astype(str) for name in (usual if gene_key is None else [gene_key])]
    matched = [match_genes(lists, names) for names in ways]
    sizes = [len(np.unique(np.concatenate(list(found.values())))) for found, _ in matched]
    best = int(np.argmax(sizes))
    if not sizes[best]:
        wanted, have = next(iter(lists.values()))[0], list(ways[0][:2])
        found = f"no gene (such as {wanted!r}) of the object (which has {', '.join(map(repr, have))}, ...)"
        todo = "If a column about genes has their symbols, name it by gene_key."
        raise input_error(argument, found, "some of its genes", todo)
    places, by_case = matched[best]
    if by_case:
        text = (
            f"{argument}: {by_case} gene(s) were found by another case (as MBP and Mbp). "
            "Lists of one species need not hold for another."
        )
        warnings.warn(text, SpotscapeWarning, stacklevel=3)
    return places


def _table_about(adata: AnnData, genes: pd.Index) -> pd.DataFrame:
    """Return what the object says of these genes, in their order."""
    tables = [adata.var] if adata.raw is None else [adata.var, adata.raw.var]
    for table in tables:
        if genes.isin(table.index).all():
            return table.loc[genes]
    unknown = genes[~genes.isin(adata.var_names)]
    found = f"{len(unknown)} gene(s) that are not in the object, such as {unknown[0]!r}"
    raise input_error("markers", found, "a table of markers of this object")
