"""Simulated tissues of several kinds and sizes, each one tissue: its seed does not change with a run's."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from anndata import AnnData

from spotscape.datasets import simulate_slice

TISSUE_SEED = 7


def _simulate(seed: int, **settings: Any) -> AnnData:
    return simulate_slice(seed=seed, **settings)


TISSUES: dict[str, Callable[[int], AnnData]] = {
    "cortex": partial(_simulate, n_spots=2000),
    "cortex_cells_100_genes": partial(_simulate, n_spots=1500, n_genes=100, n_domains=5, layout="cells"),
    "tumour": partial(_simulate, tissue="tumour", n_spots=2000, n_domains=5),
    "tumour_bins": partial(
        _simulate, tissue="tumour", n_spots=1600, n_genes=1000, n_domains=6, layout="square"
    ),
    "tumour_cells": partial(
        _simulate, tissue="tumour", n_spots=1200, n_genes=300, n_domains=4, layout="cells"
    ),
    "gradient": partial(_simulate, n_spots=1500, n_domains=5, border_width=0.3),
    "gradient_cells": partial(
        _simulate, n_spots=1500, n_genes=300, n_domains=4, border_width=0.3, layout="cells"
    ),
    "rare": partial(_simulate, tissue="rare", n_spots=2000, n_domains=6),
    "rare_cells": partial(_simulate, tissue="rare", n_spots=2000, n_genes=300, n_domains=6, layout="cells"),
    "hole": partial(_simulate, n_spots=2000, n_domains=6, hole_share=0.25),
    "hole_tumour_bins": partial(
        _simulate, tissue="tumour", n_spots=1500, n_genes=500, hole_share=0.25, n_domains=5, layout="square"
    ),
    "varied": partial(_simulate, n_spots=2000, marker_gradients=0.25),
    "varied_tumour": partial(_simulate, tissue="tumour", n_spots=2000, n_domains=5, marker_gradients=0.25),
    "varied_cells": partial(
        _simulate, n_spots=1200, n_genes=300, n_domains=5, layout="cells", marker_gradients=0.25
    ),
}
"""By name, a function from the tissue's seed; ``ground_truth`` holds its domains."""
