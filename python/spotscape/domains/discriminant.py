"""Domains of spots that a model was not trained on: linear discriminants."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from sklearn.covariance import ledoit_wolf

from spotscape._validate import input_error


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
    found: np.ndarray = scores(space, discriminant).argmax(axis=1)
    return found


def scores(space: np.ndarray, discriminant: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return the logarithm of the posterior of each domain, N x K, up to a constant in each row."""
    found: np.ndarray = space @ discriminant["slopes"].T + discriminant["offsets"]
    return found


def checked_discriminant(
    arrays: Mapping[str, np.ndarray], width: int, n_domains: int, name: str
) -> dict[str, np.ndarray]:
    """Return what `fit_discriminant` gave, after its way through a file, or raise where it does not fit."""
    shapes = {"slopes": (n_domains, width), "offsets": (n_domains,)}
    found = {key: np.asarray(arrays[key]) for key in shapes if key in arrays}
    if not found and not n_domains:
        return {}
    for key, shape in shapes.items():
        values = found.get(key)
        if values is None or values.dtype.kind not in "fiu" or values.size != np.prod(shape):
            said = "nothing" if values is None else f"shape {values.shape}"
            raise input_error(f"{name}: {key}", said, f"shape {shape}", "Make or save it again.")
        if not np.isfinite(values).all():
            raise input_error(f"{name}: {key}", "NaN or infinite values", "finite numbers", "Save it again.")
    return {key: found[key].reshape(shape) for key, shape in shapes.items()}
