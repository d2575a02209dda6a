"""What spotscape claims, as commands that print it: ``python -m benchmarks.quality``, ``.speed``."""
