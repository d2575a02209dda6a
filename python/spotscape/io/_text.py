"""Tables as text: counts straight into a sparse matrix, and cells with their places."""

from __future__ import annotations

import csv
import gzip
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from spotscape._paths import named_path, reading
from spotscape._validate import input_error
from spotscape.gr.coordinates import COLUMNS as PLACES
from spotscape.io.common import check_unique, is_gzip

_CHUNK = 4_000_000
"""Values of a table of counts that are dense at a time."""
_ROWS = 8192
"""Rows of a Parquet file that are read at a time."""
_TYPES = "TYPE"
"""First name of a second line that says what the columns are, as the Single Cell Portal has it."""
_DEPTHS = {"x": "z", "sdimx": "sdimz", "zcoord": "zcoord"}


@dataclass(frozen=True)
class Header:
    """The first line of a table: its names, and how they are set apart."""

    names: list[str]
    separator: str
    has_types: bool
    """The second line says what the columns are."""


@dataclass(frozen=True)
class Counts:
    """A table of counts as it stands in the file: rows x columns."""

    rows: list[str]
    columns: list[str]
    matrix: sparse.csr_matrix


def read_header(path: Path) -> Header:
    """Read the names of a table's columns; rows that have one value more than it have a name before."""
    with reading(path, "a table with a line of names"):
        how = {"mode": "rt", "encoding": "utf-8-sig", "newline": ""}
        opened = gzip.open(path, **how) if is_gzip(path) else path.open(**how)
        with opened as file:
            lines = [line for _, line in zip(range(2), file, strict=False)]
        if not lines or not lines[0].strip():
            raise ValueError("an empty file")
        separator = max("\t,;", key=lines[0].count)
        separator = separator if separator in lines[0] else " "
        first, second = (
            [*csv.reader([line.rstrip("\r\n")], delimiter=separator)] for line in (*lines, "")[:2]
        )
    names = [name.strip() for name in first[0]]
    values = second[0] if second else []
    if len(values) == len(names) + 1:
        names = ["", *names]
    return Header(names, separator, bool(values) and values[0] == _TYPES)


def find_places(names: Sequence[str]) -> tuple[str, ...] | None:
    """Return the columns with x and y (and z, where there is one) among names; None where there are none."""
    lower = {name.lower(): name for name in reversed(names)}
    for x, y in PLACES:
        pair = (x.lower(), y.lower())
        if set(pair) <= set(lower):
            depth = _DEPTHS.get(pair[0])
            return tuple(lower[name] for name in (*pair, depth) if name in lower)
    return None


def read_table(
    path: Path, expected: str, *, key: str | None = None, known: pd.Index | None = None
) -> pd.DataFrame:
    """Read a table whole: CSV, TSV or Parquet; columns as they are, those of names as text.

    Parameters
    ----------
    path, expected
        The file, and what it should be, for errors.
    key, known
        Column of a Parquet file with names, and names that are in memory: they are not stored twice.
    """
    with reading(path, expected):
        if path.suffix == ".parquet":
            return _read_parquet(path, key, known)
        header = read_header(path)
        # Names may be numbers with more digits than a number holds.
        texts = {name: str for i, name in enumerate(header.names) if i == 0 or _is_name(name)}
        return pd.read_csv(path, dtype=texts, **_options(path, header))


def _read_parquet(path: Path, key: str | None, known: pd.Index | None) -> pd.DataFrame:
    """Read a Parquet file some rows at a time, which holds no second copy of it."""
    import pyarrow
    from pyarrow.parquet import ParquetFile

    parts = []
    # Arrow's own pool keeps what it was given, which at the size of such tables is more than they are.
    pool = pyarrow.default_memory_pool()
    pyarrow.set_memory_pool(pyarrow.system_memory_pool())
    try:
        with path.open("rb") as opened, ParquetFile(opened) as file:
            for rows in file.iter_batches(_ROWS, use_threads=False):
                part = _decoded(rows.to_pandas())
                if known is not None and key in part.columns:
                    part[key] = _the_same(part[key].astype(str).to_numpy(object), known)
                parts.append(part)
            parts = parts or [file.schema_arrow.empty_table().to_pandas()]
    finally:
        pyarrow.set_memory_pool(pool)
    return pd.concat(parts, ignore_index=True)


