"""Comparison: which genes differ between two conditions within a domain.

`compare_genes` adds the spots of a slice up (`pseudobulk`) and tests slices against slices (`moderated_t`);
with one slice a condition, spots are compared by rank. Arrays in, a table out. `permutation` compares any
number that each slice has between conditions.
"""

from spotscape.comparison.genes import Groups, compare_genes

__all__ = ["Groups", "compare_genes"]
