"""Results of several slices, in the objects that they came from."""

import numpy as np
import pytest

from spotscape import datasets, io, tl
from spotscape._validate import InputError


@pytest.fixture
def slices():
    return datasets.simulate_slices(n_slices=2, n_spots=150, n_genes=60, n_domains=3)


@pytest.fixture
def both(slices):
    return tl.integrate_slices(slices, n_domains=3, progress=False)


def test_each_slice_has_its_part(slices, both):
    was = [one.X.copy() for one in slices]
    tl.results_to_slices(both, slices)
    for number, (one, counts) in enumerate(zip(slices, was, strict=True)):
        own = both[150 * number : 150 * (number + 1)]
        assert one.obs["spotscape_domain"].tolist() == own.obs["spotscape_domain"].tolist()
        np.testing.assert_array_equal(one.obsm["X_spotscape"], own.obsm["X_spotscape"])
        np.testing.assert_array_equal(one.obs["spotscape_confidence"], own.obs["spotscape_confidence"])
        assert list(one.obs["spotscape_domain"].cat.categories) == ["1", "2", "3"]
        assert set(one.obs["slice"]) == {f"slice{number + 1}"}
        assert one.uns["spotscape"]["params"] == both.uns["spotscape"]["params"]
        assert (one.X != counts).nnz == 0


def test_names_that_slices_share_and_another_order_of_a_dict(slices):
    for one in slices:
        one.obs_names = [f"s{i}" for i in range(one.n_obs)]
    with pytest.warns(UserWarning, match="Slices share names of spots"):
        both = tl.integrate_slices(dict(zip("ab", slices, strict=True)), n_domains=3, progress=False)
    shuffled = slices[1][::-1].copy()
    tl.results_to_slices(both, {"b": shuffled, "a": slices[0]})
    assert shuffled.obs["spotscape_domain"].tolist() == both.obs["spotscape_domain"].tolist()[:149:-1]


def test_spots_that_were_left_out_have_no_domain(slices):
    slices[0].obs["in_tissue"] = np.arange(150) > 9
    slices[1].obs["in_tissue"] = 1
    with pytest.warns(UserWarning, match="not on tissue"):
        both = tl.integrate_slices(slices, n_domains=3, progress=False)
    tl.results_to_slices(both, slices)
    assert slices[0].obs["spotscape_domain"].isna().tolist() == [i <= 9 for i in range(150)]
    assert np.isnan(slices[0].obsm["X_spotscape"][:10]).all()
    assert np.isfinite(slices[0].obsm["X_spotscape"][10:]).all()
    assert slices[0].obs["spotscape_confidence"].isna().sum() == 10


def test_other_objects_are_refused_and_stay_as_they_are(slices, both):
    columns = list(slices[0].obs)
    for wrong, words in (
        (slices[:1], "1 slices"),
        (slices[0], "expected a list or dict of AnnData"),
        ({"slice1": slices[0], "other": slices[1]}, "'other'"),
        (slices[::-1], "no spot"),
    ):
        with pytest.raises(InputError, match=words):
            tl.results_to_slices(both, wrong)
    assert list(slices[0].obs) == columns
    with pytest.raises(InputError, match="X_spotscape"):
        tl.results_to_slices(slices[0], slices)


def test_counts_on_disk_stay_there(slices, both, tmp_path):
    io.write(slices[0], tmp_path / "one.h5ad")
    one = io.read(tmp_path / "one.h5ad", backed=True)
    tl.results_to_slices(both, [one, slices[1]])
    assert one.isbacked
    io.write(one, tmp_path / "out.h5ad")
    assert io.read(tmp_path / "out.h5ad").obs["spotscape_domain"].notna().all()
    one.file.close()
