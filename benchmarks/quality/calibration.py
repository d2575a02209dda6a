"""How often domains are right at each confidence: on simulated tissue, whose domains are known.

Each tissue is run once, by the defaults, with its number of domains given. A spot is right where its domain
is the true one under the best one-to-one matching. Tissues are drawn anew from the kinds of `tissues`, by the
seeds of `SEEDS`, none of which the settings or the table have seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from benchmarks import _machine
from benchmarks.quality.data import TRUTH
from benchmarks.quality.tissues import TISSUES
from spotscape import metrics, tl
from spotscape.metrics._domains import _matched, has_neighbour_elsewhere

SEEDS = (101,)
BINS = np.linspace(0, 1, 11)


def spots(
    seeds: tuple[int, ...] = SEEDS, tissues: tuple[str, ...] = tuple(TISSUES)
) -> Iterator[pd.DataFrame]:
    """Yield, for each tissue, the confidence of its spots, whether they are right, and at a true boundary."""
    for name in tissues:
        for seed in seeds:
            adata = TISSUES[name](seed)
            truth = adata.obs[TRUTH]
            codes = pd.Categorical(truth).codes
            tl.run_spotscape(adata, n_domains=truth.nunique(), seed=seed, progress=False)
            yield pd.DataFrame(
                {
                    "tissue": name,
                    "seed": seed,
                    "confidence": adata.obs["spotscape_confidence"].to_numpy(),
                    "right": _matched(codes, adata.obs["spotscape_domain"].cat.codes.to_numpy()),
                    "boundary": has_neighbour_elsewhere(codes, adata.obsp["spatial_connectivities"]),
                }
            )
            ari = metrics.adjusted_rand_index(truth, adata.obs["spotscape_domain"])
            print(f"{name}, seed {seed}: ARI {ari:.3f}", flush=True)


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


def write(output: Path, figure: Path) -> None:
    """Run the tissues; write the table as markdown, and the figure."""
    table = pd.concat(spots(), ignore_index=True)
    found = reliability(table)
    error = float((found["spots"] * (found["confidence"] - found["right"]).abs()).sum() / len(table))
    rows = [f"| {c:.2f} | {r:.2f} | {n} |" for n, c, r in found.itertuples(index=False)]
    means = table.groupby("boundary")["confidence"].mean()
    n_tissues = table.groupby(["tissue", "seed"]).ngroups
    text = "\n".join(
        [
            "# Is the confidence of a domain right?",
            "",
            f"`python -m benchmarks.quality calibration`: {n_tissues} simulated tissues, {len(table)} spots.",
            "",
            "| mean confidence | share right | spots |",
            "| --- | --- | --- |",
            *rows,
            "",
            f"Expected calibration error {error:.3f}. Mean confidence {means[True]:.2f} at true boundaries, "
            f"{means[False]:.2f} inside.",
            "",
            _machine.describe(),
            "",
        ]
    )
    output.write_text(text)
    draw(table, figure)
    print(text)
