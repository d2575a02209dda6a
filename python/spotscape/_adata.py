"""What ``copy=True`` means, and what lies on disk, once."""

from __future__ import annotations

from typing import Any

from anndata import AnnData


def in_memory_copy(adata: AnnData) -> AnnData:
    """Return a copy in memory, also of an object whose matrix is on disk."""
    return adata.to_memory(copy=True) if adata.isbacked or is_lazy(adata.X) else adata.copy()


def is_lazy(matrix: Any) -> bool:
    """Tell whether a matrix is read only where it is indexed, as those of files are."""
    return hasattr(matrix, "to_memory") or hasattr(matrix, "chunks")
