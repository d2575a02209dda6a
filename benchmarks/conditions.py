"""Shares of domains that do not differ, and that do: how often each test says so, with slices of donors.

    python -m benchmarks.conditions            300 data sets a row (minutes)

Simulated are shares only. The log odds of each domain have a donor's part (standard deviation 0.5), a
slice's (0.2), and, where donors have both conditions, a part of donor and condition (0.2), with 1,000 spots
a slice. Printed is the share of p-values below 0.05: first of all domains where nothing differs, then of the
one whose log odds were raised by 1. "slices" counts each slice apart, as without donor_key. "mixed" is
statsmodels' MixedLM with an intercept of each donor and Wald's test, on the first 40 data sets.
"""

from __future__ import annotations

import argparse
import warnings

import numpy as np
import pandas as pd
from statsmodels.regression.mixed_linear_model import MixedLM

from spotscape.comparison import compare_composition, design_of

SETTINGS = [(2, 3, False), (3, 3, False), (6, 2, False), (3, 3, True), (6, 1, True), (6, 2, True)]
"""Donors (of each condition, or in all), slices of each in a condition, whether donors have both."""
_MIXED = 40


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


def main() -> None:
    """Print a row for each setting."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sets", type=int, default=300)
    n_sets = parser.parse_args().sets
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
