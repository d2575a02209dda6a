"""From an embedding to rows of the table: clustering with K given, and its scores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from anndata import AnnData
from scipy.sparse import coo_matrix, csr_matrix

from benchmarks.quality.data import TRUTH
from spotscape import gr, metrics
from spotscape.tl._domains import find_domains

CLUSTERINGS = ("gmm", "kmeans")
N_STARTS = 10


def labelings(found: Mapping[str, Any], n_domains: int, seed: int) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the labels by both clusterings of the embedding and, where it made them, the method's own."""
    for clustering in CLUSTERINGS:
        found_domains = find_domains(
            found["embedding"].astype(np.float64),
            n_domains,
            method=clustering,
            seed=seed,
            n_starts=N_STARTS,
        )
        yield clustering, found_domains.labels
    if "labels" in found:
        yield "own", found["labels"]


def scores(adata: AnnData, found: Mapping[str, Any], labels: np.ndarray) -> dict[str, float]:
    """Return the scores of one labelling; unlabelled spots count for silhouette and coherence only."""
    truth = adata.obs[TRUTH]
    gr.spatial_neighbors(adata)
    neighbours = adata.obsp["spatial_connectivities"]
    embedding = found["embedding"]
    return {
        "ARI": metrics.adjusted_rand_index(truth, labels),
        "NMI": metrics.normalized_mutual_information(truth, labels),
        "CA": metrics.clustering_accuracy(truth, labels),
        "boundary": metrics.boundary_accuracy(truth, labels, neighbours),
        "inner": metrics.inner_accuracy(truth, labels, neighbours),
        "silhouette": metrics.silhouette(embedding, labels) if len(np.unique(labels)) > 1 else np.nan,
        "coherence": coherence(labels, neighbours),
    }


def coherence(labels: np.ndarray, neighbours: csr_matrix) -> float:
    """Return the share of a spot's spatial neighbours with its own label: the mean over spots with any."""
    edges = coo_matrix(neighbours)
    same = np.bincount(edges.row, labels[edges.row] == labels[edges.col], minlength=len(labels))
    n_neighbours = np.bincount(edges.row, minlength=len(labels))
    has_any = n_neighbours > 0
    return float((same[has_any] / n_neighbours[has_any]).mean())
