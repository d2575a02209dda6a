"""Which cell types a domain has more or less of: than expected, or than in another condition."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from spotscape import _keys
from spotscape.annotation.composition import Shares
from spotscape.annotation.moves import beside_chance
from spotscape.comparison.design import design_of
from spotscape.comparison.genes import adjusted
from spotscape.comparison.shares import MODERATED_T, NONE, beside_expected, compare_shares, log2_ratio

MOVES = "moves"


def in_one_slice(
    shares: Shares,
    places: np.ndarray | None,
    domains: np.ndarray,
    types: np.ndarray,
    *,
    n_permutations: int,
    seed: int,
) -> pd.DataFrame:
    """Compare each domain's shares with those of the slice, beside moved maps.

    Parameters
    ----------
    shares
        Of one slice.
    places
        N x 2; None for no test.
    domains, types
        Of the same spots: number of the domain, and parts of each cell type (N x T).
    n_permutations, seed
        Of the moves.

    Returns
    -------
    pandas.DataFrame
        A row for each domain and type, by number: what `domain_composition` says of each.

    Examples
    --------
    >>> import numpy as np
    >>> from spotscape.annotation.composition import shares_of
    >>> from spotscape.annotation.enrichment import in_one_slice
    >>> domains, types = np.array([0, 0, 1, 1]), np.eye(2)[[0, 1, 1, 1]]
    >>> shares = shares_of(domains, types, np.zeros(4, dtype=int), 2, 1)
    >>> found = in_one_slice(shares, None, domains, types, n_permutations=0, seed=0)
    >>> found[["share", "expected", "log2_ratio"]].values.tolist()
    [[0.5, 0.25, 1.0], [0.5, 0.75, -0.5849625007211563], [0.0, 0.25, -inf], [1.0, 0.75, 0.41503749927884376]]
    """
    inside, expected = shares.inside[0], np.broadcast_to(shares.whole[0], shares.inside[0].shape)
    z = p_value = np.full(inside.shape, np.nan)
    if places is not None and len(inside) > 1 and len(places) > 1:
        z, p_value = beside_chance(places, domains, types, n_moves=n_permutations, seed=seed)
    here = np.isfinite(inside).astype(int)
    return _table(inside, expected, z, p_value, here, MOVES)


def over_slices(shares: Shares, min_spots: int, donors: pd.Series | None = None) -> pd.DataFrame:
    """Compare each domain's shares with those of the slices, over slices or donors.

    Parameters
    ----------
    shares
        Of two slices or more.
    min_spots
        Spots of a domain that a slice needs.
    donors
        Of the slices: their means over a donor's slices are compared. None: each slice counts.

    Returns
    -------
    pandas.DataFrame
        As `in_one_slice` does; ``n_donors`` beside ``n_slices``, where there are donors.

    Examples
    --------
    >>> import numpy as np
    >>> from spotscape.annotation.composition import shares_of
    >>> from spotscape.annotation.enrichment import over_slices
    >>> domains, slices = np.tile([0, 0, 1, 1], 3), np.repeat([0, 1, 2], 4)
    >>> types = np.eye(3)[[0, 0, 1, 2, 0, 0, 1, 1, 0, 0, 2, 2]]
    >>> found = over_slices(shares_of(domains, types, slices, 2, 3), min_spots=1)
    >>> found["share"].round(2).tolist(), found["method"].unique().tolist()
    ([1.0, 0.0, 0.0, 0.0, 0.5, 0.5], ['moderated t'])
    """
    _, n_domains, n_types = shares.inside.shape
    share, expected, z, p_value = (np.full((n_domains, n_types), np.nan) for _ in range(4))
    n_slices, n_units = np.zeros((2, n_domains, n_types), dtype=int)
    unit = np.arange(len(shares.inside)) if donors is None else pd.factorize(donors)[0]
    # A slice that is of one domain has nothing to compare it with.
    whole = shares.n_spots.sum(axis=1, keepdims=True)
    enough = (shares.n_spots >= max(min_spots, 1)) & (shares.n_spots < whole)
    for domains, slices in _alike(enough):
        if not slices.any():
            continue
        inside = shares.inside[slices][:, domains]
        beside = np.broadcast_to(shares.whole[slices][:, None], inside.shape)
        inside, beside = (_means_of(values, unit[slices]) for values in (inside, beside))
        share[domains], expected[domains] = inside.mean(axis=0), beside.mean(axis=0)
        n_slices[domains], n_units[domains] = slices.sum(), len(inside)
        if len(inside) > 1:
            found = beside_expected(*(_rows(values[..., _free(n_types)]) for values in (inside, beside)))
            z[domains], p_value[domains] = (one.reshape(len(domains), -1) for one in found)
            if n_types == 2:
                z[domains, 1] *= -1
    table = _table(share, expected, z, p_value, n_slices, MODERATED_T)
    if donors is not None:
        table.insert(table.columns.get_loc("n_slices") + 1, "n_donors", n_units.ravel())
    return table


def between_conditions(
    shares: Shares,
    conditions: pd.Series,
    other: str,
    reference: str,
    min_spots: int,
    donors: pd.Series | None = None,
) -> pd.DataFrame:
    """Compare each domain's shares between two conditions, over slices or donors.

    Parameters
    ----------
    shares
        Of all slices.
    conditions
        Of the slices.
    other, reference
        Those compared.
    min_spots
        Spots of a domain that a slice needs.
    donors
        Of the slices, as `compare_domains` takes them; None: each slice is compared.

    Returns
    -------
    pandas.DataFrame
        A row for each domain and type, by number.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from spotscape.annotation.composition import shares_of
    >>> from spotscape.annotation.enrichment import between_conditions
    >>> types, slices = np.eye(2)[[0, 0, 0, 1, 1, 1, 1, 1]], np.repeat(np.arange(4), 2)
    >>> shares = shares_of(np.zeros(8, dtype=int), types, slices, 1, 4)
    >>> found = between_conditions(shares, pd.Series(list("aabb")), "a", "b", min_spots=1)
    >>> found[["share", "share_reference", "n", "n_reference"]].values.tolist()
    [[0.75, 0.0, 2.0, 2.0], [0.25, 1.0, 2.0, 2.0]]
    """
    n_types = shares.inside.shape[-1]
    enough = shares.n_spots >= max(min_spots, 1)
    tables = []
    for domains, slices in _alike(enough):
        theirs = None if donors is None else donors[slices]
        design = design_of(conditions[slices], theirs, other, reference)
        free = np.arange(len(domains) * n_types) % n_types < _free(n_types).stop
        table = compare_shares(_rows(shares.inside[slices][:, domains]), design, MODERATED_T, free=free)
        if n_types == 2:
            table["p_value"] = np.repeat(table["p_value"][free].to_numpy(), 2)
        table["domain"] = np.repeat(domains, n_types)
        table["cell_type"] = np.tile(np.arange(n_types), len(domains))
        tables.append(table)
    table = pd.concat(tables).sort_values(["domain", "cell_type"], ignore_index=True)
    table[_keys.CONDITION], table["reference"] = other, reference
    table["p_adjusted"] = adjusted(table["p_value"].to_numpy())
    table.loc[table["p_value"].isna(), "method"] = NONE
    return table[[*_NAMES, "share", "share_reference", "log2_ratio", "p_value", "p_adjusted", *_HOW]]


_NAMES = ("domain", "cell_type", _keys.CONDITION, "reference")
_HOW = ("method", "n", "n_reference", "unit")


def _free(n_types: int) -> slice:
    """Return the types to test: of two the second is what the first is not, and says nothing more."""
    return slice(0, 1 if n_types == 2 else n_types)


def _alike(enough: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the domains (numbers) that the same slices (S, bool) have enough spots of, and these slices."""
    columns, which = np.unique(enough, axis=1, return_inverse=True)
    for number, slices in enumerate(columns.T):
        yield np.flatnonzero(which.ravel() == number), slices


