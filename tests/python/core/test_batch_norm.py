"""Batch norm: PyTorch's own, also over own rows only and over processes."""

import pytest
import torch

from spotscape.core.batch_norm import BatchNorm


def both(dtype=torch.float64, momentum=0.3):
    """PyTorch's layer and ours with the same parameters."""
    generator = torch.Generator().manual_seed(0)
    layers = (
        torch.nn.BatchNorm1d(4, momentum=momentum, dtype=dtype),
        BatchNorm(4, momentum=momentum, dtype=dtype),
    )
    for layer in layers:
        with torch.no_grad():
            layer.weight.copy_(torch.tensor([1.0, 2.0, 0.5, -1.0]))
            layer.bias.copy_(torch.tensor([0.0, 1.0, -1.0, 3.0]))
    return *layers, 3 * torch.randn(12, 4, generator=generator, dtype=dtype) + 5


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 2e-5)])
def test_a_halo_is_scaled_and_does_not_count(dtype, tolerance):
    reference, layer, h = both(dtype)
    first, second = h.clone().requires_grad_(), h.clone().requires_grad_()
    expected = reference(first[:8])
    found = layer(second, n_own=8)
    torch.testing.assert_close(found[:8], expected, rtol=tolerance, atol=tolerance)
    for name in ("running_mean", "running_var"):
        torch.testing.assert_close(getattr(layer, name), getattr(reference, name), rtol=1e-5, atol=1e-6)
    weights = torch.arange(32, dtype=dtype).reshape(8, 4)
    (expected * weights).sum().backward()
    (found[:8] * weights).sum().backward()
    torch.testing.assert_close(second.grad[:8], first.grad[:8], rtol=10 * tolerance, atol=10 * tolerance)
    torch.testing.assert_close(layer.weight.grad, reference.weight.grad, rtol=tolerance, atol=tolerance)
    # the halo's rows go by the same line as the own ones
    scale = (found[0] - found[1]) / (h[0] - h[1])
    torch.testing.assert_close(found[8] - found[0], scale * (h[8] - h[0]), rtol=1e-3, atol=1e-3)


def test_sums_over_processes_are_asked_for():
    """Two processes with the same rows are one with all rows twice."""
    reference, layer, h = both()
    expected = reference(torch.cat([h, h]))[:12]
    torch.testing.assert_close(layer(h, reduce=lambda values: 2 * values), expected)
    torch.testing.assert_close(layer.running_var, reference.running_var)


def test_in_evaluation_it_is_pytorchs():
    reference, layer, h = both()
    for one in (reference, layer):
        one(h)
        one.eval()
    assert torch.equal(layer(h, n_own=3), reference(h))
