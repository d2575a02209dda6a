"""Domains of spots that a model was not trained on: linear discriminants."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from sklearn.covariance import ledoit_wolf


def fit_discriminant(space: np.ndarray, codes: np.ndarray) -> dict[str, np.ndarray]:
    """Return linear discriminants: domains as Gaussians of one covariance, as in the tied mixture."""
    numbers = np.arange(codes.max() + 1)
    centres = np.stack([space[codes == number].mean(axis=0) for number in numbers])
    labelled = codes >= 0
    covariance, _ = ledoit_wolf(space[labelled] - centres[codes[labelled]], assume_centered=True)
    ridge = 1e-6 * max(float(np.trace(covariance)) / len(covariance), np.finfo(np.float64).tiny)
    slopes = np.linalg.solve(covariance + ridge * np.eye(len(covariance)), centres.T).T
    shares = np.bincount(codes[labelled]) / labelled.sum()
    offsets = np.log(shares) - (slopes * centres).sum(axis=1) / 2
    return {"slopes": np.ascontiguousarray(slopes), "offsets": offsets}


def classify(space: np.ndarray, discriminant: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return the number of the domain of highest posterior for each row."""
    scores = space @ discriminant["slopes"].T + discriminant["offsets"]
    found: np.ndarray = scores.argmax(axis=1)
    return found
