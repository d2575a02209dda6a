"""Which spots of two slices belong together, where that is known: right matches, errors, time, memory.

    python -m benchmarks.matching                               every part, five seeds
    python -m benchmarks.matching --parts pseudo_spots --seeds 0
    python -m benchmarks.peer_sets sets                         sets for other methods: see peer_match.py

No two slices share molecules: where both are made of one tissue, each count is split binomially, and each
slice gets one half. "domains" matches by the run's embedding, "matching" by what `align_slices` makes itself.
"""

from __future__ import annotations

import argparse
import resource
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse

from benchmarks.downstream import Row, read, run_parts, spot_distance, transferred, turned
from spotscape import datasets, metrics, tl
from spotscape._validate import SpotscapeWarning

BY = ("domains", "matching")


def split(cells: ad.AnnData, rng: np.random.Generator) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """Return two halves of the counts that share no molecule."""
    whole = sparse.csr_matrix(cells.X).astype("float32")
    one = whole.copy()
    one.data = rng.binomial(whole.data.astype(int), 0.5).astype("float32")
    return one, sparse.csr_matrix(whole - one)


def cells_and_spots(cells: ad.AnnData, seed: int) -> tuple[ad.AnnData, ad.AnnData]:
    """Return cells, and pseudo-spots of about ten with half the genes, turned; ``obs["bin"]`` in both."""
    rng = np.random.default_rng(seed)
    one, other = split(cells, rng)
    xy = cells.obsm["spatial"] - cells.obsm["spatial"].min(axis=0)
    side = np.sqrt(np.ptp(xy[:, 0]) * np.ptp(xy[:, 1]) * 10 / cells.n_obs)
    bins, number = np.unique(xy // side, axis=0, return_inverse=True)
    member = sparse.csr_matrix((np.ones(cells.n_obs), (number.ravel(), np.arange(cells.n_obs))))
    genes = np.sort(rng.permutation(cells.n_vars)[: cells.n_vars // 2])
    fine = ad.AnnData(one, var=cells.var[[]], obsm={"spatial": xy}, obs={"bin": number.ravel()})
    coarse = ad.AnnData(sparse.csr_matrix(member @ other)[:, genes].astype("float32"))
    coarse.var_names = cells.var_names[genes]
    middle = (bins + 0.5) * side
    coarse.obsm["spatial"], coarse.obsm["true"] = turned(middle, rng), middle
    coarse.obs["bin"] = np.arange(len(bins))
    fine.obs_names = [f"cell{i}" for i in range(fine.n_obs)]
    coarse.obs_names = [f"bin{i}" for i in range(coarse.n_obs)]
    return fine, coarse


def two_halves(cells: ad.AnnData, seed: int) -> tuple[ad.AnnData, ad.AnnData]:
    """Return two slices, each with a random half of the cells; the second turned and flipped."""
    rng = np.random.default_rng(seed)
    first = rng.random(cells.n_obs) < 0.5
    one, two = cells[first].copy(), cells[~first].copy()
    two.obsm["true"] = two.obsm["spatial"].copy()
    two.obsm["spatial"] = turned(two.obsm["spatial"], rng)
    return one, two


# ---- parts ----------------------------------------------------------------------------------------------


def pseudo_spots(seed: int) -> Iterator[Row]:
    """Pseudo-spots of about ten cells come to their cells; counts split, half the genes."""
    yield from in_own_bin(seed, reference="cells")


def cells_to_spots(seed: int) -> Iterator[Row]:
    """Match the other way round: every cell comes to its spot."""
    yield from in_own_bin(seed, reference="spots")


def in_own_bin(seed: int, reference: str) -> Iterator[Row]:
    """Return which share of a slice comes to its own bin of the reference."""
    for name, cells in (("starmap_by3", read("starmap_by3")), ("simulated", simulated(seed))):
        slices = dict(zip(("cells", "spots"), cells_and_spots(cells, seed), strict=True))
        moved = "spots" if reference == "cells" else "cells"
        both = tl.integrate_slices(slices, n_domains=7, seed=seed, progress=False)
        for by in BY:
            matches = aligned(both, by, seed, reference=reference)
            own = slices[moved].obs["bin"].reindex(matches["spot"]).to_numpy()
            there = slices[reference].obs["bin"].reindex(matches["reference_spot"]).to_numpy()
            right = float((own == there).sum() / slices[moved].n_obs)
            yield {"data": name, "method": by, "in own bin": right, **cost()}


def simulated(seed: int) -> ad.AnnData:
    """Return simulated cells."""
    return datasets.simulate_slice(n_spots=1500, n_genes=400, layout="cells", seed=seed)


def halves(seed: int) -> Iterator[Row]:
    """Two random halves of the cells of one STARmap slice: the truth is exact."""
    one, two = two_halves(read("starmap_by3"), seed)
    both = tl.integrate_slices({"one": one, "two": two}, n_domains=7, seed=seed, progress=False)
    spacing = spot_distance(one.obsm["spatial"])
    for by in BY:
        matches = aligned(both, by, seed, reference="one")
        found = both.obsm["spatial_aligned"][(both.obs["slice"] == "two").to_numpy()]
        apart = one[matches["reference_spot"]].obsm["spatial"] - two[matches["spot"]].obsm["true"]
        right = (np.linalg.norm(apart, axis=1) < 2 * spacing).sum() / two.n_obs
        yield {
            "data": "starmap_by3",
            "method": by,
            "LTARI": transferred(both, "spotscape", "one", "two"),
            "within 2 spots": float(right),
            "error in spots": metrics.registration_error(found, two.obsm["true"], spacing),
            **cost(),
        }


def animals(seed: int) -> Iterator[Row]:
    """Slices of different animals, and a tissue at two times, matched without a transform."""
    for name, both, reference, moved in unlike_pairs(seed):
        for by in BY:
            aligned(both, by, seed, reference=reference, transform="none")
            score = transferred(both, "spotscape", reference, moved)
            yield {"data": f"{name}, {moved} to {reference}", "method": by, "LTARI": score, **cost()}


def transforms(seed: int) -> Iterator[Row]:
    """Find out whether places help: the same pairs without a transform and with one, upright and turned."""
    for name, both, reference, moved in unlike_pairs(seed):
        own = (both.obs["slice"] == moved).to_numpy()
        upright = both.obsm["spatial"]
        elsewhere = upright.copy()
        elsewhere[own] = turned(upright[own], np.random.default_rng(seed))
        for lies, both.obsm["spatial"] in (("upright", upright), ("turned", elsewhere)):
            for transform in ("none", "rigid", "nonrigid"):
                matches = aligned(both, None, seed, reference=reference, transform=transform)
                row = both.uns["spotscape_alignment"]["slices"].set_index("slice").loc[moved]
                yield {
                    "data": f"{name}, {moved} to {reference}, {lies}",
                    "method": transform,
                    "LTARI": transferred(both, "spotscape", reference, moved),
                    "matched": len(matches) / own.sum(),
                    "agreement": float(row["agreement"]),
                }
        both.obsm["spatial"] = upright


def unlike_pairs(seed: int) -> Iterator[tuple[str, ad.AnnData, str, str]]:
    """Return slices of different animals or times after a run; which is the reference, and which is moved."""
    early, late = datasets.simulate_development(n_spots=1500, n_genes=600, seed=seed)
    sets = {"development": ({"early": early, "late": late}, 7)}
    if seed == 0:
        sets["heart"] = ({n: read(n) for n in ("heart_3_CN73_D2", "heart_4_CN73_C2")}, 6)
        sets["seqFISH embryos"] = ({n: read(n) for n in ("seqfish_embryo1", "seqfish_embryo3")}, 21)
    for name, (slices, k) in sets.items():
        both = tl.integrate_slices(slices, n_domains=k, seed=seed, progress=False)
        for reference, moved in (tuple(slices), tuple(slices)[::-1]):
            yield name, both, reference, moved


def overlap(seed: int) -> Iterator[Row]:
    """Measured share of spots without counterpart, against the true one: simulated slices, one cropped."""
    one, two = datasets.simulate_slices(n_slices=2, n_spots=1500, n_genes=400, seed=seed)
    for cut in (0.0, 0.2, 0.4, 0.6):
        x = one.obsm["spatial"][:, 0]
        low = np.quantile(x, cut)
        slices = {"one": one[x >= low].copy(), "two": two.copy()}
        true = float((two.obsm["spatial"][:, 0] < low).mean())
        slices["two"].obsm["spatial"] = turned(two.obsm["spatial"], np.random.default_rng(seed))
        both = tl.integrate_slices(slices, n_domains=7, seed=seed, progress=False)
        aligned(both, "matching", seed, reference="one")
        found = float(both.uns["spotscape_alignment"]["slices"]["unmatched"].iloc[1])
        yield {"data": f"{cut:.0%} cut off", "method": "matching", "true share": true, "measured": found}


def large(seed: int) -> Iterator[Row]:
    """Two slices of 10,000 spots: how long `align_slices` takes after the run."""
    slices = datasets.simulate_slices(n_slices=2, n_spots=10_000, n_genes=1000, seed=seed)
    slices[1].obsm["spatial"] = turned(slices[1].obsm["spatial"], np.random.default_rng(seed))
    both = tl.integrate_slices(slices, n_domains=7, seed=seed, progress=False)
    for by in BY:
        aligned(both, by, seed)
        yield {"data": "2 x 10,000 spots", "method": by, **cost()}


_STARTED = [0.0, 0.0]


def aligned(
    both: ad.AnnData, by: str | None, seed: int, transform: str = "rigid", **more: str
) -> pd.DataFrame:
    """Align and return the matches; starts the clocks."""
    _STARTED[:] = time.perf_counter(), time.process_time()
    tl.align_slices(both, representation=by, transform=transform, seed=seed, **more)
    _STARTED[:] = time.perf_counter() - _STARTED[0], time.process_time() - _STARTED[1]
    return both.uns["spotscape_alignment"]["matches"]


def cost() -> Row:
    """Return seconds of the last alignment, by the wall and of a processor, and the most memory so far."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"s": _STARTED[0], "s of a core": _STARTED[1], "GB": most}


PARTS: dict[str, Callable[[int], Iterator[Row]]] = {
    part.__name__: part
    for part in (pseudo_spots, cells_to_spots, halves, animals, transforms, overlap, large)
}


def main() -> None:
    """Run the parts asked for and print a table for each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    parser.add_argument("--rows", type=Path, help="also keep every row in this file, one JSON object a line")
    options = parser.parse_args()
    warnings.simplefilter("ignore", SpotscapeWarning)
    warnings.simplefilter("ignore", FutureWarning)
    run_parts({name: PARTS[name] for name in options.parts}, options.seeds, options.rows)


if __name__ == "__main__":
    main()
