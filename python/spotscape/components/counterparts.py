"""Counterparts: spots of different slices that are taken for the same tissue, and components that fit them.

A spot's counterpart in another slice is the one there that is nearest in the leading components, smoothed
over the neighbourhood. The noise between them (see `spotscape.components.slice_noise`) makes new components,
in which counterparts are looked for again.

The data say how much of what slices differ by is taken out. Where slices hold the same tissue, the components
keep most of their signal without it; where they hold different tissue, little is left. So the weight is the
largest that leaves a third of the signal.

Of many spots a sample is looked at, as many of each slice, as far as it has them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import permutations
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from sklearn.neighbors import NearestNeighbors
from torch import Tensor

from spotscape._neighborhood import each_once
from spotscape.components.slice_noise import with_slice_noise
from spotscape.components.spatial_components import Covariances, SpatialComponents, spatial_components

_ROUNDS = 6
_LEADING = 0.6
"""Share of the components, the leading ones, that spots are compared by."""
_MOST_SPOTS = 20_000
_SEARCHED_BY_SKLEARN = ("cpu",)
"""Kinds of devices: sklearn's search is the faster one there, and torch's on others."""
_BLOCK = 2**24
"""Distances that are held at once on a device."""
_MOST_OTHERS = 20
"""Slices that each slice is compared with: the next ones in a circle of all."""
_STEPS = (1.0, 2 / 3, 1 / 3, 1 / 6)
"""Shares of the largest weight that are tried, from the largest on; the last one is taken at least."""
_LEAST_SIGNAL = 1 / 3
"""Share of their signal that the components keep at the weight taken."""


class AcrossSlices(NamedTuple):
    """Components in which slices differ little.

    Attributes
    ----------
    components
        Their directions and ratios.
    weight
        Of the noise between counterparts.
    signal
        Share of the components' signal that is left beside it, 0 to 1.
    """

    components: SpatialComponents
    weight: float
    signal: float


def components_across_slices(
    found: Covariances,
    smoothed: NDArray[np.float64],
    slices: NDArray[np.integer],
    n_components: int,
    largest: float,
    *,
    correction: float = 1.0,
) -> AcrossSlices:
    """Return spatial components in which counterparts differ little, as far as the data allow.

    Parameters
    ----------
    found
        Noise between neighbours, and total, of all spots: r x r each.
    smoothed, slices
        Scores of a sample of spots and the number of each one's slice, as `smoothed_sample` gives them.
    n_components
        q.
    largest
        Weight of the noise between counterparts beside that between neighbours where slices hold one tissue.
    correction
        What the weight that was found is multiplied by.
    """
    plain = spatial_components(found, n_components)
    whole = _signal(plain)
    for step in _STEPS:
        components = components_without(found, smoothed, slices, n_components, step * largest)
        if _signal(components) >= _LEAST_SIGNAL * whole:
            break
    weight = correction * step * largest
    if correction != 1:
        components = components_without(found, smoothed, slices, n_components, weight)
    return AcrossSlices(components, weight, min(1.0, _signal(components) / whole) if whole else 1.0)


def components_without(
    found: Covariances,
    smoothed: NDArray[np.float64],
    slices: NDArray[np.integer],
    n_components: int,
    weight: float,
) -> SpatialComponents:
    """Return the components at one weight of the noise between counterparts; arguments as above."""
    values = torch.from_numpy(smoothed).to(found.noise.device)
    n_leading = max(1, round(_LEADING * n_components))
    components = spatial_components(found, n_components)
    for _ in range(_ROUNDS if weight else 0):
        places = values @ components.directions[:, :n_leading]
        pairs = torch.from_numpy(counterparts(places, slices)).to(values.device)
        components = spatial_components(with_slice_noise(found, values, pairs, weight), n_components)
    return components


def _signal(components: SpatialComponents) -> float:
    """Return the signal of all components in units of their noise."""
    return float((components.ratios - 1).clamp_min(0).sum())


def counterparts(places: Tensor, slices: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return every spot with the nearest one of each other slice, or of 20 where there are more: 2 x m.

    Parameters
    ----------
    places
        Where each spot lies in the components, n x q.
    slices
        Number of each spot's slice, n.
    """
    members = [np.flatnonzero(slices == number) for number in np.unique(slices)]
    compared = list(_compared(len(members)))
    nearest: dict[tuple[int, int], NDArray[np.int64]] = {}
    for there, own in enumerate(members):
        # all spots that ask this slice in one search: each takes a while to begin
        here = [one for one, other in compared if other == there]
        asking = np.concatenate([members[one] for one in here])
        found = own[nearest_of(places[torch.from_numpy(asking)], places[torch.from_numpy(own)])]
        ends = np.cumsum([len(members[one]) for one in here])[:-1]
        nearest |= {(one, there): part for one, part in zip(here, np.split(found, ends), strict=True)}
    pairs = [np.stack([members[here], nearest[here, there]]) for here, there in compared]
    return np.concatenate(pairs, axis=1)


