"""Which device a run uses."""

from __future__ import annotations

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
    if chosen.type not in ("cpu", "cuda"):
        raise input_error("device", repr(device), expected)
    if chosen.type == "cuda" and (chosen.index or 0) >= n_gpus:
        raise input_error(
            "device", f"{device!r} where PyTorch sees {n_gpus} GPUs", expected, "Use device='auto' or 'cpu'."
        )
    return chosen
