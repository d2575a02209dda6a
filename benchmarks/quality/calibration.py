"""How often domains are right at each confidence: on simulated tissue, whose domains are known.

Each tissue is run once, by the defaults, with its number of domains given. A spot is right where its domain
is the true one under the best one-to-one matching. Tissues are drawn anew from the kinds of `tissues`: by the
seeds of `FIT_SEEDS` to fit the coefficients of `spotscape.tl._confidence`, by those of `SEEDS` to judge them.
The settings and the table have seen none of either. The labelled slices, which the fit does not see, are
judged as well, where they are at hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import anndata as ad
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.optimize import minimize

from benchmarks import _machine
from benchmarks.quality import data
from benchmarks.quality.data import TRUTH
from benchmarks.quality.tissues import TISSUES
from spotscape import metrics, tl
from spotscape.metrics._domains import _matched, has_neighbour_elsewhere
from spotscape.tl._confidence import COEFFICIENTS, calibrated
from spotscape.tl._domains import domain_posterior

SEEDS = (101,)
FIT_SEEDS = (201, 202, 203)
BINS = np.linspace(0, 1, 11)
_START = (0.0, 0.2)
_N_STARTS = 10


def simulated(seeds: tuple[int, ...]) -> Iterator[tuple[str, int, ad.AnnData]]:
    """Yield the kinds of tissue, drawn by each seed, with the seed."""
    for name, tissue in TISSUES.items():
        for seed in seeds:
            yield name, seed, tissue(seed)


def labelled() -> Iterator[tuple[str, int, ad.AnnData]]:
    """Yield the labelled slices that are at hand, and the seed of the run."""
    for name in data.REAL:
        try:
            adata, _ = data.read(name)
        except FileNotFoundError as missing:
            print(f"left out: {missing}")
        else:
            yield name, 0, adata


# ---- fit ------------------------------------------------------------------------------------------------


def fit() -> None:
    """Print the coefficients of each method that tissues of `FIT_SEEDS` give."""
    table = pd.concat(posteriors(), ignore_index=True)
    for method, part in table.groupby("method", sort=False):
        intercept, slope = fitted(part)
        print(f"{method}: ({intercept:.2f}, {slope:.3f})")


def posteriors() -> Iterator[pd.DataFrame]:
    """Yield, for each tissue and method, the posterior of each spot's domain, and whether it is right."""
    for name, seed, adata in simulated(FIT_SEEDS):
        codes = pd.Categorical(adata.obs[TRUTH]).codes
        n_domains = int(codes.max()) + 1
        tl.run_spotscape(
            adata, n_domains=n_domains, config={"cluster_method": "kmeans"}, seed=seed, progress=False
        )
        embedding = adata.obsm["X_spotscape"].astype(np.float64)
        graph = adata.obsp["spatial_connectivities"]
        for method in COEFFICIENTS:
            posterior = domain_posterior(embedding, n_domains, graph, method, _N_STARTS, seed)
            yield pd.DataFrame(
                {
                    "method": method,
                    "tissue": f"{name}, {seed}",
                    "n_domains": n_domains,
                    "posterior": posterior.max(axis=1),
                    "right": _matched(codes, posterior.argmax(axis=1)),
                }
            )
        print(f"{name}, seed {seed}", flush=True)


def fitted(table: pd.DataFrame) -> tuple[float, float]:
    """Return intercept and slope of greatest likelihood; each tissue counts the same."""
    chance_levels = list(table.groupby("n_domains"))
    weights = 1 / table.groupby("tissue")["right"].transform("size")

    def loss(coefficients: np.ndarray) -> float:
        total = 0.0
        for n_domains, part in chance_levels:
            sure = calibrated(part["posterior"].to_numpy(), n_domains, tuple(coefficients))
            likely = np.where(part["right"], sure, 1 - sure)
            total -= float(weights[part.index] @ np.log(np.maximum(likely, np.finfo(float).tiny)))
        return total

    intercept, slope = minimize(loss, _START, method="Nelder-Mead").x
    return float(intercept), float(slope)


# ---- judge ----------------------------------------------------------------------------------------------


