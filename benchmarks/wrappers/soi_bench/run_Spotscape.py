"""spotscape for SOI_Bench: ``run_Spotscape(adata, seed=..., ...)``, to lie in ``src/tools_py``.

The harness hands over an AnnData without spots, with the slices in ``uns["dataset"]`` (in the order of
``uns["config"]["sample_list"]``), and writes what comes back to ``uns["filename"] + ".h5ad"``.
"""

from __future__ import annotations

from typing import Any

import anndata as ad
import pandas as pd

import spotscape


def run_Spotscape(adata: ad.AnnData, **args_dict: Any) -> ad.AnnData:  # noqa: N802  (the harness' name)
    """Return the joined slices with embedding, domains and aligned coordinates, without expression.

    Parameters
    ----------
    adata
        ``uns["dataset"]``: slices by name, each with counts, ``obs["batch"]``, ``obs["Ground Truth"]`` (only
        their number is taken) and ``obsm["spatial"]``.
    args_dict
        ``seed``; ``transform`` of the alignment, "rigid" where left out. All are written to ``uns``.
    """
    seed, config = int(args_dict["seed"]), adata.uns["config"]
    slices = {str(name): adata.uns["dataset"][name] for name in config["sample_list"]}
    joined = ad.concat(slices, join="inner", index_unique=None)
    n_domains = joined.obs["Ground Truth"].nunique()
    if len(slices) > 1:
        spotscape.tl.integrate_slices(
            joined, slice_key="batch", n_domains=n_domains, seed=seed, progress=False
        )
        transform = args_dict.get("transform", "rigid")
        spotscape.tl.align_slices(joined, transform=transform, seed=seed)
    else:
        spotscape.tl.run_spotscape(joined, n_domains=n_domains, seed=seed, progress=False)
    found = ad.AnnData(obs=joined.obs.copy(), var=pd.DataFrame(index=joined.var_names))
    if "cell_id" in found.obs:
        found.obs_names = found.obs["cell_id"].astype(str).to_numpy()
    found.obs["benchmark_cluster"] = found.obs["spotscape_domain"].astype(str).astype("category")
    found.obsm["spatial"] = joined.obsm["spatial"]
    found.obsm["integrated"] = joined.obsm["X_spotscape"]
    if "spatial_aligned" in joined.obsm:
        found.obsm["spatial_aligned"] = joined.obsm["spatial_aligned"]
    found.uns = {"config": config, **args_dict}
    found.uns["filename"] = "_".join([*(f"{key}_{value}" for key, value in args_dict.items()), "integrated"])
    return found
