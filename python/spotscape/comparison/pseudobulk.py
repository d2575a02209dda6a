"""Pseudobulk: the spots of a slice added up, so that slices and not spots are what is compared.

Counts are put on the scale of log2 counts per million, as edgeR's ``cpm(log = TRUE)`` does: with N_j the
total of sample j and c_j a prior count in proportion to it, log2 of (count + c_j) / (N_j + 2 c_j) · 10⁶.

Source: Robinson, McCarthy and Smyth (2010), edgeR, Bioinformatics 26; Chen, Lun and Smyth (2016),
F1000Research 5:1438, section on filtering.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse

from spotscape._row_blocks import sums_of_block

PRIOR_COUNT = 2.0
FEWEST_COUNTS = 10.0
"""Counts, in a sample of median size, that a gene needs in as many samples as the smaller condition has."""
FEWEST_IN_ALL = 15.0
"""Counts that a gene needs over all samples."""


def add_up(counts: sparse.csr_matrix, samples: pd.Categorical) -> np.ndarray:
    """Return the counts (spots x genes) added up by sample: samples x genes, float64."""
    return sums_of_block(counts, samples.codes, n_groups=len(samples.categories))


def log_counts_per_million(bulk: np.ndarray) -> np.ndarray:
    """Return log2 counts per million of samples x genes."""
    totals = bulk.sum(axis=1, keepdims=True)
    prior = PRIOR_COUNT * totals / totals.mean()
    return np.log2((bulk + prior) / (totals + 2 * prior) * 1e6)


def seen_enough(bulk: np.ndarray, fewest_samples: int) -> np.ndarray:
    """Return which genes (bool) have enough counts to be tested."""
    totals = bulk.sum(axis=1, keepdims=True)
    typical = bulk / totals * np.median(totals)
    return ((typical >= FEWEST_COUNTS).sum(axis=0) >= fewest_samples) & (bulk.sum(axis=0) >= FEWEST_IN_ALL)
