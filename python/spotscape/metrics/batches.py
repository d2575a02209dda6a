"""Whether slices lie apart within domains in an embedding: the silhouette by slice."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spotscape._docs import filled
from spotscape._validate import input_error
from spotscape.metrics.labels import Labels, label_codes, labelled_points, silhouette_widths
from spotscape.metrics.lisi import ilisi

__all__ = ["batch_silhouette"]


@filled(like=ilisi)
def batch_silhouette(embedding: ArrayLike, labels: Labels, slices: Labels) -> float:
    """Return the silhouette by slice within domains, turned over: 1 where slices lie on each other.

    Of a domain k, ``b_k`` is the mean over its spots of ``1 - |s_i|``, s_i the silhouette width of a spot
    among those of its domain, by slice. The result is the mean of b_k over domains. A domain of one slice
    alone, or with as many slices as spots, is left out.

    Parameters
    ----------
    embedding
        {embedding}
    labels
        Domain of each spot, length n_spots. Spots without one are left out.
    slices
        {slices}

    Returns
    -------
    float
        From 0 to 1; NaN where no domain is of two slices.

    Raises
    ------
    InputError
        If ``embedding`` is not a finite matrix with a row for each spot, or no spot has a domain and a slice.

    References
    ----------
    Luecken et al., Benchmarking atlas-level data integration in single-cell genomics, Nature Methods 2022
    (batch ASW). Equal to scib-metrics' ``silhouette_batch`` with distances to the nearest other slice.

    Examples
    --------
    >>> from spotscape.metrics import batch_silhouette
    >>> batch_silhouette([[0.0], [5.0], [0.0], [5.0]], list("aaaa"), [1, 1, 2, 2])
    0.5
    """
    of_slice = label_codes(slices, "slices")
    of_domain = label_codes(labels, "labels")
    if len(of_slice) != len(of_domain):
        raise input_error("slices", f"{len(of_slice)} slices", f"as many as labels, {len(of_domain)}")
    both = np.where(of_slice >= 0, of_domain, -1)
    points, codes = labelled_points(embedding, [None if code < 0 else code for code in both.tolist()])
    return mean_by_domain(points, codes, of_slice[both >= 0])


def mean_by_domain(
    points: NDArray[np.float64],
    codes: NDArray[np.intp],
    slices: NDArray[np.intp],
    rows: NDArray[np.intp] | None = None,
) -> float:
    """`batch_silhouette` from codes; ``rows`` are the spots looked at, None for all."""
    found = []
    for code in np.unique(codes):
        own = np.flatnonzero(codes == code)
        kinds, of = np.unique(slices[own], return_inverse=True)
        picked = None if rows is None else np.flatnonzero(np.isin(own, rows))
        if 1 < len(kinds) < len(own) and (picked is None or len(picked)):
            found.append((1 - np.abs(silhouette_widths(points[own], of, picked))).mean())
    return float(np.mean(found)) if found else float("nan")
