"""What needs no other environment: this package by its presets, and no learning.

python -m benchmarks.quality.own METHOD INPUT.h5ad N_DOMAINS SEED OUTPUT.npz [SETTINGS as JSON]
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from anndata import AnnData

from benchmarks._baseline import principal_components, smoothed
from benchmarks.quality.peers._peer import Embed, run
from spotscape import pp

PRESETS = ("default", "paper")


def method(name: str) -> Embed:
    """Return a method of this file by its name."""
    return by_preset(name) if name in PRESETS else no_learning(smooth=name == "smoothed_pca")


def by_preset(preset: str) -> Embed:
    """Return a run by a preset: embedding and domains."""
    # here, so that no learning is measured without torch in memory, and training without imports
    from spotscape import tl

    def embed(adata: AnnData, n_domains: int, seed: int, settings: dict[str, Any]) -> dict[str, Any]:
        config = {"preset": preset, **settings}
        tl.run_spotscape(adata, n_domains=n_domains, config=config, seed=seed, progress=False)
        params = adata.uns["spotscape"]["params"]
        return {
            "embedding": adata.obsm["X_spotscape"],
            "labels": adata.obs["spotscape_domain"].to_numpy().astype(str),
            "device": params["device"],
        }

    return embed


def no_learning(*, smooth: bool) -> Embed:
    """Return 50 components of 5,000 variable genes at 10,000 counts, averaged over neighbours or not."""

    def embed(adata: AnnData, n_domains: int, seed: int, settings: dict[str, Any]) -> dict[str, Any]:
        pp.select_genes(adata, n_top_genes=5000, ranking="variable")
        expression = pp.normalized_expression(adata, genes=adata.var["spotscape_genes"], target_sum=1e4)
        scores = principal_components(expression, seed)
        if smooth:
            scores = smoothed(scores, adata.obsm["spatial"], np.zeros(adata.n_obs))
        return {"embedding": scores}

    return embed


if __name__ == "__main__":
    run(method(sys.argv[1]), sys.argv[2:])
