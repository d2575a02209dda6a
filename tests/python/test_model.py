"""The model as an object: fit, transform, save, load, and files that are not ours."""

import json

import anndata as ad
import numpy as np
import pytest

import spotscape
from spotscape import datasets, metrics, tl
from spotscape._validate import InputError, SpotscapeWarning

QUICK = {"n_starts": 2}
TRAINED = {
    "encoder": "gcn",
    "epochs": 5,
    "hidden_dim": 32,
    "latent_dim": 16,
    "n_starts": 2,
    "target_sum": 1e4,
}


@pytest.fixture(scope="module")
def slices():
    return datasets.simulate_slices(
        n_slices=2, n_spots=300, n_genes=120, n_domains=3, batch_strength=0.5, seed=4
    )


@pytest.fixture(scope="module")
def model(slices):
    return spotscape.Spotscape(QUICK).fit(slices[0], n_domains=3, progress=False)


@pytest.mark.parametrize("settings", [{**QUICK, "n_components": 8}, TRAINED], ids=["components", "gcn"])
@pytest.mark.parametrize("rank", [0, 20])
def test_transform_of_what_it_was_fitted_to_is_the_embedding(slices, rank, settings):
    adata = slices[0].copy()
    model = spotscape.Spotscape({**settings, "expression_rank": rank})
    model.fit(adata, n_domains=3, progress=False)
    again = slices[0].copy()
    model.transform(again)
    # The truncated SVD of training is a projection that the weights hold; a randomised search found it.
    scale = np.abs(adata.obsm["X_spotscape"]).max()
    atol = (0.03 if rank else 1e-4) * scale
    np.testing.assert_allclose(again.obsm["X_spotscape"], adata.obsm["X_spotscape"], atol=atol)
    assert (again.obs["spotscape_domain"] == adata.obs["spotscape_domain"]).mean() > 0.95


def test_several_slices_give_back_their_embedding(slices):
    both = tl.integrate_slices(slices, n_domains=3, config=QUICK, progress=False)
    model = spotscape.Spotscape.from_adata(both)
    again = slices[1].copy()
    model.transform(again)
    expected = both[both.obs["slice"] == "slice2"].obsm["X_spotscape"]
    np.testing.assert_allclose(again.obsm["X_spotscape"], expected, atol=0.05 * np.abs(expected).max())


def test_a_new_slice_is_mapped(slices, model):
    new = slices[1].copy()
    before = new.copy()
    assert model.transform(new) is None
    assert metrics.adjusted_rand_index(new.obs["ground_truth"], new.obs["spotscape_domain"]) > 0.5
    assert set(new.obs) - set(before.obs) == {"spotscape_domain"}
    assert new.uns["spotscape"]["mapped"] == {"n_genes": 120, "n_genes_present": 120}
    assert (new.X != before.X).nnz == 0


def test_the_order_of_spots_and_genes_does_not_matter(slices, model):
    rng = np.random.default_rng(0)
    new = slices[1].copy()
    other = new[rng.permutation(new.n_obs)][:, rng.permutation(new.n_vars)].copy()
    model.transform([new, other])
    np.testing.assert_allclose(
        other.obsm["X_spotscape"], new[other.obs_names].obsm["X_spotscape"], rtol=1e-3, atol=1e-4
    )


def test_slices_of_one_object_are_mapped_each_by_itself(slices, model):
    both = ad.concat(slices)[np.random.default_rng(0).permutation(600)].copy()
    model.transform(both, slice_key="slice")
    for one in slices:
        alone = one.copy()
        model.transform(alone)
        np.testing.assert_allclose(
            both[one.obs_names].obsm["X_spotscape"], alone.obsm["X_spotscape"], rtol=1e-3, atol=1e-4
        )
    with pytest.raises(InputError, match=r"slice_key.*'section'"):
        model.transform(both, slice_key="section")


