"""The table of all runs: one row for each method, tissue, seed and clustering."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

RUN = ("method", "data", "seed", "settings")
SCORES = ("ARI", "NMI", "CA", "boundary", "inner", "silhouette", "coherence")
COST = ("seconds", "cpu_seconds", "memory")
COLUMNS = (*RUN, "clustering", "n_spots", "n_genes", "n_domains", *SCORES, *COST, "device")


def read(path: Path) -> pd.DataFrame:
    """Return the table, empty where there is none yet."""
    if not path.exists():
        return pd.DataFrame(columns=list(COLUMNS))
    return pd.read_csv(path, dtype={"settings": str}, keep_default_na=True).fillna({"settings": ""})


def finished(table: pd.DataFrame) -> set[tuple[Any, ...]]:
    """Return the runs that the table holds."""
    return set(table[list(RUN)].itertuples(index=False, name=None))


def append(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Add the rows of one run to the file, all or none: whoever stops the program finds a whole table."""
    added = pd.DataFrame(rows, columns=list(COLUMNS))
    before = read(path)
    whole = pd.concat([before, added], ignore_index=True) if len(before) else added
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    whole.to_csv(new, index=False, float_format="%.6g")
    new.replace(path)
