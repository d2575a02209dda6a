"""From the posterior of a spot's domain to its confidence: how often a domain of such a posterior is right.

Posteriors of mixtures are too sure of themselves: neighbouring spots are not independent, domains are not
Gaussian, and a mixture knows nothing of the other groupings that would fit about as well. So the share of the
way from chance, 1 / K, to certainty goes through a logistic curve on its log odds, whose two coefficients
were fitted on annotated tissue of eight studies, each study counting alike. The order of spots stays. All
those tissues were single slices; several borrow their coefficients from them.

Source: Platt 1999, Probabilistic outputs for support vector machines and comparisons to regularized
likelihood methods, in Advances in Large Margin Classifiers; the chance level is added here.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit, logit

COEFFICIENTS = (-1.51, 0.184)
"""Intercept and slope; ``python -m benchmarks.quality calibration --fit`` prints them."""
_NEAREST_TO_CERTAIN = 1e-6
"""Posteriors are told apart up to here: nearer to 0 and 1 they say how far apart domains lie, and no more."""


def calibrated(
    posterior: np.ndarray, n_domains: int, coefficients: tuple[float, float] = COEFFICIENTS
) -> np.ndarray:
    """Return confidences, from 1 / K to 1, in the order of the posteriors of the spots' domains.

    Parameters
    ----------
    posterior
        Of each spot's own domain, 0 to 1; below chance is as chance.
    n_domains
        K, 2 or more.
    coefficients
        Intercept and slope, as in `COEFFICIENTS`.
    """
    chance = 1 / n_domains
    above = (posterior.astype(np.float64) - chance) / (1 - chance)
    intercept, slope = coefficients
    odds = logit(np.clip(above, _NEAREST_TO_CERTAIN, 1 - _NEAREST_TO_CERTAIN))
    found: np.ndarray = chance + (1 - chance) * expit(intercept + slope * odds)
    return found
