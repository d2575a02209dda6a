"""Several objects become one: shared genes, unique names, one column that says which slice a spot is of."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import anndata as ad
import numpy as np
import pandas as pd
from anndata import AnnData

from spotscape import _keys
from spotscape._adata import images_of, in_memory_part, off_tissue
from spotscape._slices import read_slices
from spotscape._validate import SpotscapeWarning, describe, input_error, of_slice
from spotscape.gr import check_coordinates
from spotscape.gr.sections import check_one_section
from spotscape.gr.unit import micrometres_per_unit
from spotscape.pp import check_adata, find_counts
from spotscape.pp.panels import without_unmeasured
from spotscape.run.read import check_column

FEWEST_GENES = 50
"""With fewer shared genes, slices cannot be compared."""
_ENSEMBL = re.compile(r"ENS[A-Z]*G\d{6,}")


class Joined(NamedTuple):
    """One object of all slices, its counts in ``X``, where each slice had them, and micrometres by name."""

    adata: AnnData
    places: dict[str, str]
    units: dict[str, float]


def join_slices(
    adatas: Sequence[AnnData] | Mapping[str, AnnData], slice_key: str, spatial_key: str, layer: str | None
) -> Joined:
    """Return one object of all slices: counts of the genes they share, coordinates, ``obs``, images.

    Parameters
    ----------
    adatas
        A list, or a dict of name and slice. Not changed.
    slice_key
        Name of the column of ``obs`` to write.
    spatial_key
        Name of the coordinates in ``obsm``.
    layer
        Layer that holds the counts; None to look everywhere.
    """
    if not isinstance(adatas, Mapping | Sequence) or isinstance(adatas, str | bytes):
        raise input_error("adatas", describe(adatas), "a list or dict of AnnData, or one AnnData")
    slices = list(adatas.values() if isinstance(adatas, Mapping) else adatas)
    if len(slices) < 2:
        todo = "For one slice, call spotscape.tl.run_spotscape."
        raise input_error("adatas", f"{len(slices)} slice(s)", "two or more", todo)
    for number, one in enumerate(slices, start=1):
        key = list(adatas)[number - 1] if isinstance(adatas, Mapping) else number
        with of_slice(str(key)):
            check_adata(one)
    names = [str(name) for name in adatas] if isinstance(adatas, Mapping) else _names(slices, slice_key)
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise input_error("adatas", f"two slices named {twice!r} (as text)", "a name for each")
    parts, places, units = [], {}, {}
    for name, whole in zip(names, slices, strict=True):
        with of_slice(name):
            adata = _on_tissue(name, whole)
            counts = find_counts(adata, layer=layer)
            coordinates = check_coordinates(adata, spatial_key)
            check_one_section(adata, coordinates, spatial_key)
            images = images_of(adata, _keys.SPATIAL)
            if images and "/" in name:
                expected = "a name without '/', by which a file can keep the image"
                raise input_error("adatas", f"an image of a slice named {name!r}", expected)
        places[name] = counts.source
        part = AnnData(counts.matrix, obs=adata.obs.copy(), var=pd.DataFrame(index=counts.var_names))
        part.obsm[spatial_key] = coordinates
        part.obs[slice_key] = name
        if images:
            # One slice's image goes by the slice's name, by which plots find it again.
            one = len(images) == 1
            part.uns[_keys.SPATIAL] = {name: next(iter(images.values()))} if one else dict(images)
        if all(_keys.MICROMETRES_PER_UNIT in one.uns for one in slices):
            part.uns[_keys.MICROMETRES_PER_UNIT] = adata.uns[_keys.MICROMETRES_PER_UNIT]
        units[name] = micrometres_per_unit(adata, spatial_key)
        parts.append(part)
    parts = without_unmeasured(parts)
    _name_spots_apart(parts, names)
    shared = _shared_genes(parts, names)
    joined = ad.concat([part[:, shared] for part in parts], join="inner", merge="same", uns_merge="unique")
    joined.obs = pd.concat([part.obs for part in parts], join="outer")
    joined.obs[slice_key] = pd.Categorical(joined.obs[slice_key], categories=names)
    return Joined(joined, places, units)


def _on_tissue(name: str, adata: AnnData) -> AnnData:
    """Return a slice without the spots that are off tissue, and say how many that are."""
    off = off_tissue(adata)
    if off is None:
        return adata
    n_off = int(off.sum())
    _warn(f"Slice {name!r}: {n_off} of {adata.n_obs} spots are not on tissue (in_tissue is 0): left out.")
    return in_memory_part(adata, ~off)


def check_slices(adata: AnnData, slice_key: str, layer: str | None) -> None:
    """Raise where the slices of one object cannot be put into one space."""
    slices = read_slices(adata, slice_key)
    name = f"adata.obs[{slice_key!r}]"
    if len(slices.categories) < 2:
        todo = "For one slice, call spotscape.tl.run_spotscape."
        raise input_error(name, f"one slice, {slices.categories[0]!r}", "two or more", todo)
    sizes = np.bincount(slices.codes)
    counts = find_counts(adata, layer=layer, on_disk=True).matrix
    for a, b in combinations(range(len(sizes)), 2):
        if sizes[a] != sizes[b]:
            continue
        first, second = (counts[np.flatnonzero(slices.codes == number)] for number in (a, b))
        if first.nnz == second.nnz and np.array_equal(first.data, second.data) and (first != second).nnz == 0:
            found = f"the same counts in slices {slices.categories[a]!r} and {slices.categories[b]!r}"
            raise input_error(name, found, "different slices", "Leave one of them out.")


def check_conditions(adata: AnnData, slice_key: str, condition_key: str | None) -> None:
    """Raise where conditions are missing, or a slice lies in two; warn of a condition with one slice."""
    if condition_key is None:
        return
    check_column("condition_key", condition_key, adata)
    conditions, name = adata.obs[condition_key], f"adata.obs[{condition_key!r}]"
    if conditions.isna().any():
        found = f"{int(conditions.isna().sum())} spots without a condition"
        raise input_error(name, found, "a condition for every spot")
    slices = pd.Series(read_slices(adata, slice_key), adata.obs_names)
    pairs = pd.DataFrame({_keys.SLICE: slices, _keys.CONDITION: conditions.astype(str)}).drop_duplicates()
    twice = pairs[_keys.SLICE][pairs[_keys.SLICE].duplicated()]
    if len(twice):
        raise input_error(name, f"more than one condition in slice {twice.iloc[0]!r}", "one to a slice")
    numbers = pairs[_keys.CONDITION].value_counts()
    if len(numbers) < 2:
        raise input_error(
            name, f"one condition, {numbers.index[0]!r}", "two or more", "Leave it out otherwise."
        )
    alone = numbers.index[numbers == 1]
    if len(alone):
        _warn(f"Condition {alone[0]!r} has one slice: what differs may be the slice, not the condition.")


def _names(slices: list[AnnData], slice_key: str) -> list[str]:
    """Name the slices by what their objects say, where each says one name and all differ."""
    own = [one.obs[slice_key].dropna().astype(str).unique() if slice_key in one.obs else [] for one in slices]
    if all(len(names) == 1 for names in own) and len({names[0] for names in own}) == len(slices):
        return [names[0] for names in own]
    return [f"{_keys.SLICE}{number}" for number in range(1, len(slices) + 1)]


def _name_spots_apart(parts: list[AnnData], names: list[str]) -> None:
    """Put the slice's name before the names of spots, in all slices, where two of them share one."""
    if pd.Index(np.concatenate([part.obs_names for part in parts])).is_unique:
        return
    for name, part in zip(names, parts, strict=True):
        part.obs_names = [f"{name}_{spot}" for spot in part.obs_names]
    _warn(
        f"Slices share names of spots; each now starts with its slice's name, as {parts[0].obs_names[0]!r}."
    )


