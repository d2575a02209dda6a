"""Whether counts that are not whole are taken: what a run was told, for all that looks for counts in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

SETTING = "fractional_counts"
"""Name of the setting."""
WARNING = (
    f"{SETTING}: the values that are taken as counts are not whole numbers. They are scaled to one total and "
    "logged as counts are: right for decontaminated or volume-normalised counts, wrong for values that were "
    "logged or scaled before. The number of domains and the confidence are calibrated on whole "
    "counts, and tests between conditions expect these."
)
_TOLD: ContextVar[bool | None] = ContextVar(SETTING, default=None)


@contextmanager
def fractions(accepted: bool) -> Iterator[None]:
    """Take counts that are not whole, or refuse them, in all calls within."""
    token = _TOLD.set(accepted)
    try:
        yield
    finally:
        _TOLD.reset(token)


def are_accepted(uns: Mapping[str, Any]) -> bool:
    """Say whether counts that are not whole are taken: as the run says, or the record of one before."""
    told = _TOLD.get()
    if told is not None:
        return told
    records = [one["params"] for one in uns.values() if isinstance(one, Mapping) and "params" in one]
    return any(isinstance(one, Mapping) and bool(one.get(SETTING, False)) for one in records)
