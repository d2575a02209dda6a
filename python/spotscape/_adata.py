"""What ``copy=True`` means, once."""

from __future__ import annotations

from anndata import AnnData


def in_memory_copy(adata: AnnData) -> AnnData:
    """Return a copy in memory, also of an object that is backed by a file."""
    return adata.to_memory() if adata.isbacked else adata.copy()
