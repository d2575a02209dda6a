"""``suggest_n_domains``: how many domains an embedding supports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from anndata import AnnData

from spotscape import _keys
from spotscape.tl._clustering import fit_mixture
from spotscape.tl._inputs import read_embedding

_CANDIDATES = tuple(range(2, 16))
_STARTS = 3
_MOST_SPOTS = 20_000


class Suggestion(NamedTuple):
    """The number suggested, and the score of each candidate (lower is better)."""

    n_domains: int
    candidates: np.ndarray
    scores: np.ndarray


def suggest(embedding: np.ndarray, *, candidates: Sequence[int] = _CANDIDATES, seed: int) -> Suggestion:
    """Score each candidate by the BIC of the tied mixture, and take the lowest."""
    if len(embedding) > _MOST_SPOTS:
        rows = np.random.default_rng(seed).choice(len(embedding), _MOST_SPOTS, replace=False)
        embedding = embedding[np.sort(rows)]
    fits = [fit_mixture(embedding, k, n_starts=_STARTS, seed=seed) for k in candidates]
    scores = np.array([fit.bic(embedding) for fit in fits])
    return Suggestion(int(candidates[int(scores.argmin())]), np.asarray(candidates), scores)


def suggest_n_domains(
    adata: AnnData,
    *,
    candidates: Sequence[int] | None = None,
    seed: int = 0,
    key_added: str = _keys.KEY_ADDED,
) -> int:
    """Suggest."""
    embedding = read_embedding(adata, key_added)
    return suggest(embedding, candidates=candidates or _CANDIDATES, seed=seed).n_domains
