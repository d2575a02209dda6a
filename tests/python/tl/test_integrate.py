"""integrate_slices: what comes in, what goes out, what it refuses, and that it takes batch effects out."""

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from spotscape import datasets, metrics, tl
from spotscape._validate import InputError, SpotscapeWarning
from spotscape.pp import select_genes
from spotscape.tl import integrate_slices

QUICK = {"n_starts": 2}
TRAINED = {"encoder": "gcn", "epochs": 4, "hidden_dim": 16, "latent_dim": 8}
REMARKS = "hardly mix|In one slice only|blurred"


@pytest.fixture
def slices():
    """Three slices of unequal size."""
    made = datasets.simulate_slices(n_slices=3, n_spots=90, n_genes=60, n_domains=3, batch_strength=0.0)
    return [made[0], made[1][:70].copy(), made[2][:80].copy()]


def integrate(adatas, **arguments):
    arguments = {"n_domains": 3, "config": QUICK, "progress": False} | arguments
    return integrate_slices(adatas, **arguments)


@pytest.mark.filterwarnings(f"ignore:.*({REMARKS})")
class TestWhatComesOut:
    def test_a_list(self, slices):
        before = [one.copy() for one in slices]
        both = integrate(slices)
        assert both.n_obs == 240
        assert both.obs_names.tolist() == [name for one in slices for name in one.obs_names]
        assert list(both.obs["slice"].cat.categories) == ["slice1", "slice2", "slice3"]
        assert (both.X != sparse.vstack([one.X for one in slices])).nnz == 0
        np.testing.assert_array_equal(
            both.obsm["spatial"], np.vstack([one.obsm["spatial"] for one in slices])
        )
        edges = both.obsp["spatial_connectivities"].tocoo()
        codes = both.obs["slice"].cat.codes.to_numpy()
        assert (codes[edges.row] == codes[edges.col]).all()
        record = both.uns["spotscape"]["integration"]
        assert record["slices"] == ["slice1", "slice2", "slice3"]
        assert record["n_shared_genes"] == 60
        for one, old in zip(slices, before, strict=True):
            assert list(one.obs) == list(old.obs)
            assert not one.obsp
            assert (one.X != old.X).nnz == 0

    def test_a_dict_names_the_slices(self, slices):
        both = integrate(dict(zip("xyz", slices, strict=True)))
        assert list(both.obs["slice"].cat.categories) == ["x", "y", "z"]

    def test_one_object_is_written_in_place_and_equals_the_list(self, slices):
        listed = integrate(slices)
        merged = ad.concat(slices)
        assert integrate(merged) is None
        np.testing.assert_array_equal(merged.obsm["X_spotscape"], listed.obsm["X_spotscape"])
        assert merged.obs["spotscape_domain"].tolist() == listed.obs["spotscape_domain"].tolist()

    def test_copy_leaves_the_object_alone(self, slices):
        merged = ad.concat(slices)
        copy = integrate(merged, copy=True)
        assert "X_spotscape" in copy.obsm
        assert not merged.uns
        assert list(merged.obsm) == ["spatial"]

    def test_the_result_can_be_stored(self, slices, tmp_path):
        both = integrate(slices)
        both.write_h5ad(tmp_path / "both.h5ad")
        stored = ad.read_h5ad(tmp_path / "both.h5ad").uns["spotscape"]["integration"]
        assert stored["mixing"] == both.uns["spotscape"]["integration"]["mixing"]

    def test_names_that_clash_are_mended_and_said(self, slices):
        for one in slices:
            one.obs_names = [f"spot{i}" for i in range(one.n_obs)]
        with pytest.warns(SpotscapeWarning, match="share names of spots"):
            both = integrate(slices)
        assert both.obs_names[0] == "slice1_spot0"
        assert both.obs_names.is_unique

    def test_panels_that_differ(self, slices):
        slices[1] = slices[1][:, :55].copy()
        with pytest.warns(SpotscapeWarning, match="share 55 genes"):
            assert integrate(slices).n_vars == 55

    def test_domains_are_made_anew_as_they_were_made(self, slices):
        both = integrate(slices)
        found, details = both.obs["spotscape_domain"].copy(), both.uns["spotscape"]["domains"]
        tl.spatial_domains(both, n_domains=details["n_domains"], n_starts=details["n_starts"])
        assert both.obs["spotscape_domain"].tolist() == found.tolist()

    def test_the_published_encoder_has_its_losses(self, slices):
        both = integrate(slices, config=TRAINED)
        assert {"prototype", "scale_matching"} <= set(both.uns["spotscape"]["losses"])

    def test_number_of_domains_is_suggested(self, slices):
        both = integrate(slices, n_domains=None)
        assert both.uns["spotscape"]["params"]["n_domains_suggested"]

    def test_condition_with_one_slice_is_said(self, slices):
        for one, condition in zip(slices, ["a", "a", "b"], strict=True):
            one.obs["condition"] = condition
        with pytest.warns(SpotscapeWarning, match="'b' has one slice"):
            integrate(slices, condition_key="condition")


