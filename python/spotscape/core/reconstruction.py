"""Reconstruction: from every view the decoder gives back the unmasked expression of every spot.

``L_rec`` is the mean over views of ``MSE(X, X̂)`` over N x G, with the linear last layer ``X̂ = H Wᵀ + 1 bᵀ``
(H: N x h, W: G x h, b: G). Multiplied out, X̂ is never formed, and as W is the same for all views, X is
touched by one product. For one view::

    N G · MSE = |X|² - 2 <XᵀH, W> - 2 b·(Xᵀ1) + <HᵀH, WᵀW> + 2 (Hᵀ1)·(Wᵀb) + N |b|²

Source: arXiv 2506.15698, section 4; the expanded form is this project's.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from spotscape.core.batch_norm import Reduce
from spotscape.core.expression import ExpressionMatrix
from spotscape.core.gram import gram


def reconstruction_loss(
    expression: ExpressionMatrix,
    hidden: Sequence[Tensor],
    weight: Tensor,
    bias: Tensor,
    *,
    reduce: Reduce | None = None,
) -> Tensor:
    """Mean squared error between X and ``H @ weight.T + bias`` over all views, spots and genes.

    Parameters
    ----------
    expression
        X, N x G.
    hidden
        Last hidden layer H of the decoder, N x h, of each view.
    weight, bias
        Last layer: G x h, and G.
    reduce
        Differentiable sum over processes, where each holds some of the spots.

    Returns
    -------
    Tensor
        Scalar.

    Examples
    --------
    >>> import torch
    >>> from spotscape.core.expression import DenseExpression
    >>> from spotscape.core.reconstruction import reconstruction_loss
    >>> x = DenseExpression(torch.tensor([[1.0, 3.0]]))
    >>> reconstruction_loss(x, [torch.zeros(1, 2)], torch.zeros(2, 2), torch.tensor([1.0, 1.0])).item()
    2.0
    """
    n, g = expression.shape
    with torch.autocast(weight.device.type, enabled=False):
        hidden = [h.to(weight.dtype) for h in hidden]
        mean_hidden = torch.stack(hidden).mean(0)
        mean_gram = torch.stack([gram(h) for h in hidden]).mean(0)
        explained = (expression.t_matmul(mean_hidden) * weight).sum() + bias @ expression.column_sums()
        predicted = (
            (mean_gram * gram(weight)).sum()
            + 2 * mean_hidden.sum(0) @ (weight.T @ bias)
            + n * bias.square().sum()
        )
        total = expression.squared_norm() - 2 * explained + predicted
        if reduce is None:
            return total / (n * g)
        return reduce(total) / (reduce(total.new_tensor(float(n))) * g)