def spots(tissues: Iterator[tuple[str, int, ad.AnnData]]) -> Iterator[pd.DataFrame]:
    """Yield, for each tissue and method, the confidence of its labelled spots, and whether they are right."""
    for name, seed, adata in tissues:
        truth = adata.obs[TRUTH]
        codes = pd.Categorical(truth).codes
        tl.run_spotscape(adata, n_domains=truth.nunique(), seed=seed, progress=False)
        known = codes >= 0
        boundary = has_neighbour_elsewhere(codes, adata.obsp["spatial_connectivities"])
        for method in COEFFICIENTS:
            if method != adata.uns["spotscape"]["domains"]["method"]:
                tl.spatial_domains(adata, n_domains=truth.nunique(), method=method, seed=seed)
            domains = adata.obs["spotscape_domain"]
            yield pd.DataFrame(
                {
                    "method": method,
                    "tissue": name,
                    "seed": seed,
                    "confidence": adata.obs["spotscape_confidence"].to_numpy()[known],
                    "right": _matched(codes[known], domains.cat.codes.to_numpy()[known]),
                    "boundary": boundary[known],
                }
            )
            ari = metrics.adjusted_rand_index(truth, domains)
            print(f"{name}, seed {seed}, {method}: ARI {ari:.3f}", flush=True)


def reliability(table: pd.DataFrame) -> pd.DataFrame:
    """Return, for each tenth of confidence, the number of spots, its mean and the share right."""
    bins = np.clip(np.digitize(table["confidence"], BINS) - 1, 0, len(BINS) - 2)
    grouped = table.groupby(bins)
    return pd.DataFrame(
        {
            "spots": grouped.size(),
            "confidence": grouped["confidence"].mean(),
            "right": grouped["right"].mean(),
        }
    )


def draw(table: pd.DataFrame, path: Path) -> None:
    """Draw the reliability of confidence, and its spread at boundaries and inside."""
    found = reliability(table)
    figure, (left, mid) = plt.subplots(1, 2, figsize=(8, 3.6), layout="constrained")
    left.plot([0, 1], [0, 1], color="0.7", lw=1)
    left.plot(found["confidence"], found["right"], "o-", color="#0072B2")
    left.set(xlabel="confidence", ylabel="share of spots in the right domain", xlim=(0, 1), ylim=(0, 1))
    for name, colour, part in (
        ("inside", "#009E73", table[~table["boundary"]]),
        ("at a boundary", "#D55E00", table[table["boundary"]]),
    ):
        mid.hist(part["confidence"], BINS, density=True, histtype="step", color=colour, lw=1.8, label=name)
    mid.set(xlabel="confidence", ylabel="density of spots")
    mid.legend(frameon=False, loc="upper left")
    for axis in (left, mid):
        axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def calibration_error(table: pd.DataFrame) -> float:
    """Return the mean distance between confidence and the share right, over tenths weighted by spots."""
    found = reliability(table)
    return float((found["spots"] * (found["confidence"] - found["right"]).abs()).sum() / len(table))


def section(title: str, table: pd.DataFrame) -> str:
    """Return the reliability of one set of spots as markdown."""
    rows = [f"| {c:.2f} | {r:.2f} | {n} |" for n, c, r in reliability(table).itertuples(index=False)]
    means = table.groupby("boundary")["confidence"].mean()
    by_tissue = table.groupby(["tissue", "seed"])[["confidence", "right"]].mean()
    gap = (by_tissue["confidence"] - by_tissue["right"]).abs()
    return "\n".join(
        [
            f"## {title}",
            "",
            "| mean confidence | share right | spots |",
            "| --- | --- | --- |",
            *rows,
            "",
            f"{len(by_tissue)} tissues, {len(table)} spots. Expected calibration error "
            f"{calibration_error(table):.3f}. Mean confidence {means[True]:.2f} at true boundaries, "
            f"{means[False]:.2f} inside. Of a single tissue, mean confidence and the share right are "
            f"{gap.mean():.2f} apart on the mean, {gap.max():.2f} at most.",
        ]
    )


def write(output: Path, figure: Path) -> None:
    """Run the tissues; write the tables as markdown, and the figure of simulated tissue by the default."""
    parts = {"simulated tissue": spots(simulated(SEEDS)), "labelled slices": spots(labelled())}
    sections, drawn = [], None
    for kind, tables in parts.items():
        found = list(tables)
        if not found:
            continue
        table = pd.concat(found, ignore_index=True)
        for method, part in table.groupby("method", sort=False):
            sections.append(section(f"{kind.capitalize()}, {method}", part))
            drawn = part if drawn is None else drawn
    text = "\n\n".join(
        [
            "# Is the confidence of a domain right?",
            "`python -m benchmarks.quality calibration`. Coefficients were fitted on simulated tissues of "
            f"seeds {_listed(FIT_SEEDS)} (`calibration --fit`); judged are others, of {_listed(SEEDS)}. "
            "By default the consensus groups spots; with the published encoder one mixture does.",
            *sections,
            _machine.describe(),
        ]
    )
    output.write_text(text + "\n")
    draw(drawn, figure)
    print(text)


def _listed(seeds: tuple[int, ...]) -> str:
    return ", ".join(map(str, seeds))
