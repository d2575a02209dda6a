"""``run_spotscape``: what it writes, that it writes nothing else, and what bad input gets."""

import re

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.neighbors import kneighbors_graph

from spotscape import _keys, gr, tl
from spotscape._validate import InputError, SpotscapeWarning
from spotscape.config import SpotscapeConfig
from spotscape.datasets import simulate_slice

QUICK = {"n_starts": 2}
TRAINED = {"encoder": "gcn", "epochs": 15, "hidden_dim": 32, "latent_dim": 16, "n_starts": 2}


def run(adata, **arguments):
    return tl.run_spotscape(adata, **{"n_domains": 3, "config": QUICK, "progress": False} | arguments)


def fingerprint(adata):
    """Everything an object holds, in a form that can be compared."""

    def values(x):
        if sparse.issparse(x):
            x = x.tocoo()
            return (x.shape, x.row.tobytes(), x.col.tobytes(), x.data.tobytes(), str(x.dtype))
        if isinstance(x, pd.DataFrame):
            return x.to_json()
        return repr(x) if not isinstance(x, np.ndarray) else (x.shape, x.tobytes(), str(x.dtype))

    parts = {
        "X": values(adata.X),
        "obs": adata.obs.to_json(),
        "var": adata.var.to_json(),
        "uns": repr(adata.uns),
    }
    for slot in ("obsm", "varm", "obsp", "layers"):
        parts |= {f"{slot}/{key}": values(value) for key, value in getattr(adata, slot).items()}
    return parts


def test_writes_what_it_says_and_nothing_else(tissue):
    before = fingerprint(tissue)
    assert run(tissue) is None
    assert tissue.obsm["X_spotscape"].shape == (250, 20)
    assert tissue.obsm["X_spotscape"].dtype == np.float32
    domain = tissue.obs["spotscape_domain"]
    assert domain.cat.categories.tolist() == ["1", "2", "3"]
    assert domain.value_counts()[["1", "2", "3"]].is_monotonic_decreasing
    assert tissue.var["spotscape_genes"].sum() == tissue.uns["spotscape"]["n_genes"]
    record = tissue.uns["spotscape"]
    assert record["params"] | SpotscapeConfig(**QUICK).to_record() == record["params"]
    assert record["params"]["seed"] == 0
    assert record["params"]["expression_source"] == "X"
    assert record["params"]["target_sum"] == np.median(np.asarray(tissue.X.sum(axis=1)))
    totals = np.asarray(tissue.X.sum(axis=1))
    assert record["counts"] == {"place": "X", "total": totals.sum(), "median": np.median(totals)}
    assert "losses" not in record
    assert record["domains"]["method"] == "gmm"
    confidence = tissue.obs["spotscape_confidence"]
    assert confidence.dtype == np.float32
    assert confidence.between(0, 1).all()
    assert tissue.uns["spotscape_model"]["loadings"].shape == (record["n_genes"], 20)
    assert record["versions"]["spotscape"]

    after = fingerprint(tissue)
    assert after.pop("obs") != before.pop("obs")
    assert after.pop("var") != before.pop("var")
    assert after.pop("uns") != before.pop("uns")
    new = {"obsm/X_spotscape", "obsp/spatial_connectivities", "obsp/spatial_distances"}
    assert set(after) - set(before) == new
    assert {key: after[key] for key in before} == before


def test_the_published_encoder_is_trained(tissue):
    run(tissue, config=TRAINED)
    assert tissue.obsm["X_spotscape"].shape == (250, 16)
    assert (tissue.obsm["X_spotscape"] >= 0).all()
    assert "loadings" not in tissue.uns["spotscape_model"]
    assert len(tissue.uns["spotscape"]["losses"]["total"]) == 15


