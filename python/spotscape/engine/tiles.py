"""Tiles: compact parts of the tissue, and batches of many of them with the halo that the encoder needs.

A k-d tree cuts each slice into tiles of about equal numbers of spots. A batch holds many tiles from all over
the tissue: their spots are its own, each spot of the tissue in exactly one tile; the halo are all others up
to two edges away. The two layers of the encoder see no further, and edges into the halo from outside count in
its degrees, so that what an own spot gets in a batch is what it gets in the whole tissue.

Source: Bentley 1975, Multidimensional binary search trees, Commun. ACM 18; batches of many clusters as in
Chiang et al. 2019, Cluster-GCN, KDD.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import reverse_cuthill_mckee
from torch import Tensor

from spotscape.core.augment import View
from spotscape.core.encoder import Neighborhood
from spotscape.core.expression import ExpressionMatrix
from spotscape.engine.slice_graph import SliceGraph

_HOPS = 2
"""GCN layers of the encoder."""
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Batch:
    """A part of the tissue, or all of it, as a step of training needs it.

    Parameters
    ----------
    spots
        Own spots, whose losses count, and then the halo, as rows of the tissue: n + halo int64.
    features
        What the encoder sees of these, (n + halo) x n_inputs.
    expression
        X of the own spots, n x G.
    neighborhood
        Edges among own spots and halo.
    edges
        Which edge of the tissue each is, those that come from outside last; None for the whole tissue.
    """

    spots: Tensor
    features: ExpressionMatrix
    expression: ExpressionMatrix
    neighborhood: Neighborhood
    edges: Tensor | None = None

    @property
    def own(self) -> Tensor:
        """Rows of the tissue whose losses count, n."""
        return self.spots[: self.expression.shape[0]]

    def to(self, device: torch.device | str) -> Batch:
        """Return the same batch on another device; what picks from the tissue stays on the CPU."""
        return Batch(
            self.spots,
            self.features.to(device),
            self.expression.to(device),
            self.neighborhood.to(device),
            self.edges,
        )

    def view(self, whole: View, device: torch.device | str) -> View:
        """Return the part of a view of the tissue that concerns this batch."""
        edges = whole.edges if self.edges is None else whole.edges[self.edges]
        return View(edges.to(device), whole.genes.to(device))


def whole_tissue(graph: SliceGraph) -> Batch:
    """Return all spots as one batch, in their order."""
    spots = torch.arange(graph.n_spots)
    return Batch(spots, graph.expression, graph.expression, Neighborhood(graph.edge_index, graph.n_spots))


class Tiles:
    """The tiles of a tissue.

    Parameters
    ----------
    graph
        The tissue.
    size
        Spots in a tile, at most.
    """

    def __init__(self, graph: SliceGraph, size: int) -> None:
        self.graph = graph
        n = graph.n_spots
        source, target = graph.edge_index.numpy()
        self._edges = np.lexsort((target, source))
        self._starts = np.concatenate([[0], np.bincount(source, minlength=n).cumsum()])
        self._neighbors = target[self._edges]
        # Sorted by target and then by source, the k-th edge is the k-th one above turned round.
        self._reversed = np.lexsort((source, target))
        slices = np.zeros(n, dtype=np.int64) if graph.slices is None else graph.slices.numpy()
        places = graph.coordinates
        if places is None:
            places = _places_along_graph(self._starts, self._neighbors)
        tile_of = cut(np.asarray(places, dtype=np.float64), slices, size)
        order = np.argsort(tile_of, kind="stable")
        ends = np.bincount(tile_of).cumsum()
        self.members: list[Indices] = np.split(order, ends[:-1])

    def __len__(self) -> int:
        return len(self.members)

    def batch(self, tiles: list[int]) -> Batch:
        """Return the tiles of these numbers, in this order, as one batch."""
        graph = self.graph
        own = np.concatenate([self.members[tile] for tile in tiles])
        place = np.full(graph.n_spots, -1)
        place[own] = np.arange(len(own))
        inside, newest = [own], own
        for _ in range(_HOPS):
            around = np.unique(self._neighbors[self._from(newest)])
            newest = around[place[around] < 0]
            place[newest] = np.arange(len(newest)) + sum(map(len, inside))
            inside.append(newest)
        spots = np.concatenate(inside)
        leaving = self._from(spots)
        sources = place[np.repeat(spots, np.diff(self._starts)[spots])]
        targets = place[self._neighbors[leaving]]
        kept = targets >= 0
        edge_index = torch.from_numpy(np.stack([sources[kept], targets[kept]]))
        # The edges that leave the batch, turned round, come in from outside.
        edges = np.concatenate([self._edges[leaving[kept]], self._reversed[leaving[~kept]]])
        rows = torch.from_numpy(spots)
        return Batch(
            spots=rows,
            features=graph.expression.rows(rows),
            expression=graph.expression.rows(rows[: len(own)]),
            neighborhood=Neighborhood(edge_index, len(spots), torch.from_numpy(sources[~kept])),
            edges=torch.from_numpy(edges),
        )

    def _from(self, spots: Indices) -> Indices:
        """Return the places, in order of source and target, of the edges that leave these spots."""
        lengths = np.diff(self._starts)[spots]
        ends = lengths.cumsum()
        found: Indices = np.arange(lengths.sum()) + np.repeat(self._starts[spots] - (ends - lengths), lengths)
        return found


def cut(places: NDArray[np.float64], slices: Indices, size: int) -> Indices:
    """Return the tile of each spot, N int64 from 0: slices halved along their longer side until small enough.

    Parameters
    ----------
    places
        N x 1, 2 or 3, any unit.
    slices
        Number of each spot's slice, N; a tile lies in one.
    size
        Spots in a tile, at most; tiles of a slice differ by few.
    """
    _, tile_of = np.unique(slices, return_inverse=True)
    tile_of = tile_of.astype(np.int64)
    while True:
        sizes = np.bincount(tile_of)
        large = sizes > size
        if not large.any():
            return np.unique(tile_of, return_inverse=True)[1].astype(np.int64)
        along = _longer_side(places, tile_of, len(sizes))
        ties = tuple(places[:, axis] for axis in range(places.shape[1]))
        order = np.lexsort((*ties, along, tile_of))
        rank = np.empty(len(order), dtype=np.int64)
        rank[order] = np.arange(len(order)) - np.repeat(sizes.cumsum() - sizes, sizes)
        upper = large[tile_of] & (rank >= (sizes // 2)[tile_of])
        tile_of = 2 * tile_of + upper


def _longer_side(places: NDArray[np.float64], tile_of: Indices, n_tiles: int) -> NDArray[np.float64]:
    """Return each spot's coordinate along the longer side of its tile."""
    low = np.full((n_tiles, places.shape[1]), np.inf)
    high = -low
    np.minimum.at(low, tile_of, places)
    np.maximum.at(high, tile_of, places)
    axis = (high - low).argmax(axis=1)
    along: NDArray[np.float64] = places[np.arange(len(places)), axis[tile_of]]
    return along


def _places_along_graph(starts: Indices, neighbors: Indices) -> NDArray[np.float64]:
    """Return one coordinate for each spot, N x 1, that is close for neighbours: where none is known."""
    n = len(starts) - 1
    matrix = sparse.csr_matrix((np.ones(len(neighbors), dtype=np.int8), neighbors, starts), shape=(n, n))
    order = reverse_cuthill_mckee(matrix, symmetric_mode=True)
    places = np.empty((n, 1))
    places[order, 0] = np.arange(n)
    return places
