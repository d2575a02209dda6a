"""Expression in its leading directions, of all spots or of those that are asked for.

Of few spots the scores ``X Vᵀ`` are made once and kept. Of many they would take more than all else of a run,
and covariances, of genes and of scores, are as good of a sample: the variance of n spots is known to a share
of ``sqrt(2 / n)``, 0.4 % of 100,000. So scores are then made of expression where they are looked at.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor

from spotscape._neighborhood import each_once, edges_of
from spotscape._row_blocks import Rows, mask_of
from spotscape.components.low_rank import is_streamed, project, right_vectors, truncated_svd
from spotscape.components.spatial_components import centered_blocks

MOST_SPOTS = 100_000
"""That scores are kept of, and that covariances are taken of."""


class Scores(NamedTuple):
    """Expression in r directions.

    Attributes
    ----------
    expression
        X, N x G.
    right
        V, r x G float32.
    known
        ``X Vᵀ``, N x r float32; None where there are many spots.
    device
        Where products with expression are made.
    """

    expression: Rows
    right: NDArray[np.float32]
    known: NDArray[np.float32] | None
    device: str = "cpu"

    def of(self, spots: NDArray[np.integer] | None) -> NDArray[np.float32]:
        """Return the scores of some spots, in ascending order, or of all: n x r."""
        if self.known is not None:
            return self.known if spots is None else self.known[spots]
        wanted = None if spots is None else mask_of(spots, self.expression.shape[0])
        return project(self.expression, self.right, wanted, self.device)

    def along(self, directions: Tensor, offsets: Tensor, groups: Tensor | None) -> NDArray[np.float32]:
        """Return what is left of the scores after the offsets, along q directions: N x q.

        Arguments as in `spotscape.components.spatial_components.covariances`.
        """
        if self.known is not None:
            centered = centered_blocks(torch.from_numpy(self.known), offsets, groups)
            return torch.cat([(block @ directions).float() for block in centered]).numpy()
        found = project(self.expression, directions.T.float().numpy() @ self.right, device=self.device)
        taken_off = (offsets @ directions).float().numpy()
        found -= taken_off[:1] if groups is None else taken_off[groups.numpy()]
        return found


class Sample(NamedTuple):
    """Spots that covariances are taken of.

    Attributes
    ----------
    spots
        Numbers of the spots, n, ascending; None for all.
    edge_index
        Edges among them in both directions, 2 x E int64: rows of ``spots``.
    """

    spots: NDArray[np.integer] | None
    edge_index: Tensor


def sample_spots(mean: sparse.csr_matrix, *, seed: int) -> Sample:
    """Return spots with their neighbours, drawn where there are many.

    Parameters
    ----------
    mean
        The mean over a spot and its neighbours, N x N.
    seed
        Of the sample.
    """
    n = mean.shape[0]
    if n <= MOST_SPOTS:
        return Sample(None, torch.from_numpy(edges_of(mean)))
    drawn = np.sort(np.random.default_rng(seed).choice(n, MOST_SPOTS, replace=False))
    around = mean[drawn]
    spots = each_once(around.indices)  # each spot is in its own mean
    own = np.repeat(np.searchsorted(spots, drawn), np.diff(around.indptr))
    edges = np.stack([own, np.searchsorted(spots, around.indices)])
    edges = edges[:, edges[0] != edges[1]]
    one_way, other_way = edges[0] * len(spots) + edges[1], edges[1] * len(spots) + edges[0]
    both = np.divmod(each_once(np.concatenate([one_way, other_way])), len(spots))
    return Sample(spots, torch.from_numpy(np.stack(both)))


def find_scores(
    expression: Rows,
    rank: int,
    *,
    seed: int,
    spots: NDArray[np.integer] | None = None,
    device: torch.device | str = "cpu",
) -> Scores:
    """Return the leading directions of expression, N x G, and the scores in them where spots are few.

    Parameters
    ----------
    expression
        X, N x G.
    rank
        r.
    seed
        Of the randomised SVD, of few spots.
    spots
        The sample that many spots are looked at by: rows, ascending; None for all.
    device
        Where products with expression are made, of many spots.
    """
    if not is_streamed(expression):
        right = truncated_svd(expression, rank, seed=seed).right
        return Scores(expression, right, project(expression, right))
    wanted = None if spots is None else mask_of(spots, expression.shape[0])
    right = right_vectors(expression, rank, wanted, device)
    few = expression.shape[0] <= MOST_SPOTS
    known = project(expression, right, device=device) if few else None
    return Scores(expression, right, known, str(device))
