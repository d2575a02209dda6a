"""The default and four baselines on the eight studies: what decides about the default.

    python -m benchmarks.quality panel                      five seeds, the table under benchmarks/results
    python -m benchmarks.quality panel --seeds 0 --set n_components=15
    python -m benchmarks.quality panel --simulated          our own simulated tissue, by number of spots

Tissues count alike within a study, studies alike in the mean. Beside each mean stands the paired difference
to the default with its standard error over studies, and the spread over seeds.
"""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from benchmarks import _slices
from benchmarks.quality.data import STUDIES

SIZES = (4000, 1500, 800, 400)
KINDS = {"cortex": 7, "tumour": 5, "rare": 6}
SIMULATED = {
    str(n): tuple(f"simulated_{kind}_{n}_{seed}" for kind, seed in product(KINDS, (101, 102))) for n in SIZES
}
OURS = ("default", "default, K-means", "default, tied mixture of scikit-learn")
PEERS = ("banksy", "cellcharter", "graphst", "spaceflow")
TRUTH = "ground_truth"


def read(name: str) -> AnnData:
    """Return a tissue with its labels, from a file or simulated."""
    if not name.startswith("simulated"):
        return _slices.read(name)[0]
    from spotscape.datasets import simulate_slice

    _, kind, n_spots, seed = name.split("_")
    return simulate_slice(n_spots=int(n_spots), tissue=kind, n_domains=KINDS[kind], seed=int(seed))


def labels_of(
    tissue: AnnData, n_domains: int, seed: int, settings: Mapping[str, Any]
) -> Iterator[tuple[str, np.ndarray, float]]:
    """Yield every method's name, its labels of a tissue, and its seconds; no method sees ``obs``."""
    from benchmarks.quality.baselines import BASELINES, kmeans, mixture
    from spotscape import tl
    from spotscape._validate import SpotscapeWarning

    warnings.simplefilter("ignore", SpotscapeWarning)
    shown = AnnData(tissue.X, obsm={"spatial": np.asarray(tissue.obsm["spatial"])})
    shown.var_names, shown.obs_names = tissue.var_names, tissue.obs_names
    ours = shown.copy()

    def default() -> np.ndarray:
        tl.run_spotscape(ours, n_domains=n_domains, config=dict(settings), seed=seed, progress=False)
        return ours.obs["spotscape_domain"].to_numpy()

    ways: dict[str, Callable[[], np.ndarray]] = {
        OURS[0]: default,
        OURS[1]: lambda: kmeans(ours.obsm["X_spotscape"].astype(float), n_domains, seed),
        OURS[2]: lambda: mixture(ours.obsm["X_spotscape"].astype(float), n_domains, seed),
    }
    for name, baseline in BASELINES.items():
        ways[name] = lambda baseline=baseline: baseline(shown.copy(), n_domains, seed)  # type: ignore[misc]
    for method, way in ways.items():
        started = time.perf_counter()
        labels = way()
        yield method, labels, time.perf_counter() - started


