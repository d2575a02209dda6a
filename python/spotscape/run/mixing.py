"""How well slices were put into one space: mixing, silhouettes, domains that live in one slice only."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.metrics import silhouette_score
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import normalize

_NEIGHBORS = 30
_MOST_SPOTS = 5_000
"""Spots that are looked at; more would not change the figures."""
_SCARCELY_MIXED = 0.2
_ONE_SLICE = 0.95
_WELL_MIXED = 0.8
_BLURRED = 0.02


class Correction(NamedTuple):
    """How slices and domains lie in the embedding.

    Attributes
    ----------
    mixing
        Share of a spot's 30 nearest neighbours in the embedding that are of other slices, as a multiple of
        what chance gives: 0 for slices apart, 1 for slices mixed at random.
    mixing_per_slice
        The same over the spots of each slice, in the slices' order.
    silhouette_domain, silhouette_slice
        Of the embedding by domain (higher: clearer domains) and by slice (0 or less: slices not told apart).
    single_slice_domains
        Domains, "1" to "K", of which 95 % or more of the spots are of one slice.
    """

    mixing: float
    mixing_per_slice: np.ndarray
    silhouette_domain: float
    silhouette_slice: float
    single_slice_domains: list[str]


def assess(embedding: np.ndarray, slices: pd.Categorical, labels: np.ndarray, *, seed: int) -> Correction:
    """Measure how slices mix and how clear domains are.

    Parameters
    ----------
    embedding
        N x d; directions are compared, as in the losses.
    slices
        Slice of each spot.
    labels
        Domain of each spot, from 0.
    seed
        Of the sample of spots where there are many.
    """
    rows = normalize(np.asarray(embedding, dtype=np.float64))
    n, codes = len(rows), np.asarray(slices.codes)
    sizes = np.bincount(codes, minlength=len(slices.categories))
    rng = np.random.default_rng(seed)
    sample = np.sort(rng.choice(n, min(n, _MOST_SPOTS), replace=False))
    k = min(_NEIGHBORS, n - 1)
    nearest = NearestNeighbors(n_neighbors=k + 1).fit(rows).kneighbors(rows[sample], return_distance=False)
    # a spot is not its own neighbour, wherever among equally near ones it stands
    own = nearest == sample[:, None]
    others = (codes[nearest] != codes[sample][:, None]) & ~own
    share = others.sum(1) / np.maximum((~own).sum(1), 1)
    chance = (n - sizes[codes[sample]]) / (n - 1)
    ratio = share / chance
    per_slice = np.array(
        [
            ratio[codes[sample] == c].mean() if (codes[sample] == c).any() else np.nan
            for c in range(len(sizes))
        ]
    )
    together = pd.crosstab(labels, codes).to_numpy()
    single = np.flatnonzero(together.max(1) >= _ONE_SLICE * together.sum(1))
    return Correction(
        float(ratio.mean()),
        per_slice,
        _silhouette(rows[sample], labels[sample]),
        _silhouette(rows[sample], codes[sample]),
        [str(label + 1) for label in single],
    )


def remarks(found: Correction, *, correction: float) -> list[str]:
    """Say, in sentences for a person, what about a correction should be looked at."""
    texts = []
    if found.mixing < _SCARCELY_MIXED:
        texts.append(
            f"The slices hardly mix: {found.mixing:.2f} of what chance gives. They may hold different "
            f"tissue; if not, raise correction (it was {correction:g})."
        )
    if found.single_slice_domains:
        listed = ", ".join(found.single_slice_domains)
        texts.append(
            f"In one slice only (95 % of the spots or more): domain {listed}. Either that slice alone has "
            "such tissue, or a difference between slices was taken for a domain: compare its genes, or raise "
            "correction."
        )
    if found.mixing > _WELL_MIXED and found.silhouette_domain < _BLURRED:
        texts.append(
            f"The slices mix ({found.mixing:.2f} of chance), but the domains are blurred (silhouette "
            f"{found.silhouette_domain:.2f}): lower correction (it was {correction:g}) and compare."
        )
    return texts


def _silhouette(rows: np.ndarray, labels: np.ndarray) -> float:
    """Mean silhouette, NaN where all spots are of one kind or each is of its own."""
    kinds = len(np.unique(labels))
    return float(silhouette_score(rows, labels)) if 1 < kinds < len(rows) else float("nan")
