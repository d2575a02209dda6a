"""Batch norm over the spots of a tissue, also where they are a batch with a halo, or in several processes.

``y = (h - μ) / sqrt(σ² + ε) · γ + β`` with the mean μ and variance σ² of each column over the own spots of
all processes; the rows of a halo are scaled by the same numbers, and do not count in them.

======  ==================================  =========
symbol  what                                shape
======  ==================================  =========
h       one layer's values                  N x width
μ, σ²   mean and variance over own spots    width
γ, β    scale and shift, learned            width
======  ==================================  =========

Source: Ioffe and Szegedy 2015, Batch normalization, ICML.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

Reduce = Callable[[Tensor], Tensor]
"""Differentiable sum of a tensor over processes."""


class BatchNorm(nn.BatchNorm1d):
    """`torch.nn.BatchNorm1d`, told which rows count and how to sum over processes.

    Examples
    --------
    >>> import torch
    >>> from spotscape.core.batch_norm import BatchNorm
    >>> BatchNorm(1)(torch.tensor([[0.0], [2.0], [5.0]]), n_own=2).round(decimals=2).tolist()
    [[-1.0], [1.0], [4.0]]
    """

    def forward(self, h: Tensor, *, n_own: int | None = None, reduce: Reduce | None = None) -> Tensor:
        """Return y (N x width), and in training take the statistics into the running ones.

        Parameters
        ----------
        h
            N x width.
        n_own
            How many rows, the first ones, count; None for all.
        reduce
            Sum over processes; None for one.
        """
        h = h.to(self.weight.dtype)  # statistics in full precision
        n_own = len(h) if n_own is None else n_own
        if not self.training or (reduce is None and n_own == len(h)):
            return super().forward(h)
        mean, variance, n = _statistics(h[:n_own], reduce)
        self._remember(mean.detach(), variance.detach() * n / (n - 1).clamp_min(1))
        return (h - mean) * (self.weight * (variance + self.eps).rsqrt()) + self.bias

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor) -> None:
        """Take the newest statistics into the running ones."""
        momentum = float(self.momentum or 0.0)
        for running, newest in ((self.running_mean, mean), (self.running_var, variance)):
            if running is not None:
                running.lerp_(newest, momentum)


def _statistics(h: Tensor, reduce: Reduce | None) -> tuple[Tensor, Tensor, Tensor]:
    """Return mean, variance and number of the rows over all processes; two passes, so that no digits go."""
    n, sums = h.new_tensor(float(len(h))), h.sum(0)
    if reduce is not None:
        n, sums = reduce(n), reduce(sums)
    mean = sums / n
    squares = (h - mean).square().sum(0)
    return mean, (squares if reduce is None else reduce(squares)) / n, n
