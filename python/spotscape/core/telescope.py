"""Similarity telescope: the similarities of all pairs of spots agree between two views.

With U, V the embeddings Z, Z' (N x d) of the two views, rows scaled to unit length::

    L_SC = MSE(U Vᵀ, V Uᵀ) = 1/N² Σ_ij (<u_i, v_j> - <v_i, u_j>)²

With P = U + V and Q = U - V, ``U Vᵀ - V Uᵀ = (Q Pᵀ - P Qᵀ) / 2``, hence exactly::

    L_SC = ( <PᵀP, QᵀQ> - <C, Cᵀ> ) / (2 N²),    C = PᵀQ

in O(N d²) time and O(d²) extra memory; no N x N matrix is formed. The form with Gram matrices of U and V
instead subtracts two nearly equal numbers and loses all digits when the views are close; this one does not.
The Gram matrices are sums over spots, so those of parts of the tissue add up to those of the whole.

Source: Similarity Telescope, arXiv 2506.15698, section 4; the P/Q form is this project's.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from spotscape.core.batch_norm import Reduce
from spotscape.core.gram import gram

_EPS = 1e-8
"""Shorter rows than this count as zero."""
_BLOCK, _BLOCK_ON_GPU = 2**11, 2**17
"""Rows of P and Q held at once: few enough for the processor's cache; a GPU would idle between blocks."""


def unit_sum_and_difference(z1: Tensor, z2: Tensor) -> tuple[Tensor, Tensor]:
    """Return P = U + V and Q = U - V, each N x d.

    Rows scaled to unit length first and subtracted then would leave Q with the rounding errors of U and V,
    large beside Q itself where the views are close. The difference is taken first instead::

        q = (z - z') / b + z (1/a - 1/b),    1/a - 1/b = <z' - z, z' + z> / (a b (a + b))

    with a = |z| <= b = |z'| (for b < a the same with the roles changed). A row of zeros stays zero.
    """
    norms1, norms2 = (torch.linalg.vector_norm(z, dim=1, keepdim=True).clamp_min(_EPS) for z in (z1, z2))
    difference = z1 - z2
    gap = -(difference * (z1 + z2)).sum(1, keepdim=True) / (norms1 + norms2) / norms1 / norms2
    first_is_shorter = norms1 <= norms2
    q = difference / torch.maximum(norms1, norms2) + torch.where(first_is_shorter, z1, z2) * gap
    return z1 / norms1 + z2 / norms2, q


def _block_size(z: Tensor) -> int:
    """Return how many rows to take at once where these rows are."""
    return _BLOCK if z.device.type == "cpu" else _BLOCK_ON_GPU


class _GramsInBlocks(torch.autograd.Function):
    """The Gram matrices block by block; P and Q are made anew for the gradient instead of kept."""

    @staticmethod
    def forward(ctx: Any, z1: Tensor, z2: Tensor) -> Tensor:
        ctx.save_for_backward(z1, z2)
        total = z1.new_zeros(3, z1.shape[1], z1.shape[1])
        size = _block_size(z1)
        for block1, block2 in zip(z1.split(size), z2.split(size), strict=True):
            p, q = unit_sum_and_difference(block1, block2)
            total += torch.stack([p.T @ p, q.T @ q, p.T @ q])
        return total

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Tensor, Tensor]:
        views = ctx.saved_tensors
        pp, qq, c = grads[0]
        found = tuple(torch.empty_like(z) for z in views)
        size = _block_size(views[0])
        for start in range(0, len(views[0]), size):
            rows = slice(start, start + size)
            blocks = [z[rows].detach().requires_grad_() for z in views]
            with torch.enable_grad():
                p, q = unit_sum_and_difference(*blocks)
            along = p.detach() @ (pp + pp.T) + q.detach() @ c.T, q.detach() @ (qq + qq.T) + p.detach() @ c
            for out, part in zip(found, torch.autograd.grad((p, q), blocks, along), strict=True):
                out[rows] = part
        return found[0], found[1]


def telescope_grams(z1: Tensor, z2: Tensor) -> Tensor:
    """Return PᵀP, QᵀQ and PᵀQ, stacked: (N, d), (N, d) -> (3, d, d)."""
    if len(z1) > _block_size(z1):
        grams: Tensor = _GramsInBlocks.apply(z1, z2)
        return grams
    p, q = unit_sum_and_difference(z1, z2)
    return torch.stack([gram(p), gram(q), p.T @ q])


def telescope_from_grams(grams: Tensor, n_spots: Tensor | float) -> Tensor:
    """Return the loss from the Gram matrices (3, d, d) of all N spots: a scalar."""
    pp, qq, c = grams
    loss: Tensor = ((pp * qq).sum() - (c * c.T).sum()) / (2 * n_spots**2)
    return loss


def similarity_telescope_loss(z1: Tensor, z2: Tensor, *, reduce: Reduce | None = None) -> Tensor:
    """Mean squared difference of the cross-view similarities over all N² pairs of spots.

    Parameters
    ----------
    z1, z2
        Embeddings of the two views, N x d, float32 or float64. Reduced precision is switched off inside.
    reduce
        Differentiable sum over processes, applied to the Gram matrices and the number of spots, where each
        process holds some of the spots.

    Returns
    -------
    Tensor
        Scalar >= 0 up to rounding; 0 for identical views.

    Examples
    --------
    >>> import torch
    >>> from spotscape.core.telescope import similarity_telescope_loss
    >>> z = torch.eye(3)
    >>> similarity_telescope_loss(z, z).item()
    0.0
    """
    with torch.autocast(z1.device.type, enabled=False):
        grams = telescope_grams(z1, z2)
        n_spots = grams.new_tensor(float(len(z1)))
        if reduce is not None:
            grams, n_spots = reduce(grams), reduce(n_spots)
        return telescope_from_grams(grams, n_spots)
