"""The measures of other people's benchmarks, for the default and the plain baselines on the labelled tissues.

    python -m benchmarks.measures                          the eight studies, five seeds
    python -m benchmarks.measures --studies heart mob      some of them

K is given, labels only score. What the measures are, and where they come from: `spotscape.metrics`. Tissues
are averaged within a study, studies alike; beside each mean stands the standard deviation over seeds, of the
mean over studies. CHAOS, PAS and coherence need no labels: the annotators' own labels are scored as well, for
a method that is smoother than they are has gone too far.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from benchmarks import _machine
from benchmarks.quality import panel
from spotscape import gr
from spotscape.metrics.table import score_table

SHORT = {
    "adjusted_rand_index": "ARI",
    "normalized_mutual_information": "NMI",
    "clustering_accuracy": "CA",
    "boundary_accuracy": "boundary",
    "inner_accuracy": "inner",
    "chaos": "CHAOS",
    "pas": "PAS",
    "spatial_silhouette": "ASW in space",
    "spatial_coherence": "coherence",
}
ANNOTATORS = "the annotators' labels"


def rows_of(study: str, name: str, seed: int) -> list[dict[str, Any]]:
    """Return a row for each method on one tissue with one seed."""
    tissue = panel.read(name)
    truth = tissue.obs[panel.TRUTH]
    places = np.asarray(tissue.obsm["spatial"], dtype=np.float64)
    bare = AnnData(np.zeros((tissue.n_obs, 1), dtype=np.float32), obsm={"spatial": places})
    gr.spatial_neighbors(bare)
    graph = bare.obsp["spatial_connectivities"].tocsr()
    found = [(method, labels) for method, labels, _ in panel.labels_of(tissue, truth.nunique(), seed, {})]
    rows = []
    for method, labels in [*found, (ANNOTATORS, truth)]:
        table = score_table(pd.Categorical(labels), places, truth=truth, graph=graph, seed=seed)
        values = table.set_index("measure")["value"].rename(SHORT).to_dict()
        rows.append({"study": study, "tissue": name, "seed": seed, "method": method, **values})
    return rows


def report(table: pd.DataFrame) -> str:
    """Return the means over studies with their spread over seeds, and the ARI of each study, in markdown."""
    names = list(SHORT.values())
    by_study = table.groupby(["method", "study", "seed"], sort=False)[names].mean()
    of_seed = by_study.groupby(["method", "seed"], sort=False).mean()
    mean, spread = (of_seed.groupby("method", sort=False).agg(how) for how in ("mean", "std"))
    lines = [
        "| method | " + " | ".join(f"{name} {_better(name)}" for name in names) + " |",
        "| --- " * (len(names) + 1) + "|",
    ]
    for method, row in mean.iterrows():
        digits = {"coherence": 1, "CHAOS": 4}
        cells = [
            f"{row[n]:.{digits.get(n, 3)}f} ± {np.nan_to_num(spread.loc[method, n]):.{digits.get(n, 3)}f}"
            for n in names
        ]
        lines.append(f"| {method} | " + " | ".join(cells) + " |")
    ari = by_study["ARI"].groupby(["method", "study"], sort=False).mean().unstack("study")
    lines += [
        "",
        "ARI by study",
        "",
        "| method | " + " | ".join(ari) + " |",
        "| --- " * (ari.shape[1] + 1) + "|",
    ]
    lines += [f"| {method} | " + " | ".join(f"{v:.2f}" for v in row) + " |" for method, row in ari.iterrows()]
    return "\n".join(lines)


def _better(name: str) -> str:
    return "↓" if name in ("CHAOS", "PAS", "coherence") else "↑"


def main(argv: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--studies", nargs="+", choices=panel.STUDIES, default=list(panel.STUDIES))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    options = parser.parse_args(argv)
    rows: list[dict[str, Any]] = []
    for study in options.studies:
        for name in panel.STUDIES[study]:
            for seed in options.seeds:
                rows += rows_of(study, name, seed)
    table = pd.DataFrame(rows)
    tissues = ", ".join(table["tissue"].unique())
    print(f"Tissues: {tissues}; seeds {', '.join(map(str, options.seeds))}\n")
    print(report(table))
    print(f"\n{_machine.describe()}")


if __name__ == "__main__":
    main()
