"""spotscape: spatial domains of a tissue from spatially resolved transcriptomics.

Submodules load when first used, so that ``import spotscape`` is quick: ``io`` (files), ``pp`` (genes and
normalisation), ``gr`` (spatial neighbours), ``tl`` (what a run does), ``pl`` (plots and the report),
``metrics``, ``datasets`` (simulated tissue), ``interop`` (objects of R).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from spotscape._version import __version__

if TYPE_CHECKING:
    from spotscape import datasets, gr, interop, io, metrics, pl, pp, tl
    from spotscape._versions import show_versions
    from spotscape.config import SpotscapeConfig
    from spotscape.model import Spotscape

__all__ = [
    "Spotscape",
    "SpotscapeConfig",
    "__version__",
    "datasets",
    "gr",
    "interop",
    "io",
    "metrics",
    "pl",
    "pp",
    "show_versions",
    "tl",
]

_SUBMODULES = ("datasets", "gr", "interop", "io", "metrics", "pl", "pp", "tl")


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return import_module(f"spotscape.{name}")
    if name == "SpotscapeConfig":
        return import_module("spotscape.config").SpotscapeConfig
    if name == "Spotscape":
        return import_module("spotscape.model").Spotscape
    if name == "show_versions":
        return import_module("spotscape._versions").show_versions
    raise AttributeError(f"module 'spotscape' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
