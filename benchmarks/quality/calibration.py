"""How often domains are right at each confidence: on the panel, each study left out of the fit in turn.

    python -m benchmarks.quality calibration               judge, write benchmarks/results/confidence.md
    python -m benchmarks.quality calibration --fit         print the coefficients that all studies give

Each tissue is run by the defaults with its number of domains given. A spot is right where its domain is the
true one under the best one-to-one matching; unlabelled spots are left out. Coefficients are fitted with every
study counting alike, and every tissue within a study. Those in use are the fit to all studies; how good they
are is judged on each study by the fit to the others.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.optimize import minimize

from benchmarks import _machine
from benchmarks.quality import panel
from spotscape import tl
from spotscape._validate import SpotscapeWarning
from spotscape.domains.clustering import mixture_posterior
from spotscape.domains.confidence import calibrated
from spotscape.metrics.boundaries import has_neighbour_elsewhere
from spotscape.metrics.labels import matched

BINS = np.linspace(0, 1, 11)
SEEDS = (0, 1)
_START = (0.0, 0.2)
_N_STARTS = 10


def posteriors() -> Iterator[pd.DataFrame]:
    """Yield, for each tissue and seed, the posterior of each spot's domain, and whether it is right."""
    warnings.simplefilter("ignore", SpotscapeWarning)
    for study, names in panel.STUDIES.items():
        for name in names:
            for seed in SEEDS:
                adata = panel.read(name)
                truth = adata.obs[panel.TRUTH]
                codes = pd.Categorical(truth).codes
                tl.run_spotscape(adata, n_domains=truth.nunique(), seed=seed, progress=False)
                embedding = adata.obsm["X_spotscape"].astype(np.float64)
                posterior = mixture_posterior(embedding, truth.nunique(), n_starts=_N_STARTS, seed=seed)
                known = codes >= 0
                boundary = has_neighbour_elsewhere(codes, adata.obsp["spatial_connectivities"])
                yield pd.DataFrame(
                    {
                        "study": study,
                        "tissue": f"{name}, {seed}",
                        "n_domains": truth.nunique(),
                        "posterior": posterior.max(axis=1)[known],
                        "right": matched(codes[known], posterior.argmax(axis=1)[known]),
                        "boundary": boundary[known],
                    }
                )


def fitted(table: pd.DataFrame) -> tuple[float, float]:
    """Return intercept and slope of greatest likelihood; studies count alike, and tissues within them."""
    of_study = 1 / table.groupby("study")["tissue"].transform("nunique")
    weights = of_study / table.groupby("tissue")["right"].transform("size")
    chance_levels = list(table.groupby("n_domains"))

    def loss(coefficients: np.ndarray) -> float:
        total = 0.0
        for n_domains, part in chance_levels:
            sure = calibrated(part["posterior"].to_numpy(), n_domains, tuple(coefficients))
            likely = np.where(part["right"], sure, 1 - sure)
            total -= float(weights[part.index] @ np.log(np.maximum(likely, np.finfo(float).tiny)))
        return total

    intercept, slope = minimize(loss, _START, method="Nelder-Mead").x
    return float(intercept), float(slope)


def left_out(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with the confidence of each study by the fit to the others."""
    parts = []
    for study, part in table.groupby("study", sort=False):
        coefficients = fitted(table[table["study"] != study].reset_index(drop=True))
        confidence = np.empty(len(part))
        for n_domains in part["n_domains"].unique():
            of = (part["n_domains"] == n_domains).to_numpy()
            confidence[of] = calibrated(part["posterior"].to_numpy()[of], int(n_domains), coefficients)
        parts.append(part.assign(confidence=confidence))
    return pd.concat(parts, ignore_index=True)


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


def calibration_error(table: pd.DataFrame) -> float:
    """Return the mean distance between confidence and the share right, over tenths weighted by spots."""
    found = reliability(table)
    return float((found["spots"] * (found["confidence"] - found["right"]).abs()).sum() / len(table))


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


def fit() -> None:
    """Print the coefficients that all studies give."""
    intercept, slope = fitted(pd.concat(posteriors(), ignore_index=True))
    print(f"({intercept:.2f}, {slope:.3f})")


def write(output: Path, figure: Path) -> None:
    """Run the panel; write the tables as markdown, and the figure."""
    table = left_out(pd.concat(posteriors(), ignore_index=True))
    rows = [f"| {c:.2f} | {r:.2f} | {n} |" for n, c, r in reliability(table).itertuples(index=False)]
    errors = [
        f"| {study} | {calibration_error(part):.3f} | {part['confidence'].mean():.2f} | "
        f"{part['right'].mean():.2f} |"
        for study, part in table.groupby("study", sort=False)
    ]
    means = table.groupby("boundary")["confidence"].mean()
    text = "\n".join(
        [
            "# Is the confidence of a domain right?",
            "",
            f"`python -m benchmarks.quality calibration`, seeds {', '.join(map(str, SEEDS))}. The confidence "
            "of each study is by coefficients that were fitted to the other seven.",
            "",
            "| study left out | expected calibration error | mean confidence | share right |",
            "| --- | --- | --- | --- |",
            *errors,
            "",
            "| mean confidence | share right | spots |",
            "| --- | --- | --- |",
            *rows,
            "",
            f"Mean confidence {means[True]:.2f} at true boundaries, {means[False]:.2f} inside.",
            "",
            _machine.describe(),
        ]
    )
    output.write_text(text + "\n", encoding="utf-8")
    draw(table, figure)
    print(text)
