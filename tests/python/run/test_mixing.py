"""The figures about a correction, on embeddings whose answer is known."""

import numpy as np
import pandas as pd
import pytest

from spotscape.run.mixing import assess, remarks


def embedding(apart):
    """Two domains, three unequal slices; slices lie ``apart`` along an axis of their own."""
    rng = np.random.default_rng(0)
    slices = np.repeat([0, 1, 2], [200, 120, 80])
    labels = np.tile([0, 1], 200)
    rows = np.eye(6)[labels] * 10 + apart * np.eye(6)[slices + 2] + rng.normal(scale=0.5, size=(400, 6))
    return rows, pd.Categorical.from_codes(slices, ["a", "b", "c"]), labels


def test_mixed_slices():
    found = assess(*embedding(0.0), seed=0)
    assert found.mixing == pytest.approx(1.0, abs=0.06)
    assert found.silhouette_domain > 0.5
    assert abs(found.silhouette_slice) < 0.05
    assert remarks(found, correction=1.0) == []


def test_slices_apart():
    rows, slices, _ = embedding(50.0)
    found = assess(rows, slices, np.asarray(slices.codes), seed=0)
    assert found.mixing == 0
    assert found.mixing_per_slice.tolist() == [0, 0, 0]
    assert found.single_slice_domains == ["1", "2", "3"]
    first, second = remarks(found, correction=0.5)
    assert "hardly mix: 0.00" in first
    assert "domain 1, 2, 3" in second


def test_mixed_and_blurred():
    rows, slices, labels = embedding(0.0)
    rng = np.random.default_rng(1)
    found = assess(rng.normal(size=rows.shape), slices, labels, seed=0)
    (text,) = remarks(found, correction=3.0)
    assert "lower correction (it was 3)" in text
