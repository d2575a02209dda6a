from itertools import permutations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from spotscape.annotation.bordering import domain_contacts
from spotscape.pl._palette import MISSING, PALETTE, assign_colors, color_distances


def path_contacts(n_domains, edges=100.0):
    contacts = np.zeros((n_domains, n_domains))
    for i in range(n_domains - 1):
        contacts[i, i + 1] = contacts[i + 1, i] = edges
    return contacts


def touching_distances(colors, contacts):
    distances = color_distances(colors)
    return distances[(contacts > 0) & ~np.eye(len(colors), dtype=bool)]


def test_black_and_white_are_one_apart_for_all_eyes():
    distances = color_distances(["#000000", "#FFFFFF", "#000000"])
    assert distances[0, 1] == pytest.approx(1.0, abs=1e-3)
    assert distances[0, 2] == 0
    np.testing.assert_allclose(distances, distances.T)


def test_red_and_green_of_one_lightness_are_hard_to_tell_for_some_eyes():
    red_green, blue_yellow = (
        color_distances(pair)[0, 1] for pair in (["#B85450", "#758A28"], ["#3B6FB6", "#C2A63C"])
    )
    assert red_green < 0.5 * blue_yellow


def test_all_colors_of_the_palette_can_be_told_apart_and_from_missing():
    assert len(set(PALETTE)) == 30
    distances = color_distances([*PALETTE, MISSING, "#FFFFFF"])
    np.fill_diagonal(distances, 1)
    assert distances.min() > 0.05


def test_domain_contacts_by_hand():
    # 0 - 1 - 2 - 3 in a chain; spot 3 has no label
    chain = csr_matrix(np.diag([1.0, 1.0, 1.0], 1) + np.diag([1.0, 1.0, 1.0], -1))
    contacts = domain_contacts(np.array([0, 0, 1, -1]), chain)
    np.testing.assert_array_equal(contacts, [[2, 1], [1, 0]])


def test_contacts_count_edges_and_not_their_weights():
    graph = csr_matrix(np.array([[0.0, 7.5], [7.5, 0.0]]))
    np.testing.assert_array_equal(domain_contacts(np.array([0, 1]), graph), [[0, 1], [1, 0]])


@pytest.mark.parametrize("n_domains", [1, 2, 7, 12, 30])
def test_each_domain_gets_its_own_color_the_same_every_time(n_domains):
    colors = assign_colors(path_contacts(n_domains))
    assert len(set(colors)) == n_domains
    assert colors == assign_colors(path_contacts(n_domains))


def test_domains_that_touch_are_farther_apart_than_in_palette_order():
    contacts = path_contacts(7)
    assigned = touching_distances(assign_colors(contacts), contacts).min()
    assert assigned > 0.2 > touching_distances(list(PALETTE[:7]), contacts).min()


def test_exchanges_come_near_the_best_of_all_assignments():
    contacts = path_contacts(4)

    def cost(colors):
        badness = (color_distances(colors) + 0.02) ** -2.0
        return (contacts * badness).sum()

    best = min(cost(list(colors)) for colors in permutations(PALETTE[:8], 4))
    assert cost(assign_colors(contacts)) <= 1.1 * best


def test_more_domains_than_colors_never_share_one_across_a_border():
    contacts = path_contacts(45)
    assert touching_distances(assign_colors(contacts), contacts).min() > 0.05
