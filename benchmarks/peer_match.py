"""moscot on the sets of `benchmarks.matching` whose right matches are known, in an environment of its own.

    python -m benchmarks.matching --write-sets sets --seeds 0 1 2 3 4
    python -m venv moscot; moscot/bin/pip install moscot
    moscot/bin/python benchmarks/peer_match.py sets --alpha 0.5

The problem is moscot's `AlignmentProblem` with its defaults: fused Gromov-Wasserstein on places and on
principal components of normalised, log-transformed counts that it makes itself. `alpha` weighs places against
genes. A spot's match is the one that gets most of its mass. Needs nothing of spotscape.
"""

from __future__ import annotations

import argparse
import time
import warnings
from pathlib import Path

import anndata as ad
import numpy as np
import scanpy as sc
from scipy.spatial import cKDTree
from sklearn.metrics import adjusted_rand_score


def partners(reference: ad.AnnData, moved: ad.AnnData, alpha: float) -> np.ndarray:
    """Return the number of the match of every spot of the moved slice."""
    from moscot.problems.space import AlignmentProblem

    shared = reference.var_names.intersection(moved.var_names)
    both = ad.concat(
        {"reference": reference[:, shared], "moved": moved[:, shared]}, label="slice", index_unique="_"
    )
    sc.pp.normalize_total(both)
    sc.pp.log1p(both)
    problem = AlignmentProblem(adata=both)
    problem = problem.prepare(batch_key="slice", policy="star", reference="reference")
    problem = problem.solve(alpha=alpha)
    ((pair, one),) = problem.solutions.items()
    plan = np.asarray(one.transport_matrix)
    return plan.argmax(axis=1) if pair[0] == "moved" else plan.argmax(axis=0)


def right(name: str, reference: ad.AnnData, moved: ad.AnnData, found: np.ndarray) -> tuple[str, float]:
    """Return the figure of a set, and what it is."""
    if "bin" in moved.obs:
        return "in own bin", float(
            (moved.obs["bin"].to_numpy() == reference.obs["bin"].to_numpy()[found]).mean()
        )
    if "true" in moved.obsm:
        xy = reference.obsm["spatial"]
        spacing = float(np.median(cKDTree(xy).query(xy, k=2)[0][:, 1]))
        apart = np.linalg.norm(xy[found] - moved.obsm["true"], axis=1)
        return "within 2 spots", float((apart < 2 * spacing).mean())
    labels = [one.obs["ground_truth"].astype(str).to_numpy() for one in (moved, reference)]
    return "LTARI", float(adjusted_rand_score(labels[0], labels[1][found]))


def main() -> None:
    """Print a line for each set and seed, and the means."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--alpha", type=float, default=0.5)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    figures: dict[str, list[float]] = {}
    for path in sorted(options.folder.glob("*_moved.h5ad")):
        moved = ad.read_h5ad(path)
        reference = ad.read_h5ad(str(path).replace("_moved", "_reference"))
        started = time.perf_counter()
        found = partners(reference, moved, options.alpha)
        seconds = time.perf_counter() - started
        name = path.name.split("_", 1)[1].removesuffix("_moved.h5ad")
        what, figure = right(name, reference, moved, found)
        figures.setdefault(f"{name}, {what}", []).append(figure)
        print(f"{path.name.split('_')[0]} {name}: {what} {figure:.3f}, {seconds:.0f} s", flush=True)
    for name, values in figures.items():
        print(f"alpha {options.alpha:g}, {name}: {np.mean(values):.3f} +- {np.std(values):.3f}")


if __name__ == "__main__":
    main()
