"""Slices too small to learn from, put into the space that the others make.

A core of a tissue array may have 16 cells, from which neither genes nor components can be learned. Nor can
its own mean be told from that of the domain that it is of: so the mean of the others is taken off its genes.
What differs between the slices in all domains alike stays.
"""

from __future__ import annotations

import warnings
from typing import Protocol

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse
from scipy.special import softmax

from spotscape import _keys
from spotscape._adata import in_memory_part
from spotscape._slices import read_slices
from spotscape._validate import SpotscapeWarning, input_error
from spotscape.domains import Domains
from spotscape.domains.confidence import calibrated
from spotscape.domains.discriminant import fit_discriminant, scores
from spotscape.gr.spatial_graph import spatial_graph
from spotscape.pp import normalized_expression
from spotscape.run.analyse import Analysis
from spotscape.run.kept_model import as_trained
from spotscape.run.mapping import embed_slices
from spotscape.run.read import FEWEST_SPOTS

_LISTED = 5


class Learn(Protocol):
    """Finds the domains of an object: of one slice where ``slice_key`` is None."""

    def __call__(self, adata: AnnData, *, slice_key: str | None) -> Analysis:
        """Return what was found."""


def small_slices(slices: pd.Categorical, name: str) -> list[str]:
    """Return the slices that are too small to learn from, and say so; raise where all are.

    Parameters
    ----------
    slices
        Slice of each spot.
    name
        What holds them, for the error.
    """
    sizes = dict(zip(slices.categories, np.bincount(slices.codes).tolist(), strict=True))
    small = [one for one, size in sizes.items() if size < FEWEST_SPOTS]
    if not small:
        return []
    listed = ", ".join(f"{one!r} ({sizes[one]})" for one in small[:_LISTED])
    listed += f" and {len(small) - _LISTED} more" if len(small) > _LISTED else ""
    if len(small) == len(sizes):
        largest = max(small, key=sizes.__getitem__)
        found = f"{sizes[largest]} spots in slice {largest!r}, which is the largest"
        raise input_error(name, found, f"{FEWEST_SPOTS} or more in one slice at least")
    warnings.warn(
        f"Slices with fewer than {FEWEST_SPOTS} spots are too small to learn from and are placed in the "
        f"space that the others make: {listed}.",
        SpotscapeWarning,
        stacklevel=3,
    )
    return small


def learn_and_place(
    adata: AnnData,
    small: list[str],
    learn: Learn,
    *,
    slice_key: str,
    spatial_key: str,
    layer: str | None,
) -> Analysis:
    """Find domains without the small slices, and give these a place and domains among them.

    Parameters
    ----------
    adata
        All slices. Not changed.
    small
        Names of those to be placed; one other is there at least.
    learn
        Finds the domains of the others.
    slice_key, spatial_key, layer
        As in `integrate_slices`.
    """
    slices = read_slices(adata, slice_key)
    placed = np.isin(np.asarray(slices), small)
    several = len(slices.categories) - len(small) > 1
    learned = in_memory_part(adata, ~placed)
    found = learn(learned, slice_key=slice_key if several else None)
    trained = as_trained(found.model, "model")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SpotscapeWarning)  # said of the others, or of small slices as such
        tissue = spatial_graph(adata, spatial_key, slice_key)
        connectivities = sparse.csr_matrix(tissue.obsp[_keys.SPATIAL_CONNECTIVITIES])[placed][:, placed]
        expression = normalized_expression(
            learned, genes=trained.genes, layer=layer, target_sum=trained.target_sum
        )
        part = in_memory_part(adata, placed)
        space, _ = embed_slices(
            part,
            trained,
            connectivities,
            layer=layer,
            slice_key=slice_key,
            spatial_key=spatial_key,
            mean=np.asarray(expression.mean(axis=0), dtype=np.float32).ravel(),
        )
    embedding = np.empty((adata.n_obs, space.shape[1]), dtype=np.float32)
    embedding[~placed], embedding[placed] = found.embedding, space
    domains = _with_placed(found, space, placed)
    return found._replace(tissue=tissue, embedding=embedding, domains=domains)


def _with_placed(found: Analysis, space: np.ndarray, placed: np.ndarray) -> Domains:
    """Return the domains of all spots; those placed go by linear discriminants between the others'."""
    known = found.domains
    discriminant = fit_discriminant(found.embedding.astype(np.float64), known.labels)
    posterior = softmax(scores(space.astype(np.float64), discriminant), axis=1)
    labels = np.empty(len(placed), dtype=known.labels.dtype)
    labels[~placed], labels[placed] = known.labels, posterior.argmax(axis=1)
    if known.confidence is None:
        return known._replace(labels=labels)
    confidence = np.empty(len(placed), dtype=np.float32)
    confidence[~placed] = known.confidence
    confidence[placed] = calibrated(posterior.max(axis=1), max(2, posterior.shape[1]))
    return known._replace(labels=labels, confidence=confidence)