def _the_same(names: np.ndarray, known: pd.Index) -> np.ndarray:
    """Return names, each as the object that is in memory already where there is one."""
    at = known.get_indexer(names)
    return np.where(at >= 0, known.to_numpy()[at], names)


def _decoded(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with text where there were bytes, as the first versions of Xenium have them."""
    for name in table.select_dtypes(object).columns:
        if any(isinstance(value, bytes) for value in table[name]):
            table[name] = [value.decode() if isinstance(value, bytes) else value for value in table[name]]
    return table


def _is_name(name: str) -> bool:
    """Say whether a column is one of names rather than of something that was measured."""
    return re.fullmatch(r"(cell|cell_?id|entity_?id|barcodes?|names?|id)", name, re.I) is not None


def _options(path: Path, header: Header) -> dict[str, Any]:
    return {
        "sep": header.separator,
        "header": None,
        "names": header.names,
        "skiprows": 1 + header.has_types,
        "compression": "gzip" if is_gzip(path) else None,
        "index_col": False,
        "skipinitialspace": header.separator == " ",
    }


def numbers(path: Path, table: pd.DataFrame, names: Sequence[str]) -> np.ndarray:
    """Return columns as float64, or raise where one is missing or holds something else."""
    missing = [name for name in names if name not in table.columns]
    if missing:
        known = ", ".join(map(str, list(table.columns)[:12])) or "nothing"
        expected = f"the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}"
        raise input_error(named_path(path), f"a table without {expected} (it has: {known})", expected)
    with reading(path, f"numbers in {', '.join(names)}"):
        values = table[list(names)].astype(np.float64).to_numpy()
    if not np.isfinite(values).all():
        n_bad = int((~np.isfinite(values)).any(axis=1).sum())
        raise input_error(
            named_path(path), f"{n_bad} rows without a number", f"numbers in {', '.join(names)}"
        )
    return values


def read_counts(path: Path, *, ids: Sequence[str] = (), skip: Sequence[str] = ()) -> Counts:
    """Read a table of counts, block by block, into a sparse matrix.

    Parameters
    ----------
    path
        Compressed or not.
    ids
        Columns with the names of rows, put together by ``_``; the first column where left out.
    skip
        Columns that are no counts and are not wanted.
    """
    header = read_header(path)
    ids = list(ids) or header.names[:1]
    missing = [name for name in ids if name not in header.names]
    if missing:
        raise input_error(named_path(path), f"a table without the column {missing[0]!r}", " and ".join(ids))
    columns = [name for name in header.names if name not in ids and name not in skip]
    check_unique(path, columns, "column")
    rows: list[str] = []
    blocks = []
    with reading(path, "a table of counts"):
        for block in _blocks(path, header, ids):
            rows.extend(block[ids].agg("_".join, axis=1) if len(ids) > 1 else block[ids[0]])
            blocks.append(_sparse(block[columns].to_numpy(np.float32)))
        if not blocks or not columns:
            raise ValueError("no counts in it")
        matrix = sparse.vstack(blocks, format="csr")
    check_unique(path, rows, "name")
    return Counts([str(row) for row in rows], columns, matrix)


def _blocks(path: Path, header: Header, ids: Sequence[str]) -> Iterator[pd.DataFrame]:
    """Yield the table some rows at a time."""
    kinds: defaultdict[str, Any] = defaultdict(lambda: np.float32, {name: str for name in ids})
    n_rows = max(1, _CHUNK // len(header.names))
    yield from pd.read_csv(path, dtype=kinds, chunksize=n_rows, **_options(path, header))


def _sparse(values: np.ndarray) -> sparse.csr_matrix:
    if np.isnan(values).any():
        raise ValueError(f"{int(np.isnan(values).sum())} places without a number")
    return sparse.csr_matrix(values)
