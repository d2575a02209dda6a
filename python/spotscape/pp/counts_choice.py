"""Which of several matrices of whole numbers are the raw counts: by their names, and by what they are."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from spotscape._row_blocks import map_rows
from spotscape._validate import InputError, input_error
from spotscape.pp.counts import Stored, row_totals

_NAMES = ("counts", "raw_counts", "count", "raw", "umi", "umis", "umi_counts", "raw_count", "rawcounts")
"""Layers that hold raw counts by their names, the surest first."""
_PARTS = re.compile(r"(un)?spliced|ambiguous|matrix_part|intron(ic)?|exon(ic)?|mature|nascent", re.IGNORECASE)
"""Layers that hold a part of the counts by their names."""
_FEW = 50


class Candidate(NamedTuple):
    """Whole numbers: where they are, the matrix (N x genes, CSR), and the names of its columns."""

    source: str
    matrix: Stored
    var_names: pd.Index


def is_named(layer: str) -> bool:
    """Tell whether a layer is called as raw counts are."""
    return str(layer).lower() in _NAMES


def named_rank(layer: str) -> int:
    """Return the place of a name among those of counts."""
    return _NAMES.index(str(layer).lower())


def is_plain(one: Candidate) -> bool:
    """Tell whether a place is one for counts, and what is in it looks like counts."""
    return _layer(one.source) in (None, *_NAMES) and not what_else(one.matrix)


def _layer(source: str) -> str | None:
    """Return the name of a layer in lower case; None for another place."""
    found = re.fullmatch(r"layers\[(?P<quote>['\"])(?P<name>.*)(?P=quote)\]", source)
    return found["name"].lower() if found else None


def what_else(matrix: Stored) -> str:
    """Say what whole numbers are if they are no counts, in words; empty where they may be counts.

    Parameters
    ----------
    matrix
        N x genes, CSR, whole numbers >= 0.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse import csr_matrix
    >>> from spotscape.pp.counts_choice import what_else
    >>> what_else(csr_matrix(np.random.default_rng(0).integers(0, 2, (60, 60))))
    'only 0 and 1'
    """
    n, g = matrix.shape
    if n < _FEW or g < _FEW:
        return ""
    if all(few for _, few in map_rows(matrix, _is_binary)):
        # Thinly counted panels hold hardly anything but 0 and 1, and still some 2.
        return "only 0 and 1"
    totals = row_totals(matrix)
    totals = totals[totals > 0]
    # Scaled and rounded: the same total but for what rounding adds to or takes off a few hundred genes.
    if len(totals) and np.percentile(totals, 95) - np.percentile(totals, 5) <= 0.05 * np.median(totals):
        if np.median(totals) > 2 * g or np.median(totals) >= 1000:
            return "the same total in all spots, as of ranks or of scaled counts"
    return ""


def _is_binary(block: csr_matrix) -> bool:
    return bool((block.data <= 1).all())


def choose_counts(found: list[Candidate]) -> Candidate:
    """Return the raw counts among places with whole numbers, or raise where that cannot be told.

    Parameters
    ----------
    found
        One or more, in the order in which they are to be preferred.
    """
    if len(found) == 1:
        return found[0]
    others = {one.source: what_else(one.matrix) for one in found}
    likely = [one for one in found if not others[one.source]] or found
    known = [one for one in likely if is_plain(one)]
    if known:
        return known[0]
    whole = [one for one in likely if not _PARTS.search(_layer(one.source) or "")] or likely
    whole = [one for one in whole if not any(_is_part(one, other) for other in likely if other is not one)]
    if len(whole) == 1:
        return whole[0]
    raise _two_left(whole or likely)


def _is_part(one: Candidate, other: Candidate) -> bool:
    """Tell whether no number of a matrix is above that of another, and some are below."""
    if one.matrix.shape != other.matrix.shape or one.matrix.nnz > other.matrix.nnz:
        return False
    rows = slice(0, 2000)
    difference = other.matrix[rows].astype(np.float64) - one.matrix[rows].astype(np.float64)
    return bool(difference.nnz and difference.data.min() >= 0 and difference.data.max() > 0)


def _two_left(left: list[Candidate]) -> InputError:
    listed = " and ".join(f"{one.source} ({row_totals(one.matrix).sum():,.0f} in all)" for one in left[:3])
    name = _layer(left[0].source)
    todo = (
        f"Name the one to take by layer={name!r}, or another." if name else "Name the one to take by layer."
    )
    return input_error("adata", f"whole numbers in {listed}", "raw counts in one of them", todo)
