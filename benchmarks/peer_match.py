"""Our matching and that of SLAT, moscot, PASTE2, PASTE3 and CAST, on the sets of `peer_sets`, in one run.

    python -m benchmarks.peer_sets sets --seeds 0 1 2 3 4
    python benchmarks/peer_match.py sets --method spotscape --rows rows.jsonl
    slat/bin/python benchmarks/peer_match.py sets --method slat --with layers=5 --rows rows.jsonl
    cast/bin/python benchmarks/peer_match.py sets --method cast --with dims=128 whole=sets --rows rows.jsonl
    python benchmarks/peer_match.py sets --table --rows rows.jsonl

Each peer runs in an environment of its own and needs nothing of spotscape:

- slat: ``pip install scSLAT`` (with torch and torch-geometric as it asks); moscot: ``pip install moscot``;
- paste2: ``pip install paste2``; paste3: not on PyPI, its repository's files on ``PYTHONPATH``, with POT;
- cast: not on PyPI; omicverse 2.3.2 ships its files (``omicverse/external/CAST``): these on ``PYTHONPATH`` as
  ``CAST``, with ``pip install dgl==1.1.3 torch "numpy<2" scanpy networkx seaborn pydantic``.

A method gives matches, places, or both. A match by place is the nearest spot of the reference. Where a method
offers several, each is a row (``by``). Seconds are of the whole method, our training included.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse
from scipy.spatial import cKDTree

Found = dict[str, np.ndarray]  # how it was found: numbers of matches, or places in the reference's frame


def spotscape(reference: ad.AnnData, moved: ad.AnnData, seed: int, **options: str) -> Found:
    """Ours with its defaults; the number of domains and the transform are given."""
    from spotscape import tl

    k, transform = int(moved.uns["n_domains"]), options.pop("transform", str(moved.uns["transform"]))
    slices = {"reference": reference, "moved": moved}
    both = tl.integrate_slices(slices, n_domains=k, seed=seed, progress=False)
    tl.align_slices(both, reference="reference", transform=transform, seed=seed, **options)
    table = both.uns["spotscape_alignment"]["matches"]
    partners = np.full(moved.n_obs, -1)
    at = moved.obs_names.get_indexer(table["spot"])
    partners[at] = reference.obs_names.get_indexer(table["reference_spot"])
    if transform == "none":
        return {"matches": partners}
    aligned = both.obsm["spatial_aligned"][(both.obs["slice"] == "moved").to_numpy()]
    return {"matches": partners, "places": aligned}


def slat(
    reference: ad.AnnData,
    moved: ad.AnnData,
    seed: int,
    feature: str = "DPCA",
    layers: str = "1",
    neighbors: str = "20",
    trained: str = "yes",
) -> Found:
    """SLAT as in its tutorials; "smooth" takes, of 20 candidates, the nearest by the coordinates as given."""
    import torch
    from torch_geometric.utils import scatter

    # torch-scatter and torch-cluster have to be compiled. SLAT takes a sum and a table of neighbours of them.
    add = ModuleType("torch_scatter")
    add.scatter_add = partial(scatter, reduce="sum")
    sys.modules.setdefault("torch_scatter", add)
    from scSLAT.model import load_anndatas, run_SLAT, spatial_match

    torch.manual_seed(seed)
    slices = [reference, moved]
    for one in slices:
        one.uns["Spatial_Net"] = neighbor_table(one, int(neighbors))
    edges, features = load_anndatas(slices, feature=feature, check_order=False)
    # One of its tutorials matches by the features that training starts from.
    embedded = run_SLAT(features, edges, LGCN_layer=int(layers))[:2] if trained == "yes" else features
    return {
        "matches": spatial_match(embedded, reorder=False)[0],
        "smooth": spatial_match(embedded, reorder=False, adatas=slices)[0],
    }


def neighbor_table(adata: ad.AnnData, k: int) -> pd.DataFrame:
    """Return what SLAT's `Cal_Spatial_Net` makes with torch-cluster."""
    near = cKDTree(adata.obsm["spatial"]).query(adata.obsm["spatial"], k=k)[1]  # a spot itself included
    pairs = np.column_stack([np.repeat(np.arange(adata.n_obs), k), near.ravel()])
    pairs = np.unique(np.concatenate([pairs, pairs[:, ::-1]]), axis=0)
    return pd.DataFrame(adata.obs_names.to_numpy()[pairs], columns=["Cell1", "Cell2"])


