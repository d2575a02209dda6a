"""Genes that a slice was not measured for, where joined objects hold zeros for them.

Objects of several slices are often joined by all genes that any of them has (Seurat's ``merge`` and
``JoinLayers``, ``anndata.concat(join="outer")``). A gene that one slice's panel lacks then looks as if it
were off there, and tells the slices apart. Which genes these are is read off the counts: a gene without a
single count in a slice, where the counts of the others let expect many, was not measured there - provided
that this holds for a whole part of the genes. Where slices come from one panel it holds for few, and those
are truly off, which is kept. Where panels differ, genes with few counts elsewhere and none here are left out
as well: they say little, and which of them were measured cannot be told.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd
from anndata import AnnData

from spotscape._row_blocks import group_sums
from spotscape._slices import read_slices
from spotscape._validate import SpotscapeWarning, input_error
from spotscape.pp import find_counts
from spotscape.pp.counts import MANY_SPOTS

MANY = 5.0
"""A gene without a count in a slice is conspicuous where so many are expected from the other slices."""
DIFFERENT = 0.05
"""Share of conspicuous genes, of those with many counts elsewhere, from which on the panels differ."""
FEWEST = 3
"""And so many genes at least."""
FEWEST_GENES = 50


def not_measured(sums: np.ndarray) -> np.ndarray:
    """Return which genes each slice was not measured for.

    Parameters
    ----------
    sums
        Slices x genes, counts of each gene in each slice.

    Returns
    -------
    numpy.ndarray
        Slices x genes, bool. A slice whose panel is that of the others has none, whatever is off in it.

    Examples
    --------
    >>> import numpy as np
    >>> from spotscape.pp.panels import not_measured
    >>> not_measured(np.array([[90, 80, 0, 0, 0, 70], [90, 80, 50, 60, 70, 80]])).sum(axis=1).tolist()
    [3, 0]
    """
    sums = np.asarray(sums, dtype=np.float64)
    missing = np.zeros(sums.shape, dtype=bool)
    for one in range(len(sums)):
        expected = np.zeros(sums.shape[1])
        for other in range(len(sums)):
            if other != one:
                both = (sums[one] > 0) & (sums[other] > 0)
                scale = sums[one, both].sum() / max(sums[other, both].sum(), 1e-12)
                expected = np.maximum(expected, scale * sums[other])
        telling = expected >= MANY
        silent = telling & (sums[one] == 0)
        differs = silent.sum() >= max(FEWEST, DIFFERENT * telling.sum())
        missing[one] = (sums[one] == 0) & (sums.sum(axis=0) > 0) & differs
    return missing


def measured_genes(genes: Sequence[pd.Index], sums: Sequence[np.ndarray]) -> list[pd.Index]:
    """Return the genes of each slice without those that it was not measured for.

    Parameters
    ----------
    genes
        Names of the genes of each slice.
    sums
        Counts of each of them in the slice.

    Returns
    -------
    list of pandas.Index
        The same names where all were measured for all that they share.
    """
    shared = genes[0]
    for own in genes[1:]:
        shared = shared[shared.isin(own)]
    if not len(shared) or not all(own.is_unique for own in genes):
        return list(genes)
    of_shared = [values[own.get_indexer(shared)] for own, values in zip(genes, sums, strict=True)]
    gone = not_measured(np.stack(of_shared))
    return [
        own[~own.isin(shared[lost])] if lost.any() else own for own, lost in zip(genes, gone, strict=True)
    ]


def on_measured_genes(adata: AnnData, slice_key: str, layer: str | None) -> AnnData:
    """Return an object of several slices on the genes that all of them were measured for.

    Parameters
    ----------
    adata
        Raw counts somewhere, and the slices in ``obs[slice_key]``. Not changed.
    slice_key
        Name of the column.
    layer
        Layer that holds the counts; None to look everywhere.

    Returns
    -------
    AnnData
        The same object where all slices were measured for all genes, else a part of its genes.

    Raises
    ------
    InputError
        If fewer than 50 genes remain.

    Warns
    -----
    SpotscapeWarning
        Of the number of genes that are left out.
    """
    slices = read_slices(adata, slice_key)
    counts = find_counts(adata, layer=layer, stay_above=MANY_SPOTS)
    missing = not_measured(group_sums(counts.matrix, slices.codes))
    keep = ~missing.any(axis=0)
    if keep.all():
        return adata
    own = ", ".join(
        f"{name}: {n:,}" for name, n in zip(slices.categories, (~missing).sum(axis=1), strict=True)
    )
    if keep.sum() < min(FEWEST_GENES, len(keep)):
        found = f"{keep.sum()} genes that all slices were measured for ({own})"
        raise input_error("adata", found, f"{FEWEST_GENES} or more")
    warnings.warn(
        SpotscapeWarning(
            f"The slices share {keep.sum():,} genes; the others have no count in a whole slice, as where "
            f"they were not measured, and are left out ({own})."
        ),
        stacklevel=2,
    )
    if counts.var_names.equals(adata.var_names):
        return adata[:, keep]
    part = AnnData(counts.matrix[:, keep], obs=adata.obs, var=pd.DataFrame(index=counts.var_names[keep]))
    for name, values in adata.obsm.items():
        part.obsm[name] = values
    for name, values in adata.obsp.items():
        part.obsp[name] = values
    return part
