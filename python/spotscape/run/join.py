"""Several objects become one: shared genes, unique names, one column that says which slice a spot is of."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import anndata as ad
import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from spotscape import _keys
from spotscape._adata import images_of, off_tissue
from spotscape._row_blocks import group_sums, map_rows
from spotscape._slices import read_slices
from spotscape._validate import SpotscapeWarning, describe, input_error, of_slice
from spotscape.gr import check_coordinates
from spotscape.gr.sections import check_one_section
from spotscape.gr.unit import micrometres_per_unit
from spotscape.pp import check_adata, find_counts
from spotscape.pp.counts import MANY_SPOTS, Counts, digests_of_groups
from spotscape.pp.panels import measured_genes
from spotscape.run.join_on_disk import write_joined
from spotscape.run.read import check_column

FEWEST_GENES = 50
"""With fewer shared genes, slices cannot be compared."""
_ENSEMBL = re.compile(r"ENS[A-Z]*G\d{6,}")


class Joined(NamedTuple):
    """One object of all slices, its counts in ``X``, where each slice had them, and micrometres by name."""

    adata: AnnData
    places: dict[str, str]
    units: dict[str, float]


class Part(NamedTuple):
    """A slice that is to be joined.

    Attributes
    ----------
    rest
        All of it but its counts: names, ``obs``, coordinates, images; genes that it was measured for.
    counts
        Those of ``counts.var_names``, in memory or on disk.
    rows
        Which of their rows are those of ``rest``.
    """

    rest: AnnData
    counts: Counts
    rows: np.ndarray

    def blocks(self, genes: pd.Index) -> Iterator[sparse.csr_matrix]:
        """Yield the counts of some genes, some rows at a time."""
        columns = self.counts.var_names.get_indexer(genes)
        as_they_are = np.array_equal(columns, np.arange(self.counts.matrix.shape[1]))
        some = partial(_some, columns=None if as_they_are else columns)
        for _, block in map_rows(self.counts.matrix, some, self.rows):
            yield block


def _some(block: sparse.csr_matrix, kept: np.ndarray, *, columns: np.ndarray | None) -> sparse.csr_matrix:
    """Return some rows of a block, and some columns; None for all."""
    found = block if kept.all() else block[kept]
    return found if columns is None else found[:, columns].sorted_indices()


def join_slices(
    adatas: Sequence[AnnData] | Mapping[str, AnnData],
    slice_key: str,
    spatial_key: str,
    layer: str | None,
    backed: Path | None = None,
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
    backed
        File that the counts are written to, some rows at a time, and stay in; None for memory.
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
    stay_above = None if backed is None else 0
    parts, places, units = [], {}, {}
    for name, whole in zip(names, slices, strict=True):
        with of_slice(name):
            rows = _on_tissue(name, whole)
            adata = whole if rows.all() else whole[rows]
            counts = find_counts(whole, layer=layer, stay_above=stay_above)
            coordinates = check_coordinates(adata, spatial_key)
            check_one_section(adata, coordinates, spatial_key)
            images = images_of(adata, _keys.SPATIAL)
            if images and "/" in name:
                expected = "a name without '/', by which a file can keep the image"
                raise input_error("adatas", f"an image of a slice named {name!r}", expected)
        places[name] = counts.source
        rest = AnnData(obs=adata.obs.copy(), var=pd.DataFrame(index=counts.var_names))
        rest.obsm[spatial_key] = coordinates
        rest.obs[slice_key] = name
        if images:
            # One slice's image goes by the slice's name, by which plots find it again.
            one = len(images) == 1
            rest.uns[_keys.SPATIAL] = {name: next(iter(images.values()))} if one else dict(images)
        if all(_keys.MICROMETRES_PER_UNIT in one.uns for one in slices):
            rest.uns[_keys.MICROMETRES_PER_UNIT] = adata.uns[_keys.MICROMETRES_PER_UNIT]
        units[name] = micrometres_per_unit(adata, spatial_key)
        parts.append(Part(rest, counts, rows))
    parts = _measured(parts)
    rests = [part.rest for part in parts]
    _name_spots_apart(rests, names)
    shared = _shared_genes(rests, names)
    joined = ad.concat([rest[:, shared] for rest in rests], join="inner", merge="same", uns_merge="unique")
    joined.obs = pd.concat([rest.obs for rest in rests], join="outer")
    joined.obs[slice_key] = pd.Categorical(joined.obs[slice_key], categories=names)
    counts_of = (block for part in parts for block in part.blocks(shared))
    if backed is None:
        joined.X = sparse.vstack(list(counts_of), format="csr")
    else:
        kind = np.result_type(*(part.counts.matrix.dtype for part in parts))
        joined = write_joined(joined, counts_of, kind, backed)
    return Joined(joined, places, units)


def _on_tissue(name: str, adata: AnnData) -> np.ndarray:
    """Return which spots are not off tissue, and say how many are."""
    off = off_tissue(adata)
    if off is None:
        return np.ones(adata.n_obs, dtype=bool)
    n_off = int(off.sum())
    _warn(f"Slice {name!r}: {n_off} of {adata.n_obs} spots are not on tissue (in_tissue is 0): left out.")
    return ~off


def _measured(parts: list[Part]) -> list[Part]:
    """Return the slices without the genes that they were not measured for."""
    sums = []
    for part in parts:
        groups = np.where(part.rows, 0, 1)
        sums.append(group_sums(part.counts.matrix, groups)[0])
    genes = measured_genes([part.counts.var_names for part in parts], sums)
    return [
        part if len(own) == part.rest.n_vars else part._replace(rest=part.rest[:, own].copy())
        for part, own in zip(parts, genes, strict=True)
    ]


def check_slices(adata: AnnData, slice_key: str, layer: str | None) -> None:
    """Raise where the slices of one object cannot be put into one space."""
    slices = read_slices(adata, slice_key)
    name = f"adata.obs[{slice_key!r}]"
    if len(slices.categories) < 2:
        todo = "For one slice, call spotscape.tl.run_spotscape."
        raise input_error(name, f"one slice, {slices.categories[0]!r}", "two or more", todo)
    sizes = np.bincount(slices.codes)
    if len(np.unique(sizes)) == len(sizes):
        return
    counts = find_counts(adata, layer=layer, stay_above=MANY_SPOTS).matrix
    seen: dict[str, str] = {}
    for one, digest in zip(slices.categories, digests_of_groups(counts, slices.codes), strict=True):
        if digest in seen:
            found = f"the same counts in slices {seen[digest]!r} and {one!r}"
            raise input_error(name, found, "different slices", "Leave one of them out.")
        seen[digest] = one


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


def _name_spots_apart(parts: Sequence[AnnData], names: list[str]) -> None:
    """Put the slice's name before the names of spots, in all slices, where two of them share one."""
    if pd.Index(np.concatenate([part.obs_names for part in parts])).is_unique:
        return
    for name, part in zip(names, parts, strict=True):
        part.obs_names = [f"{name}_{spot}" for spot in part.obs_names]
    _warn(
        f"Slices share names of spots; each now starts with its slice's name, as {parts[0].obs_names[0]!r}."
    )


def _shared_genes(parts: Sequence[AnnData], names: list[str]) -> pd.Index:
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
