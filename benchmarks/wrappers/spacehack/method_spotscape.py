#!/usr/bin/env python
"""spotscape for SACCELERATOR (SpaceHack): the arguments and files of its ``templates/method.py``.

Not called spotscape.py: a script's folder comes before the installed package.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import anndata as ad
import pandas as pd
from scipy import sparse
from scipy.io import mmread

import spotscape


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the arguments that the harness gives every method."""
    parser = argparse.ArgumentParser(description="Method spotscape: spatial domains from counts and places")
    parser.add_argument("-c", "--coordinates", required=True, help="Path to coordinates (tsv).")
    parser.add_argument("-m", "--matrix", required=True, help="Path to counts, spots x genes (mtx).")
    parser.add_argument("-f", "--features", required=True, help="Path to features (tsv).")
    parser.add_argument("-o", "--observations", required=True, help="Path to observations (tsv).")
    parser.add_argument("-n", "--neighbors", help="Not used: the graph is our own.")
    parser.add_argument("-d", "--out_dir", required=True, type=Path, help="Output directory.")
    parser.add_argument("--dim_red", help="Not used: components are our own.")
    parser.add_argument("--image", help="Not used.")
    parser.add_argument("--n_clusters", required=True, type=int, help="Number of domains.")
    parser.add_argument("--technology", required=True, help="Not used: the layout is found.")
    parser.add_argument("--seed", required=True, type=int, help="Seed.")
    parser.add_argument("--config", help="Settings (json), as config= takes them.")
    return parser.parse_args(argv)


def read(args: argparse.Namespace) -> ad.AnnData:
    """Return the slice, with the spots and genes that the harness has selected."""
    observations = pd.read_table(args.observations, index_col=0)
    features = pd.read_table(args.features, index_col=0)
    for table in (observations, features):
        table.index = table.index.astype(str)
    places = pd.read_table(args.coordinates, index_col=0)
    places.index = places.index.astype(str)
    adata = ad.AnnData(sparse.csr_matrix(mmread(args.matrix)), obs=observations, var=features)
    adata.obsm["spatial"] = places.loc[adata.obs_names].to_numpy()
    kept = [
        table["selected"].astype(bool).to_numpy() if "selected" in table else slice(None)
        for table in (adata.obs, adata.var)
    ]
    adata = adata[kept[0]][:, kept[1]].copy()
    adata.var_names_make_unique()
    return adata


def main(argv: Sequence[str] | None = None) -> None:
    """Write ``domains.tsv`` and ``embedding.tsv``."""
    args = arguments(argv)
    config = json.loads(Path(args.config).read_text()) if args.config else None
    adata = read(args)
    spotscape.tl.run_spotscape(
        adata, n_domains=args.n_clusters, config=config, seed=args.seed, progress=False
    )
    labels = adata.obs["spotscape_domain"].to_frame("label")
    embedding = pd.DataFrame(adata.obsm["X_spotscape"], index=adata.obs_names)
    args.out_dir.mkdir(parents=True, exist_ok=True)
    labels.to_csv(args.out_dir / "domains.tsv", sep="\t", index_label="")
    embedding.to_csv(args.out_dir / "embedding.tsv", sep="\t", index_label="")


if __name__ == "__main__":
    main()
