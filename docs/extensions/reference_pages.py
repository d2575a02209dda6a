"""Writes the pages of the reference: one for each public module, one for each public name in it."""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from public_names import public_names
from typer.cli import get_docs_for_click

if TYPE_CHECKING:
    from sphinx.application import Sphinx

FOLDER = "reference"


def _title(text: str) -> str:
    return f"{text}\n{'=' * len(text)}\n\n"


def name_page(module: str, name: str) -> str:
    """Return the page of one name, to be filled from its docstring."""
    value = getattr(import_module(module), name)
    head = _title(f"{module}.{name}") + f".. currentmodule:: {module}\n\n"
    if inspect.isclass(value):
        return f"{head}.. autoclass:: {name}\n   :members:\n"
    kind = "autofunction" if inspect.isroutine(value) else "autodata"
    return f"{head}.. {kind}:: {name}\n"


def module_page(module: str, names: list[str]) -> str:
    """Return the page of one module: what it is for, and its names with their first lines."""
    text = inspect.getdoc(import_module(module)) or ""
    rows = "".join(f"   {name}\n" for name in names)
    pages = "".join(f"   {module}.{name}\n" for name in names)
    return (
        f"{_title(module)}.. py:module:: {module}\n\n{text}\n\n.. autosummary::\n\n{rows}\n"
        f".. toctree::\n   :hidden:\n\n{pages}"
    )


def shell_page() -> str:
    """Return the page of the command, made from its own help."""
    command: Any = typer.main.get_command(import_module("spotscape.cli").app)
    context = command.context_class(command, info_name="spotscape")
    return get_docs_for_click(obj=command, ctx=context, name="spotscape", title="Shell")


def write_pages(folder: Path) -> list[Path]:
    """Write all pages into a folder, leave alone those that stay as they are, and return their paths."""
    modules = public_names()
    listed = "".join(f"   {module}\n" for module in modules)
    pages = {"index.rst": f"{_title('Reference')}.. toctree::\n   :maxdepth: 1\n\n{listed}   shell\n"}
    pages["shell.md"] = shell_page()
    for module, names in modules.items():
        pages[f"{module}.rst"] = module_page(module, names)
        pages |= {f"{module}.{name}.rst": name_page(module, name) for name in names}
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*"):
        if path.name not in pages:
            path.unlink()
    for name, text in pages.items():
        path = folder / name
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
    return [folder / name for name in pages]


def _before_reading(app: Sphinx) -> None:
    write_pages(Path(app.srcdir) / FOLDER)


def setup(app: Sphinx) -> dict[str, bool]:
    """Have the pages written before Sphinx looks for files."""
    app.connect("builder-inited", _before_reading)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
