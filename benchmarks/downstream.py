"""What follows domains: pseudotime, imputation, alignment, other technologies and times, new slices.

    python -m benchmarks.downstream                                   everything, five seeds (about an hour)
    python -m benchmarks.downstream --parts pseudotime --seeds 0      one part, one seed

Each part stands beside a plain baseline on the same data. Smoothed PCA is 50 components of the normalised
genes, averaged over a spot and its 18 nearest (for imputation 30 components, and the neighbours of the
graph). Labels are looked at only to score; the root of time is a spot in L1, which the task gives. The true
motion between two DLPFC sections is the shift near to the identity under which the expert labels agree most;
no method is shown it.
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse
from scipy.spatial import cKDTree
from scipy.stats import spearmanr
from sklearn.decomposition import TruncatedSVD

from benchmarks import _machine
from benchmarks._baseline import principal_components, smoothed
from benchmarks._slices import path_of
from spotscape import Spotscape, datasets, gr, metrics, pp, tl
from spotscape._validate import SpotscapeWarning

LAYERS = ["L1", "L2", "L3", "L4", "L5", "L6", "WM"]
LABELLED = ("dlpfc_151673", "dlpfc_151674", "dlpfc_151675")
MARKERS = ("MBP", "PCP4", "SNAP25", "HPCAL1", "AQP4")
HIDDEN = 0.1
Row = dict[str, Any]


def read(name: str) -> ad.AnnData:
    """Return a real slice."""
    return ad.read_h5ad(path_of(name))


def mean_over_neighbors(adata: ad.AnnData) -> sparse.csr_matrix:
    """Return the matrix that averages over a spot and its spatial neighbours, within slices."""
    if "spatial_connectivities" not in adata.obsp:
        gr.spatial_neighbors(adata)
    near = (adata.obsp["spatial_connectivities"] != 0).astype(float) + sparse.eye(adata.n_obs)
    return sparse.diags(1 / np.asarray(near.sum(axis=1)).ravel()) @ near


# ---- parts ----------------------------------------------------------------------------------------------


def pseudotime(seed: int) -> Iterator[Row]:
    """Spearman's correlation of pseudotime with the depth of the layer, root in L1."""
    for name in LABELLED:
        adata = read(name)
        tl.run_spotscape(adata, n_domains=7, seed=seed, progress=False)
        labels = adata.obs["ground_truth"].astype(object)
        depth = labels.map({layer: i for i, layer in enumerate(LAYERS)}).to_numpy(dtype=float)
        xy = adata.obsm["spatial"]
        white = xy[(labels == "WM").to_numpy()].mean(axis=0)
        outer = np.flatnonzero((labels == "L1").to_numpy())
        root = adata.obs_names[outer[np.linalg.norm(xy[outer] - white, axis=1).argmax()]]
        expression = pp.normalized_expression(adata, genes=adata.var["spotscape_genes"].to_numpy())
        scores = principal_components(expression, seed)
        adata.obsm["X_pca"] = smoothed(scores, xy, np.zeros(adata.n_obs))
        adata.uns["pca"] = {"params": {}}
        for method, key in (("spotscape", "spotscape"), ("smoothed PCA", "pca")):
            tl.pseudotime(adata, root={"spot": root}, key_added=key, seed=seed)
            time = adata.obs[f"{key}_pseudotime"].to_numpy()
            known = np.isfinite(time) & np.isfinite(depth)
            yield {"data": name, "method": method, "spearman": float(spearmanr(time[known], depth[known])[0])}


