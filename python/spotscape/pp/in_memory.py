"""A stored matrix of any kind as CSR in memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from spotscape._adata import is_lazy

_BLOCK = 2**22
"""Values of a dense matrix that are looked at in one go."""


def is_dask(stored: Any) -> bool:
    """Tell whether a matrix is an array of dask, which need not be installed."""
    return hasattr(stored, "dask") and hasattr(stored, "compute")


def as_csr(stored: Any) -> sparse.csr_matrix | None:
    """Return a canonical CSR matrix, sharing memory where it can; None for what holds no real numbers."""
    if is_dask(stored):
        stored = stored.compute()
    if hasattr(stored, "to_memory"):
        stored = stored.to_memory()
    if not sparse.issparse(stored) and not is_lazy(stored):
        stored = np.asarray(stored)
    if stored.ndim != 2 or stored.dtype.kind not in "iuf":
        return None
    matrix = sparse.csr_matrix(stored) if sparse.issparse(stored) else _sparse_rows(stored)
    if not matrix.has_canonical_format:
        # Sorting or summing in place would reorder the user's own arrays.
        matrix = matrix.copy()
        matrix.sum_duplicates()
    return matrix


def _sparse_rows(dense: Any) -> sparse.csr_matrix:
    """Return a dense matrix, in memory or on disk, as CSR, block by block of its rows."""
    height = max(1, _BLOCK // max(1, dense.shape[1]))
    starts = range(0, max(1, dense.shape[0]), height)
    blocks = [sparse.csr_matrix(_as_dense(dense[start : start + height])) for start in starts]
    return blocks[0] if len(blocks) == 1 else sparse.vstack(blocks, format="csr")


def _as_dense(block: Any) -> np.ndarray:
    """Return rows in memory, in a type that sparse matrices have: no half precision."""
    rows = np.asarray(block)
    return rows.astype(np.float32) if rows.dtype == np.float16 else rows
