"""The report of a run: one HTML page that needs nothing else."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.resources import files
from os import PathLike
from typing import Any, NamedTuple

import matplotlib.style
import numpy as np
from anndata import AnnData
from jinja2 import Environment, StrictUndefined, Template
from matplotlib.axes import Axes

from spotscape import _keys
from spotscape._docs import filled
from spotscape._validate import InputError
from spotscape.annotation.composition import Composition
from spotscape.io import atomic_path
from spotscape.metrics import adjusted_rand_index
from spotscape.pl import _wording as wording
from spotscape.pl._after import sections
from spotscape.pl._alike import color_alike
from spotscape.pl._comparison import domain_comparison, read_comparison
from spotscape.pl._composition import check_composition
from spotscape.pl._embedding import MIN_SPOTS, embedding
from spotscape.pl._figure import (
    check_ending,
    new_axes,
    new_panels,
    png_bytes,
    unchanged_if_it_fails,
)
from spotscape.pl._loss import loss_history
from spotscape.pl._n_domains import n_domains
from spotscape.pl._read import (
    domain_colors,
    read_connectivities,
    read_embedding,
    read_labels,
    read_run,
    read_slice_names,
    run_slice_key,
)
from spotscape.pl._shapes import shapes
from spotscape.pl._spatial import spatial_domains
from spotscape.pl._summary import domain_table, silhouettes, slice_table, top_genes


class Picture(NamedTuple):
    """A PNG for the page: its content, its size in pixels, and what it shows in words."""

    base64: str
    width: int
    height: int
    alt: str


@unchanged_if_it_fails
@filled()
def report(
    adata: AnnData,
    path: str | PathLike[str],
    *,
    key_added: str = _keys.KEY_ADDED,
    spatial_key: str = _keys.SPATIAL,
    title: str | None = None,
    truth_key: str | None = None,
    composition: Composition | None = None,
    seed: int = 0,
) -> None:
    """Write a page about a run for biologists: one HTML file, without links to other files.

    It shows the map of domains, a UMAP, and the sizes, silhouettes, shapes and top genes of the domains. It
    shows how slices mix and conditions differ, where there are several. It shows what was done after the run
    (levels, neighbours, pseudotime, imputation, alignment), the losses of a training, warnings, parameters,
    versions, and how to cite. Where a part cannot be made, such as a UMAP of three spots, a sentence says
    why.

    Parameters
    ----------
    adata
        Object after `spotscape.tl.run_spotscape`.
    path
        File to write, ending in .html. It is written whole or not at all. An older file is replaced.
    key_added
        {key_added}
    spatial_key
        Name of the coordinates in ``obsm``, and of the images in ``uns``.
    title
        Heading of the page.
    truth_key
        Column of ``obs`` with known labels. They are shown beside the domains, with the adjusted Rand index.
        None: known labels are not read.
    composition
        What `spotscape.tl.domain_composition` returned, for a section on cell types; None for none.
    seed
        For UMAP, and for the sample of spots that gives the silhouettes of a large tissue.

    Raises
    ------
    InputError
        If the object holds no run of this name, ``truth_key`` is not there, ``composition`` is something
        else, or ``path`` is unfit.

    Notes
    -----
    Writes into ``adata`` what `spotscape.pl.spatial_domains` and `spotscape.pl.embedding` write: colours and
    the UMAP.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from anndata import AnnData
    >>> from spotscape.pl import report
    >>> adata = AnnData(np.array([[3, 1], [4, 0], [0, 5]], dtype="float32"))
    >>> adata.obsm = {"spatial": np.eye(3)[:, :2], "X_spotscape": np.eye(3)}
    >>> adata.obs["spotscape_domain"] = ["1", "1", "2"]
    >>> adata.uns["spotscape"] = {"params": {"seed": 0}}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     report(adata, f"{folder}/report.html")
    """
    check_ending("path", path, ["html", "htm"])
    if composition is not None:
        check_composition("composition", composition)
    column = _keys.domain(key_added)
    labels = read_labels(adata, column)
    latent = read_embedding(adata, key_added)
    run = read_run(adata, key_added)
    ari = None if truth_key is None else adjusted_rand_index(read_labels(adata, truth_key), labels)

    colors = domain_colors(adata, column, labels, spatial_key)
    if truth_key is not None:
        color_alike(adata, truth_key, labels, colors)
    widths = silhouettes(latent, labels, seed)
    domains = domain_table(labels, colors, widths, read_connectivities(adata, spatial_key))
    params = dict(run.get("params", {}))
    versions = {name: str(version) for name, version in run.get("versions", {}).items()}
    n_unlabelled = int((labels.codes < 0).sum())
    try:
        genes, no_genes = top_genes(adata, labels, params), "Top genes need two domains of two spots or more."
    except InputError as error:
        genes, no_genes = {}, f"No top genes: {error}"

    with matplotlib.style.context("default"):
        pictures = {
            "map": _map(adata, None, key_added, spatial_key, wording.map_alt(domains)),
            "truth": truth_key and _map(adata, truth_key, key_added, spatial_key, "Map of the known labels."),
            "umap": _umap(adata, key_added, seed),
            "loss": _loss(adata, key_added, run),
            "n_domains": _number(adata, key_added, run),
        }
        conditions = _conditions(adata, key_added)
        after = [
            section._replace(figures=[(_picture(ax, caption), caption) for ax, caption in section.figures])
            for section in sections(adata, key_added, spatial_key, composition)
        ]
    page = _template().render(
        title=title or "Spatial domains",
        date=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        version=versions.get("spotscape", ""),
        summary=wording.summary(adata.n_obs, domains, widths, run, ari),
        truth_key=truth_key,
        min_spots=MIN_SPOTS,
        n_spots=adata.n_obs,
        n_unlabelled=n_unlabelled,
        domains=domains,
        shapes=shapes(adata, labels, key_added, spatial_key),
        slices=slice_table(adata, labels, run),
        integration=wording.integration(run),
        conditions=conditions,
        after=after,
        turning=next((section.turning for section in after if section.turning), None),
        condition_warnings=_warnings(read_comparison(adata, key_added)) if conditions else [],
        overall_silhouette=widths.overall,
        silhouette_basis=wording.silhouette_basis(widths, adata.n_obs - n_unlabelled),
        genes=genes,
        no_genes=no_genes,
        counts=wording.counts(run),
        seconds=wording.seconds(run.get("seconds", {})),
        warnings=_warnings(run),
        parameters={name: wording.setting(value) for name, value in params.items()},
        versions=versions,
        **pictures,
    )
    with atomic_path(path) as unfinished:
        unfinished.write_text(page, encoding="utf-8")


def _template() -> Template:
    """Load the page's template; everything put into it is escaped."""
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    environment.filters.update(times=wording.times, p_value=wording.p_value)
    return environment.from_string(
        files("spotscape.pl").joinpath("report.html.j2").read_text(encoding="utf-8")
    )


