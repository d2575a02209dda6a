"""Several slices in one space: ours, the published encoder without each of its losses, no learning, Harmony.

    python -m benchmarks.integration                                  everything, five seeds (hours)
    python -m benchmarks.integration --methods default --seeds 0      one run, under five minutes

Harmony needs ``pip install harmonypy``; its rows are left out, and that is said, where it is absent.

Protocol: K is given; labels are looked at only to score, and unlabelled spots and slices are left out of it.
ARI is the mean over the labelled slices; pooled, it is one ARI over the spots of all of them. Mixing is the
share of a spot's 30 nearest neighbours in the embedding that are of other slices, as a multiple of chance.
Every embedding is clustered by a Gaussian mixture (ours by default) and by K-means. Weight is that of what
slices differ by in the components' noise, signal the share of their signal that is left beside it.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd

from benchmarks import _machine
from benchmarks._baseline import principal_components, smoothed
from benchmarks._slices import path_of
from spotscape import datasets, metrics, pp, tl
from spotscape._validate import SpotscapeWarning
from spotscape.run.mixing import assess

ALONE = "simulated, a domain of one slice alone"
SETS = {
    "DLPFC": (("dlpfc_151673", "dlpfc_151674", "dlpfc_151675", "dlpfc_151676"), 7),
    "STARmap": (("starmap_mpfc_BZ5", "starmap_mpfc_BZ9", "starmap_mpfc_BZ14"), 4),
    "heart": (("heart_3_CN73_D2", "heart_4_CN73_C2"), 6),
    "HER2ST": (("her2st_A1", "her2st_B1", "her2st_C1"), 6),
    "seqFISH": (("seqfish_embryo1", "seqfish_embryo3"), 21),
    "simulated, mild batches": (("one", "two", "three"), 5),
    "simulated, strong batches": (("one", "two", "three"), 5),
    "simulated, strong batches by domain": (("one", "two", "three"), 5),
    "simulated, no batches": (("one", "two", "three"), 5),
    ALONE: (("one", "two", "three"), 5),
}
BATCHES = {
    "simulated, mild batches": {"batch_strength": 0.3},
    "simulated, strong batches": {"batch_strength": 1.5},
    "simulated, strong batches by domain": {"batch_strength": 1.5, "batch_by_domain": 1.0},
    "simulated, no batches": {"batch_strength": 0.0},
    ALONE: {"batch_strength": 0.3},
}
_PUBLISHED = {"encoder": "gcn"}
OURS: dict[str, dict[str, Any]] = {
    "default": {},
    "published encoder": {"config": _PUBLISHED},
    "no scale matching": {"config": _PUBLISHED | {"scale_matching_weight": 0.0}},
    "no prototypes": {"config": _PUBLISHED | {"prototype_weight": 0.0}},
    "no scale matching, no centring": {
        "config": _PUBLISHED | {"scale_matching_weight": 0.0, "slice_centering": 0.0}
    },
    "no centring": {"config": _PUBLISHED | {"slice_centering": 0.0}},
    "no telescope": {"config": _PUBLISHED | {"telescope_weight": 0.0}},
    "no reconstruction": {"config": _PUBLISHED | {"reconstruction_weight": 0.0}},
    "correction 0": {"correction": 0.0},
    "correction 3": {"correction": 3.0},
}
TAKEN_OUT = ("slice_noise", "signal")
BASELINES = ("PCA + harmony", "smoothed PCA", "smoothed PCA + harmony")


def read(group: str, seed: int) -> dict[str, ad.AnnData]:
    """Return the slices of a set; simulated ones (a cortex of five layers, 800 spots each) are made anew."""
    names, n_domains = SETS[group]
    if group not in BATCHES:
        return {name: ad.read_h5ad(path_of(name)) for name in names}
    slices = datasets.simulate_slices(
        n_slices=len(names),
        n_spots=800,
        n_genes=500,
        n_domains=n_domains,
        seed=seed,
        **BATCHES[group],
    )
    if group == ALONE:
        slices = [slices[0], *(one[one.obs["ground_truth"] != "L3"].copy() for one in slices[1:])]
    return dict(zip(names, slices, strict=True))


def baseline(slices: dict[str, ad.AnnData], method: str, n_domains: int, seed: int) -> ad.AnnData:
    """PCA of variable genes at 10,000 counts a spot; mean over 18 neighbours and Harmony by name."""
    adata = ad.concat(slices, label="slice", join="inner", index_unique="_")
    pp.select_genes(adata, n_top_genes=5000, ranking="variable", slice_key="slice")
    expression = pp.normalized_expression(adata, genes=adata.var["spotscape_genes"], target_sum=1e4)
    scores = principal_components(expression, seed)
    if "smoothed" in method:
        scores = smoothed(scores, adata.obsm["spatial"], adata.obs["slice"])
    if "harmony" in method:
        import harmonypy

        corrected = np.asarray(
            harmonypy.run_harmony(scores, adata.obs, "slice", random_state=seed, verbose=False).Z_corr
        )
        scores = corrected if corrected.shape == scores.shape else corrected.T
    adata.obsm["X_spotscape"] = scores.astype(np.float32)
    return adata


def scores(group: str, method: str, seed: int) -> list[dict[str, Any]]:
    """Run one method on one set of slices with one seed, and score both clusterings."""
    names, n_domains = SETS[group]
    slices = read(group, seed)
    started = time.perf_counter()
    if method in OURS:
        adata = tl.integrate_slices(slices, n_domains=n_domains, seed=seed, progress=False, **OURS[method])
    else:
        adata = baseline(slices, method, n_domains, seed)
    seconds = time.perf_counter() - started
    of = pd.Categorical(adata.obs["slice"].astype(str), categories=list(names))
    rows = []
    for clustering in ("gmm", "kmeans"):
        tl.spatial_domains(adata, n_domains=n_domains, method=clustering, seed=seed)
        labels = adata.obs["spotscape_domain"]
        found = assess(adata.obsm["X_spotscape"], of, labels.cat.codes.to_numpy(), seed=seed)
        row: dict[str, Any] = {
            "set": group,
            "method": method,
            "seed": seed,
            "clustering": clustering,
            "mixing": found.mixing,
        }
        labelled = {name: one for name, one in slices.items() if "ground_truth" in one.obs}
        truth = {name: one.obs["ground_truth"].astype(object) for name, one in labelled.items()}
        guess = {name: labels[of == name].to_numpy() for name in labelled}
        by_slice = {
            name: metrics.adjusted_rand_index(truth[name].to_numpy(), guess[name]) for name in labelled
        }
        pooled = metrics.adjusted_rand_index(
            np.concatenate(list(truth.values())),
            np.concatenate([guess[name].astype(object) for name in labelled]),
        )
        rows.append(
            row
            | by_slice
            | {"ARI": float(np.mean(list(by_slice.values()))), "joint": pooled, "seconds": seconds}
            | {name: adata.uns.get("spotscape", {}).get("integration", {}).get(name) for name in TAKEN_OUT}
        )
    return rows


def table(rows: pd.DataFrame) -> str:
    """Markdown: means over seeds, ARI (mean over the labelled slices) with its standard deviation."""
    lines = [
        "| set | method | clustering | ARI | by slice | ARI, pooled | mixing | weight | signal | s | runs |",
        "| --- " * 11 + "|",
    ]
    for (group, method, clustering), one in rows.groupby(["set", "method", "clustering"], sort=False):
        names = [name for name in SETS[group][0] if name in one and one[name].notna().any()]
        per_slice = " / ".join(f"{one[name].mean():.3f}" for name in names)
        spread = one["ARI"].std(ddof=1) if len(one) > 1 else np.nan
        means = one[["ARI", "joint", "mixing", "seconds"]].mean()
        known = [one[name].dropna() for name in TAKEN_OUT]
        taken = " | ".join(f"{values.mean():.2f}" if len(values) else "–" for values in known)
        lines.append(
            f"| {group} | {method} | {clustering} | {means['ARI']:.3f} ± {spread:.3f} | {per_slice} | "
            f"{means['joint']:.3f} | {means['mixing']:.2f} | {taken} | {means['seconds']:.0f} | {len(one)} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Run what was asked for, print the table, and write it where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    known = [*OURS, *BASELINES]
    parser.add_argument("--methods", nargs="+", default=known, choices=known)
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=list(SETS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    parser.add_argument(
        "--rows", type=Path, help="a file of finished runs (.jsonl), added to and not run again"
    )
    parser.add_argument("--output", type=Path, help="also write the table (.md)")
    args = parser.parse_args()
    warnings.simplefilter("ignore", SpotscapeWarning)
    rows: list[dict[str, Any]] = []
    if args.rows and args.rows.exists():
        rows = [json.loads(line) for line in args.rows.read_text().splitlines()]
    finished = {(row["set"], row["method"], row["seed"]) for row in rows}
    for method in args.methods:
        if "harmony" in method and find_spec("harmonypy") is None:
            print(f"{method}: left out, as harmonypy is not installed", flush=True)
            continue
        for group in args.sets:
            for seed in args.seeds:
                if (group, method, seed) in finished:
                    continue
                found = scores(group, method, seed)
                rows += found
                if args.rows:
                    with args.rows.open("a") as file:
                        file.writelines(json.dumps(row) + "\n" for row in found)
                shown = ", ".join(f"{r['clustering']} {r['ARI']:.3f}" for r in found)
                mixing = found[-1]["mixing"]
                print(f"{group}, {method}, seed {seed}: ARI {shown}, mixing {mixing:.2f}", flush=True)
    text = f"{table(pd.DataFrame(rows))}\n\n{_machine.describe()}\n"
    print("\n" + text)
    if args.output:
        args.output.write_text(text)


if __name__ == "__main__":
    main()
