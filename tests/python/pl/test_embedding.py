import numpy as np
import pytest
from anndata import read_h5ad
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from spotscape._validate import InputError
from spotscape.pl import embedding


@pytest.fixture
def ax():
    return Figure().add_subplot()


def test_umap_of_a_run_keeps_domains_together_and_leaves_the_rest_alone(run, ax):
    before = run.copy()
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    embedding(run, ax=ax)
    umap = run.obsm["X_umap_spotscape"]
    assert umap.shape == (run.n_obs, 2)
    assert umap.dtype == np.float32
    domain = run.obs["spotscape_domain"].to_numpy()
    nearest = [np.argsort(np.linalg.norm(umap - point, axis=1))[1] for point in umap]
    assert np.mean(domain[nearest] == domain) > 0.95
    assert set(run.obsm) - set(before.obsm) == {"X_umap_spotscape"}
    assert set(run.obsp) == set(before.obsp)
    assert set(run.uns) - set(before.uns) == {"X_umap_spotscape", "spotscape_domain_colors"}
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


@pytest.mark.parametrize("n_spots", [4, 5, 21])
def test_few_spots_have_a_umap(run, ax, n_spots):
    few = run[:n_spots].copy()
    embedding(few, ax=ax)
    assert np.isfinite(few.obsm["X_umap_spotscape"]).all()


def test_points_have_the_colors_of_their_domains(run, ax, quick_umap):
    embedding(run, ax=ax)
    points = ax.collections[0]
    umap = run.obsm["X_umap_spotscape"]
    colors = dict(zip(["1", "2", "3"], run.uns["spotscape_domain_colors"], strict=True))
    for place, color in zip(points.get_offsets(), points.get_facecolors(), strict=True):
        spot = np.flatnonzero((umap == np.asarray(place, dtype=np.float32)).all(axis=1))[0]
        assert to_hex(color).upper() == colors[run.obs["spotscape_domain"].iloc[spot]]


def test_umap_is_used_again_until_what_it_was_made_from_changes(run, ax, quick_umap, tmp_path):
    embedding(run, ax=ax)
    run.write_h5ad(tmp_path / "run.h5ad")
    run = read_h5ad(tmp_path / "run.h5ad")
    embedding(run, ax=ax)
    assert len(quick_umap) == 1
    embedding(run, seed=1, ax=ax)
    assert quick_umap[-1] == (run.n_obs, 1)
    run.obsm["X_spotscape"] = run.obsm["X_spotscape"] + 1
    embedding(run, seed=1, ax=ax)
    assert len(quick_umap) == 3
    embedding(run[:50].copy(), seed=1, ax=ax)
    assert quick_umap[-1] == (50, 1)


def test_of_many_spots_a_sample_is_drawn_the_same_every_time_and_said(run, ax, quick_umap):
    embedding(run, max_spots=40, ax=ax)
    umap = run.obsm["X_umap_spotscape"]
    assert quick_umap == [(40, 0)]
    assert np.isfinite(umap).all(axis=1).sum() == 40
    assert np.isnan(umap).all(axis=1).sum() == run.n_obs - 40
    assert len(ax.collections[0].get_offsets()) == 40
    assert ax.get_title() == "random sample of 40 of 144 spots"
    del run.obsm["X_umap_spotscape"]
    embedding(run, max_spots=40, ax=ax)
    np.testing.assert_array_equal(run.obsm["X_umap_spotscape"], umap)


def test_a_view_stays_a_view(run, ax, quick_umap):
    view = run[:100]
    embedding(view, ax=ax)
    assert view.is_view


def test_saves(run, quick_umap, tmp_path):
    embedding(run, save=tmp_path / "umap.png")
    assert (tmp_path / "umap.png").read_bytes()[1:4] == b"PNG"


def test_another_run_has_its_own_umap(run, ax, quick_umap):
    run.obsm["X_other"] = run.obsm["X_spotscape"]
    run.obs["other_domain"] = run.obs["spotscape_domain"]
    embedding(run, key_added="other", ax=ax)
    assert "X_umap_other" in run.obsm
    assert "X_umap_spotscape" not in run.obsm


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"key_added": "other"}, r"adata\.obs\['other_domain'\]"),
        ({"max_spots": 3}, "max_spots"),
        ({"seed": -1}, "seed"),
        ({"save": "umap.xyz"}, "save"),
    ],
)
def test_bad_input_is_named(run, arguments, message):
    with pytest.raises(InputError, match=message):
        embedding(run, **arguments)


def test_no_embedding_and_too_few_spots_are_named(run):
    with pytest.raises(InputError, match="adata: found 3 spots"):
        embedding(run[:3].copy())
    del run.obsm["X_spotscape"]
    with pytest.raises(InputError, match=r"adata\.obsm\['X_spotscape'\].*run_spotscape"):
        embedding(run)


def test_several_slices_are_drawn_by_slice_and_by_domain(integrated, quick_umap, tmp_path):
    axes = embedding(integrated, title="three", save=tmp_path / "umap.png")
    assert [ax.get_legend().get_title().get_text() for ax in axes] == ["slice", "domain"]
    assert axes[0].figure.get_suptitle() == "three"
    assert len(quick_umap) == 1
    assert [len(ax.texts) for ax in axes] == [0, 3]


def test_columns_asked_for(integrated, quick_umap):
    ax = embedding(integrated, color="condition", ax=Figure().add_subplot())
    assert {text.get_text() for text in ax.get_legend().get_texts()} == {"case", "control"}
    mine = [Figure().add_subplot(), Figure().add_subplot()]
    assert embedding(integrated, color=["slice", "condition"], ax=mine) == mine
    with pytest.raises(InputError, match="color: found no column"):
        embedding(integrated, color=[])