class TestBadInput:
    def test_one_slice(self, slices):
        with pytest.raises(InputError, match=r"found 1 slice\(s\), expected two or more"):
            integrate(slices[:1])
        with pytest.raises(InputError, match="one slice, 'slice1'"):
            integrate(slices[0])

    def test_the_same_slice_twice(self, slices):
        with pytest.raises(InputError, match="the same counts in slices"):
            integrate([slices[0], slices[1], slices[0].copy()])

    def test_small_slices_alone(self, slices):
        with pytest.raises(InputError, match=r"45 spots in slice 'slice1'.*50 or more in one slice"):
            integrate([slices[0][:45].copy(), slices[1][:30].copy()])

    @pytest.mark.parametrize(
        ("rename", "hint"),
        [
            (str.upper, "upper and lower case"),
            (lambda gene: f"ENSG0000{gene[4:]:0>7}", "Ensembl identifiers"),
            (lambda gene: f"other_{gene}", "one species"),
        ],
    )
    def test_no_shared_genes(self, slices, rename, hint):
        slices[1].var_names = [rename(gene) for gene in slices[1].var_names]
        with pytest.raises(InputError, match=f"0 genes that all slices share.*{hint}"):
            integrate(slices)

    def test_slice_key(self, slices):
        with pytest.raises(InputError, match="slice_key: found 'batch'"):
            integrate(ad.concat(slices), slice_key="batch")
        merged = ad.concat(slices)
        merged.obs["slice"] = merged.obs["slice"].where(merged.obs["slice"] != "slice1")
        with pytest.raises(InputError, match="90 of 240 spots without a slice"):
            integrate(merged)

    def test_a_slice_in_two_conditions(self, slices):
        merged = ad.concat(slices)
        merged.obs["condition"] = np.where(np.arange(240) % 2, "a", "b")
        with pytest.raises(InputError, match="more than one condition in slice"):
            integrate(merged, condition_key="condition")

    def test_edges_between_slices(self, slices):
        merged = ad.concat(slices)
        ring = sparse.eye(240, k=1) + sparse.eye(240, k=-1)
        merged.obsp["spatial_connectivities"] = sparse.csr_matrix(ring + ring @ ring)
        with pytest.raises(InputError, match="edges between slices"):
            integrate(merged)

    @pytest.mark.parametrize("value", [-1, "much", float("nan")])
    def test_correction(self, slices, value):
        with pytest.raises(InputError, match="correction"):
            integrate(slices, correction=value)

    def test_nothing_that_holds_slices(self):
        with pytest.raises(InputError, match="adatas"):
            integrate("slices.h5ad")
        with pytest.raises(InputError, match="adata"):
            integrate([1, 2])


@pytest.mark.filterwarnings(f"ignore:.*({REMARKS})")
def test_strong_batch_effects_are_taken_out():
    slices = datasets.simulate_slices(n_slices=3, n_spots=300, n_genes=150, n_domains=4, batch_strength=1.0)
    results = [integrate(slices, n_domains=4, correction=c) for c in (0, 1)]
    scores = [metrics.adjusted_rand_index(r.obs["ground_truth"], r.obs["spotscape_domain"]) for r in results]
    mixing = [r.uns["spotscape"]["integration"]["mixing"] for r in results]
    assert mixing[1] > mixing[0] + 0.3
    assert scores[1] > scores[0]


@pytest.mark.filterwarnings(f"ignore:.*({REMARKS})")
def test_batch_effects_that_differ_by_domain_are_taken_out():
    slices = datasets.simulate_slices(
        n_slices=3, n_spots=300, n_genes=150, n_domains=4, batch_strength=1.0, batch_by_domain=1.0, seed=1
    )
    results = [integrate(slices, n_domains=4, correction=c) for c in (0, 1)]
    scores = [metrics.adjusted_rand_index(r.obs["ground_truth"], r.obs["spotscape_domain"]) for r in results]
    mixing = [r.uns["spotscape"]["integration"]["mixing"] for r in results]
    assert mixing[1] > mixing[0] + 0.3
    assert scores[1] > max(scores[0] - 0.05, 0.7)


@pytest.mark.filterwarnings(f"ignore:.*({REMARKS})")
def test_correction_multiplies_what_takes_differences_out(slices):
    run = integrate(slices).uns["spotscape"]
    whole, weight = run["params"], run["integration"]["slice_noise"]
    assert weight == pytest.approx(3.0)
    for correction in (0.0, 0.5, 2.0):
        run = integrate(slices, correction=correction).uns["spotscape"]
        params = run["params"]
        assert run["integration"]["slice_noise"] == pytest.approx(correction * weight)
        assert params["scale_matching_weight"] == pytest.approx(correction * whole["scale_matching_weight"])
        assert params["slice_centering"] == pytest.approx(min(1, correction) * whole["slice_centering"])