def _picture(ax: Axes, alt: str) -> Picture:
    """Turn a figure into a picture for the page."""
    png = png_bytes(ax)
    width, height = (int.from_bytes(png[start : start + 4], "big") for start in (16, 20))  # PNG's IHDR
    return Picture(b64encode(png).decode("ascii"), width, height, alt)


def _map(adata: AnnData, color: str | None, key_added: str, spatial_key: str, alt: str) -> Picture | None:
    """Draw the labels over the tissue; None without coordinates."""
    if spatial_key not in adata.obsm:
        return None
    _, slices = read_slice_names(adata, key_added, None)
    axes = new_panels(max(1, len(slices)), (3.2, 3.4) if slices else (6.0, 6.0))
    spatial_domains(adata, color=color, key_added=key_added, spatial_key=spatial_key, ax=axes)
    return _picture(axes[0], alt)


def _umap(adata: AnnData, key_added: str, seed: int) -> Picture | None:
    """Draw the UMAP; None for too few spots."""
    if adata.n_obs < MIN_SPOTS:
        return None
    several = run_slice_key(adata, key_added) is not None
    axes = new_panels(2 if several else 1, (6.0, 5.4))
    embedding(adata, key_added=key_added, seed=seed, ax=axes)
    colours = "by slice and by domain" if several else "by domain"
    return _picture(axes[0], f"Scatter plot (UMAP) of the learned space, coloured {colours}.")


def _loss(adata: AnnData, key_added: str, run: Mapping[str, Any]) -> Picture | None:
    """Draw the loss curve; None where no losses are stored."""
    total = np.asarray(run.get("losses", {}).get("total", []))
    if not total.size:
        return None
    ax = loss_history(adata, key_added=key_added, ax=new_axes((7.0, 3.4)))
    return _picture(ax, f"Training loss over {total.size} epochs, from {total[0]:.3g} to {total[-1]:.3g}.")


def _conditions(adata: AnnData, key_added: str) -> list[Picture]:
    """Draw each compared condition; nothing where none was compared."""
    if _keys.comparison(key_added) not in adata.uns:
        return []
    composition = read_comparison(adata, key_added)["composition"]
    pictures = []
    for name, rows in composition.groupby(_keys.CONDITION, observed=True, sort=False):
        axes = new_panels(2, (6.0, 4.6))
        domain_comparison(adata, condition=str(name), key_added=key_added, ax=axes)
        words = f"{name} against {rows['reference'].iloc[0]}: shares of the domains, and genes that differ."
        words += wording.replicates(rows)
        pictures.append(_picture(axes[0], words))
    return pictures


def _number(adata: AnnData, key_added: str, run: Mapping[str, Any]) -> Picture | None:
    """Draw how clear the number of domains is; None where it was given."""
    curve = run.get("n_domains", {})
    if not curve:
        return None
    ax = n_domains(adata, key_added=key_added, ax=new_axes((7.0, 3.2)))
    words = f"Weight of each number of domains: {int(curve['suggested'])} is suggested."
    return _picture(ax, words)


def _warnings(record: Mapping[str, Any]) -> list[str]:
    """Return the warnings of a run or a comparison; from a file they come as an array."""
    return [str(warning) for warning in np.atleast_1d(record.get("warnings", []))]
