"""``transfer_labels``: what is known of one slice, given to the spots of others."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from anndata import AnnData
from sklearn.neighbors import NearestNeighbors

from spotscape import _keys
from spotscape._adata import in_memory_copy
from spotscape._docs import filled
from spotscape._slices import read_slices
from spotscape._validate import SpotscapeWarning, check_choice, check_integer, input_error
from spotscape.run.read import check_column, check_key_added, read_embedding
from spotscape.tl._align import find_reference, run_slice_key

SOURCES = ("embedding", "matches")


@filled()
def transfer_labels(
    adata: AnnData,
    *,
    label_key: str,
    reference: str | None = None,
    by: str = "embedding",
    n_neighbors: int = 15,
    slice_key: str | None = None,
    key_added: str = _keys.KEY_ADDED,
    copy: bool = False,
) -> AnnData | None:
    """Give the labels of one slice to the spots of the others.

    Parameters
    ----------
    adata
        Several slices in one space, after `integrate_slices`.
    label_key
        Name in ``obs`` of the labels. Only those of the reference are read.
    reference
        Name of the slice with the labels. None: the first slice, or with ``by="matches"`` the reference of
        the alignment.
    by
        Which spots of the reference give a spot its label. ``"embedding"``: its nearest in the embedding; the
        label of most of them is taken. ``"matches"``: its match in the alignment (see `align_slices`), which
        also lies near it once the slices are aligned.
    n_neighbors
        How many nearest spots vote, 1 or more. Not used with ``by="matches"``.
    slice_key
        Name in ``obs`` of the slices. None: that of the run.
    key_added
        {key_added}
    copy
        {copy}

    Returns
    -------
    None, or the copy. Writes:

    - ``obs["<label_key>_transferred"]``: categorical. The reference keeps its labels. A spot without a match
      has none;
    - ``obs["<label_key>_transferred_score"]``: the share of the votes, or the score of the match, 0 to 1.

    Raises
    ------
    InputError
        If the embedding, the alignment or the column is missing, or the reference has no labels.

    Warns
    -----
    SpotscapeWarning
        With ``by="matches"``: how many spots have no match.

    Examples
    --------
    >>> import spotscape
    >>> slices = spotscape.datasets.simulate_slices(n_slices=2, n_spots=150, n_genes=60, n_domains=3)
    >>> both = spotscape.tl.integrate_slices(slices, n_domains=3, progress=False)
    >>> spotscape.tl.transfer_labels(both, label_key="ground_truth")
    >>> bool(both.obs["ground_truth_transferred"].isna().any())
    False
    """
    embedding = read_embedding(adata, check_key_added(key_added))
    check_choice("by", by, SOURCES)
    n_neighbors = check_integer("n_neighbors", n_neighbors, 1)
    check_column("label_key", label_key, adata)
    slice_key = slice_key or run_slice_key(adata, key_added)
    slices = read_slices(adata, slice_key)
    alignment = _read_alignment(adata, key_added) if by == "matches" else {}
    reference = find_reference(slices, reference or alignment.get("reference"), slice_key)
    if by == "matches" and reference != str(alignment["reference"]):
        found = f"{reference!r}, with matches to {alignment['reference']!r}"
        raise input_error("reference", found, "the reference of the alignment", "Align to this slice first.")
    labels = pd.Categorical(adata.obs[label_key])
    own = slices == reference
    if (labels.codes[own] < 0).all():
        found = f"no label in slice {reference!r}"
        raise input_error(f"adata.obs[{label_key!r}]", found, "labels for the reference")

    codes = np.where(own, labels.codes, -1)
    scores = np.where(own, 1.0, np.nan)
    if by == "embedding":
        known, others = np.flatnonzero(own & (labels.codes >= 0)), np.flatnonzero(~own)
        k = min(n_neighbors, len(known))
        near = (
            NearestNeighbors(n_neighbors=k)
            .fit(embedding[known])
            .kneighbors(embedding[others], return_distance=False)
        )
        votes = np.zeros((len(others), len(labels.categories)))
        np.add.at(votes, (np.arange(len(others))[:, None], labels.codes[known[near]]), 1 / k)
        codes[others], scores[others] = votes.argmax(axis=1), votes.max(axis=1)
    else:
        table = alignment["matches"]
        spots = adata.obs_names.get_indexer(table["spot"])
        partners = adata.obs_names.get_indexer(table["reference_spot"])
        if (spots < 0).any() or (partners < 0).any():
            name = f"adata.uns[{_keys.alignment(key_added)!r}]"
            raise input_error(name, "spots that adata does not have", "its own", "Call align_slices again.")
        codes[spots] = labels.codes[partners]
        scores[spots] = table["score"]
        n_without = int((~own).sum() - len(spots))
        if n_without:
            warnings.warn(
                f"{n_without} spots have no match in the reference and get no label.",
                SpotscapeWarning,
                stacklevel=2,
            )
    adata = in_memory_copy(adata) if copy else adata
    key = _keys.transferred(label_key)
    adata.obs[key] = pd.Categorical.from_codes(codes, labels.categories, ordered=bool(labels.ordered))
    adata.obs[f"{key}_score"] = np.where(codes < 0, np.nan, scores)
    return adata if copy else None


def _read_alignment(adata: AnnData, key_added: str) -> dict:
    key = _keys.alignment(key_added)
    if key not in adata.uns:
        todo = "Call spotscape.tl.align_slices(adata) first."
        raise input_error(f"adata.uns[{key!r}]", "nothing there", "an alignment", todo)
    return adata.uns[key]
