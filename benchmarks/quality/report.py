"""Markdown and plots from the table; nothing is run."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from benchmarks import _machine
from benchmarks.quality import data, methods, table
from benchmarks.quality.tissues import TISSUES

CLUSTERING_NAMES = {"gmm": "tied mixture", "kmeans": "K-means", "own": "own labels"}
MARKERS = {"gmm": "o", "kmeans": "s", "own": "^"}
OURS = "default"
SHOWN_BESIDE = ("ARI", "NMI", "CA", "boundary", "inner")
MOST = 0.8
"""Of the tissues: a method that has fewer is left out of means over tissues, which it would narrow."""


def write(path: Path, folder: Path) -> None:
    """Write ``quality.md``, ``quality_ari.png`` and ``quality_boundary.png`` into a folder."""
    runs = table.read(path)
    runs = runs[runs["settings"] == ""]
    if runs.empty:
        sys.exit(f"{path.name} holds no run with default settings")
    runs = _in_order(runs)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "quality.md").write_text(markdown(runs))
    plot_ari(runs).savefig(folder / "quality_ari.png", dpi=150)
    plot_boundary(runs).savefig(folder / "quality_boundary.png", dpi=150)
    plt.close("all")


def markdown(runs: pd.DataFrame) -> str:
    """Return the whole report."""
    seeds = runs.groupby(["method", "data"], observed=True)["seed"].nunique()
    parts = [
        "# Domains by every method on every labelled tissue",
        "Made by `python -m benchmarks.quality report`. The number of domains is given; labels are looked at "
        f"only to score. {_count('seed', seeds.min(), seeds.max())} for each method and tissue; a figure is "
        "the mean over seeds ± their standard deviation. Settings of each method, and what the scores mean: "
        "[benchmarks/quality](../quality/README.md).",
        "## ARI by tissue",
        "![ARI by tissue](quality_ari.png)",
        *(f"{_title(clustering)}\n\n{by_tissue(part, 'ARI')}" for clustering, part in _parts(runs)),
        "## Over all tissues",
        "Means over the tissues of the mean over seeds. Rank: 1 is the best ARI of a tissue. Counted are "
        f"methods that have {MOST:.0%} of the tissues or more, on the tissues that all of these have.",
        *(f"{title}\n\n{over_all(part)}" for title, part in _ways(runs)),
        "## Methods with few tissues",
        f"Beside `{OURS}` on exactly the tissues that the method has, means over them of the mean over "
        f"seeds; better on: the tissues where the method's ARI is above that of `{OURS}`.",
        *(f"{title}\n\n{beside_ours(part)}" for title, part in _ways(runs)),
        "## Spots at a boundary, and the others",
        "Share of spots in their right domain under the best matching of domains, at a boundary between true "
        "domains and away from any.",
        "![Boundary and inner accuracy](quality_boundary.png)",
        *(
            f"{_title(clustering)}: {label}\n\n{by_tissue(part, score)}"
            for clustering, part in _parts(runs, ("gmm", "kmeans"))
            for score, label in (("boundary", "at a boundary"), ("inner", "away from boundaries"))
        ),
        "## Cost",
        "Processor seconds from the tissue in memory to the embedding (without imports, reading and the "
        "clusterings that all methods share), and peak memory of the process, of runs without a GPU.",
        cost(runs),
        f"Reported on: {_machine.describe()}",
    ]
    return "\n\n".join(parts) + "\n"


def by_tissue(runs: pd.DataFrame, score: str) -> str:
    """Return a table of tissues by methods: mean and standard deviation over seeds, the best in bold."""
    cells = runs.groupby(["data", "method"], observed=True)[score].agg(["mean", "std"])
    names = list(runs["method"].unique().sort_values())
    rows = []
    for tissue in runs["data"].unique().sort_values():
        one = cells.loc[tissue]
        best = one["mean"].max()
        rows.append([tissue, *(_cell(one, name, best) for name in names)])
    return _table(["tissue", *names], rows)


def over_all(runs: pd.DataFrame) -> str:
    """Return a table of the methods with most tissues: mean scores over those they share, ranks by ARI."""
    shared = _on_shared(runs)
    means = shared.groupby(["data", "method"], observed=True)[list(table.SCORES)].mean()
    ari = means["ARI"].unstack()
    ranks = ari.rank(axis=1, ascending=False)
    simulated = ranks.index.isin(list(TISSUES))
    rows = []
    for name in ari.columns:
        scores = [f"{mean:.3f}" for mean in means.xs(name, level="method").mean()]
        rows.append([name, *scores, _mean(ranks[name][~simulated]), _mean(ranks[name][simulated])])
    header = ["method", *table.SCORES, "rank, real", "rank, simulated"]
    n_real, n_simulated = int((~simulated).sum()), int(simulated.sum())
    counted = f"{n_real} real and {n_simulated} simulated tissues."
    return f"{counted}\n\n{_table(header, rows)}" if len(ari) else "These methods have no tissue in common."


def beside_ours(runs: pd.DataFrame) -> str:
    """Return a table of the methods with few tissues, each beside ours on its own tissues."""
    means = runs.groupby(["data", "method"], observed=True)[list(table.SCORES)].mean()
    few = [name for name in runs["method"].unique().sort_values() if name not in _broad(runs)]
    rows = []
    for name in few:
        one, ours = (means.xs(which, level="method") for which in (name, OURS))
        tissues = one.index.intersection(ours.index)
        better = int((one.loc[tissues, "ARI"] > ours.loc[tissues, "ARI"]).sum())
        pairs = (
            f"{one.loc[tissues, score].mean():.3f} / {ours.loc[tissues, score].mean():.3f}"
            for score in SHOWN_BESIDE
        )
        rows.append([name, ", ".join(tissues), *pairs, f"{better} of {len(tissues)}"])
    header = ["method", "tissues", *(f"{score}: it / {OURS}" for score in SHOWN_BESIDE), "better on"]
    return _table(header, rows) if rows else "None."


def cost(runs: pd.DataFrame) -> str:
    """Return a table of tissues by methods: seconds, and memory."""
    first = runs[runs["device"] == "cpu"].drop_duplicates(list(table.RUN))
    names = list(runs["method"].unique().sort_values())
    means = first.groupby(["data", "method"], observed=True)[list(table.COST)].mean()
    rows = []
    for tissue in first["data"].unique().sort_values():
        one = means.loc[tissue]
        rows.append([tissue, *(_spent(one, name) for name in names)])
    return _table(["tissue", *names], rows)


def plot_ari(runs: pd.DataFrame) -> plt.Figure:
    """Draw ARI by tissue: a dot for each seed, a line for the mean, a panel for each clustering."""
    parts = list(_parts(runs))
    tissues = list(runs["data"].unique().sort_values())
    names = list(runs["method"].unique().sort_values())
    height = 0.14 * len(names) * len(tissues) + 1.2
    figure, panels = plt.subplots(
        1,
        len(parts),
        figsize=(4.2 * len(parts) + 1.5, height),
        sharex=True,
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for panel, (clustering, part) in zip(panels[0], parts, strict=True):
        for number, name in enumerate(names):
            one = part[part["method"] == name]
            rows = np.array([tissues.index(tissue) for tissue in one["data"]], dtype=float)
            places = rows + (number - (len(names) - 1) / 2) * 0.8 / len(names)
            panel.plot(one["ARI"], places, MARKERS[clustering], color=_color(name), markersize=3, alpha=0.6)
            mean = one.assign(place=places).groupby("place")["ARI"].mean()
            panel.plot(mean, mean.index, "|", color=_color(name), markersize=9, markeredgewidth=2, label=name)
        for line in range(1, len(tissues)):
            panel.axhline(line - 0.5, color="0.85", linewidth=0.8)
        panel.set(title=_title(clustering), xlabel="ARI", ylim=(len(tissues) - 0.5, -0.5))
        panel.set_yticks(range(len(tissues)), tissues)
    handles, labels = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right upper", frameon=False)
    return figure


def plot_boundary(runs: pd.DataFrame) -> plt.Figure:
    """Draw accuracy at boundaries against accuracy elsewhere, means over shared tissues, each its mean."""
    parts = list(_parts(runs, ("gmm", "kmeans")))
    figure, panels = plt.subplots(
        1, len(parts), figsize=(4.4 * len(parts), 4.2), squeeze=False, layout="constrained"
    )
    for panel, (clustering, part) in zip(panels[0], parts, strict=True):
        tissues = _on_shared(part).groupby(["method", "data"], observed=True)[["inner", "boundary"]].mean()
        means = tissues.groupby("method", observed=True).mean()
        for name, mean in means.iterrows():
            panel.plot(mean["inner"], mean["boundary"], MARKERS[clustering], color=_color(name), label=name)
        panel.set(
            title=_title(clustering), xlabel="accuracy away from boundaries", ylabel="accuracy at boundaries"
        )
    figure.legend(*panels[0][0].get_legend_handles_labels(), loc="outside right upper", frameon=False)
    return figure


def _in_order(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the runs with methods and tissues in the order that their registries have."""
    ordered = runs.copy()
    for column, names in (("method", methods.METHODS), ("data", data.NAMES)):
        known = [name for name in names if name in set(runs[column])]
        ordered[column] = pd.Categorical(runs[column], known, ordered=True)
    return ordered.dropna(subset=["method", "data"])


