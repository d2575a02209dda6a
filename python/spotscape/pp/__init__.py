"""Counts, genes and normalisation: everything between an AnnData and the matrix that a run goes by."""

from spotscape.pp.counts import Counts
from spotscape.pp.find import check_adata, find_counts
from spotscape.pp.genes import median_total, normalized_expression, select_genes

__all__ = [
    "Counts",
    "check_adata",
    "find_counts",
    "median_total",
    "normalized_expression",
    "select_genes",
]
