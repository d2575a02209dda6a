"""Which device a run uses, and how much of its memory."""

from __future__ import annotations

import torch

from spotscape._progress import memory_in_use
from spotscape._validate import input_error
from spotscape.engine.distributed import processes_here


def resolve_device(device: str) -> torch.device:
    """Turn ``"auto"``, ``"cpu"``, ``"cuda"``, ``"cuda:1"`` or ``"mps"`` into a device that is there.

    ``"auto"`` is an NVIDIA GPU, if there is one for each process on this machine, or the CPU: on Apple's GPU
    sparse products go by gather and scatter, and nothing says that it is the faster one there.

    Raises
    ------
    InputError
        For a name that means nothing, a GPU that PyTorch does not see, or fewer GPUs than processes.

    Examples
    --------
    >>> from spotscape.engine.device import resolve_device
    >>> resolve_device("cpu").type
    'cpu'
    """
    n_gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    n_processes = processes_here()
    if device == "auto":
        return torch.device("cuda" if n_gpus >= n_processes else "cpu")
    expected = "'auto', 'cpu', 'cuda', 'cuda:N' or 'mps'"
    try:
        chosen = torch.device(device)
    except (RuntimeError, TypeError):
        raise input_error("device", repr(device), expected) from None
    if chosen.type not in ("cpu", "cuda", "mps"):
        raise input_error("device", repr(device), expected)
    if chosen.type == "cuda" and (chosen.index or 0) >= n_gpus:
        raise input_error(
            "device", f"{device!r} where PyTorch sees {n_gpus} GPUs", expected, "Use device='auto' or 'cpu'."
        )
    if chosen.type == "cuda" and n_gpus < n_processes:
        found = f"{device!r} for {n_processes} processes where PyTorch sees {n_gpus} GPUs"
        raise input_error("device", found, "a GPU for each process", "Start fewer, or use device='cpu'.")
    if chosen.type == "mps" and not torch.backends.mps.is_available():
        found = f"{device!r} where PyTorch sees no GPU of Apple's"
        raise input_error("device", found, expected, "Use device='auto' or 'cpu'.")
    return chosen


def memory_used(device: torch.device | str) -> str:
    """Return the memory in use, of the GPU or of the process, as text: ``"1.2 GB"``."""
    device = torch.device(device)
    if device.type == "cuda":
        return f"{torch.cuda.max_memory_allocated(device) / 1e9:.1f} GB"
    return memory_in_use()
