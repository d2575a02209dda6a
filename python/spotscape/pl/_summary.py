"""The numbers of the report: sizes, silhouettes and top genes of the domains."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from anndata import AnnData
from sklearn.metrics import silhouette_samples

from spotscape._slices import read_slices
from spotscape._validate import SpotscapeWarning
from spotscape.annotation.bordering import domain_contacts
from spotscape.annotation.markers import find_markers, spots_with_counts
from spotscape.pp import find_counts
from spotscape.pp.find import layer_of_run

SILHOUETTE_SPOTS = 5_000
"""Spots above which silhouettes are taken on a random sample."""
GENES_SHOWN = 8


class Silhouettes(NamedTuple):
    """Mean silhouette widths (None where undefined), overall and by domain, and the spots they are from."""

    overall: float | None
    by_domain: dict[str, float]
    n_spots: int


class Domain(NamedTuple):
    """One row of the table of domains; ``n_inside`` and ``silhouette`` are None where undefined."""

    name: str
    color: str
    n_spots: int
    share: float
    share_inside: float | None
    silhouette: float | None


class Slice(NamedTuple):
    """One row of the table of slices; ``shares`` are of its spots, by domain, in the domains' order."""

    name: str
    condition: str
    n_spots: int
    mixing: float
    shares: list[float]


class TopGene(NamedTuple):
    """A gene that is higher in a domain than in the others; shares are of spots with any count."""

    name: str
    fold_change: float
    share_in: float
    share_out: float
    p_adjusted: float


def silhouettes(latent: np.ndarray, labels: pd.Categorical, seed: int = 0) -> Silhouettes:
    """Return mean silhouette widths in the embedding, on at most `SILHOUETTE_SPOTS` random spots."""
    chosen = np.flatnonzero(labels.codes >= 0)
    if len(chosen) > SILHOUETTE_SPOTS:
        chosen = np.sort(np.random.default_rng(seed).choice(chosen, SILHOUETTE_SPOTS, replace=False))
    codes = np.asarray(labels.codes)[chosen]
    if not 2 <= len(np.unique(codes)) < len(codes):
        return Silhouettes(None, {}, len(chosen))
    widths = silhouette_samples(latent[chosen], codes)
    by_domain = {
        str(labels.categories[code]): float(widths[codes == code].mean()) for code in np.unique(codes)
    }
    return Silhouettes(float(widths.mean()), by_domain, len(chosen))


def domain_table(
    labels: pd.Categorical, colors: list[str], widths: Silhouettes, connectivities: Any | None
) -> list[Domain]:
    """Return one row a domain that has spots, in the order of the categories."""
    sizes = np.bincount(labels.codes[labels.codes >= 0], minlength=len(labels.categories))
    inside = np.full(len(sizes), np.nan)
    if connectivities is not None:
        contacts = np.zeros((len(sizes), len(sizes)))
        found = domain_contacts(np.asarray(labels.codes), connectivities)
        contacts[: len(found), : len(found)] = found
        edges = contacts.sum(axis=1)
        np.divide(np.diag(contacts), edges, out=inside, where=edges > 0)
    return [
        Domain(
            name=str(name),
            color=colors[code],
            n_spots=int(sizes[code]),
            share=sizes[code] / len(labels),
            share_inside=None if np.isnan(inside[code]) else float(inside[code]),
            silhouette=widths.by_domain.get(str(name)),
        )
        for code, name in enumerate(labels.categories)
        if sizes[code]
    ]


def slice_table(adata: AnnData, labels: pd.Categorical, run: Mapping[str, Any]) -> list[Slice]:
    """Return one row a slice of a run that put several into one space; none for a run on one slice."""
    record = run.get("integration", {})
    if record.get("slice_key") not in adata.obs:
        return []
    of = read_slices(adata, record["slice_key"])
    mixing = dict(zip(map(str, record["slices"]), np.atleast_1d(record["mixing_per_slice"]), strict=True))
    conditions = adata.obs.get(record.get("condition_key"))
    used = np.flatnonzero(labels.value_counts().to_numpy()[: len(labels.categories)])
    rows = []
    for name in of.categories:
        spots = np.flatnonzero(of == name)
        shares = np.bincount(labels.codes[spots] + 1, minlength=len(labels.categories) + 1)[1:] / len(spots)
        rows.append(
            Slice(
                name=name,
                condition="" if conditions is None else str(conditions.iloc[spots[0]]),
                n_spots=len(spots),
                mixing=float(mixing.get(name, np.nan)),
                shares=[float(shares[code]) for code in used],
            )
        )
    return rows


def top_genes(
    adata: AnnData, labels: pd.Categorical, params: dict[str, Any], alpha: float = 0.05
) -> dict[str, list[TopGene]]:
    """Return the genes that lead in `spotscape.tl.domain_markers`, each domain against the rest.

    Those with an adjusted p-value below ``alpha`` and a fold change above 1, highest score first. Domains of
    a single spot with counts cannot be tested and are not in the result; with fewer than two domains left it
    is empty.
    """
    with warnings.catch_warnings():
        # Spots without counts: said when the run was made, and among its warnings.
        warnings.simplefilter("ignore", SpotscapeWarning)
        counts = find_counts(adata, layer=layer_of_run(adata, params))
    sizes = spots_with_counts(labels, counts.matrix)
    tested = [name for name, size in sizes.items() if size >= 2]
    if len(tested) < 2:
        return {}
    columns = np.flatnonzero(np.asarray(counts.matrix.sum(axis=0)).ravel() > 0)
    table = find_markers(counts.matrix, counts.var_names, labels, tested=tested, columns=columns)
    higher = table[(table["p_adjusted"] < alpha) & (table["log2_fold_change"] > 0)]
    return {
        name: [
            TopGene(
                str(row.gene), float(2**row.log2_fold_change), row.share, row.share_against, row.p_adjusted
            )
            for row in higher[higher["domain"] == name].head(GENES_SHOWN).itertuples()
        ]
        for name in tested
    }