def _rows(values: np.ndarray) -> np.ndarray:
    """Return rows x slices, of slices x domains x types."""
    return values.reshape(len(values), -1).T


def _means_of(values: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """Return the means over the slices (first axis) of each unit."""
    names = np.unique(unit)
    if len(names) == len(unit):
        return values
    return np.stack([values[unit == name].mean(axis=0) for name in names])


def _table(
    share: np.ndarray,
    expected: np.ndarray,
    z: np.ndarray,
    p_value: np.ndarray,
    n_slices: np.ndarray,
    method: str,
) -> pd.DataFrame:
    """Return one row a domain and type of K x T values."""
    n_domains, n_types = share.shape
    p_value = p_value.ravel()
    return pd.DataFrame(
        {
            "domain": np.repeat(np.arange(n_domains), n_types),
            "cell_type": np.tile(np.arange(n_types), n_domains),
            "share": share.ravel(),
            "expected": expected.ravel(),
            "log2_ratio": log2_ratio(share, expected).ravel(),
            "z": np.where(np.isnan(p_value), np.nan, z.ravel()),
            "p_value": p_value,
            "p_adjusted": adjusted(p_value),
            "n_slices": n_slices.ravel(),
            "method": np.where(np.isnan(p_value), NONE, method),
        }
    )