def moscot(
    reference: ad.AnnData,
    moved: ad.AnnData,
    seed: int,
    alpha: str = "0.5",
    epsilon: str = "0.01",
    tau: str = "1",
) -> Found:
    """Solve moscot's `AlignmentProblem` on principal components that it makes of log-normalised counts."""
    import scanpy as sc
    from moscot.problems.space import AlignmentProblem

    both = ad.concat({"reference": reference, "moved": moved}, label="slice", join="inner")
    sc.pp.normalize_total(both)
    sc.pp.log1p(both)
    problem = AlignmentProblem(adata=both)
    problem = problem.prepare(batch_key="slice", policy="star", reference="reference")
    problem = problem.solve(alpha=float(alpha), epsilon=float(epsilon), tau_a=float(tau), tau_b=float(tau))
    ((pair, one),) = problem.solutions.items()
    plan = np.asarray(one.transport_matrix)
    own = (both.obs["slice"] == "moved").to_numpy()
    middle = reference.obsm["spatial"].mean(axis=0)
    return {
        "matches": plan.argmax(axis=1) if pair[0] == "moved" else plan.argmax(axis=0),
        "warp": np.asarray(problem.align(mode="warp")[0])[own],
        "affine": np.asarray(problem.align(mode="affine")[0])[own] + middle,
    }


def paste2(
    reference: ad.AnnData, moved: ad.AnnData, seed: int, dissimilarity: str = "glmpca", norm: str = "yes"
) -> Found:
    """PASTE2's partial alignment, told the true overlap."""
    from paste2.PASTE2 import partial_pairwise_align

    plan = partial_pairwise_align(
        moved,
        reference,
        s=overlap(reference, moved),
        dissimilarity=dissimilarity,
        norm=norm == "yes",
        verbose=False,
    )
    return by_plan(plan, reference, moved)


def paste3(
    reference: ad.AnnData, moved: ad.AnnData, seed: int, dissimilarity: str = "kl", partial: str = "no"
) -> Found:
    """PASTE3's alignment of whole slices, or of the true overlap."""
    from paste3.paste import pairwise_align

    share = overlap(reference, moved) if partial == "yes" else None
    plan, _ = pairwise_align(
        moved, reference, overlap_fraction=share, exp_dissim_metric=dissimilarity, norm=partial == "yes"
    )
    return by_plan(np.asarray(plan), reference, moved)


def cast(
    reference: ad.AnnData,
    moved: ad.AnnData,
    seed: int,
    dims: str = "512",
    unit: str = "100",
    bent: str = "400",
    step: str = "500",
    whole: str = "",
) -> Found:
    """CAST_STACK with the settings of its tutorial; ``unit`` is the length of a spot distance.

    ``whole`` is the folder of the sets: the embedding is then of both whole sections of DLPFC, trained once.
    """
    import torch
    from CAST import CAST_STACK, CAST_Stack, reg_params

    CAST_Stack.J_cal = nearest_cost
    scale = float(unit) / reference.uns["spacing"]
    slices = {"moved": moved, "reference": reference}
    places = {name: one.obsm["spatial"] * scale for name, one in slices.items()}
    if whole:
        embedded = of_whole_sections(Path(whole), slices, int(dims))
    else:
        embedded = cast_trained(slices, int(dims), seed)
    settings = reg_params(
        dataname="moved",
        gpu=-1,
        iterations=500,
        bleeding=5 * float(unit),
        d_list=[1],  # both slices are in the same unit
        translation_params=[0.3, 0.3, 5],
        attention_params=[None, 3, 1, 0],
        dist_penalty2=[0],
        alpha_basis_bs=[float(step)],
        meshsize=[8],
        iterations_bs=[int(bent)],
        attention_params_bs=[[None, 3, 1, 0]],
        mesh_weight=[None],
    )
    settings.alpha_basis = torch.Tensor([1 / 1000, 1 / 1000, 1 / 50, 5, 5]).reshape(5, 1)
    with tempfile.TemporaryDirectory() as folder:
        found = CAST_STACK(places, embedded, folder, ["moved", "reference"], settings)
    return {"places": np.asarray(found["moved"]) / scale}


