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
from scipy import sparse

from spotscape._slices import read_slices
from spotscape._validate import SpotscapeWarning, input_error
from spotscape.pp import find_counts

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


def without_unmeasured(parts: Sequence[AnnData]) -> list[AnnData]:
    """Return slices without the genes that they were not measured for.

    Parameters
    ----------
    parts
        Raw counts in ``X``. Not changed.

    Returns
    -------
    list of AnnData
        The same objects where all were measured for all that they share.
    """
    shared = parts[0].var_names
    for part in parts[1:]:
        shared = shared[shared.isin(part.var_names)]
    if not len(shared) or not all(part.var_names.is_unique for part in parts):
        return list(parts)
    sums = np.stack([_sums(part.X)[part.var_names.get_indexer(shared)] for part in parts])
    gone = not_measured(sums)
    return [
        part[:, ~part.var_names.isin(shared[own])] if own.any() else part
        for part, own in zip(parts, gone, strict=True)
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
    counts = find_counts(adata, layer=layer)
    of = sparse.csr_matrix(
        (np.ones(adata.n_obs), (slices.codes, np.arange(adata.n_obs))), (len(slices.categories), adata.n_obs)
    )
    missing = not_measured((of @ counts.matrix).toarray())
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


def _sums(values: object) -> np.ndarray:
    return np.asarray(values.sum(axis=0), dtype=np.float64).ravel()  # type: ignore[attr-defined]
