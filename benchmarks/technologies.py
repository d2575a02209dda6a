"""One tissue by two technologies: whether a domain of one is found in the other.

    python -m benchmarks.technologies                                        everything, five seeds
    python -m benchmarks.technologies --sets "Visium, panel" --seeds 0       a minute

Harmony needs ``pip install harmonypy``; its row is left out, and that is said, where it is absent.

Simulated: three sections of one cortex of five layers (1.4 mm, 1,000 genes). They share no cell and no
molecule. Visium: spots of 55 micrometres, 75 apart. HD: bins of 16 micrometres; molecules spread by 8.
Panel: cells about 20 apart, 300 genes, background. Genes of HD and panel have efficiencies of their own
(log-normal, sd 0.6). STARmap by3: one half of each count goes to the cells, the other to pseudo-spots of
about six cells. STARmap mPFC: the cells of one animal, pseudo-spots of another.

Protocol: K is given; labels only score. ARI is of both slices in one labelling (pooled), and of each.
Transfer: `tl.transfer_labels` (15 nearest in the embedding), ARI with the truth there, both ways. Mixing:
share of a spot's 30 nearest neighbours that are of the other slice over chance, the mean of the slices.
"one distance" is the default with a scale in micrometres: that of two rings of the coarser slice, for both.
"alone" runs each slice by itself on all of its genes. Its pooled ARI is empty, as its domains have no common
names.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from functools import lru_cache
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse
from scipy.spatial import cKDTree

from benchmarks import _machine
from benchmarks._slices import path_of
from spotscape import datasets, gr, metrics, pp, tl
from spotscape._neighborhood import neighborhood_mean
from spotscape._validate import SpotscapeWarning
from spotscape.components.scale import one_step
from spotscape.run.mixing import assess

TRUTH = "ground_truth"
CELL = 20.0
"""Micrometres between simulated cells."""
SETS = {
    "Visium, panel": 5,
    "HD, panel": 5,
    "Visium, HD": 5,
    "STARmap by3": 7,
    "STARmap mPFC": 4,
}
OURS: dict[str, dict[str, Any]] = {"default": {}, "correction 0": {"correction": 0.0}}
DISTANCE = "one distance"
METHODS = (*OURS, DISTANCE, "pooled PCA", "pooled PCA + harmony", "alone")
Row = dict[str, Any]


def read(group: str, seed: int) -> dict[str, ad.AnnData]:
    """Return the two slices of a set."""
    if group == "STARmap by3":
        return halves(ad.read_h5ad(path_of("starmap_by3")), seed)
    if group == "STARmap mPFC":
        return other_animal(seed)
    made = simulated(seed)
    return {name: made[name].copy() for name in group.split(", ")}


@lru_cache(maxsize=5)
def simulated(seed: int) -> dict[str, ad.AnnData]:
    """Return three sections of one tissue, each as one technology sees it."""
    rng = np.random.default_rng([seed, 11])
    tissue = {"n_domains": 5, "n_spots": 4000, "n_genes": 1000, "layout": "cells", "depth": 2000.0}
    cells = datasets.simulate_slices(n_slices=3, batch_strength=2.0, seed=seed, **tissue)
    for one in cells:
        one.obsm["spatial"] = one.obsm["spatial"] * (CELL / 10)
    visium = spots(cells[0], 75.0, 27.5)
    visium.X = thinned(visium.X, 2000.0, rng)
    hd = bins(cells[1], 16.0, 8.0, 60.0, rng)
    genes = np.sort(rng.permutation(1000)[:300])
    panel = cells[2][:, genes].copy()
    background = rng.poisson(rng.gamma(1.0, 0.03, size=300), size=panel.shape)
    panel.X = sparse.csr_matrix(thinned(panel.X, 120.0, rng) + background, dtype="float32")
    made = {"Visium": visium, "HD": hd, "panel": panel}
    for name, one in made.items():
        one.obs_names = [f"{name}_{i}" for i in range(one.n_obs)]
        one.uns["micrometres_per_unit"] = 1.0
    return made


def thinned(counts: Any, depth: float, rng: np.random.Generator) -> sparse.csr_matrix:
    """Keep each molecule by chance, so that the median total is this depth."""
    counts = sparse.csr_matrix(counts, copy=True)
    share = min(1.0, depth / np.median(np.asarray(counts.sum(axis=1))))
    counts.data = rng.binomial(counts.data.astype(int), share).astype("float32")
    counts.eliminate_zeros()
    return counts


def spots(cells: ad.AnnData, distance: float, radius: float) -> ad.AnnData:
    """Add cells up in the circles of a hexagonal array; a spot has the label of most of its cells."""
    xy = cells.obsm["spatial"]
    low, high = xy.min(axis=0), xy.max(axis=0)
    rows = np.arange(low[1], high[1], distance * np.sqrt(3) / 2)
    lines = []
    for i, y in enumerate(rows):
        x = np.arange(low[0] + distance / 2 * (i % 2), high[0], distance)
        lines.append(np.stack([x, np.full(len(x), y)], axis=1))
    middle = np.concatenate(lines)
    inside = cKDTree(xy).query_ball_point(middle, radius)
    kept = [i for i, own in enumerate(inside) if len(own)]
    return added_up(cells, [inside[i] for i in kept], middle[kept])


def added_up(cells: ad.AnnData, members: list[Any], middle: np.ndarray) -> ad.AnnData:
    """Return one spot for each list of cells."""
    lengths = [len(own) for own in members]
    rows, columns = np.repeat(np.arange(len(members)), lengths), np.concatenate(members).astype(int)
    of = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(members), cells.n_obs))
    made = ad.AnnData(sparse.csr_matrix(of @ sparse.csr_matrix(cells.X), dtype="float32"))
    made.var_names, made.obsm["spatial"] = cells.var_names, np.asarray(middle, dtype=float)
    truth = pd.get_dummies(cells.obs[TRUTH]).to_numpy(dtype=float)
    names = np.asarray(cells.obs[TRUTH].cat.categories)
    votes = of @ truth
    labels = names[votes.argmax(axis=1)].astype(object)
    made.obs[TRUTH] = pd.Categorical(np.where(votes.sum(axis=1) > 0, labels, None), categories=list(names))
    return made


def bins(cells: ad.AnnData, side: float, spread: float, depth: float, rng: np.random.Generator) -> ad.AnnData:
    """Let a share of the molecules drift, and count them in square bins; empty bins are left out."""
    xy, counts = cells.obsm["spatial"], sparse.csr_matrix(cells.X)
    n_bins = np.ptp(xy, axis=0).prod() / side**2
    share = min(1.0, depth * n_bins / counts.sum())
    molecules = sparse.coo_matrix(counts)
    n = rng.binomial(molecules.data.astype(int), share)
    cell, gene = np.repeat(molecules.row, n), np.repeat(molecules.col, n)
    place = ((xy[cell] + rng.normal(scale=spread, size=(len(cell), 2)) - xy.min(axis=0)) // side).astype(int)
    keys, code = np.unique(place, axis=0, return_inverse=True)
    counted = sparse.csr_matrix((np.ones(len(gene)), (code.ravel(), gene)), shape=(len(keys), cells.n_vars))
    middle = (keys + 0.5) * side + xy.min(axis=0)
    nearest = cKDTree(xy).query(middle)[1]
    made = ad.AnnData(sparse.csr_matrix(counted, dtype="float32"))
    made.var_names, made.obsm["spatial"] = cells.var_names, middle
    made.obs[TRUTH] = cells.obs[TRUTH].to_numpy()[nearest]
    made.obs[TRUTH] = pd.Categorical(made.obs[TRUTH], categories=cells.obs[TRUTH].cat.categories)
    return made[np.asarray(made.X.sum(axis=1)).ravel() >= 5].copy()


def halves(cells: ad.AnnData, seed: int) -> dict[str, ad.AnnData]:
    """Split each count by a coin: one half stays with the cells, the other is added up in pseudo-spots."""
    rng = np.random.default_rng([seed, 12])
    counts = sparse.csr_matrix(cells.X)
    first = counts.copy()
    first.data = rng.binomial(counts.data.astype(int), 0.5).astype("float32")
    one, other = cells.copy(), cells.copy()
    one.X, other.X = first, sparse.csr_matrix(counts - first)
    return named_apart(one, pseudo_spots(other, rng))


def other_animal(seed: int) -> dict[str, ad.AnnData]:
    """Return the cells of one animal and pseudo-spots of another; the seed says which."""
    rng = np.random.default_rng([seed, 13])
    animals = [f"starmap_mpfc_{name}" for name in ("BZ5", "BZ9", "BZ14")]
    one, other = (animals[i] for i in rng.permutation(3)[:2])
    return named_apart(ad.read_h5ad(path_of(one)), pseudo_spots(ad.read_h5ad(path_of(other)), rng))


def pseudo_spots(cells: ad.AnnData, rng: np.random.Generator, n_cells: int = 6) -> ad.AnnData:
    """Add cells up in square bins of about so many, on a grid that begins anywhere."""
    cells.obs[TRUTH] = cells.obs[TRUTH].astype("category")
    xy = cells.obsm["spatial"]
    side = np.sqrt(np.ptp(xy, axis=0).prod() * n_cells / cells.n_obs)
    place = np.floor((xy - xy.min(axis=0)) / side + rng.uniform(size=2)).astype(int)
    keys, code = np.unique(place, axis=0, return_inverse=True)
    members = [np.flatnonzero(code.ravel() == i) for i in range(len(keys))]
    return added_up(cells, members, np.stack([xy[own].mean(axis=0) for own in members]))


def named_apart(cells: ad.AnnData, spots: ad.AnnData) -> dict[str, ad.AnnData]:
    """Return both under names that differ, in one unit."""
    for name, one in (("cell", cells), ("spot", spots)):
        one.obs_names = [f"{name}_{i}" for i in range(one.n_obs)]
        one.uns["micrometres_per_unit"] = 1.0
    return {"cells": cells, "spots": spots}


def distance_of(slices: dict[str, ad.AnnData]) -> str:
    """Return how far two rings reach in the coarser slice, as a scale."""
    steps = []
    for one in slices.values():
        own = one.copy()
        gr.spatial_neighbors(own)
        steps.append(one_step(neighborhood_mean(own.obsp["spatial_connectivities"]), own.obsm["spatial"]))
    return f"{2**0.5 * max(steps):.2f} um"


def pooled_pca(slices: dict[str, ad.AnnData], harmony: bool, seed: int) -> ad.AnnData:
    """No learning: median depth, genes by pattern, each slice's mean off, PCA 20, mean of two rings."""
    adata = ad.concat(slices, label="slice", join="inner", index_unique=None)
    gr.spatial_neighbors(adata, slice_key="slice")
    pp.select_genes(adata, n_top_genes=3000, slice_key="slice")
    expression = pp.normalized_expression(adata, genes=adata.var["spotscape_genes"]).toarray().astype(float)
    of = adata.obs["slice"].to_numpy()
    for name in slices:
        expression[of == name] -= expression[of == name].mean(axis=0)
    left, values, _ = np.linalg.svd(expression, full_matrices=False)
    scores = left[:, :20] * values[:20]
    if harmony:
        import harmonypy

        found = np.asarray(
            harmonypy.run_harmony(scores, adata.obs, "slice", random_state=seed, verbose=False).Z_corr
        )
        scores = found if found.shape == scores.shape else found.T
    mean = neighborhood_mean(adata.obsp["spatial_connectivities"])
    adata.obsm["X_spotscape"] = np.asarray(mean @ (mean @ scores), dtype=np.float32)
    adata.uns["spotscape"] = {"params": {}, "integration": {"slice_key": "slice"}}
    return adata


