"""How many domains an embedding supports.

The tied mixture (`spotscape.domains.mixture`) is fitted for each number K, and judged by Schwarz' criterion
with as many spots as are independent, n / (1 + mean number of neighbours), since a spot's embedding is a mean
over its neighbourhood: taken at face value, the more finely a tissue is measured, the more domains it would
have.

    c_K = -2 n_e l_K + K (d + 1) log n_e,    weight_K ∝ exp(-s (c_K - mean c) / sd c) · prior(K)

l_K is the mean log likelihood of a spot, d the number of columns looked at. The curve is flat on most
tissues: it is brought to one scale and weighed against what annotators do, log K normal about log 5.5 with
standard deviation 0.35. So the number suggested is seldom far from five or six.

Source: Schwarz 1978, Estimating the dimension of a model, Ann. Stat. 6. Strength and prior are those of
annotated tissue; ``python -m benchmarks.n_domains`` judges them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple, TypeGuard

import numpy as np
from scipy import sparse
from scipy.special import softmax
from threadpoolctl import threadpool_limits

from spotscape._arrays import Array, beside, on_host
from spotscape._validate import input_error
from spotscape._version import __version__
from spotscape.domains.clustering import SMALL_MATRIX_THREADS, embedding_order, kmeans_starts, sample_spots
from spotscape.domains.mixture import fit_mixture

CANDIDATES = tuple(range(2, 16))
_N_STARTS = 4
_COLUMNS = 20
"""That are looked at, the leading ones."""
_STRENGTH = 0.75
"""s: how much the criterion weighs beside the prior, in standard deviations over K."""
_TYPICAL, _SPREAD = 5.5, 0.35
"""Of annotated tissues: median number of domains, and standard deviation of its logarithm."""
_NEIGHBORS = 6
"""Of a spot, where there is no spatial graph."""
_CURVE = ("candidates", "log_likelihood", "by_data", "weights")


class Suggestion(NamedTuple):
    """The number suggested, and for each candidate the likelihood of a spot and the weight.

    Attributes
    ----------
    n_domains
        The candidate of greatest weight.
    candidates
        Numbers looked at, ascending.
    log_likelihood
        l_K, mean over spots.
    by_data
        Weights by the criterion alone; sum to 1.
    weights
        By criterion and prior; sum to 1.
    digest
        Digest of all that it hangs on, so that it need not be made again.
    """

    n_domains: int
    candidates: np.ndarray
    log_likelihood: np.ndarray
    by_data: np.ndarray
    weights: np.ndarray
    digest: str


def suggest(
    embedding: Array,
    graph: sparse.spmatrix | None = None,
    *,
    candidates: Sequence[int] = CANDIDATES,
    seed: int,
    known: Mapping[str, Any] | None = None,
) -> Suggestion:
    """Weigh the candidates.

    Parameters
    ----------
    embedding
        N x d, float64, as it would be grouped: an array, or a tensor on a device.
    graph
        N x N, non-zero for neighbours in the tissue.
    candidates
        Numbers of domains in ascending order, each from 2 to N.
    seed
        Of the starts, and of the sample where there are many spots.
    known
        What `curve_record` gave before. It is the answer where it was made from the same.
    """
    n = len(embedding)
    degree = _NEIGHBORS if graph is None else np.count_nonzero(sparse.csr_matrix(graph).data) / n
    rows = on_host(embedding)
    digest = _digest(rows[:, :_COLUMNS], degree, candidates, seed)
    if _is_of(known, digest):
        curve = [np.atleast_1d(np.asarray(known[name])) for name in _CURVE]
        return Suggestion(int(known["suggested"]), *curve, digest)
    order = embedding_order(rows)
    sample = order[sample_spots(n, np.random.default_rng(seed))]
    view = beside(np.ascontiguousarray(rows[sample, :_COLUMNS]), embedding)
    numbers = np.asarray(candidates)
    scores = np.array(
        [fit_mixture(view, kmeans_starts(view, int(k), _N_STARTS, seed), int(k)).score for k in numbers]
    )
    independent = max(2.0, n / (1 + degree))
    criterion = -2 * independent * scores + numbers * (view.shape[1] + 1) * np.log(independent)
    spread = criterion.std()
    by_data = -_STRENGTH * (criterion - criterion.mean()) / (spread if spread > 0 else 1.0)
    prior = -np.square((np.log(numbers) - np.log(_TYPICAL)) / _SPREAD) / 2
    weights = softmax(by_data + prior)
    return Suggestion(int(numbers[weights.argmax()]), numbers, scores, softmax(by_data), weights, digest)


def _digest(view: np.ndarray, degree: float, candidates: Sequence[int], seed: int) -> str:
    """Return a name for what a suggestion is made from, the code among it."""
    text = f"{__version__} {view.shape} {degree!r} {[int(k) for k in candidates]} {seed}"
    found = blake2b(text.encode(), digest_size=16)
    found.update(np.ascontiguousarray(view, dtype=np.float64).data)
    return found.hexdigest()


def _is_of(known: Any, digest: str) -> TypeGuard[Mapping[str, Any]]:
    """Say whether a record holds the curve of the same."""
    whole = isinstance(known, Mapping) and all(name in known for name in ("suggested", *_CURVE))
    return whole and str(known.get("digest")) == digest


def curve_record(found: Suggestion, known: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return what ``uns`` keeps of a suggestion, with what else is known of the same curve."""
    curve = {name: getattr(found, name) for name in _CURVE}
    beside = known if _is_of(known, found.digest) else {}
    return {**beside, "suggested": found.n_domains, **curve, "digest": found.digest}


def suggest_from(graph: sparse.spmatrix, seed: int) -> Callable[[np.ndarray], int]:
    """Return a function that suggests a number of domains for an embedding (N x d), as training may ask."""

    def suggested(embedding: np.ndarray) -> int:
        rows = embedding.astype(np.float64)
        with threadpool_limits(SMALL_MATRIX_THREADS):
            return suggest(rows, graph, candidates=usable_candidates(len(rows)), seed=seed).n_domains

    return suggested


def usable_candidates(n_spots: int) -> tuple[int, ...]:
    """Return the default candidates that so many spots allow, or raise where there are none."""
    usable = tuple(k for k in CANDIDATES if k <= n_spots)
    if not usable:
        todo = "Give n_domains."
        raise input_error(
            "n_domains", f"None, with {n_spots} spots", "2 or more spots to suggest it from", todo
        )
    return usable
