"""Domains of labelled slices: ours, the published settings, and no learning at all.

    python -m benchmarks.domains                                    all three, five seeds (hours: see below)
    python -m benchmarks.domains --methods default "smoothed PCA"   a quarter of an hour
    python -m benchmarks.domains --methods paper --seeds 0          the published settings, one seed

The published settings take 1,000 epochs on the matrix itself: ten minutes or more a run on two cores.

Protocol: K is given, labels are looked at only to score, unlabelled spots are left out; every embedding is
clustered by the tied Gaussian mixture and by K-means (10 starts each). A row is the mean and, for ARI, the
standard deviation over seeds; the last rows of a method are over all its slices and seeds.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from benchmarks import _machine, _slices
from spotscape import gr, metrics, pp, tl

EMBEDDING = "X_spotscape"
N_STARTS = 10


def ours(preset: str) -> Callable[[ad.AnnData, int, int], np.ndarray]:
    """Embedding by a preset of this package."""

    def embed(adata: ad.AnnData, n_domains: int, seed: int) -> np.ndarray:
        tl.run_spotscape(adata, n_domains=n_domains, config=preset, seed=seed, progress=False)
        return adata.obsm[EMBEDDING]

    return embed


def smoothed_pca(adata: ad.AnnData, n_domains: int, seed: int) -> np.ndarray:
    """No learning: 50 components of the same genes and values, mean over a spot and its 18 nearest."""
    pp.select_genes(adata)
    expression = pp.normalized_expression(adata, genes=adata.var["spotscape_genes"])
    scores = PCA(50, svd_solver="arpack", random_state=seed).fit_transform(expression.astype(np.float64))
    nearest = NearestNeighbors(n_neighbors=19).fit(adata.obsm["spatial"])
    mean = nearest.kneighbors_graph(adata.obsm["spatial"]) / 19
    return sparse.csr_matrix(mean) @ scores


METHODS = {"default": ours("default"), "paper": ours("paper"), "smoothed PCA": smoothed_pca}


def scores(name: str, method: str, seed: int) -> list[dict[str, object]]:
    """Run one method on one slice with one seed, and score both clusterings."""
    adata, n_domains = _slices.read(name)
    truth = adata.obs["ground_truth"]
    gr.spatial_neighbors(adata)
    started = time.perf_counter()
    adata.obsm[EMBEDDING] = METHODS[method](adata, n_domains, seed)
    seconds = time.perf_counter() - started
    rows = []
    for clustering in ("gmm", "kmeans"):
        tl.spatial_domains(
            adata,
            n_domains=n_domains,
            method=clustering,
            seed=seed,
            n_starts=N_STARTS,
            unit_rows=method == "default",  # the published method and the baseline cluster as they are
        )
        labels = adata.obs["spotscape_domain"]
        connectivities = adata.obsp["spatial_connectivities"]
        rows.append(
            {
                "method": method,
                "slice": name,
                "seed": seed,
                "clustering": clustering,
                "ARI": metrics.adjusted_rand_index(truth, labels),
                "NMI": metrics.normalized_mutual_information(truth, labels),
                "CA": metrics.clustering_accuracy(truth, labels),
                "boundary": metrics.boundary_accuracy(truth, labels, connectivities),
                "inner": metrics.inner_accuracy(truth, labels, connectivities),
                "seconds": seconds,
            }
        )
    return rows


def table(rows: pd.DataFrame) -> str:
    """Markdown: mean and standard deviation over seeds, and over slices and seeds."""
    lines = [
        "| method | slice | clustering | ARI | NMI | CA | boundary | inner | s | runs |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for method in rows["method"].unique():
        ours_only = rows[rows["method"] == method]
        groups = [(name, part) for name, part in ours_only.groupby("slice", sort=False)]
        for name, part in [*groups, ("**all**", ours_only)]:
            for clustering, one in part.groupby("clustering", sort=False):
                # the spread over seeds; over all slices, the mean of the slices' spreads
                spread = one.groupby("slice")["ARI"].std(ddof=1).mean() if len(one) > 1 else np.nan
                means = " | ".join(f"{one[c].mean():.3f}" for c in ("NMI", "CA", "boundary", "inner"))
                ari = f"{one['ARI'].mean():.3f} ± {spread:.3f}"
                taken = f"{one['seconds'].mean():.0f} | {len(one)}"
                lines.append(f"| {method} | {name} | {clustering} | {ari} | {means} | {taken} |")
    return "\n".join(lines)


def main() -> None:
    """Run what was asked for, print the table as it grows, and write it where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS))
    parser.add_argument("--slices", nargs="+", default=list(_slices.DLPFC))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    parser.add_argument("--output", type=Path, help="also write the table (.md)")
    args = parser.parse_args()
    rows: list[dict[str, object]] = []
    for method in args.methods:
        for name in args.slices:
            for seed in args.seeds:
                rows += scores(name, method, seed)
                shown = ", ".join(f"{r['clustering']} {r['ARI']:.3f}" for r in rows[-2:])
                print(f"{method}, {name}, seed {seed}: ARI {shown} ({rows[-1]['seconds']:.0f} s)", flush=True)
    text = f"{table(pd.DataFrame(rows))}\n\n{_machine.describe()}\n"
    print("\n" + text)
    if args.output:
        args.output.write_text(text)


if __name__ == "__main__":
    main()
