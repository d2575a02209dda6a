"""``align_by_best``: of several embeddings, align by the one under which matches lie closest.

No label is looked at. A spot's nearest in the embedding says where the spot lies; the transform, which all
matches together have made, says it again. The embedding for which most of them agree within a spot distance
tells places apart best. How many matches agree *loosely* is no measure: smoothing makes neighbours share
their matches, right or wrong. The slice is bent, and its spots are matched, by the best embedding alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from sklearn.neighbors import NearestNeighbors

from spotscape.alignment.align import Aligned, Placed, finish, place
from spotscape.alignment.footprints import Space
from spotscape.alignment.landmarks import Landmarks
from spotscape.alignment.registration import Sides

_REACH = 1.0
"""In spot distances."""
_CLEARLY = 0.1
"""How much larger a share another embedding has to have to be taken instead of the first one. On sections of
one technology shares are small and differ by a twentieth at most, and the run's embedding registers better;
where spots meet their own cells they differ by a fifth or more."""
_MOST_SPOTS = 5000
"""Of a slice, that the share is taken over."""


class Best(NamedTuple):
    """An alignment, and the embedding that it went by."""

    aligned: Aligned
    space: Space


def align_by_best(
    sides: Sides,
    spaces: Iterable[Space],
    transform: str,
    matching: str,
    n_neighbors: int,
    seed: int,
    landmarks: Landmarks | None = None,
) -> Best:
    """Place the slice by each embedding and return the best alignment; a failed one where all of them fail.

    Parameters
    ----------
    sides
        Both slices; their places count, not their embeddings.
    spaces
        One embedding or more; the first one is taken unless another is clearly better.
    transform, matching, n_neighbors
        As in `align_slices`; ``transform`` is not ``"none"``.
    seed
        Of every alignment's samples.
    landmarks
        Points that the transform is fitted to in place of matches.
    """
    best, most = None, -1.0
    for space in spaces:
        own = sides._replace(z=space.z, reference_z=space.reference_z)
        one = place(own, transform, n_neighbors, np.random.default_rng(seed), landmarks)
        share = closeness(one) + (_CLEARLY if best is None else 0.0)
        if best is None or share > most:
            best, most = (one, space), share
    if best is None:
        raise ValueError("no embedding to align by")
    return Best(finish(best[0], transform, matching), best[1])


def closeness(one: Placed) -> float:
    """Return the share of spots whose nearest in the embedding lies within a spot distance of them."""
    if one.found is None:
        return 0.0
    sides = one.sides
    step = -(-len(sides.xy) // _MOST_SPOTS)
    rows = np.arange(0, len(sides.xy), step)
    search = NearestNeighbors(n_neighbors=1).fit(sides.reference_z)
    partners = search.kneighbors(sides.z[rows], return_distance=False)[:, 0]
    off = np.linalg.norm(one.found.transform(sides.xy[rows]) - sides.reference_xy[partners], axis=1)
    return float((off < _REACH * sides.spacing).mean())
