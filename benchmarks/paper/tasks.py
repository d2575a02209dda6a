"""The paper's tasks, their published figures and learning rates, and how a run is scored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import anndata as ad
import numpy as np
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import normalize

from benchmarks.paper.sources import DONORS, EMBRYOS, MTG, SECTIONS, TRUTH
from spotscape import metrics, tl


@dataclass(frozen=True)
class Task:
    """What is run on which slices of a source; ``published`` figures are means of ten runs, by K-means."""

    kind: str
    source: str
    data: str
    slices: tuple[str, ...]
    learning_rate: float
    published: Mapping[str, float]


ONE, SEVERAL, ALIGNMENT = "domains, one slice", "integration", "alignment"
_SECTION = {
    "151673": {"ARI": 0.48, "NMI": 0.64, "CA": 0.61},
    "151507": {"ARI": 0.60, "NMI": 0.72, "CA": 0.76},
}
_MTG = {
    "control": {"ARI": 0.73, "NMI": 0.78, "CA": 0.75},
    "Alzheimer's": {"ARI": 0.68, "NMI": 0.75, "CA": 0.77},
}
_DONOR = {
    "donor 1": {"ARI": 0.57, "NMI": 0.70, "CA": 0.67},
    "donor 3": {"ARI": 0.63, "NMI": 0.68, "CA": 0.75},
}
TASKS = (
    *(Task(ONE, "dlpfc", f"DLPFC {s}", (s,), 1e-4, _SECTION.get(s, {})) for s in SECTIONS),
    *(Task(ONE, "mtg", f"MTG {name}", (name,), 1e-4, _MTG[name]) for name in MTG),
    Task(ONE, "nsclc", "NSCLC Lung5_3", ("Lung5_3",), 5e-4, {}),
    *(Task(SEVERAL, "dlpfc", f"DLPFC {d}", s, 5e-4, _DONOR.get(d, {})) for d, s in DONORS.items()),
    Task(
        SEVERAL,
        "mtg",
        "MTG control + AD",
        tuple(MTG),
        5e-4,
        {"ARI": 0.72, "NMI": 0.76, "CA": 0.81, "silhouette": 0.69},
    ),
    Task(SEVERAL, "breast", "breast, Visium + Xenium", ("Visium", "Xenium"), 1e-5, {}),
    Task(ALIGNMENT, "embryo", "mouse embryo", EMBRYOS, 1e-3, {"LTARI": 0.51}),
)
_WITHOUT_LABELS = 6
"""Number of domains where nobody has labelled any."""


def settings_of(preset: str, task: Task, epochs: int | None) -> dict[str, Any] | None:
    """Return the default (None), or the published settings with the learning rate published for the data."""
    if preset == "default":
        return None
    more = {} if epochs is None else {"epochs": epochs}
    return {"preset": preset, "learning_rate": task.learning_rate, **more}


def scores(
    task: Task, slices: Mapping[str, ad.AnnData], preset: str, seed: int, epochs: int | None = None
) -> dict[str, float]:
    """Run a task once and return its figures; labels give the number of domains, and score."""
    settings = settings_of(preset, task, epochs)
    used = {name: slices[name].copy() for name in task.slices}
    known = [set(one.obs[TRUTH].dropna()) for one in used.values() if TRUTH in one.obs]
    n_domains = len(set().union(*known)) or _WITHOUT_LABELS
    run: dict[str, Any] = {"n_domains": n_domains, "config": settings, "seed": seed, "progress": False}
    if task.kind == ONE:
        (adata,) = used.values()
        tl.run_spotscape(adata, **run)
    else:
        adata = tl.integrate_slices(used, **run)
    if task.kind == ALIGNMENT:
        return {"LTARI": _ltari(adata, task.slices)}
    if not known:
        table = tl.score_domains(adata, n_permutations=2).set_index("measure")["value"]
        return {"iLISI": float(table["ilisi"]), "kBET": float(table["kbet_acceptance"])}
    truth, labels = adata.obs[TRUTH], adata.obs["spotscape_domain"]
    found = {
        "ARI": metrics.adjusted_rand_index(truth, labels),
        "NMI": metrics.normalized_mutual_information(truth, labels),
        "CA": metrics.clustering_accuracy(truth, labels),
    }
    if "silhouette" in task.published:
        found["silhouette"] = metrics.silhouette(adata.obsm["X_spotscape"], labels)
    return found


def _ltari(adata: ad.AnnData, slices: tuple[str, ...]) -> float:
    """Labels of each spot of the first slice and of its nearest of the second, by the cosine."""
    rows = normalize(np.asarray(adata.obsm["X_spotscape"], dtype=float))
    one, other = (np.flatnonzero(adata.obs["slice"] == name) for name in slices)
    partners = NearestNeighbors(n_neighbors=1).fit(rows[other]).kneighbors(rows[one], return_distance=False)
    truth = adata.obs[TRUTH].to_numpy(dtype=object)
    return metrics.ltari(truth[one], truth[other], partners[:, 0])
