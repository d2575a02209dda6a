"""``suggest_n_domains``: how many domains an embedding supports.

Prediction strength: fit the tied mixture to several random parts of the spots, let each fit label all spots,
and compare. In two labellings a and b of the same spots, the strength of a domain of a is the share of its
pairs of spots that b keeps together; a number of domains is as strong as its weakest domain, on average over
all ordered pairs of fits. A domain that is there is found in every part; half of a split one is not.

Source: Tibshirani and Walther 2005, Cluster validation by prediction strength, J. Comput. Graph. Stat. 14.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import permutations
from numbers import Integral
from typing import NamedTuple

import numpy as np
from anndata import AnnData
from sklearn.metrics.cluster import contingency_matrix
from sklearn.preprocessing import normalize
from threadpoolctl import threadpool_limits

from spotscape import _keys
from spotscape._validate import check_integer, describe, input_error
from spotscape.tl._clustering import SMALL_MATRIX_THREADS, fit_mixture
from spotscape.tl._inputs import read_embedding, read_unit_rows

CANDIDATES = tuple(range(3, 13))
STRONG = 0.7
"""Strength from which a number of domains counts as supported."""
_REPEATS = 4
_SHARE = 0.8
_MOST_SPOTS = 20_000
"""Fitting and comparing more spots than these would not change the strengths."""


class Suggestion(NamedTuple):
    """The number suggested, and the prediction strength of each candidate (0 to 1)."""

    n_domains: int
    candidates: np.ndarray
    scores: np.ndarray


def suggest(embedding: np.ndarray, *, candidates: Sequence[int] = CANDIDATES, seed: int) -> Suggestion:
    """Take the largest number of domains that is strong; the strongest where none is.

    Parameters
    ----------
    embedding
        N x d, float64, as it would be grouped.
    candidates
        Numbers of domains in ascending order, each from 2 to N.
    seed
        Of the parts and the starts.
    """
    rng = np.random.default_rng(seed)
    if len(embedding) > _MOST_SPOTS:
        embedding = embedding[np.sort(rng.choice(len(embedding), _MOST_SPOTS, replace=False))]
    scores = np.array([prediction_strength(_groupings(embedding, k, rng)) for k in candidates])
    strong = np.flatnonzero(scores >= STRONG)
    best = strong[-1] if len(strong) else scores.argmax()
    return Suggestion(int(candidates[best]), np.asarray(candidates), scores)


def prediction_strength(groupings: list[np.ndarray]) -> float:
    """Return the mean, over ordered pairs of labellings, of the strength of the weakest domain."""
    weakest = []
    for a, b in permutations(groupings, 2):
        together = contingency_matrix(a, b).astype(np.float64)
        sizes = together.sum(axis=1)
        pairs_kept = (together * (together - 1)).sum(axis=1)
        pairs = sizes * (sizes - 1)
        # a domain of one spot has no pairs to keep
        weakest.append(np.divide(pairs_kept, pairs, out=np.zeros_like(pairs), where=pairs > 0).min())
    return float(np.mean(weakest))


def _groupings(embedding: np.ndarray, n_domains: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Label all spots by mixtures fitted to random parts of them."""
    n = len(embedding)
    size = max(int(_SHARE * n), n_domains)
    labels = []
    for _ in range(_REPEATS):
        part = embedding[np.sort(rng.choice(n, size, replace=False))]
        mixture = fit_mixture(part, n_domains, n_starts=1, seed=int(rng.integers(2**31)))
        labels.append(mixture.predict(embedding))
    return labels


def suggest_n_domains(
    adata: AnnData,
    *,
    candidates: Sequence[int] | None = None,
    unit_rows: bool | None = None,
    seed: int = 0,
    key_added: str = _keys.KEY_ADDED,
) -> int:
    """Suggest a number of domains from how well groupings of parts of the tissue agree.

    Groups the spots repeatedly, by mixtures fitted to random parts of them, into each number of domains, and
    takes the largest number whose weakest domain is found again (prediction strength [1]_ of 0.7 or more);
    where there is none, the number with the strongest weakest domain. A suggestion, not a finding: tissue is
    organised on several scales, and the number of domains is a choice of scale. Use it as a start, and
    compare the maps of neighbouring numbers. On 14 simulated tissues of 3 to 9 domains it was right in 4, and
    right or off by one in 7 (``python -m benchmarks.n_domains``), mostly too low where there are many.

    Parameters
    ----------
    adata
        After `run_spotscape`: with ``obsm["X_<key_added>"]``.
    candidates
        Numbers to choose from, each from 2 to the number of spots; None for 3 to 12.
    unit_rows
        Scale each spot's embedding to unit length first; None as in `spatial_domains`.
    seed
        Of the random parts and starts.
    key_added
        Stem of the name read.

    Returns
    -------
    int
        The number suggested. Nothing is written.

    Raises
    ------
    InputError
        If the embedding is missing, or a candidate is no number of domains of these spots.

    References
    ----------
    .. [1] Tibshirani and Walther (2005), Cluster validation by prediction strength, Journal of Computational
       and Graphical Statistics 14.

    Examples
    --------
    >>> import anndata, numpy as np
    >>> from spotscape.tl import suggest_n_domains
    >>> rng = np.random.default_rng(0)
    >>> adata = anndata.AnnData(np.ones((120, 2), dtype="float32"))
    >>> adata.obsm["X_spotscape"] = rng.normal(size=(120, 4)) + np.repeat(np.eye(4) * 20, 30, axis=0)
    >>> suggest_n_domains(adata)
    4
    """
    embedding = read_embedding(adata, key_added)
    checked = usable_candidates(adata.n_obs) if candidates is None else _check(candidates, adata.n_obs)
    unit_rows = read_unit_rows(adata, unit_rows, key_added)
    seed = check_integer("seed", seed, 0)
    embedding = normalize(embedding) if unit_rows else embedding
    with threadpool_limits(SMALL_MATRIX_THREADS):
        return suggest(embedding, candidates=checked, seed=seed).n_domains


def suggest_from(seed: int, *, unit_rows: bool) -> Callable[[np.ndarray], int]:
    """Return a function that suggests a number of domains for an embedding (N x d), as training may ask."""

    def suggested(embedding: np.ndarray) -> int:
        rows = embedding.astype(np.float64)
        rows = normalize(rows) if unit_rows else rows
        with threadpool_limits(SMALL_MATRIX_THREADS):
            return suggest(rows, candidates=usable_candidates(len(rows)), seed=seed).n_domains

    return suggested


def usable_candidates(n_spots: int) -> tuple[int, ...]:
    """Return the default candidates that so many spots allow, or raise where there are none."""
    usable = tuple(k for k in CANDIDATES if k <= n_spots)
    if not usable:
        todo = "Give n_domains."
        raise input_error(
            "n_domains", f"None, with {n_spots} spots", "3 or more spots to suggest it from", todo
        )
    return usable


def _check(candidates: Sequence[int], n_spots: int) -> tuple[int, ...]:
    """Return the candidates as sorted integers, or raise."""
    expected = f"integers from 2 to {n_spots}"
    if isinstance(candidates, str | bytes) or not isinstance(candidates, Sequence | np.ndarray):
        raise input_error("candidates", describe(candidates), expected)
    whole = all(isinstance(k, Integral) and not isinstance(k, bool) for k in candidates)
    if not len(candidates) or not whole or min(candidates) < 2 or max(candidates) > n_spots:
        raise input_error("candidates", describe(candidates), expected)
    return tuple(sorted({int(k) for k in candidates}))
