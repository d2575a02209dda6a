"""Split and merge: out of an optimum in which one group holds two domains and two groups share another.

Expectation maximisation cannot move a group from one place to another, so a fit may end where two groups lie
in one large domain and one group over two small ones, whatever K-means starts it had. From there two near
groups are joined, a third is cut in two along its longest axis, and the mixture is fitted again. The best of
a few such moves is taken where it is likelier, and so on until none is.

    near:    smallest distance of means in the metric of Σ,
    cut:     groups whose spots vary most along one axis of that metric, through the mean.

Source: Ueda, Nakano, Ghahramani and Hinton 2000, SMEM algorithm for mixture models, Neural Computation 12;
which moves are tried is simpler here.
"""

from __future__ import annotations

import numpy as np

from spotscape._arrays import Array, beside, functions_of, on_host
from spotscape.domains.mixture import TiedMixture, fit_from, members_of

_PAIRS = 3
"""Nearest groups that are tried to be joined."""
_CUTS = 3
"""Other groups that are tried to be cut, for each pair."""
_FEW_STEPS = 10
"""Of each move, before all but the best are given up."""
_FEWEST_SPOTS = 20
"""Of a group that is cut."""
_GAIN = 1e-3
"""Of the mean log likelihood, below which a move is not taken."""
_MOST_MOVES = 10


def split_and_merge(mixture: TiedMixture, values: Array) -> TiedMixture:
    """Return the mixture, or a likelier one that moves of its groups lead to.

    Parameters
    ----------
    mixture
        Fitted.
    values
        What it was fitted to, n x d.

    Examples
    --------
    >>> import numpy as np
    >>> from spotscape.domains.mixture import fit_mixture
    >>> from spotscape.domains.split_merge import split_and_merge
    >>> rng = np.random.default_rng(0)
    >>> truth = np.repeat([0, 1, 2], [400, 60, 60])
    >>> values = rng.normal(size=(520, 2)) + np.array([[0.0, 0.0], [9.0, 0.0], [9.0, 6.0]])[truth]
    >>> stuck = fit_mixture(values, [np.where(truth > 0, 2, values[:, 1] > 0)], 3)
    >>> found = split_and_merge(stuck, values)
    >>> bool(found.score > stuck.score), np.bincount(found.posterior(values).argmax(axis=1)).tolist()
    (True, [400, 60, 60])
    """
    for _ in range(_MOST_MOVES):
        moved = _best_move(mixture, values)
        if moved is None or moved.score <= mixture.score + _GAIN:
            break
        mixture = moved
    return mixture


def _best_move(mixture: TiedMixture, values: Array) -> TiedMixture | None:
    """Return the likeliest mixture that one move leads to; None where no group can be moved."""
    n_groups = len(mixture.means)
    labels = on_host(functions_of(values).argmax(mixture.posterior(values), axis=1))
    halves = _halves(on_host(values @ beside(mixture.whiten, values)), labels, n_groups)
    tried = []
    for kept, freed in _near(mixture):
        others = [group for group in halves if group not in (kept, freed)][:_CUTS]
        # a domain may also be in parts of both, one of which holds another one as well
        for cut in [*others, *(group for group in (kept, freed) if group in halves)]:
            moved = labels.copy()
            moved[labels == freed] = kept
            moved[halves[cut]] = freed
            tried.append(fit_from(values, members_of(moved, n_groups, values), _FEW_STEPS))
    if not tried:
        return None
    _, members = max(tried, key=lambda each: each[0].score)
    return fit_from(values, members)[0]


def _near(mixture: TiedMixture) -> list[tuple[int, int]]:
    """Return the pairs of groups whose means are nearest."""
    places = mixture.means @ mixture.whiten
    first, second = np.triu_indices(len(places), k=1)
    apart = np.square(places[first] - places[second]).sum(axis=1)
    nearest = np.argsort(apart, kind="stable")[:_PAIRS]
    return [(int(first[each]), int(second[each])) for each in nearest]


def _halves(places: np.ndarray, labels: np.ndarray, n_groups: int) -> dict[int, np.ndarray]:
    """Return the rows of one half of each group, the groups that vary most along one axis first."""
    found: dict[int, np.ndarray] = {}
    longest: dict[int, float] = {}
    for group in range(n_groups):
        rows = np.flatnonzero(labels == group)
        if len(rows) < _FEWEST_SPOTS:
            continue
        centered = places[rows] - places[rows].mean(axis=0)
        variances, axes = np.linalg.eigh(centered.T @ centered / len(rows))
        longest[group], along = float(variances[-1]), centered @ axes[:, -1]
        # an axis has no direction of its own: the smaller half moves, of equal ones that of the first spot
        side = along > 0
        found[group] = rows[side if 2 * side.sum() < len(rows) else ~side]
    return {group: found[group] for group in sorted(found, key=lambda each: -longest[each])}
