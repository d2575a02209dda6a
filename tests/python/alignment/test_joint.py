"""One motion for each section: loops close, drift stays small, and edges that contradict the others go."""

from itertools import pairwise

import numpy as np
import pytest

from spotscape.alignment.joint import Edge, after, four_points, inverse, joint
from spotscape.alignment.registration import Transform

PLACES = np.random.default_rng(0).uniform([0, 0], [50, 30], (400, 2))


def motion(rng, turn=np.pi, shift=100.0, over=None):
    """Return a rigid motion, turned over at random unless that is said."""
    angle = rng.uniform(-turn, turn)
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    if rng.integers(2) if over is None else over:
        matrix = matrix @ np.diag([1.0, -1.0])
    return Transform(matrix, rng.uniform(-shift, shift, 2))


def edges_of(true, rng, skips=2, noise=0.02):
    """Return an edge for each pair within skips: the true motion, and an error of about a spot."""
    made = []
    for one in range(len(true)):
        for other in range(one + 1, min(one + skips + 1, len(true))):
            exact = after(true[other], inverse(true[one]))
            centre = exact(PLACES).mean(axis=0)
            error = motion(rng, noise, 25 * noise, over=False)
            error = error._replace(offset=error.offset + centre - error.matrix @ centre)
            made.append(Edge(one, other, after(exact, error), rng.uniform(1, 3), four_points(PLACES), 1.0))
    return made


def volume(n=8, seed=0, **settings):
    """Return the true motions into the frame of the first section, and edges."""
    rng = np.random.default_rng(seed)
    true = [Transform(np.eye(2), np.zeros(2)), *(motion(rng) for _ in range(n - 1))]
    return true, edges_of(true, rng, **settings)


def errors(found, true):
    """Return how far off each section is (root mean square), in spot distances."""
    return [
        np.nan if pose is None else np.sqrt(np.square(pose(PLACES) - exact(PLACES)).sum(axis=1).mean())
        for pose, exact in zip(found.poses, true, strict=True)
    ]


def test_four_points_stand_for_many():
    points = four_points(PLACES)
    np.testing.assert_allclose(points.mean(axis=0), PLACES.mean(axis=0))
    np.testing.assert_allclose(np.cov(points.T, bias=True), np.cov(PLACES.T, bias=True))
    rng = np.random.default_rng(1)
    one, other = motion(rng), motion(rng)
    far = [np.square(one(places) - other(places)).sum(axis=1).mean() for places in (points, PLACES)]
    assert far[0] == pytest.approx(far[1])


def test_motions_compose_to_the_identity_round_each_loop():
    _, edges = volume()
    found = joint(edges, np.full(8, 400))
    assert found.kept.all()
    for loop in ([0, 1, 2, 0], [0, 2, 4, 3, 1, 0], [7, 5, 6, 7], [0, 2, 4, 6, 7, 5, 3, 1, 0]):
        whole = Transform(np.eye(2), np.zeros(2))
        for at, to in pairwise(loop):
            whole = after(whole, after(found.poses[at], inverse(found.poses[to])))
        np.testing.assert_allclose(whole(PLACES), PLACES, atol=1e-8)
    by_edge = {(edge.one, edge.other): edge.motion for edge in edges}
    triangle = after(after(by_edge[1, 2], by_edge[0, 1]), inverse(by_edge[0, 2]))
    assert np.abs(triangle(PLACES) - PLACES).max() > 0.1  # what was given does not close
    assert found.poses[0].offset == pytest.approx([0, 0], abs=1e-12)


def test_exact_edges_give_exact_motions_whatever_the_order():
    true, edges = volume(noise=0.0)
    for given in (edges, edges[::-1]):
        assert max(errors(joint(given, np.full(8, 400)), true)) < 1e-9


def test_the_joint_step_is_least_squares():
    """Moving any section a little makes the weighted sum of squares larger."""
    _, edges = volume(seed=3)
    found = joint(edges, np.full(8, 400))
    weights = [edge.evidence / (1 + off**2) for edge, off in zip(edges, found.off, strict=True)]

    def loss(poses):
        return sum(
            weight * np.square(poses[e.one](e.motion(e.frame)) - poses[e.other](e.frame)).sum()
            for weight, e in zip(weights, edges, strict=True)
        )

    least, rng = loss(found.poses), np.random.default_rng(0)
    for number in range(1, 8):
        poses = list(found.poses)
        poses[number] = after(poses[number], motion(rng, 1e-4, 1e-2, over=False))
        assert loss(poses) > least


def test_drift_is_less_than_that_of_a_chain():
    chained, together = [], []
    for seed in range(5):
        true, edges = volume(n=16, seed=seed)
        together.append(errors(joint(edges, np.full(16, 400)), true)[-1])
        chain = [edge for edge in edges if edge.other == edge.one + 1]
        chained.append(errors(joint(chain, np.full(16, 400)), true)[-1])
    assert np.mean(together) < 0.8 * np.mean(chained)


@pytest.mark.parametrize(("wrong", "evidence"), [((3, 4), 4.0), ((2, 4), 4.0), ((0, 1), 0.5)])
def test_an_edge_that_contradicts_the_others_is_dropped(wrong, evidence):
    true, edges = volume()
    at = next(i for i, edge in enumerate(edges) if (edge.one, edge.other) == wrong)
    edges[at] = edges[at]._replace(motion=motion(np.random.default_rng(5)), evidence=evidence)
    found = joint(edges, np.full(8, 400))
    assert not found.kept[at]
    assert found.kept.sum() == len(edges) - 1
    assert found.off[at] > 5
    assert max(errors(found, true)) < 3


def test_of_two_ways_that_fit_the_one_is_taken_that_the_loops_bear_out():
    true, edges = volume()
    other = motion(np.random.default_rng(7))
    edges = [*edges, edges[4]._replace(motion=other, evidence=5.0)]
    found = joint(edges, np.full(8, 400))
    assert found.kept.tolist() == [True] * (len(edges) - 1) + [False]
    assert max(errors(found, true)) < 3


def test_a_section_whose_edges_contradict_each_other_is_not_placed():
    true, edges = volume()
    rng = np.random.default_rng(2)
    edges = [edge._replace(motion=motion(rng)) if 4 in (edge.one, edge.other) else edge for edge in edges]
    found = joint(edges, np.full(8, 400))
    off = np.array(errors(found, true))
    assert np.isnan(off).tolist() == [number == 4 for number in range(8)]
    assert np.nanmax(off) < 3


def test_the_part_with_most_spots_is_placed_where_nothing_joins_two():
    _, edges = volume()
    edges = [edge for edge in edges if (edge.one < 3) == (edge.other < 3)]
    few_first = joint(edges, np.full(8, 400))
    assert [pose is None for pose in few_first.poses] == [True] * 3 + [False] * 5
    np.testing.assert_allclose(few_first.poses[3].matrix, np.eye(2), atol=1e-12)
    assert np.isnan(few_first.off[0])
    many_first = joint(edges, np.array([9000] * 3 + [400] * 5))
    assert [pose is None for pose in many_first.poses] == [False] * 3 + [True] * 5


def test_a_section_without_edges_is_left_out():
    _, edges = volume()
    found = joint([edge for edge in edges if 7 not in (edge.one, edge.other)], np.full(8, 400))
    assert found.poses[7] is None
    assert sum(pose is None for pose in found.poses) == 1
    assert joint([], np.full(3, 10)).poses[1:] == [None, None]
