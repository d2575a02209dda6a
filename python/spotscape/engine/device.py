"""Which device a run uses, what goes there, and how much of its memory.

Beside a training, a run's large arrays go to an NVIDIA GPU: covariances, means over rings, mixtures. They are
float64, which Apple's GPUs do not have, and on the CPU they are numpy's.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, TypeVar

import torch
from numpy.typing import NDArray
from scipy import sparse

from spotscape._progress import memory_in_use
from spotscape._validate import SpotscapeWarning, input_error
from spotscape.core.sparse import csr_tensor, to_device
from spotscape.engine.distributed import processes_here

Found = TypeVar("Found")


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


def of_arrays(device: torch.device) -> torch.device | None:
    """Return the device that a run's large arrays go to; None leaves them numpy's.

    Examples
    --------
    >>> import torch
    >>> from spotscape.engine.device import of_arrays
    >>> of_arrays(torch.device("cpu")) is None
    True
    """
    return device if device.type == "cuda" else None


def put(values: NDArray[Any] | sparse.csr_matrix, device: torch.device | None) -> Any:
    """Return an array or a CSR matrix as a tensor on the device; as it is, where there is none.

    Examples
    --------
    >>> import numpy as np, torch
    >>> from spotscape.engine.device import put
    >>> put(np.ones(2), torch.device("cpu")).dtype, put(np.ones(2), None).dtype
    (torch.float64, dtype('float64'))
    """
    if device is None:
        return values
    if not isinstance(values, sparse.csr_matrix):
        return torch.from_numpy(values).to(device)
    indptr, indices, data = (torch.from_numpy(part) for part in (values.indptr, values.indices, values.data))
    return to_device(csr_tensor(indptr, indices, data, values.shape), device)


def where_it_fits(
    work: Callable[[torch.device | None], Found], device: torch.device, what: str
) -> tuple[Found, str]:
    """Do the work on a device, and on the CPU where the device's memory is too small for it.

    Parameters
    ----------
    work
        Takes what `of_arrays` gives, and may be called a second time.
    device
        That a run uses.
    what
        Name of the work, for the warning.

    Returns
    -------
    tuple
        What the work returned, and where it was done.

    Warns
    -----
    SpotscapeWarning
        If the device's memory is too small.
    """
    there = of_arrays(device)
    if there is None:
        return work(None), "cpu"
    try:
        return work(there), str(there)
    except (torch.cuda.OutOfMemoryError, MemoryError):  # PyTorch's, cuML's
        pass  # what the error holds of the device's memory is let go here, before the CPU begins
    torch.cuda.empty_cache()
    text = f"device: {there} has too little memory for {what}. The CPU does it instead."
    warnings.warn(text, SpotscapeWarning, stacklevel=2)
    return work(None), "cpu"


def memory_used(device: torch.device | str) -> str:
    """Return the memory in use, of the GPU or of the process, as text: ``"1.2 GB"``."""
    device = torch.device(device)
    if device.type == "cuda":
        return f"{torch.cuda.max_memory_allocated(device) / 1e9:.1f} GB"
    return memory_in_use()
