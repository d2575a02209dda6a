"""All measures of a set of domains, one a row."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from spotscape._keys import SLICE
from spotscape.metrics._nearest import nearest
from spotscape.metrics.acceptance import accepted
from spotscape.metrics.batches import mean_by_domain
from spotscape.metrics.boundaries import boundary_accuracy, inner_accuracy
from spotscape.metrics.coherence import spatial_coherence
from spotscape.metrics.continuity import chaos, pas
from spotscape.metrics.labels import (
    adjusted_rand_index,
    clustering_accuracy,
    label_codes,
    normalized_mutual_information,
    silhouette_widths,
)
from spotscape.metrics.lisi import scaled_clisi, scaled_ilisi

__all__ = ["score_table"]
HIGHER, LOWER = "higher", "lower"
ALL = "all"
"""The row of all slices together."""
BETTER = {
    "adjusted_rand_index": HIGHER,
    "normalized_mutual_information": HIGHER,
    "clustering_accuracy": HIGHER,
    "boundary_accuracy": HIGHER,
    "inner_accuracy": HIGHER,
    "chaos": LOWER,
    "pas": LOWER,
    "spatial_silhouette": HIGHER,
    "spatial_coherence": LOWER,
    "silhouette": HIGHER,
    "clisi": HIGHER,
    "ilisi": HIGHER,
    "kbet_acceptance": HIGHER,
    "batch_silhouette": HIGHER,
}
"""Measures in the table's order, and which values are better."""
_LISI_NEIGHBORS, _KBET_NEIGHBORS = 90, 50
Codes = NDArray[np.intp]
Points = NDArray[np.float64]


def score_table(
    labels: pd.Categorical,
    places: Points,
    *,
    slices: pd.Categorical | None = None,
    truth: pd.Series | None = None,
    graph: sparse.csr_matrix | None = None,
    embedding: Points | None = None,
    n_permutations: int = 1000,
    max_spots: int = 5000,
    seed: int = 0,
) -> pd.DataFrame:
    """Return a row for each slice and measure.

    Parameters
    ----------
    labels
        Domain of each spot; spots without one are left out.
    places
        N x 2 or 3.
    slices
        Slice of each spot; None for one slice.
    truth, graph
        Known domain of each spot, and the neighbours that make its boundaries; both or neither.
    embedding
        N x d.
    n_permutations
        Of `spatial_coherence`.
    max_spots
        Silhouettes, and all of the embedding, are means over at most so many spots, drawn at random.
    seed
        Of these draws.

    Returns
    -------
    pandas.DataFrame
        ``measure``, ``slice``, ``value``, ``better``.
    """
    found: list[tuple[str, str, float]] = []
    names = [ALL] if slices is None else list(slices.categories)
    members = [np.arange(len(labels))] if slices is None else [np.flatnonzero(slices == s) for s in names]
    spatial = []
    for rows in members:
        rng = np.random.default_rng(seed)
        spatial.append(dict(_on_the_map(labels[rows], places[rows], n_permutations, max_spots, seed, rng)))
    for name, scores in zip(names, spatial, strict=True):
        found += [(measure, name, value) for measure, value in scores.items()]
    if truth is not None and graph is not None:
        for name, rows in zip(names, members, strict=True):
            here = dict(_against_truth(truth.iloc[rows], labels[rows], graph[rows][:, rows]))
            found += [(measure, name, value) for measure, value in here.items()]
    if slices is not None:
        found += [(m, ALL, v) for m, v in pd.DataFrame(spatial).mean().items()]
        if truth is not None and graph is not None:
            found += [(m, ALL, v) for m, v in _against_truth(truth, labels, graph)]
    if embedding is not None:
        rng = np.random.default_rng(seed)
        found += [(m, ALL, v) for m, v in _in_embedding(embedding, labels, slices, truth, max_spots, rng)]
    table = pd.DataFrame(found, columns=["measure", SLICE, "value"])
    table["better"] = table["measure"].map(BETTER)
    order = {measure: k for k, measure in enumerate(BETTER)}
    place = {name: k for k, name in enumerate([ALL, *names])}
    table = table.sort_values(
        ["measure", SLICE], key=lambda column: column.map(order if column.name == "measure" else place)
    )
    return table.reset_index(drop=True)


def _on_the_map(
    labels: pd.Categorical,
    places: Points,
    n_permutations: int,
    max_spots: int,
    seed: int,
    rng: np.random.Generator,
) -> Iterator[tuple[str, float]]:
    """Measures of one slice that need no truth; NaN where it has no domains, or one."""
    labelled = labels.codes >= 0
    codes, points = np.unique(labels.codes[labelled], return_inverse=True)[1], places[labelled]
    one = bool(len(codes)) and codes.max() == 0
    nothing = float("nan")
    yield "chaos", chaos(codes, points) if len(codes) else nothing
    yield "pas", pas(codes, points) if len(codes) else nothing
    no_contrast = one or not len(codes)
    widths = None if no_contrast else silhouette_widths(points, codes, _drawn(len(codes), max_spots, rng))
    yield "spatial_silhouette", nothing if widths is None else float(widths.mean())
    yield (
        "spatial_coherence",
        nothing
        if no_contrast
        else spatial_coherence(codes, points, n_permutations=n_permutations, seed=seed),
    )


def _against_truth(
    truth: pd.Series, labels: pd.Categorical, graph: sparse.csr_matrix
) -> Iterator[tuple[str, float]]:
    """Measures against known labels; NaN where no spot has both."""
    both = (label_codes(truth, "truth") >= 0) & (labels.codes >= 0)
    pairs: tuple[Callable[..., float], ...]
    pairs = (adjusted_rand_index, normalized_mutual_information, clustering_accuracy)
    for measure in pairs:
        yield measure.__name__, measure(truth, labels) if both.any() else float("nan")
    for measure in (boundary_accuracy, inner_accuracy):
        yield measure.__name__, measure(truth, labels, graph) if both.any() else float("nan")


def _in_embedding(
    embedding: Points,
    labels: pd.Categorical,
    slices: pd.Categorical | None,
    truth: pd.Series | None,
    max_spots: int,
    rng: np.random.Generator,
) -> Iterator[tuple[str, float]]:
    """Measures of the embedding over all slices; known domains stand for found ones where there are any."""
    used = np.flatnonzero(labels.codes >= 0)
    codes = np.unique(labels.codes[used], return_inverse=True)[1]
    if codes.max() > 0:
        rows = _drawn(len(used), max_spots, rng)
        yield "silhouette", float(silhouette_widths(embedding[used], codes, rows).mean())
    kinds = labels.codes if truth is None else label_codes(truth, "truth")
    known = np.flatnonzero(kinds >= 0)
    points, of = embedding[known], np.unique(kinds[known], return_inverse=True)[1]
    rows = _drawn(len(known), max_spots, rng)
    distances, indices = nearest(points, _LISI_NEIGHBORS, rows)
    if of.max() > 0:
        yield "clisi", scaled_clisi(distances, indices, of, rows)
    if slices is None:
        return
    of_slice = np.unique(slices.codes[known], return_inverse=True)[1]
    if of_slice.max() > 0:
        yield "ilisi", scaled_ilisi(distances, indices, of_slice, rows)
        yield "kbet_acceptance", accepted(indices[:, :_KBET_NEIGHBORS], of_slice)
        yield "batch_silhouette", mean_by_domain(points, of, of_slice, rows)


def _drawn(n: int, most: int, rng: np.random.Generator) -> Codes | None:
    """Numbers of spots drawn at random, in order; None for all."""
    return None if n <= most else np.sort(rng.choice(n, most, replace=False))
