"""Calibrated confidence: the order of the posteriors, from chance to certainty."""

from __future__ import annotations

import numpy as np
import pytest

from spotscape.domains.confidence import COEFFICIENTS, calibrated


@pytest.mark.parametrize("n_domains", [2, 7])
def test_confidence_keeps_the_order_between_chance_and_one(n_domains):
    posterior = np.linspace(0, 1, 501)
    confidence = calibrated(posterior, n_domains)
    above = posterior > 1 / n_domains + 0.01
    assert (np.diff(confidence) >= 0).all()
    assert (np.diff(confidence[above]) > 0).all()
    assert confidence.min() >= 1 / n_domains
    assert confidence.max() < 1
    assert np.ptp(confidence[posterior <= 1 / n_domains]) < 1e-9


def test_posteriors_are_taken_to_be_too_sure():
    assert calibrated(np.array([0.999]), 5) < 0.95


def test_intercept_0_and_slope_1_leave_posteriors_as_they_are():
    posterior = np.linspace(0.25, 1, 50)
    np.testing.assert_allclose(calibrated(posterior, 4, (0.0, 1.0)), posterior, atol=1e-5)


def test_fewer_domains_are_easier_by_chance():
    at_chance = [float(calibrated(np.array([1 / k]), k, COEFFICIENTS)[0]) for k in (2, 4, 8)]
    np.testing.assert_allclose(at_chance, [0.5, 0.25, 0.125], atol=0.05)
