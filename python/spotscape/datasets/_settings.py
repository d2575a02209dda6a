"""The arguments of a simulation: checked, and the defaults that depend on others filled in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spotscape._validate import check_choice, check_integer, check_number, describe, input_error
from spotscape.datasets._layout import LAYOUTS
from spotscape.datasets._tissue import TISSUES


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Checked arguments, with the defaults that depend on others filled in."""

    n_spots: int
    n_genes: int
    tissue: str
    layout: str
    n_domains: int
    n_markers: int
    marker_strength: float
    depth: float
    depth_sd: float
    dispersion: float
    dropout: float
    noise: float
    marker_gradients: float
    seed: int
    n_slices: int
    batch_strength: float
    batch_by_domain: float
    overlap: float
    rotation: float
    flip: bool
    border_width: float
    hole_share: float


def check_settings(
    *,
    n_genes: Any,
    n_domains: Any,
    n_markers: Any,
    depth: Any,
    flip: Any,
    n_more_domains: int = 0,
    n_free: int = 0,
    fewest_domains: int = 2,
    **others: Any,
) -> Settings:
    """Return the checked arguments of a simulation.

    ``n_more_domains`` need markers of their own as well; ``n_free`` genes mark nothing unless so many markers
    are asked for.
    """
    n_domains = check_integer("n_domains", n_domains, fewest_domains, 30)
    n_genes = check_integer("n_genes", n_genes, max(10, n_domains + n_more_domains))
    if not isinstance(flip, bool | np.bool_):
        raise input_error("flip", describe(flip), "True or False")
    return Settings(
        n_spots=check_integer("n_spots", others["n_spots"], 10),
        n_genes=n_genes,
        tissue=check_choice("tissue", others["tissue"], TISSUES),
        layout=check_choice("layout", others["layout"], LAYOUTS),
        n_domains=n_domains,
        n_markers=_check_markers(n_markers, n_genes, n_domains + n_more_domains, n_free),
        marker_strength=check_number("marker_strength", others["marker_strength"], 0, 5),
        depth=max(200.0, 0.3 * n_genes) if depth is None else check_number("depth", depth, 1),
        depth_sd=check_number("depth_sd", others["depth_sd"], 0, 3),
        dispersion=check_number("dispersion", others["dispersion"], 0, 10),
        dropout=check_number("dropout", others["dropout"], 0, 1),
        noise=check_number("noise", others["noise"], 0, 5),
        marker_gradients=check_number("marker_gradients", others["marker_gradients"], 0, 2),
        seed=check_integer("seed", others["seed"], 0),
        n_slices=check_integer("n_slices", others["n_slices"], 1),
        batch_strength=check_number("batch_strength", others["batch_strength"], 0, 5),
        batch_by_domain=check_number("batch_by_domain", others["batch_by_domain"], 0, 5),
        overlap=check_number("overlap", others["overlap"], 0.05, 1),
        rotation=check_number("rotation", others["rotation"], -360, 360),
        flip=bool(flip),
        border_width=check_number("border_width", others["border_width"], 0, 1),
        hole_share=check_number("hole_share", others["hole_share"], 0, 0.3),
    )


def _check_markers(n_markers: int | None, n_genes: int, n_domains: int, n_free: int) -> int:
    """Markers per domain: as asked, or 3 % of the genes but at least 15, as far as the genes suffice."""
    most = n_genes // n_domains
    if n_markers is None:
        return min((n_genes - n_free) // n_domains, max(15, round(0.03 * n_genes)))
    return check_integer("n_markers", n_markers, 0, most, "Markers of different domains are different genes.")