def imputation(seed: int) -> Iterator[Row]:
    """Hidden counts of dlpfc_151673 against what each method gives there, on the log scale."""
    whole = read("dlpfc_151673")
    counts = whole.X.tocsr()
    hidden = np.random.default_rng(seed).random(counts.nnz) < HIDDEN
    rows = np.repeat(np.arange(whole.n_obs), np.diff(counts.indptr))[hidden]
    columns = counts.indices[hidden]
    adata = whole.copy()
    adata.X.data[hidden] = 0
    adata.X.eliminate_zeros()
    tl.run_spotscape(adata, n_domains=7, seed=seed, progress=False)
    tl.impute(adata)
    totals = np.asarray(adata.X.sum(axis=1)).ravel()
    truth = np.log1p(counts.data[hidden] * 1e4 / totals[rows])
    trained = adata.var["spotscape_genes"].to_numpy()
    measured = pp.normalized_expression(adata)
    around = mean_over_neighbors(adata)
    svd = TruncatedSVD(30, random_state=seed)
    scores = svd.fit_transform(measured)
    given: dict[str, np.ndarray] = {
        "spotscape": adata.layers["spotscape_imputed"],
        "mean over spatial neighbours": np.asarray((around @ measured).todense()),
        "PCA": scores @ svd.components_,
        "PCA, smoothed": (around @ scores) @ svd.components_,
    }
    for which, genes in (("trained genes", trained), ("other genes", ~trained)):
        if not genes.any():
            continue
        chosen = genes[columns]
        for method, values in given.items():
            found = np.maximum(values[rows[chosen], columns[chosen]], 0)
            off = found - truth[chosen]
            yield {
                "data": which,
                "method": method,
                "correlation": float(np.corrcoef(found, truth[chosen])[0, 1]),
                "within genes": within(found, truth[chosen], columns[chosen]),
                "error": float(np.sqrt((off**2).mean())),
            }
    labels = adata.obs["ground_truth"]
    for marker in [name for name in MARKERS if name in adata.var_names]:
        at = adata.var_names.get_loc(marker)
        every = {"measured": measured[:, at].toarray().ravel()}
        every |= {method: np.asarray(values)[:, at].ravel() for method, values in given.items()}
        for method, values in every.items():
            yield {"data": f"marker {marker}", "method": method, "between layers": explained(values, labels)}


def within(found: np.ndarray, truth: np.ndarray, genes: np.ndarray) -> float:
    """Return the correlation after each gene's mean is taken off both."""
    number = np.maximum(np.bincount(genes), 1)
    centred = [values - (np.bincount(genes, values) / number)[genes] for values in (found, truth)]
    return float(np.corrcoef(*centred)[0, 1])


def explained(values: np.ndarray, labels: pd.Series) -> float:
    """Return the share of the variance that lies between labels."""
    known = labels.notna().to_numpy()
    table = pd.Series(values[known]).groupby(labels[known].astype(str).to_numpy())
    between = (table.size() * (table.mean() - values[known].mean()) ** 2).sum()
    return float(between / ((values[known] - values[known].mean()) ** 2).sum())


def alignment(seed: int) -> Iterator[Row]:
    """One section of a pair turned, flipped and cropped to 60 %; both directions."""
    for (reference, fixed), (moved, cropped) in pairs(seed):
        both = tl.integrate_slices({reference: fixed, moved: cropped}, n_domains=7, seed=seed, progress=False)
        yield from scored(both, reference, moved, cropped.obsm["true"], f"{moved} to {reference}", seed)
    mice = {name: read(name) for name in ("starmap_mpfc_BZ5", "starmap_mpfc_BZ9")}
    both = tl.integrate_slices(mice, n_domains=4, seed=seed, progress=False)
    for method, key in with_baseline(both):
        tl.align_slices(both, transform="none", key_added=key, seed=seed)
        score = transferred(both, key, *mice)
        yield {"data": "STARmap BZ9 to BZ5, by embedding", "method": method, "LTARI": score}


def bent(seed: int) -> Iterator[Row]:
    """One section of a pair bent by up to five spot distances, cropped to 70 %, turned and flipped."""
    for name, both, own, there, spacing in bent_pairs(seed):
        for transform in ("rigid", "affine", "nonrigid"):
            tl.align_slices(both, reference=name.split()[2].strip(","), transform=transform, seed=seed)
            row = both.uns["spotscape_alignment"]["slices"].iloc[1]
            off = np.linalg.norm(both.obsm["spatial_aligned"][own] - there, axis=1) / spacing
            yield {
                "data": name,
                "method": transform,
                "error in spots": float(np.median(off)),
                "of the worst tenth": float(np.quantile(off, 0.9)),
                "smallest Jacobian": float(row["jacobian_low"]),
            }


def cropped_both_ways(
    share: float, seed: int
) -> Iterator[tuple[tuple[str, ad.AnnData], tuple[str, ad.AnnData], np.random.Generator]]:
    """Return a section, the other one cropped (where it belongs: ``obsm["true"]``), and what draws on."""
    names = ("dlpfc_151673", "dlpfc_151674")
    slices = {name: read(name) for name in names}
    shift = true_motion(*slices.values())
    rng = np.random.default_rng(seed)
    for reference, moved in (names, names[::-1]):
        cropped = crop(slices[moved], share, rng)
        places = cropped.obsm["spatial"].copy()
        cropped.obsm["true"] = places + shift if reference == names[0] else places - shift
        yield (reference, slices[reference]), (moved, cropped), rng


