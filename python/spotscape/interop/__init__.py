"""Where R objects become AnnData and back: ``read_rds``, ``write_rds``, ``from_r``, ``to_r``."""

from spotscape.interop.rds import from_r, read_rds, to_r, write_rds

__all__ = ["from_r", "read_rds", "to_r", "write_rds"]
