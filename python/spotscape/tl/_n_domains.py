"""``suggest_n_domains``: how many domains an embedding supports.

Fit the tied mixture for each number of domains and look at its Bayesian information criterion: it falls
steeply while domains are found that are there, and slowly once they are cut up. The number is at the elbow,
where the curve, scaled to fall from 0 to -1 over the candidates, lies furthest below the line between
its ends.

Source: Schwarz 1978, Estimating the dimension of a model, Ann. Stat. 6; Satopaa et al. 2011, Finding a
"kneedle" in a haystack, ICDCS workshops.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Integral
from typing import NamedTuple

import numpy as np
from anndata import AnnData
from sklearn.preprocessing import normalize
from threadpoolctl import threadpool_limits

from spotscape import _keys
from spotscape._validate import check_integer, describe, input_error
from spotscape.tl._clustering import SMALL_MATRIX_THREADS, fit_mixture, n_leading
from spotscape.tl._inputs import read_embedding, read_unit_rows

CANDIDATES = tuple(range(3, 13))
_N_STARTS = 3
_SHARE = 0.6
"""Of the embedding's columns that are looked at: the leading ones carry most signal."""
_MOST_SPOTS = 20_000
"""Fitting more spots than these would not move the elbow."""


class Suggestion(NamedTuple):
    """The number suggested, and how far the curve lies below the line at each candidate, of its fall."""

    n_domains: int
    candidates: np.ndarray
    scores: np.ndarray


def suggest(embedding: np.ndarray, *, candidates: Sequence[int] = CANDIDATES, seed: int) -> Suggestion:
    """Take the candidate at the elbow of the mixtures' information criterion.

    Parameters
    ----------
    embedding
        N x d, float64, as it would be grouped.
    candidates
        Numbers of domains in ascending order, each from 2 to N.
    seed
        Of the starts, and of the sample where there are many spots.
    """
    rng = np.random.default_rng(seed)
    if len(embedding) > _MOST_SPOTS:
        embedding = embedding[np.sort(rng.choice(len(embedding), _MOST_SPOTS, replace=False))]
    leading = embedding[:, : n_leading(embedding.shape[1], _SHARE)]
    # The curve begins one domain before the first candidate, which may be the elbow itself.
    numbers = np.array([candidates[0] - 1, *candidates])
    criterion = [fit_mixture(leading, int(k), n_starts=_N_STARTS, seed=seed).bic(leading) for k in numbers]
    scores = below_the_line(numbers, np.array(criterion))[1:]
    return Suggestion(int(candidates[int(scores.argmax())]), np.asarray(candidates), scores)


def below_the_line(numbers: np.ndarray, criterion: np.ndarray) -> np.ndarray:
    """Return how far a curve lies below the line from its first point, at 0, to its end, at -1."""
    fall = criterion[0] - criterion.min()
    along = (numbers - numbers[0]) / (numbers[-1] - numbers[0])
    found: np.ndarray = (criterion[0] - criterion) / (fall if fall > 0 else 1.0) - along
    return found


def suggest_n_domains(
    adata: AnnData,
    *,
    candidates: Sequence[int] | None = None,
    unit_rows: bool | None = None,
    seed: int = 0,
    key_added: str = _keys.KEY_ADDED,
) -> int:
    """Suggest a number of domains from how well groupings of parts of the tissue agree.

    Fits a tied Gaussian mixture for each number and takes the elbow of its Bayesian information criterion
    [1]_, [2]_: the number after which further domains explain little. A suggestion, not a finding: tissue is
    organised on several scales, and the number of domains is a choice of scale. Use it as a start, and
    compare the maps of neighbouring numbers; ``python -m benchmarks.n_domains`` says how often it is right on
    simulated tissue, where there are many domains it is mostly too low.

    Parameters
    ----------
    adata
        After `run_spotscape`: with ``obsm["X_<key_added>"]``.
    candidates
        Numbers to choose from, each from 2 to the number of spots; None for 3 to 12.
    unit_rows
        Scale each spot's embedding to unit length first; None as in `spatial_domains`.
    seed
        Of the starts.
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
    .. [1] Schwarz (1978), Estimating the dimension of a model, Annals of Statistics 6.
    .. [2] Satopaa et al. (2011), Finding a "kneedle" in a haystack, ICDCS Workshops.

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