def _parts(
    runs: pd.DataFrame, clusterings: Iterable[str] = CLUSTERING_NAMES
) -> Iterable[tuple[str, pd.DataFrame]]:
    """Yield the rows of each clustering that there are, without methods that have none."""
    for clustering in clusterings:
        part = runs[runs["clustering"] == clustering]
        if len(part):
            part = part.assign(
                method=part["method"].cat.remove_unused_categories(),
                data=part["data"].cat.remove_unused_categories(),
            )
            yield clustering, part


def _ways(runs: pd.DataFrame) -> Iterable[tuple[str, pd.DataFrame]]:
    """Yield the ways to compare methods: two clusterings alike for all, and each method as it is used."""
    for clustering, part in _parts(runs, ("gmm", "kmeans")):
        yield _title(clustering), part
    makes_own = runs.loc[runs["clustering"] == "own", "method"].unique()
    without = (runs["clustering"] == "gmm") & ~runs["method"].isin(makes_own)
    as_used = runs[(runs["clustering"] == "own") | without].assign(clustering="own")
    for _, part in _parts(as_used, ("own",)):
        yield "Own labels; of a method that makes none, a tied mixture", part


def _broad(runs: pd.DataFrame) -> list[str]:
    """Return the methods that have most of the tissues."""
    counts = runs.groupby("method", observed=True)["data"].nunique()
    return list(counts.index[counts >= MOST * runs["data"].nunique()])