def nearest_of(asking: Tensor, others: Tensor) -> NDArray[np.int64]:
    """Return which of the others (m x q) is nearest to each (n x q), n; on a device in blocks of n."""
    if others.device.type in _SEARCHED_BY_SKLEARN:
        search = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(others.numpy())
        rows: NDArray[np.int64] = search.kneighbors(asking.numpy(), return_distance=False).ravel()
        return rows
    squares = others.square().sum(1)
    blocks = asking.split(max(1, _BLOCK // len(others)))
    found = torch.cat([(squares - 2 * (block @ others.T)).argmin(1) for block in blocks])
    return found.cpu().numpy()


def _compared(n_slices: int) -> Iterator[tuple[int, int]]:
    """Yield pairs of slices: all, or each with some others."""
    if n_slices <= _MOST_OTHERS + 1:
        yield from permutations(range(n_slices), 2)
        return
    for here in range(n_slices):
        # steps over the whole circle, so that slices next to each other in the list are no world of their own
        for step in np.linspace(1, n_slices - 1, _MOST_OTHERS).astype(int):
            yield here, (here + int(step)) % n_slices


def smoothed_sample(
    scores_of: Callable[[NDArray[np.integer]], NDArray[np.float32]],
    mean: sparse.csr_matrix,
    offsets: Tensor,
    groups: Tensor | None,
    slices: Tensor,
    seed: int,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the scores of a sample of spots, twice averaged over the neighbourhood, and their slices.

    Parameters
    ----------
    scores_of
        Gives the scores of some spots, n x r.
    offsets, groups
        As in `spotscape.components.spatial_components.covariances`.
    mean
        The mean over a spot and its neighbours, N x N.
    slices
        Number of each spot's slice, N, from 0.
    seed
        Of the sample.

    Returns
    -------
    tuple
        n x r float64, and n.
    """
    numbers = slices.numpy()
    spots = _sample(numbers, np.random.default_rng(seed))
    averages = sparse.csr_matrix(mean[spots] @ mean)
    near = each_once(averages.indices)
    smoothed = np.asarray(averages[:, near] @ scores_of(near), dtype=np.float64)
    # no edge leads to another slice, so a slice's offset is what it was
    taken_off = offsets[:1] if groups is None else offsets[groups[spots]]
    return smoothed - taken_off.numpy(), numbers[spots]


def _sample(slices: NDArray[np.integer], rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw spots, as many of each slice; all where they are not too many."""
    each = max(1, _MOST_SPOTS // (int(slices.max()) + 1))
    drawn = []
    for number in np.unique(slices):
        own = np.flatnonzero(slices == number)
        drawn.append(own if len(own) <= each else rng.choice(own, each, replace=False))
    return np.sort(np.concatenate(drawn))