def test_own_names_of_domains_are_given(slices):
    adata = slices[0].copy()
    tl.run_spotscape(adata, n_domains=3, config=QUICK, progress=False)
    model = spotscape.Spotscape.from_adata(adata, domain_key="ground_truth")
    found = model.transform(slices[1], copy=True)
    assert list(found.obs["spotscape_domain"].cat.categories) == ["L1", "L2", "WM"]
    assert "spotscape_domain" not in slices[1].obs


def test_missing_genes_are_said_and_too_many_refused(slices, model):
    part = slices[1][:, :80].copy()
    with pytest.warns(SpotscapeWarning, match="lacks 40 of the model's 120 genes"):
        model.transform(part)
    assert metrics.adjusted_rand_index(part.obs["ground_truth"], part.obs["spotscape_domain"]) > 0.3
    with pytest.raises(InputError, match="20 of the model's 120 genes, expected 25% or more"):
        model.transform(slices[1][:, :20].copy())
    strange = slices[1].copy()
    strange.var_names = [f"other{i}" for i in range(strange.n_vars)]
    with pytest.raises(InputError, match=r"0 of the model's 120 genes.*one naming"):
        model.transform(strange, min_genes=0)


def test_it_comes_back_from_its_folder(slices, model, tmp_path):
    model.save(tmp_path / "model")
    loaded = spotscape.Spotscape.load(tmp_path / "model")
    assert repr(loaded) == repr(model) == "Spotscape(120 genes, 3 domains)"
    assert loaded.config == model.config
    one, other = (m.transform(slices[1], copy=True) for m in (model, loaded))
    np.testing.assert_array_equal(one.obsm["X_spotscape"], other.obsm["X_spotscape"])
    assert one.obs["spotscape_domain"].equals(other.obs["spotscape_domain"])


def test_a_mapping_takes_away_the_confidence_of_other_domains(slices, model):
    new = slices[1].copy()
    new.obs["spotscape_confidence"] = np.float32(0.5)
    model.transform(new)
    assert "spotscape_confidence" not in new.obs
    assert None not in new.uns["spotscape"]["params"].values()  # not every file format has it


def older(record):
    """Make a record what spotscape 0.1 kept of a model of genes (format 1)."""
    description, tensors = record
    new = ("n_components", "encoder", "gene_ranking", "target_sum")
    config = {key: value for key, value in description["config"].items() if key not in new}
    config |= {"unit_rows": None, "cluster_method": "gmm", "target_sum": 1e4}
    description = {key: value for key, value in description.items() if key != "target_sum"}
    return {**description, "format": 1, "config": config, "unit_rows": False}, tensors


def test_a_model_of_format_1_is_read(slices):
    adata = slices[0].copy()
    model = spotscape.Spotscape(TRAINED).fit(adata, n_domains=3, progress=False)
    old = spotscape.Spotscape.from_record(*older(model.to_record()))
    assert old.config.encoder == "gcn"
    assert old.config.cluster_method == "gmm"
    one, other = (m.transform(slices[1], copy=True) for m in (model, old))
    np.testing.assert_array_equal(one.obsm["X_spotscape"], other.obsm["X_spotscape"])
    adata.uns["spotscape_model"]["format"] = 1
    kept = spotscape.Spotscape.from_adata(adata).transform(slices[1], copy=True)
    np.testing.assert_array_equal(one.obsm["X_spotscape"], kept.obsm["X_spotscape"])


def test_a_model_of_0_1_with_components_is_refused_with_the_way_on(model):
    description, tensors = model.to_record()
    with pytest.raises(InputError, match=r"model of spotscape 0\.1.*Run spotscape again"):
        spotscape.Spotscape.from_record({**description, "format": 3}, tensors)


