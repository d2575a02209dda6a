"""How much of each cell type a spot holds, from the genes that each type expresses."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.optimize import nnls

_BLOCK = 4_096
"""Spots whose counts are made dense in one go."""


def type_amounts(counts: sparse.csr_matrix, signatures: np.ndarray) -> np.ndarray:
    """Return the amount of each cell type in each spot, by non-negative least squares.

    Genes are weighted by one over the root of their mean, as counts vary more where there are more of them.
    Every spot is fitted on its own, exactly: with signatures = Q R, the fit to R and Q' y is the fit to all
    genes.

    Parameters
    ----------
    counts
        Spots x genes, those of the signatures.
    signatures
        Genes x T, of one cell each, on the scale of counts; of rank T.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy import sparse
    >>> from spotscape.annotation.signatures import type_amounts
    >>> signatures = np.array([[4.0, 0.0], [1.0, 1.0], [0.0, 2.0]])
    >>> counts = sparse.csr_matrix(np.array([[3.0, 1.0]]) @ signatures.T)
    >>> type_amounts(counts, signatures).round(6).tolist()
    [[3.0, 1.0]]
    """
    mean = np.asarray(counts.mean(axis=0)).ravel()
    # Genes that no spot has still say that their type is not there; they weigh as one molecule in all spots.
    weight = 1 / np.sqrt(np.maximum(mean, 1 / max(counts.shape[0], 1)))
    basis, triangle = np.linalg.qr(signatures * weight[:, None])
    amounts = np.empty((counts.shape[0], signatures.shape[1]))
    for start in range(0, counts.shape[0], _BLOCK):
        rows = slice(start, start + _BLOCK)
        seen = counts[rows] @ (basis * weight[:, None])
        amounts[rows] = [nnls(triangle, row)[0] for row in seen]
    return amounts
