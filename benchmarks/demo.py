"""How well the demo's kind of tissue is solved: five tissues, five seeds of the run each.

    python -m benchmarks.demo

The tissues are those of `make demo`, with seeds 0 to 4 in place of 0. Smoothed PCA is the baseline of
`benchmarks.quality`. K is given, labels only score.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData

from benchmarks import _machine
from benchmarks.quality.baselines import smoothed_pca_mixture
from spotscape import tl
from spotscape.datasets import simulate_slice
from spotscape.metrics import adjusted_rand_index

SEEDS = range(5)
MAKEFILE = Path(__file__).parents[1] / "Makefile"


def main() -> None:
    """Print a row for each tissue, and the mean and the worst of all runs."""
    words = dict(
        re.findall(r"--([a-z-]+) (\w+)", re.search(r"spotscape simulate (.*)", MAKEFILE.read_text())[1])
    )
    rows = []
    for number in SEEDS:
        tissue = simulate_slice(
            tissue=words["tissue"],
            n_spots=int(words["spots"]),
            n_genes=int(words["genes"]),
            marker_strength=float(words["marker-strength"]),
            seed=int(words["seed"]) + number,
        )
        truth = tissue.obs["ground_truth"]
        bare = AnnData(tissue.X, obsm={"spatial": np.asarray(tissue.obsm["spatial"])})
        for seed in SEEDS:
            shown = bare.copy()
            tl.run_spotscape(shown, n_domains=truth.nunique(), seed=seed, progress=False)
            ours = adjusted_rand_index(truth, shown.obs["spotscape_domain"])
            baseline = adjusted_rand_index(truth, smoothed_pca_mixture(bare.copy(), truth.nunique(), seed))
            rows.append({"tissue": number, "default": ours, "smoothed PCA, mixture": baseline})
            print(f"tissue {number}, seed {seed}: {ours:.3f}, smoothed PCA {baseline:.3f}", flush=True)
    table = pd.DataFrame(rows)
    print(table.groupby("tissue").agg(["mean", "min"]).round(3).to_string())
    print(table.drop(columns="tissue").agg(["mean", "std", "min", "max"]).round(3).to_string())
    print(_machine.describe())


if __name__ == "__main__":
    main()
