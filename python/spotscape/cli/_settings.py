"""The settings of a run, as ``--preset`` and ``--set`` give them."""

from __future__ import annotations

from typing import Any

from spotscape._validate import input_error
from spotscape.config import SpotscapeConfig, resolve_config


def settings_of(preset: str, changes: list[str]) -> SpotscapeConfig:
    """Return the settings of a preset, some of them changed by ``KEY=VALUE``."""
    settings: dict[str, Any] = {}
    for change in changes:
        key, equals, value = change.partition("=")
        if not (key and equals and value):
            raise input_error("--set", repr(change), "KEY=VALUE", "For example: --set n_components=30.")
        settings[key.strip()] = _parse(value.strip())
    return resolve_config({"preset": preset, **settings})


def _parse(value: str) -> bool | int | float | str:
    """Return yes or no, or a number, where it is one; the configuration checks which setting wants what."""
    if value.lower() in ("true", "false"):
        return value.lower() == "true"
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            pass
    return value
