"""Counts that are not whole: refused, or taken where the setting says so, with a warning and a record."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy import sparse

from spotscape import Spotscape, datasets, io, metrics, pp, tl
from spotscape._validate import InputError, SpotscapeWarning
from spotscape.cli import main
from spotscape.config import SpotscapeConfig

TAKEN = {"fractional_counts": True}


@pytest.fixture
def adata():
    """Counts of which a part was taken for contamination: not whole, and none negative."""
    found = datasets.simulate_slice(n_spots=300, n_genes=80, n_domains=3, seed=0)
    found.X = sparse.csr_matrix(found.X, dtype=np.float32) * np.float32(0.93)
    return found


def test_refused_and_the_way_on(adata):
    with pytest.raises(InputError, match=r"not whole numbers.*by the setting fractional_counts"):
        tl.run_spotscape(adata, n_domains=3, progress=False)


def test_taken_with_a_warning_and_a_record(adata):
    with pytest.warns(SpotscapeWarning, match="wrong for values that were logged") as caught:
        tl.run_spotscape(adata, n_domains=3, config=TAKEN, progress=False)
    assert sum("fractional_counts" in str(one.message) for one in caught) == 1
    record = adata.uns["spotscape"]
    assert record["params"]["fractional_counts"] is True
    assert record["counts"]["whole"] is False
    assert any("fractional_counts" in text for text in record["warnings"])
    whole = adata.copy()
    whole.X = sparse.csr_matrix(np.round(adata.X.toarray() / 0.93))
    tl.run_spotscape(whole, n_domains=3, progress=False)
    labels = [one.obs["spotscape_domain"] for one in (adata, whole)]
    assert metrics.adjusted_rand_index(*labels) > 0.95  # scaling by one number changes nothing but rounding


def test_whole_counts_are_preferred_and_nothing_is_said(adata):
    adata.layers["counts"] = adata.X.copy()
    adata.layers["other"] = np.round(adata.X.toarray() / 0.93)
    with warnings.catch_warnings():
        warnings.simplefilter("error", SpotscapeWarning)
        tl.run_spotscape(adata, n_domains=3, config=TAKEN, progress=False)
    assert adata.uns["spotscape"]["counts"]["place"] == "layers['other']"
    assert "whole" not in adata.uns["spotscape"]["counts"]


@pytest.mark.parametrize("value", [-0.5, np.nan, np.inf])
def test_what_is_no_count_at_all_is_still_refused(adata, value):
    adata.X.data[5] = value
    with pytest.raises(InputError, match=r"negative|NaN|infinite"):
        tl.run_spotscape(adata, n_domains=3, config=TAKEN, progress=False)


@pytest.mark.filterwarnings("ignore:fractional_counts")
def test_what_follows_goes_by_the_record(adata, tmp_path):
    tl.run_spotscape(adata, n_domains=3, config=TAKEN, progress=False)
    tl.impute(adata, genes=adata.var_names[:2])
    assert pp.find_counts(adata).source == "X"
    io.write(adata, tmp_path / "a.h5ad")
    assert pp.find_counts(io.read(tmp_path / "a.h5ad")).source == "X"
    with pytest.raises(InputError, match="not whole"):  # another run is told anew
        tl.run_spotscape(adata, n_domains=3, progress=False)


@pytest.mark.filterwarnings("ignore::spotscape._validate.SpotscapeWarning")
def test_several_slices_and_a_model(adata):
    other = adata.copy()
    other.X = other.X * np.float32(1.1)
    with pytest.raises(InputError, match="not whole"):
        tl.integrate_slices([adata, other], n_domains=3, progress=False)
    both = tl.integrate_slices([adata, other], n_domains=3, config=TAKEN, progress=False)
    assert both.uns["spotscape"]["counts"]["whole"] is False
    model = Spotscape(TAKEN).fit(adata, n_domains=3, progress=False)
    del other.uns
    model.transform(other)
    assert other.obs["spotscape_domain"].nunique() == 3


def test_shell(adata, tmp_path, capsys):
    io.write(adata, tmp_path / "a.h5ad")
    codes = []
    for more in ([], ["--set", "fractional_counts=true"]):
        with pytest.raises(SystemExit) as ended:
            main(["run", str(tmp_path / "a.h5ad"), "-o", str(tmp_path / "b.h5ad"), "-k", "3", *more])
        codes.append((ended.value.code, "fractional_counts" in capsys.readouterr().err))
    assert codes == [(2, True), (0, True)]
    assert io.read(tmp_path / "b.h5ad").uns["spotscape"]["params"]["fractional_counts"]


def test_the_setting_is_yes_or_no():
    with pytest.raises(InputError, match="fractional_counts"):
        SpotscapeConfig(fractional_counts="yes")
