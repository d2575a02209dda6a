"""Which domains or cell types lie beside which, more or less often than by chance.

A contact is an edge of the spatial graph. Chance is that the names are dealt anew to the spots of a slice:
with n spots, n_i of a name i, and m edges, an edge joins i and j with probability 2 n_i n_j / (n (n - 1)),
and i and i with probability n_i (n_i - 1) / (n (n - 1)). So expectations need no draws; spreads and p-values
are of draws.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse

from spotscape import _keys
from spotscape._neighborhood import pattern
from spotscape._validate import input_error

ROUNDING = 1e-9
"""Contacts that are no further from each other than this are equally far from what chance gives."""
_PSEUDOCOUNT = 0.5


class Neighborhoods(NamedTuple):
    """What `domain_neighborhoods` returns.

    Attributes
    ----------
    zscore
        Name x name: how far the count is from what chance gives, in standard deviations. NaN where chance
        gives one number only.
    count
        Name x name: edges from spots of the row's name to those of the column's. On the diagonal each edge is
        counted from both its ends.
    pairs
        A row for each two names, and each name with itself, over all slices: `first`, `second`, `contacts`
        (edges), `expected` (by chance), `log2_odds`, `zscore`, `p_value`.
    slices
        The same for each slice: `slice`, `first`, `second`, `contacts`, `expected`, `log2_odds`. None for one
        slice.
    differences
        How conditions differ; None where none were compared.
    """

    zscore: pd.DataFrame
    count: pd.DataFrame
    pairs: pd.DataFrame
    slices: pd.DataFrame | None
    differences: pd.DataFrame | None


def neighborhoods(
    labels: pd.Categorical,
    graph: sparse.spmatrix,
    *,
    slices: pd.Categorical | None = None,
    n_permutations: int = 1000,
    seed: int = 0,
) -> Neighborhoods:
    """Count the contacts between names, and compare them with names dealt anew within each slice.

    Parameters
    ----------
    labels
        Of each spot; those without one are left out, with their edges.
    graph
        N x N, non-zero for neighbours. Edges of a spot with itself and between slices are no contacts.
    slices
        Of each spot; None for one slice.
    n_permutations
        How often names are dealt anew.
    seed
        Of the draws.

    Returns
    -------
    Neighborhoods
        Without differences between conditions.

    Raises
    ------
    InputError
        If the graph is of other spots, or no edge joins two spots that have names.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from scipy import sparse
    >>> from spotscape.annotation.neighborhoods import neighborhoods
    >>> row = sparse.diags([[1.0] * 5, [1.0] * 5], [-1, 1]).tocsr()
    >>> found = neighborhoods(pd.Categorical(list("aaabbb")), row)
    >>> found.count.to_numpy().tolist()
    [[4, 1], [1, 4]]
    >>> found.pairs[["first", "second", "contacts", "expected"]].values.tolist()
    [['a', 'a', 2.0, 1.0], ['a', 'b', 1.0, 3.0], ['b', 'b', 2.0, 1.0]]
    """
    n_spots, names = len(labels), [str(name) for name in labels.categories]
    if graph.shape != (n_spots, n_spots):
        raise input_error("graph", f"{graph.shape[0]} x {graph.shape[1]}", f"{n_spots} x {n_spots}")
    of = np.zeros(n_spots, dtype=np.intp) if slices is None else np.asarray(slices.codes, dtype=np.intp)
    n_slices = 1 if slices is None else len(slices.categories)
    # Spots in the order of their slices: to deal anew within a slice is then to shuffle a part of the array.
    order = np.argsort(of, kind="stable")
    order = order[labels.codes[order] >= 0]
    codes, of = np.asarray(labels.codes, dtype=np.intp)[order], of[order]
    edges = _Edges(pattern(graph)[order][:, order], of, n_slices)
    if not edges.per_slice.any():
        raise input_error("graph", "no edge between spots that have names", "neighbours")

    counts = np.stack([edges.of_slice(number, codes, len(names)) for number in range(n_slices)])
    parts = np.split(codes, np.cumsum(np.bincount(of, minlength=n_slices))[:-1])
    sizes = np.stack([np.bincount(part, minlength=len(names)) for part in parts])
    expected = _expected(edges.per_slice, sizes)
    count = counts.sum(axis=0)
    zscore, pair_zscore, p_value = _beside_chance(
        edges, codes, parts, count, expected.sum(axis=0), n_permutations, seed
    )
    first, second = np.triu_indices(len(names))
    named = {"first": np.asarray(names, object)[first], "second": np.asarray(names, object)[second]}
    pairs = pd.DataFrame(named | _columns(count, expected.sum(axis=0)))
    pairs["zscore"], pairs["p_value"] = pair_zscore, p_value
    by_slice = None
    if slices is not None:
        tables = [
            pd.DataFrame({_keys.SLICE: str(name)} | named | _columns(own, by_chance))
            for name, own, by_chance in zip(slices.categories, counts, expected, strict=True)
        ]
        by_slice = pd.concat(tables, ignore_index=True)
    square = {"index": pd.Index(names), "columns": pd.Index(names)}
    return Neighborhoods(pd.DataFrame(zscore, **square), pd.DataFrame(count, **square), pairs, by_slice, None)


class _Edges:
    """The edges of a graph, kept so that they can be counted by the names of their ends many times."""

    def __init__(self, joined: sparse.csr_matrix, of: np.ndarray, n_slices: int) -> None:
        edges = joined.tocoo()
        kept = (edges.row != edges.col) & (of[edges.row] == of[edges.col])
        self.source, self.target = edges.row[kept], edges.col[kept]
        self.in_slice = of[self.source]
        self.per_slice = np.bincount(self.in_slice, minlength=n_slices)
        # Where every edge has its counterpart, half of them say all.
        self.both_ways = (joined != joined.T).nnz == 0
        counted = self.source < self.target if self.both_ways else np.ones(len(self.source), dtype=bool)
        self.counted = self.source[counted], self.target[counted]

    def of_slice(self, number: int, codes: np.ndarray, n_names: int) -> np.ndarray:
        """Return the counts of one slice, names x names."""
        within = self.in_slice == number
        return _count(codes[self.source[within]], codes[self.target[within]], n_names)

    def count(self, codes: np.ndarray, n_names: int) -> np.ndarray:
        """Return the counts of all slices, names x names."""
        source, target = self.counted
        found = _count(codes[source], codes[target], n_names)
        return found + found.T if self.both_ways else found


def _count(first: np.ndarray, second: np.ndarray, n_names: int) -> np.ndarray:
    return np.bincount(first * n_names + second, minlength=n_names**2).reshape(n_names, n_names)


def _expected(n_edges: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Return the counts that chance gives: slices x names x names."""
    n = sizes.sum(axis=1)
    together = sizes[:, :, None] * (sizes[:, None, :] - np.eye(sizes.shape[1]))
    return together * (n_edges / np.maximum(n * (n - 1.0), 1))[:, None, None]


