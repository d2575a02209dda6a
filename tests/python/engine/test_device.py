"""Names of devices."""

import re

import numpy as np
import pytest
import torch
from scipy import sparse

from spotscape._validate import InputError, SpotscapeWarning
from spotscape.engine.device import memory_used, put, resolve_device, where_it_fits


def test_auto_is_a_gpu_only_where_there_is_one():
    assert resolve_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert resolve_device("cpu").type == "cpu"


@pytest.mark.parametrize("name", ["gpu", "meta", "", 3])
def test_other_names_are_refused(name):
    with pytest.raises(InputError, match=r"^device: found"):
        resolve_device(name)


def test_a_gpu_that_is_not_there(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match="0 GPUs"):
        resolve_device("cuda")


def test_each_process_has_a_gpu_of_its_own_or_none_has(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    for n_processes, auto in ((1, "cuda"), (2, "cuda"), (3, "cpu")):
        monkeypatch.setenv("WORLD_SIZE", "6")  # on several machines
        monkeypatch.setenv("LOCAL_WORLD_SIZE", str(n_processes))
        assert resolve_device("auto").type == auto
    with pytest.raises(InputError, match=r"'cuda' for 3 processes where PyTorch sees 2 GPUs"):
        resolve_device("cuda")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    assert resolve_device("cuda").type == "cuda"


def test_apples_gpu_where_there_is_one(monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(InputError, match="no GPU of Apple's"):
        resolve_device("mps")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert resolve_device("mps").type == "mps"


@pytest.mark.parametrize("index", ["int32", "int64"])
def test_arrays_and_sparse_matrices_are_put_on_a_device(index):
    there = torch.device("cpu")
    matrix = sparse.random(20, 20, 0.2, format="csr", random_state=0)
    matrix.indptr, matrix.indices = matrix.indptr.astype(index), matrix.indices.astype(index)
    values = np.random.default_rng(0).normal(size=(20, 3))
    product = put(matrix, there) @ put(values, there)
    assert isinstance(product, torch.Tensor)
    np.testing.assert_allclose(product.numpy(), matrix @ values, atol=1e-12)
    assert put(matrix, None) is matrix
    assert put(values, None) is values


@pytest.mark.parametrize(("name", "goes_there"), [("cpu", False), ("mps", False), ("cuda:1", True)])
def test_large_arrays_go_to_gpus_of_nvidia_alone(name, goes_there):
    chosen = torch.device(name)
    found, ran_on = where_it_fits(lambda there: there, chosen, "it")
    assert (found, ran_on) == ((chosen, name) if goes_there else (None, "cpu"))


@pytest.mark.parametrize("full", [torch.cuda.OutOfMemoryError, MemoryError])
def test_a_full_device_leaves_the_work_to_the_cpu(full):
    def work(there):
        if there is not None:
            raise full("out of memory")
        return "done"

    with pytest.warns(SpotscapeWarning, match="device: cuda:0 has too little memory for it. The CPU does it"):
        assert where_it_fits(work, torch.device("cuda:0"), "it") == ("done", "cpu")


def test_other_errors_of_a_device_are_raised():
    def work(there):
        raise RuntimeError("CUDA error: illegal instruction")

    with pytest.raises(RuntimeError, match="illegal instruction"):
        where_it_fits(work, torch.device("cuda:0"), "it")


def test_memory_in_use_is_text():
    assert re.fullmatch(r"\d+\.\d GB", memory_used("cpu"))