def alone(slices: dict[str, ad.AnnData], group: str, seed: int) -> Row:
    """Score each slice by itself."""
    row: Row = {}
    for which, one in zip("ab", slices.values(), strict=True):
        tl.run_spotscape(one, n_domains=SETS[group], seed=seed, progress=False)
        row[f"ARI {which}"] = ari(one.obs[TRUTH], one.obs["spotscape_domain"])
    return row


def ari(truth: Any, found: Any) -> float:
    """Return the ARI, spots without a label left out."""
    return float(
        metrics.adjusted_rand_index(np.asarray(truth, dtype=object), np.asarray(found, dtype=object))
    )


def score(group: str, method: str, seed: int) -> Row:
    """Run one method on one pair of slices."""
    slices = read(group, seed)
    started = time.perf_counter()
    if method == "alone":
        return {"set": group, "method": method, "seed": seed, **alone(slices, group, seed)} | {
            "seconds": time.perf_counter() - started
        }
    if method in OURS or method == DISTANCE:
        settings = OURS.get(method, {"config": {"scale": distance_of(slices)}})
        both = tl.integrate_slices(slices, n_domains=SETS[group], seed=seed, progress=False, **settings)
    else:
        both = pooled_pca(slices, "harmony" in method, seed)
        tl.spatial_domains(both, n_domains=SETS[group], method="gmm", seed=seed)
    seconds = time.perf_counter() - started
    names = list(slices)
    of = pd.Categorical(both.obs["slice"].astype(str), categories=names)
    domain, truth = both.obs["spotscape_domain"], both.obs[TRUTH]
    mixing = assess(both.obsm["X_spotscape"], of, domain.cat.codes.to_numpy(), seed=seed).mixing_per_slice
    row = {"set": group, "method": method, "seed": seed, "pooled ARI": ari(truth, domain)}
    for which, name in zip("ab", names, strict=True):
        row[f"ARI {which}"] = ari(truth[of == name], domain[of == name])
    for which, reference in (("a to b", names[0]), ("b to a", names[1])):
        tl.transfer_labels(both, label_key=TRUTH, reference=reference, slice_key="slice")
        there = of != reference
        row[which] = ari(truth[there], both.obs[f"{TRUTH}_transferred"][there])
    return row | {"mixing": float(np.mean(mixing)), "seconds": seconds}