def _beside_chance(
    edges: _Edges,
    codes: np.ndarray,
    parts: list[np.ndarray],
    count: np.ndarray,
    expected: np.ndarray,
    n_permutations: int,
    seed: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return z-scores (names x names), and z-scores and two-sided p-values of pairs, from names dealt anew.

    ``parts`` are views of ``codes``, a slice each, which are shuffled in place.
    """
    rng = np.random.default_rng(seed)
    n_names = len(count)
    apart = np.abs(_of_pairs(count - expected)) - ROUNDING
    as_far = np.zeros(len(apart))
    moments = [np.zeros((2, n_names, n_names)), np.zeros((2, len(apart)))]
    for _ in range(n_permutations):
        for part in parts:
            rng.shuffle(part)
        away = edges.count(codes, n_names) - expected
        of_pairs = _of_pairs(away)
        as_far += np.abs(of_pairs) >= apart
        for moment, values in zip(moments, (away, of_pairs), strict=True):
            moment += values, values**2
    scores = []
    for moment, observed in zip(moments, (count - expected, _of_pairs(count - expected)), strict=True):
        mean, square = moment / n_permutations
        spread = np.sqrt(np.maximum(square - mean**2, 0))
        varies = spread > ROUNDING
        scores.append(np.divide(observed - mean, spread, out=np.full(spread.shape, np.nan), where=varies))
    p_value = np.where(np.isnan(scores[1]), np.nan, (1 + as_far) / (1 + n_permutations))
    return scores[0], scores[1], p_value


def _of_pairs(square: np.ndarray) -> np.ndarray:
    """Return a number for each two names in any order; an edge stored one way only is half a contact."""
    whole = (square + square.T) / 2
    whole[np.diag_indices(len(whole))] /= 2
    return whole[np.triu_indices(len(whole))]


def _columns(count: np.ndarray, expected: np.ndarray) -> dict[str, np.ndarray]:
    """Return the contacts of each pair beside those that chance gives."""
    contacts, by_chance = _of_pairs(count), _of_pairs(expected)
    total = contacts.sum()

    def log_odds(part: np.ndarray) -> np.ndarray:
        return np.log2((part + _PSEUDOCOUNT) / (total - part + _PSEUDOCOUNT))

    log2_odds = np.where(by_chance > 0, log_odds(contacts) - log_odds(by_chance), np.nan)
    return {"contacts": contacts, "expected": by_chance, "log2_odds": log2_odds}
