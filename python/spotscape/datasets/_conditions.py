"""Slices of two conditions: what differs between them is known."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from anndata import AnnData
from numpy.typing import NDArray

from spotscape._docs import filled
from spotscape._keys import CONDITION
from spotscape._validate import check_integer, check_number, input_error
from spotscape.datasets._expression import Expression
from spotscape.datasets._layout import UNIT
from spotscape.datasets._matches import SIMULATION, write_matches
from spotscape.datasets._one import CHANGES_STREAM, draw_tissue, simulate_one
from spotscape.datasets._settings import check_settings
from spotscape.datasets._simulate import simulate_slices
from spotscape.datasets._tissue import Tissue

CONTROL, CASE = "control", "case"
LESION = "lesion"
CHANGED_IN, CHANGE = "changed_in", "change"
_LESION_CONTRAST = 1.5
"""A lesion stands out as the outer domains of healthy tissue do."""


@dataclass(frozen=True)
class LesionedTissue(Tissue):
    """A healthy tissue and, as the last of its ``names``, a round lesion: none where the radius is 0."""

    center: tuple[float, float]
    radius: float

    def domains(self, position: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the domain of each position (n x 2) as an index into ``names``."""
        codes = Tissue(self.names[:-1], self.fields, self.thresholds).domains(position)
        codes[np.linalg.norm(position - np.array(self.center), axis=1) < self.radius] = len(self.names) - 1
        return codes


