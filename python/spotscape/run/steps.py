"""What a run reads of an object: its tissue, and the expression of the genes to go by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from warnings import warn

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from spotscape import _keys
from spotscape._neighborhood import neighborhood_mean
from spotscape._progress import say
from spotscape._slices import read_slices
from spotscape._validate import SpotscapeWarning
from spotscape.components.scale import Scale, find_scale
from spotscape.config import SpotscapeConfig
from spotscape.engine.trainer import Progress
from spotscape.gr.spatial_graph import spatial_graph
from spotscape.gr.unit import micrometres_per_unit
from spotscape.pp import find_counts
from spotscape.pp.counts import MANY_SPOTS, is_whole
from spotscape.pp.expression import choose_genes, log_expression, median_of
from spotscape.pp.fractions import WARNING as FRACTIONS
from spotscape.pp.log_rows import LogRows
from spotscape.run.read import FEWEST_SPOTS
from spotscape.run.resolution import find_resolution

_FEWEST_GENES = 5
"""With fewer genes that differ at all, noise alone makes domains."""


class Tissue(NamedTuple):
    """Where the spots of a run lie.

    Attributes
    ----------
    adata
        Holds the spatial graph: the object itself where it came with one.
    connectivities
        That graph, N x N.
    mean
        The mean over a spot and its neighbours, N x N.
    places
        Coordinates, N x 2 or N x 3; None where there are none that can be used.
    scale
        How far around a spot counts.
    slices
        Slice of each spot; None for one slice.
    rings
        Rings of each slice, S, where slices differ in resolution; None where all have those of the scale.
    """

    adata: AnnData
    connectivities: sparse.csr_matrix
    mean: sparse.csr_matrix
    places: np.ndarray | None
    scale: Scale
    slices: pd.Categorical | None
    rings: np.ndarray | None = None


class Expression(NamedTuple):
    """Expression that a run goes by.

    Attributes
    ----------
    matrix
        ``log(1 + x)`` of scaled counts, N x genes, float32; of many spots it is made row by row. None once it
        is not needed any more.
    genes
        Their names.
    totals
        Counts of each spot, N float64.
    target_sum
        Total that they were scaled to.
    source
        Where the counts were found.
    record
        What is kept of them: their place, their total, and the median of a spot.
    """

    matrix: sparse.csr_matrix | LogRows | None
    genes: pd.Index
    totals: np.ndarray
    target_sum: float
    source: str
    record: dict[str, Any]


def warn_of_few_spots(n_spots: int) -> None:
    """Say so where there are too few spots to learn from."""
    if n_spots < FEWEST_SPOTS:
        warn(
            f"{n_spots} spots are few to learn from (fewer than {FEWEST_SPOTS}): the domains may be "
            "those of chance.",
            SpotscapeWarning,
            stacklevel=3,
        )


def read_tissue(
    adata: AnnData,
    spatial_key: str,
    slice_key: str | None,
    scale: int | str,
    units: Mapping[str, float] | None = None,
    known: AnnData | None = None,
) -> Tissue:
    """Return the tissue, with a new spatial graph where there is none that holds.

    ``units`` are the micrometres of one unit of each slice's coordinates, where slices have units of their
    own; None for what the object says. ``known`` has a graph of an earlier run, taken where it is the same.
    """
    tissue = spatial_graph(adata, spatial_key, slice_key, known)
    connectivities = tissue.obsp[_keys.SPATIAL_CONNECTIVITIES]
    places = _places(tissue, spatial_key)
    mean = neighborhood_mean(connectivities)
    slices = None if slice_key is None else read_slices(adata, slice_key)
    per_unit = micrometres_per_unit(adata, spatial_key)
    if slices is not None and places is not None:
        known = [(units or {}).get(name, per_unit) for name in slices.categories]
        own = find_resolution(scale, mean, places, slices, np.array(known))
        if own.remark:
            warn(own.remark, SpotscapeWarning, stacklevel=2)
        if own.scale is not None:
            return Tissue(tissue, connectivities, mean, places, own.scale, slices, own.rings)
    found = find_scale(scale, mean, places, per_unit)
    return Tissue(tissue, connectivities, mean, places, found, slices)


def read_expression(
    adata: AnnData,
    tissue: Tissue,
    settings: SpotscapeConfig,
    *,
    layer: str | None,
    counts_from: str,
    progress: bool | Progress,
) -> Expression:
    """Find the counts and the genes to go by, and return their expression after the logarithm."""
    counts = find_counts(adata, layer=layer, stay_above=MANY_SPOTS)
    totals = counts.totals()
    target_sum = median_of(totals) if settings.target_sum is None else settings.target_sum
    whole = not settings.fractional_counts or is_whole(counts.matrix)
    if not whole:
        warn(FRACTIONS, SpotscapeWarning, stacklevel=2)
    taken = counts._replace(source=counts_from or counts.source)
    say(progress, taken.describe(totals))
    genes = choose_genes(
        counts,
        settings.n_top_genes,
        settings.gene_ranking,
        mean=lambda: tissue.mean,
        slices=tissue.slices,
    )
    if len(genes) < _FEWEST_GENES:
        text = f"Only {len(genes)} gene(s) differ between spots: the domains may be those of chance."
        warn(text, SpotscapeWarning, stacklevel=2)
    columns = counts.var_names.get_indexer(genes)
    matrix = log_expression(counts, columns, target_sum, totals, by_rows=not settings.trains)
    record: dict[str, Any] = {
        "place": taken.source,
        "total": float(totals.sum()),
        "median": float(np.median(totals)),
    }
    record |= {} if whole else {"whole": False}
    return Expression(matrix, genes, totals, target_sum, counts.source, record)


def _places(adata: AnnData, spatial_key: str) -> np.ndarray | None:
    """Return the coordinates, where there are some: a spatial graph that came with the object needs none."""
    if spatial_key not in adata.obsm:
        return None
    places = np.asarray(adata.obsm[spatial_key])
    usable = places.ndim == 2 and places.dtype.kind in "iuf" and np.isfinite(places).all()
    return places.astype(np.float64) if usable else None
