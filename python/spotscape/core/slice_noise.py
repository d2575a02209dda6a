"""Slice noise: what differs between spots of different slices that are the same tissue.

Slices differ by more than a shift of each gene: what a batch does to a gene depends on the domain. Components
of greatest variance over noise (see `spotscape.core.spatial_components`) hold such differences, which vary
over all spots and not between neighbours. With pairs of spots (i, j) of different slices that are taken for
the same tissue, and s their scores smoothed over the neighbourhood, half the covariance of their differences
is a picture of them::

    C = 1 / (2 m) Σ_(i, j) (s_i - s_j) (s_i - s_j)ᵀ

and with ``N + w C`` for the noise N the components are directions in which slices differ little. As s, unlike
what N is made of, is smoothed, C is small beside N where slices do not differ. A domain that one slice alone
has finds no counterpart of its kind, and so is noise as well, the more the larger w is.

======  ==========================================  =======
symbol  what                                        shape
======  ==========================================  =======
s       scores of all spots that are in a pair      n x r
(i, j)  pairs                                       2 x m
C       covariance                                  r x r
======  ==========================================  =======

Source: Hatch, Kajarekar and Stolcke 2006, Within-class covariance normalization for SVM-based speaker
recognition, Interspeech, where classes are speakers and sessions are what slices are here; its use with
pairs instead of classes is this project's.
"""

from __future__ import annotations

import torch
from torch import Tensor

from spotscape.core.spatial_components import Covariances

_BLOCK = 2**22
"""Differences that are held as float64 at once."""


def slice_noise(smoothed: Tensor, pairs: Tensor) -> Tensor:
    """Return half the covariance of the differences of pairs, r x r float64; zeros where there are none.

    Parameters
    ----------
    smoothed
        s, n x r.
    pairs
        2 x m int64: rows of ``smoothed``, a pair may come twice.

    Examples
    --------
    >>> import torch
    >>> from spotscape.core.slice_noise import slice_noise
    >>> slice_noise(torch.tensor([[2.0, 1.0], [0.0, 1.0]]), torch.tensor([[0], [1]])).tolist()
    [[2.0, 0.0], [0.0, 0.0]]
    """
    r = smoothed.shape[1]
    total = smoothed.new_zeros(r, r, dtype=torch.float64)
    for first, second in pairs.split(max(1, _BLOCK // r), dim=1):
        differences = smoothed[first].double() - smoothed[second].double()
        total += differences.T @ differences
    return total / (2 * max(1, pairs.shape[1]))


def with_slice_noise(found: Covariances, noise: Tensor, weight: float) -> Covariances:
    """Return the covariances with N + w C for the noise.

    Parameters
    ----------
    found
        N and T, r x r.
    noise
        C, as `slice_noise` gives it.
    weight
        w >= 0.

    Examples
    --------
    >>> import torch
    >>> from spotscape.core.slice_noise import with_slice_noise
    >>> from spotscape.core.spatial_components import Covariances
    >>> one = torch.eye(1)
    >>> with_slice_noise(Covariances(one, one), one, 6.0).noise.item()
    7.0
    """
    return found._replace(noise=found.noise + weight * noise)
