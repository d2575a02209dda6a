"""Arrays of numpy, and tensors of a device, by the same code.

What is written with these functions and by the array API standard (https://data-apis.org/array-api) takes
either, and imports no torch. What is small, such as a covariance, stays numpy's.
"""

from __future__ import annotations

from typing import Any

import array_api_compat
import numpy as np

Array = Any
"""A numpy array, or a tensor: of N spots."""


def functions_of(values: Array) -> Any:
    """Return the module with the functions of the standard for such an array: ``sum``, ``exp``, ..."""
    return array_api_compat.array_namespace(values)


def on_host(values: Array) -> np.ndarray:
    """Return the values as a numpy array; one that is one is returned as it is.

    Examples
    --------
    >>> import torch
    >>> from spotscape._arrays import on_host
    >>> on_host(torch.ones(2))
    array([1., 1.], dtype=float32)
    """
    if isinstance(values, np.ndarray):
        return values
    return np.asarray(array_api_compat.to_device(values, "cpu"))


def beside(small: np.ndarray, values: Array) -> Array:
    """Return a numpy array as what ``values`` are, where they are.

    Examples
    --------
    >>> import numpy as np, torch
    >>> from spotscape._arrays import beside
    >>> beside(np.arange(2), torch.ones(2))
    tensor([0, 1])
    """
    if isinstance(values, np.ndarray):
        return small
    rows = np.ascontiguousarray(small)
    return functions_of(values).asarray(rows, device=array_api_compat.device(values))


def on_nvidia_gpu(values: Array) -> bool:
    """Tell whether an array is on a GPU of NVIDIA's."""
    return not isinstance(values, np.ndarray) and str(array_api_compat.device(values)).startswith("cuda")