def table(rows: pd.DataFrame) -> str:
    """Return means over seeds as Markdown; ARI with standard deviations."""
    figures = ["pooled ARI", "ARI a", "ARI b", "a to b", "b to a", "mixing", "seconds"]
    lines = ["| slices (a, b) | method | " + " | ".join(figures) + " | runs |", "| --- " * 10 + "|"]
    for (group, method), own in rows.groupby(["set", "method"], sort=False):
        cells = []
        for name in figures:
            values = own[name].dropna() if name in own else pd.Series(dtype=float)
            plain = name in ("mixing", "seconds")
            shown = f"{values.mean():.2f}" if plain else f"{values.mean():.3f} ± {values.std(ddof=1):.3f}"
            cells.append(shown if len(values) else "–")
        lines.append(f"| {group} | {method} | " + " | ".join(cells) + f" | {len(own)} |")
    return "\n".join(lines)


def main() -> None:
    """Run what was asked for, print the table, and write it where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=METHODS)
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=list(SETS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    parser.add_argument("--rows", type=Path, help="finished runs (.jsonl), added to and not run again")
    args = parser.parse_args()
    warnings.simplefilter("ignore", SpotscapeWarning)
    rows: list[Row] = []
    if args.rows and args.rows.exists():
        rows = [json.loads(line) for line in args.rows.read_text().splitlines()]
    finished = {(row["set"], row["method"], row["seed"]) for row in rows}
    methods = [m for m in args.methods if "harmony" not in m or find_spec("harmonypy")]
    if len(methods) < len(args.methods):
        print("Harmony is left out, as harmonypy is not installed", flush=True)
    for group, seed, method in product(args.sets, args.seeds, methods):
        if (group, method, seed) in finished:
            continue
        rows.append(score(group, method, seed))
        if args.rows:
            with args.rows.open("a", encoding="utf-8") as file:
                file.write(json.dumps(rows[-1]) + "\n")
        shown = ", ".join(f"{k} {v:.3f}" for k, v in rows[-1].items() if isinstance(v, float))
        print(f"{group}, {method}, seed {seed}: {shown}", flush=True)
    print(f"\n{table(pd.DataFrame(rows))}\n\n{_machine.describe()}")


if __name__ == "__main__":
    main()
