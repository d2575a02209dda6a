"""Shares compared, with slices as replicates: between conditions, or with what is expected in each slice."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from spotscape.comparison.design import FEWEST, PAIR, Design
from spotscape.comparison.moderated_t import moderated_paired_t, moderated_t
from spotscape.comparison.permutation import permute_conditions, permute_signs

MODERATED_T, PERMUTATION, NONE = "moderated t", "permutation", "none"
TESTS = (MODERATED_T, PERMUTATION)


def compare_shares(
    shares: np.ndarray, design: Design, test: str, *, free: np.ndarray | None = None, seed: int = 0
) -> pd.DataFrame:
    """Compare shares between two conditions, by slices, donors or pairs.

    Compared are means over the slices of each sample, on the arcsine square root scale.

    Parameters
    ----------
    shares
        Rows x slices, from 0 to 1.
    design
        Which slices are compared.
    test
        ``"moderated t"`` or ``"permutation"``: conditions dealt anew to the samples, or within the pairs.
    free
        Which rows to test (bool); None for all. A row that says what another one does is no more evidence.
    seed
        Of a permutation with too many ways to try all.

    Returns
    -------
    pandas.DataFrame
        ``share`` and ``share_reference`` (means), ``log2_ratio``, ``p_value`` (NaN where a condition has one
        sample, or no slice has any), ``smallest_p`` (that a permutation can reach, else NaN), ``method``,
        ``n`` and ``n_reference`` (samples) and ``unit``.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from spotscape.comparison.design import design_of
    >>> from spotscape.comparison.shares import compare_shares
    >>> shares = np.array([[0.1, 0.12, 0.4, 0.41], [0.9, 0.88, 0.6, 0.59]])
    >>> table = compare_shares(shares, design_of(pd.Series(list("aabb")), None, "b", "a"), "moderated t")
    >>> table["unit"].tolist(), bool((table["p_value"] < 0.01).all())
    (['slice', 'slice'], True)
    """
    share, share_reference = (_mean(part) for part in design.means(shares))
    levels = design.means(np.arcsin(np.sqrt(shares)))
    tested = min(design.n, design.n_reference) >= FEWEST
    p_value, smallest = np.full((2, len(shares)), np.nan)
    if tested:
        # A row that neither condition has (a third may) has no variance to learn from.
        there = (np.maximum(share, share_reference) > 0) & (True if free is None else free)
        if there.any():
            p_value[there], smallest[there] = _tested(levels[0][there], levels[1][there], design, test, seed)
    return pd.DataFrame(
        {
            "share": share,
            "share_reference": share_reference,
            "log2_ratio": log2_ratio(share, share_reference),
            "p_value": p_value,
            "smallest_p": smallest,
            "method": test if tested else NONE,
            "n": design.n,
            "n_reference": design.n_reference,
            "unit": design.unit,
        }
    )


def compare_composition(shares: np.ndarray, design: Design, test: str, *, seed: int = 0) -> pd.DataFrame:
    """Compare the shares of all domains, which add up to 1 in each slice, as `compare_shares` does.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from spotscape.comparison.design import design_of
    >>> from spotscape.comparison.shares import compare_composition
    >>> first = np.array([0.1, 0.12, 0.11, 0.4, 0.41, 0.42])
    >>> design = design_of(pd.Series(list("aaabbb")), None, "b", "a")
    >>> compare_composition(np.stack([first, 1 - first]), design, "permutation")["p_value"].tolist()
    [0.1, 0.1]
    """
    if len(shares) != 2:
        return compare_shares(shares, design, test, seed=seed)
    # Of two domains the second is what the first is not. It would count as further evidence.
    found = compare_shares(shares, design, test, free=np.array([True, False]), seed=seed)
    found.loc[1, ["p_value", "smallest_p"]] = found.loc[0, ["p_value", "smallest_p"]]
    return found


def _mean(values: np.ndarray) -> np.ndarray:
    """Return the mean of each row; NaN without a column."""
    return values.mean(axis=1) if values.shape[1] else np.full(len(values), np.nan)


def _tested(
    these: np.ndarray, those: np.ndarray, design: Design, test: str, seed: int
) -> tuple[np.ndarray, np.ndarray | float]:
    """Return p-values, and the smallest that the test can give."""
    paired = design.unit == PAIR
    if test == MODERATED_T:
        found = moderated_paired_t(these - those) if paired else moderated_t(these, those)
        return found.p_value, np.nan
    if paired:
        return permute_signs(these - those, seed=seed)
    is_first = np.arange(design.n + design.n_reference) < design.n
    dealt = permute_conditions(np.hstack([these, those]), is_first, seed=seed)
    return dealt.p_value, dealt.smallest


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
