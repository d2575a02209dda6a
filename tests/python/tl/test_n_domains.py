"""``suggest_n_domains``: stability over halves of the molecules, and a curve that is made once."""

import numpy as np
import pytest
from scipy import sparse

from spotscape import tl
from spotscape._validate import InputError
from spotscape.annotation.thinning import halves
from spotscape.config import SpotscapeConfig
from spotscape.datasets import simulate_slice
from spotscape.domains import number
from spotscape.metrics import adjusted_rand_index


def run(adata, **settings):
    tl.run_spotscape(adata, n_domains=3, config=SpotscapeConfig(n_starts=2, **settings), progress=False)


@pytest.fixture(scope="module")
def made():
    adata = simulate_slice(n_spots=200, n_genes=80, n_domains=3, seed=1)
    run(adata)
    return adata


@pytest.fixture
def after_run(made):
    return made.copy()


def test_stability_is_the_agreement_of_runs_on_two_halves(after_run):
    suggested = tl.suggest_n_domains(after_run, candidates=[3, 6], stability=True, seed=4)
    curve = after_run.uns["spotscape"]["n_domains"]
    assert suggested == curve["suggested"]

    found = []
    for half in halves(sparse.csr_matrix(after_run.X), seed=4):
        one = after_run.copy()
        one.X = half
        run(one, target_sum=after_run.uns["spotscape"]["params"]["target_sum"] / 2)
        tl.spatial_domains(one, n_domains=6, n_starts=2)
        found.append(one.obs["spotscape_domain"])
    assert curve["stability"].shape == (2,)
    assert curve["stability"][1] == pytest.approx(adjusted_rand_index(*found))
    assert curve["stability"][0] > 0.8 > curve["stability"][1]  # three layers are there


def test_a_curve_of_the_same_embedding_is_not_made_again(after_run, monkeypatch):
    first = tl.suggest_n_domains(after_run, candidates=[2, 3, 4])
    before = dict(after_run.uns["spotscape"]["n_domains"])
    after_run.uns["spotscape"]["n_domains"]["stability"] = np.array([1.0, 0.9, 0.8])

    def refused(*_, **__):
        raise AssertionError("fitted again")

    monkeypatch.setattr(number, "fit_mixture", refused)
    assert tl.suggest_n_domains(after_run, candidates=[2, 3, 4]) == first
    curve = after_run.uns["spotscape"]["n_domains"]
    for name in ("candidates", "log_likelihood", "by_data", "weights"):
        np.testing.assert_array_equal(curve[name], before[name])
    assert curve["stability"].tolist() == [1.0, 0.9, 0.8]
    for changed in ({"candidates": [2, 3]}, {"candidates": [2, 3, 4], "seed": 1}):
        with pytest.raises(AssertionError, match="fitted again"):
            tl.suggest_n_domains(after_run, **changed)
    after_run.obsm["X_spotscape"][0, 0] += 1
    with pytest.raises(AssertionError, match="fitted again"):
        tl.suggest_n_domains(after_run, candidates=[2, 3, 4])


def test_domains_of_a_number_to_be_suggested_take_the_curve_that_is_there(embedded, monkeypatch):
    tl.spatial_domains(embedded)
    before = embedded.obs["spotscape_domain"].copy()
    monkeypatch.setattr(number, "kmeans_starts", None)
    tl.spatial_domains(embedded)
    assert (embedded.obs["spotscape_domain"] == before).all()


def test_stability_asks_for_a_run_and_whole_counts(embedded, after_run):
    with pytest.raises(InputError, match="no settings of a run"):
        tl.suggest_n_domains(embedded, stability=True)
    assert "spotscape" not in embedded.uns
    after_run.X = after_run.X * 0.5
    with pytest.raises(InputError, match="counts"):
        tl.suggest_n_domains(after_run, stability=True)
    with pytest.raises(InputError, match="stability"):
        tl.suggest_n_domains(after_run, stability="yes")
    assert "n_domains" not in after_run.uns["spotscape"]