def cast_trained(slices: dict[str, ad.AnnData], dims: int, seed: int) -> dict[str, Any]:
    """Return CAST_MARK's embeddings after its own 400 epochs, of counts to ten thousand a spot."""
    import matplotlib
    import scanpy as sc
    import torch
    from CAST import CAST_MARK
    from CAST.model.model_GCNII import Args
    from dgl.nn import GCN2Conv

    matplotlib.use("Agg")
    matplotlib.pyplot.savefig = lambda *_, **__: None  # its pictures take longer than its sums
    GCN2Conv.forward = convolved
    torch.manual_seed(seed)
    both = ad.concat(slices, label="slice", join="inner")
    sc.pp.normalize_total(both, target_sum=1e4)
    if both.n_vars > 1000:
        logarithms = sc.pp.log1p(both, copy=True)
        chosen = sc.pp.highly_variable_genes(logarithms, n_top_genes=1000, batch_key="slice", inplace=False)
        both = both[:, chosen["highly_variable"].to_numpy()]
    features = {name: both[both.obs["slice"] == name].X.toarray() for name in slices}
    places = {name: one.obsm["spatial"] for name, one in slices.items()}
    settings = Args("both", -1, 400, der=0.5, dfr=0.3, encoder_dim=dims, use_encoder=True)
    with tempfile.TemporaryDirectory() as folder:
        return CAST_MARK(
            places,
            features,
            folder,
            gpu_t=-1,
            device="cpu",
            args=settings,
            if_plot=False,
            graph_strategy="delaunay",
        )


def of_whole_sections(folder: Path, slices: dict[str, ad.AnnData], dims: int) -> dict[str, Any]:
    """Return the embeddings of the slices' spots from those of the two whole sections, kept in the folder."""
    import torch

    wholes = {name: ad.read_h5ad(folder / f"0_bumps_{name}_reference.h5ad") for name in ("673", "674")}
    kept = folder / f"cast_{dims}.pt"
    if not kept.exists():
        torch.save(cast_trained(wholes, dims, 0), kept)
    embedded, found = torch.load(kept), {}
    for name, one in slices.items():
        # Only the section that the slice is cut from has its genes.
        (section,) = (key for key, whole in wholes.items() if whole.var_names.equals(one.var_names))
        at = [
            pd.MultiIndex.from_frame(part.obs[["array_row", "array_col"]]) for part in (wholes[section], one)
        ]
        found[name] = embedded[section][at[0].get_indexer(at[1])]
    return found


def nearest_cost(xy: Any, others: Any, costs: Any, bleeding: float, *_: Any) -> Any:
    """Return what CAST's `J_cal` returns without a penalty of distance, by a tree: twenty times as fast."""
    import torch

    low, high = xy.min(dim=0).values - bleeding, xy.max(dim=0).values + bleeding
    inside = torch.nonzero(((others > low) & (others < high)).all(dim=1)).ravel()
    near = cKDTree(others[inside].numpy()).query(xy.numpy())[1]
    return costs[torch.arange(len(xy)), inside[torch.from_numpy(near)]]


