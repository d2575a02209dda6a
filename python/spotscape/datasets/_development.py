"""``simulate_development``: one tissue at two times, in which domains grow, appear and vanish."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from anndata import AnnData

from spotscape._docs import filled
from spotscape._validate import check_number
from spotscape.datasets._matches import SIMULATION
from spotscape.datasets._one import draw_tissue, simulate_one
from spotscape.datasets._settings import check_settings
from spotscape.datasets._simulate import simulate_slices
from spotscape.datasets._tissue import with_shares

STAGE = "stage"
EARLY, LATE = "early", "late"
_GROWN = 2.0


@filled(like=simulate_slices)
def simulate_development(
    *,
    growth: float = 1.5,
    batch_strength: float = 0.3,
    n_spots: int = 2000,
    n_genes: int = 1000,
    tissue: str = "cortex",
    layout: str = "hexagonal",
    n_domains: int = 7,
    n_markers: int | None = None,
    marker_strength: float = 0.7,
    depth: float | None = None,
    depth_sd: float = 0.5,
    dispersion: float = 0.15,
    dropout: float = 0.1,
    noise: float = 1.0,
    seed: int = 0,
) -> list[AnnData]:
    """Simulate a growing tissue at two times: one domain grows most, one appears, and one vanishes.

    Parameters
    ----------
    growth
        Spots of the late slice as a multiple of those of the early one, 1 to 4.
    batch_strength
        {batch_strength}
    n_spots
        Spots of the early slice.
    n_genes
        Number of genes.
    tissue
        {tissue}
    layout
        {layout}
    n_domains
        Number of domains over both times, 4 to 30.
    n_markers
        {n_markers}
    marker_strength
        {marker_strength}
    depth
        {depth}
    depth_sd
        {depth_sd}
    dispersion
        {dispersion}
    dropout
        {dropout}
    noise
        {noise}
    seed
        {seed}

    Returns
    -------
    list of AnnData
        The early and the late slice, each as from `simulate_slices`, with ``obs["stage"]`` (``"early"`` or
        ``"late"``) and ``uns["simulation"]["development"]``: which domain ``"grew"``, ``"appeared"`` and
        ``"vanished"``.

    Raises
    ------
    InputError
        If an argument is of the wrong type or out of range.

    Examples
    --------
    >>> from spotscape.datasets import simulate_development
    >>> early, late = simulate_development(n_spots=200, n_genes=100)
    >>> early.n_obs, late.n_obs
    (200, 300)
    """
    growth = check_number("growth", growth, 1, 4)
    settings = check_settings(
        n_slices=2,
        batch_strength=batch_strength,
        batch_by_domain=0.0,
        overlap=1.0,
        rotation=0.0,
        flip=False,
        marker_gradients=0.0,
        border_width=0.0,
        hole_share=0.0,
        n_spots=n_spots,
        n_genes=n_genes,
        tissue=tissue,
        layout=layout,
        n_domains=n_domains,
        n_markers=n_markers,
        marker_strength=marker_strength,
        depth=depth,
        depth_sd=depth_sd,
        dispersion=dispersion,
        dropout=dropout,
        noise=noise,
        seed=seed,
        fewest_domains=4,
    )
    anatomy, expression = draw_tissue(settings)
    rng = np.random.default_rng([settings.seed, 7])
    # The outermost and the innermost stay: they are what a tissue is known by.
    inner = [int(domain) for domain in rng.permutation(np.arange(1, settings.n_domains - 1))]
    appeared, vanished = inner[:2]
    grew = inner[2] if len(inner) > 2 else 0
    window = rng.uniform(-0.5, 0.5, size=(20_000, 2))
    shares = np.bincount(anatomy.domains(window), minlength=settings.n_domains) / len(window)
    before, after = shares.copy(), shares.copy()
    before[appeared] = 0
    after[vanished] = 0
    after[grew] *= _GROWN
    larger = replace(settings, n_spots=round(growth * settings.n_spots))
    names = anatomy.names
    record = {"grew": names[grew], "appeared": names[appeared], "vanished": names[vanished]}
    slices = []
    for number, (share, chosen, stage) in enumerate(((before, settings, EARLY), (after, larger, LATE))):
        adata, _ = simulate_one(chosen, with_shares(anatomy, share, window), expression, number)
        adata.obs[STAGE] = stage
        adata.uns[SIMULATION] |= {"growth": growth, "development": record}
        slices.append(adata)
    return slices
