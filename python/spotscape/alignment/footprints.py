"""What slices are matched by: expression over footprints of one size, in components of both slices.

Domains want few components, and a mean over much tissue. To tell places apart takes more components and less
tissue, and as much of it in both slices: a spot of Visium is to be compared with the mean of the cells that
fit into it. So expression (after the logarithm, at one depth) is averaged over each spot's nearest of its own
slice, over 7 or 19 spots of the sparser slice and as many of the denser one as lie on the same area. Each
gene's mean in a slice is taken off, and the leading 50 components of both slices are kept, not scaled.

Which size is best depends on the tissue, its depth and the slices' difference; `spotscape.alignment.best`
chooses.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import LinearOperator, svds
from scipy.spatial import cKDTree

SIZES = (7, 19)
"""Spots of the sparser slice: itself with one or two rings of neighbours, on a lattice."""
_COMPONENTS = 50
FEWEST_GENES = 10
"""With fewer genes that differ within either slice, there is nothing to make components of."""
_ONE_DENSITY = 1.5
"""Slices whose densities differ by less are taken for equally dense."""
_MOST = 200
"""Spots of the denser slice, at most."""
_AROUND = 8


class Space(NamedTuple):
    """An embedding of both slices, N x d each, and how many spots were averaged (0: by a run, not here)."""

    z: np.ndarray
    reference_z: np.ndarray
    footprint: int = 0
    reference_footprint: int = 0


def spaces(
    expression: sparse.csr_matrix,
    reference_expression: sparse.csr_matrix,
    xy: np.ndarray,
    reference_xy: np.ndarray,
    *,
    in_one_unit: bool,
) -> Iterator[Space]:
    """Yield the embeddings of two slices that they may be matched by; none where too few genes differ.

    Parameters
    ----------
    expression, reference_expression
        Log expression at one depth, N x G each.
    xy, reference_xy
        Places, N x 2 each.
    in_one_unit
        Whether both are in one unit. Where not, both slices are taken to show as much tissue.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy import sparse
    >>> from spotscape.alignment.footprints import spaces
    >>> rng = np.random.default_rng(0)
    >>> one, two = (sparse.csr_matrix(rng.poisson(2.0, (90, 30)), dtype="float32") for _ in range(2))
    >>> found = spaces(one, two, rng.uniform(size=(90, 2)), rng.uniform(size=(90, 2)), in_one_unit=True)
    >>> [space.footprint for space in found]
    [7, 19]
    """
    both = (expression, reference_expression)
    if min(n_varying(one) for one in both) < FEWEST_GENES:
        return
    for sizes in _sizes(xy, reference_xy, in_one_unit):
        means = [mean_of_nearest(places, k) for places, k in zip((xy, reference_xy), sizes, strict=True)]
        z, reference_z = joint_components(both, means, _COMPONENTS)
        yield Space(z, reference_z, *sizes)


def spots_alone(expression: sparse.csr_matrix, reference_expression: sparse.csr_matrix) -> Space:
    """Return the embedding of two slices (N x G each) by each spot's own expression, for no transform."""
    both = (expression, reference_expression)
    means = [sparse.identity(one.shape[0], format="csr") for one in both]
    return Space(*joint_components(both, means, _COMPONENTS), 1, 1)


def density(xy: np.ndarray) -> float:
    """Return spots per area, by how far the nearest few of a spot are: the same for lattices and cells."""
    k = min(_AROUND, len(xy) - 1)
    reach = float(np.median(cKDTree(xy).query(xy, k=k + 1)[0][:, -1]))
    return k / (np.pi * max(reach, 1e-300) ** 2)


def mean_of_nearest(xy: np.ndarray, k: int) -> sparse.csr_matrix:
    """Return what averages over each spot's k nearest, itself among them: N x N, rows sum to 1."""
    n = len(xy)
    if k == 1:
        return sparse.identity(n, format="csr")
    near = cKDTree(xy).query(xy, k=min(k, n))[1]
    rows = np.repeat(np.arange(n), near.shape[1])
    return sparse.csr_matrix((np.full(near.size, 1 / near.shape[1]), (rows, near.ravel())), shape=(n, n))


def joint_components(
    parts: tuple[sparse.csr_matrix, ...], means: list[sparse.csr_matrix], n_components: int
) -> list[np.ndarray]:
    """Return the leading principal components of slices together, each averaged and centred by itself.

    Averaged expression is far denser than the counts, and is never made: only products with it are.
    """
    # A mean over spots of a mean over their neighbours: no spot counts as often as another.
    centres = [one.T @ np.asarray(mean.mean(axis=0)).ravel() for one, mean in zip(parts, means, strict=True)]
    cuts = np.cumsum([one.shape[0] for one in parts])[:-1]
    shape = (sum(one.shape[0] for one in parts), parts[0].shape[1])

    def times(v: np.ndarray) -> np.ndarray:
        v = v.ravel()
        found = [mean @ (one @ v) - c @ v for one, mean, c in zip(parts, means, centres, strict=True)]
        return np.concatenate(found)

    def transposed(u: np.ndarray) -> np.ndarray:
        pieces = zip(np.split(u.ravel(), cuts), parts, means, centres, strict=True)
        return sum(one.T @ (mean.T @ piece) - c * piece.sum() for piece, one, mean, c in pieces)

    product = LinearOperator(shape, matvec=times, rmatvec=transposed, dtype=np.float64)
    k = min(n_components, min(shape) - 1)
    left, values, _ = svds(product, k=k, tol=1e-3, random_state=0)
    return np.split(left * values, cuts)


def _sizes(xy: np.ndarray, reference_xy: np.ndarray, in_one_unit: bool) -> list[tuple[int, int]]:
    """Return how many spots to average, of the slice and of the reference."""
    own, other = (density(xy), density(reference_xy)) if in_one_unit else (len(xy), len(reference_xy))
    ratio = own / other
    if 1 / _ONE_DENSITY < ratio < _ONE_DENSITY:
        ratio = 1.0
    made = [(round(max(ratio, 1) * size), round(max(1 / ratio, 1) * size)) for size in SIZES]
    limits = (min(_MOST, len(xy) // 4), min(_MOST, len(reference_xy) // 4))
    fit = [one for one in made if one[0] <= limits[0] and one[1] <= limits[1]]
    return fit or [(min(made[0][0], max(limits[0], 1)), min(made[0][1], max(limits[1], 1)))]


def n_varying(expression: sparse.csr_matrix) -> int:
    """Return how many genes differ between the spots of a slice."""
    mean = np.asarray(expression.mean(axis=0)).ravel()
    square = np.asarray(expression.multiply(expression).mean(axis=0)).ravel()
    return int((square - mean**2 > 1e-9).sum())
