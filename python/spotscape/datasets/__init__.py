"""Simulated tissue with a known answer: a slice, several, two conditions, two times.

Real slices of a size one can test with carry somebody else's licence and labels that are opinions. These are
made from a seed, at any size, and everything that went into them is written down beside the counts. Where
spots lie is in ``_layout``, which domain lies where in ``_tissue``, what is expressed in ``_expression``.
"""

from spotscape.datasets._conditions import simulate_conditions
from spotscape.datasets._development import simulate_development
from spotscape.datasets._simulate import simulate_slice, simulate_slices

__all__ = ["simulate_conditions", "simulate_development", "simulate_slice", "simulate_slices"]
