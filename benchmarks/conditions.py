"""Shares of domains that do not differ, and that do: how often each test says so, with slices of donors.

    python -m benchmarks.conditions            300 data sets a row (minutes)
    python -m benchmarks.conditions --torn     domains of one condition, five seeds (minutes)

Simulated are shares only. The log odds of each domain have a donor's part (standard deviation 0.5), a
slice's (0.2), and, where donors have both conditions, a part of donor and condition (0.2), with 1,000 spots
a slice. Printed is the share of p-values below 0.05: first of all domains where nothing differs, then of the
one whose log odds were raised by 1. "slices" counts each slice apart, as without donor_key. "mixed" is
statsmodels' MixedLM with an intercept of each donor and Wald's test, on the first 40 data sets.

--torn: two simulated slices of two conditions, one with a lesion of 0, 10 or 20 %, whose differences are not
corrected, so that domains come apart by slice. Of the domains of one condition, those of mostly (75 %) one
tissue are looked at. A lesion is its own. All others are torn if a domain of the other condition is mostly
that tissue.
"""

from __future__ import annotations

import argparse
import warnings
from itertools import product

import numpy as np
import pandas as pd
from statsmodels.regression.mixed_linear_model import MixedLM

from spotscape import datasets, tl
from spotscape.comparison import compare_composition, design_of
from spotscape.comparison.remarks import ALIKE

SETTINGS = [(2, 3, False), (3, 3, False), (6, 2, False), (3, 3, True), (6, 1, True), (6, 2, True)]
"""Donors (of each condition, or in all), slices of each in a condition, whether donors have both."""
_MIXED = 40
MOSTLY = 0.75
"""Share of a domain's spots that are of one tissue, for it to be scored."""


def draw(
    rng: np.random.Generator, n_domains: int, n_donors: int, n_slices: int, both: bool, change: float
) -> tuple[np.ndarray, pd.Series, pd.Series]:
    """Return shares (domains x slices), and the condition and donor of each slice."""
    cells = [(d, c) for d in range(n_donors * (2 - both)) for c in ((0, 1) if both else (d // n_donors,))]
    donor, condition = np.repeat(np.array(cells).T, n_slices, axis=1)
    part = rng.normal(0, 0.2 * both, (donor.max() + 1, 2, n_domains))
    odds = rng.normal(0, 0.7, n_domains) + rng.normal(0, 0.5, (donor.max() + 1, n_domains))[donor]
    odds += part[donor, condition] + rng.normal(0, 0.2, (len(donor), n_domains))
    odds[:, 0] += change * condition
    chance = np.exp(odds) / np.exp(odds).sum(axis=1, keepdims=True)
    shares = np.array([rng.multinomial(1000, row) for row in chance]).T / 1000
    return shares, pd.Series(np.array(["a", "b"])[condition]), pd.Series(donor)


def mixed_model(shares: np.ndarray, conditions: pd.Series, donors: pd.Series) -> np.ndarray:
    """Return Wald's p-value of the condition for each domain, with an intercept of each donor."""
    design = np.column_stack([np.ones(len(conditions)), conditions == "b"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.array([MixedLM(np.arcsin(np.sqrt(row)), design, donors).fit().pvalues[1] for row in shares])


def rates(n_sets: int, n_domains: int, setting: tuple[int, int, bool], change: float) -> dict[str, float]:
    """Return the share of p-values below 0.05 by each test."""
    rng, found = np.random.default_rng(0), {}
    for number in range(n_sets):
        shares, conditions, donors = draw(rng, n_domains, *setting, change)
        tested = slice(0, 1) if change else slice(None)
        for name, given, test in (
            ("slices", None, "moderated t"),
            ("moderated t", donors, "moderated t"),
            ("permutation", donors, "permutation"),
        ):
            table = compare_composition(shares, design_of(conditions, given, "b", "a"), test)
            found.setdefault(name, []).append(table["p_value"].to_numpy()[tested])
        if number < _MIXED:
            found.setdefault("mixed model", []).append(mixed_model(shares[tested], conditions, donors))
    return {name: float(np.mean(np.concatenate(values) < 0.05)) for name, values in found.items()}


def torn(seeds: range) -> None:
    """Print how similar domains of one condition are to the other's, torn ones and lesions apart."""
    found: dict[str, list[tuple[float, bool]]] = {"torn": [], "lesion": []}
    for seed, share in product(seeds, (0.0, 0.1, 0.2)):
        slices = datasets.simulate_conditions(
            n_slices=1, lesion_share=share, n_spots=700, n_genes=500, n_domains=5, seed=seed
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            adata = tl.integrate_slices(
                slices, n_domains=6, correction=0, condition_key="condition", progress=False
            )
            tl.compare_domains(adata)
        obs = adata.obs.astype(str)
        mostly = pd.crosstab(
            [obs["condition"], obs["spotscape_domain"]], obs["ground_truth"], normalize="index"
        )
        mostly = mostly[mostly >= MOSTLY].stack().reset_index(level=2)["ground_truth"]
        table = adata.uns["spotscape_comparison"]["composition"]
        for row in table[table["only_in"] != ""].itertuples():
            tissue = mostly.get((row.only_in, row.domain))
            other = row.reference if row.only_in == row.condition else row.condition
            theirs = mostly[mostly.index.get_level_values(0) == other]
            if tissue == "lesion" or tissue in set(theirs):
                right = theirs.get((other, row.closest)) == tissue
                found["lesion" if tissue == "lesion" else "torn"].append((row.similarity, right))
    for name, rows in found.items():
        values = np.array([similarity for similarity, _ in rows])
        alike = values >= ALIKE
        right = np.array([ok for _, ok in rows])[alike]
        print(
            f"{name}: {len(rows)} domains, {alike.sum()} called alike, {right.sum()} of them the right one; "
            f"similarity {np.nanmin(values):.2f} to {np.nanmax(values):.2f}, "
            f"median {np.nanmedian(values):.2f}, "
            f"{np.isnan(values).sum()} not judged",
            flush=True,
        )


def main() -> None:
    """Print a row for each setting."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sets", type=int, default=300)
    parser.add_argument("--torn", action="store_true")
    parser.add_argument("--seeds", type=int, default=5)
    given = parser.parse_args()
    n_sets = given.sets
    if given.torn:
        torn(range(given.seeds))
        return
    print("domains donors slices both  | " + "  ".join(["slices  mod. t  perm.  mixed"] * 2), flush=True)
    for n_domains in (2, 5):
        for setting in SETTINGS:
            found = [rates(n_sets, n_domains, setting, change) for change in (0.0, 1.0)]
            cells = [f"{one[name]:6.3f}" for one in found for name in one]
            print(
                f"{n_domains:7} {setting[0]:6} {setting[1]:6} {setting[2]!s:5} | " + "  ".join(cells),
                flush=True,
            )


if __name__ == "__main__":
    main()
