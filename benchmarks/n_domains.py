"""How often ``suggest_n_domains`` is right.

    python -m benchmarks.n_domains                     all: cortex, tumour, real
    python -m benchmarks.n_domains --kinds cortex      one kind
    python -m benchmarks.n_domains --draws 1 2 3       other simulated tissues

Simulated tissues of 3 to 9 domains, two kinds by three layouts in turn, drawn several times, and the labelled
slices; default settings throughout, and no label used but to compare. Right or off by one is what a user can
work with.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import anndata as ad
import numpy as np

from benchmarks import _machine, _slices
from spotscape import datasets, metrics, tl

LAYOUTS = ("hexagonal", "square", "cells")
DRAWS = (0, 1)
"""Of the simulated tissues; each has seeds of its own."""
_SEEDS_OF_A_DRAW = 100


def simulated(tissue: str, draw: int) -> Iterator[tuple[str, ad.AnnData]]:
    """Yield tissues with their true domains."""
    for n_domains in range(3, 10):
        layout = LAYOUTS[n_domains % 3]
        seed = n_domains + _SEEDS_OF_A_DRAW * draw
        adata = datasets.simulate_slice(tissue=tissue, layout=layout, n_domains=n_domains, seed=seed)
        yield f"{tissue}, {layout}, draw {draw}", adata


def real(names: tuple[str, ...]) -> Iterator[tuple[str, ad.AnnData]]:
    """Yield the labelled slices."""
    for name in names:
        yield name, _slices.read(name)[0]


def report(tissues: Iterator[tuple[str, ad.AnnData]]) -> str:
    """Print a row for each tissue; return how many were right and off by one."""
    errors = []
    for name, adata in tissues:
        truth = adata.obs["ground_truth"]
        tl.run_spotscape(adata, progress=False)
        found, true = adata.obs["spotscape_domain"].nunique(), truth.nunique()
        ari = metrics.adjusted_rand_index(truth, adata.obs["spotscape_domain"])
        print(f"| {name} | {true} | {found} | {ari:.2f} |", flush=True)
        errors.append(abs(found - true))
    off = np.array(errors)
    return f"right {np.mean(off == 0):.0%}, right or off by one {np.mean(off <= 1):.0%} of {len(off)}"


def main() -> None:
    """Print the table and the shares."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kinds", nargs="+", default=["cortex", "tumour", "real"])
    parser.add_argument("--draws", nargs="+", type=int, default=list(DRAWS), help="of the simulated tissues")
    args = parser.parse_args()
    print("| tissue | true | suggested | ARI at the suggestion |\n| --- | --- | --- | --- |")
    shares = {}
    for kind in args.kinds:
        if kind == "real":
            shares[kind] = report(real((*_slices.DLPFC, *_slices.STARMAP)))
        else:
            shares |= {f"{kind}, draw {draw}": report(simulated(kind, draw)) for draw in args.draws}
    print("\n" + "\n".join(f"{kind}: {share}" for kind, share in shares.items()))
    print(f"\n{_machine.describe()}")


if __name__ == "__main__":
    main()
