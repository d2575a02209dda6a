"""Slice noise: what differs between spots of different slices that are the same tissue.

Slices differ by more than a shift of each gene: what a batch does to a gene depends on the domain. Components
of greatest variance over noise (see `spotscape.components.spatial_components`) hold such differences: they
vary over all spots and not between neighbours. With pairs of spots (i, j) of different slices that are taken
for the same tissue, and s their scores smoothed over the neighbourhood, half the covariance of their
differences is a picture of them::

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

from torch import Tensor

from spotscape.components.spatial_components import Covariances, difference_covariance


def with_slice_noise(found: Covariances, smoothed: Tensor, pairs: Tensor, weight: float) -> Covariances:
    """Return the covariances with N + w C for the noise.

    Parameters
    ----------
    found
        N and T, r x r.
    smoothed
        s, n x r.
    pairs
        2 x m int64: rows of ``smoothed``.
    weight
        w >= 0.

    Examples
    --------
    >>> import torch
    >>> from spotscape.components.slice_noise import with_slice_noise
    >>> from spotscape.components.spatial_components import Covariances
    >>> found = Covariances(torch.eye(1), torch.eye(1))
    >>> with_slice_noise(found, torch.tensor([[2.0], [0.0]]), torch.tensor([[0], [1]]), 3.0).noise.item()
    7.0
    """
    return found._replace(noise=found.noise + weight * difference_covariance(smoothed, pairs))
