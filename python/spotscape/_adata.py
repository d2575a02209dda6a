"""What ``copy=True`` means, and what lies on disk, once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from anndata import AnnData

IN_TISSUE = "in_tissue"
"""``obs``: 1 where Space Ranger found tissue under a spot."""


def in_memory_copy(adata: AnnData) -> AnnData:
    """Return a copy in memory, also of an object whose matrix is on disk."""
    return adata.to_memory(copy=True) if adata.isbacked or is_lazy(adata.X) else adata.copy()


def in_memory_part(adata: AnnData, spots: np.ndarray) -> AnnData:
    """Return a copy of some spots in memory, also of an object whose matrix is on disk."""
    part = adata[spots]
    return part.to_memory() if adata.isbacked else part.copy()


def off_tissue(adata: AnnData) -> np.ndarray | None:
    """Return which spots ``obs["in_tissue"]`` says are off tissue; None where that is none, or all."""
    if IN_TISSUE not in adata.obs:
        return None
    values = adata.obs[IN_TISSUE]
    texts = values.astype(str).str.lower()
    off = texts.isin(["0", "0.0", "false"]).to_numpy()
    return off if off.any() and not off.all() else None


def images_of(adata: AnnData, key: str) -> dict[str, Any]:
    """Return what ``uns`` has of each section by its name: not what says something of all of them."""
    stored = adata.uns.get(key)
    if not isinstance(stored, Mapping):
        return {}
    return {str(name): one for name, one in stored.items() if isinstance(one, Mapping)}


def is_lazy(matrix: Any) -> bool:
    """Tell whether a matrix is read only where it is indexed, as those of files are."""
    return hasattr(matrix, "to_memory") or hasattr(matrix, "chunks")
