"""How well domains agree with known labels, and how well they separate in an embedding.

Labels are any sequence: a list, a numpy array, a pandas Series or Categorical. Spots without a true label
(None, NaN, ``pd.NA`` or "") are left out of every figure, as the field does with the unlabelled spots of the
reference sections.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from sklearn.metrics.cluster import contingency_matrix
from sklearn.metrics.pairwise import euclidean_distances

from spotscape._docs import filled
from spotscape._validate import describe, input_error

__all__ = [
    "adjusted_rand_index",
    "clustering_accuracy",
    "normalized_mutual_information",
    "silhouette",
]

Labels = ArrayLike | pd.Series | pd.Categorical | Sequence[Any]
_BLOCK_DISTANCES = 2_000_000


def adjusted_rand_index(truth: Labels, labels: Labels) -> float:
    """Return the adjusted Rand index: 1 for the same partition, 0 on average for a random one.

    Parameters
    ----------
    truth
        True domain of each spot, length n_spots.
    labels
        Found domain of each spot, length n_spots.

    Returns
    -------
    float
        Over the spots that have a label in both.

    Raises
    ------
    InputError
        If lengths differ, or no spot has both labels.

    References
    ----------
    Hubert and Arabie, Comparing partitions, Journal of Classification 1985.

    Examples
    --------
    >>> from spotscape.metrics import adjusted_rand_index
    >>> adjusted_rand_index(["a", "a", "b", "b", None], [2, 2, 1, 1, 1])
    1.0
    """
    true, found, _ = labelled_pairs(truth, labels)
    return float(adjusted_rand_score(true, found))


@filled(like=adjusted_rand_index)
def normalized_mutual_information(truth: Labels, labels: Labels) -> float:
    """Return mutual information over the mean of both entropies: 0 if independent, 1 if the same partition.

    Parameters
    ----------
    truth
        {truth}
    labels
        {labels}

    Returns
    -------
    {Returns}

    Raises
    ------
    {Raises}

    Examples
    --------
    >>> from spotscape.metrics import normalized_mutual_information
    >>> round(normalized_mutual_information(["a", "a", "b", "b"], [1, 2, 1, 2]), 6)
    0.0
    """
    true, found, _ = labelled_pairs(truth, labels)
    return float(normalized_mutual_info_score(true, found))


@filled(like=adjusted_rand_index)
def clustering_accuracy(truth: Labels, labels: Labels) -> float:
    """Return the share of spots in the right domain under the best one-to-one matching of domains.

    The matching is the assignment of greatest agreement (Hungarian algorithm); found domains left without a
    partner count as wrong.

    Parameters
    ----------
    truth
        {truth}
    labels
        {labels}

    Returns
    -------
    float
        From 0 to 1, over the spots that have a label in both.

    Raises
    ------
    {Raises}

    Examples
    --------
    >>> from spotscape.metrics import clustering_accuracy
    >>> clustering_accuracy(["a", "a", "b", "b"], [2, 2, 1, 2])
    0.75
    """
    true, found, _ = labelled_pairs(truth, labels)
    return float(matched(true, found).mean())


def silhouette(embedding: ArrayLike, labels: Labels) -> float:
    """Return the mean silhouette width (Euclidean distance), exact, without the n_spots x n_spots distances.

    Distances are made and summed per domain in blocks of rows: memory is a few tens of megabytes at any
    number of spots; time still grows with its square.

    Parameters
    ----------
    embedding
        n_spots x n_dimensions, numbers.
    labels
        Domain of each spot, length n_spots.

    Returns
    -------
    float
        From -1 to 1, over the labelled spots; a spot alone in its domain counts as 0.

    Raises
    ------
    InputError
        If ``embedding`` is not a finite matrix with a row for each label, no spot is labelled, or there are
        not at least two domains.

    References
    ----------
    Rousseeuw, Silhouettes, Journal of Computational and Applied Mathematics 1987.

    Examples
    --------
    >>> from spotscape.metrics import silhouette
    >>> round(silhouette([[0.0], [1.0], [10.0], [11.0]], ["a", "a", "b", "b"]), 4)
    0.8997
    """
    points, codes = labelled_points(embedding, labels, fewest=2)
    return float(silhouette_widths(points, codes).mean())


def silhouette_widths(
    points: NDArray[np.float64], codes: NDArray[np.intp], rows: NDArray[np.intp] | None = None
) -> NDArray[np.float64]:
    """Silhouette width of each point, or of some, against all.

    Points are put in order by domain, so that a sum over a domain is one over adjacent columns.
    """
    sizes = np.bincount(codes)
    order = np.argsort(codes, kind="stable")
    points, codes = points[order] - points.mean(axis=0), codes[order]
    picked = np.empty(len(order), dtype=np.intp)
    picked[order] = np.arange(len(order))
    picked = picked if rows is None else picked[rows]
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    squares = np.einsum("ij,ij->i", points, points)[:, None]
    n_rows = max(1, _BLOCK_DISTANCES // len(points))
    widths = np.empty(len(picked))
    for start in range(0, len(picked), n_rows):
        part = picked[start : start + n_rows]
        distances = euclidean_distances(
            points[part], points, X_norm_squared=squares[part], Y_norm_squared=squares.T
        )
        within_block = np.arange(len(distances))
        # A point's distance to itself is 0; rounding in the expanded square must not add to it.
        distances[within_block, part] = 0.0
        sums = np.add.reduceat(distances, starts, axis=1)
        own = codes[part]
        own_size = sizes[own]
        inside = sums[within_block, own] / np.maximum(own_size - 1, 1)
        means = sums / sizes
        means[within_block, own] = np.inf
        outside = means.min(axis=1)
        larger = np.maximum(inside, outside)
        widths[start : start + n_rows] = np.where(
            (own_size > 1) & (larger > 0), (outside - inside) / np.where(larger > 0, larger, 1), 0
        )
    return widths


def labelled_points(
    points: ArrayLike, labels: Labels, *, name: str = "embedding", argument: str = "labels", fewest: int = 1
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Rows of the spots that have a label, and its code from 0 to K - 1; both checked."""
    rows = np.asarray(points)
    if rows.ndim != 2 or not np.issubdtype(rows.dtype, np.number):
        raise input_error(name, f"shape {rows.shape}, dtype {rows.dtype}", "a matrix of numbers")
    codes = label_codes(labels, argument)
    if len(codes) != len(rows):
        raise input_error(argument, f"{len(codes)} labels", f"one for each of the {len(rows)} rows of {name}")
    if not np.isfinite(rows).all():
        raise input_error(name, "NaN or infinite values", "finite numbers")
    rows, codes = rows[codes >= 0].astype(np.float64), codes[codes >= 0]
    kinds, codes = np.unique(codes, return_inverse=True)
    if len(kinds) < fewest:
        what = "slices" if argument == "slices" else "domains"
        least = "at least two" if fewest == 2 else "a label at one spot or more"
        raise input_error(argument, f"{len(kinds)} {what} among the labelled spots", least)
    return rows, codes


