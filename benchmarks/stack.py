"""Ten sections in one volume: one torn, one missing, each turned, shifted and at times turned over.

    python -m benchmarks.stack                              both tissues, five seeds (about half an hour)
    python -m benchmarks.stack --tissues cortex --seeds 0   one of them, one seed

Sections are simulated (`datasets.simulate_slices`, 2,000 spots, 1,000 genes, batch effects, 90 % overlap), so
that it is known where each spot belongs in the frame of the first. Of the fifth a third is torn off, moved by
eight spot distances and turned by 20 degrees. The seventh is missing. The error is that of all spots but
those torn off, in spot distances.

*joint* is `tl.align_stack` as it is; *chain* is the same pairwise motions one after the other (``skips=1``).
With ``--bent`` each section is also bent by up to three spot distances, and *nonrigid* stands beside them.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd

from benchmarks import _machine
from benchmarks.downstream import bumps
from spotscape import datasets, tl
from spotscape._validate import SpotscapeWarning

N_SECTIONS, TORN, MISSING = 10, 4, 6
SPACING = 137.0
WAYS: dict[str, dict[str, Any]] = {"chain": {"skips": 1}, "joint": {}}
Row = dict[str, Any]


def sections(tissue: str, seed: int, bent: bool) -> dict[str, ad.AnnData]:
    """Return the sections, with where each spot belongs in ``obsm["true"]`` (NaN where it is torn off)."""
    rng = np.random.default_rng(seed)
    made = datasets.simulate_slices(
        n_slices=N_SECTIONS,
        n_spots=2000,
        n_genes=1000,
        tissue=tissue,
        overlap=0.9,
        rotation=rng.uniform(-40, 40),
        flip=True,
        seed=seed,
    )
    for number, adata in enumerate(made):
        there = adata.obsm["spatial"].copy()
        if number:
            motion = adata.uns["simulation"]["transform"]
            there = there @ motion["matrix"].T + motion["offset"]
            if bent:
                field = bumps(adata.obsm["spatial"], rng)
                adata.obsm["spatial"] = adata.obsm["spatial"] + 3 * SPACING * field
            if number == TORN:
                off = tear(adata.obsm["spatial"], rng)
                there[off] = np.nan
            adata.obsm["spatial"] = moved(adata.obsm["spatial"], rng, bool(rng.integers(2)))
        adata.obsm["true"] = there
    return {f"section{number}": adata for number, adata in enumerate(made) if number != MISSING}


def tear(xy: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Move a third of the spots, on one side, in place; return which."""
    angle = rng.uniform(0, 2 * np.pi)
    along = xy @ [np.cos(angle), np.sin(angle)]
    off: np.ndarray = along > np.quantile(along, 2 / 3)
    shift = 8 * SPACING * np.array([np.cos(angle), np.sin(angle)])
    xy[off] = turned(xy[off], np.radians(20)) + shift
    return off


def moved(xy: np.ndarray, rng: np.random.Generator, over: bool) -> np.ndarray:
    """Return places turned and shifted at random, and turned over where asked for."""
    places = xy * [-1, 1] if over else xy
    return turned(places, rng.uniform(0, 2 * np.pi)) + rng.uniform(-20, 20, 2) * SPACING


def turned(xy: np.ndarray, angle: float) -> np.ndarray:
    """Return places turned about their middle."""
    c, s = np.cos(angle), np.sin(angle)
    centre = xy.mean(axis=0)
    return (xy - centre) @ np.array([[c, s], [-s, c]]) + centre


def integrated(tissue: str, seed: int, bent: bool, cache: Path | None) -> ad.AnnData:
    """Return all sections in one space, with where their spots belong; kept in a folder if there is one."""
    path = cache and cache / f"{tissue}{seed}{'_bent' if bent else ''}.h5ad"
    if path and path.exists():
        return ad.read_h5ad(path)
    parts = sections(tissue, seed, bent)
    adata = tl.integrate_slices(parts, n_domains=7, seed=seed, progress=False)
    adata.obsm["true"] = np.concatenate([part.obsm["true"] for part in parts.values()])
    if path:
        adata.write_h5ad(path)
    return adata


def errors(tissue: str, seed: int, bent: bool, cache: Path | None) -> Iterator[Row]:
    """Return how far off the spots are, by each way."""
    adata = integrated(tissue, seed, bent, cache)
    order = [f"section{number}" if number != MISSING else None for number in range(N_SECTIONS)]
    ways = WAYS | ({"nonrigid": {"transform": "nonrigid"}} if bent else {})
    for way, arguments in ways.items():
        start = time.process_time()
        tl.align_stack(adata, order=order, thickness=SPACING, seed=seed, **arguments)
        seconds = time.process_time() - start
        off = np.linalg.norm(adata.obsm["spatial_3d"][:, :2] - adata.obsm["true"], axis=1) / SPACING
        of_sections = pd.Series(off).groupby(adata.obs["slice"].to_numpy()).median()
        placed = ~np.isnan(adata.obsm["spatial_3d"][:, 0])
        yield {
            "tissue": tissue + (", bent" if bent else ""),
            "way": way,
            "median error": float(np.nanmedian(off)),
            "of the worst section": float(of_sections.max()),
            "of the torn section": float(of_sections[f"section{TORN}"]),
            "sections placed": int(adata.obs["slice"][placed].nunique()),
            "seconds of processor": seconds,
        }


def main() -> None:
    """Run the parts asked for and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tissues", nargs="+", default=["tumour", "cortex"])
    parser.add_argument("--seeds", nargs="+", type=int, default=list(range(5)))
    parser.add_argument("--bent", action="store_true")
    parser.add_argument("--cache", type=Path, help="a folder that integrated sections are kept in")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", SpotscapeWarning)
    print(_machine.describe())
    rows = []
    for tissue in arguments.tissues:
        for seed in arguments.seeds:
            for row in errors(tissue, seed, arguments.bent, arguments.cache):
                rows.append(row | {"seed": seed})
                print("  ".join(f"{value:.3g}" if isinstance(value, float) else str(value)
                                for value in rows[-1].values()), flush=True)  # fmt: skip
    table = pd.DataFrame(rows).drop(columns="seed").groupby(["tissue", "way"], sort=False)
    cells = table.mean().round(2).astype(str) + " +- " + table.std().round(2).astype(str)
    print(cells.reset_index().to_markdown(index=False))


if __name__ == "__main__":
    main()