@filled(like=simulate_slices)
def simulate_conditions(
    *,
    n_slices: int = 2,
    lesion_share: float = 0.12,
    n_changed: int = 20,
    change: float = 1.0,
    batch_strength: float = 1.0,
    n_spots: int = 3000,
    n_genes: int = 2000,
    tissue: str = "cortex",
    layout: str = "hexagonal",
    n_domains: int = 7,
    n_markers: int | None = None,
    marker_strength: float = 0.7,
    depth: float | None = None,
    depth_sd: float = 0.5,
    dispersion: float = 0.15,
    dropout: float = 0.1,
    noise: float = 1.0,
    seed: int = 0,
) -> list[AnnData]:
    """Simulate slices of two conditions, of which one has a lesion, and genes that change in one domain.

    All slices have one anatomy, as from `simulate_slices`. Slices of the condition "case" also have a round
    lesion, which is a domain with markers of its own. In the largest of the other domains of a case slice,
    some genes that mark no domain are expressed more, or less.

    Parameters
    ----------
    n_slices
        Number of slices in each of the two conditions.
    lesion_share
        Share of the spots of a case slice that the lesion takes, 0 (no lesion) to 0.4.
    n_changed
        Number of genes that change in one domain: every other one up, the rest down.
    change
        By how much: log2 of the fold change.
    batch_strength
        {batch_strength}
    n_spots, n_genes
        Spots of each slice, and genes.
    tissue
        {tissue}
    layout
        {layout}
    n_domains
        Number of domains besides the lesion, 2 to 30.
    n_markers
        {n_markers}
    marker_strength
        {marker_strength}
    depth
        {depth}
    depth_sd
        {depth_sd}
    dispersion
        {dispersion}
    dropout
        {dropout}
    noise
        {noise}
    seed
        {seed}

    Returns
    -------
    list of AnnData
        The controls, then the cases, each as from `simulate_slices`, and further ``obs["condition"]``
        (``"control"`` or ``"case"``), ``var["changed_in"]`` (the domain in which a gene changes, or "") and
        ``var["change"]`` (log2 of case over control there, 0 for most genes). The lesion is ``"lesion"`` in
        ``obs["ground_truth"]``.

    Raises
    ------
    InputError
        If an argument is of the wrong type or out of range, or fewer than ``n_changed`` genes mark no domain.

    Examples
    --------
    >>> from spotscape.datasets import simulate_conditions
    >>> slices = simulate_conditions(n_spots=200, n_genes=200)
    >>> [str(one.obs["condition"].iloc[0]) for one in slices]
    ['control', 'control', 'case', 'case']
    >>> [bool((one.obs["ground_truth"] == "lesion").any()) for one in slices]
    [False, False, True, True]
    """
    n_slices = check_integer("n_slices", n_slices, 1)
    lesion_share = check_number("lesion_share", lesion_share, 0, 0.4)
    n_changed = check_integer("n_changed", n_changed, 0)
    change = check_number("change", change, -5, 5)
    settings = check_settings(
        n_slices=2 * n_slices,
        batch_strength=batch_strength,
        batch_by_domain=0.0,
        overlap=1.0,
        rotation=0.0,
        flip=False,
        marker_gradients=0.0,
        border_width=0.0,
        hole_share=0.0,
        n_spots=n_spots,
        n_genes=n_genes,
        tissue=tissue,
        layout=layout,
        n_domains=n_domains,
        n_markers=n_markers,
        marker_strength=marker_strength,
        depth=depth,
        depth_sd=depth_sd,
        dispersion=dispersion,
        dropout=dropout,
        noise=noise,
        seed=seed,
        n_more_domains=1,
        # Of twice as many, the better expressed ones change; a small panel has no more than half to spare.
        n_free=min(2 * n_changed, check_integer("n_genes", n_genes, 10) // 2),
    )
    healthy, expression = draw_tissue(settings)
    rng = np.random.default_rng([settings.seed, CHANGES_STREAM])
    expression = _with_lesion(expression, settings.n_markers, settings.marker_strength, rng)
    log2_change = _choose_changes(expression, n_changed, change, rng)
    radius = float(np.sqrt(lesion_share / np.pi))
    center = tuple(float(x) for x in 0.8 * rng.uniform(-0.5 + radius, 0.5 - radius, size=2))
    names = (*healthy.names, LESION)
    control, case = (
        LesionedTissue(names, healthy.fields, healthy.thresholds, center, size) for size in (0.0, radius)
    )
    sizes = np.bincount(case.domains(rng.uniform(-0.5, 0.5, size=(20_000, 2))), minlength=len(names))
    largest = int(sizes[:-1].argmax())
    effect = expression.domain_effect.copy()
    effect[largest] += np.log(2) * log2_change
    changed = replace(expression, domain_effect=effect)
    made = [
        simulate_one(settings, control, expression, number)
        if number < n_slices
        else simulate_one(settings, case, changed, number)
        for number in range(settings.n_slices)
    ]
    write_matches(made, UNIT[settings.layout])
    for number, (adata, _) in enumerate(made):
        adata.obs[CONDITION] = CONTROL if number < n_slices else CASE
        adata.var[CHANGED_IN] = np.where(log2_change != 0, names[largest], "").astype(object)
        adata.var[CHANGE] = log2_change
        adata.uns[SIMULATION] |= {"lesion_share": lesion_share, "n_changed": n_changed, CHANGE: change}
    return [adata for adata, _ in made]


def _with_lesion(
    expression: Expression, n_markers: int, strength: float, rng: np.random.Generator
) -> Expression:
    """Return the genes of a tissue that has one more domain, with markers of its own and no other's."""
    lesion, n_genes = expression.domain_effect.shape
    own = rng.permutation(np.flatnonzero(expression.marker_domain < 0))[:n_markers]
    effect = np.zeros((1, n_genes))
    effect[0, own] = strength * _LESION_CONTRAST * rng.uniform(0.4, 1.6, size=len(own))
    marker_domain = expression.marker_domain.copy()
    marker_domain[own] = lesion
    return replace(
        expression,
        domain_effect=np.concatenate([expression.domain_effect, effect]),
        domain_depth=np.append(expression.domain_depth, 0.0),
        marker_domain=marker_domain,
    )


def _choose_changes(
    expression: Expression, n_changed: int, change: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return the log2 fold change of each gene: of the better expressed ones that mark no domain."""
    free = np.flatnonzero(expression.marker_domain < 0)
    if n_changed > len(free):
        expected = f"at most {len(free)}, the number of genes that mark no domain"
        raise input_error("n_changed", str(n_changed), expected, "Or raise n_genes, or lower n_markers.")
    well = free[np.argsort(-expression.base[free], kind="stable")][: max(n_changed, len(free) // 2)]
    result = np.zeros(len(expression.base))
    result[rng.permutation(well)[:n_changed]] = np.where(np.arange(n_changed) % 2, -change, change)
    return result
