"""``integrate_slices``: several slices in one space, with domains that are the same in all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any
from warnings import warn

import numpy as np
from anndata import AnnData

from spotscape import _keys
from spotscape._adata import in_memory_copy
from spotscape._docs import filled
from spotscape._paths import as_path, check_output
from spotscape._slices import read_slices
from spotscape._threads import thread_number
from spotscape._validate import SpotscapeWarning, check_integer, check_number, describe, input_error
from spotscape.config import SpotscapeConfig, resolve_config
from spotscape.engine.helpers import helped
from spotscape.engine.trainer import Progress
from spotscape.pp import check_adata, find_counts
from spotscape.pp.counts import MANY_SPOTS
from spotscape.pp.fractions import fractions
from spotscape.pp.panels import on_measured_genes
from spotscape.run import analyse
from spotscape.run.join import Joined, check_conditions, check_slices, join_slices
from spotscape.run.join_on_disk import removed_if_it_fails
from spotscape.run.mixing import assess, remarks
from spotscape.run.placement import learn_and_place, small_slices
from spotscape.run.read import as_checkpoint, check_key_added, check_n_domains
from spotscape.run.record import collected_warnings
from spotscape.run.write import domain_column, write_analysis
from spotscape.tl._compare import said_of_torn_domains
from spotscape.tl._labels import groups_of
from spotscape.tl._run import run_spotscape


@filled(like=run_spotscape)
def integrate_slices(
    adatas: AnnData | Sequence[AnnData] | Mapping[str, AnnData],
    *,
    slice_key: str = _keys.SLICE,
    condition_key: str | None = None,
    n_domains: int | None = None,
    correction: float = 1.0,
    config: SpotscapeConfig | Mapping[str, Any] | str | None = None,
    seed: int = 0,
    device: str = "auto",
    threads: int | None = None,
    layer: str | None = None,
    spatial_key: str = _keys.SPATIAL,
    key_added: str = _keys.KEY_ADDED,
    progress: bool | Progress = True,
    checkpoint: str | PathLike[str] | None = None,
    checkpoint_minutes: float = 3.0,
    resume: bool = False,
    backed: str | PathLike[str] | None = None,
    copy: bool = False,
) -> AnnData | None:
    """Put several slices into one space and find domains that are the same in all of them.

    All slices take the steps of `run_spotscape` together. Counts are scaled to the median total of all.
    Genes are ranked by their pattern within the slices, and centred there. Each slice has its own spatial
    graph. The components are those in which matching spots of different slices differ little
    (`spotscape.core.slice_noise`). With ``config="paper"`` one graph autoencoder is trained on all slices
    instead, with two losses (prototypes and similarity scale matching) that bring spots of a kind together
    [1]_. Nothing is written before all of it is done.

    Parameters
    ----------
    adatas
        Slices, each with raw counts and coordinates in ``obsm[spatial_key]``: a list, a dict of name and
        slice, or one AnnData that holds them all. A slice with fewer than 50 spots is too small to learn
        from, and is placed in the space that the others make.
    slice_key
        Name in ``obs`` of the slices. For a list it is written: the one value that each object has there, if
        they differ, else ``slice1``, ``slice2``, ... R calls it ``slice_by``.
    condition_key
        Name in ``obs`` of the slices' conditions, one to a slice; checked and recorded for `compare_domains`,
        and not used in training. A domain of one condition alone that seems to be another's is said.
    n_domains
        Number of domains over all slices; None has it suggested from the data.
    correction
        How much of the differences between slices is taken out. At 1 the data decide: as much as leaves the
        slices a third of their spatial signal. 0 leaves the differences. Larger values mix the slices more,
        and may mix domains. It multiplies the weight that was found (in a training, that of scale matching).
        Below 1 it also multiplies the centring of genes within slices.
    config
        {config}
        ``correction`` acts on its weights.
    seed
        {seed}
    device
        {device}
    threads
        {threads}
    layer
        {layer}
    spatial_key
        Name of the coordinates in ``obsm``.
    key_added
        {key_written}
    progress
        {progress}
    checkpoint
        {checkpoint}
    checkpoint_minutes
        {checkpoint_minutes}
    resume
        {resume}
    backed
        For a list of slices: name of an ``.h5ad`` file that the joined counts are written to, some rows at
        a time, and stay in. Slices that were read by ``spotscape.io.read(path, backed=True)`` are then never
        in memory together. None for memory.
    copy
        With one AnnData: return a changed copy, and leave ``adatas`` alone. A list is always left alone.

    Returns
    -------
    One AnnData of all slices, in their order, for a list or a dict: the genes that all share, the spots'
    names (``<slice>_`` goes before them where two slices share a name), and the slice in
    ``obs[slice_key]``. None (or the copy) for one AnnData, which is written to. Written is what
    `run_spotscape` writes, and ``uns["<key_added>"]["integration"]``: the slices, the number of shared
    genes, how well the slices mix (1 is as by chance), how clear domains and slices are (silhouettes), and
    how much of their differences was taken out: ``slice_noise``, 0 to 3, and the share of the ``signal`` that
    is left. With a ``scale`` in micrometres, slices of different resolution also have ``rings`` there: how
    many rings of neighbours reach that far in each.

    Raises
    ------
    InputError
        If there are fewer than two slices, all slices have fewer than 50 spots, two slices hold the same
        counts, fewer than 50 genes are shared, a slice lies in two conditions, or for what `run_spotscape`
        refuses.

    Warns
    -----
    SpotscapeWarning
        Where genes are left out, names are changed, coordinates seem to be in different units, slices are too
        small to learn from, the slices do not mix, a domain is in one slice only, or a domain of one
        condition is expressed like one of another (see `compare_domains`).

    References
    ----------
    .. [1] Global Context-aware Representation Learning for Spatially Resolved Transcriptomics, ICML 2025,
       arXiv 2506.15698.

    Examples
    --------
    >>> import spotscape
    >>> slices = spotscape.datasets.simulate_slices(n_slices=2, n_spots=150, n_genes=60, n_domains=3)
    >>> both = spotscape.tl.integrate_slices(slices, n_domains=3, progress=False)
    >>> both.obs["slice"].value_counts().tolist()
    [150, 150]
    >>> both.obsm["X_spotscape"].shape
    (300, 20)
    """
    settings = resolve_config(config)
    correction = check_number("correction", correction, 0.0)
    seed = check_integer("seed", seed, 0, 2**32 - 1)
    key_added = check_key_added(key_added)
    kept = as_checkpoint(checkpoint, checkpoint_minutes, resume)
    single = isinstance(adatas, AnnData)
    if single:
        check_adata(adatas)
    file = _check_backed(backed, adatas)
    with (
        removed_if_it_fails(file),
        helped(),
        thread_number(threads) as used,
        fractions(settings.fractional_counts),
    ):
        with collected_warnings() as warnings:
            if isinstance(adatas, AnnData):
                joined = Joined(adatas, {}, {})
            else:
                joined = join_slices(adatas, slice_key, spatial_key, layer, file)
                layer = None  # what was there is in X by now
            adata, places, units = joined
            check_slices(adata, slice_key, layer)
            slices = read_slices(adata, slice_key)
            small = small_slices(slices, f"adata.obs[{slice_key!r}]")
            check_conditions(adata, slice_key, condition_key)
            measured = on_measured_genes(adata, slice_key, layer) if single else adata
        n_learned = adata.n_obs - int(np.isin(np.asarray(slices), small).sum())
        learn = partial(
            analyse,
            n_domains=check_n_domains(n_domains, n_learned),
            settings=replace(
                settings,
                scale_matching_weight=correction * settings.scale_matching_weight,
                slice_centering=min(1.0, correction) * settings.slice_centering,
            ),
            seed=seed,
            device=device,
            layer=layer,
            spatial_key=spatial_key,
            key_added=key_added,
            progress=progress,
            threads=used,
            counts_from=_counts_from(places),
            units=units,
            correction=correction,
            checkpoint=kept,
        )
        where: dict[str, Any] = {"slice_key": slice_key, "spatial_key": spatial_key, "layer": layer}
        if small:
            analysis = learn_and_place(measured, small, learn, **where)
        else:
            analysis = learn(measured, slice_key=slice_key)
        names = list(slices.categories)
        found = assess(analysis.embedding, slices, analysis.domains.labels, seed=seed)
        texts = remarks(found, correction=correction)
        if condition_key is not None:
            domains = domain_column(analysis.domains.labels)
            groups = groups_of(slices, adata.obs[condition_key], domains)
            find = partial(find_counts, measured, layer=layer, stay_above=MANY_SPOTS)
            texts += filter(None, [said_of_torn_domains(groups, find)])
    for text in texts:
        warn(text, SpotscapeWarning, stacklevel=2)
    if single and copy:
        adata = in_memory_copy(adata)
    analysis.record["params"]["correction"] = correction
    analysis.record["warnings"][:0] = warnings
    analysis.record["warnings"] += texts
    analysis.record["integration"] = {
        "slice_key": slice_key,
        "condition_key": condition_key or "",
        "slices": names,
        "n_shared_genes": measured.n_vars,
        **({"placed": small} if small else {}),
        **found._asdict(),
        **analysis.record.get("integration", {}),
    }
    write_analysis(adata, analysis, key_added)
    return adata if copy or not single else None


def _check_backed(backed: Any, adatas: Any) -> Path | None:
    """Return the file that counts are to be joined in, or raise where it cannot be written."""
    if backed is None:
        return None
    if isinstance(adatas, AnnData):
        todo = "Its counts stay where they are: read it by spotscape.io.read(path, backed=True)."
        raise input_error("backed", "a file for one object", "None", todo)
    path = as_path(backed)
    if path.suffix != ".h5ad":
        raise input_error("backed", describe(path.name), "a name that ends in '.h5ad'")
    slices = adatas.values() if isinstance(adatas, Mapping) else adatas
    own = [one.filename for one in slices if isinstance(one, AnnData) and one.isbacked]
    if path.resolve() in [Path(name).resolve() for name in own]:
        raise input_error("backed", f"{path.name!r}, which holds one of the slices", "another file")
    check_output(path)
    return path


def _counts_from(places: Mapping[str, str]) -> str:
    """Say where the slices of a list had their counts: one place, or which slice had them where."""
    if len(set(places.values())) < 2:
        return next(iter(places.values()), "")
    return ", ".join(f"{place} of {name}" for name, place in places.items())
