"""``results_to_slices``: what was found of several slices together, put into the objects they came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from anndata import AnnData

from spotscape import _keys
from spotscape._docs import filled
from spotscape._slices import read_slices
from spotscape._validate import describe, input_error
from spotscape.pp import check_adata
from spotscape.run.read import check_key_added, read_embedding
from spotscape.tl._align import run_slice_key


@filled()
def results_to_slices(
    adata: AnnData,
    slices: Sequence[AnnData] | Mapping[str, AnnData],
    *,
    slice_key: str | None = None,
    key_added: str = _keys.KEY_ADDED,
) -> None:
    """Put the results of an integration into the objects that its slices came from.

    Each slice keeps all its genes, layers and images, and may have its counts on disk. What is found of it
    later, by a verb for one slice, goes by domains that are the same in all slices.

    Parameters
    ----------
    adata
        What `integrate_slices` returned for a list of slices, with whatever was found since. Not changed.
    slices
        These slices: the list, or the dict of name and slice.
    slice_key
        Name in ``obs`` of the slices. None: that of the run.
    key_added
        {key_added}

    Returns
    -------
    None. Writes into each slice, for its spots:

    - ``obs``: the slice's name, its domains, and every other column whose name begins with ``key_added``.
      Spots that were left out, as they are off tissue, have no domain;
    - ``obsm``: the embedding, and aligned coordinates where there are some; NaN for spots left out;
    - ``var["<key_added>_genes"]``, and in ``uns`` the record and the model of the run.

    The spatial graph stays behind: `spotscape.gr.spatial_neighbors` makes one of a slice.

    Raises
    ------
    InputError
        If there is no embedding, the slices are not those of ``adata``, or a spot of theirs is missing.

    Examples
    --------
    >>> import spotscape
    >>> slices = spotscape.datasets.simulate_slices(n_slices=2, n_spots=150, n_genes=60, n_domains=3)
    >>> both = spotscape.tl.integrate_slices(slices, n_domains=3, progress=False)
    >>> spotscape.tl.results_to_slices(both, slices)
    >>> slices[1].obs["spotscape_domain"].tolist() == both.obs["spotscape_domain"].tolist()[150:]
    True
    """
    read_embedding(adata, check_key_added(key_added))
    slice_key = slice_key or run_slice_key(adata, key_added)
    own = read_slices(adata, slice_key)
    if not isinstance(slices, Mapping | Sequence) or isinstance(slices, str | bytes):
        raise input_error("slices", describe(slices), "a list or dict of AnnData")
    named = slices if isinstance(slices, Mapping) else dict(zip(own.categories, slices, strict=False))
    names = {str(name): one for name, one in named.items()}
    if len(slices) != len(own.categories) or set(names) != set(own.categories):
        found = f"{len(slices)} slices" + (f", {', '.join(map(repr, names))}" if names else "")
        raise input_error("slices", found, f"those of adata: {', '.join(map(repr, own.categories))}")
    rows = {name: _rows(one, adata, np.flatnonzero(own == name), name) for name, one in names.items()}
    for name, one in names.items():
        _write(one, adata, rows[name], slice_key, name, key_added)


def _rows(one: AnnData, adata: AnnData, own: np.ndarray, name: str) -> np.ndarray:
    """Return the row of ``adata`` that each spot of a slice has; -1 for one that was left out."""
    check_adata(one)
    spots = adata.obs_names[own]
    if not spots.isin(one.obs_names).all():
        # as integrate_slices calls them where slices share names
        spots = pd.Index([spot.removeprefix(f"{name}_") for spot in spots])
    missing = ~spots.isin(one.obs_names)
    if missing.any():
        found = f"no spot {spots[missing][0]!r} in slice {name!r} ({int(missing.sum())} are missing)"
        raise input_error("slices", found, "the objects that adata was made from, in that order")
    at = spots.get_indexer(one.obs_names)
    return np.where(at < 0, -1, own[at])


def _write(one: AnnData, adata: AnnData, rows: np.ndarray, slice_key: str, name: str, key_added: str) -> None:
    """Write the results of some rows into the object that has these spots."""
    left_out = rows < 0
    one.obs[slice_key] = name
    for column in adata.obs:
        if str(column).startswith(f"{key_added}_"):
            values = adata.obs[column].iloc[rows].set_axis(one.obs_names)
            one.obs[column] = values.mask(left_out) if left_out.any() else values
    for key in (_keys.embedding(key_added), _keys.SPATIAL_ALIGNED, _keys.SPATIAL_3D):
        if key in adata.obsm:
            found = np.array(adata.obsm[key])[rows]
            found[left_out] = np.nan
            one.obsm[key] = found
    genes = adata.var_names[adata.var[_keys.genes(key_added)]]
    one.var[_keys.genes(key_added)] = one.var_names.isin(genes)
    domain = _keys.colors(_keys.domain(key_added))
    for key in (_keys.parameters(key_added), _keys.model(key_added), domain):
        if key in adata.uns:
            one.uns[key] = adata.uns[key]
