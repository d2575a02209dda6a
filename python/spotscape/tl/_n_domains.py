"""``suggest_n_domains``: how many domains an embedding supports.

Fit the tied mixture for each number of domains and weigh the numbers by their Bayesian information criterion,
as it would be had 110 independent spots been seen. Spots are not independent, least of all after smoothing,
and domains are no Gaussians: counting every spot as evidence finds more domains the more finely a tissue is
measured. A number of domains that is the tissue's own asks for evidence that does not grow with the spots.
The number is the mean by these weights, exp(-criterion / 2) with the criterion divided by 5 once more: where
several numbers explain the tissue about as well, one between them is the least wrong.

A wide embedding, as the published encoder's, has too many parameters for that: each domain would cost more
than it explains. There the number is at the elbow of the criterion with all spots, where the curve, scaled to
fall from 0 to -1 over the candidates, lies furthest below the line between its ends.

Source: Schwarz 1978, Estimating the dimension of a model, Ann. Stat. 6; Satopaa et al. 2011, Finding a
"kneedle" in a haystack, ICDCS workshops. 110 and 5 were chosen on simulated tissue, as
benchmarks/quality/LOG.md has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from numbers import Integral
from typing import NamedTuple

import numpy as np
from anndata import AnnData
from scipy.special import softmax
from sklearn.preprocessing import normalize
from threadpoolctl import threadpool_limits

from spotscape import _keys
from spotscape._validate import check_integer, describe, input_error
from spotscape.tl._clustering import SMALL_MATRIX_THREADS, fit_mixture, n_leading, sample_spots
from spotscape.tl._inputs import read_embedding, read_unit_rows

CANDIDATES = tuple(range(3, 13))
_N_STARTS = 3
_SHARE = 0.6
"""Of the embedding's columns that are looked at: the leading ones carry most signal."""
_INDEPENDENT_SPOTS = 110
"""What a tissue counts as in the criterion: fewer suggest too few domains, more too many."""
_TEMPERATURE = 5.0
"""Of the weights: at 1 the best candidate has nearly all, and is as far off as any."""
_WIDE = 20
"""Above so many columns looked at, the number is at the elbow."""


class Suggestion(NamedTuple):
    """The number suggested, and a score of each candidate: its weight, or how far below the line it lies."""

    n_domains: int
    candidates: np.ndarray
    scores: np.ndarray


def suggest(embedding: np.ndarray, *, candidates: Sequence[int] = CANDIDATES, seed: int) -> Suggestion:
    """Take the candidate nearest to what the mixtures' information criterion favours on the mean.

    Parameters
    ----------
    embedding
        N x d, float64, as it would be grouped.
    candidates
        Numbers of domains in ascending order, each from 2 to N.
    seed
        Of the starts, and of the sample where there are many spots.
    """
    sample = sample_spots(len(embedding), np.random.default_rng(seed))
    leading = embedding[sample, : n_leading(embedding.shape[1], _SHARE)]
    if leading.shape[1] > _WIDE:
        # The curve begins one domain before the first candidate, which may be the elbow itself.
        numbers = np.array([candidates[0] - 1, *candidates])
        scores = below_the_line(numbers, _criterion(leading, numbers, len(leading), seed))[1:]
        best = int(scores.argmax())
    else:
        n_independent = min(_INDEPENDENT_SPOTS, len(leading))
        criterion = _criterion(leading, candidates, n_independent, seed)
        scores = softmax(-criterion / (2 * _TEMPERATURE))
        best = int(np.abs(np.asarray(candidates) - scores @ candidates).argmin())
    return Suggestion(int(candidates[best]), np.asarray(candidates), scores)


def _criterion(embedding: np.ndarray, numbers: Iterable[int], n_independent: int, seed: int) -> np.ndarray:
    """Return the Bayesian information criterion for each number, the spots counting as so many."""
    found = []
    for n_domains in numbers:
        mixture = fit_mixture(embedding, int(n_domains), n_starts=_N_STARTS, seed=seed)
        n_parameters = n_domains * (embedding.shape[1] + 1)  # means and weights; there is one covariance
        fit = -2 * n_independent * mixture.score(embedding)
        found.append(fit + n_parameters * np.log(n_independent))
    return np.array(found)


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
    """Suggest a number of domains from what further ones explain.

    Fits a tied Gaussian mixture for each number and takes their mean, weighted by the Bayesian information
    criterion [1]_, the tissue counting as 110 independent spots however many it has; for an embedding of many
    columns, as of the published encoder, the elbow of the criterion [2]_. A suggestion, not a finding: tissue
    is organised on several scales, and the number of domains is a choice of scale. Use it as a start, and
    compare the maps of neighbouring numbers; ``python -m benchmarks.n_domains`` says how often it is right on
    simulated tissue.

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
