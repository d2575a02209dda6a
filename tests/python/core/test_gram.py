"""The Gram matrix and its gradient."""

import torch

from spotscape.core.gram import gram


def test_value_and_gradient():
    h = torch.rand(7, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).requires_grad_()
    torch.testing.assert_close(gram(h), h.T @ h)
    assert torch.autograd.gradcheck(gram, (h,))
