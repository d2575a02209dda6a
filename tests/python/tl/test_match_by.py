"""What slices are matched by: footprints of one size, the best fit without labels, and spots on their own."""

import warnings

import anndata as ad
import numpy as np
import pytest
from scipy import sparse

from spotscape import datasets
from spotscape._validate import InputError, SpotscapeWarning
from spotscape.alignment import sides_of
from spotscape.alignment.best import align_by_best
from spotscape.alignment.counterparts import lies_in
from spotscape.alignment.footprints import Space, joint_components, mean_of_nearest, spaces
from spotscape.tl import align_slices


def turn(degrees):
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[c, s], [s, -c]])  # turned over as well


def joined(*slices):
    """Return slices in one object, with an embedding that says nothing."""
    both = ad.concat(dict(zip(("one", "two"), slices, strict=True)), label="slice", index_unique="_")
    both.obsm["X_spotscape"] = np.random.default_rng(0).normal(size=(both.n_obs, 5))
    both.uns["spotscape"] = {"params": {}}
    return both


def halves(seed=0, n_spots=500):
    """Return cells, and pseudo-spots of about eight of them from the other half of each count, turned."""
    cells = datasets.simulate_slice(n_spots=n_spots, n_genes=150, layout="cells", seed=seed)
    whole = sparse.csr_matrix(cells.X)
    one, other = whole.copy(), whole.copy()
    one.data = np.random.default_rng(seed).binomial(whole.data.astype(int), 0.5).astype("float32")
    other.data = whole.data - one.data
    xy = cells.obsm["spatial"] - cells.obsm["spatial"].min(axis=0)
    side = np.sqrt(np.ptp(xy[:, 0]) * np.ptp(xy[:, 1]) * 8 / n_spots)
    bins, number = np.unique(xy // side, axis=0, return_inverse=True)
    member = sparse.csr_matrix((np.ones(n_spots), (number.ravel(), np.arange(n_spots))))
    fine = ad.AnnData(one, obsm={"spatial": xy})
    coarse = ad.AnnData(
        sparse.csr_matrix(member @ other, dtype="float32"), obsm={"spatial": (bins + 0.5) * side @ turn(40).T}
    )
    return fine, coarse, number.ravel(), (bins + 0.5) * side, side


def test_pseudo_spots_of_other_molecules_come_to_their_cells():
    fine, coarse, number, _, _ = halves()
    both = joined(fine, coarse)
    align_slices(both)
    record = both.uns["spotscape_alignment"]
    row = record["slices"].iloc[1]
    assert record["representation"] == "matching"
    assert row["footprint"] in (7, 19)
    # As much tissue in both.
    assert 5 < row["reference_footprint"] / row["footprint"] < 11
    matches = record["matches"]
    spots = both.obs_names.get_indexer(matches["spot"]) - fine.n_obs
    cells = both.obs_names.get_indexer(matches["reference_spot"])
    assert (number[cells] == spots).sum() / coarse.n_obs > 0.8
    # All cells of a spot: each has one match, in its own spot or the next to it.
    align_slices(both, reference="two")
    matches = both.uns["spotscape_alignment"]["matches"]
    assert matches["spot"].is_unique
    assert matches["reference_spot"].value_counts().median() > 3


def test_the_run_embedding_is_taken_where_asked_and_where_there_are_no_counts():
    places = np.random.default_rng(0).uniform(0, 3, (200, 2))
    both = joined(section(places, seed=1), section(places, seed=2))
    with pytest.warns(SpotscapeWarning, match="was not aligned"):
        align_slices(both, representation="domains")
    assert both.uns["spotscape_alignment"]["representation"] == "domains"
    both.X = both.obsm["X_spotscape"][:, :1] + np.zeros((1, both.n_vars))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        align_slices(both)
    assert any("matched by the run's embedding" in str(one.message) for one in said)
    assert both.uns["spotscape_alignment"]["representation"] == "domains"
    with pytest.raises(InputError, match="raw counts"):
        align_slices(both, representation="matching")
    with pytest.raises(InputError, match="'matching', 'domains'"):
        align_slices(both, representation="own")


def test_without_a_transform_cells_are_matched_by_their_own_expression_if_asked():
    rng = np.random.default_rng(0)
    kinds = rng.integers(0, 4, 240)
    counts = rng.poisson(np.where(np.arange(40) % 4 == kinds[:, None], 6.0, 1.0)).astype("float32")
    both = joined(ad.AnnData(counts[:120]), ad.AnnData(counts[120:]))
    agree = {}
    for by in ("matching", None):
        align_slices(both, transform="none", representation=by)
        record = both.uns["spotscape_alignment"]
        pairs = [both.obs_names.get_indexer(record["matches"][name]) for name in ("spot", "reference_spot")]
        agree[record["representation"]] = (kinds[pairs[0]] == kinds[pairs[1]]).mean()
    assert agree["matching"] > 0.9 > 0.5 > agree["domains"]


def test_the_embedding_under_which_matches_lie_closest_is_taken():
    rng = np.random.default_rng(1)
    xy = rng.uniform(0, 3, (200, 2))
    fine = np.concatenate([xy, np.sin(3 * xy)], axis=1)
    places = np.concatenate([xy @ turn(30).T, xy])
    tried = []
    for noise in (0.6, 0.05):
        z = [fine + rng.normal(scale=noise, size=fine.shape) for _ in range(2)]
        tried.append(Space(*z, int(100 * noise)))
    sides = sides_of(places, np.zeros((400, 1)), np.arange(200), np.arange(200, 400), "rigid")
    best = align_by_best(sides, tried, "rigid", "transport", 10, 0)
    assert best.space.footprint == 5
    assert np.linalg.norm(best.aligned(places[:200]) - xy, axis=1).max() < 0.3
    assert len(best.aligned.matches.spots) == 200


@pytest.mark.parametrize(("second", "taken"), [(0.07, 0), (0.16, 0), (0.18, 1)])
def test_the_run_s_embedding_is_left_only_for_a_clearly_better_one(monkeypatch, second, taken):
    rng = np.random.default_rng(1)
    xy = rng.uniform(0, 3, (200, 2))
    tried = [Space(xy + rng.normal(scale=0.05, size=xy.shape), xy, number) for number in range(2)]
    sides = sides_of(
        np.concatenate([xy, xy]), np.zeros((400, 1)), np.arange(200), np.arange(200, 400), "rigid"
    )
    shares = iter([0.07, second])  # twice as large a share of few spots is no sign
    monkeypatch.setattr("spotscape.alignment.best.closeness", lambda placed: next(shares))
    assert align_by_best(sides, tried, "rigid", "nearest", 10, 0).space.footprint == taken


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6])
@pytest.mark.parametrize("lattice", [True, False])
def test_the_share_without_counterpart_is_the_true_one(share, lattice):
    rng = np.random.default_rng(2)
    square = np.stack(np.meshgrid(np.arange(35.0), np.arange(35.0)), axis=-1).reshape(-1, 2) / 35
    one, other = (square, square + 0.01) if lattice else (rng.uniform(size=(1200, 2)) for _ in range(2))
    found = 1 - lies_in(one, other[other[:, 0] >= share]).mean()
    assert found == pytest.approx((one[:, 0] < share).mean(), abs=0.03)


