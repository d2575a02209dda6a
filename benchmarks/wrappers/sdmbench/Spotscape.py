"""spotscape for SDMBench: ten runs of a slice, in the form of its ``SpatialClustering`` scripts.

    python Spotscape.py ../Data/151673.h5ad --out .

The slice has known regions in ``obs["Region"]``, of which the number is taken, and coordinates in
``obsm["spatial"]``. The i-th run has the seed i - 1. Memory is that of Python's own allocations, as in the
benchmark's scripts.
"""

from __future__ import annotations

import argparse
import time
import tracemalloc
from collections.abc import Sequence
from pathlib import Path

import anndata as ad
import numpy as np
from sklearn.metrics import adjusted_rand_score

import spotscape


def main(argv: Sequence[str] | None = None) -> None:
    """Write ``Spotscape_<name>.h5ad``, and the labels of the first run as the web page takes them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("slice", type=Path, help="An .h5ad of the benchmark.")
    parser.add_argument("--out", type=Path, default=Path())
    parser.add_argument("--runs", type=int, default=10)
    options = parser.parse_args(argv)
    adata = ad.read_h5ad(options.slice)
    adata.var_names_make_unique()
    known = adata.obs["Region"]
    labelled = known.notna().to_numpy()
    columns: dict[str, list[float]] = {"time": [], "memory": [], "ari": []}
    for run in range(options.runs):
        tracemalloc.start()
        started = time.time()
        one = adata.copy()
        spotscape.tl.run_spotscape(one, n_domains=known.nunique(), seed=run, progress=False)
        labels = one.obs["spotscape_domain"].astype(str)
        columns["time"].append(time.time() - started)
        columns["memory"].append(tracemalloc.get_traced_memory()[1] / 1024 / 1024)
        tracemalloc.stop()
        columns["ari"].append(float(adjusted_rand_score(known[labelled], labels[labelled])))
        adata.obs[f"pred_{run + 1}"] = labels.astype("category")
    adata.uns |= {name: np.array(values) for name, values in columns.items()}
    name = options.slice.stem
    adata.write_h5ad(options.out / f"Spotscape_{name}.h5ad")
    lines = ["Spotscape", *adata.obs["pred_1"].astype(str)]
    (options.out / f"Spotscape_{name}.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
