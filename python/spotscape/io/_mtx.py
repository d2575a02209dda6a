"""Matrices in Matrix Market's format, some lines at a time: the file is turned, to barcodes x features.

The whole text, and the three long columns that it makes, would take several times what the matrix takes.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
from scipy import sparse
from scipy.io import mmread

from spotscape.io.common import is_gzip

_BLOCK = 2**21
"""Bytes of text that are read at a time."""
_FEWEST_BYTES = 6
"""Of a line: two indices, a value, what is between them, and its end."""
_MOST_PACKED = 1100
"""How many times its size a compressed file may have, by the format."""
_KINDS = ("integer", "real")


def read_mtx(path: Path) -> sparse.csr_matrix:
    """Read a file of features x barcodes, compressed or not, as barcodes x features, float32.

    Files whose barcodes come one after the other, as all pipelines write them, take no more than the matrix.
    """
    packed = is_gzip(path)
    with gzip.open(path) if packed else path.open("rb") as file:
        banner = file.readline()
        words = banner.lower().split()
        if words[:3] != [b"%%matrixmarket", b"matrix", b"coordinate"] or words[3:] not in (
            [kind.encode(), b"general"] for kind in _KINDS
        ):
            return sparse.csr_matrix(mmread(io.BytesIO(banner + file.read())).T, dtype=np.float32)
        line = file.readline()
        while line.startswith(b"%") or (line and not line.strip()):
            line = file.readline()
        n_features, n_barcodes, n_stored = (int(word) for word in line.split())
        size = path.stat().st_size * (_MOST_PACKED if packed else 1)
        if not 0 <= n_stored * _FEWEST_BYTES <= size + _FEWEST_BYTES:
            raise ValueError(f"{n_stored} values said in its head, more than the file can hold")
        return _read_values(file, banner, (n_barcodes, n_features), n_stored)


def _read_values(file: IO[bytes], banner: bytes, shape: tuple[int, int], n_stored: int) -> sparse.csr_matrix:
    """Read what is below the head of a file."""
    columns, values = np.empty(n_stored, np.int32), np.empty(n_stored, np.float32)
    lengths = np.zeros(shape[0], np.int64)
    rows: np.ndarray | None = None
    at = last = 0
    for lines in _blocks(file):
        n_lines = lines.count(b"\n")
        if at + n_lines > n_stored:
            raise ValueError(f"more than the {n_stored} values said in its head")
        head = banner + f"{shape[1]} {shape[0]} {n_lines}\n".encode()
        part = mmread(io.BytesIO(head + lines))
        here = slice(at, at + n_lines)
        columns[here], values[here] = part.row, part.data
        if rows is None and (part.col[0] < last or (np.diff(part.col) < 0).any()):
            rows = np.empty(n_stored, np.int32)
            rows[:at] = np.repeat(np.arange(shape[0], dtype=np.int32), lengths)
        if rows is not None:
            rows[here] = part.col
        lengths += np.bincount(part.col, minlength=shape[0])
        at, last = here.stop, int(part.col[-1])
    if at < n_stored:
        raise ValueError(f"{at} of the {n_stored} values said in its head")
    if rows is not None:
        return sparse.coo_matrix((values, (rows, columns)), shape).tocsr()
    starts = np.concatenate([[0], np.cumsum(lengths)])
    matrix = sparse.csr_matrix((values, columns, starts), shape)
    matrix.sum_duplicates()
    return matrix


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    """Yield whole lines, none of them empty, a block at a time."""
    rest = b""
    while block := file.read(_BLOCK):
        lines, end, rest = (rest + block).rpartition(b"\n")
        if found := _lines(lines + end):
            yield found
    if found := _lines(rest):
        yield found


def _lines(text: bytes) -> bytes:
    """Return lines without empty ones, each with its end."""
    text = text.replace(b"\r", b"")
    while b"\n\n" in text:
        text = text.replace(b"\n\n", b"\n")
    text = text.strip()
    return text + b"\n" if text else b""
