"""Sparse products: CSR, and what stands for it on devices without."""

import pytest
import torch
from scipy import sparse as scipy_sparse

from spotscape.core import sparse
from spotscape.core.sparse import ScatteredMatrix, csr_tensor, sparse_product, to_device


def both(monkeypatch, dtype):
    """A matrix and its transpose as CSR, as what stands for it, and dense; one row is empty."""
    made = scipy_sparse.random(9, 7, 0.4, format="lil", random_state=0)
    made[3] = 0
    found = []
    for without in ((), ("cpu",)):
        monkeypatch.setattr(sparse, "_WITHOUT_CSR", without)
        found.append(
            [
                csr_tensor(
                    torch.from_numpy(one.indptr).long(),
                    torch.from_numpy(one.indices).long(),
                    torch.from_numpy(one.data).to(dtype),
                    one.shape,
                )
                for one in (made.tocsr(), made.T.tocsr())
            ]
        )
    return *found, torch.from_numpy(made.toarray()).to(dtype)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_value_and_gradient_are_those_of_the_dense_product(monkeypatch, dtype):
    csr, scattered, dense = both(monkeypatch, dtype)
    assert isinstance(scattered[0], ScatteredMatrix)
    a = torch.randn(7, 4, generator=torch.Generator().manual_seed(0), dtype=dtype)
    weights = torch.arange(36, dtype=dtype).reshape(9, 4)
    expected = a.clone().requires_grad_()
    (dense @ expected * weights).sum().backward()
    for matrix, transposed in (csr, scattered):
        found = a.clone().requires_grad_()
        product = sparse_product(matrix, transposed, found)
        torch.testing.assert_close(product, dense @ a)
        (product * weights).sum().backward()
        torch.testing.assert_close(found.grad, expected.grad)


def test_a_matrix_takes_the_form_of_its_device(monkeypatch):
    csr, scattered, dense = both(monkeypatch, torch.float32)
    monkeypatch.setattr(sparse, "_WITHOUT_CSR", ())
    there = to_device(scattered[0], "cpu")
    assert isinstance(there, torch.Tensor)
    torch.testing.assert_close(there.to_dense(), dense)
    monkeypatch.setattr(sparse, "_WITHOUT_CSR", ("cpu",))
    back = to_device(csr[0], "cpu")
    assert isinstance(back, ScatteredMatrix)
    assert (back.shape, back.dtype, back.device.type) == ((9, 7), torch.float32, "cpu")
    torch.testing.assert_close(back @ torch.eye(7), dense)


def test_the_product_is_in_the_precision_of_the_matrix(monkeypatch):
    csr, _, dense = both(monkeypatch, torch.float32)
    a = torch.randn(7, 4, generator=torch.Generator().manual_seed(0)).to(torch.bfloat16)
    product = sparse_product(*csr, a)
    assert product.dtype == torch.float32
    torch.testing.assert_close(product, dense @ a.float())
