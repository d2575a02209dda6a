"""The labelled slices: found through SPOTSCAPE_DATA, never shipped."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import anndata as ad

DLPFC = ("dlpfc_151673", "dlpfc_151674", "dlpfc_151675")
STARMAP = ("starmap_mpfc_BZ5", "starmap_mpfc_BZ9", "starmap_by3")


def _place_of(name: str) -> Path:
    repository = Path(__file__).resolve().parents[1]
    folder = Path(os.environ.get("SPOTSCAPE_DATA", repository.parent / "shared" / "data"))
    return folder / f"{name}.h5ad"


def at_hand(name: str) -> bool:
    """Tell whether a slice is there."""
    return _place_of(name).exists()


def path_of(name: str) -> Path:
    """Return where a slice is, or end the program with what to do."""
    path = _place_of(name)
    if not path.exists():
        sys.exit(f"{path.name} is not there. Set SPOTSCAPE_DATA to the folder that holds the slices.")
    return path


def read(name: str) -> tuple[ad.AnnData, int]:
    """Return a slice and its number of labelled domains (K is given in this protocol)."""
    adata = ad.read_h5ad(path_of(name))
    return adata, adata.obs["ground_truth"].nunique()
