"""Similarity scale matching: a spot is as similar to its best matches in every other slice as in its own.

For spot i of slice c and another slice j, with ``top_k`` the mean of the k largest values::

    r_ij = top_k{ cos(Z_i, Z'_m) : m in c } - top_k{ cos(Z_i, Z'_m) : m in j }
    L_SSM = mean over ordered pairs of slices (c, j), c != j, of the mean over i in c of r_ij²

Each pair of slices counts alike, however many slices there are and whatever their sizes. Which spots are
the k largest needs no gradient: they are found in blocks of rows, O(block x N) memory, and their
similarities are then taken with gradient. As cosines are linear in V, the mean over the k is one product
with the mean of k rows of V, so that nothing of size N x k x d is kept either. The result is exact.

======  =======================================  ================
symbol  what                                     shape
======  =======================================  ================
Z, Z'   embeddings of the two views              N x d
U, V    Z, Z' with rows scaled to unit length    N x d
======  =======================================  ================

Source: arXiv 2506.15698, section 4. The published code's masks mix slices where there are three or more, and
its sum over pairs grows with their number; neither is followed here.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag, normalize

_BLOCK_VALUES = 2**24
"""Similarities looked at in one go: bounds the memory of the search."""


def members(slices: Tensor) -> list[Tensor]:
    """Return the rows of each slice, from slice numbers (N,) that start at 0."""
    return [torch.nonzero(slices == number).squeeze(1) for number in range(int(slices.max()) + 1)]


@torch.no_grad()
def most_similar(u: Tensor, v: Tensor, k: int) -> Tensor:
    """Return the rows of ``v`` (M x d) with the k largest products with each row of ``u`` (n x d): n x k."""
    block = max(1, _BLOCK_VALUES // len(v))
    found = [(part @ v.T).topk(k, dim=1, sorted=False).indices for part in u.split(block)]
    return torch.cat(found)


def scale_matching_loss(
    z1: Tensor,
    z2: Tensor,
    slice_rows: Sequence[Tensor],
    *,
    top_k: int = 5,
    rows: Sequence[Tensor] | None = None,
) -> Tensor:
    """Mean squared gap between the similarity to a spot's own slice and to every other slice.

    Parameters
    ----------
    z1, z2
        Embeddings of the two views, N x d, float32 or float64.
    slice_rows
        Rows of each slice (see `members`), one int64 tensor a slice, in the order of the slices.
    top_k
        How many of the largest similarities are averaged; all of a slice's where it has fewer spots.
    rows
        Spots i to sum over, one int64 tensor a slice, where a sample of them is enough: an unbiased
        estimate. Matches are still looked for among all spots. None for all spots.

    Returns
    -------
    Tensor
        Scalar >= 0; 0 where there is one slice.

    Examples
    --------
    >>> import torch
    >>> from spotscape.core.scale_matching import members, scale_matching_loss
    >>> z = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 0.0]])
    >>> scale_matching_loss(z, z, members(torch.tensor([0, 0, 1, 1])), top_k=1).item()
    0.25
    """
    if len(slice_rows) < 2:
        return z1.new_zeros(())
    with torch.autocast(z1.device.type, enabled=False):
        u, v = normalize(z1, eps=1e-8), normalize(z2, eps=1e-8)
        gaps = []
        for own, chosen in enumerate(slice_rows if rows is None else rows):
            mine = u[chosen]
            scales = [_mean_of_largest(mine, v, there, top_k) for there in slice_rows]
            gaps += [(scales[own] - scale).square().mean() for j, scale in enumerate(scales) if j != own]
        return torch.stack(gaps).mean()


def _mean_of_largest(u: Tensor, v: Tensor, there: Tensor, top_k: int) -> Tensor:
    """Mean of the largest products of each row of ``u`` with the rows ``there`` of ``v``: (n,)."""
    nearest = there[most_similar(u.detach(), v.detach()[there], min(top_k, len(there)))]
    return (u * embedding_bag(nearest, v, mode="mean")).sum(1)
