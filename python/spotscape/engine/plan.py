"""How a tissue is taken in training: whole at every step, or by batches of tiles, from what a step may hold.

An estimate, not a measurement: the values that a step keeps for its gradient, counted from the widths of the
layers. It looks at the tissue and the settings alone, not at what is free on the machine, so that the same
call gives the same result anywhere. The default of ``batch_memory`` keeps the widest arrays of a batch below
the 32 MB up to which the system's allocator hands memory out again instead of returning it: on two cores a
spot takes a fifth less time then than in batches half as large again.
"""

from __future__ import annotations

from dataclasses import dataclass

from spotscape.config import SpotscapeConfig

_BYTES = 4
_WIDE, _WIDE_SHARED, _NARROW = 7, 6, 8
"""Arrays of the hidden width for each view and for both, and of the latent width for each view."""
_BYTES_PER_EDGE = 160
"""Masks, weights and index arrays of both views."""
_HALO = 1.35
"""Spots in a batch of tiles with their halo, as a multiple of its own."""
_TILES_PER_BATCH = 24
_SMALLEST_TILE, _LARGEST_TILE = 32, 1024


@dataclass(frozen=True)
class Plan:
    """What a step of training takes.

    Parameters
    ----------
    n_spots
        N, of the tissue.
    batch_spots
        Spots whose losses a step sums over: N, or fewer with tiles.
    tile_size
        Spots in a tile, at most; 0 where there are no tiles.
    step_gb
        Estimate of the memory that a step takes, in GB.
    whole_gb
        The same for a step over the whole tissue.
    """

    n_spots: int
    batch_spots: int
    tile_size: int
    step_gb: float
    whole_gb: float

    @property
    def by_tiles(self) -> bool:
        """Whether there are tiles."""
        return self.tile_size > 0

    def describe(self) -> str:
        """Say it in one line."""
        if not self.by_tiles:
            return f"training on all {self.n_spots:,} spots at once (about {self.step_gb:.1f} GB a step)"
        return (
            f"training by tiles, {self.batch_spots:,} of {self.n_spots:,} spots a step "
            f"(about {self.step_gb:.1f} GB; all at once would take {self.whole_gb:.1f} GB)"
        )


def make_plan(n_spots: int, n_edges: int, config: SpotscapeConfig, *, n_processes: int = 1) -> Plan:
    """Choose between the whole tissue and tiles.

    Parameters
    ----------
    n_spots, n_edges
        N, and directed edges among the spots.
    config
        Settings of the run: ``batch_spots`` and ``batch_memory`` decide.
    n_processes
        How many share the tiles of a batch; several always work by tiles.
    """
    spot = _bytes_per_spot(n_edges / n_spots, config) / 1e9
    whole = spot * n_spots
    asked = config.batch_spots
    if asked is None:
        asked = n_spots if whole <= config.batch_memory else int(config.batch_memory / (spot * _HALO))
    batch = n_spots if asked == 0 else min(n_spots, max(asked, min(n_spots, 2 * _SMALLEST_TILE)))
    if batch == n_spots and n_processes == 1:
        return Plan(n_spots, n_spots, 0, whole, whole)
    most = batch // max(_TILES_PER_BATCH, n_processes)
    size = min(_LARGEST_TILE, max(_SMALLEST_TILE, most), max(1, n_spots // n_processes))
    return Plan(n_spots, batch, size, spot * _HALO * batch, whole)


def _bytes_per_spot(degree: float, config: SpotscapeConfig) -> float:
    """Return what a step holds for each spot, until its gradient has been taken."""
    values = 2 * (_WIDE * config.hidden_dim + _NARROW * config.latent_dim) + _WIDE_SHARED * config.hidden_dim
    return _BYTES * (values + config.expression_rank) + _BYTES_PER_EDGE * (degree + 1)
