"""What a run says while it works, as lines of text: how far training is, and what it goes by."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any


def memory_in_use() -> str:
    """Return the memory of this process as text.

    Examples
    --------
    >>> from spotscape._progress import memory_in_use
    >>> memory_in_use().endswith(" GB")
    True
    """
    import psutil

    return f"{psutil.Process().memory_info().rss / 1e9:.1f} GB"


class EpochLines:
    """Shows a line now and then: how far training is, and whatever else a run has to say.

    Parameters
    ----------
    show, lines
        As in `epoch_lines`.
    """

    def __init__(self, show: Callable[[str], object], lines: int | None) -> None:
        self.show, self._lines = show, lines
        self._began: tuple[int, float] | None = None

    def __call__(self, epoch: int, epochs: int, loss: float) -> None:
        """Show a line after an epoch, if it is this one's turn."""
        now = time.monotonic()
        first, since = self._began = self._began or (epoch, now)
        if self._lines is not None and epoch not in (1, epochs) and epoch % max(1, epochs // self._lines):
            return
        line = f"epoch {epoch}/{epochs}, loss {loss:.4g}, {memory_in_use()}"
        if epoch > first:
            line += f", {(epochs - epoch) * (now - since) / (epoch - first):.0f} s left"
        self.show(line)


def say(progress: Any, text: str) -> None:
    """Show a line where a run shows how far it is; elsewhere nothing.

    Parameters
    ----------
    progress
        As `spotscape.tl.run_spotscape` takes it: True shows the line on stderr, what `epoch_lines` made shows
        it as it shows the others, and another function is left alone.
    text
        The line.

    Examples
    --------
    >>> from spotscape._progress import epoch_lines, say
    >>> say(epoch_lines(print), "counts from X")
    counts from X
    """
    if progress is True:
        sys.stderr.write(f"spotscape: {text}\n")
    elif isinstance(progress, EpochLines):
        progress.show(text)


def epoch_lines(show: Callable[[str], object], *, lines: int | None = 10) -> EpochLines:
    """Make what a run calls after every epoch out of what shows a line.

    Parameters
    ----------
    show
        Called with epoch, loss, memory in use and time left, as text.
    lines
        About how many are shown, the first and the last epoch's among them; None for one after every epoch.

    Returns
    -------
    EpochLines
        Called with the epoch (from 1), the number of epochs, and the loss.

    Examples
    --------
    >>> from spotscape._progress import epoch_lines
    >>> shown = []
    >>> after_epoch = epoch_lines(shown.append, lines=2)
    >>> for epoch in range(1, 9):
    ...     after_epoch(epoch, 8, 0.5)
    >>> [line.split(",")[0] for line in shown]
    ['epoch 1/8', 'epoch 4/8', 'epoch 8/8']
    """
    return EpochLines(show, lines)
