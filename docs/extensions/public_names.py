"""Every public name of the package, as its ``__all__`` lists it."""

from __future__ import annotations

import inspect
from importlib import import_module
from types import ModuleType


def names_of(module: ModuleType) -> list[str]:
    """Return ``__all__``; where there is none, the functions and classes that the module itself defines."""
    listed = getattr(module, "__all__", None)
    if listed is not None:
        return sorted(name for name in listed if not name.startswith("__"))
    found = []
    for name, value in vars(module).items():
        own = getattr(value, "__module__", None) == module.__name__
        if own and not name.startswith("_") and (inspect.isfunction(value) or inspect.isclass(value)):
            found.append(name)
    return sorted(found)


def public_names(package: str = "spotscape") -> dict[str, list[str]]:
    """Return the public modules, the package itself first, with the functions and classes in each.

    Modules that the package lists are entries of their own, and so on downwards.
    """
    module = import_module(package)
    names: list[str] = []
    below: dict[str, list[str]] = {}
    for name in names_of(module):
        value = getattr(module, name)
        if isinstance(value, ModuleType):
            below |= public_names(f"{package}.{name}")
        else:
            names.append(name)
    return {package: names, **below}