def run(name: str, seed: int, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the scores of every method on one tissue with one seed."""
    tissue = read(name)
    truth = tissue.obs[TRUTH]
    return [
        {"method": method, "data": name, "seed": seed, "ARI": _ari(truth, labels), "seconds": seconds}
        for method, labels, seconds in labels_of(tissue, truth.nunique(), seed, settings)
    ]


def _ari(truth: pd.Series, labels: np.ndarray) -> float:
    from spotscape import metrics

    return float(metrics.adjusted_rand_index(truth, labels))


def run_all(
    groups: Mapping[str, Sequence[str]], seeds: Sequence[int], settings: Mapping[str, Any], jobs: int
) -> pd.DataFrame:
    """Return the rows of all tissues and seeds."""
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    work = [(name, seed, settings) for names in groups.values() for name in names for seed in seeds]
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        found = list(pool.map(run, *zip(*work, strict=True)))
    return pd.DataFrame([row for rows in found for row in rows])


def by_study(table: pd.DataFrame, groups: Mapping[str, Sequence[str]], column: str = "ARI") -> pd.DataFrame:
    """Return the mean of each method (rows) on each study (columns)."""
    of = {name: study for study, names in groups.items() for name in names}
    tissues = table.groupby(["method", "data"], sort=False)[column].mean().reset_index()
    tissues["study"] = tissues["data"].map(of)
    means = tissues.groupby(["method", "study"], sort=False)[column].mean().unstack("study")
    return means.reindex(index=list(dict.fromkeys(table["method"])), columns=list(groups))


def report(table: pd.DataFrame, groups: Mapping[str, Sequence[str]]) -> str:
    """Return the table in markdown."""
    means = by_study(table, groups)
    spread = (
        table.groupby(["method", "data"])["ARI"].std(ddof=0).reset_index().groupby("method")["ARI"].mean()
    )
    over_seeds = _spread_of_mean(table, groups)
    seconds = table.groupby("method")["seconds"].mean()
    first = means.index[0]
    heads = [
        "method",
        "mean",
        "worst",
        "to the default",
        *groups,
        "spread a tissue",
        "of the mean",
        "seconds",
    ]
    lines = ["| " + " | ".join(heads) + " |", "| " + " | ".join("---" for _ in heads) + " |"]
    for method, row in means.iterrows():
        gap = row - means.loc[first]
        error = gap.std(ddof=1) / np.sqrt(len(gap))
        paired = "" if method == first else f"{gap.mean():+.3f} ± {error:.3f}"
        cells = [
            method,
            f"{row.mean():.3f}",
            f"{row.min():.2f}",
            paired,
            *(f"{value:.3f}" for value in row),
            f"{spread[method]:.3f}",
            f"{over_seeds[method]:.3f}",
            f"{seconds[method]:.1f}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _spread_of_mean(table: pd.DataFrame, groups: Mapping[str, Sequence[str]]) -> pd.Series:
    """Return the standard deviation over seeds of each method's mean over studies."""
    means = {seed: by_study(rows, groups).mean(axis=1) for seed, rows in table.groupby("seed")}
    return pd.DataFrame(means).std(axis=1, ddof=0)


def peers(table: pd.DataFrame) -> str:
    """Return the table of other methods in markdown, by their runs that ``quality run`` has added.

    Parameters
    ----------
    table
        As `benchmarks.quality.table.read` gives it. A study that a method has not run whole is left open.
    """
    table = table[table["data"].isin([name for names in STUDIES.values() for name in names])]
    table = table[table["method"].isin(PEERS)]
    table = table.assign(method=table["method"] + ", " + table["clustering"])
    means = by_study(table, STUDIES)
    for method, own in table.groupby("method"):
        for study, names in STUDIES.items():
            if not set(names) <= set(own["data"]):
                means.loc[method, study] = np.nan
    runs = table.groupby("method").agg(runs=("ARI", "size"), seconds=("seconds", "mean"))
    lines = [
        "| method, clustering | mean | worst | " + " | ".join(STUDIES) + " | runs | seconds |",
        "| --- " * (len(STUDIES) + 5) + "|",
    ]
    for method, row in means.iterrows():
        shown = " | ".join("–" if np.isnan(value) else f"{value:.3f}" for value in row)
        whole = f"{row.mean():.3f} | {row.min():.2f}" if row.notna().all() else "– | –"
        count, seconds = runs.loc[method]
        lines.append(f"| {method} | {whole} | {shown} | {count:.0f} | {seconds:.0f} |")
    return "\n".join(lines) + "\n"


def draw(table: pd.DataFrame, path: Path) -> None:
    """Draw the ARI of the default and of the baselines by study, and their means, into a file."""
    from matplotlib.figure import Figure

    means = by_study(table, STUDIES)
    names = ["mean", *STUDIES]
    values = means.assign(mean=means.mean(axis=1))[names]
    figure = Figure(figsize=(8, 3.4), layout="constrained")
    axes = figure.add_subplot()
    places = np.arange(len(names))
    axes.bar(places, values.loc[OURS[0]], width=0.7, color="#0072b2", alpha=0.35, label="spotscape")
    styles = zip([name for name in values.index if name not in OURS], "osv^", strict=True)
    for name, marker in styles:
        axes.plot(places, values.loc[name], marker, color="black", markersize=4.5, mfc="none", label=name)
    axes.axvline(0.5, color="#999999", linewidth=0.8)
    axes.set_xticks(places, [name.replace("_", "\n") for name in names])
    axes.set_ylabel("adjusted Rand index")
    axes.set_ylim(0, 1.02)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(frameon=False, fontsize=8, ncols=5, loc="outside upper center")
    figure.savefig(path, dpi=150)


def write(
    path: Path, seeds: Sequence[int], settings: Mapping[str, Any], *, simulated: bool, jobs: int
) -> None:
    """Run everything and write a table beside its numbers."""
    groups = SIMULATED if simulated else STUDIES
    table = run_all(groups, seeds, settings, jobs)
    text = report(table, groups)
    print(text)
    if not settings:
        table.to_csv(path.with_suffix(".csv"), index=False, float_format="%.4f")
        if not simulated:
            draw(table, path.with_suffix(".png"))
        path.write_text(f"{_heading(simulated, seeds)}\n\n{text}", encoding="utf-8")


def _heading(simulated: bool, seeds: Sequence[int]) -> str:
    what = "simulated tissue, by number of spots" if simulated else "eight studies"
    command = "python -m benchmarks.quality panel" + (" --simulated" if simulated else "")
    return (
        f"# The default beside four baselines: {what}\n\n`{command}`, {len(seeds)} seeds, the number of "
        "domains given, ARI. Tissues are averaged within a study, studies alike. The baselines are in "
        "benchmarks/quality/baselines.py. Seconds are of one of two processes at a time, one thread each."
    )
