"""``suggest_n_domains``: how many domains an embedding supports.

The tied mixture (`spotscape.tl._mixture`) is fitted for each number K, and judged by Schwarz' criterion with
as many spots as are independent, n / (1 + mean number of neighbours), since a spot's embedding is a mean over
its neighbourhood: taken at face value, the more finely a tissue is measured, the more domains it would have.

    c_K = -2 n_e l_K + K (d + 1) log n_e,    weight_K ∝ exp(-s (c_K - mean c) / sd c) · prior(K)

l_K is the mean log likelihood of a spot, d the number of columns looked at. The curve is flat on most
tissues: it is brought to one scale and weighed against what annotators do, log K normal about log 5.5 with
standard deviation 0.35. So the number suggested is seldom far from five or six.

Source: Schwarz 1978, Estimating the dimension of a model, Ann. Stat. 6. Strength and prior are those of
annotated tissue; ``python -m benchmarks.n_domains`` judges them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Integral
from typing import NamedTuple

import numpy as np
from anndata import AnnData
from scipy import sparse
from scipy.special import softmax
from threadpoolctl import threadpool_limits

from spotscape import _keys
from spotscape._spatial_graph import current_graph
from spotscape._validate import check_integer, describe, input_error
from spotscape.tl._clustering import SMALL_MATRIX_THREADS, kmeans_starts, sample_spots
from spotscape.tl._inputs import read_embedding
from spotscape.tl._mixture import fit_mixture

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
    """

    n_domains: int
    candidates: np.ndarray
    log_likelihood: np.ndarray
    by_data: np.ndarray
    weights: np.ndarray


def suggest(
    embedding: np.ndarray,
    graph: sparse.spmatrix | None = None,
    *,
    candidates: Sequence[int] = CANDIDATES,
    seed: int,
) -> Suggestion:
    """Weigh the candidates.

    Parameters
    ----------
    embedding
        N x d, float64, as it would be grouped.
    graph
        N x N, non-zero for neighbours in the tissue.
    candidates
        Numbers of domains in ascending order, each from 2 to N.
    seed
        Of the starts, and of the sample where there are many spots.
    """
    n = len(embedding)
    order = np.lexsort(embedding.T[::-1])
    sample = order[sample_spots(n, np.random.default_rng(seed))]
    view = np.ascontiguousarray(embedding[sample, :_COLUMNS])
    numbers = np.asarray(candidates)
    scores = np.array(
        [fit_mixture(view, kmeans_starts(view, int(k), _N_STARTS, seed), int(k)).score for k in numbers]
    )
    degree = _NEIGHBORS if graph is None else np.count_nonzero(sparse.csr_matrix(graph).data) / n
    independent = max(2.0, n / (1 + degree))
    criterion = -2 * independent * scores + numbers * (view.shape[1] + 1) * np.log(independent)
    spread = criterion.std()
    by_data = -_STRENGTH * (criterion - criterion.mean()) / (spread if spread > 0 else 1.0)
    prior = -np.square((np.log(numbers) - np.log(_TYPICAL)) / _SPREAD) / 2
    weights = softmax(by_data + prior)
    return Suggestion(int(numbers[weights.argmax()]), numbers, scores, softmax(by_data), weights)


def suggest_n_domains(
    adata: AnnData,
    *,
    candidates: Sequence[int] | None = None,
    seed: int = 0,
    key_added: str = _keys.KEY_ADDED,
) -> int:
    """Suggest a number of domains, and keep the curve behind it.

    A mixture is fitted for each number and judged by Schwarz' criterion [1]_, which counts only as many spots
    as are independent. The criterion is weighed against what annotators of tissue do: they name five or six
    domains, rarely fewer than three or more than eleven. So three or four groups may be suggested as five.
    The number is a suggestion, not a finding. Tissue is organised on several scales, and the number of
    domains is a choice of scale. `spotscape.pl.n_domains` shows how clear the choice is, and what the prior
    changed. Compare the maps of neighbouring numbers.

    Parameters
    ----------
    adata
        After `run_spotscape`: with ``obsm["X_<key_added>"]``. Without ``obsp["spatial_connectivities"]``, six
        neighbours a spot are assumed.
    candidates
        Numbers to choose from, each from 2 to the number of spots; None for 2 to 15.
    seed
        Of the starts.
    key_added
        Stem of the names read and written.

    Returns
    -------
    int
        The number suggested. Writes ``uns["<key_added>"]["n_domains"]``: ``candidates``, ``log_likelihood``
        (of a spot), ``by_data`` and ``weights`` (how much each number weighs by the data alone, and with the
        prior; sum to 1), and ``suggested``.

    Raises
    ------
    InputError
        If the embedding is missing, or a candidate is no number of domains of these spots.

    References
    ----------
    .. [1] Schwarz (1978), Estimating the dimension of a model, Annals of Statistics 6.

    Examples
    --------
    >>> import anndata, numpy as np
    >>> from spotscape.tl import suggest_n_domains
    >>> rng = np.random.default_rng(0)
    >>> adata = anndata.AnnData(np.ones((800, 2), dtype="float32"))
    >>> adata.obsm["X_spotscape"] = rng.normal(size=(800, 5)) + np.repeat(np.eye(5) * 20, 160, axis=0)
    >>> suggest_n_domains(adata)
    5
    """
    embedding = read_embedding(adata, key_added)
    checked = usable_candidates(adata.n_obs) if candidates is None else _check(candidates, adata.n_obs)
    seed = check_integer("seed", seed, 0)
    with threadpool_limits(SMALL_MATRIX_THREADS):
        found = suggest(embedding, current_graph(adata), candidates=checked, seed=seed)
    key = _keys.parameters(key_added)
    adata.uns[key] = {**adata.uns.get(key, {}), "n_domains": curve_record(found)}
    return found.n_domains


def curve_record(found: Suggestion) -> dict[str, np.ndarray | int]:
    """Return what ``uns`` keeps of a suggestion."""
    return {
        "suggested": found.n_domains,
        "candidates": found.candidates,
        "log_likelihood": found.log_likelihood,
        "by_data": found.by_data,
        "weights": found.weights,
    }


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


def _check(candidates: Sequence[int], n_spots: int) -> tuple[int, ...]:
    """Return the candidates as sorted integers, or raise."""
    expected = f"integers from 2 to {n_spots}"
    if isinstance(candidates, str | bytes) or not isinstance(candidates, Sequence | np.ndarray):
        raise input_error("candidates", describe(candidates), expected)
    whole = all(isinstance(k, Integral) and not isinstance(k, bool) for k in candidates)
    if not len(candidates) or not whole or min(candidates) < 2 or max(candidates) > n_spots:
        raise input_error("candidates", describe(candidates), expected)
    return tuple(sorted({int(k) for k in candidates}))