def section(places, *, seed, shown=0):
    """Return a slice whose counts say where each spot lies; ``shown`` another number for another tissue."""
    tissue = np.random.default_rng(100 + shown)
    waves, phases = tissue.normal(scale=3.0, size=(2, 60)), tissue.uniform(0, 7, 60)
    counts = np.random.default_rng(seed).poisson(np.exp(1 + np.sin(places @ waves + phases)))
    return ad.AnnData(counts.astype("float32"), obsm={"spatial": places @ turn(40).T + seed})


def test_a_cropped_slice_says_how_much_of_it_has_no_counterpart():
    one, two = (np.random.default_rng(seed).uniform(0, 3, (500, 2)) for seed in range(2))
    both = joined(section(one[one[:, 0] < 1.8], seed=1), section(two, seed=2))
    align_slices(both)
    row = both.uns["spotscape_alignment"]["slices"].iloc[1]
    assert row["unmatched"] == pytest.approx((two[:, 0] >= 1.8).mean(), abs=0.05)
    assert row["reference_unmatched"] < 0.05
    assert row["footprint"] == row["reference_footprint"]


def test_components_are_those_of_averaged_centred_expression():
    rng = np.random.default_rng(3)
    parts = [sparse.csr_matrix(rng.poisson(1.0, (n, 20)).astype("float32")) for n in (60, 50)]
    means = [mean_of_nearest(rng.uniform(size=(one.shape[0], 2)), 5) for one in parts]
    found = joint_components(tuple(parts), means, 6)
    dense = [(mean @ one).toarray() for one, mean in zip(parts, means, strict=True)]
    whole = np.concatenate([one - one.mean(axis=0) for one in dense])
    u, s, _ = np.linalg.svd(whole, full_matrices=False)
    expected = (u * s)[:, :6]
    z = np.concatenate(found)
    np.testing.assert_allclose(z @ z.T, expected @ expected.T, atol=1e-2)
    assert [len(one) for one in found] == [60, 50]


def test_expression_without_genes_that_differ_makes_no_space():
    same = sparse.csr_matrix(np.ones((30, 20), dtype="float32"))
    xy = np.random.default_rng(0).uniform(size=(30, 2))
    assert list(spaces(same, same, xy, xy, in_one_unit=True)) == []


@pytest.mark.parametrize(("few", "transform"), [(1, "rigid"), (2, "nonrigid"), (12, "similarity")])
def test_a_slice_of_a_few_spots_is_left_and_said(few, transform):
    places = np.random.default_rng(0).uniform(0, 3, (200, 2))
    both = joined(section(places, seed=1), section(places[:few], seed=2))
    for reference in ("one", "two"):
        with pytest.warns(SpotscapeWarning, match=r"was not aligned.*20 are needed"):
            align_slices(both, reference=reference, transform=transform)
        assert both.uns["spotscape_alignment"]["slices"]["unmatched"].isna().all()


@pytest.mark.parametrize(("beyond", "shown"), [(0.0, 1), (3.5, 0)])
def test_other_tissue_and_no_overlap_are_left_and_said(beyond, shown):
    one, two = (np.random.default_rng(seed).uniform(0, 3, (300, 2)) for seed in range(2))
    both = joined(section(one, seed=1), section(two + beyond, seed=2, shown=shown))
    with pytest.warns(SpotscapeWarning, match="was not aligned"):
        align_slices(both)
    assert np.isnan(both.obsm["spatial_aligned"][300:]).all()