@pytest.mark.parametrize(("n_genes", "n_spots", "width"), [(10, 250, 10), (80, 56, 7)])
def test_fewer_components_where_there_are_few_genes_or_spots(n_genes, n_spots, width):
    few = simulate_slice(n_spots=n_spots, n_genes=n_genes, n_domains=2, seed=2)
    run(few, n_domains=2)
    assert few.obsm["X_spotscape"].shape == (few.n_obs, min(width, few.n_obs // 8))
    assert np.isfinite(few.obsm["X_spotscape"]).all()
    assert few.obs["spotscape_confidence"].between(0, 1).all()


@pytest.mark.filterwarnings("ignore:.*was there, not made by spotscape")
@pytest.mark.parametrize("refused", [False, True])
def test_a_graph_of_the_users_stays_as_it_was_stored(refused):
    own = simulate_slice(n_spots=120, n_genes=60, n_domains=3)
    graph = kneighbors_graph(own.obsm["spatial"], 6)  # its columns are by distance, not sorted
    assert not graph.has_sorted_indices
    own.obsp["spatial_connectivities"] = graph
    stored = own.obsp["spatial_connectivities"]
    before = [stored.indices.copy(), stored.data.copy(), stored.indptr.copy()]
    if refused:
        own.X = -own.X
        with pytest.raises(InputError, match="negative"):
            tl.run_spotscape(own, n_domains=3, progress=False)
    else:
        tl.run_spotscape(own, n_domains=3, progress=False)
        tl.spatial_domains(own, smooth=True)
    for one, other in zip(before, (stored.indices, stored.data, stored.indptr), strict=True):
        np.testing.assert_array_equal(one, other)


def test_copy_leaves_the_object_alone(tissue):
    before = fingerprint(tissue)
    result = run(tissue, copy=True)
    assert fingerprint(tissue) == before
    assert "X_spotscape" in result.obsm


def test_a_backed_object_is_copied_into_memory(tissue, tmp_path):
    tissue.write_h5ad(tmp_path / "tissue.h5ad")
    backed = ad.read_h5ad(tmp_path / "tissue.h5ad", backed="r")
    result = run(backed, copy=True)
    assert not result.isbacked
    assert np.array_equal(result.obsm["X_spotscape"], run(tissue, copy=True).obsm["X_spotscape"])


def test_same_seed_same_bits(tissue):
    first, second, other = (run(tissue, seed=seed, copy=True) for seed in (3, 3, 4))
    assert np.array_equal(first.obsm["X_spotscape"], second.obsm["X_spotscape"])
    assert first.obs["spotscape_domain"].equals(second.obs["spotscape_domain"])
    assert not np.array_equal(first.obsm["X_spotscape"], other.obsm["X_spotscape"])


def test_a_label_is_never_an_input(tissue):
    first = run(tissue, copy=True)
    tissue.obs["ground_truth"] = "?"
    second = run(tissue, copy=True)
    assert np.array_equal(first.obsm["X_spotscape"], second.obsm["X_spotscape"])


def test_result_survives_a_file(tissue, tmp_path):
    run(tissue, n_domains=None)
    tissue.write_h5ad(tmp_path / "result.h5ad")
    back = ad.read_h5ad(tmp_path / "result.h5ad")
    assert np.array_equal(back.obsm["X_spotscape"], tissue.obsm["X_spotscape"])
    assert back.uns["spotscape"]["params"]["seed"] == 0
    assert back.uns["spotscape"]["params"]["n_domains_suggested"]
    curve = back.uns["spotscape"]["n_domains"]
    assert len(curve["weights"]) == len(curve["candidates"])


def test_two_runs_side_by_side(tissue):
    run(tissue)
    run(tissue, key_added="second", config=QUICK | {"cluster_method": "kmeans"}, seed=1)
    assert {"X_spotscape", "X_second"} <= set(tissue.obsm)
    assert tissue.uns["second"]["domains"]["method"] == "kmeans"
    assert tissue.uns["spotscape"]["domains"]["method"] == "gmm"
    assert "spotscape_confidence" in tissue.obs
    assert "second_confidence" not in tissue.obs
    assert {"spotscape_domain", "second_domain"} <= set(tissue.obs)


def test_takes_the_graph_that_is_there(tissue):
    own = tissue.copy()
    gr.spatial_neighbors_knn(own, n_neighbors=4)
    kept = own.obsp["spatial_connectivities"].copy()
    run(own)
    assert (own.obsp["spatial_connectivities"] != kept).nnz == 0
    run(tissue)
    assert not np.array_equal(own.obsm["X_spotscape"], tissue.obsm["X_spotscape"])


@pytest.mark.parametrize(
    ("graph", "found"),
    [
        (sparse.csr_matrix((250, 250)), "0 neighbours at the median"),
        (-sparse.eye(250, format="csr"), "negative"),
        (sparse.eye(250, format="csr") * np.nan, "NaN"),
    ],
)
def test_a_graph_that_cannot_be_meant(tissue, graph, found):
    tissue.obsp["spatial_connectivities"] = graph
    with pytest.raises(InputError, match=rf"spatial_connectivities.*{found}.*spotscape\.gr"):
        run(tissue)


def test_a_graph_without_coordinates_is_enough(tissue):
    gr.spatial_neighbors(tissue)
    expected = run(tissue, copy=True)
    del tissue.obsm["spatial"]
    run(tissue)
    assert np.array_equal(tissue.obsm["X_spotscape"], expected.obsm["X_spotscape"])


def test_unit_of_the_coordinates_does_not_matter(tissue):
    metres = tissue.copy()
    metres.obsm["spatial"] = metres.obsm["spatial"] * 1e-6
    run(tissue)
    run(metres)
    assert np.array_equal(metres.obsm["X_spotscape"], tissue.obsm["X_spotscape"])


def test_counts_in_a_layer_give_the_same(tissue):
    elsewhere = tissue.copy()
    elsewhere.layers["counts"] = elsewhere.X.astype("int32")
    elsewhere.X = np.log1p(elsewhere.X.toarray())
    run(tissue)
    run(elsewhere)
    assert elsewhere.uns["spotscape"]["params"]["expression_source"] == "layers['counts']"
    assert np.array_equal(elsewhere.obsm["X_spotscape"], tissue.obsm["X_spotscape"])


def test_warnings_reach_the_user_and_are_kept(tissue):
    counts = tissue.X.tolil()
    counts[0] = 0
    tissue.X = counts.tocsr()
    with pytest.warns(SpotscapeWarning, match="1 of 250 spots have no counts"):
        run(tissue)
    assert any("no counts" in text for text in tissue.uns["spotscape"]["warnings"])
    assert np.isfinite(tissue.obsm["X_spotscape"]).all()


def test_interrupt_leaves_the_object_as_it_was(tissue):
    before = fingerprint(tissue)

    def interrupt(epoch, epochs, loss):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tissue, config=TRAINED, progress=interrupt)
    assert fingerprint(tissue) == before


def spoil(adata, how):
    """Make one thing wrong with an object; returns it."""
    x = adata.X.toarray()
    if how == "not counts":
        adata.X = np.log1p(x)
    elif how == "negative":
        x[3, 4] = -1
        adata.X = x
    elif how == "NaN count":
        x[3, 4] = np.nan
        adata.X = x
    elif how == "all zero":
        adata.X = x * 0
    elif how == "constant genes":
        adata.X = np.ones_like(x)
    elif how == "no coordinates":
        del adata.obsm["spatial"]
    elif how == "NaN coordinate":
        adata.obsm["spatial"] = np.where(np.arange(len(x))[:, None] == 5, np.nan, adata.obsm["spatial"])
    elif how == "one place":
        adata.obsm["spatial"] = np.zeros((len(x), 2))
    elif how == "one column":
        adata.obsm["spatial"] = adata.obsm["spatial"][:, :1]
    elif how == "same spot names":
        adata.obs_names = ["a"] * adata.n_obs
    elif how == "same gene names":
        adata.var_names = ["a"] * adata.n_vars
    return adata


@pytest.mark.parametrize(
    ("how", "names"),
    [
        ("not counts", "adata"),
        ("negative", "adata"),
        ("NaN count", "adata"),
        ("all zero", "adata"),
        ("constant genes", "adata.X"),
        ("no coordinates", "adata.obsm['spatial']"),
        ("NaN coordinate", "adata.obsm['spatial']"),
        ("one place", "adata.obsm['spatial']"),
        ("one column", "adata.obsm['spatial']"),
        ("same spot names", "adata.obs_names"),
        ("same gene names", "adata.var_names"),
    ],
)
@pytest.mark.filterwarnings("ignore:Observation names:UserWarning", "ignore:Variable names:UserWarning")
def test_bad_objects_get_one_clear_error_and_stay_as_they_were(tissue, how, names):
    spoil(tissue, how)
    before = fingerprint(tissue) if "names" not in how else None
    with pytest.raises(InputError, match=f"^{re.escape(names)}.*: found .*, expected"):
        run(tissue)
    if before is not None:
        assert fingerprint(tissue) == before


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ({"n_domains": 1}, "n_domains"),
        ({"n_domains": 251}, "n_domains"),
        ({"n_domains": "7"}, "n_domains"),
        ({"n_domains": 2.5}, "n_domains"),
        ({"n_domains": True}, "n_domains"),
        ({"seed": -1}, "seed"),
        ({"seed": "a"}, "seed"),
        ({"config": {"epoch": 3}}, "config"),
        ({"config": {"encoder": "gcn", "epochs": 0}}, "epochs"),
        ({"device": "tpu"}, "device"),
        ({"layer": "none"}, "layer"),
        ({"spatial_key": "xy"}, r"adata.obsm\['xy'\]"),
        ({"key_added": "a/b"}, "key_added"),
        ({"key_added": ""}, "key_added"),
    ],
)
def test_bad_arguments_are_named(tissue, arguments, names):
    before = fingerprint(tissue)
    with pytest.raises(InputError, match=rf"^{names}: found"):
        run(tissue, **arguments)
    assert fingerprint(tissue) == before


@pytest.mark.parametrize("shape", [(0, 5), (1, 5), (5, 0)])
def test_objects_without_spots_or_genes(shape):
    adata = ad.AnnData(np.ones(shape, dtype="float32"), obsm={"spatial": np.zeros((shape[0], 2))})
    with pytest.raises(InputError, match=r"^adata: found"):
        run(adata)


def test_something_else_than_an_anndata():
    with pytest.raises(InputError, match=r"^adata: found.*expected an AnnData"):
        run(pd.DataFrame({"a": [1]}))


def test_fewer_spots_than_neighbours(tissue):
    with pytest.raises(InputError, match="n_neighbors"):
        run(tissue[:3].copy(), n_domains=2)


def test_keys_are_the_documented_names():
    assert _keys.embedding() == "X_spotscape"
    assert _keys.domain("mine") == "mine_domain"
