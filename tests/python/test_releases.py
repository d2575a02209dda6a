"""What earlier releases wrote is read, or refused with what to do; `fixtures` has files that they made."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from anndata import AnnData

import spotscape
from spotscape._validate import InputError

FOLDER = Path(__file__).parent / "fixtures" / "0.1.0"
ENCODER = {
    "encoder": "gcn", "hidden_dim": 16, "latent_dim": 8, "epochs": 12, "n_top_genes": 5000, "target_sum": 1e4,
    "gene_ranking": "variable",
}  # fmt: skip


def tissue(name: str) -> AnnData:
    kept = np.load(FOLDER / f"{name}.npz", allow_pickle=False)
    adata = AnnData(kept["counts"].astype(np.float32), obsm={"spatial": kept["xy"]})
    adata.var_names = kept["genes"]
    return adata


@pytest.fixture
def run():
    return spotscape.io.read(FOLDER / "run.h5ad")


def test_a_model_with_the_published_encoder_gives_what_it_gave():
    model = spotscape.Spotscape.load(FOLDER / "model-encoder")
    found = model.transform(tissue("new"), copy=True)
    expected = np.load(FOLDER / "embedding-of-new.npy", allow_pickle=False)
    np.testing.assert_allclose(found.obsm["X_spotscape"], expected, atol=1e-5 * np.abs(expected).max())
    assert list(found.obs["spotscape_domain"]) == (FOLDER / "domains-of-new.txt").read_text().split()


def test_a_model_that_was_read_can_be_saved_and_fitted_anew(tmp_path):
    model = spotscape.Spotscape.load(FOLDER / "model-encoder")
    model.save(tmp_path / "model")
    again = spotscape.Spotscape.load(tmp_path / "model")
    one, other = (m.transform(tissue("new"), copy=True).obsm["X_spotscape"] for m in (model, again))
    np.testing.assert_array_equal(one, other)
    assert (again.config.encoder, again.config.hidden_dim, again.config.epochs) == ("gcn", 16, 12)


def test_a_method_that_is_gone_is_the_default_of_today():
    description, tensors = spotscape.Spotscape.load(FOLDER / "model-encoder").to_record()
    config = {**description["config"], "cluster_method": "consensus"}
    model = spotscape.Spotscape.from_record({**description, "config": config}, tensors)
    assert model.config.cluster_method == spotscape.SpotscapeConfig().cluster_method


def test_a_model_with_components_says_what_to_do():
    with pytest.raises(InputError, match=r"model of spotscape 0\.1 .*Run spotscape again"):
        spotscape.Spotscape.load(FOLDER / "model-components")


def test_a_checkpoint_says_what_to_do(tmp_path):
    path = tmp_path / "run.checkpoint"
    shutil.copy(FOLDER / path.name, path)
    arguments = {"n_domains": 3, "seed": 0, "checkpoint": path, "resume": True, "progress": False}
    with pytest.raises(
        InputError, match=r"^checkpoint: found .*by spotscape 0\.1, .*Finish the run with that"
    ):
        spotscape.tl.run_spotscape(tissue("old"), config=ENCODER, **arguments)
    assert path.read_bytes() == (FOLDER / path.name).read_bytes()


@pytest.mark.filterwarnings("ignore:adata.obsp")  # a graph that does not say what it was made of
def test_an_object_is_read_by_what_follows_a_run(run):
    described = spotscape.tl.describe_domains(run)
    assert list(described.domains["domain"]) == ["1", "2", "3"]
    assert described.domains["n_spots"].sum() == run.n_obs
    for draw in (spotscape.pl.spatial_domains, spotscape.pl.confidence, spotscape.pl.pseudotime):
        draw(run)
    spotscape.tl.spatial_domains(run, n_domains=2)
    assert run.obs["spotscape_domain"].nunique() == 2


def test_what_takes_the_model_of_an_object_says_what_to_do(run):
    with pytest.raises(InputError, match=r"uns\['spotscape_model'\]: found a model of spotscape 0\.1"):
        spotscape.tl.impute(run)
