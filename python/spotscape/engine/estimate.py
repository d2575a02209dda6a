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
_LIBRARIES_GB = 0.5
_BYTES_STORED = 8
"""Of a count in a sparse matrix: its value and its column."""
_COPIES = 2.5
"""Of the counts of few spots, at most: as read, as expression, and what sparse matrices take in between."""
_COPIES_STREAMED = 1.0
"""Of the counts of many spots that are in memory: expression is made of some rows at a time."""
_MANY_SPOTS = 50_000
_BLOCK_STORED = 2**22
_BYTES_IN_BLOCK = 20
"""Of a count in the rows that are looked at."""
_BYTES_GRAPH_MADE = 900
"""Of a spot while its neighbours are found."""
_BYTES_GRAPH = 400
"""Of a spot afterwards: its edges, their lengths, the mean over them, its name and place."""
_SAMPLED = 600_000
"""Spots of the largest sample, neighbours among them."""
_COPIES_OF_SCORES = 1.3
_COPIES_OF_FEW = 8
"""Of scores, where all spots have some: a randomised SVD holds several of them in double precision."""
_MIXTURES = 20

_SECONDS_AT_LEAST = 12.5
"""Of starting, and of fitting mixtures to a sample."""
_SECONDS_PER_VALUE = 3e-8
"""Of reading, normalising and decomposing, for each stored count and again for each spot and gene."""
_SECONDS_PER_STEP_SPOT = 2e-5
_SECONDS_PER_SPOT = 1.1e-5
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
    scores = 4.0 * rank * min(n_spots, _SAMPLED)
    if n_spots > _MANY_SPOTS:
        held, scores = _COPIES_STREAMED * counts, _COPIES_OF_SCORES * scores
        scores += _BYTES_IN_BLOCK * min(n_stored, _BLOCK_STORED)
    else:
        held, scores = _COPIES * counts, _COPIES_OF_FEW * scores
    held *= 1.0 - (backed and n_spots > _MANY_SPOTS)
    stages: list[float] = [
        _BYTES_GRAPH_MADE * n_spots,
        _BYTES_GRAPH * n_spots + scores,
        _BYTES_GRAPH * n_spots + 8 * n_spots * (n_domains or _MIXTURES),
    ]
    if plan:
        factors = 4 * n_spots * rank
        stages.append(_BYTES_GRAPH * n_spots + 2 * factors + counts + 1e9 * plan.step_gb)
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
    return Estimate(_LIBRARIES_GB + (held + max(stages)) / 1e9, seconds, plan)
