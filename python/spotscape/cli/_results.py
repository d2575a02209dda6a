"""What the shell shows and draws of a run."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spotscape import _keys
from spotscape._words import scale

if TYPE_CHECKING:
    from anndata import AnnData


def write_report(adata: AnnData, path: Path, spatial_key: str, seed: int, composition: Any = None) -> None:
    """Write the page about a run, beside known labels where the object has them."""
    from spotscape import pl

    truth = truth_key(adata)
    pl.report(adata, path, spatial_key=spatial_key, truth_key=truth, composition=composition, seed=seed)


def write_figures(adata: AnnData, folder: Path, spatial_key: str, seed: int) -> list[Path]:
    """Write one PNG for each figure: of the run, and the true labels where there are some."""
    from spotscape import pl

    folder.mkdir(exist_ok=True)
    drawings: dict[str, Callable[..., object]] = {
        "domains.png": partial(pl.spatial_domains, spatial_key=spatial_key),
        "embedding.png": partial(pl.embedding, seed=seed),
    }
    run = adata.uns[_keys.parameters()]
    if "losses" in run:
        drawings["losses.png"] = pl.loss_history
    if "n_domains" in run:
        drawings["n_domains.png"] = pl.n_domains
    if truth := truth_key(adata):
        drawings[f"{truth}.png"] = partial(pl.spatial_domains, color=truth, spatial_key=spatial_key)
    if _keys.comparison() in adata.uns:
        drawings["conditions.png"] = pl.domain_comparison
    for name, draw in drawings.items():
        draw(adata, save=folder / name)
    return [folder / name for name in drawings]


def summary_of(adata: AnnData, chosen: bool) -> str:
    """Say what was found, in words for a person."""
    domains = adata.obs[_keys.domain()]
    sizes = domains.value_counts().reindex(domains.cat.categories)
    how = "as asked" if chosen else "number suggested from the data"
    lines = [
        f"{adata.n_obs:,} spots x {adata.n_vars:,} genes: {len(sizes)} spatial domains ({how})",
        "  domain   spots   share",
    ]
    lines += [f"  {name:>6} {size:>7,} {size / adata.n_obs:>7.1%}" for name, size in sizes.items()]
    record = adata.uns[_keys.parameters()]
    lines += [scale(record)] if "scale" in record else []
    integration = record.get("integration")
    if integration:
        n_slices, mixing = len(integration["slices"]), integration["mixing"]
        lines.append(f"{n_slices} slices in one space: their spots mix at {mixing:.2f} of what chance gives")
    if _keys.comparison() in adata.uns:
        lines += compared(adata)
    if _keys.GROUND_TRUTH in adata.obs:
        from spotscape.metrics import adjusted_rand_index

        score = adjusted_rand_index(adata.obs[_keys.GROUND_TRUTH], domains)
        lines.append(
            f"Agreement with obs[{_keys.GROUND_TRUTH!r}]: ARI {score:.2f} (1 is perfect, 0 is chance)"
        )
    return "\n".join(lines)


def compared(adata: AnnData) -> list[str]:
    """Say how the conditions differ, a line for each one compared."""
    tables = adata.uns[_keys.comparison()]
    composition, genes = tables["composition"], tables["genes"]
    lines = []
    for condition, rows in composition.groupby(_keys.CONDITION, observed=True):
        of_it = genes[genes[_keys.CONDITION] == condition]
        n_sizes, n_genes = (int((table["p_adjusted"] < 0.05).sum()) for table in (rows, of_it))
        lines.append(
            f"{condition} against {tables['reference']}: {n_sizes} of {len(rows)} domains differ in "
            f"size, and {n_genes:,} of {len(of_it):,} tested pairs of gene and domain (adjusted p < 0.05)"
        )
    return lines


def truth_key(adata: AnnData) -> str | None:
    """Return the column of known labels that simulated and benchmark slices have; a run never reads it."""
    return _keys.GROUND_TRUTH if _keys.GROUND_TRUTH in adata.obs else None
