"""Sets of two slices with known matches, as files that every method reads: see `peer_match.py`.

    python -m benchmarks.peer_sets sets --seeds 0 1 2 3 4

A set is ``{seed}_{name}_reference.h5ad`` and ``{seed}_{name}_moved.h5ad``. The moved slice has what is known
of its matches: ``obs["bin"]`` (spots of the reference that have it too), ``obsm["true"]`` (its places in the
reference's frame) or ``obs["ground_truth"]`` alone. ``uns`` says what our run is told: the number of domains,
and the transform. The pairs of DLPFC are those of `downstream`; hearts and embryos are of no seed.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import anndata as ad

from benchmarks.downstream import bumps, cropped_both_ways, pairs, read, spot_distance, turned, waves
from benchmarks.matching import cells_and_spots, simulated, two_halves
from spotscape import datasets

DOMAINS = {"heart": 6, "embryos": 21}
Pair = tuple[str, str, ad.AnnData, ad.AnnData]


def sets(seed: int) -> Iterator[Pair]:
    """Return name, transform, reference and moved slice of every set."""
    for name, cells in (("by3", read("starmap_by3")), ("simulated", simulated(seed))):
        yield f"spots_{name}", "rigid", *cells_and_spots(cells, seed)
    yield "halves", "rigid", *two_halves(read("starmap_by3"), seed)
    yield "development", "none", *datasets.simulate_development(n_spots=1500, n_genes=600, seed=seed)
    for (_, fixed), (moved, cropped) in pairs(seed):
        yield f"cropped_{moved[-3:]}", "rigid", fixed, cropped
    yield from bent(seed)
    if seed == 0:
        for name, files in (
            ("heart", ("heart_3_CN73_D2", "heart_4_CN73_C2")),
            ("embryos", ("seqfish_embryo1", "seqfish_embryo3")),
        ):
            one, two = map(read, files)
            yield f"{name}_two", "none", one, two
            yield f"{name}_one", "none", two, one


def bent(seed: int) -> Iterator[Pair]:
    """Return the pairs of `downstream.bent_pairs`, drawn in the same order."""
    for (_, reference), (moved, cropped), rng in cropped_both_ways(0.7, seed):
        places, spacing = cropped.obsm["spatial"].copy(), spot_distance(reference.obsm["spatial"])
        for field in (bumps, waves):
            one = cropped.copy()
            one.obsm["spatial"] = turned(places + 5 * spacing * field(places, rng), rng)
            yield f"{field.__name__}_{moved[-3:]}", "nonrigid", reference, one


def main() -> None:
    """Write the sets of the seeds asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    options = parser.parse_args()
    options.folder.mkdir(exist_ok=True)
    for seed in options.seeds:
        for name, transform, *slices in sets(seed):
            for role, adata in zip(("reference", "moved"), slices, strict=True):
                one = adata.copy()
                one.obs_names = [f"{role}{i}" for i in range(one.n_obs)]
                one.uns = {"transform": transform, "n_domains": DOMAINS.get(name.split("_")[0], 7)}
                one.write_h5ad(options.folder / f"{seed}_{name}_{role}.h5ad")


if __name__ == "__main__":
    main()
