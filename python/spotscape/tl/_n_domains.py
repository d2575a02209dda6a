"""``suggest_n_domains``: how many domains an embedding supports.

Fit the mixture that knows of mixed spots (`spotscape.tl._partial_volume`) for each number K of domains, to
the leading columns, and weigh the numbers by ``exp((score_K - cost K) / T - (K - K_e)² / 2)``, with the mean
log likelihood of a spot as score. The number is the mean by these weights: where several numbers explain the
tissue about as well, one between them is the least wrong.

What a further domain has to gain depends on the tissue. Where there are few domains, a gradient within a
large one gains much if it is cut in two; where there are many, each of them is small and gains little. How
much of the tissue lies between domains tells these apart, whatever the number: many domains have long
borders. It is the entropy of a spot's posterior, H, on the mean over spots and numbers, and ``cost = 0.35
(0.353 / H)²``. The cost is per spot: a criterion that counts every spot as evidence, as the Bayesian one
does, finds more domains the more finely a tissue is measured.

K groups take K - 1 columns to tell them apart, and that can be seen without asking for a number: with λ_j the
ratios of total variance to that within groups (`spotscape.tl._sharpening`), and each column's share of their
logarithms, e = exp(entropy of the shares) is how many columns tell groups apart, and ``K_e = 2.2 e - 4.5`` on
simulated tissue, to one and a half.

A wide embedding, as the published encoder's, has too many parameters for that: each domain would cost more
than it explains. There the number is at the elbow of Schwarz' criterion by the ordinary mixture, where the
curve, scaled to fall from 0 to -1 over the candidates, lies furthest below the line between its ends.

Source: Schwarz 1978, Estimating the dimension of a model, Ann. Stat. 6; Satopaa et al. 2011, Finding a
"kneedle" in a haystack, ICDCS workshops. Cost and T were chosen on simulated tissue, as
benchmarks/quality/LOG.md has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from numbers import Integral
from typing import NamedTuple

import numpy as np
from anndata import AnnData
from scipy import sparse
from scipy.special import entr, softmax
from sklearn.preprocessing import normalize
from threadpoolctl import threadpool_limits

from spotscape import _keys
from spotscape._spatial_graph import current_graph
from spotscape._validate import check_integer, describe, input_error
from spotscape.tl._clustering import SMALL_MATRIX_THREADS, fit_mixture, n_leading, sample_spots
from spotscape.tl._inputs import read_embedding, read_unit_rows
from spotscape.tl._partial_volume import LEADING_SHARE, fit_from, kmeans_starts, leading_view
from spotscape.tl._sharpening import canonical_variates
from spotscape.tl._smoothing import pattern

CANDIDATES = tuple(range(3, 13))
_N_STARTS = 4
_N_STARTS_WIDE = 3
_COST, _TYPICAL_ENTROPY = 0.35, 0.353
"""What a domain has to gain, in log likelihood a spot, at the median entropy of simulated tissue."""
_ENTROPIES = (0.26, 0.49)
"""Which entropies are told apart: hardly a simulated tissue lies beyond."""
_TEMPERATURE = 0.1
"""Of the weights, in log likelihood a spot."""
_ROUNDS = 2
"""In which the columns that tell groups apart are found."""
_SLOPE, _INTERCEPT = 2.2, -4.5
"""Of K_e by the number of columns that tell groups apart."""
_WIDE = 20
"""Above so many columns looked at, the number is at the elbow."""


class Suggestion(NamedTuple):
    """The number suggested, and a score of each candidate: its weight, or how far below the line it lies."""

    n_domains: int
    candidates: np.ndarray
    scores: np.ndarray


def suggest(
    embedding: np.ndarray,
    graph: sparse.spmatrix | None = None,
    *,
    candidates: Sequence[int] = CANDIDATES,
    seed: int,
) -> Suggestion:
    """Take the candidate nearest to the mean of those that gain what they cost.

    Parameters
    ----------
    embedding
        N x d, float64, as it would be grouped.
    graph
        N x N, non-zero for neighbours in the tissue; None has no spot mixed, and the typical cost.
    candidates
        Numbers of domains in ascending order, each from 2 to N.
    seed
        Of the starts, and of the sample where there are many spots.
    """
    sample = sample_spots(len(embedding), np.random.default_rng(seed))
    width = n_leading(embedding.shape[1], LEADING_SHARE)
    numbers = np.asarray(candidates)
    if width > _WIDE:
        # The curve begins one domain before the first candidate, which may be the elbow itself.
        further = np.array([candidates[0] - 1, *candidates])
        scores = below_the_line(further, _criterion(embedding[sample, :width], further, seed))[1:]
        best = int(scores.argmax())
    else:
        leading, mixed = leading_view(embedding, None if graph is None else pattern(graph))
        columns = canonical_variates(embedding, leading, mixed, _ROUNDS, seed=seed)
        expected = None if columns is None else _SLOPE * effective_number(columns.ratios) + _INTERCEPT
        measured = () if graph is None else _measured_at(len(embedding))
        scores = _weights(leading[sample], mixed[sample], numbers, measured, expected, seed)
        best = int(np.abs(numbers - scores @ numbers).argmin())
    return Suggestion(int(candidates[best]), numbers, scores)


def effective_number(ratios: np.ndarray) -> float:
    """Return how many columns tell groups apart: exp of the entropy of their shares of all log λ."""
    logarithms = np.log(np.maximum(ratios, 1.0))
    total = logarithms.sum()
    return float(np.exp(entr(logarithms / total).sum())) if total > 0 else 1.0


def _weights(
    view: np.ndarray,
    mixed: np.ndarray,
    numbers: np.ndarray,
    measured: tuple[int, ...],
    expected: float | None,
    seed: int,
) -> np.ndarray:
    """Return the weight of each number of domains.

    ``measured`` are the numbers that the entropy is a mean over, none for the typical cost. Without an
    expected number they go by likelihood alone.
    """
    score, entropy = {}, {}
    for n_domains in sorted({*numbers.tolist(), *measured}):
        mixture = fit_from(view, mixed, n_domains, kmeans_starts(view, n_domains, _N_STARTS, seed))
        score[n_domains] = mixture.score
        entropy[n_domains] = entr(mixture.posterior(view, mixed)).sum(axis=1).mean()
    mean = np.mean([entropy[n_domains] for n_domains in measured]) if measured else _TYPICAL_ENTROPY
    cost = _COST * (_TYPICAL_ENTROPY / np.clip(mean, *_ENTROPIES)) ** 2
    gains = np.array([score[n_domains] for n_domains in numbers.tolist()])
    far = 0.0 if expected is None else np.square(numbers - expected) / 2
    weights: np.ndarray = softmax((gains - cost * numbers) / _TEMPERATURE - far)
    return weights


def _measured_at(n_spots: int) -> tuple[int, ...]:
    """Return the numbers of domains over which the entropy is a mean, whatever the candidates."""
    return tuple(k for k in CANDIDATES if k <= n_spots)


def _criterion(embedding: np.ndarray, numbers: Iterable[int], seed: int) -> np.ndarray:
    """Return the Bayesian information criterion for each number."""
    n_spots, width = embedding.shape
    found = []
    for n_domains in numbers:
        mixture = fit_mixture(embedding, int(n_domains), n_starts=_N_STARTS_WIDE, seed=seed)
        n_parameters = n_domains * (width + 1)  # means and weights; there is one covariance
        found.append(-2 * n_spots * mixture.score(embedding) + n_parameters * np.log(n_spots))
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

    Fits the mixture of the consensus for each number and takes their mean, weighted by likelihood less a
    cost for each domain; the more of the tissue lies between domains, as the spatial graph tells, the less a
    domain has to gain, and numbers that fit how many columns tell groups of spots apart count for more. For
    an embedding of many columns, as of the published encoder, it is the elbow [2]_ of the Bayesian
    information criterion [1]_. A suggestion, not a finding: tissue is organised on several scales, and the
    number of domains is a choice of scale. Use it as a start, and compare the maps of neighbouring numbers;
    ``python -m benchmarks.n_domains`` says how often it is right on simulated tissue.

    Parameters
    ----------
    adata
        After `run_spotscape`: with ``obsm["X_<key_added>"]``, and ``obsp["spatial_connectivities"]``, without
        which a domain has the same to gain in every tissue.
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
        graph = current_graph(adata)
        return suggest(embedding, graph, candidates=checked, seed=seed).n_domains


def suggest_from(graph: sparse.spmatrix, seed: int, *, unit_rows: bool) -> Callable[[np.ndarray], int]:
    """Return a function that suggests a number of domains for an embedding (N x d), as training may ask."""

    def suggested(embedding: np.ndarray) -> int:
        rows = embedding.astype(np.float64)
        rows = normalize(rows) if unit_rows else rows
        with threadpool_limits(SMALL_MATRIX_THREADS):
            return suggest(rows, graph, candidates=usable_candidates(len(rows)), seed=seed).n_domains

    return suggested


def usable_candidates(n_spots: int) -> tuple[int, ...]:
    """Return the default candidates that so many spots allow, or raise where there are none."""
    usable = _measured_at(n_spots)
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
