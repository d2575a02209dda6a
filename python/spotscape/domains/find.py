"""``find_domains``: from an embedding to the domain of each spot, how sure it is, and how it was found."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse
from threadpoolctl import threadpool_limits

from spotscape._arrays import Array
from spotscape._validate import SpotscapeWarning
from spotscape.domains.clustering import SMALL_MATRIX_THREADS, by_size, smooth_labels
from spotscape.domains.confidence import calibrated
from spotscape.domains.groupings import GROUPINGS
from spotscape.domains.number import curve_record, suggest, usable_candidates


class Domains(NamedTuple):
    """Domains of N spots.

    Attributes
    ----------
    labels
        Domain of each spot, N integers from 0 (the largest).
    confidence
        How sure that is, N float32 from 0 to 1; None where the grouping does not say.
    details
        How the domains were made, fit for ``uns``.
    curve
        What lies behind the number of domains, where it was suggested.
    """

    labels: np.ndarray
    confidence: np.ndarray | None
    details: dict[str, Any]
    curve: dict[str, Any] | None = None


def find_domains(
    embedding: Array,
    n_domains: int | None,
    *,
    graph: sparse.spmatrix | None = None,
    method: str = "gmm",
    smooth: bool = False,
    resolution: float = 1.0,
    seed: int = 0,
    n_starts: int = 10,
    known_curve: Mapping[str, Any] | None = None,
) -> Domains:
    """Group spots into domains.

    Parameters
    ----------
    embedding
        N x d, float64: an array, or a tensor on the device that the mixture is fitted on.
    n_domains
        K; None has it suggested, or found by the grouping.
    graph
        N x N, non-zero for neighbours in the tissue; None where there is none.
    method
        A name in `spotscape.domains.groupings.GROUPINGS`.
    smooth
        Whether each spot takes the most frequent label of its neighbourhood; needs the graph.
    resolution
        Of a grouping that finds the number itself.
    seed
        Of all that is drawn.
    n_starts
        Starts of a grouping that has some.
    known_curve
        A curve of an earlier suggestion, which is not made again from the same.

    Warns
    -----
    SpotscapeWarning
        If another number of domains was found than asked for.

    Examples
    --------
    >>> import numpy as np
    >>> from spotscape.domains import find_domains
    >>> rng = np.random.default_rng(0)
    >>> embedding = rng.normal(size=(60, 2)) + np.repeat([[0, 9]], [60], axis=0)
    >>> embedding[:20] -= 9
    >>> np.bincount(find_domains(embedding, 2).labels).tolist()
    [40, 20]
    """
    grouping = GROUPINGS[method]
    details: dict[str, Any] = {"method": method, "seed": seed, "n_starts": n_starts, "smooth": smooth}
    asked, curve = n_domains, None
    with threadpool_limits(SMALL_MATRIX_THREADS):
        if grouping.finds_number:
            details["resolution" if n_domains is None else "n_domains_asked"] = n_domains or resolution
        elif n_domains is None:
            usable = usable_candidates(len(embedding))
            suggestion = suggest(embedding, graph, candidates=usable, seed=seed, known=known_curve)
            n_domains, curve = suggestion.n_domains, curve_record(suggestion, known_curve)
            details["suggested"] = True
        found = grouping.group(embedding, n_domains, n_starts=n_starts, resolution=resolution, seed=seed)
    labels, confidence = found.labels, None
    if smooth and graph is not None:
        labels = smooth_labels(labels, graph)
    if found.posterior is not None:
        own = found.posterior[np.arange(len(labels)), labels]
        confidence = calibrated(own, found.posterior.shape[1]).astype(np.float32)
    labels = by_size(labels)
    n_found = int(labels.max()) + 1
    if asked is not None and n_found != asked:
        text = (
            f"n_domains: {asked} were asked for, {n_found} found by {method!r}. "
            "Take a number nearer to that, or another method."
        )
        warnings.warn(text, SpotscapeWarning, stacklevel=3)
    return Domains(labels, confidence, details | {"n_domains": n_found}, curve)
