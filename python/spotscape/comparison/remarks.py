"""What a person must know to read the tables of a comparison, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from spotscape import _keys
from spotscape.comparison.design import PAIR, Design
from spotscape.comparison.genes import WILCOXON
from spotscape.comparison.shares import NONE

SIGNIFICANT = 0.05
ALIKE = 0.75
"""From this similarity on, a domain of one condition is taken for one of the other."""
SEVERAL = {_keys.SLICE: "slices", "donor": "donors", "pair": "donors with both conditions"}


def remarks_on(
    composition: pd.DataFrame,
    genes: pd.DataFrame,
    designs: Sequence[Design],
    skipped: Sequence[str],
    min_spots: int,
) -> list[str]:
    """Say what was left out, not tested, cannot be significant, or is probably no difference.

    Parameters
    ----------
    composition, genes
        The tables, all comparisons under each other.
    designs
        One to a comparison.
    skipped
        Domains whose genes were not compared.
    min_spots
        Spots that they would have needed.
    """
    texts = [on_left_out(design) for design in designs if design.left_out]
    texts += [_on_shares(rows) for _, rows in composition.groupby(_keys.CONDITION, sort=False)]
    texts.append(on_alike(composition))
    by_spots = genes.loc[genes["method"] == WILCOXON, "domain"].unique()
    if len(by_spots):
        several = SEVERAL[designs[0].unit]
        texts.append(
            f"In domain(s) {', '.join(by_spots)} spots were compared, not {several}, as a condition has "
            f"fewer than two with enough spots. Spots of one slice are not independent: these p-values are "
            "too small, so take them as an order of genes."
        )
    if skipped:
        texts.append(
            f"Genes were not compared in domain(s) {', '.join(skipped)}: a condition has fewer than "
            f"{min_spots} spots there, or no gene has enough counts."
        )
    return [text for text in texts if text]


def on_alike(composition: pd.DataFrame) -> str:
    """Name domains of one condition that the other seems to have under another name."""
    rows = composition[composition["similarity"] >= ALIKE]
    if rows.empty:
        return ""
    named = [
        f"{row['domain']} ({row['only_in']} only) as {row['closest']} (similarity {row['similarity']:.2f})"
        for _, row in rows.iterrows()
    ]
    return (
        f"Of one condition only, but expressed within slices as a domain of the other: {', '.join(named)}. A "
        "difference between slices was probably taken for a domain. Raise correction in integrate_slices."
    )


def on_left_out(design: Design) -> str:
    """Name the donors that are not compared."""
    have, others = "one condition", "both"
    if design.unit != PAIR:
        have, others = "both conditions", "one"
    return (
        f"Left out where {design.other} is compared with {design.reference}: donor(s) "
        f"{', '.join(design.left_out)}, which have {have}. The donors that are compared have {others}."
    )


def _on_shares(rows: pd.DataFrame) -> str:
    """Say where shares were not tested, or no p-value can be small."""
    first = rows.iloc[0]
    pair, several = f"{first[_keys.CONDITION]} against {first['reference']}", SEVERAL[first["unit"]]
    if first["method"] == NONE:
        each = "" if first["unit"] == PAIR else " of each condition"
        return f"Shares of domains were not tested in {pair}: that needs two {several} or more{each}."
    smallest = rows["smallest_p"].min()
    if smallest >= SIGNIFICANT:
        return (
            f"So few {several} give no p-value below {smallest:.2g} for shares of domains in {pair}, however "
            "they differ. Look at the shares themselves."
        )
    return ""
