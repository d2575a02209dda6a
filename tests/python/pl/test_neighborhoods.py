"""The heat map of contacts, on tables whose content is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from matplotlib.figure import Figure

from spotscape import pl
from spotscape._validate import InputError
from spotscape.annotation.neighborhoods import Neighborhoods

NAMES = ["a", "b$", "c"]
ZSCORE = np.array([[40.0, -3.0, np.nan], [-3.0, 30.0, 8.0], [np.nan, 8.0, -20.0]])


@pytest.fixture
def found():
    first, second = np.triu_indices(3)
    pairs = pd.DataFrame({"first": np.take(NAMES, first), "second": np.take(NAMES, second)})
    pairs["log2_odds"] = [5.0, -1.0, np.nan, 4.0, 0.5, -0.01]
    differences = pd.concat(
        [
            pairs.assign(condition=name, reference="control", difference=sign * np.arange(6.0), p_adjusted=p)
            for name, sign, p in (("case", 1, [1, 0.01, 1, 1, 1, 0.04]), ("late", -1, np.nan))
        ]
    )
    tables = (pd.DataFrame(values, NAMES, NAMES) for values in (ZSCORE, np.arange(9).reshape(3, 3)))
    return Neighborhoods(*tables, pairs, None, differences)


@pytest.fixture
def adata(found):
    adata = AnnData(np.ones((4, 1), dtype="float32"), obs=pd.DataFrame({"type": [*NAMES, "a"]}, list("wxyz")))
    adata.uns["type_nhood_enrichment"] = {"zscore": ZSCORE, "count": found.count.to_numpy()}
    return adata


def drawn(*arguments, **named):
    """Return the colours' numbers, the ends of their scale, what is written, and the title."""
    ax = pl.domain_neighborhoods(*arguments, ax=Figure().add_subplot(), **named)
    image = ax.images[0]
    texts = {text.get_position()[::-1]: text.get_text() for text in ax.texts}
    assert [label.get_text() for label in ax.get_yticklabels()] == NAMES
    assert not any(label.get_parse_math() for label in [*ax.get_xticklabels(), *ax.texts])
    return image.get_array().filled(np.nan), image.get_clim(), texts, ax.get_title()


def test_the_scale_ends_off_the_diagonal(found, adata):
    for source, named in ((found, {}), (adata, {"key": "type"})):
        values, limits, texts, title = drawn(source, **named)
        np.testing.assert_array_equal(values, ZSCORE)
        assert (limits, title) == ((-8.0, 8.0), "z-score")
        assert texts == {
            **{(0, 0): "40", (0, 1): "-3", (1, 0): "-3", (1, 1): "30"},
            **{(1, 2): "8", (2, 1): "8", (2, 2): "-20"},
        }


def test_counts_start_at_zero(found, adata):
    for source, named in ((found, {}), (adata, {"key": "type"})):
        values, limits, _, title = drawn(source, value="count", **named)
        np.testing.assert_array_equal(values, np.arange(9).reshape(3, 3))
        assert (limits, title) == ((0.0, 7.0), "edges")


def test_pairs_are_drawn_on_both_sides(found):
    values, limits, texts, _ = drawn(found, value="log2_odds")
    np.testing.assert_array_equal(values, [[5, -1, np.nan], [-1, 4, 0.5], [np.nan, 0.5, -0.01]])
    assert limits == (-1.0, 1.0)
    assert texts[2, 2] == "0.0"


def test_differences_have_stars_where_they_are_some(found):
    values, _, texts, title = drawn(found, value="difference")
    np.testing.assert_array_equal(values, [[0, 1, 2], [1, 3, 4], [2, 4, 5]])
    assert {place for place, text in texts.items() if "*" in text} == {(0, 1), (1, 0), (2, 2)}
    assert title == "log2 odds, case less control"
    values, _, texts, title = drawn(found, value="difference", condition="late")
    assert values[2, 2] == -5
    assert not any("*" in text for text in texts.values())


def test_it_is_saved(found, tmp_path):
    pl.domain_neighborhoods(found, save=tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 1000


@pytest.mark.parametrize(
    ("source", "arguments", "message"),
    [
        ("found", {"value": "p_value"}, "value: found 'p_value'"),
        ("found", {"value": "difference", "condition": "x"}, "condition: found 'x'"),
        ("none", {"value": "difference"}, "where no conditions were compared"),
        ("adata", {}, r"adata.uns\['spotscape_domain_nhood_enrichment'\]: found nothing"),
        ("adata", {"key": "type", "value": "log2_odds"}, "'log2_odds' for an object"),
        ("fewer", {"key": "type"}, "contacts of 3 names, expected those of 2 categories"),
        ("text", {}, "adata: found 'a'"),
        ("found", {"save": "figure.abc"}, "save"),
    ],
)
def test_bad_input_is_refused(found, adata, source, arguments, message):
    sources = {"found": found, "adata": adata, "text": "a", "none": found._replace(differences=None)}
    sources["fewer"] = adata[:2].copy()
    with pytest.raises(InputError, match=message):
        pl.domain_neighborhoods(sources[source], **arguments)