def bent_pairs(seed: int) -> Iterator[tuple[str, ad.AnnData, np.ndarray, np.ndarray, float]]:
    """Return name, both slices in one space, which spots are bent, where they belong, and spots' distance."""
    for (reference, one), (moved, cropped), rng in cropped_both_ways(0.7, seed):
        places, spacing = cropped.obsm["spatial"].copy(), spot_distance(one.obsm["spatial"])
        for field in (bumps, waves):
            cropped.obsm["spatial"] = turned(places + 5 * spacing * field(places, rng), rng)
            both = tl.integrate_slices(
                {reference: one, moved: cropped}, n_domains=7, seed=seed, progress=False
            )
            own = (both.obs["slice"] == moved).to_numpy()
            yield f"{moved} to {reference}, {field.__name__}", both, own, cropped.obsm["true"], spacing


def bumps(xy: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a field of four wide bumps, at most 1 long."""
    low, high = xy.min(axis=0), xy.max(axis=0)
    field = np.zeros_like(xy)
    for _ in range(4):
        width = rng.uniform(0.2, 0.35) * (high - low).max()
        near = np.exp(-((xy - rng.uniform(low, high)) ** 2).sum(axis=1) / (2 * width**2))
        field += near[:, None] * rng.normal(size=2)
    return field / np.linalg.norm(field, axis=1).max()


def waves(xy: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a field of one wave across the tissue along either axis, at most 1 long."""
    across = (xy - xy.min(axis=0)) / np.ptp(xy, axis=0).max()
    field = np.sin(2 * np.pi * (rng.uniform(0.8, 1.3, 2) * across[:, ::-1] + rng.uniform(0, 1, 2)))
    return field / np.linalg.norm(field, axis=1).max()


def pairs(seed: int) -> Iterator[tuple[tuple[str, ad.AnnData], tuple[str, ad.AnnData]]]:
    """Return the reference, and the slice to align with where it belongs in ``obsm["true"]``, both ways."""
    for reference, (moved, cropped), rng in cropped_both_ways(0.6, seed):
        cropped.obsm["spatial"] = turned(cropped.obsm["spatial"].copy(), rng)
        yield reference, (moved, cropped)


def scored(
    both: ad.AnnData, reference: str, moved: str, there: np.ndarray, data: str, seed: int
) -> Iterator[Row]:
    """Align by each embedding and say how well it went."""
    own = (both.obs["slice"] == moved).to_numpy()
    spacing = spot_distance(both.obsm["spatial"][~own])
    for method, key in with_baseline(both):
        tl.align_slices(both, reference=reference, key_added=key, seed=seed)
        aligned = both.obsm["spatial_aligned"][own]
        failed = bool(np.isnan(aligned).any())
        error = np.nan if failed else metrics.registration_error(aligned, there, spacing)
        score = 0.0 if failed else transferred(both, key, reference, moved)
        yield {"data": data, "method": method, "LTARI": score, "error in spots": error}


def with_baseline(both: ad.AnnData) -> list[tuple[str, str]]:
    """Put smoothed PCA, centred within slices, beside the embedding; return names and keys."""
    expression = pp.normalized_expression(both, genes=both.var["spotscape_genes"].to_numpy()).toarray()
    for name in both.obs["slice"].unique():
        expression[both.obs["slice"] == name] -= expression[both.obs["slice"] == name].mean(axis=0)
    scores = principal_components(expression, 0)
    both.obsm["X_pca"] = smoothed(scores, both.obsm["spatial"], both.obs["slice"])
    both.uns["pca"] = {"params": {}}
    return [("spotscape", "spotscape"), ("smoothed PCA", "pca")]


def transferred(both: ad.AnnData, key: str, reference: str, moved: str) -> float:
    """Return the LTARI of an alignment."""
    matches = both.uns[f"{key}_alignment"]["matches"]
    sides = [both[both.obs["slice"] == name] for name in (moved, reference)]
    partners = np.full(sides[0].n_obs, -1)
    partners[sides[0].obs_names.get_indexer(matches["spot"])] = sides[1].obs_names.get_indexer(
        matches["reference_spot"]
    )
    return metrics.ltari(sides[0].obs["ground_truth"], sides[1].obs["ground_truth"], partners)


def true_motion(one: ad.AnnData, other: ad.AnnData) -> np.ndarray:
    """Return the shift of the second onto the first under which expert labels agree most."""
    labels = [adata.obs["ground_truth"].astype(object).to_numpy() for adata in (one, other)]
    spacing = spot_distance(one.obsm["spatial"])
    tree = cKDTree(one.obsm["spatial"])
    steps = spacing * np.arange(-4, 4.25, 0.5)
    best = (-1.0, np.zeros(2))
    for x in steps:
        for y in steps:
            distance, near = tree.query(other.obsm["spatial"] + [x, y])
            over = distance < spacing
            best = max(
                best,
                (float((labels[0][near[over]] == labels[1][over]).mean()), np.array([x, y])),
                key=lambda b: b[0],
            )
    return best[1]


def spot_distance(xy: np.ndarray) -> float:
    """Return the median distance to the nearest spot."""
    return float(np.median(cKDTree(xy).query(xy, k=2)[0][:, 1]))


def crop(adata: ad.AnnData, share: float, rng: np.random.Generator) -> ad.AnnData:
    """Return the part of a slice to one side of a line in a random direction."""
    angle = rng.uniform(0, 2 * np.pi)
    along = adata.obsm["spatial"] @ [np.cos(angle), np.sin(angle)]
    return adata[along < np.quantile(along, share)].copy()


def turned(xy: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return places flipped, and turned by a random angle."""
    angle = rng.uniform(0, 2 * np.pi)
    c, s = np.cos(angle), np.sin(angle)
    return xy @ (np.array([[c, -s], [s, c]]) @ np.diag([-1.0, 1.0])).T


def technology(seed: int) -> Iterator[Row]:
    """Add cells up to pseudo-spots of about ten with half the genes, and match them to the cells."""
    simulated = datasets.simulate_slice(n_spots=1500, n_genes=400, layout="cells", seed=seed)
    for name, cells in (("starmap_by3", read("starmap_by3")), ("simulated", simulated)):
        yield from to_own_cells(name, cells, seed)


def to_own_cells(name: str, cells: ad.AnnData, seed: int) -> Iterator[Row]:
    """Bin the cells, align the bins to them, and say how many come to their own."""
    rng = np.random.default_rng(seed)
    cells, whole = cells.copy(), sparse.csr_matrix(cells.X)
    # Cells keep one half of their molecules, and spots are made of the other: they share no noise.
    cells.X = whole.copy()
    cells.X.data = rng.binomial(whole.data.astype(int), 0.5).astype(whole.dtype)
    xy = cells.obsm["spatial"]
    side = np.sqrt(np.ptp(xy[:, 0]) * np.ptp(xy[:, 1]) * 10 / cells.n_obs)
    bins = pd.Categorical([f"{x}_{y}" for x, y in ((xy - xy.min(axis=0)) // side).astype(int)])
    member = sparse.csr_matrix((np.ones(cells.n_obs), (bins.codes, np.arange(cells.n_obs))))
    genes = np.sort(rng.permutation(cells.n_vars)[: cells.n_vars // 2])
    spots = ad.AnnData(sparse.csr_matrix(member @ (whole - cells.X))[:, genes].astype("float32"))
    spots.obs_names, spots.var_names = [f"bin_{name}" for name in bins.categories], cells.var_names[genes]
    middle = (np.array([[int(k) for k in name.split("_")] for name in bins.categories]) + 0.5) * side
    spots.obsm["spatial"] = turned(middle + xy.min(axis=0), rng)
    both = tl.integrate_slices({"cells": cells, "spots": spots}, n_domains=7, seed=seed, progress=False)
    n_bins = len(bins.categories)
    nearest = cKDTree(xy).query(middle + xy.min(axis=0))[1]
    ideal = float((bins.codes[nearest] == np.arange(n_bins)).mean())
    chance = float((np.bincount(bins.codes) / cells.n_obs).mean())
    for method, key in with_baseline(both):
        tl.align_slices(both, reference="cells", key_added=key, seed=seed)
        matches = both.uns[f"{key}_alignment"]["matches"]
        spot = spots.obs_names.get_indexer(matches["spot"])
        cell = cells.obs_names.get_indexer(matches["reference_spot"])
        share = float((bins.codes[cell] == spot).sum() / n_bins)
        yield {
            "data": name,
            "method": method,
            "in own bin": share,
            "of what coordinates give": share / ideal,
            "by chance": chance,
        }


def development(seed: int) -> Iterator[Row]:
    """Match a tissue at two times by embedding alone: domains that grow, appear and vanish."""
    early, late = datasets.simulate_development(n_spots=1500, n_genes=600, seed=seed)
    both = tl.integrate_slices({"early": early, "late": late}, n_domains=7, seed=seed, progress=False)
    for method, key in with_baseline(both):
        tl.align_slices(both, transform="none", key_added=key, seed=seed)
        yield {"data": "late to early", "method": method, "LTARI": transferred(both, key, "early", "late")}


def new_slice(seed: int) -> Iterator[Row]:
    """Put dlpfc_151674 into a model of dlpfc_151673, against a run on it itself."""
    one, other = read("dlpfc_151673"), read("dlpfc_151674")
    model = Spotscape().fit(one, n_domains=7, seed=seed, progress=False)
    fresh = other.copy()
    tl.run_spotscape(fresh, n_domains=7, seed=seed, progress=False)
    model.transform(other)
    mapped = other.copy()
    tl.spatial_domains(mapped, n_domains=7, seed=seed)
    means = fresh.copy()
    tl.spatial_domains(means, n_domains=7, seed=seed, method="kmeans")
    for method, adata in (
        ("mapped, the model's domains", other),
        ("mapped, grouped anew", mapped),
        ("run anew", fresh),
        ("run anew (K-means)", means),
    ):
        score = metrics.adjusted_rand_index(adata.obs["ground_truth"], adata.obs["spotscape_domain"])
        yield {"data": "dlpfc_151674", "method": method, "ARI": score}


PARTS: dict[str, Callable[[int], Iterator[Row]]] = {
    "pseudotime": pseudotime,
    "imputation": imputation,
    "alignment": alignment,
    "bent": bent,
    "technology": technology,
    "development": development,
    "new_slice": new_slice,
}


def main() -> None:
    """Run the parts asked for and print a table for each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    parser.add_argument("--rows", type=Path, help="also keep every row in this file, one JSON object a line")
    parser.add_argument(
        "--write-pairs", type=Path, metavar="DIR", help="only write the pairs of alignment, for peer_paste.py"
    )
    options = parser.parse_args()
    if options.write_pairs:
        return write_pairs(options.write_pairs, options.seeds)
    warnings.simplefilter("ignore", SpotscapeWarning)
    warnings.simplefilter("ignore", FutureWarning)
    run_parts({name: PARTS[name] for name in options.parts}, options.seeds, options.rows)


def run_parts(
    parts: dict[str, Callable[[int], Iterator[Row]]], seeds: list[int], rows_file: Path | None
) -> None:
    """Print a table for each part, and keep every row in a file where one is named."""
    print(_machine.describe())
    for name, part in parts.items():
        rows = []
        for seed in seeds:
            for row in part(seed):
                rows.append({"part": name, "seed": seed, **row})
                if rows_file:
                    with rows_file.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(rows[-1]) + "\n")
        print(f"\n## {name}\n\n{part.__doc__}\n")
        print(table(pd.DataFrame(rows)), flush=True)


def write_pairs(folder: Path, seeds: list[int]) -> None:
    """Write reference and moved slice of every pair."""
    folder.mkdir(exist_ok=True)
    for seed in seeds:
        for (reference, fixed), (moved, cropped) in pairs(seed):
            fixed.write_h5ad(folder / f"{seed}_{moved}_to_{reference}_reference.h5ad")
            cropped.write_h5ad(folder / f"{seed}_{moved}_to_{reference}_moved.h5ad")


def table(rows: pd.DataFrame) -> str:
    """Return mean and standard deviation over the seeds, as a Markdown table."""
    figures = [name for name in rows if name not in ("part", "seed", "data", "method")]
    lines = [" | ".join(["", "data", "method", *figures, ""]).strip(), "| --- " * (2 + len(figures)) + "|"]
    for (data, method), group in rows.groupby(["data", "method"], sort=False):
        cells = [
            f"{group[name].mean():.3f} +- {group[name].std(ddof=0):.3f}" if group[name].notna().any() else ""
            for name in figures
        ]
        lines.append("| " + " | ".join([data, method, *cells]) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
