"""Several sections in one object, fields of view on each other: refused; one section never."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from spotscape import Spotscape, gr, io, tl
from spotscape._validate import InputError, SpotscapeWarning
from spotscape.datasets import simulate_slice, simulate_slices

QUICK = {"n_starts": 1}


def barcodes(n, seed=0):
    return ["".join(np.random.default_rng([seed, i]).choice(list("ACGT"), 16)) + "-1" for i in range(n)]


def stacked(layout="hexagonal", column="library_id", n=3, same=False):
    """Sections with one frame of pixels, one after the other."""
    slices = simulate_slices(n_slices=n, n_spots=200, n_genes=60, n_domains=3, layout=layout, seed=2)
    for number, one in enumerate(slices):
        one.obs = pd.DataFrame(index=one.obs_names)
        xy = one.obsm["spatial"]
        one.obsm["spatial"] = (slices[0].obsm["spatial"] if same else xy - xy.min(axis=0)) + 0.2 * number
        if column:
            one.obs[column] = f"V{number}"
    joined = ad.concat(slices)
    joined.obs_names = [f"spot{i}" for i in range(joined.n_obs)]
    return joined


def one_section(layout="hexagonal"):
    adata = simulate_slice(n_spots=400, n_genes=60, n_domains=4, layout=layout, seed=3)
    adata.obs = adata.obs[["ground_truth"]].copy()
    return adata


def run(adata, **arguments):
    return tl.run_spotscape(adata, n_domains=3, config=QUICK, progress=False, **arguments)


@pytest.mark.parametrize("layout", ["hexagonal", "square", "cells"])
@pytest.mark.parametrize(
    "column", ["library_id", "sample", "SampleID", "section", "seurat_image", "batch", "donor"]
)
def test_sections_on_each_other_are_refused_by_their_column(layout, column):
    adata = stacked(layout, column)
    with pytest.raises(InputError, match=rf"obs\['{column}'\].*3 sections.*slice_key='{column}'"):
        run(adata)
    assert not adata.obsp
    with pytest.raises(InputError, match="3 sections"):
        gr.spatial_neighbors(adata)
    gr.spatial_neighbors(adata, slice_key=column)


def test_a_verb_that_maps_refuses_them_too():
    model = Spotscape(QUICK).fit(one_section(), n_domains=3, progress=False)
    with pytest.raises(InputError, match="3 sections"):
        model.transform(stacked(), min_genes=0)


def test_libraries_in_uns_make_any_column_tell():
    adata = stacked(column="where")
    gr.spatial_neighbors(adata.copy())  # nothing says that these are sections
    adata.uns["spatial"] = {f"V{i}": {"images": {}, "scalefactors": {}} for i in range(3)}
    with pytest.raises(InputError, match=r"slice_key='where'"):
        run(adata)


def test_barcodes_with_other_ends():
    adata = stacked(column=None)
    adata.obs_names = [name[:-1] + str(i // 200 + 1) for i, name in enumerate(barcodes(adata.n_obs))]
    with pytest.raises(InputError, match=r"obs_names: found 3 sections.*slice_key"):
        run(adata)
    adata.obs["batch"] = pd.Categorical(np.repeat(["0", "1", "2"], 200))
    with pytest.raises(InputError, match=r"slice_key='batch'"):
        run(adata)


def test_places_on_the_array_that_occur_twice():
    adata = stacked(column="mystery", same=True)
    adata.obs["array_row"], adata.obs["array_col"] = np.divmod(np.tile(np.arange(200), 3), 20)
    with pytest.raises(InputError, match="slice_key='mystery'"):
        run(adata)
    del adata.obs["mystery"]
    with pytest.warns(SpotscapeWarning, match="share their array_row"):
        gr.spatial_neighbors(adata)


def test_images_of_several_sections_and_no_word_of_which():
    adata = one_section()
    adata.uns["spatial"] = {name: {"images": {}} for name in "ab"}
    with pytest.warns(SpotscapeWarning, match="images of 2 sections"):
        gr.spatial_neighbors(adata)


@pytest.mark.parametrize("named", [True, False])
def test_serial_sections_by_a_number_in_pixels(named):
    adata = stacked("cells", "level" if named else None)
    z = np.repeat([1.0, 2.0, 3.0], 200)
    adata.obsm["spatial"] = np.column_stack([adata.obsm["spatial"], z])
    with pytest.raises(
        InputError, match=r"3 sections 1 apart.*column 3.*slice_key=" + ("'level'" if named else ",")
    ):
        run(adata)
    adata.obsm["spatial"][:, 2] *= 10  # the distance of cells: a tissue in space
    gr.spatial_neighbors(adata)


@pytest.mark.parametrize("where", ["spatial_fov", "global", "obs", None])
def test_fields_of_view_in_local_pixels(where):
    adata = one_section("cells")
    xy = adata.obsm["spatial"]
    side = np.ptp(xy, axis=0) / 2 * 1.0001
    cell = ((xy - xy.min(axis=0)) // side).astype(int)
    adata.obs["fov"] = cell[:, 0] * 2 + cell[:, 1] + 1
    adata.obsm["spatial"] = xy - xy.min(axis=0) - cell * side
    words = r"slice_key='fov'"
    if where == "obs":
        adata.obs["CenterX_global_px"], adata.obs["CenterY_global_px"] = xy.T
        words = r"\['CenterX_global_px', 'CenterY_global_px'\]"
    elif where is not None:
        adata.obsm["X_pca"] = np.random.default_rng(0).random((adata.n_obs, 2))
        adata.obsm[where] = xy
        words = f"spatial_key='{where}'"
    with pytest.raises(InputError, match="4 fields of view.*" + words):
        run(adata)
    if where in ("spatial_fov", "global"):
        run(adata, spatial_key=where)


def labelled(kind, adata):
    rng, n = np.random.default_rng(1), adata.n_obs
    xy = adata.obsm["spatial"]
    half = np.where(xy[:, 0] < np.median(xy[:, 0]), "left", "right")
    adata.obs_names = barcodes(n)
    if kind == "constant library":
        adata.obs["library_id"] = "V1"
        adata.uns["spatial"] = {"V1": {"images": {}, "scalefactors": {}}}
    elif kind == "a part of several":
        adata.obs["library_id"] = pd.Categorical(["V1"] * n, categories=["V1", "V2"])
        adata.uns["spatial"] = {name: {"images": {}} for name in ("V1", "V2")}
    elif kind == "cell types":
        adata.obs["cell_type"] = pd.Categorical(rng.choice(list("abcdef"), n))
        adata.obs["region"] = adata.obs["ground_truth"]
        adata.obs["leiden"] = rng.choice(["0", "1", "2"], n)
    elif kind == "replicates of cells":
        adata.obs["replicate"] = rng.choice(["r1", "r2"], n)
        adata.obs["batch"] = rng.choice(["b1", "b2", "b3"], n)
        adata.obs["group"] = rng.choice(list("abcdefgh"), n)
    elif kind == "sections side by side":
        adata.obs["section"], adata.obs["sample"] = half, half
    elif kind == "fields that tile":
        cell = ((xy - xy.min(axis=0)) // (np.ptp(xy, axis=0) / 4 * 1.001)).astype(int)
        adata.obs["fov"] = cell[:, 0] * 4 + cell[:, 1]
    elif kind == "numbers":
        adata.obs["sample_weight"] = rng.random(n)
        adata.obs["array_row"], adata.obs["array_col"] = np.divmod(np.arange(n), 20)
        adata.obs["n_genes"] = rng.integers(1, 50, n)
    elif kind == "cells named by field":
        adata.obs_names = [f"{i % 40}_{i // 40}" for i in range(n)]
        adata.obs["orig.ident"] = [str(i % 40) for i in range(n)]
    elif kind == "CELLxGENE":
        adata.uns["spatial"] = {"is_single": True, "V1": {"images": {}, "scalefactors": {}}}
    return adata


@pytest.mark.parametrize("layout", ["hexagonal", "square", "cells"])
@pytest.mark.parametrize(
    "kind",
    [
        "constant library",
        "a part of several",
        "cell types",
        "replicates of cells",
        "sections side by side",
        "fields that tile",
        "numbers",
        "cells named by field",
        "CELLxGENE",
    ],
)
def test_one_section_is_never_taken_for_several(layout, kind):
    gr.spatial_neighbors(labelled(kind, one_section(layout)))


def test_a_graph_that_keeps_sections_apart_is_enough():
    adata = stacked()
    gr.spatial_neighbors(adata, slice_key="library_id")
    kept = adata.obsp["spatial_connectivities"].copy()
    run(adata)
    assert (adata.obsp["spatial_connectivities"] != kept).nnz == 0


def test_errors_of_several_slices_say_which():
    slices = simulate_slices(n_slices=2, n_spots=120, n_genes=60, n_domains=3)
    slices[1].obsm["spatial"][3] = np.nan
    with pytest.raises(InputError, match=r"^slice 'b': .*NaN"):
        tl.integrate_slices(dict(zip("ab", slices, strict=True)), progress=False)
    with pytest.raises(InputError, match=r"^slice 'several': .*3 sections"):
        tl.integrate_slices({"a": slices[0], "several": stacked()}, progress=False)
    with pytest.raises(InputError, match="two slices named '1'"):
        tl.integrate_slices({1: slices[0], "1": slices[0].copy()}, progress=False)


def test_slices_with_images_have_names_that_files_can_keep(tmp_path):
    slices = simulate_slices(n_slices=2, n_spots=120, n_genes=60, n_domains=3)
    named = dict(zip(("day/1", "day/2"), slices, strict=True))
    both = tl.integrate_slices(named, n_domains=3, config=QUICK, progress=False)
    io.write(both, tmp_path / "both.h5ad")
    assert io.read(tmp_path / "both.h5ad").obs["slice"].cat.categories.tolist() == ["day/1", "day/2"]
    slices[1].uns["spatial"] = {"V1": {"images": {}, "scalefactors": {}}}
    with pytest.raises(InputError, match=r"slice 'day/2': .*without '/'"):
        tl.integrate_slices(named, n_domains=3, config=QUICK, progress=False)


def test_spots_off_tissue_are_left_out_of_several_slices():
    slices = simulate_slices(n_slices=2, n_spots=120, n_genes=60, n_domains=3)
    slices[1].obs["in_tissue"] = np.arange(120) >= 10
    with pytest.warns(SpotscapeWarning, match="10 of 120 spots are not on tissue"):
        both = tl.integrate_slices(slices, n_domains=3, config=QUICK, progress=False)
    assert both.obs["slice"].value_counts().tolist() == [120, 110]
