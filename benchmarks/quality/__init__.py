"""Domains by every method on every labelled tissue, one table of it: ``python -m benchmarks.quality``."""
