"""How well domains agree with known labels at the boundaries of the true domains, and away from them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, issparse, sparray, spmatrix

from spotscape._docs import filled
from spotscape._validate import input_error
from spotscape.metrics.labels import Labels, adjusted_rand_index, label_codes, labelled_pairs, matched

__all__ = ["boundary_accuracy", "inner_accuracy"]


@filled(like=adjusted_rand_index)
def boundary_accuracy(truth: Labels, labels: Labels, connectivities: spmatrix | sparray) -> float:
    """Return the `clustering_accuracy` of the spots that have a neighbour of another true domain.

    Domains are matched as is best on all labelled spots. Then the spots at boundaries are scored alone.
    Unlabelled neighbours make no boundary.

    Parameters
    ----------
    truth
        {truth}
    labels
        {labels}
    connectivities
        Sparse n_spots x n_spots, as ``obsp["spatial_connectivities"]``: each non-zero joins two neighbours.

    Returns
    -------
    float
        From 0 to 1; NaN where there is no boundary.

    Raises
    ------
    InputError
        If lengths differ, no spot has both labels, or ``connectivities`` is not sparse or of another size.

    Examples
    --------
    Four spots in a row; the two in the middle are the boundary, and one of them is wrong.

    >>> from scipy.sparse import diags
    >>> from spotscape.metrics import boundary_accuracy
    >>> row = diags([[1.0] * 3, [1.0] * 3], [-1, 1])
    >>> boundary_accuracy(["a", "a", "b", "b"], [1, 1, 1, 2], row)
    0.5
    """
    return _accuracy_by_boundary(truth, labels, connectivities, boundary=True)


@filled(like=boundary_accuracy)
def inner_accuracy(truth: Labels, labels: Labels, connectivities: spmatrix | sparray) -> float:
    """Return the `clustering_accuracy` of the spots whose labelled neighbours all share their true domain.

    The counterpart of `boundary_accuracy`: same matching, the other spots.

    Parameters
    ----------
    truth
        {truth}
    labels
        {labels}
    connectivities
        {connectivities}

    Returns
    -------
    float
        From 0 to 1; NaN where every spot is at a boundary.

    Raises
    ------
    {Raises}

    Examples
    --------
    >>> from scipy.sparse import diags
    >>> from spotscape.metrics import inner_accuracy
    >>> row = diags([[1.0] * 3, [1.0] * 3], [-1, 1])
    >>> inner_accuracy(["a", "a", "b", "b"], [1, 1, 1, 2], row)
    1.0
    """
    return _accuracy_by_boundary(truth, labels, connectivities, boundary=False)


def _accuracy_by_boundary(
    truth: Labels, labels: Labels, connectivities: spmatrix | sparray, *, boundary: bool
) -> float:
    """Accuracy of the spots at (or not at) a true boundary."""
    true, found, both = labelled_pairs(truth, labels)
    if not issparse(connectivities) or connectivities.shape != (len(both), len(both)):
        raise input_error(
            "connectivities",
            f"{type(connectivities).__name__} of shape {getattr(connectivities, 'shape', None)}",
            f"a sparse matrix of shape {(len(both), len(both))}",
        )
    codes = label_codes(truth, "truth")
    chosen = has_neighbour_elsewhere(codes, connectivities)[both] == boundary
    return float(matched(true, found)[chosen].mean()) if chosen.any() else float("nan")


def has_neighbour_elsewhere(
    codes: NDArray[np.integer[Any]], connectivities: spmatrix | sparray
) -> NDArray[np.bool_]:
    """Whether each spot has a neighbour of another domain; negative codes (no label) never count."""
    edges = coo_matrix(connectivities)
    here, there = codes[edges.row], codes[edges.col]
    crossing = (edges.data != 0) & (here != there) & (here >= 0) & (there >= 0)
    at_boundary = np.zeros(len(codes), dtype=bool)
    at_boundary[edges.row[crossing]] = True
    at_boundary[edges.col[crossing]] = True
    return at_boundary
