"""Gram matrix ``G = HᵀH``, with the gradient ``dH = H (dG + dGᵀ)`` in one product instead of two."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class _Gram(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, h: Tensor) -> Tensor:
        ctx.save_for_backward(h)
        return h.T @ h

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Tensor:
        (h,) = ctx.saved_tensors
        gradient: Tensor = h @ (grads[0] + grads[0].T)
        return gradient


def gram(h: Tensor) -> Tensor:
    """Return HᵀH: (N, d) -> (d, d).

    Examples
    --------
    >>> import torch
    >>> from spotscape.core.gram import gram
    >>> gram(torch.tensor([[1.0, 2.0]])).tolist()
    [[1.0, 2.0], [2.0, 4.0]]
    """
    result: Tensor = _Gram.apply(h)
    return result
