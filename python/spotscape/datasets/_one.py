"""One slice of a simulated tissue: what all slices share, and what is drawn for each."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray

from spotscape._keys import GROUND_TRUTH, SLICE, SPATIAL
from spotscape.datasets._expression import Expression, draw_counts, draw_spots, make_expression
from spotscape.datasets._layout import UNIT, Layout, Pose, lay_out, missing_spots, tissue_side
from spotscape.datasets._matches import SIMULATION
from spotscape.datasets._settings import Settings
from spotscape.datasets._tissue import Tissue, count_rare, make_tissue

# First entry of a random stream's key after the seed: tissue and genes, a slice's spots, counts, batch, what
# differs between conditions, and where a slice has holes.
_TISSUE, _SPOTS, _COUNTS, _BATCH, CHANGES_STREAM, _HOLES = range(6)
_BATCH_SD = 0.3


def draw_tissue(settings: Settings) -> tuple[Tissue, Expression]:
    """Draw what all slices share: where the domains lie, and what is expressed in them."""
    rng = np.random.default_rng([settings.seed, _TISSUE])
    anatomy = make_tissue(settings.tissue, settings.n_domains, rng)
    expression = make_expression(
        settings.n_genes,
        settings.n_domains,
        count_rare(settings.tissue, settings.n_domains),
        settings.n_markers,
        settings.marker_strength,
        settings.noise,
        settings.marker_gradients,
        rng,
    )
    return anatomy, expression


def simulate_one(
    settings: Settings, anatomy: Tissue, expression: Expression, number: int
) -> tuple[AnnData, Layout]:
    """Simulate slice ``number`` (0 is the reference) of a given tissue."""
    rng = np.random.default_rng([settings.seed, _SPOTS, number])
    spots = lay_out(settings.n_spots, settings.layout, _pose(settings, number, rng), rng)
    position = spots.tissue / tissue_side(settings.n_spots, settings.layout)
    mixture = anatomy.mixture(position, settings.border_width)
    domain = anatomy.domains(position)
    depth_factor, batch = _batch(settings, number, len(expression.domain_effect))
    latent = draw_spots(expression, mixture, position, settings.depth * depth_factor, settings.depth_sd, rng)
    stream = [settings.seed, _COUNTS, number]
    counts = draw_counts(expression, latent, batch, settings.dispersion, settings.dropout, stream)
    obs = _obs(settings, anatomy, spots, domain, number)
    if settings.hole_share > 0:
        damage = np.random.default_rng([settings.seed, _HOLES, number])
        kept = ~missing_spots(spots.array, settings.hole_share, damage)
        counts, obs, spots = counts[kept], obs[kept], spots.part(kept)
    adata = AnnData(counts, obs=obs, var=_var(anatomy, expression))
    adata.obsm[SPATIAL] = (spots.array - spots.corner) * UNIT[settings.layout]
    adata.uns[SIMULATION] = asdict(settings)
    return adata, spots


def _batch(settings: Settings, number: int, n_domains: int) -> tuple[float, NDArray[np.float64]]:
    """Batch effect of slice ``number``: factor on its depth, and addend to the log of each domain's genes."""
    rng = np.random.default_rng([settings.seed, _BATCH, number])
    scale = _BATCH_SD * settings.batch_strength if number else 0.0
    depth_factor = float(np.exp(rng.normal(scale=scale)))
    shared = rng.normal(scale=scale, size=settings.n_genes)
    own = rng.normal(scale=scale * settings.batch_by_domain, size=(n_domains, settings.n_genes))
    return depth_factor, shared + own


def _pose(settings: Settings, number: int, rng: np.random.Generator) -> Pose:
    """Where slice ``number`` lies; a shift below one spot keeps its array from coinciding with the first."""
    if number == 0:
        return Pose.place(0.0, False, np.zeros(2))
    sideways = (1 - settings.overlap) * tissue_side(settings.n_spots, settings.layout)
    offset = np.array([sideways if number % 2 else -sideways, 0.0]) + rng.uniform(-0.5, 0.5, size=2)
    return Pose.place(number * settings.rotation, settings.flip, offset)


def _obs(
    settings: Settings, anatomy: Tissue, spots: Layout, domain: NDArray[np.int64], number: int
) -> pd.DataFrame:
    """Annotation of the spots of one slice."""
    name = f"{SLICE}{number + 1}"
    width = len(str(settings.n_spots))
    obs = pd.DataFrame(index=[f"{name}_{i:0{width}d}" for i in range(1, settings.n_spots + 1)])
    if spots.index is not None:
        row, column = (spots.index - spots.index.min(axis=0)).T
        if settings.layout == "hexagonal" and (row[0] + column[0]) % 2:
            column = column + 1
        obs["in_tissue"], obs["array_row"], obs["array_col"] = 1, row, column
    obs[SLICE] = pd.Categorical([name] * settings.n_spots)
    obs[GROUND_TRUTH] = pd.Categorical.from_codes(domain, categories=list(anatomy.names))
    return obs


def _var(anatomy: Tissue, expression: Expression) -> pd.DataFrame:
    """Annotation of the genes of a tissue."""
    n_genes = len(expression.marker_domain)
    width = len(str(n_genes))
    var = pd.DataFrame(index=[f"gene{i:0{width}d}" for i in range(1, n_genes + 1)])
    var["marker"] = expression.marker_domain >= 0
    var["marker_domain"] = pd.Categorical.from_codes(expression.marker_domain, categories=list(anatomy.names))
    return var
