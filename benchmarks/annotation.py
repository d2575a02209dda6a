"""Time and memory of the verbs that say what a domain is, on 100,000 simulated cells.

    python -m benchmarks.annotation [--cells 100000] [--genes 500]

One thread. Domains are those of a run; cell types, signatures, lists and sets of genes are drawn at random,
as many as is usual. What a verb gives is not looked at here: the tests do that.
"""

from __future__ import annotations

import argparse
import resource
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import anndata as ad
import numpy as np
import pandas as pd

from benchmarks import _machine
from spotscape import datasets, pl, tl
from spotscape._validate import SpotscapeWarning


def calls(adata: ad.AnnData, folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Return what is timed, by name."""
    rng = np.random.default_rng(0)
    genes = list(adata.var_names)
    signatures = pd.DataFrame(rng.gamma(0.5, 1, (len(genes), 20)), index=genes)
    lists = {f"list{k}": list(rng.choice(genes, 20, replace=False)) for k in range(20)}
    sets = {f"set{k}": list(rng.choice(genes, 60, replace=False)) for k in range(5000)}
    markers = tl.domain_markers(adata)
    yield "describe_domains", lambda: tl.describe_domains(adata)
    yield "domain_markers", lambda: tl.domain_markers(adata)
    yield "domain_markers, neighbors", lambda: tl.domain_markers(adata, against="neighbors")
    yield (
        "domain_markers, pseudobulk",
        lambda: tl.domain_markers(adata, method="pseudobulk", slice_key="quarter"),
    )
    yield "domain_gene_sets, 5,000 sets", lambda: tl.domain_gene_sets(adata, gene_sets=sets, markers=markers)
    yield "domain_composition, a column", lambda: tl.domain_composition(adata, "cell_type")
    yield "domain_composition, signatures", lambda: tl.domain_composition(adata, signatures=signatures)
    yield "domain_neighborhoods, cell types", lambda: tl.domain_neighborhoods(adata, key="cell_type")
    yield "score_domains, known labels", lambda: tl.score_domains(adata, truth_key="ground_truth")
    yield "suggest_domain_names", lambda: tl.suggest_domain_names(adata, markers=lists)
    yield "domain_tree", lambda: tl.domain_tree(adata)
    yield "cut_domain_tree", lambda: tl.cut_domain_tree(adata, n_domains=9)
    yield "interactive_map", lambda: pl.interactive_map(adata, folder / "map.html")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cells", type=int, default=100_000)
    parser.add_argument("--genes", type=int, default=500)
    options = parser.parse_args()
    warnings.simplefilter("ignore", SpotscapeWarning)
    print(_machine.describe())
    rng = np.random.default_rng(0)
    adata = datasets.simulate_slice(n_spots=options.cells, n_genes=options.genes, layout="cells", seed=0)
    adata.obs["cell_type"] = pd.Categorical([f"type{k}" for k in rng.integers(0, 20, adata.n_obs)])
    tl.run_spotscape(adata, n_domains=7, threads=1, progress=False)
    quarter = pd.Series(adata.obsm["spatial"][:, 0]).rank().to_numpy() * 4 // (adata.n_obs + 1)
    adata.obs["quarter"] = pd.Categorical.from_codes(quarter.astype(int), list("abcd"))
    print(f"\n{adata.n_obs:,} cells, {adata.n_vars:,} genes, 7 domains\n")
    print("| verb | seconds |\n| --- | --- |")
    with TemporaryDirectory() as folder:
        for name, call in calls(adata, Path(folder)):
            started = time.perf_counter()
            call()
            print(f"| {name} | {time.perf_counter() - started:.1f} |", flush=True)
    print(f"\nPeak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB")


if __name__ == "__main__":
    main()