def _shared_genes(parts: list[AnnData], names: list[str]) -> pd.Index:
    """Return the genes of all parts in the first one's order, and say what is left out."""
    shared = parts[0].var_names
    for part in parts[1:]:
        shared = shared[shared.isin(part.var_names)]
    numbers = [part.n_vars for part in parts]
    if len(shared) < min(FEWEST_GENES, *numbers):
        raise input_error(
            "adatas",
            f"{len(shared)} genes that all slices share",
            f"{FEWEST_GENES} or more",
            _naming(parts, names),
        )
    if len(shared) < max(numbers):
        listed = ", ".join(f"{name}: {number:,}" for name, number in zip(names, numbers, strict=True))
        _warn(f"The slices share {len(shared):,} genes; the others are left out ({listed}).")
    return shared


def _naming(parts: list[AnnData], names: list[str]) -> str:
    """Say how the slices' gene names differ, where that is plain."""
    ensembl = [bool(np.mean([bool(_ENSEMBL.match(gene)) for gene in part.var_names]) > 0.5) for part in parts]
    if len(set(ensembl)) == 2:
        coded, plain = names[ensembl.index(True)], names[ensembl.index(False)]
        return f"Slice {coded!r} has Ensembl identifiers and {plain!r} has symbols: bring them to one naming."
    lowered = [set(part.var_names.str.lower()) for part in parts]
    common = len(set.intersection(*lowered))
    if common >= FEWEST_GENES:
        return f"{common} names are the same but for upper and lower case: bring them to one case."
    return "Are they of one species, with one naming of genes in var_names?"


def _warn(text: str) -> None:
    """Say something about the slices."""
    warnings.warn(text, SpotscapeWarning, stacklevel=4)
