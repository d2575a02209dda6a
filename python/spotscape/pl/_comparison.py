"""``domain_comparison``: how conditions differ, in the sizes of domains and in their genes."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from matplotlib.axes import Axes

from spotscape import _keys
from spotscape._docs import filled
from spotscape._validate import check_choice, check_integer, input_error
from spotscape.pl._dots import draw_dots
from spotscape.pl._figure import as_plain_text, check_save, open_panels, save_figure
from spotscape.pl._palette import PALETTE

SIGNIFICANT = 0.05
"""Adjusted p-values below this get a star."""
_SPREAD = 0.16
_COMPARE_FIRST = "Call spotscape.tl.compare_domains(adata) first."


@filled()
def domain_comparison(
    adata: AnnData,
    *,
    condition: str | None = None,
    n_genes: int = 3,
    key_added: str = _keys.KEY_ADDED,
    ax: Sequence[Axes] | None = None,
    save: str | PathLike[str] | None = None,
) -> list[Axes]:
    """Draw how a condition differs from the reference: shares of the domains, and genes within them.

    The left panel has a point for each slice: the share of its spots in the domain. A bar marks the mean of
    the condition. A star marks shares that differ (adjusted p below 0.05). The right panel has the genes with
    the smallest p-values of each domain; colour is the log2 fold change, size the adjusted p-value.

    Parameters
    ----------
    adata
        Object after `spotscape.tl.compare_domains`; ``uns["<key_added>_comparison"]`` is read, nothing is
        written.
    condition
        The condition to draw against the reference; None: the first one that was compared.
    n_genes
        Genes to draw of each domain, 1 or more.
    key_added
        {key_added}
    ax
        Two axes to draw on; new ones by default (see `spotscape.pl.spatial_domains`).
    save
        {save}

    Returns
    -------
    list of matplotlib.axes.Axes
        The two panels.

    Raises
    ------
    InputError
        If the object holds no comparison, ``condition`` was not compared, ``n_genes`` is no integer >= 1, or
        ``save`` cannot be written.

    Examples
    --------
    >>> import spotscape
    >>> from matplotlib.figure import Figure
    >>> slices = spotscape.datasets.simulate_slices(n_slices=4, n_spots=120, n_genes=60, n_domains=3)
    >>> for one, condition in zip(slices, ("control", "control", "case", "case")):
    ...     one.obs["condition"] = condition
    >>> adata = spotscape.tl.integrate_slices(
    ...     slices, n_domains=3, condition_key="condition", progress=False
    ... )
    >>> spotscape.tl.compare_domains(adata, reference="control")
    >>> left, right = spotscape.pl.domain_comparison(adata, ax=Figure().subplots(1, 2))
    >>> left.get_ylabel()
    'share of the spots of a slice'
    """
    check_save(save)
    n_genes = check_integer("n_genes", n_genes, 1)
    tables = read_comparison(adata, key_added)
    compared = tuple(str(name) for name in tables["composition"][_keys.CONDITION].unique())
    condition = compared[0] if condition is None else check_choice(_keys.CONDITION, condition, compared)
    chosen = {name: _of_condition(tables[name], condition) for name in ("composition", "genes")}
    left, right = open_panels(ax, save, 2, (6.0, 4.6))
    _draw_shares(left, tables["shares"], chosen["composition"])
    _draw_genes(right, chosen["genes"], list(chosen["composition"]["domain"]), n_genes)
    save_figure(left, save)
    return [left, right]


def read_comparison(adata: AnnData, key_added: str) -> dict[str, Any]:
    """Return the tables of a comparison."""
    key = _keys.comparison(key_added)
    if key not in adata.uns:
        raise input_error(f"adata.uns[{key!r}]", "nothing", "a comparison of conditions", _COMPARE_FIRST)
    return dict(adata.uns[key])


def _of_condition(table: pd.DataFrame, condition: str) -> pd.DataFrame:
    return table[table[_keys.CONDITION].astype(str) == condition]


def _draw_shares(ax: Axes, shares: pd.DataFrame, composition: pd.DataFrame) -> None:
    """Draw each slice's share of each domain, reference and condition side by side."""
    domains = [str(name) for name in composition["domain"]]
    pair = [str(composition[name].iloc[0]) for name in ("reference", _keys.CONDITION)]
    for side, (condition, color) in enumerate(zip(pair, PALETTE, strict=False)):
        rows = _of_condition(shares, condition)
        for place, domain in enumerate(domains):
            values = rows.loc[rows["domain"].astype(str) == domain, "share"].to_numpy()
            x = place + (2 * side - 1) * _SPREAD
            label = condition if place == 0 else None
            ax.scatter(np.full(len(values), x), values, color=color, s=26, alpha=0.8, label=label, zorder=3)
            ax.hlines(values.mean(), x - _SPREAD * 0.8, x + _SPREAD * 0.8, color=color, linewidth=2.2)
    top = ax.get_ylim()[1]
    for place, adjusted in enumerate(composition["p_adjusted"]):
        if adjusted < SIGNIFICANT:
            ax.text(place, top, "*", ha="center", va="bottom", fontsize=15)
    ax.set_ylim(-0.02 * top, top * 1.1)
    ax.set_xticks(range(len(domains)), domains)
    ax.set_xlabel("domain")
    ax.set_ylabel("share of the spots of a slice")
    ax.spines[["top", "right"]].set_visible(False)
    legend = ax.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, 1.16), ncols=2)
    as_plain_text([*legend.get_texts(), *ax.get_xticklabels()])


def _draw_genes(ax: Axes, genes: pd.DataFrame, domains: list[str], n_genes: int) -> None:
    """Draw the first genes of each domain over all domains."""
    first = genes.groupby("domain", sort=False, observed=True).head(n_genes)
    names = list(dict.fromkeys(first.sort_values("domain", kind="stable")["gene"].astype(str)))
    if not names:
        ax.text(0.5, 0.5, "no genes were compared", ha="center", va="center", transform=ax.transAxes)
        ax.set_axis_off()
        return
    shown = genes[genes["gene"].astype(str).isin(names)]
    draw_dots(
        ax,
        x=[domains.index(str(domain)) for domain in shown["domain"]],
        y=[names.index(str(gene)) for gene in shown["gene"]],
        change=shown["log2_fold_change"].to_numpy(dtype=float),
        p_adjusted=shown["p_adjusted"].to_numpy(dtype=float),
        domains=domains,
        rows=names,
        label="log2 fold change",
    )