def convolved(layer: Any, graph: Any, x: Any, first: Any) -> Any:
    """Return what dgl's `GCN2Conv` returns, by two products of matrices: a third of the time."""
    import torch

    if not hasattr(graph, "averaging"):
        sources, targets = (ends.numpy() for ends in graph.edges())
        n = graph.number_of_nodes()
        scale = np.maximum(np.bincount(targets, minlength=n), 1) ** -0.5
        weights = (scale[targets] * scale[sources]).astype("float32")
        graph.averaging = [
            torch.sparse_csr_tensor(one.indptr, one.indices, one.data, one.shape)
            for one in (
                sparse.csr_matrix((weights, ends), (n, n))
                for ends in ((targets, sources), (sources, targets))
            )
        ]

    class Average(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, first: Any) -> Any:
            return torch.addmm(first, graph.averaging[0], x, beta=layer.alpha, alpha=1 - layer.alpha)

        @staticmethod
        def backward(ctx: Any, slope: Any) -> Any:
            return (1 - layer.alpha) * (graph.averaging[1] @ slope), layer.alpha * slope

    weights = layer.beta * layer.weight1 + (1 - layer.beta) * torch.eye(len(layer.bias))
    return torch.addmm(layer.bias, Average.apply(x, first), weights)


def motion(reference: ad.AnnData, moved: ad.AnnData, seed: int) -> Found:
    """Return where the best rigid motion puts the slice, made from the truth: what bending has to beat."""
    return {"places": rigid(moved.obsm["spatial"], moved.obsm["true"], np.eye(moved.n_obs))}


def overlap(reference: ad.AnnData, moved: ad.AnnData) -> float:
    """Return which share of the reference the moved slice covers: crops are known, the others are whole."""
    return min(moved.n_obs / reference.n_obs, 0.99) if moved.uns["cropped"] else 0.99


def by_plan(plan: np.ndarray, reference: ad.AnnData, moved: ad.AnnData) -> Found:
    """Return the matches of most mass, and the places after the rigid motion that fits the plan best."""
    matches = np.where(plan.sum(axis=1) > 0, plan.argmax(axis=1), -1)
    return {"matches": matches, "places": rigid(moved.obsm["spatial"], reference.obsm["spatial"], plan)}


