"""What a domain is on the map: its size, place, shape, pieces, and its borders with the others."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from spotscape import _keys
from spotscape.annotation.tiles import Tiles, spot_distance, straight_length, tiles

SPOT_DISTANCE, MICROMETRE = "spot distance", "um"
AXIS_SHARE = 0.5
"""A tissue has a main axis where place along it says this much of the domains (between-domain variance)."""
AXIS_ALONE = 0.5
"""And where the direction across it says no more than this part of that."""


class Description(NamedTuple):
    """What `describe_domains` returns.

    Attributes
    ----------
    domains
        A row for each domain; of each slice where that was asked for.
    borders
        Domain x domain: length of the border between two, 0 on the diagonal; rows by slice and domain where
        that was asked for.
    unit
        Of all lengths: ``"um"``, or ``"spot distance"`` where the object does not know micrometres. Areas are
        in its square.
    """

    domains: pd.DataFrame
    borders: pd.DataFrame
    unit: str


def describe(
    labels: pd.Categorical,
    places: np.ndarray,
    connectivities: csr_matrix,
    *,
    slices: pd.Categorical | None = None,
    micrometres: float = np.nan,
    confidence: np.ndarray | None = None,
    by_slice: bool = False,
) -> Description:
    """Describe domains: a table with one row a domain, and the lengths of the borders between them.

    Parameters
    ----------
    labels
        Domain of each spot, missing where it has none.
    places
        N x 2; slices may lie on each other.
    connectivities
        N x N, non-zero for neighbours.
    slices
        Slice of each spot; None for one slice.
    micrometres
        That one unit of the places is; NaN for lengths in spot distances of each slice.
    confidence
        Of each spot's domain; None for none.
    by_slice
        A row for each slice and domain.

    Examples
    --------
    Two halves of a square of 4 x 4 spots:

    >>> import numpy as np, pandas as pd, scipy.sparse
    >>> from spotscape.annotation.shape import describe
    >>> places = np.array([[x, y] for x in range(4) for y in range(4)], dtype=float)
    >>> apart = np.linalg.norm(places[:, None] - places, axis=2)
    >>> halves = pd.Categorical(np.repeat(["left", "right"], 8))
    >>> found = describe(halves, places, scipy.sparse.csr_matrix(apart == 1))
    >>> found.domains["area"].round(3).tolist(), float(found.borders.loc["left", "right"].round(3))
    ([8.0, 8.0], 4.0)
    """
    names = [str(name) for name in labels.categories]
    codes = np.asarray(labels.codes)
    tables, borders = [], []
    for members in _members(slices, len(codes)):
        inner = connectivities[members][:, members]
        found = _one_slice(codes[members], places[members], inner, len(names), micrometres)
        if confidence is not None:
            found[0][_CONFIDENCE] = _means(confidence[members], codes[members], len(names))
        tables.append(found[0])
        borders.append(found[1])
    wide = np.stack(borders)
    if by_slice and slices is not None:
        listed = list(slices.categories)
        table = pd.concat(tables, ignore_index=True)
        table.insert(0, _keys.SLICE, np.repeat(listed, len(names)))
        index = pd.MultiIndex.from_product([listed, names], names=[_keys.SLICE, _DOMAIN])
        between = pd.DataFrame(wide.reshape(-1, len(names)), index=index, columns=names)
    else:
        table = _together(tables) if len(tables) > 1 else tables[0]
        index = pd.Index(names, name=_DOMAIN)
        between = pd.DataFrame(_sum(wide), index=index, columns=names)
    table.insert(table.columns.get_loc("n_spots"), _DOMAIN, np.tile(names, len(table) // len(names)))
    totals = table.groupby(_keys.SLICE)["n_spots"].transform("sum") if _keys.SLICE in table else None
    table["share"] = table["n_spots"] / np.maximum(table["n_spots"].sum() if totals is None else totals, 1)
    unit = MICROMETRE if np.isfinite(micrometres) else SPOT_DISTANCE
    table["unit"] = unit
    order = [_keys.SLICE, _DOMAIN, "n_spots", "share", _CONFIDENCE, *_MEASURES, "unit"]
    return Description(table[[name for name in order if name in table]], between, unit)


_DOMAIN, _CONFIDENCE = "domain", "confidence"
_SUMS = ("n_spots", "area", "perimeter", "outline", "n_pieces")
_MEANS = ("depth", "elongation", "largest_piece", _CONFIDENCE)
_MEASURES = ("depth", "area", "perimeter", "outline", "elongation", "n_pieces", "largest_piece")


def _members(slices: pd.Categorical | None, n: int) -> list[np.ndarray]:
    """Return the rows of each slice."""
    if slices is None:
        return [np.arange(n)]
    return [np.flatnonzero(slices.codes == code) for code in range(len(slices.categories))]


def _one_slice(
    codes: np.ndarray, places: np.ndarray, connectivities: csr_matrix, n_domains: int, micrometres: float
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return what one slice has of each domain, and the lengths of the borders."""
    n_spots = np.bincount(codes[codes >= 0], minlength=n_domains)
    piece = _pieces(codes, connectivities)
    table = pd.DataFrame({"n_spots": n_spots, "n_pieces": 0, "largest_piece": np.nan, "elongation": np.nan})
    table["depth"] = _depths(codes, places, n_domains)
    unit = spot_distance(places)
    measured = np.isfinite(unit)
    factor = micrometres if np.isfinite(micrometres) else 1 / unit
    tissue = tiles(places) if measured else None
    for code in np.flatnonzero(n_spots):
        own = np.flatnonzero(codes == code)
        _, of, sizes = np.unique(piece[own], return_inverse=True, return_counts=True)
        table.loc[code, ["n_pieces", "largest_piece"]] = [len(sizes), sizes.max() / len(own)]
        if tissue is not None:
            largest = own[of == sizes.argmax()]
            table.loc[code, "elongation"] = _elongation(places[largest], tissue.area[largest])
    if tissue is None:  # all at one place: there is no ground to share
        unknown = np.where(n_spots > 0, np.nan, 0.0)
        return table.assign(area=unknown, perimeter=unknown, outline=unknown), np.zeros((n_domains,) * 2)
    lengths = _borders(tissue, codes, n_domains) * factor
    table["area"] = np.bincount(codes + 1, tissue.area, minlength=n_domains + 1)[1:] * factor**2
    table["perimeter"] = lengths[:n_domains].sum(axis=1)
    table["outline"] = lengths[:n_domains, -1]
    return table, lengths[:n_domains, :n_domains]


