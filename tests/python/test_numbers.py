"""Numbers that are none, units that differ, spots off tissue, earlier outputs: said, or put right."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pytest
from scipy import sparse

from spotscape import gr, io, pp, tl
from spotscape._validate import InputError, SpotscapeWarning
from spotscape.cli import main
from spotscape.cli.info import describe_slice
from spotscape.datasets import simulate_slice

QUICK = {"n_starts": 1}
WORDS = [word for key, value in QUICK.items() for word in ("--set", f"{key}={value}")]


@pytest.fixture
def adata():
    return simulate_slice(n_spots=250, n_genes=60, n_domains=3, seed=1)


def spots_at(xy):
    return ad.AnnData(np.ones((len(xy), 1), "float32"), obsm={"spatial": np.asarray(xy)})


def test_a_missing_integer_of_r(adata):
    places = adata.obsm["spatial"].astype(np.int32)
    places[3, 1] = np.iinfo(np.int32).min
    adata.obsm["spatial"] = places
    with pytest.raises(InputError, match=r"1 spot\(s\) with NaN or infinite"):
        gr.spatial_neighbors(adata)


@pytest.mark.parametrize("unit", [1e200, 1e-200])
def test_numbers_whose_squares_are_none(adata, unit):
    adata.obsm["spatial"] = adata.obsm["spatial"] * unit
    with pytest.raises(InputError, match="another unit"):
        gr.spatial_neighbors(adata)


@pytest.mark.parametrize("spacing", [2.3, 3.65, 4.5, 7.31, 29.2])
@pytest.mark.parametrize("hole", [False, True])
def test_square_bins_rounded_to_pixels_touch_eight(spacing, hole):
    grid = np.stack(np.meshgrid(np.arange(40), np.arange(40)), axis=-1).reshape(-1, 2)
    if hole:
        grid = grid[~((grid > 14) & (grid < 24)).all(axis=1)]
    adata = spots_at(np.round(grid * spacing))
    exact = spots_at(grid * 1.0)
    for one in (adata, exact):
        gr.spatial_neighbors(one)
    assert (adata.obsp["spatial_connectivities"] != exact.obsp["spatial_connectivities"]).nnz == 0


def test_totals_of_large_whole_numbers():
    adata = ad.AnnData(sparse.csr_matrix(np.full((3, 4), 2**62, dtype=np.int64)))
    totals = pp.find_counts(adata).totals()
    np.testing.assert_allclose(totals, 4.0 * 2**62)
    assert describe_slice(adata)["counts"]["total_per_spot"]["min"] > 0


def test_a_part_of_a_backed_object_is_refused_before_training(adata, tmp_path):
    io.write(adata, tmp_path / "a.h5ad")
    backed = io.read(tmp_path / "a.h5ad", backed=True)
    with pytest.raises(InputError, match="to_memory"):
        tl.run_spotscape(backed[:200], progress=False)
    backed.file.close()


def test_scanpys_pca_is_no_earlier_run(adata):
    adata.obsm["X_pca"], adata.uns["pca"] = np.ones((250, 2)), {"params": {"zero_center": True}}
    assert describe_slice(adata)["runs"] == {}


def test_spots_off_tissue_are_said(adata):
    adata.obs["in_tissue"] = (np.arange(250) >= 20).astype(int)
    with pytest.warns(SpotscapeWarning, match="20 of 250 spots are not on tissue"):
        tl.run_spotscape(adata, n_domains=3, config=QUICK, progress=False)


@pytest.mark.parametrize("backed", [[], ["--backed"]])
def test_the_command_leaves_out_spots_off_tissue_and_its_own_output(adata, tmp_path, capsys, backed):
    adata.obs["in_tissue"] = (np.arange(250) >= 20).astype(int)
    io.write(adata, tmp_path / "a.h5ad")
    out = tmp_path / "out.h5ad"
    for _ in range(2):  # the second time, the folder holds the result of the first
        with pytest.raises(SystemExit) as stop:
            main(["run", str(tmp_path), "-o", str(out), "-k", "3", "-q", *backed, *WORDS])
        assert not stop.value.code
        assert "20 of 250 spots are not on tissue" in capsys.readouterr().err
    assert io.read(out).n_obs == 230


def test_slices_in_different_units_are_said():
    rng = np.random.default_rng(0)
    places = rng.uniform(0, 3, (800, 2))
    x, y = places.T
    adata = ad.AnnData(np.ones((800, 2), "float32"))
    adata.obs["slice"] = ["one"] * 400 + ["two"] * 400
    adata.obsm["X_spotscape"] = np.stack([np.sin(3 * x) + x, np.cos(2 * y) + y, np.sin(2 * (x + y))], axis=1)
    adata.obsm["spatial"] = places * np.repeat([1, 0.36], 400)[:, None]
    with pytest.warns(SpotscapeWarning) as said:
        tl.align_slices(adata)
    assert any("different units" in str(one.message) and "similarity" in str(one.message) for one in said)
    tl.align_slices(adata, transform="similarity")
