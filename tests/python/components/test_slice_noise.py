"""Slice noise against loops over pairs, and what it does to components."""

import numpy as np
import pytest
import torch

from spotscape.components.slice_noise import with_slice_noise
from spotscape.components.spatial_components import Covariances, difference_covariance, spatial_components


def scores(dtype=torch.float64, n=12, r=4):
    return torch.randn(n, r, generator=torch.Generator().manual_seed(0), dtype=dtype)


PAIRS = torch.tensor([[0, 0, 3, 11], [5, 7, 2, 1]])


@pytest.mark.parametrize(("dtype", "bound"), [(torch.float64, 1e-12), (torch.float32, 1e-6)])
def test_agrees_with_a_loop_over_pairs(dtype, bound):
    values = scores(dtype)
    expected = np.zeros((4, 4))
    for i, j in PAIRS.T.tolist():
        apart = (values[i] - values[j]).double().numpy()
        expected += np.outer(apart, apart) / (2 * PAIRS.shape[1])
    found = difference_covariance(values, PAIRS)
    assert found.dtype == torch.float64
    np.testing.assert_allclose(found, expected, atol=bound)


def test_which_of_a_pair_comes_first_and_the_order_of_pairs_do_not_matter():
    values = scores()
    torch.testing.assert_close(
        difference_covariance(values, PAIRS.flip(0)[:, [2, 0, 3, 1]]), difference_covariance(values, PAIRS)
    )


def test_blocks_are_the_whole(monkeypatch):
    whole = difference_covariance(scores(), PAIRS)
    monkeypatch.setattr("spotscape.components.spatial_components._BLOCK", 3 * 4)
    torch.testing.assert_close(difference_covariance(scores(), PAIRS), whole)


def test_without_pairs_there_is_none():
    assert not difference_covariance(scores(), PAIRS[:, :0]).any()


def test_the_same_scores_have_none():
    assert not difference_covariance(torch.ones(12, 4), PAIRS).any()


def test_weight_zero_changes_nothing_and_the_noise_is_left_alone():
    found = Covariances(torch.eye(4, dtype=torch.float64), 2 * torch.eye(4, dtype=torch.float64))
    for one, other in zip(with_slice_noise(found, scores(), PAIRS, 0.0), found, strict=True):
        assert torch.equal(one, other)
    with_slice_noise(found, scores(), PAIRS, 3.0)
    assert torch.equal(found.noise, torch.eye(4, dtype=torch.float64))


def test_a_direction_in_which_pairs_differ_comes_last():
    """The first of three directions has most variance and is what the slices differ by."""
    found = Covariances(torch.eye(3, dtype=torch.float64), torch.diag(torch.tensor([9.0, 4.0, 2.0]).double()))
    values = torch.zeros(12, 3)
    values[[5, 7, 2, 1], 0] = 4.0
    plain = spatial_components(found, 3)
    corrected = spatial_components(with_slice_noise(found, values, PAIRS, 6.0), 3)
    assert plain.directions.abs().argmax(0).tolist() == [0, 1, 2]
    assert corrected.directions.abs().argmax(0).tolist() == [1, 2, 0]
    torch.testing.assert_close(
        corrected.ratios[-1], torch.tensor(9 / (1 + 6 * 8.0)).double(), rtol=1e-4, atol=0
    )
