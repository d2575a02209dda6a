"""The command as the tests of the shell call it."""

from __future__ import annotations

import pytest

from spotscape.cli import main


def told(capsys, *words: object) -> tuple[int, str, str]:
    """Run the command; return its exit code and what it printed."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    printed = capsys.readouterr()
    return stop.value.code or 0, printed.out, printed.err
