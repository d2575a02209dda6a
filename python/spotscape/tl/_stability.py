"""How much of the domains of a run is found again on the other half of the molecules, for each number."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from spotscape import _keys
from spotscape._validate import input_error
from spotscape.annotation.thinning import halves
from spotscape.metrics import adjusted_rand_index
from spotscape.pp import find_counts
from spotscape.pp.counts import is_whole
from spotscape.pp.find import layer_of_run
from spotscape.tl._anew import check_run, group_anew, run_anew


def check_stability(adata: AnnData, layer: str | None, key_added: str) -> None:
    """Raise where the run cannot be made again on halves of its counts."""
    record = check_run(adata, key_added)
    counts = find_counts(adata, layer=layer_of_run(adata, record["params"]) if layer is None else layer)
    if not is_whole(counts.matrix):
        found = f"True, and values in {counts.source} that are not whole"
        raise input_error("stability", found, "whole counts")


def stability_of(
    adata: AnnData, numbers: Sequence[int], *, layer: str | None, seed: int, key_added: str
) -> np.ndarray:
    """Return for each number of domains the adjusted Rand index between those of two halves of the counts.

    Parameters
    ----------
    adata
        After a run that `check_stability` let pass; not changed.
    numbers
        Of domains.
    layer
        Of the raw counts; None for the run's.
    seed
        Of the split.
    key_added
        Stem of the run's names.
    """
    record = check_run(adata, key_added)
    counts = find_counts(adata, layer=layer_of_run(adata, record["params"]) if layer is None else layer)
    run_has = int(record["params"].get("n_domains", numbers[0]))
    found = [
        _labels(adata, half, counts.var_names, numbers, run_has, record)
        for half in halves(counts.matrix, seed)
    ]
    return np.array([adjusted_rand_index(one, other) for one, other in zip(*found, strict=True)])


def _labels(
    adata: AnnData,
    half: sparse.csr_matrix,
    genes: pd.Index,
    numbers: Sequence[int],
    run_has: int,
    record: dict,
) -> list[np.ndarray]:
    """Return the domains of one half of the counts, for each number: one embedding, grouped again."""
    private = run_anew(adata, half, genes, share=0.5, n_domains=run_has, record=record)
    labels = []
    for number in numbers:
        group_anew(private, number, record)
        labels.append(private.obs[_keys.domain()].cat.codes.to_numpy())
    return labels
