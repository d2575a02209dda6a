"""What a spatial graph was made from, by which one that no longer holds is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse


def made_from(coordinates: np.ndarray, names: pd.Index, slices: Sequence[np.ndarray] | None) -> str:
    """Return a digest of what a graph is made from: places, names of spots, and which share a slice.

    Parameters
    ----------
    coordinates
        N x 2 or 3.
    names
        Of the N spots.
    slices
        Rows of each slice, in any order of slices; None for one slice.
    """
    digest = sha256(np.ascontiguousarray(coordinates, dtype=np.float64).tobytes())
    digest.update("\n".join(map(str, names)).encode())
    if slices is not None:
        first = np.empty(len(names), dtype=np.int64)
        for rows in slices:
            first[rows] = np.min(rows)
        digest.update(first.tobytes())
    return digest.hexdigest()


def graph_record(connectivities: sparse.csr_matrix) -> dict[str, str | int]:
    """Return what a graph is known by again: a digest of its edges, and its size."""
    matrix = sparse.csr_matrix(connectivities)
    digest = sha256(matrix.indptr.astype(np.int64).tobytes())
    digest.update(matrix.indices.astype(np.int64).tobytes())
    return {"edges": digest.hexdigest(), "n_spots": int(matrix.shape[0])}


def same_graph(record: Mapping[str, Any], connectivities: sparse.csr_matrix) -> bool:
    """Tell whether a graph is the one of a record, its edges in whatever order they are stored."""
    matrix = sparse.csr_matrix(connectivities)
    if not matrix.has_sorted_indices:
        matrix = matrix.sorted_indices()
    return bool(graph_record(matrix)["edges"] == str(record.get("edges")))
