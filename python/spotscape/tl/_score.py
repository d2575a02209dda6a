"""``score_domains``: how smooth domains are, how slices mix, and how well known labels are met."""

from __future__ import annotations

import numpy as np
import pandas as pd
from anndata import AnnData

from spotscape import _keys
from spotscape._slices import read_slices
from spotscape._validate import check_integer, input_error
from spotscape.gr import check_coordinates
from spotscape.gr.sections import check_one_section
from spotscape.gr.spatial_graph import spatial_graph
from spotscape.metrics.labels import label_codes
from spotscape.metrics.table import score_table
from spotscape.pp import check_adata
from spotscape.run.read import check_column, check_key_added, read_embedding
from spotscape.tl._labels import given_or_run_slice_key, read_labels, without_labels


def score_domains(
    adata: AnnData,
    *,
    truth_key: str | None = None,
    domain_key: str | None = None,
    slice_key: str | None = None,
    max_spots: int = 5000,
    n_permutations: int = 1000,
    seed: int = 0,
    spatial_key: str = _keys.SPATIAL,
    key_added: str = _keys.KEY_ADDED,
) -> pd.DataFrame:
    """Score the domains by the measures that benchmarks of the field use.

    Most need no known labels. They say whether domains are smooth on the map, and whether slices mix in the
    embedding. They do not say whether domains are right: one large domain is as smooth as can be. With
    ``truth_key`` the domains are also compared with known labels. The single measures are in
    `spotscape.metrics`.

    Parameters
    ----------
    adata
        With domains in ``obs`` and coordinates in ``obsm``. Not changed.
    truth_key
        Column of ``obs`` with known labels, missing where there are none; None for no comparison.
    domain_key
        Column of ``obs`` that holds the domains; ``"<key_added>_domain"`` if None.
    slice_key
        Column of ``obs`` with the slices; None: that of `integrate_slices`, or one slice.
    max_spots
        `silhouette`, `spatial_silhouette` and what is measured about slices in the embedding are means, or
        medians, over at most so many spots, drawn at random, each seen against all others.
    n_permutations
        How often labels are dealt anew for `spatial_coherence`, 2 or more.
    seed
        Of the draws.
    spatial_key
        Name of the coordinates in ``obsm``.
    key_added
        Stem of the names of the run, of which the embedding is taken where it is there.

    Returns
    -------
    pandas.DataFrame
        A row for each measure and slice: ``measure``, ``slice``, ``value``, and ``better``: which values are
        better, ``"higher"`` or ``"lower"``. The slice ``"all"`` stands for the object. NaN where a slice has
        too few domains or labels for a measure.

        - Against ``truth_key``: ``adjusted_rand_index``, ``normalized_mutual_information``,
          ``clustering_accuracy``, ``boundary_accuracy``, ``inner_accuracy``; of each slice, and of all spots.
        - On the map: ``chaos``, ``pas``, ``spatial_silhouette``, ``spatial_coherence``; of each slice, and
          their mean over slices.
        - In the embedding, of all spots: ``silhouette`` by found domains, and ``clisi`` by known ones, or by
          found ones without ``truth_key``. Of several slices also ``ilisi``, ``kbet_acceptance`` and
          ``batch_silhouette``.

    Raises
    ------
    InputError
        If domains, slices, labels or coordinates are missing, no spot has a domain, or sections lie on each
        other and no ``slice_key`` tells them apart.

    Examples
    --------
    >>> import spotscape
    >>> adata = spotscape.datasets.simulate_slice(n_spots=400, n_genes=100, n_domains=3)
    >>> spotscape.tl.run_spotscape(adata, n_domains=3)
    >>> found = spotscape.tl.score_domains(adata, truth_key="ground_truth")
    >>> found.set_index("measure")["better"].loc[["adjusted_rand_index", "chaos", "silhouette"]]
    measure
    adjusted_rand_index    higher
    chaos                   lower
    silhouette             higher
    Name: better, dtype: object
    >>> bool(found["value"].iloc[0] > 0.5)
    True
    """
    check_adata(adata)
    key_added = check_key_added(key_added)
    max_spots = check_integer("max_spots", max_spots, 1)
    n_permutations = check_integer("n_permutations", n_permutations, 2)
    seed = check_integer("seed", seed, 0, 2**32 - 1)
    column = _keys.domain(key_added) if domain_key is None else domain_key
    labels = read_labels(adata, column, given=domain_key is not None)
    truth = None if truth_key is None else _read_truth(adata, truth_key)
    slice_key = given_or_run_slice_key(adata, slice_key, key_added)
    slices = None if slice_key is None else read_slices(adata, slice_key)
    places = check_coordinates(adata, spatial_key)
    bare = without_labels(adata, column, slice_key)
    graph = None
    if truth is not None:
        bare.obs = bare.obs.drop(columns=[truth_key] if truth_key != slice_key else [], errors="ignore")
        graph = spatial_graph(bare, spatial_key, slice_key).obsp[_keys.SPATIAL_CONNECTIVITIES].tocsr()
    elif slices is None:
        check_one_section(bare, places, spatial_key)
    has_embedding = _keys.embedding(key_added) in adata.obsm
    return score_table(
        labels,
        places,
        slices=slices if slices is not None and len(slices.categories) > 1 else None,
        truth=truth,
        graph=graph,
        embedding=read_embedding(adata, key_added) if has_embedding else None,
        n_permutations=n_permutations,
        max_spots=max_spots,
        seed=seed,
    )


def _read_truth(adata: AnnData, truth_key: str) -> pd.Series:
    """Return the known label of each spot."""
    truth = adata.obs[check_column("truth_key", truth_key, adata)]
    if (label_codes(np.asarray(truth, dtype=object), f"adata.obs[{truth_key!r}]") < 0).all():
        raise input_error(f"adata.obs[{truth_key!r}]", "no label at any spot", "the label of each known spot")
    return truth
