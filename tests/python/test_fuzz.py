"""A few of the objects and files of the fuzzers; many: ``python -m tests.python.fuzz``."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spotscape._validate import InputError
from spotscape.domains import sharpening

from . import fuzz
from .fuzz_files import try_file

BUDGET = {"deadline": None, "derandomize": True, "suppress_health_check": list(HealthCheck)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz")


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(sharpening, "_N_FITS", 1)
    monkeypatch.setattr(sharpening, "_N_STARTS", 1)


@pytest.mark.filterwarnings("default")
@settings(max_examples=60, **BUDGET)
@given(seed=st.integers(0, 2**20))
def test_objects(folder, seed):
    outcome = fuzz.try_object(seed, folder)
    assert not outcome.fault, f"{outcome.manglings}: {outcome.fault}"


@pytest.mark.filterwarnings("default")
@settings(max_examples=40, **BUDGET)
@given(seed=st.integers(0, 2**20))
def test_files(folder, seed):
    outcome = try_file(seed, folder)
    assert not outcome.fault, f"{outcome.manglings}: {outcome.fault}"


def test_the_oracle_sees_what_is_wrong(folder):
    draft = fuzz.Draft(fuzz.tissue(0)[0].copy(), np.random.default_rng(0), folder, 0.9)
    fuzz.MANGLINGS["places: NaN"].change(draft)
    adata = draft.adata

    def verdict(expected, call):
        return fuzz.judge(expected, call, [adata], 0.9, "spotscape")

    def one_domain():
        adata.obsm["X_spotscape"] = adata.X.toarray()
        adata.obs["spotscape_domain"] = "1"
        return adata

    def fails():
        raise ZeroDivisionError

    def changes():
        adata.obs["mine"] = 1
        raise InputError("a: found b, expected c.")

    def says_little():
        raise InputError("no")

    assert verdict(fuzz.REFUSED, one_domain)[1].startswith("taken")
    assert "no warning" in verdict(fuzz.EITHER, one_domain)[1]
    assert verdict(fuzz.REFUSED, fails)[0] == "traceback"
    assert "changed" in verdict(fuzz.REFUSED, changes)[1]
    assert "does not say" in verdict(fuzz.REFUSED, says_little)[1]