def rigid(y: np.ndarray, x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return places after the rigid motion onto others that fits the weights of the pairs best."""
    middles = [weights.sum(axis=0) @ x / weights.sum(), weights.sum(axis=1) @ y / weights.sum()]
    u, _, vt = np.linalg.svd((y - middles[1]).T @ weights @ (x - middles[0]))
    return (y - middles[1]) @ u @ vt + middles[0]


def distance(adata: ad.AnnData) -> float:
    """Return the median distance to the nearest spot."""
    xy = adata.obsm["spatial"]
    return float(np.median(cKDTree(xy).query(xy, k=2)[0][:, 1]))


# ---- figures --------------------------------------------------------------------------------------------


def figures(reference: ad.AnnData, moved: ad.AnnData, found: np.ndarray) -> dict[str, float]:
    """Return the share of right matches, the label-transfer ARI and the registration error, where known."""
    from sklearn.metrics import adjusted_rand_score

    row: dict[str, float] = {}
    if found.ndim == 2:
        if "true" in moved.obsm:
            spacing = max(reference.uns["spacing"], moved.uns["spacing"])
            row["error"] = float(np.median(np.linalg.norm(found - moved.obsm["true"], axis=1)) / spacing)
        found = cKDTree(reference.obsm["spatial"]).query(found)[1]
    own, given = np.flatnonzero(found >= 0), found[found >= 0]
    if "bin" in moved.obs:
        same = moved.obs["bin"].to_numpy()[own] == reference.obs["bin"].to_numpy()[given]
        row["right"] = float(same.sum() / moved.n_obs)
    elif "true" in moved.obsm:
        apart = np.linalg.norm(reference.obsm["spatial"][given] - moved.obsm["true"][own], axis=1)
        row["right"] = float((apart < 2 * reference.uns["spacing"]).sum() / moved.n_obs)
    if "ground_truth" in moved.obs and "ground_truth" in reference.obs:
        a, b = moved.obs["ground_truth"].iloc[own], reference.obs["ground_truth"].iloc[given]
        known = a.notna().to_numpy() & b.notna().to_numpy()
        row["LTARI"] = float(adjusted_rand_score(a[known].astype(str), b[known].astype(str)))
    return row


def run(method: str, path: Path, most: int, orient: str, options: dict[str, str]) -> list[dict[str, Any]]:
    """Run a method on a set and return a row for each way in which it says what belongs together."""
    seed, name = path.stem.removesuffix("_moved").split("_", 1)
    moved, reference = ad.read_h5ad(path), ad.read_h5ad(str(path).replace("_moved", "_reference"))
    moved.uns["cropped"] = name.startswith(("cropped", "bumps", "waves"))
    moved.uns["spacing"], reference.uns["spacing"] = distance(moved), distance(reference)
    rng = np.random.default_rng(int(seed))
    reference, moved = (
        one[np.sort(rng.permutation(one.n_obs)[:most])].copy() if one.n_obs > most else one
        for one in (reference, moved)
    )
    if orient == "unflipped":
        moved.obsm["spatial"] = moved.obsm["spatial"] * [-1.0, 1.0]
    if orient == "placed" and "true" in moved.obsm:
        moved.obsm["spatial"] = rigid(moved.obsm["spatial"], moved.obsm["true"], np.eye(moved.n_obs))
    started, core = time.perf_counter(), time.process_time()
    with contextlib.redirect_stdout(io.StringIO()):
        found = METHODS[method](reference, moved, int(seed), **options)
    cost = {
        "s": time.perf_counter() - started,
        "core s": time.process_time() - core,
        "GB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    }
    how = {
        "method": method,
        "setting": " ".join(k if k == "whole" else f"{k}={v}" for k, v in options.items()),
    }
    if orient != "given":
        how["setting"] += f" {orient}"
    if max(reference.n_obs, moved.n_obs) == most:
        how["setting"] += f" {most} spots"
    rows = []
    for by, one in found.items():
        row = {"set": name, "seed": int(seed), **how, "by": by, **figures(reference, moved, one), **cost}
        rows.append({k: round(v, 4) if isinstance(v, float) else v for k, v in row.items()})
    return rows


def table(rows_file: Path) -> None:
    """Print mean, standard deviation and number over seeds and directions of a pair, for each kind of set."""
    rows = pd.read_json(rows_file, lines=True)
    rows["how"] = rows["method"] + " " + rows["setting"].fillna("") + ", " + rows["by"]
    rows["kind"] = rows["set"].str.replace(r"_67\d$", "", regex=True)
    for what in ("right", "LTARI", "error", "core s", "GB"):
        wide = rows.dropna(subset=what).pivot_table(index="how", columns="kind", values=what, aggfunc=spread)
        print(f"\n## {what}\n\n{wide.fillna('').to_csv(sep='|')}")


def spread(values: pd.Series) -> str:
    """Return mean, standard deviation and number."""
    return f"{values.mean():.3f} +- {values.std(ddof=0):.3f} ({len(values)})"


METHODS: dict[str, Callable[..., Found]] = {
    one.__name__: one for one in (spotscape, slat, moscot, paste2, paste3, cast, motion)
}


def main() -> None:
    """Print a row for each set, seed and way of matching, or the table of rows kept before."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--method", choices=METHODS, default="spotscape")
    parser.add_argument("--with", dest="options", nargs="*", default=[], metavar="NAME=VALUE")
    parser.add_argument("--sets", nargs="*", default=[""], help="how the names of the sets begin")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    parser.add_argument("--most", type=int, default=10**9, help="the most spots of a slice, drawn at random")
    parser.add_argument("--orient", choices=["given", "unflipped", "placed"], default="given")
    parser.add_argument("--rows", type=Path, help="also keep every row in this file, one JSON object a line")
    parser.add_argument("--table", action="store_true", help="only print the table of the rows kept")
    options = parser.parse_args()
    if options.table:
        return table(options.rows)
    warnings.simplefilter("ignore")
    chosen = dict(one.split("=", 1) for one in options.options)
    for path in sorted(options.folder.glob("*_moved.h5ad")):
        seed, name = path.name.split("_", 1)
        if int(seed) in options.seeds and name.startswith(tuple(options.sets)):
            for row in run(options.method, path, options.most, options.orient, chosen):
                print(json.dumps(row), flush=True)
                if options.rows:
                    with options.rows.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
