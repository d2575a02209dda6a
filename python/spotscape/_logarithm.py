"""Counts scaled to one total, after ``log(1 + x)``: the formula that every use of it goes by."""

from __future__ import annotations

import numpy as np


def scale_to(target_sum: float, totals: np.ndarray) -> np.ndarray:
    """Return what the counts of each spot are multiplied by, N float32; 0 for a spot without counts."""
    scale = np.divide(target_sum, totals, out=np.zeros_like(totals), where=totals != 0)
    return scale.astype(np.float32)


def log_scaled(values: np.ndarray, scale: np.ndarray, lengths: np.ndarray) -> None:
    """Change the stored counts of some rows in place.

    Parameters
    ----------
    values
        float32, row after row.
    scale, lengths
        Of each row: what it is multiplied by, and how many values it has.
    """
    values *= np.repeat(scale, lengths)
    np.log1p(values, out=values)
