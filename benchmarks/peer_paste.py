"""PASTE on the pairs that `benchmarks.downstream` aligns, in an environment of its own.

    python -m benchmarks.downstream --write-pairs pairs --seeds 0     the pairs, as two files each
    python -m venv paste; paste/bin/pip install paste-bio "numpy<2" "scipy<1.11" "POT==0.9.1" seaborn networkx
    paste/bin/python benchmarks/peer_paste.py pairs 1200               pairwise_align with its defaults

The number is the most spots of a slice to take, drawn at random: on whole sections (2,200 spots to 3,639) one
pair had not ended after 11 minutes of one core.

Needs nothing of spotscape. A spot's partner is the one that gets most of its mass; the error is against the
true motion, after PASTE's own stacking, which turns slices but does not turn them over.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import anndata as ad
import numpy as np
import paste
from scipy.spatial import cKDTree
from sklearn.metrics import adjusted_rand_score


def main(folder: Path, most: int) -> None:
    """Align every pair in the folder, of at most so many spots each, and print a line for each."""
    rng = np.random.default_rng(0)
    for moved_path in sorted(folder.glob("*_moved.h5ad")):
        reference = ad.read_h5ad(str(moved_path).replace("_moved", "_reference"))
        moved = ad.read_h5ad(moved_path)
        shared = reference.var_names.intersection(moved.var_names)
        reference, moved = reference[:, shared].copy(), moved[:, shared].copy()
        reference, moved = (
            one[np.sort(rng.permutation(one.n_obs)[:most])].copy() for one in (reference, moved)
        )
        started = time.perf_counter()
        plan = paste.pairwise_align(moved, reference)
        seconds = time.perf_counter() - started
        labels = [adata.obs["ground_truth"].astype(object).to_numpy() for adata in (moved, reference)]
        given = labels[1][plan.argmax(axis=1)]
        known = np.array(
            [
                a == a and b == b and a is not None and b is not None
                for a, b in zip(labels[0], given, strict=True)
            ]
        )
        score = adjusted_rand_score(labels[0][known].astype(str), given[known].astype(str))
        stacked = paste.stack_slices_pairwise([moved, reference], [plan])
        # Both were moved: the reference's own frame is got back by the motion that it went through.
        there = stacked[1].obsm["spatial"]
        a, b = there - there.mean(axis=0), reference.obsm["spatial"] - reference.obsm["spatial"].mean(axis=0)
        u, _, vt = np.linalg.svd(b.T @ a)
        aligned = (stacked[0].obsm["spatial"] - there.mean(axis=0)) @ (u @ vt).T
        aligned = aligned + reference.obsm["spatial"].mean(axis=0)
        xy = reference.obsm["spatial"]
        spacing = float(np.median(cKDTree(xy).query(xy, k=2)[0][:, 1]))
        error = float(np.median(np.linalg.norm(aligned - moved.obsm["true"], axis=1)) / spacing)
        row = {"pair": moved_path.stem, "LTARI": score, "error in spots": error, "seconds": seconds}
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 10**9)
