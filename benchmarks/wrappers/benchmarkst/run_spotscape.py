"""spotscape for BenchmarkST: every slice 20 times, a line of ARI for each, as its analysis reads them.

    python run_spotscape.py --root ../benchmarking_data

Lies beside the benchmark's ``st_loading_utils.py``, whose loaders read the slices. Repetitions have the seeds
0, 1 and so on.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.metrics import adjusted_rand_score

import spotscape

DLPFC = dict.fromkeys(("151507", "151508", "151509", "151510"), 7)
DLPFC |= dict.fromkeys(("151669", "151670", "151671", "151672"), 5)
DLPFC |= dict.fromkeys(("151673", "151674", "151675", "151676"), 7)
SETS: dict[str, tuple[str, str, dict[str, int]]] = {
    "DLPFC": ("load_DLPFC", "DLPFC12", DLPFC),
    "mVC": ("load_mVC", "STARmap_mouse_visual_cortex", {"STARmap_20180505_BY3_1k.h5ad": 7}),
    "mPFC": (
        "load_mPFC",
        "STARmap_mouse_PFC",
        dict.fromkeys(("20180417_BZ5_control", "20180419_BZ9_control", "20180424_BZ14_control"), 4),
    ),
    "Her2tumor": (
        "load_her2_tumor",
        "Her2_tumor",
        {"A1": 6, "B1": 5, "C1": 4, "D1": 4, "E1": 4, "F1": 4, "G2": 7, "H1": 7},
    ),
}
"""Of each set: its loader, its folder, and the number of domains that the benchmark gives each slice."""
ONE_SLICE = ("mVC",)
"""Sets whose line has the name of the set alone."""


def scores(adata: Any, n_domains: int, iters: int) -> list[float]:
    """Return the ARI of each repetition, over the labelled spots."""
    known = adata.obs["original_clusters"]
    labelled = ~pd.isnull(known)
    found = []
    for seed in range(iters):
        run = adata.copy()
        spotscape.tl.run_spotscape(run, n_domains=n_domains, seed=seed, progress=False)
        labels = run.obs["spotscape_domain"]
        found.append(float(adjusted_rand_score(known[labelled], labels[labelled])))
    return found


def main(argv: Sequence[str] | None = None, loaders: Any = None) -> None:
    """Append a line for each slice to the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=Path("../benchmarking_data"))
    parser.add_argument("--out", type=Path, default=Path("spotscape_aris.txt"))
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--sections", nargs="+", help="Some slices of the sets; all where left out.")
    parser.add_argument("--iters", type=int, default=20)
    options = parser.parse_args(argv)
    if loaders is None:
        import st_loading_utils as loaders
    for name in options.sets:
        loader, folder, sections = SETS[name]
        for section, n_domains in sections.items():
            if options.sections and section not in options.sections:
                continue
            adata = getattr(loaders, loader)(root_dir=str(options.root / folder), section_id=section)
            found = scores(adata, n_domains, options.iters)
            line = " ".join([name if name in ONE_SLICE else name + section, *map(str, found)])
            with options.out.open("a") as file:
                file.write(line + "\n")
            print(line)


if __name__ == "__main__":
    main()
