"""The figure of what domains are made of, on tables whose content is known."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from spotscape import pl
from spotscape._validate import InputError
from spotscape.annotation.composition import Composition


@pytest.fixture
def found():
    """Two domains and three types in two slices; the second slice lacks the second domain."""
    rows = [
        (name, domain, kind, share)
        for name, domain, shares in (
            ("s1", "1", (0.5, 0.3, 0.2)),
            ("s1", "2", (0.1, 0.2, 0.7)),
            ("s2", "1", (0.7, 0.1, 0.2)),
            ("s2", "2", (np.nan,) * 3),
        )
        for kind, share in zip(["glia", "B$1", "neuron"], shares, strict=True)
    ]
    composition = pd.DataFrame(rows, columns=["slice", "domain", "cell_type", "share"])
    enrichment = composition[:6].assign(
        log2_ratio=[2.0, -np.inf, 0, -1, 0, 1], p_adjusted=[1e-6, 0.04, 0.9, np.nan, 1, 1]
    )
    return Composition(composition, enrichment, None)


def test_bars_are_means_over_slices(found):
    left, _ = pl.domain_composition(found, ax=Figure().subplots(1, 2))
    heights = [[bar.get_height() for bar in bars] for bars in left.containers]
    np.testing.assert_allclose(heights, [[0.6, 0.1], [0.2, 0.2], [0.2, 0.7]])
    assert [text.get_text() for text in left.get_legend().get_texts()] == ["neuron", "B$1", "glia"]


def test_small_types_are_one_part(found):
    left, right = pl.domain_composition(found, n_types=2, ax=Figure().subplots(1, 2))
    assert [bars.get_label() for bars in left.containers] == ["glia", "neuron", "others"]
    np.testing.assert_allclose([bar.get_height() for bar in left.containers[2]], [0.2, 0.2])
    assert [text.get_text() for text in right.get_yticklabels()] == ["glia", "neuron"]


def test_dots_say_how_far_and_how_sure(found, tmp_path):
    _, right = pl.domain_composition(found, ax=Figure().subplots(1, 2))
    dots = right.collections[0]
    np.testing.assert_allclose(np.asarray(dots.get_array()), [2, -2, 0, -1, 0, 1])
    sizes = dots.get_sizes()
    assert sizes[0] > 2 * sizes[1] > 4 * sizes[2]
    assert sizes[3] == sizes[2 + 2]
    pl.domain_composition(found, save=tmp_path / "made.png")
    assert (tmp_path / "made.png").read_bytes().startswith(b"\x89PNG")


def test_bad_input(found):
    with pytest.raises(InputError, match=r"found: found DataFrame.*domain_composition"):
        pl.domain_composition(found.composition)
    with pytest.raises(InputError, match="n_types"):
        pl.domain_composition(found, n_types=0)
    with pytest.raises(InputError, match="save"):
        pl.domain_composition(found, save="made.doc")
