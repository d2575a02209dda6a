"""Counts split into two halves that, gene by gene and spot by spot, say nothing of each other."""

from __future__ import annotations

import numpy as np
from scipy import sparse

_BLOCK = 2**22
"""Stored counts drawn for in one go."""


def halves(counts: sparse.csr_matrix, seed: int) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """Return two matrices that add up to the counts: each molecule goes to one of them by a fair coin.

    Poisson counts become independent ones [1]_. Counts that vary more than that stay dependent to the degree
    that they do.

    Parameters
    ----------
    counts
        Spots x genes, whole numbers.
    seed
        Of the coins.

    References
    ----------
    .. [1] Neufeld et al. (2024), Inference after latent variable estimation for single-cell RNA sequencing
       data, Biostatistics 25.

    Examples
    --------
    >>> from scipy import sparse
    >>> from spotscape.annotation.thinning import halves
    >>> counts = sparse.csr_matrix([[4, 0], [0, 9]])
    >>> one, other = halves(counts, seed=0)
    >>> (one + other).toarray().astype(int).tolist()
    [[4, 0], [0, 9]]
    """
    rng = np.random.default_rng(seed)
    drawn = np.empty(counts.nnz, dtype=np.float32)
    for start in range(0, counts.nnz, _BLOCK):
        block = slice(start, start + _BLOCK)
        drawn[block] = rng.binomial(counts.data[block].astype(np.int64), 0.5)
    parts = []
    for values in (drawn, counts.data - drawn):
        part = sparse.csr_matrix(
            (values.astype(np.float32), counts.indices.copy(), counts.indptr.copy()), shape=counts.shape
        )
        part.eliminate_zeros()
        parts.append(part)
    return parts[0], parts[1]