def _on_shared(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the methods with most tissues, on the tissues that all of these have."""
    broad = runs[runs["method"].isin(_broad(runs))]
    ari = broad.groupby(["data", "method"], observed=True)["ARI"].mean().unstack()
    return broad[broad["data"].isin(ari.dropna().index)]


def _color(name: str) -> str:
    """Return a method's colour, the same in every plot."""
    return f"C{list(methods.METHODS).index(name)}"


def _title(clustering: str) -> str:
    return CLUSTERING_NAMES[clustering].capitalize() if clustering != "kmeans" else "K-means"


def _cell(one: pd.DataFrame, name: str, best: float) -> str:
    if name not in one.index or np.isnan(one.loc[name, "mean"]):
        return ""
    mean, spread = one.loc[name, "mean"], one.loc[name, "std"]
    shown = f"**{mean:.3f}**" if mean == best else f"{mean:.3f}"
    return shown if np.isnan(spread) else f"{shown} ± {spread:.3f}"


def _spent(one: pd.DataFrame, name: str) -> str:
    if name not in one.index:
        return ""
    seconds = one.loc[name, "cpu_seconds"]
    memory = f"{one.loc[name, 'memory']:.1f} GB"
    return memory if np.isnan(seconds) else f"{seconds:.0f} s, {memory}"


def _mean(values: pd.Series) -> str:
    return f"{values.mean():.1f}" if len(values) else ""


def _count(noun: str, low: int, high: int) -> str:
    plural = "" if high == 1 else "s"
    return f"{low} {noun}{plural}" if low == high else f"{low} to {high} {noun}{plural}"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