@pytest.mark.filterwarnings("ignore:In one slice only")
def test_slices_that_do_not_mix_are_said():
    slices = datasets.simulate_slices(n_slices=2, n_spots=200, n_genes=100, n_domains=3, batch_strength=3.0)
    with pytest.warns(SpotscapeWarning, match="hardly mix: 0.*raise correction"):
        integrate(slices, correction=0)


def test_variable_genes_are_those_within_slices():
    rng = np.random.default_rng(0)
    counts = rng.poisson(rng.gamma(2, 2, size=300), size=(200, 300)).astype(np.float32)
    on = rng.permutation(np.repeat([0.2, 3.0], 100))[:, None]
    counts[:, :10] = rng.poisson(on * counts[:, :10].mean(axis=0))
    counts[100:, 10:40] *= 4  # differs between slices only
    obs = pd.DataFrame({"slice": np.repeat(["a", "b"], 100)}, index=[str(i) for i in range(200)])
    adata = ad.AnnData(counts, obs=obs)
    select_genes(adata, n_top_genes=10, slice_key="slice", ranking="variable")
    within = adata.var["spotscape_genes"].to_numpy()
    select_genes(adata, n_top_genes=10, ranking="variable")
    pooled = adata.var["spotscape_genes"].to_numpy()
    assert within[:10].sum() > pooled[:10].sum()
    assert within[10:40].sum() < pooled[10:40].sum()


SMALL = "ignore:.*too small to learn from"


def with_cores(n_large, sizes=(20, 5, 2)):
    """Slices, and cores of the first spots around one of a last one."""
    made = datasets.simulate_slices(n_slices=3, n_spots=300, n_genes=150, n_domains=3, seed=1)
    places = made[2].obsm["spatial"]
    slices = made[:n_large]
    for number, size in enumerate(sizes):
        far = np.linalg.norm(places - places[40 * number], axis=1)
        core = made[2][np.argsort(far, kind="stable")[:size]].copy()
        core.obs_names = [f"core{number}_{name}" for name in core.obs_names]
        slices.append(core)
    return slices


@pytest.mark.filterwarnings(f"ignore:.*({REMARKS})")
class TestSmallSlices:
    @pytest.mark.filterwarnings(SMALL)
    def test_others_are_as_without_them_and_they_get_their_domains(self):
        slices = with_cores(2)
        alone, both = integrate(slices[:2]), integrate(slices)
        assert both.n_obs == 627
        np.testing.assert_array_equal(both.obsm["X_spotscape"][:600], alone.obsm["X_spotscape"])
        assert both.obs["spotscape_domain"][:600].tolist() == alone.obs["spotscape_domain"].tolist()
        truth = pd.crosstab(alone.obs["spotscape_domain"], alone.obs["ground_truth"]).idxmax(axis=1)
        named = [str(truth[domain]) for domain in both.obs["spotscape_domain"][600:]]
        assert np.mean(named == both.obs["ground_truth"][600:].astype(str).to_numpy()) > 0.8
        assert both.obs["spotscape_confidence"].between(1 / 3 - 1e-6, 1).all()
        assert both.uns["spotscape"]["integration"]["placed"] == ["slice3", "slice4", "slice5"]
        edges = both.obsp["spatial_connectivities"].tocoo()
        codes = both.obs["slice"].cat.codes.to_numpy()
        assert (codes[edges.row] == codes[edges.col]).all()
        assert (np.bincount(edges.row, minlength=627) > 0).all()

        merged = ad.concat(slices)
        merged.obs["slice"] = both.obs["slice"].to_numpy()
        merged.layers["mine"] = merged.X.copy()
        integrate(merged, layer="mine")
        np.testing.assert_array_equal(merged.obsm["X_spotscape"], both.obsm["X_spotscape"])
        integrate(merged)  # with the graph that is there now
        np.testing.assert_array_equal(merged.obsm["X_spotscape"], both.obsm["X_spotscape"])

    def test_they_are_said(self):
        with pytest.warns(SpotscapeWarning, match=r"fewer than 50 spots.*'b' \(20\)"):
            both = integrate(dict(zip("ab", with_cores(1, (20,)), strict=True)))
        assert any("too small to learn from" in text for text in both.uns["spotscape"]["warnings"])

    @pytest.mark.filterwarnings(SMALL)
    def test_one_slice_makes_the_space_alone(self):
        slices = with_cores(1)
        both = integrate(slices)
        tl.run_spotscape(slices[0], n_domains=3, config=QUICK, progress=False)
        np.testing.assert_array_equal(both.obsm["X_spotscape"][:300], slices[0].obsm["X_spotscape"])

    @pytest.mark.filterwarnings(SMALL)
    def test_by_the_published_encoder(self):
        both = integrate(with_cores(2), config=TRAINED | {"cluster_method": "kmeans"})
        assert np.isfinite(both.obsm["X_spotscape"]).all()
        assert both.obs["spotscape_domain"].notna().all()
        assert "spotscape_confidence" not in both.obs
