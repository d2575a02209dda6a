"""Imputation: the decoder as a slow reference has it, neighbours, scales, and what is refused."""

import numpy as np
import pandas as pd
import pytest
import torch

from spotscape import datasets, io, pp
from spotscape._validate import InputError
from spotscape.tl import impute, integrate_slices, run_spotscape

QUICK = {
    "epochs": 200,
    "learning_rate": 0.01,
    "hidden_dim": 32,
    "latent_dim": 16,
    "n_starts": 2,
    "n_top_genes": 50,
}


@pytest.fixture(scope="module")
def trained():
    """After a run of the published encoder, whose decoder is used."""
    adata = datasets.simulate_slice(n_spots=250, n_genes=80, n_domains=3, seed=1)
    run_spotscape(adata, n_domains=3, config={**QUICK, "encoder": "gcn"}, progress=False)
    return adata


@pytest.fixture(scope="module")
def with_components():
    """After a run by the defaults, as far as one slice's go."""
    adata = datasets.simulate_slice(n_spots=250, n_genes=80, n_domains=3, seed=1)
    run_spotscape(adata, n_domains=3, config={"n_starts": 2, "n_top_genes": 50}, progress=False)
    return adata


def decoded(adata, embedding=None):
    """X̂ by hand, from the stored arrays: linear, batch norm with running figures, ReLU, linear."""
    w = {
        name: np.asarray(value, dtype=np.float64)
        for name, value in adata.uns["spotscape_model"]["weights"].items()
    }
    z = adata.obsm["X_spotscape"] if embedding is None else embedding
    h = z @ w["decoder_hidden.weight"].T + w["decoder_hidden.bias"]
    h = (h - w["decoder_norm.running_mean"]) / np.sqrt(w["decoder_norm.running_var"] + 1e-5)
    h = np.maximum(h * w["decoder_norm.weight"] + w["decoder_norm.bias"], 0)
    values = h @ w["decoder_output.weight"].T + w["decoder_output.bias"]
    return pd.DataFrame(np.maximum(values, 0), adata.obs_names, adata.uns["spotscape_model"]["genes"])


def test_trained_genes_are_what_the_decoder_gives(trained):
    adata = trained.copy()
    genes = list(adata.var_names[adata.var["spotscape_genes"]][[3, 0, 7]])
    impute(adata, genes=genes, n_neighbors=1)
    found = adata.obsm["spotscape_imputed"]
    assert list(found) == genes
    assert found.dtypes.unique() == ["float32"]
    np.testing.assert_allclose(found, decoded(adata)[genes], rtol=1e-4, atol=1e-5)


def test_a_neighbourhood_is_decoded_at_its_mean(trained):
    adata = trained.copy()
    genes = list(adata.var_names[adata.var["spotscape_genes"]][:4])
    impute(adata, genes=genes, n_neighbors=6)
    z = adata.obsm["X_spotscape"].astype(np.float64)
    near = np.argsort(np.square(z[:, None] - z[None]).sum(axis=2), axis=1)[:, :6]
    expected = decoded(adata, z[near].mean(axis=1))[genes]
    np.testing.assert_allclose(adata.obsm["spotscape_imputed"], expected, rtol=1e-3, atol=1e-4)


def test_blocks_give_the_whole(trained, monkeypatch):
    whole, parts = (impute(trained, copy=True) for _ in range(2))
    monkeypatch.setattr("spotscape.tl._impute._BLOCK", 700)
    parts = impute(trained, copy=True)
    a, b = (one.layers["spotscape_imputed"] for one in (whole, parts))
    assert a.shape == trained.shape
    assert a.dtype == np.float32
    assert (a >= 0).all()
    np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def assert_means_over_neighbors(adata, gene):
    impute(adata, genes=gene, n_neighbors=7)
    z = adata.obsm["X_spotscape"].astype(np.float64)
    values = pp.normalized_expression(adata, genes=[gene]).toarray().ravel()
    for spot in (0, 31, 200):
        near = np.argsort(np.square(z - z[spot]).sum(axis=1))[:7]
        assert adata.obsm["spotscape_imputed"][gene].iloc[spot] == pytest.approx(
            values[near].mean(), rel=1e-4
        )


def test_other_genes_are_means_over_neighbours(trained):
    assert_means_over_neighbors(trained.copy(), trained.var_names[~trained.var["spotscape_genes"]][0])


