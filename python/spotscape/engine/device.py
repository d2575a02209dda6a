"""Which device a run uses, and how much of its memory."""

from __future__ import annotations

import psutil
import torch

from spotscape._validate import input_error


def resolve_device(device: str) -> torch.device:
    """Turn ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"cuda:1"`` into a device that is there.

    Raises
    ------
    InputError
        For a name that means nothing, or a GPU that PyTorch does not see.

    Examples
    --------
    >>> from spotscape.engine.device import resolve_device
    >>> resolve_device("cpu").type
    'cpu'
    """
    n_gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if device == "auto":
        return torch.device("cuda" if n_gpus else "cpu")
    expected = "'auto', 'cpu', 'cuda' or 'cuda:N'"
    try:
        chosen = torch.device(device)
    except (RuntimeError, TypeError):
        raise input_error("device", repr(device), expected) from None
    if chosen.type == "mps":
        todo = "PyTorch has no products with sparse matrices (CSR) on Apple's GPU. Use 'cpu'."
        raise input_error("device", repr(device), expected, todo)
    if chosen.type not in ("cpu", "cuda"):
        raise input_error("device", repr(device), expected)
    if chosen.type == "cuda" and (chosen.index or 0) >= n_gpus:
        raise input_error(
            "device", f"{device!r} where PyTorch sees {n_gpus} GPUs", expected, "Use device='auto' or 'cpu'."
        )
    return chosen


def memory_used(device: torch.device | str) -> str:
    """Return the memory in use, of the GPU or of the process, as text: ``"1.2 GB"``."""
    device = torch.device(device)
    if device.type == "cuda":
        used = torch.cuda.max_memory_allocated(device)
    else:
        used = psutil.Process().memory_info().rss
    return f"{used / 1e9:.1f} GB"