def test_a_model_keeps_the_depth_that_counts_were_scaled_to(slices, model, tmp_path):
    expected = float(np.median(np.asarray(slices[0].X.sum(axis=1)).ravel()))
    model.save(tmp_path / "model")
    new = spotscape.Spotscape.load(tmp_path / "model").transform(slices[1], copy=True)
    assert new.uns["spotscape"]["params"]["target_sum"] == expected


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda loadings: loadings[:-1], "120 genes and weights for 119"),
        (lambda loadings: loadings[:, :-1], r"center.*expected shape"),
        (lambda loadings: loadings.T, "120 genes and weights for"),
        (lambda loadings: loadings.ravel(), "120 genes and weights for"),
        (lambda loadings: None, "without components or weights"),
    ],
)
def test_wrong_loadings_are_refused(model, change, words):
    description, tensors = model.to_record()
    tensors["loadings"] = change(tensors["loadings"])
    if tensors["loadings"] is None:
        del tensors["loadings"]
    with pytest.raises(InputError, match=words):
        spotscape.Spotscape.from_record(description, tensors)


def test_loadings_of_a_model_of_genes_are_refused(slices):
    model = spotscape.Spotscape(TRAINED).fit(slices[0].copy(), n_domains=3, progress=False)
    description, tensors = model.to_record()
    with pytest.raises(InputError, match="or with both"):
        spotscape.Spotscape.from_record(description, {**tensors, "loadings": np.ones((120, 20))})


def test_one_component_is_kept_and_read(slices, tmp_path):
    adata = slices[0].copy()
    settings = {**QUICK, "n_components": 1}
    spotscape.Spotscape(settings).fit(adata, n_domains=3, progress=False).save(tmp_path / "model")
    again = spotscape.Spotscape.load(tmp_path / "model").transform(slices[0], copy=True)
    assert again.obsm["X_spotscape"].shape == (300, 1)
    scale = np.abs(adata.obsm["X_spotscape"]).max()
    np.testing.assert_allclose(again.obsm["X_spotscape"], adata.obsm["X_spotscape"], atol=1e-3 * scale)


def test_a_model_is_replaced_by_another_and_leaves_nothing(slices, model, tmp_path):
    model.save(tmp_path)
    spotscape.Spotscape({**QUICK, "n_components": 3}).fit(slices[0].copy(), n_domains=3, progress=False).save(
        tmp_path
    )
    assert len(list(tmp_path.iterdir())) == 2
    assert spotscape.Spotscape.load(tmp_path).config.n_components == 3


def cut(path):
    path.write_bytes(path.read_bytes()[:-100])


def describe(**changes):
    def change(folder):
        path = folder / "model.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

    return change


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda folder: (folder / "model.json").unlink(), "no model.json"),
        (lambda folder: (folder / "model.json").write_text("{"), "cannot be read"),
        (lambda folder: (folder / "model.json").write_text("[]"), "description of something else"),
        (describe(kind="other"), "description of something else"),
        (describe(format=99), "format 99.*Update spotscape"),
        (describe(genes=["a"]), "1 genes and weights for 120"),
        (lambda folder: cut(next(folder.glob("*.safetensors"))), "cut short or changed"),
        (lambda folder: next(folder.glob("*.safetensors")).unlink(), "nothing there"),
    ],
)
def test_files_that_are_not_ours_or_not_whole_are_refused(model, tmp_path, damage, words):
    model.save(tmp_path)
    damage(tmp_path)
    with pytest.raises(InputError, match=words):
        spotscape.Spotscape.load(tmp_path)


def test_a_folder_with_other_files_is_left_alone(model, tmp_path):
    (tmp_path / "thesis.txt").write_text("all of it")
    with pytest.raises(InputError, match="a folder with other files"):
        model.save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_an_untrained_model_says_so(slices, tmp_path):
    for act in (lambda m: m.transform(slices[0]), lambda m: m.save(tmp_path)):
        with pytest.raises(InputError, match=r"not trained.*fit"):
            act(spotscape.Spotscape())
    assert repr(spotscape.Spotscape()) == "Spotscape(not trained)"


def test_arrays_in_any_memory_order_are_written_as_they_are(slices, model, tmp_path):
    description, tensors = model.to_record()
    turned = {name: np.asfortranarray(array) for name, array in tensors.items()}
    spotscape.Spotscape.from_record(description, turned).save(tmp_path / "model")
    read = spotscape.Spotscape.load(tmp_path / "model").to_record()[1]
    assert all(np.array_equal(read[name], array) for name, array in tensors.items())
