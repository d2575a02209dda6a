"""The three forms of X give the same products, values and gradients."""

import pytest
import torch

from spotscape.core.expression import CenteredExpression, DenseExpression, LowRankExpression, SparseExpression


@pytest.fixture(params=[torch.float64, torch.float32], ids=["float64", "float32"])
def forms(request):
    """Dense X of rank 3 with an empty row and an empty column, and the other forms of it."""
    generator = torch.Generator().manual_seed(0)
    left = torch.rand(9, 3, generator=generator, dtype=request.param)
    right = torch.rand(3, 5, generator=generator, dtype=request.param)
    left[4] = 0
    right[:, 2] = 0
    x = left @ right
    csr = x.to_sparse_csr()
    sparse = SparseExpression.from_csr(csr.crow_indices(), csr.col_indices(), csr.values(), (9, 5))
    return {"dense": DenseExpression(x), "sparse": sparse, "low rank": LowRankExpression(left, right)}


@pytest.mark.parametrize("form", ["dense", "sparse", "low rank"])
@pytest.mark.parametrize("product", ["matmul", "t_matmul"])
def test_products_and_their_gradients(forms, form, product):
    x = forms["dense"].x
    matrix = x if product == "matmul" else x.T
    generator = torch.Generator().manual_seed(1)
    a = torch.rand(matrix.shape[1], 4, generator=generator, dtype=x.dtype, requires_grad=True)
    upstream = torch.rand(matrix.shape[0], 4, generator=generator, dtype=x.dtype)
    result = getattr(forms[form], product)(a)
    torch.testing.assert_close(result, matrix @ a)
    (gradient,) = torch.autograd.grad(result, a, upstream)
    torch.testing.assert_close(gradient, matrix.T @ upstream)


@pytest.mark.parametrize("form", ["dense", "sparse", "low rank"])
def test_sums(forms, form):
    x = forms["dense"].x
    expression = forms[form]
    assert expression.shape == (9, 5)
    torch.testing.assert_close(expression.squared_norm(), x.square().sum())
    torch.testing.assert_close(expression.column_sums(), x.sum(0))


@pytest.mark.parametrize("form", ["dense", "sparse", "low rank"])
def test_centered_is_the_base_minus_a_row_per_slice(forms, form):
    x = forms["dense"].x
    slices = torch.tensor([0, 0, 2, 1, 1, 1, 0, 2, 2])
    means = torch.rand(3, 5, generator=torch.Generator().manual_seed(4), dtype=x.dtype)
    centered, expected = CenteredExpression(forms[form], means, slices), x - means[slices]
    assert centered.shape == (9, 5)
    a = torch.rand(5, 2, dtype=x.dtype, requires_grad=True)
    b = torch.rand(9, 2, dtype=x.dtype, requires_grad=True)
    for result, matrix, argument in (
        (centered.matmul(a), expected, a),
        (centered.t_matmul(b), expected.T, b),
    ):
        torch.testing.assert_close(result, matrix @ argument)
        upstream = torch.rand_like(result)
        (gradient,) = torch.autograd.grad(result, argument, upstream)
        torch.testing.assert_close(gradient, matrix.T @ upstream)
    torch.testing.assert_close(centered.squared_norm(), expected.square().sum())
    torch.testing.assert_close(centered.column_sums(), expected.sum(0))


def test_sparse_product_passes_gradcheck(forms):
    sparse = forms["sparse"]
    if sparse.x.dtype is not torch.float64:
        return
    a = torch.rand(5, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(sparse.matmul, (a,))
