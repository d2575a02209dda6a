"""How far training is, as a line of text: what a log file and the R console show."""

from __future__ import annotations

import time
from collections.abc import Callable


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


def epoch_lines(
    show: Callable[[str], object], *, lines: int | None = 10
) -> Callable[[int, int, float], None]:
    """Make what a run calls after every epoch out of what shows a line.

    Parameters
    ----------
    show
        Called with epoch, loss, memory in use and time left, as text.
    lines
        About how many are shown, the first and the last epoch's among them; None for one after every epoch.

    Returns
    -------
    callable
        Takes the epoch (from 1), the number of epochs, and the loss.

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
    began: list[tuple[int, float]] = []

    def after_epoch(epoch: int, epochs: int, loss: float) -> None:
        now = time.monotonic()
        if not began:
            began.append((epoch, now))
        if lines is not None and epoch not in (1, epochs) and epoch % max(1, epochs // lines):
            return
        line = f"epoch {epoch}/{epochs}, loss {loss:.4g}, {memory_in_use()}"
        first, since = began[0]
        if epoch > first:
            line += f", {(epochs - epoch) * (now - since) / (epoch - first):.0f} s left"
        show(line)

    return after_epoch
