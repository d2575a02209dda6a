"""Names of devices."""

import re

import pytest
import torch

from spotscape._validate import InputError
from spotscape.engine.device import memory_used, resolve_device


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


def test_memory_in_use_is_text():
    assert re.fullmatch(r"\d+\.\d GB", memory_used("cpu"))
