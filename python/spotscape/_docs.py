"""Parts of docstrings that several functions share: each is written once, and filled in where it is named."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from textwrap import dedent, indent
from typing import Any, TypeVar

COMMON = {
    "copy": "Return a changed copy, and leave ``adata`` alone.",
    "key_added": "Stem of the run's names.",
    "key_written": "Stem of the names written to.",
    "key_read_and_written": "Stem of the names read and written.",
    "layer": "Layer that holds the raw counts; None to look everywhere.",
    "spatial_key": "Name of the coordinates in ``obsm``.",
    "save": (
        "File to write the figure to, whole or not at all; "
        "the ending says the format (.png, .pdf, .svg, ...)."
    ),
}
"""What placeholders stand for, except where the function named by ``like`` describes such a parameter."""
_PLACEHOLDER = re.compile(r"^([ \t]*)\{(\w+)\}$", re.MULTILINE)
_SECTION = re.compile(r"^(\w+)\n-{3,}\n(.*?)(?=\n\n\S[^\n]*\n-{3,}|\Z)", re.MULTILINE | re.DOTALL)
_ENTRY = re.compile(r"^(\S[^\n]*)\n((?:[ \t]+[^\n]*\n?|\n)+)", re.MULTILINE)
Documented = TypeVar("Documented", bound=Callable[..., Any])


def filled(*, like: Callable[..., Any] | None = None) -> Callable[[Documented], Documented]:
    """Fill the placeholders of a docstring: lines that hold a name in braces, and nothing else.

    The signature is left alone, and so are braces in a line with other text, such as an example's dictionary.

    Parameters
    ----------
    like
        A function whose docstring describes parameters of the same names, or has sections of those names,
        such as ``Raises``. Its texts go before those of ``COMMON``.

    Returns
    -------
    callable
        A decorator that returns the function that it is given.

    Raises
    ------
    KeyError
        For a placeholder that nothing is known for, when the function is defined.

    Examples
    --------
    >>> from spotscape._docs import described, filled
    >>> def first(radius):
    ...     '''Draw a disc.
    ...
    ...     Parameters
    ...     ----------
    ...     radius
    ...         In micrometres.
    ...
    ...     Raises
    ...     ------
    ...     ValueError
    ...         If it is negative.
    ...     '''
    >>> @filled(like=first)
    ... def second(radius, copy):
    ...     '''Draw a ring.
    ...
    ...     Parameters
    ...     ----------
    ...     radius
    ...         {radius}
    ...     copy
    ...         {copy}
    ...
    ...     Raises
    ...     ------
    ...     {Raises}
    ...     '''
    >>> described(second)["radius"]
    'In micrometres.'
    >>> described(second)["copy"]
    'Return a changed copy, and leave ``adata`` alone.'
    >>> "If it is negative." in second.__doc__
    True
    """
    parts = COMMON if like is None else COMMON | _sections(like) | described(like)

    def fill(function: Documented) -> Documented:
        if function.__doc__ is not None:  # python -OO keeps no docstrings
            function.__doc__ = _PLACEHOLDER.sub(
                lambda found: indent(parts[found[2]], found[1]), function.__doc__
            )
        return function

    return fill


def described(function: Callable[..., Any]) -> dict[str, str]:
    """Return what a function's docstring says of each of its parameters, without indentation."""
    entries = _ENTRY.findall(_sections(function).get("Parameters", ""))
    return {name.strip(): dedent(text).rstrip() for names, text in entries for name in names.split(",")}


def _sections(function: Callable[..., Any]) -> dict[str, str]:
    """Return the text under each heading of one word."""
    return {title: text.rstrip() for title, text in _SECTION.findall(inspect.getdoc(function) or "")}
