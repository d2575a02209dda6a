"""Spatial graphs: hand-worked lattices, brute force, what must not matter, and every bad input."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.spatial.distance import cdist

from spotscape import gr
from spotscape._neighborhood import each_once
from spotscape._validate import InputError, SpotscapeWarning

DATA = Path(os.environ.get("SPOTSCAPE_DATA", Path(__file__).parents[2] / ".." / "shared" / "data"))


def spots_at(coordinates, **obs):
    coordinates = np.asarray(coordinates)
    names = [f"s{i}" for i in range(len(coordinates))]
    adata = anndata.AnnData(np.ones((len(coordinates), 1), "float32"), obs=pd.DataFrame(obs, index=names))
    adata.obsm["spatial"] = coordinates
    return adata


def square(side, dimensions=2):
    axes = np.meshgrid(*[np.arange(float(side))] * dimensions, indexing="ij")
    return np.stack(axes, axis=-1).reshape(-1, dimensions)


def hexagonal(rows, columns):
    row, column = np.divmod(np.arange(rows * columns), columns)
    return np.column_stack([column + 0.5 * (row % 2), row * np.sqrt(3) / 2])


def cells(n=400, seed=0, dimensions=2):
    return np.random.default_rng(seed).random((n, dimensions)) * 100


def edges(adata):
    """Return the undirected edges, after checking what holds of every graph."""
    graph, distances = adata.obsp["spatial_connectivities"], adata.obsp["spatial_distances"]
    assert isinstance(graph, sparse.csr_matrix)
    assert graph.dtype == np.float32
    assert graph.has_canonical_format
    assert set(graph.data) <= {1.0}
    assert (graph != graph.T).nnz == 0
    assert graph.diagonal().sum() == 0
    assert distances.indices.tolist() == graph.indices.tolist()
    assert distances.indptr.tolist() == graph.indptr.tolist()
    rows, columns = graph.nonzero()
    points = np.asarray(adata.obsm["spatial"], dtype=float)
    np.testing.assert_allclose(distances.data, np.linalg.norm(points[rows] - points[columns], axis=1))
    assert adata.uns["spatial_neighbors"]["connectivities_key"] == "spatial_connectivities"
    assert adata.uns["spatial_neighbors"]["distances_key"] == "spatial_distances"
    return {(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if i < j}


def degrees(adata):
    return np.diff(adata.obsp["spatial_connectivities"].indptr)


def method(adata):
    return adata.uns["spatial_neighbors"]["params"]["method"]


# What each function makes of the nine nodes    0 1 2
#                                               3 4 5
#                                               6 7 8
SIDES = {(0, 1), (1, 2), (3, 4), (4, 5), (6, 7), (7, 8), (0, 3), (3, 6), (1, 4), (4, 7), (2, 5), (5, 8)}
CORNERS = {(0, 4), (1, 3), (1, 5), (2, 4), (3, 7), (4, 6), (4, 8), (5, 7)}
ALL_FUNCTIONS = [
    (gr.spatial_neighbors, {}),
    (gr.spatial_neighbors_knn, {}),
    (gr.spatial_neighbors_radius, {"radius": 10.0}),
    (gr.spatial_neighbors_delaunay, {}),
]


class TestNineNodes:
    def test_default_and_grid_join_bins_at_sides_and_corners(self):
        for function in (gr.spatial_neighbors, gr.spatial_neighbors_grid):
            adata = spots_at(square(3))
            function(adata)
            assert edges(adata) == SIDES | CORNERS
            assert method(adata) == "grid"

    def test_two_rings_reach_all(self):
        adata = spots_at(square(3))
        gr.spatial_neighbors_grid(adata, n_rings=2)
        assert len(edges(adata)) == 36

    def test_radius(self):
        adata = spots_at(square(3))
        gr.spatial_neighbors_radius(adata, radius=1)
        assert edges(adata) == SIDES
        gr.spatial_neighbors_radius(adata, radius=1.5)
        assert edges(adata) == SIDES | CORNERS

    def test_knn_takes_all_that_tie(self):
        adata = spots_at(square(3))
        gr.spatial_neighbors_knn(adata, n_neighbors=2)
        # The middle of a side has three others at distance 1, the centre four.
        assert edges(adata) == SIDES
        gr.spatial_neighbors_knn(adata, n_neighbors=3)
        assert edges(adata) == SIDES | {(0, 4), (2, 4), (4, 6), (4, 8)}

    def test_hexagon(self):
        angles = np.arange(6) * np.pi / 3
        ring = np.column_stack([np.cos(angles), np.sin(angles)])
        adata = spots_at(np.vstack([[0, 0], ring]))
        gr.spatial_neighbors(adata)
        rim = {(i, i + 1) for i in range(1, 6)} | {(1, 6)}
        assert edges(adata) == {(0, i) for i in range(1, 7)} | rim

    def test_delaunay_of_a_square_and_its_centre(self):
        adata = spots_at([[0, 0], [1, 1], [1, -1], [-1, 1], [-1, -1]])
        gr.spatial_neighbors_delaunay(adata)
        assert edges(adata) == {(0, 1), (0, 2), (0, 3), (0, 4), (1, 2), (1, 3), (2, 4), (3, 4)}


class TestAgainstBruteForce:
    @pytest.mark.parametrize("dimensions", [2, 3])
    def test_knn(self, dimensions):
        points = cells(150, dimensions=dimensions)
        adata = spots_at(points)
        gr.spatial_neighbors_knn(adata, n_neighbors=5)
        expected = set()
        for i, row in enumerate(cdist(points, points)):
            expected |= {(min(i, int(j)), max(i, int(j))) for j in np.argsort(row)[1:6]}
        assert edges(adata) == expected
        assert degrees(adata).min() == 5

    @pytest.mark.parametrize("dimensions", [2, 3])
    def test_radius(self, dimensions):
        points = cells(150, dimensions=dimensions)
        adata = spots_at(points)
        gr.spatial_neighbors_radius(adata, radius=25)
        between = cdist(points, points)
        assert edges(adata) == {(i, j) for i in range(150) for j in range(i + 1, 150) if between[i, j] <= 25}

    def test_knn_where_many_tie(self):
        points = square(4, dimensions=3)
        adata = spots_at(points)
        gr.spatial_neighbors_knn(adata, n_neighbors=7)
        expected = set()
        for i, row in enumerate(cdist(points, points)):
            near = np.flatnonzero(row <= np.sort(row)[7] + 1e-9)
            expected |= {(min(i, int(j)), max(i, int(j))) for j in near if i != j}
        assert edges(adata) == expected

    def test_delaunay_keeps_empty_circles(self):
        """Every edge kept is on some circle without a spot inside; the shortest edge of a spot is kept."""
        points = cells(80)
        adata = spots_at(points)
        gr.spatial_neighbors_delaunay(adata, max_edge=1e6)
        found = edges(adata)
        assert len(found) == 3 * 80 - 3 - _hull_size(points)
        between = cdist(points, points)
        np.fill_diagonal(between, np.inf)
        for i, j in enumerate(between.argmin(axis=1)):
            assert (min(i, int(j)), max(i, int(j))) in found


def _hull_size(points):
    from scipy.spatial import ConvexHull

    return len(ConvexHull(points).vertices)


class TestDefault:
    def test_visium(self):
        adata = spots_at((hexagonal(30, 30) * 137.3).round())
        gr.spatial_neighbors(adata)
        assert method(adata) == "grid"
        assert np.median(degrees(adata)) == 6
        assert degrees(adata).max() == 6
        assert adata.obsp["spatial_distances"].data.max() < 1.05 * 137.3

    @pytest.mark.parametrize("spacing", [10, 29.2])
    def test_rounding_to_pixels_does_not_hide_the_lattice(self, spacing):
        turned = hexagonal(30, 30) @ [[np.cos(0.3), np.sin(0.3)], [-np.sin(0.3), np.cos(0.3)]]
        adata = spots_at((turned * spacing).round())
        gr.spatial_neighbors(adata)
        assert method(adata) == "grid"
        assert degrees(adata).max() == 6

    def test_visium_array_coordinates(self):
        """``array_row``, ``array_col`` stand two columns apart in a row."""
        row, column = np.divmod(np.arange(400), 20)
        adata = spots_at(np.column_stack([2 * column + row % 2, row]))
        gr.spatial_neighbors(adata)
        assert method(adata) == "grid"
        assert 4 <= np.median(degrees(adata)) <= 8

    def test_bins_with_holes(self):
        points = square(30)[np.random.default_rng(0).random(900) < 0.6]
        adata = spots_at(points)
        gr.spatial_neighbors(adata)
        assert method(adata) == "grid"
        assert adata.obsp["spatial_distances"].data.max() < 1.5

    def test_thinly_filled_bins_get_their_nearest(self):
        points = square(60)[np.random.default_rng(0).random(3600) < 0.15]
        adata = spots_at(points)
        gr.spatial_neighbors(adata)
        assert method(adata) == "knn"
        assert degrees(adata).min() >= 6

    def test_lattice_with_many_spots_on_their_own(self):
        far = np.array([5.0, 0]) * np.arange(1, 31)[:, None] + np.array([20, 0])
        adata = spots_at(np.vstack([square(20), far]))
        gr.spatial_neighbors(adata)
        assert method(adata) == "knn"
        assert degrees(adata).min() >= 6

    def test_voxels(self):
        adata = spots_at(square(5, dimensions=3))
        gr.spatial_neighbors(adata)
        assert method(adata) == "grid"
        assert degrees(adata).max() == 6

    @pytest.mark.parametrize("dimensions", [2, 3])
    def test_free_cells(self, dimensions):
        adata = spots_at(cells(1000, dimensions=dimensions))
        gr.spatial_neighbors(adata)
        assert method(adata) == "knn"
        assert 6 < degrees(adata).mean() < 9
        assert degrees(adata).min() >= 6

    def test_density_that_changes_a_hundredfold(self):
        rng = np.random.default_rng(0)
        dense, loose = rng.random((500, 2)), rng.random((500, 2)) * 10 + [1, 0]
        adata = spots_at(np.vstack([dense, loose]))
        gr.spatial_neighbors(adata)
        for part in (slice(0, 500), slice(500, 1000)):
            assert 6 < degrees(adata)[part].mean() < 9

    def test_flat_third_dimension(self):
        flat = np.column_stack([hexagonal(10, 10), np.full(100, 7.0)])
        adata, plain = spots_at(flat), spots_at(hexagonal(10, 10))
        gr.spatial_neighbors(adata)
        gr.spatial_neighbors(plain)
        assert edges(adata) == edges(plain)

    def test_cells_on_a_line(self):
        adata = spots_at(np.column_stack([cells(50)[:, 0], np.zeros(50)]))
        gr.spatial_neighbors(adata)
        assert degrees(adata).min() >= 6


@pytest.mark.parametrize(("function", "arguments"), ALL_FUNCTIONS)
class TestWhatMustNotMatter:
    def reference(self, function, arguments, points=None):
        adata = spots_at(cells() if points is None else points)
        function(adata, **arguments)
        return adata

    def test_order_of_spots(self, function, arguments):
        order = np.random.default_rng(1).permutation(400)
        plain = self.reference(function, arguments)
        mixed = self.reference(function, arguments, cells()[order])
        graph = plain.obsp["spatial_connectivities"][order][:, order]
        assert (graph != mixed.obsp["spatial_connectivities"]).nnz == 0

    def test_rotation_reflection_translation(self, function, arguments):
        turn = np.array([[np.cos(1), np.sin(1)], [np.sin(1), -np.cos(1)]])
        moved = self.reference(function, arguments, cells() @ turn + [1e6, -2e6])
        assert edges(moved) == edges(self.reference(function, arguments))

    def test_unit(self, function, arguments):
        for unit in (1e-6, 4096.0):
            scaled = {"radius": arguments["radius"] * unit} if "radius" in arguments else arguments
            assert edges(self.reference(function, scaled, cells() * unit)) == edges(
                self.reference(function, arguments)
            )

    def test_dtype_and_container(self, function, arguments):
        points = np.unique(cells().round(), axis=0)
        expected = edges(self.reference(function, arguments, points))
        adata = spots_at(points.astype("int32"))
        adata.obsm["spatial"] = pd.DataFrame(adata.obsm["spatial"], index=adata.obs_names, columns=["x", "y"])
        function(adata, **arguments)
        assert edges(adata) == expected


@given(seed=st.integers(0, 2**32 - 1), angle=st.floats(0, 7), unit=st.floats(1e-3, 1e3))
@settings(max_examples=20, deadline=None)
def test_a_lattice_is_one_however_it_lies(seed, angle, unit):
    points = hexagonal(7, 7)
    order = np.random.default_rng(seed).permutation(len(points))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    plain, other = spots_at(points), spots_at((points @ turn * unit)[order])
    gr.spatial_neighbors(plain)
    gr.spatial_neighbors(other)
    graph = plain.obsp["spatial_connectivities"][order][:, order]
    assert (graph != other.obsp["spatial_connectivities"]).nnz == 0


class TestDelaunay:
    def test_long_edges_are_pruned_but_no_spot_is_left_alone(self):
        points = np.vstack([cells(300), [[1000.0, 1000.0]]])
        adata = spots_at(points)
        gr.spatial_neighbors_delaunay(adata)
        assert degrees(adata).min() >= 1
        assert np.median(adata.obsp["spatial_distances"].data) < 10
        gr.spatial_neighbors_delaunay(adata, max_edge=15)
        assert adata.obsp["spatial_distances"].data.max() <= 15
        assert degrees(adata)[-1] == 0

    def test_gap_in_the_tissue_is_not_bridged(self):
        left, right = cells(300), cells(300, seed=1) + np.array([150, 0])
        adata = spots_at(np.vstack([left, right]))
        gr.spatial_neighbors_delaunay(adata)
        assert adata.obsp["spatial_connectivities"][:300, 300:].nnz == 0

    def test_3d(self):
        adata = spots_at(cells(200, dimensions=3))
        gr.spatial_neighbors_delaunay(adata)
        edges(adata)
        assert 8 < degrees(adata).mean() < 16

    def test_spots_on_a_line(self):
        with pytest.raises(InputError, match=r"line or plane.*spatial_neighbors_knn"):
            gr.spatial_neighbors_delaunay(spots_at([[0, 0], [1, 1], [2, 2], [3, 3]]))
        with pytest.raises(InputError, match="line or plane"):
            gr.spatial_neighbors_delaunay(spots_at([[0, 0], [1, 0], [2, 0], [3, 0]]))


class TestSlices:
    def test_no_edges_between_slices_and_each_as_if_alone(self):
        adata = spots_at(np.vstack([hexagonal(10, 10), cells(80)]), slice=["a"] * 100 + ["b"] * 80)
        order = np.random.default_rng(0).permutation(180)
        mixed = adata[order].copy()
        gr.spatial_neighbors(mixed, slice_key="slice")
        assert method(mixed) == "grid+knn"
        assert mixed.uns["spatial_neighbors"]["params"]["slice_key"] == "slice"
        graph = mixed.obsp["spatial_connectivities"]
        for name, points in (("a", hexagonal(10, 10)), ("b", cells(80))):
            alone = spots_at(points)
            gr.spatial_neighbors(alone)
            rows = np.flatnonzero(mixed.obs["slice"] == name)
            back = rows[np.argsort(order[rows])]
            assert (graph[back][:, back] != alone.obsp["spatial_connectivities"]).nnz == 0
        assert graph.nnz == sum(
            graph[m][:, m].nnz for m in (mixed.obs["slice"].to_numpy() == n for n in "ab")
        )

    def test_slices_over_each_other(self):
        adata = spots_at(
            np.vstack([hexagonal(6, 6)] * 2), slice=pd.Categorical(["a"] * 36 + ["b"] * 36, list("abc"))
        )
        gr.spatial_neighbors(adata, slice_key="slice")
        assert degrees(adata).max() == 6
        with pytest.raises(InputError, match=r"2 sections on top of each other.*slice_key='slice'"):
            gr.spatial_neighbors(adata)
        del adata.obs["slice"]
        with pytest.warns(SpotscapeWarning, match="72 of 72 spots share their place.*slice_key"):
            gr.spatial_neighbors(adata)

    def test_bad_slice_key(self):
        adata = spots_at(cells(20), slice=["a"] * 19 + [None])
        with pytest.raises(InputError, match=r"slice_key: found 'nope'.*'slice'"):
            gr.spatial_neighbors(adata, slice_key="nope")
        with pytest.raises(InputError, match=r"adata.obs\['slice'\]: found 1 spot\(s\) without a slice"):
            gr.spatial_neighbors(adata, slice_key="slice")

    def test_slice_with_too_few_spots(self):
        adata = spots_at(cells(40), slice=["a"] * 38 + ["b"] * 2)
        with pytest.raises(InputError, match=r"n_neighbors: found 6 with 2 spot\(s\)"):
            gr.spatial_neighbors_knn(adata, slice_key="slice")
        gr.spatial_neighbors(adata, slice_key="slice")  # a slice of few cells beside larger ones
        assert degrees(adata)[-2:].tolist() == [1, 1]


class TestSharedPlaces:
    def test_spots_at_one_place_are_neighbours_and_share_neighbours(self):
        adata = spots_at(np.vstack([square(3), [[1.0, 1.0]]]))
        with pytest.warns(SpotscapeWarning, match="2 of 10 spots share their place"):
            gr.spatial_neighbors(adata)
        around_centre = {(i, 9) for i in range(9)}
        assert edges(adata) == SIDES | CORNERS | around_centre
        assert adata.obsp["spatial_distances"].nnz == adata.obsp["spatial_connectivities"].nnz

    @pytest.mark.parametrize(("function", "arguments"), ALL_FUNCTIONS)
    def test_order_does_not_matter_here_either(self, function, arguments):
        points = np.vstack([cells(60), cells(60)[:20], cells(60)[:5]])
        order = np.random.default_rng(1).permutation(85)
        graphs = []
        for adata in (spots_at(points), spots_at(points[order])):
            with pytest.warns(SpotscapeWarning, match="share their place"):
                function(adata, **arguments | ({"radius": 20.0} if "radius" in arguments else {}))
            edges(adata)
            graphs.append(adata.obsp["spatial_connectivities"])
        assert (graphs[0][order][:, order] != graphs[1]).nnz == 0

    def test_a_few_in_many_are_not_worth_a_word(self):
        gr.spatial_neighbors(spots_at(np.vstack([cells(400), cells(400)[:1]])))

    def test_one_pair_does_not_forbid_many_neighbours(self):
        adata = spots_at(np.vstack([cells(400), cells(400)[:1]]))
        gr.spatial_neighbors_knn(adata, n_neighbors=250)
        assert degrees(adata).min() >= 250

    def test_heaps(self):
        points = np.vstack([cells(200), np.zeros((600, 2))])
        with pytest.raises(InputError, match="up to 600 spots at one place"):
            gr.spatial_neighbors(spots_at(points))


class TestBadInput:
    @pytest.mark.parametrize(
        ("spatial", "words"),
        [
            ([[0, 0], [1, np.nan], [np.inf, 1], [3, 3]], r"2 spot\(s\) with NaN or infinite coord.* 's1'"),
            (np.ones((4, 2)), r"4 spot\(s\), all at one place"),
            (np.arange(4.0), r"an array of shape \(4, 1\)"),
            (np.ones((4, 1)), r"an array of shape \(4, 1\)"),
            (np.ones((4, 4)), r"an array of shape \(4, 4\)"),
            (np.array([["a", "b"]] * 4, dtype=object), "something other than numbers"),
        ],
    )
    @pytest.mark.parametrize(("function", "arguments"), [*ALL_FUNCTIONS, (gr.spatial_neighbors_grid, {})])
    def test_coordinates(self, function, arguments, spatial, words):
        adata = spots_at(square(2))
        adata.obsm._data["spatial"] = np.asarray(spatial)
        with pytest.raises(InputError, match=rf"adata.obsm\['spatial'\]: found {words}"):
            function(adata, **arguments)
        assert not adata.obsp
        assert not adata.uns

    @pytest.mark.parametrize("scale", [1.0, 1e6, 1e-6])
    def test_one_column_twice(self, scale):
        twice = np.repeat(scale * cells(50)[:, :1], 2, axis=1)
        with pytest.raises(InputError, match=r"all spots on one slanted line.*column given twice"):
            gr.spatial_neighbors(spots_at(twice))
        gr.spatial_neighbors(spots_at(np.column_stack([twice[:, 0], np.zeros(50)])))

    def test_no_coordinates(self):
        adata = spots_at(square(3))
        adata.obsm["X_umap"] = adata.obsm.pop("spatial")
        with pytest.raises(InputError, match=r"obsm\['spatial'\]: found nothing.*'X_umap'.*spatial_key"):
            gr.spatial_neighbors(adata)
        gr.spatial_neighbors(adata, spatial_key="X_umap")
        assert adata.uns["spatial_neighbors"]["params"]["spatial_key"] == "X_umap"

    def test_no_anndata(self):
        with pytest.raises(InputError, match="adata: found a list"):
            gr.spatial_neighbors([1, 2])

    @pytest.mark.parametrize("function", [gr.spatial_neighbors, gr.spatial_neighbors_knn])
    def test_fewer_spots_than_neighbours(self, function):
        with pytest.raises(InputError, match=r"n_neighbors: found 9 with 5 spot\(s\).*fewer neighbours"):
            function(spots_at(cells(5)), n_neighbors=9)

    @pytest.mark.parametrize("value", [0, -1, 1.5, "six", None])
    def test_bad_numbers(self, value):
        adata = spots_at(square(3))
        with pytest.raises(InputError, match="n_neighbors"):
            gr.spatial_neighbors(adata, n_neighbors=value)
        with pytest.raises(InputError, match="n_neighbors"):
            gr.spatial_neighbors_knn(adata, n_neighbors=value)
        with pytest.raises(InputError, match="n_rings"):
            gr.spatial_neighbors_grid(adata, n_rings=value)
        with pytest.raises(InputError, match="radius"):
            gr.spatial_neighbors_radius(adata, radius=np.nan if value == 1.5 else value)

    @pytest.mark.parametrize("n", [0, 1])
    def test_no_spots_to_join(self, n):
        adata = spots_at(square(2)[:n])
        with pytest.raises(InputError, match=rf"{n} spot\(s\), all at one place"):
            gr.spatial_neighbors(adata)

    def test_thin_lattice(self):
        with pytest.raises(
            InputError, match=r"n_rings: found 2 neigh.*Raise n_rings, or use spatial_neighbors_knn"
        ):
            gr.spatial_neighbors_grid(spots_at(np.column_stack([np.arange(20.0), np.zeros(20)])))

    def test_bad_max_edge(self):
        with pytest.raises(InputError, match="max_edge"):
            gr.spatial_neighbors_delaunay(spots_at(cells()), max_edge=-1)

    def test_radius_in_the_wrong_unit(self):
        adata = spots_at(cells())
        with pytest.raises(
            InputError, match=r"radius: found 0 neigh.* median.*Raise radius.*within \d"
        ) as error:
            gr.spatial_neighbors_radius(adata, radius=0.01)
        enough = float(str(error.value).rstrip(".").rsplit(maxsplit=1)[-1])
        gr.spatial_neighbors_radius(adata, radius=enough * 1.001)
        assert np.median(degrees(adata)) > 5
        with pytest.raises(InputError, match=r"radius: found a radius with 399 neighbours.*within \d"):
            gr.spatial_neighbors_radius(adata, radius=1e4)

    def test_too_few_neighbours_to_smooth_over(self):
        with pytest.raises(InputError, match=r"n_neighbors: found [12] neigh.* 3 or more. Raise n_neighbors"):
            gr.spatial_neighbors_knn(spots_at(cells()), n_neighbors=1)
        with pytest.raises(InputError, match="max_edge"):
            gr.spatial_neighbors_delaunay(spots_at(cells()), max_edge=1)

    def test_grid_of_free_cells(self):
        with pytest.raises(InputError, match=r"expected spots on a lattice. Use spatial_neighbors_knn"):
            gr.spatial_neighbors_grid(spots_at(cells()))

    def test_isolated_spots_are_said(self):
        far = np.arange(20)[:, None] * [50.0, 0] + [1000, 0]
        adata = spots_at(np.vstack([square(15), far]))
        with pytest.warns(SpotscapeWarning, match="20 of 245 spots have no neighbour; raise radius"):
            gr.spatial_neighbors_radius(adata, radius=1.5)

    def test_warnings_point_at_the_users_line(self):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            gr.spatial_neighbors(spots_at(np.vstack([square(3), square(3)])))
        assert [Path(w.filename).name for w in caught if w.category is SpotscapeWarning] == ["test_gr.py"]


class TestObject:
    def test_copy(self):
        adata = spots_at(square(3))
        other = gr.spatial_neighbors(adata, copy=True)
        assert not adata.obsp
        assert edges(other) == SIDES | CORNERS

    def test_only_the_graph_is_written_and_it_can_be_saved(self, tmp_path):
        adata = spots_at(cells())
        gr.spatial_neighbors(adata)
        assert set(adata.obsp) == {"spatial_connectivities", "spatial_distances"}
        assert set(adata.uns) == {"spatial_neighbors"}
        assert set(adata.obsm) == {"spatial"}
        adata.write_h5ad(tmp_path / "a.h5ad")
        back = anndata.read_h5ad(tmp_path / "a.h5ad")
        assert back.uns["spatial_neighbors"]["params"]["n_neighbors"] == 6
        assert (back.obsp["spatial_connectivities"] != adata.obsp["spatial_connectivities"]).nnz == 0

    def test_a_hundred_thousand_cells(self):
        adata = spots_at(np.random.default_rng(0).random((100_000, 2)))
        gr.spatial_neighbors(adata)
        assert 7 < degrees(adata).mean() < 7.3


@pytest.mark.parametrize(
    ("name", "expected", "mean"),
    [
        *((f"dlpfc_15167{i}", "grid", (5.7, 5.9)) for i in (3, 4, 5, 6)),
        *((f"starmap_{name}", "knn", (6.7, 7.2)) for name in ("mpfc_BZ5", "mpfc_BZ9", "mpfc_BZ14", "by3")),
    ],
)
def test_real_slices(name, expected, mean):
    path = DATA / f"{name}.h5ad"
    if not path.exists():
        pytest.skip(f"{path} is not there (set SPOTSCAPE_DATA)")
    adata = anndata.read_h5ad(path)
    gr.spatial_neighbors(adata)
    edges(adata)
    assert method(adata) == expected
    assert mean[0] < degrees(adata).mean() < mean[1]
    if expected == "grid":
        distances = adata.obsp["spatial_distances"].data
        assert distances.max() < 1.05 * distances.min()
        assert np.median(degrees(adata)) == 6


@pytest.mark.parametrize("values", [[], [3], [2, 2], [5, 1, 5, 0, 1]])
def test_each_once_is_what_numpy_finds(values):
    values = np.array(values, dtype=np.int64)
    np.testing.assert_array_equal(each_once(values), np.unique(values))
