"""``spotscape versions``: what a bug report needs."""

from __future__ import annotations


def versions() -> None:
    """Print the versions of spotscape and of what it uses, and what the machine has, for a bug report."""
    from spotscape._versions import show_versions

    show_versions()