@pytest.mark.parametrize("trained_on", [True, False])
def test_all_genes_are_means_over_neighbours_after_a_run_with_components(with_components, trained_on):
    of_these = with_components.var["spotscape_genes"] == trained_on
    assert_means_over_neighbors(with_components.copy(), with_components.var_names[of_these][0])


def test_counts_are_on_the_scale_of_the_input(trained):
    log, counts = (
        impute(trained, scale=scale, copy=True).layers["spotscape_imputed"] for scale in ("log", "counts")
    )
    scale = np.asarray(trained.X.sum(axis=1)) / trained.uns["spotscape"]["params"]["target_sum"]
    np.testing.assert_allclose(counts, np.expm1(log) * scale, rtol=1e-4, atol=1e-5)
    found, expected = (np.log1p(np.asarray(values.mean(axis=0)).ravel()) for values in (counts, trained.X))
    assert np.corrcoef(found, expected)[0, 1] > 0.95


@pytest.mark.parametrize("run", ["trained", "with_components"])
def test_it_is_nearer_to_the_truth_than_the_counts_are(run, request):
    """Markers tell their domain from the others more clearly once imputed."""
    adata = impute(request.getfixturevalue(run), copy=True)
    marked = adata.var["marker"].to_numpy() & adata.var["spotscape_genes"].to_numpy()
    measured = pp.normalized_expression(adata).toarray()

    def contrast(values):
        values = values[:, marked]
        inside = (
            adata.obs["ground_truth"].to_numpy()[:, None]
            == adata.var["marker_domain"].to_numpy()[None, marked]
        )
        return np.mean(
            [
                (values[inside[:, g], g].mean() - values[~inside[:, g], g].mean()) / values[:, g].std()
                for g in range(marked.sum())
            ]
        )

    assert contrast(adata.layers["spotscape_imputed"]) > 1.5 * contrast(measured)


def test_slices_get_back_the_means_that_centring_took(tmp_path):
    slices = datasets.simulate_slices(
        n_slices=2, n_spots=150, n_genes=60, n_domains=3, batch_strength=1.5, seed=2
    )
    both = integrate_slices(slices, n_domains=3, config={"n_top_genes": 50}, progress=False)
    io.write(both, tmp_path / "both.h5ad")
    read = io.read(tmp_path / "both.h5ad")
    impute(both)
    impute(read)
    found = both.layers["spotscape_imputed"]
    np.testing.assert_array_equal(found, read.layers["spotscape_imputed"])
    measured = pp.normalized_expression(both).toarray()
    first = (both.obs["slice"] == "slice1").to_numpy()
    shift, expected = (v[first].mean(axis=0) - v[~first].mean(axis=0) for v in (found, measured))
    assert np.corrcoef(shift, expected)[0, 1] > 0.9


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"genes": ["gene01", "nothing"]}, ["genes", "'nothing'"]),
        ({"genes": ["gene01", "gene01"]}, ["genes", "'gene01' twice"]),
        ({"genes": []}, ["genes", "no gene"]),
        ({"scale": "raw"}, ["scale", "'log', 'counts'"]),
        ({"n_neighbors": 0}, ["n_neighbors", "0"]),
        ({"key_added": "other"}, ["X_other"]),
    ],
)
def test_bad_arguments_are_refused(trained, arguments, words):
    with pytest.raises(InputError) as error:
        impute(trained, **arguments)
    assert all(word in str(error.value) for word in words), error.value
    assert "spotscape_imputed" not in trained.layers


def test_a_run_without_its_model_says_what_to_do(trained):
    adata = trained.copy()
    del adata.uns["spotscape_model"]
    with pytest.raises(InputError, match=r"trained model of a run.*run_spotscape"):
        impute(adata)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": 99}, "format 99.*Update spotscape"),
        ({"genes": np.array(["a"], dtype=object)}, "genes and weights"),
        ({"weights": {}}, "without components or weights"),
    ],
)
def test_a_damaged_or_newer_model_is_refused(trained, change, words):
    adata = trained.copy()
    adata.uns["spotscape_model"] = {**adata.uns["spotscape_model"], **change}
    with pytest.raises(InputError, match=words):
        impute(adata)


def test_a_result_too_large_has_to_be_named(trained, monkeypatch):
    monkeypatch.setattr("spotscape.tl._impute._LARGEST", 100)
    with pytest.raises(InputError, match="Name the genes"):
        impute(trained)


def test_decoding_draws_no_random_numbers(trained):
    before = torch.get_rng_state()
    impute(trained, genes="gene01", copy=True)
    assert torch.equal(before, torch.get_rng_state())
