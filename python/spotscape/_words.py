"""Sentences that the shell and the report share; nothing heavy is imported for them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def scale(run: Mapping[str, Any]) -> str:
    """Say how far around a spot counted; nothing for a run that does not say."""
    record = run.get("scale", {})
    if not record:
        return ""
    rings, distance, known = (float(record[name]) for name in ("rings", "distance", "micrometres"))
    if rings == 0:
        return "Each spot stands for itself: its neighbours do not count."
    within = f"{rings:.0f} ring{'s' * (rings != 1)} of neighbours"
    if math.isfinite(known):
        return f"Domains are at the scale of about {_short(known)} µm ({within})."
    if math.isfinite(distance):
        return (
            f"Domains are at the scale of {within}, about {_short(distance)} in the unit of the coordinates."
        )
    return f"Domains are at the scale of {within}."


def _short(value: float) -> str:
    """Write a number by its two leading digits, without powers of ten where that is short."""
    return f"{float(f'{value:.2g}'):g}"
