import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.metrics import silhouette_samples

from spotscape._validate import InputError
from spotscape.metrics import silhouette
from spotscape.pl import _summary
from spotscape.pl._summary import Silhouettes, domain_table, silhouettes, top_genes

COLORS = ["#111111", "#222222", "#333333"]


@pytest.fixture
def labels(run):
    return pd.Categorical(run.obs["spotscape_domain"])


def test_silhouettes_are_those_of_the_metric_and_of_scikit_learn(run, labels):
    latent = run.obsm["X_spotscape"]
    widths = silhouettes(latent, labels)
    assert widths.overall == pytest.approx(silhouette(latent, labels), abs=1e-5)
    reference = silhouette_samples(latent, labels.codes)
    assert widths.by_domain["2"] == pytest.approx(reference[labels.codes == 1].mean())
    assert widths.n_spots == run.n_obs


def test_silhouettes_leave_out_spots_without_a_label(run, labels):
    labels[:10] = np.nan
    widths = silhouettes(run.obsm["X_spotscape"], labels)
    assert widths.n_spots == run.n_obs - 10
    assert set(widths.by_domain) == {"1", "2", "3"}


def test_silhouettes_of_many_spots_are_from_a_sample(run, labels, monkeypatch):
    exact = silhouettes(run.obsm["X_spotscape"], labels).overall
    monkeypatch.setattr(_summary, "SILHOUETTE_SPOTS", 60)
    widths = silhouettes(run.obsm["X_spotscape"], labels)
    assert widths.n_spots == 60
    assert widths.overall == pytest.approx(exact, abs=0.1)


@pytest.mark.parametrize("codes", [[0, 0, 0], [0, 1, 2]], ids=["one domain", "as many domains as spots"])
def test_silhouettes_are_undefined_for_one_domain_and_for_lone_spots(codes):
    widths = silhouettes(np.eye(3), pd.Categorical.from_codes(codes, ["a", "b", "c"]))
    assert widths.overall is None
    assert widths.by_domain == {}


def test_domain_table_by_hand(run, labels):
    rows = domain_table(
        labels, COLORS, Silhouettes(0.5, {"1": 0.25}, 144), run.obsp["spatial_connectivities"]
    )
    assert [(row.name, row.color, row.n_spots) for row in rows] == list(
        zip("123", COLORS, [48] * 3, strict=True)
    )
    assert rows[0].share == pytest.approx(1 / 3)
    assert rows[0].silhouette == 0.25
    assert rows[1].silhouette is None
    # The outer stripes have one border, the middle one two.
    assert 0.8 < rows[1].share_inside < rows[0].share_inside < 1


def test_domain_table_counts_unlabelled_spots_in_the_whole_and_skips_empty_domains():
    labels = pd.Categorical(["a", "a", "c", None], categories=["a", "b", "c"])
    rows = domain_table(labels, COLORS, Silhouettes(None, {}, 3), None)
    assert [(row.name, row.color, row.share, row.share_inside) for row in rows] == [
        ("a", "#111111", 0.5, None),
        ("c", "#333333", 0.25, None),
    ]


def test_each_stripe_has_its_marker_on_top(run, labels):
    before = run.X.copy()
    genes = top_genes(run, labels, run.uns["spotscape"]["params"])
    assert [genes[name][0].name for name in "123"] == ["gene0", "gene1", "gene2"]
    top = genes["1"][0]
    assert 3 < top.fold_change < 8
    assert top.share_in == 1.0
    assert top.p_adjusted < 1e-10
    assert all(gene.fold_change > 1 and gene.p_adjusted < 0.05 for found in genes.values() for gene in found)
    assert (run.X != before).nnz == 0
    assert "rank_genes_groups" not in run.uns
    assert "log1p" not in run.uns


def test_a_domain_of_one_spot_is_not_tested_and_the_others_are(run):
    labels = pd.Categorical(["lone", *run.obs["spotscape_domain"][1:]])
    genes = top_genes(run, labels, {})
    assert set(genes) == {"1", "2", "3"}


def test_one_domain_has_no_top_genes(run):
    assert top_genes(run, pd.Categorical(["1"] * run.n_obs), {}) == {}


def test_top_genes_are_from_the_counts_of_the_run(run, labels):
    other = run.X.toarray()
    other[:, :3] = 1
    run.layers["other"] = csr_matrix(other)
    genes = top_genes(run, labels, {"expression_source": "layers['other']"})
    assert "gene0" not in [gene.name for gene in genes["1"]]


def test_without_counts_the_error_says_so(run, labels):
    run.X = run.X * 0.5
    with pytest.raises(InputError, match="counts"):
        top_genes(run, labels, {})
