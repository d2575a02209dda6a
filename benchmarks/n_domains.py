"""How often ``suggest_n_domains`` is right: on the panel, beside *always five* and *always six*.

    python -m benchmarks.n_domains                     the eight studies
    python -m benchmarks.n_domains --seeds 0

Default settings, and no label used but to compare. Within one of the annotators' number is what a user can
work with. The 21 classes of seqFISH are cell types and stay out. ARI at the suggested number stands beside
that at the annotators'. Whatever of the suggestion was set on these studies is judged with each left out.
"""

from __future__ import annotations

import argparse
import warnings

import pandas as pd

from benchmarks import _machine
from benchmarks.quality import panel
from spotscape import metrics, tl
from spotscape._validate import SpotscapeWarning

LEFT_OUT = ("seqfish",)


def row(study: str, name: str, seed: int) -> dict[str, object]:
    """Return the number suggested for a tissue, the annotators', and ARI at both."""
    adata = panel.read(name)
    truth = adata.obs[panel.TRUTH]
    tl.run_spotscape(adata, seed=seed, progress=False)
    suggested = adata.obs["spotscape_domain"]
    at_suggested = metrics.adjusted_rand_index(truth, suggested)
    tl.spatial_domains(adata, n_domains=truth.nunique(), seed=seed)
    at_true = metrics.adjusted_rand_index(truth, adata.obs["spotscape_domain"])
    return {
        "study": study,
        "tissue": name,
        "seed": seed,
        "annotators": truth.nunique(),
        "suggested": int(adata.uns["spotscape"]["n_domains"]["suggested"]),
        "ARI": at_suggested,
        "ARI, given": at_true,
    }


def share_within_one(table: pd.DataFrame, found: pd.Series | int) -> tuple[float, float]:
    """Return the share of tissues within one, and the mean error; studies count alike."""
    error = (table["annotators"] - found).abs()
    by_study = pd.DataFrame({"study": table["study"], "near": error <= 1, "error": error}).groupby("study")
    return float(by_study["near"].mean().mean()), float(by_study["error"].mean().mean())


def main() -> None:
    """Print the table and the shares."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1])
    seeds = parser.parse_args().seeds
    warnings.simplefilter("ignore", SpotscapeWarning)
    table = pd.DataFrame(
        row(study, name, seed)
        for study, names in panel.STUDIES.items()
        if study not in LEFT_OUT
        for name in names
        for seed in seeds
    )
    print("| tissue | annotators | suggested | ARI there | ARI, given |\n| --- | --- | --- | --- | --- |")
    for name, part in table.groupby("tissue", sort=False):
        numbers = "/".join(str(k) for k in part["suggested"])
        ari = part[["ARI", "ARI, given"]].mean()
        print(
            f"| {name} | {part['annotators'].iloc[0]} | {numbers} | {ari.iloc[0]:.2f} | {ari.iloc[1]:.2f} |"
        )
    for what, found in (("suggested", table["suggested"]), ("always five", 5), ("always six", 6)):
        near, error = share_within_one(table, found)
        print(f"\n{what}: within one on {near:.0%}, mean error {error:.1f}")
    means = table.groupby("study")[["ARI", "ARI, given"]].mean().mean()
    print(
        f"\nARI at the suggested number {means['ARI']:.3f}, given {means['ARI, given']:.3f}, ratio ", end=""
    )
    print(f"{means['ARI'] / means['ARI, given']:.2f}\n\n{_machine.describe()}")


if __name__ == "__main__":
    main()
