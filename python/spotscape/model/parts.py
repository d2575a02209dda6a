"""What a model is saved as: a description of plain values, and arrays by name; and made of again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from spotscape._version import __version__
from spotscape.config import CLUSTER_METHODS, SpotscapeConfig
from spotscape.engine.trained import weights_of
from spotscape.run.kept_model import FORMAT, Trained, as_trained

_WEIGHTS = "weights."


def description_of(config: SpotscapeConfig, domains: Sequence[str], trained: Trained) -> dict[str, Any]:
    """Return the plain values of a model."""
    return {
        "format": FORMAT,
        "spotscape": __version__,
        "config": config.to_dict(),
        "target_sum": trained.target_sum,
        "rings": trained.rings,
        **({} if np.isnan(trained.step) else {"step": trained.step}),
        "genes": list(trained.genes),
        "domains": list(domains),
    }


def tensors_of(trained: Trained, discriminant: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the arrays of a model, by name."""
    weights = {} if trained.model is None else weights_of(trained.model)
    tensors: dict[str, np.ndarray] = {f"{_WEIGHTS}{name}": array for name, array in weights.items()}
    if len(trained.means):
        tensors["means"] = trained.means
    if trained.loadings is not None:
        tensors["loadings"] = trained.loadings
    if trained.sharpening is not None:
        tensors |= trained.sharpening._asdict()
    return tensors | {"mean": trained.mean, **discriminant}


def trained_of(description: Mapping[str, Any], arrays: Mapping[str, np.ndarray], name: str) -> Trained:
    """Return the trained model that a description and arrays make, or raise where they make none."""
    weights = {key.removeprefix(_WEIGHTS): value for key, value in arrays.items() if key.startswith(_WEIGHTS)}
    record = {
        "format": description["format"],
        "genes": description["genes"],
        "weights": weights,
        **{key: description[key] for key in ("target_sum", "rings", "step") if key in description},
        **arrays,
    }
    return as_trained(record, name)


def known_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is a setting and not None, left open; numbers from a file are Python's again.

    What spotscape 0.1 wrote for no components, and a method that is gone, give way to the default.
    """
    known = [name for name in SpotscapeConfig().to_dict() if settings.get(name) is not None]
    found = {name: settings[name] for name in known}
    found = {name: value.item() if isinstance(value, np.generic) else value for name, value in found.items()}
    if found.get("n_components") == 0:
        del found["n_components"]
    if found.get("cluster_method") not in CLUSTER_METHODS:
        found.pop("cluster_method", None)
    return found
