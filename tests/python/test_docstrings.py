"""Shared parts of docstrings: help shows them in full, and nothing else of a function changes."""

from __future__ import annotations

import importlib
import inspect
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import spotscape
from spotscape import _docs

PACKAGE = Path(spotscape.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(PACKAGE).as_posix())
def test_docstrings_are_filled(file: Path):
    """A docstring with a placeholder needs the decorator ``filled``, or a reader sees the braces."""
    if file.name == "__main__.py" or ("rpy2" in file.read_text() and find_spec("rpy2") is None):
        return
    parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
    module = importlib.import_module(".".join(part for part in parts if part != "__init__"))
    own = [value for value in vars(module).values() if getattr(value, "__module__", "") == module.__name__]
    own += [member for value in own if inspect.isclass(value) for member in vars(value).values()]
    for value in own:
        text = getattr(value, "__doc__", None) or ""
        if value is not _docs.filled:  # its example shows placeholders
            assert not re.search(r"^\s*\{\w+\}$", text, re.M), value


def test_filled_leaves_signatures_and_other_braces_alone():
    def first(adata, *, radius: float = 1.0) -> None:
        """Do it.

        Parameters
        ----------
        adata, radius
            Two things.

            In two paragraphs.

        Raises
        ------
        InputError
            Never.
        """

    def second(adata, *, radius: float = 1.0, copy: bool = False) -> dict:
        """Do more.

        Parameters
        ----------
        radius
            {radius}
        copy
            {copy}

        Examples
        --------
        >>> {"a": 1}
        {'a': 1}
        """

    before = inspect.signature(second)
    assert _docs.described(first) == dict.fromkeys(("adata", "radius"), "Two things.\n\nIn two paragraphs.")
    assert _docs.filled(like=first)(second) is second
    assert inspect.signature(second) == before
    assert "radius\n    Two things.\n\n    In two paragraphs.\ncopy\n    Return a" in inspect.getdoc(second)
    assert inspect.getdoc(second).endswith(">>> {\"a\": 1}\n{'a': 1}")
    assert _docs.described(second)["copy"] == _docs.COMMON["copy"]


def test_an_unknown_part_of_a_docstring_is_refused():
    def one(radius):
        """{radius}"""

    with pytest.raises(KeyError, match="radius"):
        _docs.filled()(one)


def test_help_shows_the_texts_of_the_function_it_is_like():
    text = inspect.getdoc(spotscape.tl.integrate_slices)
    for part in ("device", "threads", "progress", "resume", "seed"):
        assert (
            _docs.described(spotscape.tl.run_spotscape)[part]
            == _docs.described(spotscape.tl.integrate_slices)[part]
        )
    assert "As in `run_spotscape`" not in text


def test_python_without_docstrings_runs():
    code = "from spotscape import metrics; print(metrics.inner_accuracy.__doc__)"  # anndata fails under -OO
    done = subprocess.run([sys.executable, "-OO", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "None"
