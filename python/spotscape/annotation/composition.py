"""What a domain is made of: the share of each cell type among its spots."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from spotscape import _keys


class Composition(NamedTuple):
    """What `domain_composition` returns.

    Attributes
    ----------
    composition
        The share of each cell type in each domain, of each slice where there are several.
    enrichment
        A row for each domain and cell type: its share beside that expected by chance.
    comparison
        A row for each domain, cell type and compared condition; None without conditions.
    """

    composition: pd.DataFrame
    enrichment: pd.DataFrame
    comparison: pd.DataFrame | None


class Shares(NamedTuple):
    """Shares of T cell types over S slices and K domains; NaN where a slice lacks a domain.

    Attributes
    ----------
    inside
        S x K x T, in the domain.
    whole
        S x T, in the slice.
    n_spots
        S x K.
    """

    inside: np.ndarray
    whole: np.ndarray
    n_spots: np.ndarray


def shares_of(
    domains: np.ndarray, types: np.ndarray, slices: np.ndarray, n_domains: int, n_slices: int
) -> Shares:
    """Return the mean proportion of each cell type in each domain of each slice; every spot counts alike.

    Parameters
    ----------
    domains
        Number of each spot's domain, none missing.
    types
        Spots x T, rows sum to 1.
    slices
        Number of each spot's slice.
    n_domains, n_slices
        K and S.

    Examples
    --------
    >>> import numpy as np
    >>> from spotscape.annotation.composition import shares_of
    >>> types = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    >>> found = shares_of(np.array([0, 0, 1]), types, np.zeros(3, dtype=int), 2, 1)
    >>> found.inside[0].tolist(), found.n_spots.tolist()
    ([[0.5, 0.5], [0.0, 1.0]], [[2, 1]])
    """
    group = slices * n_domains + domains
    sums = np.stack([np.bincount(group, column, n_slices * n_domains) for column in types.T], axis=-1)
    sums = sums.reshape(n_slices, n_domains, -1)
    n_spots = np.bincount(group, minlength=n_slices * n_domains).reshape(n_slices, n_domains)
    with np.errstate(invalid="ignore"):
        whole = sums.sum(axis=1) / n_spots.sum(axis=1)[:, None]
        inside = sums / n_spots[:, :, None]
    return Shares(inside, whole, n_spots)


def composition_table(
    shares: Shares,
    domains: list[str],
    cell_types: list[str],
    slices: list[str] | None = None,
    conditions: list[str] | None = None,
    donors: list[str] | None = None,
) -> pd.DataFrame:
    """Return one row a domain and cell type, of each slice where there are several.

    Parameters
    ----------
    shares
        Of these domains, types and slices, in their order.
    domains, cell_types, slices, conditions, donors
        Names; conditions and donors are those of the slices.

    Examples
    --------
    >>> import numpy as np
    >>> from spotscape.annotation.composition import composition_table, shares_of
    >>> found = shares_of(np.array([0, 0, 1]), np.eye(2)[[0, 1, 1]], np.zeros(3, dtype=int), 2, 1)
    >>> composition_table(found, ["a", "b"], ["neuron", "glia"])
      domain cell_type  n_spots  share
    0      a    neuron        2    0.5
    1      a      glia        2    0.5
    2      b    neuron        1    0.0
    3      b      glia        1    1.0
    """
    n_slices, n_domains, n_types = shares.inside.shape
    table = pd.DataFrame(
        {
            "domain": np.tile(np.repeat(domains, n_types), n_slices),
            "cell_type": np.tile(cell_types, n_slices * n_domains),
            "n_spots": np.repeat(shares.n_spots.ravel(), n_types),
            "share": shares.inside.ravel(),
        }
    ).astype({"domain": object, "cell_type": object})
    per_slice = n_domains * n_types
    for name, of_slice in (("donor", donors), (_keys.CONDITION, conditions), (_keys.SLICE, slices)):
        if of_slice is not None:
            table.insert(0, name, np.repeat(np.asarray(of_slice, dtype=object), per_slice))
    return table
