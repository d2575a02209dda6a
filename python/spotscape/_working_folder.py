"""The user's working folder is the last place where modules are looked for.

R's Python and ``python -m`` look there first, so that a ``torch.py`` of the user's would be imported in place
of the package of that name. Modules of the user's own are found there as before.
"""

from __future__ import annotations

import os
import sys


def search_last() -> None:
    """Move the working folder from the head of ``sys.path`` to its end.

    Examples
    --------
    >>> import sys
    >>> from spotscape._working_folder import search_last
    >>> before = list(sys.path)
    >>> sys.path[:] = ["", "packages"]
    >>> search_last()
    >>> sys.path
    ['packages', '']
    >>> sys.path[:] = before
    """
    while sys.path and _is_working_folder(sys.path[0]) and not all(map(_is_working_folder, sys.path)):
        sys.path.append(sys.path.pop(0))


def _is_working_folder(entry: str) -> bool:
    try:
        return entry in {"", os.getcwd()}
    except FileNotFoundError:  # it was deleted
        return entry == ""