def label_codes(labels: Labels, name: str) -> NDArray[np.intp]:
    """Integer code of each label, -1 where there is none; ``name`` is what an error calls them."""
    values = np.asarray(labels, dtype=object)
    if values.ndim != 1:
        raise input_error(name, describe(labels), "a sequence with one label for each spot")
    missing = pd.isna(values)
    missing[~missing] = values[~missing] == ""
    codes = np.full(len(values), -1)
    codes[~missing], _ = pd.factorize(values[~missing])
    return codes


def labelled_pairs(
    truth: Labels, labels: Labels
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
    """Codes of the spots that have both labels, and which those are."""
    true, found = label_codes(truth, "truth"), label_codes(labels, "labels")
    if len(true) != len(found):
        raise input_error("labels", f"{len(found)} labels", f"as many as truth has, {len(true)}")
    both = (true >= 0) & (found >= 0)
    if not both.any():
        raise input_error("truth", f"no spot with a label in both, out of {len(true)}", "at least one")
    return true[both], found[both], both


def matched(true: NDArray[np.intp], found: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Whether each spot is right under the best one-to-one matching of found to true domains."""
    table = contingency_matrix(true, found)
    true_of_found = np.full(table.shape[1], -1)
    rows, columns = linear_sum_assignment(table, maximize=True)
    true_of_found[columns] = rows
    return true_of_found[np.unique(found, return_inverse=True)[1]] == np.unique(true, return_inverse=True)[1]
