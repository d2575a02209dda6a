"""What ``spotscape run --dry-run`` says: sizes read from the files, and what a run of them would take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from spotscape.config import SpotscapeConfig

if TYPE_CHECKING:
    from anndata import AnnData

_BYTES_STORED = 8
"""Of a count in a file: its value and its column."""


def describe_run(
    paths: dict[str, Path], config: SpotscapeConfig, n_domains: int | None, *, backed: bool
) -> str:
    """Say in words how large the data are, what a run would take, and how training would go."""
    from spotscape.cli._sources import read_slices
    from spotscape.engine.estimate import estimate_run
    from spotscape.io.platforms import size_to_back
    from spotscape.io.spatial_data import is_spatialdata

    n_spots = n_stored = disk = 0
    n_genes: list[int] = []
    for name, path in paths.items():
        size = size_to_back(path) if backed else None
        if size is not None:
            n_spots, n_stored, disk = n_spots + size.n_rows, n_stored + size.n_stored, disk + size.disk
            n_genes.append(size.n_genes)
            continue
        on_disk = path.suffix.lower() in (".h5ad", ".zarr") and not is_spatialdata(path)
        for slice_ in read_slices({name: path}, backed=on_disk).values():
            n_spots += slice_.n_obs
            n_stored += _stored(slice_)
            n_genes.append(slice_.n_vars)
    if backed and len(n_genes) > 1:  # joined in a file
        disk += _BYTES_STORED * n_stored
    found = estimate_run(
        n_spots,
        min(n_genes),
        n_stored,
        config,
        n_domains=n_domains,
        backed=backed,
    )
    minutes = max(1, round(found.seconds / 60))
    return "\n".join(
        [
            f"{n_spots:,} spots x {min(n_genes):,} genes, {n_stored:,} counts in {len(n_genes)} slice(s)",
            f"memory: about {found.memory_gb:.1f} GB at most",
            *(
                [f"disk:   at most {disk / 1e9:.3g} GB more for counts, beside OUT, while it runs"]
                if disk
                else []
            ),
            f"time:   about {minutes} min on two cores",
            "nothing is trained" if found.plan is None else found.plan.describe(),
        ]
    )


def _stored(adata: AnnData) -> int:
    """Return how many counts are stored, without reading them where they are in a file."""
    matrix = adata.X if adata.X is not None else next(iter(adata.layers.values()), None)
    if matrix is None:
        return 0
    if hasattr(matrix, "group"):  # anndata's view of a sparse matrix in a file
        return int(matrix.group["indptr"][-1])
    return int(matrix.nnz if hasattr(matrix, "nnz") else matrix.shape[0] * matrix.shape[1])
