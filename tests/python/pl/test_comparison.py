"""The figure of two conditions, on tables whose content is known."""

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from matplotlib.figure import Figure

from spotscape import pl
from spotscape._validate import InputError

DOMAINS = ["1", "2", "lesion"]


@pytest.fixture
def compared():
    """Three slices a condition; the third domain is the case's only, gene g1 changes in the first."""
    shares = pd.DataFrame(
        [
            (f"{condition}{number}", condition, domain, 10, share)
            for condition, row in (("control", (0.6, 0.4, 0.0)), ("case", (0.4, 0.4, 0.2)))
            for number in range(3)
            for domain, share in zip(DOMAINS, row, strict=True)
        ],
        columns=["slice", "condition", "domain", "n_spots", "share"],
    )
    pair = {"condition": "case", "reference": "control"}
    composition = pd.DataFrame({"domain": DOMAINS, **pair, "p_adjusted": [0.2, np.nan, 0.001]})
    genes = pd.DataFrame(
        [("1", "g1", 2.0, 1e-6), ("1", "g$2", -0.5, 0.3), ("2", "g1", 0.1, 0.9), ("2", "g$2", 0.2, 0.8)],
        columns=["domain", "gene", "log2_fold_change", "p_adjusted"],
    ).assign(**pair)
    adata = AnnData(np.ones((2, 2), dtype="float32"))
    adata.uns["spotscape_comparison"] = {"composition": composition, "genes": genes, "shares": shares}
    return adata


def two_axes():
    return Figure().subplots(1, 2)


def test_shares_are_drawn_by_slice_with_a_star_where_they_differ(compared):
    left, _ = pl.domain_comparison(compared, ax=two_axes())
    stars = [text for text in left.texts if text.get_text() == "*"]
    assert [text.get_position()[0] for text in stars] == [2]
    points = [
        collection.get_offsets() for collection in left.collections if len(collection.get_offsets()) == 3
    ]
    drawn = sorted(round(float(values[0, 1]), 6) for values in points)
    assert drawn == [0.0, 0.2, 0.4, 0.4, 0.4, 0.6]
    assert [text.get_text() for text in left.get_legend().get_texts()] == ["control", "case"]


def test_genes_are_drawn_by_change_and_strength(compared):
    _, right = pl.domain_comparison(compared, n_genes=1, ax=two_axes())
    assert [text.get_text() for text in right.get_yticklabels()] == ["g1"]
    dots = right.collections[0]
    np.testing.assert_allclose(np.asarray(dots.get_array()), [2.0, 0.1])
    assert dots.get_sizes()[0] > 5 * dots.get_sizes()[1]
    assert dots.get_clim() == (-2.0, 2.0)


def test_a_comparison_without_genes_says_so(compared, tmp_path):
    tables = compared.uns["spotscape_comparison"]
    tables["genes"] = tables["genes"].iloc[:0]
    _, right = pl.domain_comparison(compared, save=tmp_path / "figure.png")
    assert right.texts[0].get_text() == "no genes were compared"
    assert (tmp_path / "figure.png").stat().st_size > 1000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"condition": "other"}, "condition: found 'other'"),
        ({"n_genes": 0}, "n_genes"),
        ({"key_added": "missing"}, "compare_domains"),
        ({"ax": Figure().subplots()}, "2, one for each panel"),
        ({"save": "figure.abc"}, "save"),
    ],
)
def test_bad_input_is_refused(compared, arguments, message):
    with pytest.raises(InputError, match=message):
        pl.domain_comparison(compared, **arguments)
