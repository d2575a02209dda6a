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


def test_apples_gpu_where_there_is_one(monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(InputError, match="no GPU of Apple's"):
        resolve_device("mps")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert resolve_device("mps").type == "mps"


def test_memory_in_use_is_text():
    assert re.fullmatch(r"\d+\.\d GB", memory_used("cpu"))
