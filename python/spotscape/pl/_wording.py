"""The sentences of the report: numbers in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from spotscape._words import scale
from spotscape.pl._summary import Domain, Silhouettes


def summary(
    n_spots: int, domains: list[Domain], widths: Silhouettes, run: Mapping[str, Any], ari: float | None
) -> list[str]:
    """Return the paragraph at the top of the page, and one on known labels if asked for."""
    suggested = bool(run.get("domains", {}).get("suggested", False))
    n_slices = len(np.atleast_1d(run.get("integration", {}).get("slices", [])))
    of = f"{n_slices} slices" if n_slices else "this tissue"
    sentences = [
        f"{n_spots:,} spots or cells of {of} were divided into "
        f"{_count(len(domains), 'spatial domain')}: regions whose spots express alike and lie together. They "
        "were found from gene counts and positions alone; no annotation was used.",
        "Their number was suggested from the data." if suggested else "",
        scale(run),
        _sizes(domains),
        _cohesion(domains),
        _separation(widths),
    ]
    paragraphs = [" ".join(sentence for sentence in sentences if sentence)]
    if ari is not None:
        paragraphs.append(
            f"Agreement with the known labels: adjusted Rand index {ari:.2f} (1 is the same division, 0 is "
            "what chance gives), over the spots that have both."
        )
    return paragraphs


def integration(run: Mapping[str, Any]) -> str:
    """Say how well the slices mix, and what that is worth; nothing for a run on one slice."""
    record = run.get("integration", {})
    if not record:
        return ""
    mixing = float(record["mixing"])
    if mixing >= 0.6:
        words = "the slices share one space well"
    elif mixing >= 0.3:
        words = "the slices share one space in part; some of what differs between them is left"
    else:
        words = "the slices lie apart: their differences outweigh what they share"
    by_domain, by_slice = float(record["silhouette_domain"]), float(record["silhouette_slice"])
    return (
        f"Of a spot's nearest neighbours in the learned space, {mixing:.2f} times as many are of other "
        f"slices as chance would give: {words}. Silhouettes in the learned space: {by_domain:.2f} by "
        f"domain (higher is better) and {by_slice:.2f} by slice (near 0 or below is better). The "
        f"slices were compared by the {int(record['n_shared_genes']):,} genes that all of them have."
        f"{_taken_out(record)}"
    )


def _taken_out(record: Mapping[str, Any]) -> str:
    """Say how far differences between slices were taken out; nothing for a run that does not say."""
    if "signal" not in record:
        return ""
    left, weight = f"{float(record['signal']):.0%} of their spatial signal", float(record["slice_noise"])
    if weight == 0:
        return " What differs between the slices was left as it is."
    if weight < 1.5:
        return (
            f" What differs between them was taken out in part, and {left} is left: more would have cost too "
            "much, as where slices hold different tissue."
        )
    return f" What differs between them was taken out, and {left} is left."


def replicates(composition: pd.DataFrame) -> str:
    """Say what was compared with what; nothing for a comparison that does not say."""
    if "unit" not in composition:
        return ""
    row = composition.iloc[0]
    n, n_reference = int(row["n"]), int(row["n_reference"])
    if row["unit"] == "pair":
        return f" Compared: {n} donors, each with itself."
    return f" Compared: {n} and {n_reference} {row['unit']}s."


def counts(run: Mapping[str, Any]) -> str:
    """Say which counts the run went by; nothing where its record does not."""
    record = run.get("counts", {})
    if not record:
        return ""
    return (
        f"Raw counts were read from {record['place']}: {float(record['total']):,.0f} in all, "
        f"{float(record['median']):,.0f} per spot at the median."
    )


def silhouette_basis(widths: Silhouettes, n_labelled: int) -> str:
    """Say which spots the silhouettes were taken on."""
    if widths.n_spots < n_labelled:
        return f"a random sample of {widths.n_spots:,} of {n_labelled:,} spots"
    return f"all {n_labelled:,} spots"


def map_alt(domains: list[Domain]) -> str:
    """Describe the map to a reader who cannot see it."""
    sizes = ", ".join(f"{domain.name} ({100 * domain.share:.0f} %)" for domain in domains)
    return f"Map of the tissue coloured by domain. Domains and their share of spots: {sizes}."


def times(value: float) -> str:
    """Write a fold change."""
    return "> 100×" if value > 100 else f"{value:.1f}×"


def p_value(value: float) -> str:
    """Write a p-value."""
    return "< 1e-300" if value < 1e-300 else f"{value:.1g}"


def setting(value: Any) -> str:
    """Write a parameter as read back from a file, where numbers are numpy's."""
    if isinstance(value, np.generic):
        value = value.item()
    return f"{value:g}" if isinstance(value, float) else str(value)


def seconds(parts: Mapping[str, Any]) -> str:
    """Write how long the parts of a run took."""
    return ", ".join(f"{name} {float(value):.1f} s" for name, value in parts.items())


def _count(number: int, noun: str) -> str:
    """Write a number with its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _sizes(domains: list[Domain]) -> str:
    """Name the largest and the smallest domain."""
    if len(domains) < 2:
        return ""
    largest, smallest = (choose(domains, key=lambda domain: domain.n_spots) for choose in (max, min))
    return (
        f"The largest is domain {largest.name} ({100 * largest.share:.0f} % of the spots), the smallest "
        f"domain {smallest.name} ({100 * smallest.share:.0f} %)."
    )


def _cohesion(domains: list[Domain]) -> str:
    """Say how compact the domains are in the tissue."""
    known = [(domain.share_inside, domain.n_spots) for domain in domains if domain.share_inside is not None]
    if not known:
        return ""
    shares, sizes = zip(*known, strict=True)
    share = np.average(shares, weights=sizes)
    return f"On average {100 * share:.0f} % of a spot's neighbours are in its own domain."


def _separation(widths: Silhouettes) -> str:
    """Say how far the domains are apart in the embedding."""
    if widths.overall is None:
        return ""
    if widths.overall > 0.5:
        words = "are clearly apart"
    elif widths.overall > 0.25:
        words = "are apart with some overlap"
    else:
        words = "merge gradually into one another, as tissue often does"
    return f"In the embedding, the domains {words} (mean silhouette {widths.overall:.2f})."
