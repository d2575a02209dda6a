"""Groups of spots that may be sections or fields of view, and whether they lie on each other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.spatial import cKDTree

from spotscape._keys import SPATIAL

_NUMBERED = r"(?:[_. ]?(?:id|ids|name|names|key|no|nr|num|number|idx|index|label))?"
SECTION = re.compile(
    r"(?:visium|spatial|tissue|seurat|spotscape)?[_. ]?"
    r"(?:library|lib|sample|section|slice|slide|image|img|capture[_. ]?area|puck|specimen|layer)" + _NUMBERED,
    re.IGNORECASE,
)
"""Columns that say of which section a spot is, if they say anything of sections."""
PERHAPS = re.compile(
    r"(?:batch|dataset|donor|patient|subject|individual|animal|mouse|replicate|rep|orig[_. ]?ident|condition|"
    r"group|array|block|roi|region|experiment|run|time[_. ]?point|stage|z|plane|level)" + _NUMBERED,
    re.IGNORECASE,
)
"""Columns that may say so, but as well something of the cells of one section."""
FIELD = re.compile(r"(?:fov|field(?:[_. ]?of[_. ]?view)?|tile)s?" + _NUMBERED, re.IGNORECASE)
_BARCODE = r"^(?P<before>.*?)[ACGT]{8,}(?P<after>.*)$"
_ARRAY = ["array_row", "array_col"]
MOST_TWICE = 0.1
"""Share of the spots that share their position on the array above which it is that of several arrays."""
MOST_SECTIONS = 100
MOST_FIELDS = 5000
_MOST_LOOKED_AT = 20_000
"""Spots that are looked at: enough for a share, and quick in a million."""
_MIXED = 0.2
"""Share of the nearest spots that are of another group, by that of chance, from which groups are mixed."""
_OVERLAP = 0.2
"""Share of the spots that lie in the midst of another group, from which groups lie on each other."""
_TOO_CLOSE = 0.05
"""Share of the spots with one of another group closer than any of their own, from which these are apart."""


@dataclass(frozen=True)
class Groups:
    """A column, or what the names of spots say: its name in messages, ``obs`` column (or None), codes."""

    column: str | None
    codes: np.ndarray
    names: list[str]
    said: str


@dataclass(frozen=True)
class Look:
    """Some of the spots, and for each its nearest ones or its neighbours in a graph."""

    points: np.ndarray
    rows: np.ndarray
    sources: np.ndarray
    targets: np.ndarray

    @classmethod
    def at(cls, points: np.ndarray, graph: Any = None) -> Look:
        """Look at a sample of the spots, by a graph or by their six nearest."""
        n = len(points)
        rows = np.unique(np.linspace(0, n - 1, min(n, _MOST_LOOKED_AT)).astype(int))
        if graph is not None:
            edges = sparse.coo_array(sparse.csr_array(graph)[rows])
            return cls(points, rows, rows[edges.coords[0]], edges.coords[1])
        nearest = cKDTree(points).query(points[rows], k=min(n, 7), workers=-1)[1]
        sources = np.repeat(rows, nearest.shape[1])
        other = nearest.ravel() != sources
        return cls(points, rows, sources[other], nearest.ravel()[other])

    def crossing(self, codes: np.ndarray) -> float:
        """Return the share of neighbours that are of another group."""
        return float(np.mean(codes[self.sources] != codes[self.targets])) if len(self.sources) else 0.0

    def on_each_other(self, codes: np.ndarray) -> bool:
        """Tell whether groups cover the same ground and are each other's neighbours."""
        shares = np.unique(codes, return_counts=True)[1] / len(codes)
        by_chance = 1 - float(np.sum(shares**2))
        if self.crossing(codes) < _MIXED * by_chance:
            return False
        rows = self.rows[:: max(1, len(self.rows) // 4000)]
        places, within = self.points[rows], np.zeros(len(rows), dtype=bool)
        for group, members in members_of(codes):
            if len(members) < 10:
                continue
            low, high = np.quantile(self.points[members], [0.05, 0.95], axis=0)
            within |= (codes[rows] != group) & ((places >= low) & (places <= high)).all(axis=1)
        return bool(np.mean(within) >= _OVERLAP)

    def closer_than_their_own(self, codes: np.ndarray) -> bool:
        """Tell whether spots keep a distance from those of their own group, and none from the others."""
        apart, looked_at = [], 0
        for _, members in members_of(codes):
            if len(members) >= 20:
                places = self.points[members]
                apart.append(np.quantile(cKDTree(places).query(places, k=2)[0][:, 1], 0.01))
                looked_at += len(members)
        if looked_at < 0.5 * len(codes):
            return False
        limit = 0.6 * float(np.median(apart))
        other = codes[self.sources] != codes[self.targets]
        distances = np.linalg.norm(self.points[self.sources] - self.points[self.targets], axis=1)
        close = np.unique(self.sources[other & (distances <= limit)])
        return bool(len(close) >= _TOO_CLOSE * len(self.rows))


def members_of(codes: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Yield each group and the rows of its spots."""
    order = np.argsort(codes, kind="stable")
    groups, starts = np.unique(codes[order], return_index=True)
    yield from zip(groups.tolist(), np.split(order, starts[1:]), strict=True)


def libraries_of(uns: Mapping[str, Any]) -> list[str]:
    """Return the names of the sections that ``uns`` has images or scale factors of."""
    stored = uns.get(SPATIAL)
    if not isinstance(stored, Mapping):
        return []
    return [str(name) for name, one in stored.items() if _is_library(one)]


def _is_library(one: Any) -> bool:
    return isinstance(one, Mapping) and bool({"images", "scalefactors"} & set(one))


def _groups_of(column: str, values: pd.Series, most: int) -> Groups | None:
    """Return the groups of a column, None for one group, very many, or numbers with decimals."""
    if pd.api.types.is_float_dtype(values.dtype) and not _whole(values):
        return None
    codes, names = pd.factorize(values.astype(object) if values.dtype == "category" else values)
    if not 2 <= len(names) <= min(most, max(2, len(values) // 5)) or np.mean(codes < 0) > 0.5:
        return None
    texts = [f"{name:g}" if isinstance(name, float) else str(name) for name in names]
    return Groups(column, codes, texts, f"adata.obs[{column!r}]")


def _whole(values: pd.Series) -> bool:
    found = values.to_numpy(dtype=float, na_value=np.nan)
    found = found[np.isfinite(found)]
    return bool((found == np.floor(found)).all())


def by_name(obs: pd.DataFrame, pattern: re.Pattern[str], most: int) -> Iterator[Groups]:
    """Yield the groups of each column whose name fits."""
    for column in obs.columns:
        if isinstance(column, str) and pattern.fullmatch(column):
            groups = _groups_of(column, obs[column], most)
            if groups is not None:
                yield groups


def candidates(obs: pd.DataFrame, libraries: list[str]) -> Iterator[Groups]:
    """Yield what tells sections apart, if it tells groups apart that lie on each other."""
    yield from by_name(obs, SECTION, MOST_SECTIONS)
    for column in obs.columns if len(libraries) > 1 else ():
        if isinstance(column, str) and not SECTION.fullmatch(column):
            groups = _groups_of(column, obs[column], MOST_SECTIONS)
            if groups is not None and len(set(groups.names) & set(libraries)) > 1:
                yield groups
    affixes = _affixes(obs.index)
    if affixes is not None:
        yield affixes


def by_array(obs: pd.DataFrame) -> Iterator[Groups]:
    """Yield the columns within whose groups each position on the array is there once."""
    places = [obs[name].to_numpy() for name in _ARRAY]
    for column in obs.columns:
        if isinstance(column, str) and column not in _ARRAY:
            groups = _groups_of(column, obs[column], MOST_SECTIONS)
            if groups is not None:
                positions = pd.DataFrame(dict(enumerate([groups.codes, *places])))
                if not positions.duplicated().any():
                    yield groups


def _affixes(names: pd.Index) -> Groups | None:
    """Return groups by what stands before and after the barcodes in names; None where that is all one."""
    if not len(names) or not re.match(_BARCODE, str(names[0])):
        return None
    parts = names.to_series().astype(str).str.extract(_BARCODE)
    if parts["before"].isna().mean() > 0.01:
        return None
    both = (parts["before"] + "*" + parts["after"]).to_numpy(dtype=object)
    codes, found = pd.factorize(both)
    if not 2 <= len(found) <= min(MOST_SECTIONS, max(2, len(names) // 20)):
        return None
    return Groups(None, codes, [str(name) for name in found], "adata.obs_names")


def array_places_twice(obs: pd.DataFrame) -> float:
    """Return the share of spots at an array position that another spot has, too; 0 without positions."""
    if not set(_ARRAY) <= set(obs.columns):
        return 0.0
    positions = obs[_ARRAY]
    return float((positions.duplicated(keep=False) & positions.notna().all(axis=1)).mean())


def says_which(obs: pd.DataFrame, libraries: list[str]) -> bool:
    """Tell whether a column says which of the sections in ``uns`` spots are of, also where it is one."""
    for column in obs.columns:
        values = obs[column]
        if values.dtype == "category" or values.dtype == object or pd.api.types.is_string_dtype(values.dtype):
            if set(values.dropna().astype(str).unique()) & set(libraries):
                return True
    return False


def same_groups(codes: np.ndarray, others: np.ndarray) -> bool:
    """Tell whether two columns make the same groups."""
    pairs = len(np.unique(np.column_stack([codes, others]), axis=0))
    return bool(pairs == len(np.unique(codes)) == len(np.unique(others)))


def listed(names: list[str]) -> str:
    """Return the first names, for a message."""
    shown = ", ".join(repr(name) for name in names[:3])
    return f"{shown}, ..." if len(names) > 3 else shown
