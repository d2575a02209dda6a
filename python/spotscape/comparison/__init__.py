"""Comparison: which genes differ between two conditions within a domain.

`design_of` says what is compared: slices, donors or pairs. `compare_genes` adds the spots of each up
(`pseudobulk`) and tests them (`moderated_t`); with one a condition, spots are compared by rank.
`compare_composition` tests the shares of domains. Arrays in, a table out. `permutation` compares any number
that each slice has between conditions.
"""

from spotscape.comparison.design import Design, design_of
from spotscape.comparison.genes import Groups, compare_genes
from spotscape.comparison.shares import compare_composition

__all__ = ["Design", "Groups", "compare_composition", "compare_genes", "design_of"]
