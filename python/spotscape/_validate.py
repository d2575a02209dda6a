"""Errors that say which argument or slot, what was found, what was expected, and what to do.

Everything a user can get wrong ends as one `InputError`, raised before work starts. The command line turns
it into one line and exit code 2; R turns it into an R error with the same words.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral, Real
from typing import Any


class InputError(ValueError):
    """A wrong argument, slot or file; the message is one sentence a user can act on."""


class ProcessLostError(RuntimeError):
    """Another process of the run has ended before the run has."""


class SpotscapeWarning(UserWarning):
    """Something the user should know about the data or the result; also kept in ``uns``."""


def input_error(name: str, found: str, expected: str, todo: str = "") -> InputError:
    """Build the one message all errors share.

    Parameters
    ----------
    name
        The argument, slot or file as the user wrote it, e.g. ``"n_domains"`` or ``"adata.obsm['spatial']"``.
    found, expected
        Noun phrases that complete "found ..., expected ...".
    todo
        A full sentence: what to do. Left out where the expectation already says it.
    """
    message = f"{name}: found {found}, expected {expected}."
    return InputError(f"{message} {todo}" if todo else message)


@contextmanager
def of_slice(name: str) -> Iterator[None]:
    """Put the slice before what an `InputError` of the block says."""
    try:
        yield
    except InputError as error:
        raise InputError(f"slice {name!r}: {error}") from error


def describe(value: Any) -> str:
    """Short text for a value in an error message."""
    text = repr(value)
    if len(text) > 60:
        text = text[:57] + "..."
    return f"{text} ({type(value).__name__})"


def check_integer(name: str, value: Any, low: int, high: int | None = None, todo: str = "") -> int:
    """Return ``value`` as int, or raise `InputError`. Whole floats (what R sends) pass; bools do not."""
    whole = isinstance(value, Integral) or (isinstance(value, Real) and float(value).is_integer())
    expected = f"an integer >= {low}" if high is None else f"an integer from {low} to {high}"
    if isinstance(value, bool) or not whole:
        raise input_error(name, describe(value), expected, todo)
    number = int(value)
    if number < low or (high is not None and number > high):
        raise input_error(name, str(number), expected, todo)
    return number


def check_number(name: str, value: Any, low: float, high: float | None = None, todo: str = "") -> float:
    """Return ``value`` as float, or raise `InputError`; NaN and infinities do not pass."""
    expected = f"a number >= {low:g}" if high is None else f"a number from {low:g} to {high:g}"
    if isinstance(value, bool) or not isinstance(value, Real):
        raise input_error(name, describe(value), expected, todo)
    number = float(value)
    if not (number >= low and number != float("inf") and (high is None or number <= high)):
        raise input_error(name, f"{number:g}", expected, todo)
    return number


def check_flag(name: str, value: Any) -> bool:
    """Return ``value`` if it is True or False, or raise `InputError`."""
    if not isinstance(value, bool):
        raise input_error(name, describe(value), "True or False")
    return value


def check_choice(name: str, value: Any, choices: tuple[str, ...], todo: str = "") -> str:
    """Return ``value`` if it is one of ``choices``, or raise `InputError`."""
    if value not in choices:
        raise input_error(name, describe(value), "one of " + ", ".join(repr(c) for c in choices), todo)
    return str(value)
