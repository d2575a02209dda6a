"""Whether the neighbours of a spot in an embedding are of the slices as all spots are: kBET's acceptance."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc

from spotscape._docs import filled
from spotscape._validate import check_integer, check_number
from spotscape.metrics._nearest import nearest
from spotscape.metrics.labels import Labels, labelled_points
from spotscape.metrics.lisi import ilisi

__all__ = ["kbet_acceptance"]


@filled(like=ilisi)
def kbet_acceptance(
    embedding: ArrayLike, slices: Labels, *, n_neighbors: int = 50, alpha: float = 0.05
) -> float:
    """Return kBET's acceptance rate: the share of spots with slices about them as overall. Higher is better.

    Of the k neighbours of a spot, itself among them, ``o_s`` are of slice s, and ``e_s = k f_s`` are
    expected, f_s the share of the slice. The spot is accepted where ``sum_s (o_s - e_s)^2 / e_s`` has a
    p-value of alpha or more, of a chi-square distribution with S - 1 degrees of freedom.

    Parameters
    ----------
    embedding
        {embedding}
    slices
        {slices}
    n_neighbors
        k; at most the number of spots is taken.
    alpha
        Level of the test, 0 to 1.

    Returns
    -------
    float
        From 0 to 1; about 1 - alpha for slices mixed at random. It is strict: slices that hold their domains
        in other shares are not accepted, and should not be.

    Raises
    ------
    {Raises}

    References
    ----------
    Büttner et al., A test metric for assessing single-cell RNA-seq batch correction, Nature Methods 2019.
    "Like" it, as in scib-metrics, whose ``kbet`` it equals on exact neighbours: all spots are tested, and k
    is not adapted.

    Examples
    --------
    >>> import numpy as np
    >>> from spotscape.metrics import kbet_acceptance
    >>> rows = np.random.default_rng(0).normal(size=(300, 2))
    >>> slices = np.tile(["one", "two"], 150)
    >>> kbet_acceptance(rows, slices) > 0.8, kbet_acceptance(rows + 100 * (slices == "two")[:, None], slices)
    (True, 0.0)
    """
    n_neighbors = check_integer("n_neighbors", n_neighbors, 2)
    alpha = check_number("alpha", alpha, 0.0, 1.0)
    points, codes = labelled_points(embedding, slices, argument="slices", fewest=2)
    return accepted(nearest(points, n_neighbors)[1], codes, alpha)


def accepted(indices: NDArray[np.intp], codes: NDArray[np.intp], alpha: float = 0.05) -> float:
    """`kbet_acceptance` from neighbours, rows x k; codes 0 to S - 1, of all spots."""
    share = np.bincount(codes) / len(codes)
    expected = share * indices.shape[1]
    kinds = codes[indices]
    observed = np.stack([(kinds == code).sum(axis=1) for code in range(len(share))], axis=1)
    statistic = ((observed - expected) ** 2 / expected).sum(axis=1)
    return float((chdtrc(len(share) - 1, statistic) >= alpha).mean())
