"""Shares compared, with slices as replicates: between conditions, or with what is expected in each slice."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from spotscape.comparison.moderated_t import moderated_paired_t, moderated_t

MODERATED_T, NONE = "moderated t", "none"


def compare_shares(these: np.ndarray, those: np.ndarray) -> pd.DataFrame:
    """Compare shares between two groups of slices, on the arcsine square root scale.

    Parameters
    ----------
    these, those
        Rows x slices, from 0 to 1; the second is the reference.

    Returns
    -------
    pandas.DataFrame
        ``share`` and ``share_reference`` (means), ``log2_ratio``, ``p_value`` (NaN where a group has one
        slice, or no slice has any) and ``method``.

    Examples
    --------
    >>> import numpy as np
    >>> from spotscape.comparison.shares import compare_shares
    >>> these, those = np.array([[0.4, 0.41], [0.6, 0.59]]), np.array([[0.1, 0.12], [0.9, 0.88]])
    >>> table = compare_shares(these, those)
    >>> table["method"].tolist(), bool((table["p_value"] < 0.01).all())
    (['moderated t', 'moderated t'], True)
    """
    share, share_reference = these.mean(axis=1), those.mean(axis=1)
    tested = min(these.shape[1], those.shape[1]) > 1
    p_value = np.full(len(these), np.nan)
    # A row that neither group has (a third may) has no variance to learn from.
    there = np.maximum(share, share_reference) > 0
    if tested and there.any():
        p_value[there] = moderated_t(*(np.arcsin(np.sqrt(part[there])) for part in (these, those))).p_value
    return pd.DataFrame(
        {
            "share": share,
            "share_reference": share_reference,
            "log2_ratio": log2_ratio(share, share_reference),
            "p_value": p_value,
            "method": MODERATED_T if tested else NONE,
        }
    )


def log2_ratio(share: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return log2 of a ratio: infinite where one is 0, NaN where both are."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log2(share / other)


def beside_expected(inside: np.ndarray, expected: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how far shares are from what is expected, over slices: z and two-sided p-values of each row.

    Tested is the difference, in units of the root of e (1 - e), for e the mean of what is expected. Other
    than a logarithm's, its mean is 0 by chance for domains of any size.

    Parameters
    ----------
    inside, expected
        Rows x slices, two slices or more.

    Examples
    --------
    >>> import numpy as np
    >>> from spotscape.comparison.shares import beside_expected
    >>> expected, apart = np.full((2, 3), 0.5), np.array([[0.3, 0.31, 0.29], [0.02, -0.03, 0.01]])
    >>> z, p_value = beside_expected(expected + apart, expected)
    >>> bool(z[0] > 3), bool(p_value[1] > 0.5)
    (True, True)
    """
    z, p_value = np.full(len(inside), np.nan), np.full(len(inside), np.nan)
    e = expected.mean(axis=1)
    there = (e > 0) & (e < 1)
    if there.any():
        scaled = (inside - expected)[there] / np.sqrt(e * (1 - e))[there, None]
        test = moderated_paired_t(scaled)
        p_value[there] = test.p_value
        z[there] = np.sign(test.statistic) * stats.norm.isf(np.maximum(test.p_value, 1e-300) / 2)
    return z, p_value
