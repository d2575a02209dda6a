"""Which gene sets are over-represented among the markers of a domain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import sparse, stats

_HALF = 0.5
"""Added to each cell of the 2 x 2 table for the odds ratio (Haldane and Anscombe), which is then finite."""


def over_represented(
    genes: Sequence[str], is_marker: np.ndarray, sets: Mapping[str, np.ndarray]
) -> pd.DataFrame:
    """Return how many genes of each set are markers, and how likely so many are by chance.

    Fisher's exact test, one-sided: the tail of the hypergeometric distribution, with the tested genes as
    background.

    Parameters
    ----------
    genes
        All that were tested for being markers, the best first.
    is_marker
        Of each of them.
    sets
        Numbers of the tested genes of each set.

    Returns
    -------
    pandas.DataFrame
        Smallest p-value first: ``gene_set``, ``n_common``, ``set_size``, ``n_markers``, ``n_tested``,
        ``log2_odds_ratio``, ``p_value``, ``p_adjusted`` (Benjamini and Hochberg), ``genes``.

    Examples
    --------
    >>> import numpy as np
    >>> from spotscape.annotation.gene_sets import over_represented
    >>> genes, markers = ["a", "b", "c", "d", "e", "f"], np.array([True, True, True, False, False, False])
    >>> table = over_represented(genes, markers, {"s": np.array([0, 1, 2]), "t": np.array([2, 3])})
    >>> table[["gene_set", "n_common", "p_value", "genes"]]
      gene_set  n_common  p_value    genes
    0        s         3     0.05  a, b, c
    1        t         1     0.80        c
    """
    sizes = np.array([len(members) for members in sets.values()])
    rows = np.repeat(np.arange(len(sizes)), sizes)
    columns = np.concatenate(list(sets.values()))
    member = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), (len(sizes), len(genes)))
    common = member @ is_marker.astype(np.float64)
    n_tested, n_markers = len(genes), int(is_marker.sum())
    p_value = stats.hypergeom.sf(common - 1, n_tested, sizes, n_markers)
    inside, outside = common, sizes - common
    markers, rest = n_markers - common, n_tested - n_markers - sizes + common
    odds = (inside + _HALF) * (rest + _HALF) / ((outside + _HALF) * (markers + _HALF))
    names = np.asarray(genes, dtype=object)
    shared = [", ".join(names[np.sort(own[is_marker[own]])]) for own in sets.values()]
    table = pd.DataFrame(
        {
            "gene_set": list(sets),
            "n_common": common.astype(np.int64),
            "set_size": sizes,
            "n_markers": n_markers,
            "n_tested": n_tested,
            "log2_odds_ratio": np.log2(odds),
            "p_value": p_value,
            "p_adjusted": stats.false_discovery_control(p_value),
            "genes": shared,
        }
    )
    return table.sort_values("p_value", kind="stable", ignore_index=True)
