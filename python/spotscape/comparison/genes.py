"""Which genes differ between two conditions within one domain: samples added up, or spots by rank."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd
from scipy import sparse, stats

from spotscape import _keys
from spotscape._logarithm import log_scaled, scale_to
from spotscape._scanpy import rank_genes
from spotscape.comparison.design import FEWEST, PAIR, Design
from spotscape.comparison.moderated_t import moderated_paired_t, moderated_t
from spotscape.comparison.pseudobulk import add_up, log_counts_per_million, seen_enough

PER = 1e4
"""Means of genes are counts per so many."""
PSEUDOBULK, WILCOXON = "pseudobulk", "wilcoxon"
_TEXT = ["domain", _keys.CONDITION, "reference", "gene", "method"]
_NUMBERS = ["log2_fold_change", "mean", "mean_reference", "p_value", "p_adjusted", "n", "n_reference"]


class Counts(Protocol):
    """Counts of spots x genes, and the genes' names; those that `spotscape.pp.find_counts` gives are such."""

    matrix: sparse.csr_matrix
    var_names: pd.Index


class Groups(NamedTuple):
    """Slice, condition and domain of each spot, and the condition of each slice (indexed by its name)."""

    slices: pd.Categorical
    conditions: pd.Categorical
    domains: pd.Categorical
    of_slice: pd.Series


def compare_genes(
    counts: Counts, groups: Groups, domain: str, design: Design, min_spots: int
) -> pd.DataFrame | None:
    """Return one row a gene, smallest p-value first; None where there is too little to compare.

    Parameters
    ----------
    counts
        Spots x genes. Spots without any counts are left out.
    groups
        Of the same spots.
    domain
        The domain.
    design
        The two conditions, and the samples in them: fold changes are of ``other`` over ``reference``.
    min_spots
        Spots of the domain that a sample (pseudobulk) or a condition (Wilcoxon) needs.
    """
    other, reference = design.other, design.reference
    inside = np.asarray(groups.domains == domain) & np.asarray(groups.conditions.isin([other, reference]))
    inside[inside] = np.asarray(counts.matrix[inside].sum(axis=1)).ravel() > 0
    samples = design.samples[groups.slices.codes]
    used = inside & (samples >= 0)
    enough = _enough(np.bincount(samples[used], minlength=design.n + design.n_reference), design, min_spots)
    is_other = enough < design.n
    n_compared = [int(is_other.sum()), int((~is_other).sum())]
    if min(n_compared) >= FEWEST:
        spots = np.flatnonzero(used & np.isin(samples, enough))
        bulk = add_up(sparse.csr_matrix(counts.matrix[spots]), pd.Categorical(samples[spots], enough))
        found = _pseudobulk(bulk, is_other, paired=design.unit == PAIR)
    else:
        spots = np.flatnonzero(inside)
        conditions = groups.conditions[spots].set_categories([other, reference])
        n_compared = np.bincount(conditions.codes, minlength=2).tolist()
        if min(n_compared) < min_spots:
            return None
        found = _wilcoxon(sparse.csr_matrix(counts.matrix[spots]), conditions)
    if found.empty:
        return None
    found["gene"] = np.asarray(counts.var_names, dtype=object)[found.pop("column")]
    found["domain"], found[_keys.CONDITION], found["reference"] = domain, other, reference
    found["n"], found["n_reference"] = n_compared
    return found.sort_values("p_value", kind="stable")[_columns()]


def _enough(numbers: np.ndarray, design: Design, min_spots: int) -> np.ndarray:
    """Return the samples with enough spots, in order; of a pair both need enough."""
    enough = numbers >= min_spots
    if design.unit == PAIR:
        enough = np.tile(enough[: design.n] & enough[design.n :], 2)
    return np.flatnonzero(enough)


def no_genes() -> pd.DataFrame:
    """Return the table of a comparison in which no domain could be compared."""
    text, numbers = pd.Series(dtype=object), pd.Series(dtype=np.float64)
    return pd.DataFrame({name: text if name in _TEXT else numbers for name in _columns()})


def _columns() -> list[str]:
    """Return the columns of the table, in order: what, how much, how sure, by what."""
    return [*_TEXT[:-1], *_NUMBERS[:-2], *_TEXT[-1:], *_NUMBERS[-2:]]


def _pseudobulk(bulk: np.ndarray, is_other: np.ndarray, *, paired: bool) -> pd.DataFrame:
    """Compare added-up counts (samples x genes) between two conditions by the moderated t-test."""
    tested = np.flatnonzero(seen_enough(bulk, int(min(is_other.sum(), (~is_other).sum()))))
    if not len(tested):
        return no_genes()
    levels = log_counts_per_million(bulk)[:, tested]
    these, those = levels[is_other].T, levels[~is_other].T
    test = moderated_paired_t(these - those) if paired else moderated_t(these, those)
    means = _per_ten_thousand(bulk)[:, tested]
    return pd.DataFrame(
        {
            "column": tested,
            "log2_fold_change": test.difference,
            "mean": means[is_other].mean(axis=0),
            "mean_reference": means[~is_other].mean(axis=0),
            "p_value": test.p_value,
            "p_adjusted": adjusted(test.p_value),
            "method": PSEUDOBULK,
        }
    )


def _wilcoxon(counts: sparse.csr_matrix, conditions: pd.Categorical) -> pd.DataFrame:
    """Compare the spots (spots x genes) of two conditions, the first and the second category, by scanpy.

    Ranked is log(1 + counts per 10,000). scanpy's own fold change of a gene that one condition does not have
    is as large as its rounding allows; here it is that of the added-up counts with a prior count.
    """
    other, reference = conditions.categories
    bulk = add_up(counts, conditions)
    levels, means = log_counts_per_million(bulk), _per_ten_thousand(bulk)
    seen = np.flatnonzero(bulk.sum(axis=0))
    table = rank_genes(log_per_ten_thousand(counts[:, seen]), conditions, other, reference, WILCOXON)
    column = seen[table["column"]]
    return pd.DataFrame(
        {
            "column": column,
            "log2_fold_change": (levels[0] - levels[1])[column],
            "mean": means[0, column],
            "mean_reference": means[1, column],
            "p_value": table["p_value"],
            "p_adjusted": table["p_adjusted"],
            "method": WILCOXON,
        }
    )


def log_per_ten_thousand(counts: sparse.csr_matrix) -> sparse.csr_matrix:
    """Return log(1 + counts per 10,000) of spots x genes, float32; every spot has counts."""
    totals = np.asarray(counts.sum(axis=1, dtype=np.float64)).ravel()
    levels = sparse.csr_matrix(counts, dtype=np.float32, copy=True)
    log_scaled(levels.data, scale_to(PER, totals), np.diff(levels.indptr))
    return levels


def _per_ten_thousand(bulk: np.ndarray) -> np.ndarray:
    """Return each gene's share of its sample's counts (samples x genes)."""
    return bulk / bulk.sum(axis=1, keepdims=True) * PER


def adjusted(p_value: np.ndarray) -> np.ndarray:
    """Return p-values (n,) adjusted by Benjamini and Hochberg; NaN stay, and are not counted."""
    known = np.isfinite(p_value)
    result = np.full(len(p_value), np.nan)
    if known.any():
        result[known] = stats.false_discovery_control(p_value[known])
    return result
