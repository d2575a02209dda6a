"""Wilcoxon's rank test of each gene between groups of spots, on sparse expression."""

from __future__ import annotations

import numpy as np
from scipy import sparse


def rank_test(levels: sparse.csc_matrix, codes: np.ndarray, n_groups: int) -> np.ndarray:
    """Return how far the ranks of each group are above those of all other spots, in standard deviations.

    The number is that of `scanpy.tl.rank_genes_groups` with ``tie_correct=True``. scanpy makes the matrix
    dense and sorts it once for each group. Here only values above 0 are sorted, and once: the zeros of a gene
    are one tie.

    Parameters
    ----------
    levels
        Spots x genes, none negative; compared as float32, as scanpy does.
    codes
        Group of each spot, from 0.
    n_groups
        K.

    Returns
    -------
    numpy.ndarray
        K x genes; 0 where a gene has one value in all spots, or a group has all spots or none.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy import sparse
    >>> from spotscape.annotation.rank_test import rank_test
    >>> levels = sparse.csc_matrix([[0.0], [0.0], [3.0], [2.0]])
    >>> rank_test(levels, np.array([0, 0, 1, 1]), 2).round(2).tolist()
    [[-1.63], [1.63]]
    """
    n, n_genes = levels.shape
    sizes = np.bincount(codes, minlength=n_groups).astype(np.float64)
    sums = np.zeros((n_groups, n_genes))
    untied = np.zeros(n_genes)
    for gene in range(n_genes):
        stored = slice(levels.indptr[gene], levels.indptr[gene + 1])
        values, groups = levels.data[stored].astype(np.float32), codes[levels.indices[stored]]
        values, groups = values[values > 0], groups[values > 0]
        n_zero = float(n - len(values))
        # The bits of positive floats are in the order of the floats: one sort of whole numbers takes the
        # groups along, many times faster than an argsort.
        packed = np.sort(values.view(np.uint32).astype(np.uint64) << 32 | groups.astype(np.uint64))
        values, groups = packed >> 32, (packed & 0xFFFFFFFF).astype(np.int64)
        starts = np.flatnonzero(np.r_[True, values[1:] != values[:-1]][: len(values)])
        ties = np.diff(np.r_[starts, len(values)]).astype(np.float64)
        ranks = np.repeat(n_zero + np.cumsum(ties) - (ties - 1) / 2, ties.astype(np.int64))
        zeros = sizes - np.bincount(groups, minlength=n_groups)
        sums[:, gene] = np.bincount(groups, ranks, n_groups) + zeros * (n_zero + 1) / 2
        untied[gene] = 1 - ((ties**3 - ties).sum() + n_zero**3 - n_zero) / max(float(n) ** 3 - n, 1)
    others = n - sizes
    spread = np.sqrt(np.maximum(untied, 0) * (sizes * others * (n + 1) / 12)[:, None])
    above = sums - (sizes * (n + 1) / 2)[:, None]
    return np.divide(above, spread, out=np.zeros_like(above), where=spread > 0)
