"""What a run takes: memory and time from the size of the data alone, before anything is read.

The memory is counted: what is held at once, at the stage that holds most. The time is a line through the
measurements of ``python -m benchmarks.scale`` on two cores; another machine differs by its speed.
"""

from __future__ import annotations

from dataclasses import dataclass

from spotscape.config import SpotscapeConfig
from spotscape.engine.plan import Plan, make_plan

_NEIGHBORS = 8
"""Of a spot, about: 6 on Visium, 8 on bins, 7 of cells."""
_LIBRARIES_GB = 0.6
_BYTES_STORED = 8
"""Of a count in a sparse matrix: its value and its column."""
_COPIES = 2.5
"""Of the counts, at most: as read, normalised, and what sparse matrices take while they are made."""
_MIXTURES = 20
_WIDE_COLUMNS = 200
"""Numbers for each spot while it is smoothed and grouped, 8 bytes each."""

_SECONDS_AT_LEAST = 25.0
"""Of starting, and of fitting mixtures to a sample."""
_SECONDS_PER_VALUE = 4e-8
"""Of reading, normalising and decomposing, for each stored count and again for each spot and gene."""
_SECONDS_PER_STEP_SPOT = 2e-5
_SECONDS_PER_SPOT = 5e-5
"""Of the spatial graph, of grouping, and of writing."""


@dataclass(frozen=True)
class Estimate:
    """Peak memory in GB, wall time in seconds, and how training would go (None where nothing is trained)."""

    memory_gb: float
    seconds: float
    plan: Plan | None


def estimate_run(
    n_spots: int,
    n_genes: int,
    n_stored: int,
    config: SpotscapeConfig,
    *,
    n_domains: int | None = None,
    backed: bool = False,
) -> Estimate:
    """Estimate a run on a processor with two cores.

    Parameters
    ----------
    n_spots, n_genes, n_stored
        N, the genes of the data, and the counts that are not 0.
    config
        Settings of the run.
    n_domains
        K, or None.
    backed
        Whether the counts stay in their file.
    """
    used = min(n_genes, config.n_top_genes)
    plan = make_plan(n_spots, _NEIGHBORS * n_spots, config) if config.trains else None
    counts = _BYTES_STORED * n_stored
    rank = min(config.expression_rank or used, used)
    factors = 4 * n_spots * rank
    grouping = 8 * n_spots * _WIDE_COLUMNS + 4 * n_spots * _MIXTURES * (n_domains or 12)
    stages = (
        _COPIES * counts,
        (2.0 - backed) * counts + 2 * factors,
        (1.0 - backed) * counts + factors + 1e9 * (plan.step_gb if plan else 0.0),
        (1.0 - backed) * counts + grouping,
    )
    values = n_stored + n_spots * min(used, 1000)
    seconds = (
        _SECONDS_AT_LEAST
        + _SECONDS_PER_VALUE * values
        + (
            _SECONDS_PER_STEP_SPOT * config.epochs * plan.batch_spots * config.hidden_dim / 256
            if plan
            else 0.0
        )
        + _SECONDS_PER_SPOT * n_spots
    )
    return Estimate(_LIBRARIES_GB + max(stages) / 1e9, seconds, plan)