def _pieces(codes: np.ndarray, connectivities: csr_matrix) -> np.ndarray:
    """Return which connected piece of its domain each spot is of."""
    edges = connectivities.tocoo()
    within = (codes[edges.row] == codes[edges.col]) & (edges.data != 0)
    rows, columns = edges.row[within], edges.col[within]
    joined = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(codes),) * 2)
    return connected_components(joined, directed=False)[1]


def _borders(tissue: Tiles, codes: np.ndarray, n_domains: int) -> np.ndarray:
    """Return lengths between all pairs of: the domains, spots without a domain, the outside of the tissue."""
    none, outside = n_domains, n_domains + 1
    of_spot = np.append(np.where(codes < 0, none, codes), outside)  # -1, the outside, is the last
    sides = of_spot[tissue.pairs]
    low, high = sides.min(axis=1), sides.max(axis=1)
    between = low != high
    pair = np.where(between, low * (n_domains + 2) + high, -1)
    order = np.argsort(pair, kind="stable")
    starts = np.flatnonzero(np.diff(pair[order], prepend=-2))
    lengths = np.zeros((n_domains + 2,) * 2)
    for facets in np.split(order, starts[1:]):
        one, other = low[facets[0]], high[facets[0]]
        if one != other:
            sign = np.where(sides[facets, 0] == one, 1, -1)
            lengths[one, other] = lengths[other, one] = straight_length(tissue, facets, sign).sum()
    return lengths


def _elongation(places: np.ndarray, area: np.ndarray) -> float:
    """Return length by width of the ellipse (or rectangle) with the same second moments."""
    if not area.sum():
        return np.nan
    weight = area / area.sum()
    centred = places - weight @ places
    # Tiles are no points: each has a spread of its own, or a row of spots would have no width.
    spread = (centred * weight[:, None]).T @ centred + np.eye(2) * (weight @ area) / 12
    low, high = np.linalg.eigvalsh(spread)
    return float(np.sqrt(high / low))


def _depths(codes: np.ndarray, places: np.ndarray, n_domains: int) -> np.ndarray:
    """Return the mean place of each domain along the tissue's main axis, from 0 to 1; NaN where it has none.

    The axis is the direction along which place says most of the domains. It starts at the end where the first
    domains are, so that it does not turn with the slide.
    """
    nowhere = np.full(n_domains, np.nan)
    known = np.flatnonzero(codes >= 0)
    if len(np.unique(codes[known])) < 2:
        return nowhere
    centred = places[known] - places[known].mean(axis=0)
    values, vectors = np.linalg.eigh(centred.T @ centred / len(known))
    strong = values > 1e-9 * values.max()
    whiten = vectors[:, strong] / np.sqrt(values[strong])
    white = centred @ whiten
    means = np.column_stack([_means(column, codes[known], n_domains) for column in white.T])
    share = np.bincount(codes[known], minlength=n_domains) / len(known)
    there = share > 0
    between, directions = np.linalg.eigh((means[there] * share[there, None]).T @ means[there])
    if between[-1] < AXIS_SHARE or (len(between) > 1 and between[0] > AXIS_ALONE * between[-1]):
        return nowhere
    along = places @ whiten @ directions[:, -1]
    if np.cov(along[known], codes[known])[0, 1] < 0:
        along = -along
    along = (along - along.min()) / np.ptp(along)
    return _means(along[known], codes[known], n_domains)


def _means(values: np.ndarray, codes: np.ndarray, n_domains: int) -> np.ndarray:
    """Return the mean over the spots of each domain; NaN of none."""
    known = (codes >= 0) & np.isfinite(values)
    sizes = np.bincount(codes[known], minlength=n_domains)
    sums = np.bincount(codes[known], values[known], minlength=n_domains)
    return np.divide(sums, sizes, out=np.full(n_domains, np.nan), where=sizes > 0)


def _sum(values: np.ndarray) -> np.ndarray:
    """Return sums over slices of what is known; NaN where nothing is."""
    unknown = np.isnan(values).all(axis=0)
    return np.where(unknown, np.nan, np.nansum(values, axis=0))


def _together(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Return one row a domain: sums over slices, and of what is no sum the mean over spots."""
    spots = np.stack([table["n_spots"].to_numpy() for table in tables])
    result = pd.DataFrame(index=tables[0].index)
    for name in (*_SUMS, *_MEANS):
        if name not in tables[0]:
            continue
        values = np.stack([table[name].to_numpy(dtype=np.float64) for table in tables])
        if name in _SUMS:
            result[name] = _sum(values)
        else:
            weight = np.where(np.isnan(values), 0, spots).astype(np.float64)
            total = weight.sum(axis=0)
            sums = (weight * np.nan_to_num(values)).sum(axis=0)
            result[name] = np.divide(sums, total, out=np.full(len(total), np.nan), where=total > 0)
    return result.astype({"n_spots": int, "n_pieces": int})
