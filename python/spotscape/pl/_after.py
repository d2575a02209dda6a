"""What the report says of more than a run always has: confidence, levels, neighbours, pseudotime, ..."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from anndata import AnnData
from matplotlib.axes import Axes

from spotscape import _keys
from spotscape.annotation.composition import Composition
from spotscape.pl._alignment import alignment
from spotscape.pl._composition import domain_composition
from spotscape.pl._confidence import confidence
from spotscape.pl._figure import new_panels
from spotscape.pl._neighborhoods import domain_neighborhoods
from spotscape.pl._pseudotime import pseudotime
from spotscape.pl._read import read_slice_names
from spotscape.pl._stack import draw_volume, new_volume_axes, read_volume, turning
from spotscape.pl._tree import domain_tree

_UNSURE = 0.5
_SURE = 0.05
_TYPES_SAID = 6


class Section(NamedTuple):
    """A section of the page: its name in links, its heading, sentences, and figures with their captions.

    ``turning``: what the page turns in place of the first figure, where it may run a script.
    """

    anchor: str
    heading: str
    sentences: list[str]
    figures: list[tuple[Axes, str]]
    turning: Mapping[str, str] | None = None


def sections(
    adata: AnnData, key_added: str, spatial_key: str, composition: Composition | None = None
) -> list[Section]:
    """Return a section for each of these that is in the object, and for cell types where they are given."""
    made = (
        _confidence(adata, key_added, spatial_key),
        _levels(adata, key_added),
        None if composition is None else _cell_types(composition),
        _neighbors(adata),
        _pseudotime(adata, key_added, spatial_key),
        _imputation(adata, key_added),
        _alignment(adata, key_added),
        _stack(adata, key_added, spatial_key),
    )
    return [section for section in made if section is not None]


def _confidence(adata: AnnData, key_added: str, spatial_key: str) -> Section | None:
    key, domain = _keys.confidence(key_added), _keys.domain(key_added)
    if key not in adata.obs:
        return None
    values = adata.obs[key]
    means = values.groupby(adata.obs[domain], observed=True).mean().sort_values()
    sentences = [
        "The confidence of a spot's domain says how often a spot like it is in its right domain, as "
        "simulated tissue has it. It is low along borders; a domain that is low as a whole might as well be "
        "cut otherwise.",
        f"Mean {values.mean():.2f}; lowest in domain {means.index[0]} ({means.iloc[0]:.2f}); "
        f"{(values < _UNSURE).mean():.0%} of the spots are below {_UNSURE:g}.",
    ]
    figures = []
    if spatial_key in adata.obsm:
        axes = _panels(adata, key_added)
        confidence(adata, key_added=key_added, spatial_key=spatial_key, ax=axes)
        figures.append((axes[0], "Confidence of each spot's domain."))
    return Section("confidence", "Confidence", sentences, figures)


def _levels(adata: AnnData, key_added: str) -> Section | None:
    record, leaf = adata.uns.get(_keys.tree(key_added)), _keys.leaf(key_added)
    if record is None or leaf not in adata.obs:
        return None
    numbers = np.atleast_1d(record["n_domains"])
    sentences = [
        f"The tree has the domains at {numbers[0]} to {numbers[-1]}, nested. The grey row is the level that "
        f"it was grown from ({record['grown_from']} domains): fewer by merging, more by halving."
    ]
    axes = new_panels(1, (6.5, 5.5))
    domain_tree(adata, key_added=key_added, ax=axes[0])
    return Section("levels", "Levels", sentences, [(axes[0], "What becomes of each domain.")])


def _cell_types(found: Composition) -> Section:
    table = found.enrichment
    sure = table[table["p_adjusted"] < _SURE].sort_values("p_adjusted")
    sentences = [
        "The share of a cell type in a domain is its mean over the domain's spots. Expected is its share in "
        "the slice. In one slice the map of domains is moved as a whole for p-values; of several, each is "
        "a replicate."
    ]
    for words, rows in (("More", sure[sure["z"] > 0]), ("Less", sure[sure["z"] < 0])):
        said = [
            f"{row.cell_type} in domain {row.domain} ({row.share:.0%}, expected {row.expected:.0%})"
            for row in rows.head(_TYPES_SAID).itertuples()
        ]
        if said:
            sentences.append(f"{words} than expected: {', '.join(said)}.")
    if sure.empty:
        sentences.append(f"No share differs from the expected one by an adjusted p-value below {_SURE:g}.")
    axes = domain_composition(found, ax=new_panels(2, (5.2, 4.2)))
    caption = "Shares of cell types in each domain, and how far they are from the expected ones."
    return Section("cell-types", "Cell types", sentences, [(axes[0], caption)])


def _neighbors(adata: AnnData) -> Section | None:
    ending = _keys.nhood_enrichment("")
    columns = [name.removesuffix(ending) for name in adata.uns if str(name).endswith(ending)]
    figures = []
    for column in (name for name in columns if name in adata.obs):
        axes = new_panels(1, (5.0, 4.4))
        domain_neighborhoods(adata, key=column, ax=axes[0])
        figures.append((axes[0], f"{column}: contacts by how many standard deviations they are off chance."))
    if not figures:
        return None
    said = (
        "Red pairs touch more often than they would if names were shuffled over the spots, blue ones less. "
        "Domains are smooth by construction, so large values on their diagonal are no finding."
    )
    return Section("neighbors", "What lies beside what", [said], figures)


def _panels(adata: AnnData, key_added: str) -> list[Axes]:
    """Return axes for a map, one for each slice."""
    _, slices = read_slice_names(adata, key_added, None)
    return new_panels(max(1, len(slices)), (3.6, 3.4) if slices else (6.0, 5.4))


def _pseudotime(adata: AnnData, key_added: str, spatial_key: str) -> Section | None:
    key = _keys.pseudotime(key_added)
    if key not in adata.obs:
        return None
    record = adata.uns.get(key, {})
    sentences = []
    if "root" in record:
        sentences.append(f"Time starts at spot {record['root']}: {record['why']}.")
    n_unreached = int(np.isnan(adata.obs[key].to_numpy(dtype=np.float64)).sum())
    if n_unreached:
        sentences.append(f"{n_unreached:,} spots are in parts that no path leads to, and have none.")
    groups, between = record.get("groups", []), np.asarray(record.get("connectivities", []))
    if len(groups) > 1:
        pairs = sorted(
            ((between[i, j], f"{groups[i]} and {groups[j]}") for i in range(len(groups)) for j in range(i)),
            reverse=True,
        )
        named = ", ".join(f"{names} ({strength:.2f})" for strength, names in pairs[: len(groups) - 1])
        sentences.append(f"Domains that are connected most (PAGA, 0 to 1): {named}.")
    figures = []
    if spatial_key in adata.obsm:
        axes = _panels(adata, key_added)
        pseudotime(adata, key_added=key_added, spatial_key=spatial_key, ax=axes)
        figures.append(
            (axes[0], "Pseudotime over the tissue, from the root (ring) on. Its unit means nothing.")
        )
    return Section("pseudotime", "Pseudotime", sentences, figures)


def _imputation(adata: AnnData, key_added: str) -> Section | None:
    key = _keys.imputed(key_added)
    if key not in adata.layers and key not in adata.obsm:
        return None
    n_genes = adata.n_vars if key in adata.layers else adata.obsm[key].shape[1]
    said = (
        f"Expression of {n_genes:,} genes was imputed. It is for looking at patterns: values of neighbouring "
        "spots are made of each other, so tests on them give p-values that are far too small."
    )
    return Section("imputation", "Imputed expression", [said], [])


def _alignment(adata: AnnData, key_added: str) -> Section | None:
    key = _keys.alignment(key_added)
    if key not in adata.uns:
        return None
    record = adata.uns[key]
    reference, n_matches = str(record["reference"]), len(record["matches"])
    sentences = [f"{n_matches:,} spots were matched to spots of slice {reference}."]
    figures: list[tuple[Axes, str]] = []
    if str(record["transform"]) == "none":
        return Section("alignment", "Alignment", [*sentences, "Nothing was moved."], figures)
    for _, row in record["slices"].iterrows():
        name = str(row[_keys.SLICE])
        if name == reference:
            continue
        if not row["aligned"]:
            sentences.append(f"Slice {name} could not be aligned.")
            continue
        over = ", turned over" if row["turned_over"] else ""
        if row.notna().get("bent_by", False):
            over += f", and bent by {row['bent_by']:.1f} spot distances"
        sentences.append(
            f"Slice {name} was turned by {row['rotation']:.0f} degrees{over}; {row['overlap']:.0%} of the "
            f"smaller slice overlaps, with an agreement of {row['agreement']:.2f} (1: all matches, 0: as by "
            "chance)."
        )
        axes = new_panels(2, (4.4, 4.4))
        alignment(adata, slice_name=name, key_added=key_added, ax=axes)
        figures.append((axes[0], f"Slice {name} (blue) on slice {reference} (grey), before and after."))
    return Section("alignment", "Alignment", sentences, figures)


def _stack(adata: AnnData, key_added: str, spatial_key: str) -> Section | None:
    if _keys.stack(key_added) not in adata.uns or _keys.SPATIAL_3D not in adata.obsm:
        return None
    record = adata.uns[_keys.stack(key_added)]
    table, edges = record["sections"], record["edges"]
    placed, kept = table["placed"].astype(bool), edges["kept"].astype(bool)
    sentences = [
        f"{placed.sum()} of {len(table)} sections lie in one volume. It is made from {kept.sum()} of "
        f"{len(edges)} alignments of pairs, whose motions are off those of the volume by "
        f"{edges.loc[kept, 'off'].median():.2f} spot distances (median)."
    ]
    if not placed.all():
        left = ", ".join(table.loc[~placed, _keys.SLICE].astype(str))
        sentences.append(f"Not placed, because nothing holds them: {left}.")
    volume = read_volume(adata, None, None, spatial_key, key_added)
    ax = new_volume_axes()
    draw_volume(ax, volume, "domain")
    caption = "The sections in space, coloured by domain."
    if volume.stretch > 1.005:
        caption += f" Their distance is drawn out {volume.stretch:.3g} times."
    return Section("stack", "Stack", sentences, [(ax, caption)], turning(volume))
