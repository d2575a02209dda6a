"""New names of domains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from spotscape._validate import check_flag, describe, input_error


def new_names(old: Sequence[str], names: Mapping[Any, Any], *, merge: bool = False) -> list[str]:
    """Return the new name of each domain; one that no new name is given to keeps its own.

    Parameters
    ----------
    old
        Names that the domains have.
    names
        New ones, by the old.
    merge
        Whether two domains may get the same.

    Raises
    ------
    InputError
        If an old name is unknown, a new one is no text, or two domains would have the same without ``merge``.

    Examples
    --------
    >>> from spotscape.annotation.renaming import new_names
    >>> new_names(["1", "2", "3"], {"1": "WM", 3: "L1"})
    ['WM', '2', 'L1']
    """
    merge = check_flag("merge", merge)
    if not isinstance(names, Mapping):
        raise input_error("names", describe(names), "new names by the old, or what suggested them")
    wanted = {str(name): new for name, new in names.items()}
    unknown = [name for name in wanted if name not in old]
    if unknown:
        raise input_error("names", f"no domain {unknown[0]!r}", f"some of {', '.join(map(repr, old))}")
    for name, new in wanted.items():
        if not isinstance(new, str) or not new.strip():
            raise input_error(f"names[{name!r}]", describe(new), "a name (text)")
    new = [wanted.get(name, name).strip() for name in old]
    twice = next((name for name in new if new.count(name) > 1), None)
    if twice is not None and not merge:
        both = [repr(name) for name, given in zip(old, new, strict=True) if given == twice]
        found = f"the name {twice!r} for domains {', '.join(both)}"
        raise input_error("names", found, "a name for each", "To make one domain of them, set merge=True.")
    return new
