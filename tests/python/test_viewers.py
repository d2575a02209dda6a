"""What is written for viewers: read back by other means, and held against what each viewer documents."""

from __future__ import annotations

import hashlib
import json
import shutil

import anndata
import numpy as np
import pandas as pd
import pytest
import zarr
from matplotlib.path import Path as Outline

from spotscape import datasets, io, tl
from spotscape._validate import InputError
from spotscape.cli import main

from .platforms import KINDS
from .platforms_10x import tissue


@pytest.fixture(scope="module")
def done():
    """Return a slice after a run, with pseudotime."""
    adata = tissue(n_spots=400, n_genes=60)
    tl.run_spotscape(adata, n_domains=3)
    tl.pseudotime(adata, root={"domain": "1"})
    return adata


@pytest.fixture(scope="module")
def joined():
    slices = datasets.simulate_slices(n_slices=2, n_spots=200, n_genes=60, seed=1)
    for one in slices:
        one.obs_names = [f"spot{i}" for i in range(one.n_obs)]  # which both slices share
    with pytest.warns(match="start"):
        return tl.integrate_slices(dict(zip("AB", slices, strict=True)), n_domains=3), slices


class TestTables:
    @pytest.mark.parametrize(("kind", "header"), [("xenium", "cell_id,group"), ("loupe", "Barcode,domain")])
    def test_two_columns(self, done, tmp_path, kind, header):
        io.write_viewer(done, tmp_path / "a.csv", kind=kind)
        lines = (tmp_path / "a.csv").read_text().splitlines()
        assert lines[0] == header
        domains = done.obs["spotscape_domain"]
        assert lines[1:] == [f"{name},{domain}" for name, domain in domains.items()]

    def test_spots_without_a_domain_are_left_out(self, done, tmp_path):
        some = done.copy()
        some.obs.loc[some.obs_names[:7], "spotscape_domain"] = None
        io.write_viewer(some, tmp_path / "a.csv", kind="xenium")
        table = pd.read_csv(tmp_path / "a.csv")
        assert table["cell_id"].tolist() == list(some.obs_names[7:])

    def test_one_slice_by_the_names_it_had(self, joined, tmp_path):
        adata, slices = joined
        with pytest.raises(InputError, match=r"slice_name: found None, of 2 slices \(A, B\)"):
            io.write_viewer(adata, tmp_path / "a.csv", kind="loupe")
        with pytest.raises(InputError, match="slice_name: found 'C', expected 'A', 'B'"):
            io.write_viewer(adata, tmp_path / "a.csv", kind="loupe", slice_name="C")
        assert not list(tmp_path.iterdir())
        io.write_viewer(adata, tmp_path / "a.csv", kind="loupe", slice_name="B")
        table = pd.read_csv(tmp_path / "a.csv", dtype=str)
        assert table["Barcode"].tolist() == list(slices[1].obs_names)
        own = (adata.obs["slice"] == "B").to_numpy()
        assert table["domain"].tolist() == adata.obs["spotscape_domain"][own].tolist()


def inside(feature, places):
    """Say which places lie in a feature: in an outline, and in none of its holes."""
    found = np.zeros(len(places), bool)
    for rings in feature["geometry"]["coordinates"]:
        within = [Outline(np.array(ring)).contains_points(places) for ring in rings]
        found |= within[0] & ~np.any(within[1:], axis=0) if len(within) > 1 else within[0]
    return found


def area(ring):
    x, y = np.array(ring).T
    return (x[:-1] * y[1:] - x[1:] * y[:-1]).sum() / 2


def check_polygons(features):
    """Rings are closed and turn as RFC 7946 asks, outlines one way, holes the other; none crosses itself."""
    for feature in features:
        assert feature["geometry"]["type"] == "MultiPolygon"
        for rings in feature["geometry"]["coordinates"]:
            for ring in rings:
                assert ring[0] == ring[-1]
                assert len(ring) >= 5
                corners = list(map(tuple, ring[:-1]))
                assert len(set(corners)) == len(corners)
            assert area(rings[0]) > 0
            assert all(area(hole) < 0 for hole in rings[1:])


class TestPolygons:
    def written(self, adata, tmp_path, **how):
        io.write_viewer(adata, tmp_path / "a.geojson", kind="geojson", **how)
        whole = json.loads((tmp_path / "a.geojson").read_text())
        assert whole["type"] == "FeatureCollection"
        return whole["features"]

    def test_hold_the_spots_of_their_domain(self, done, tmp_path):
        features = self.written(done, tmp_path)
        check_polygons(features)
        domains = done.obs["spotscape_domain"]
        assert [one["properties"]["domain"] for one in features] == ["1", "2", "3"]
        right = 0
        for feature in features:
            own = (domains == feature["properties"]["domain"]).to_numpy()
            right += int((inside(feature, done.obsm["spatial"]) == own).sum())
            assert feature["properties"]["n_spots"] == own.sum()
            for name in ("spotscape_confidence", "spotscape_pseudotime"):
                mean = done.obs[name][own].mean()
                assert feature["properties"][name] == pytest.approx(mean, abs=1e-5)
        # Cells that touch share a square; all but a few lie in the polygons of their own domain.
        assert right / (3 * done.n_obs) > 0.99

    def test_do_not_overlap_and_leave_no_gap(self, done, tmp_path):
        features = self.written(done, tmp_path)
        places = np.random.default_rng(0).uniform(
            done.obsm["spatial"].min(axis=0) + 20, done.obsm["spatial"].max(axis=0) - 20, (2000, 2)
        )
        covered = sum(inside(feature, places).astype(int) for feature in features)
        assert covered.max() == 1
        assert (covered == 1).mean() > 0.9

    def test_holes_and_islands(self, tmp_path):
        """A ring of one domain around another, and an island apart; corners that touch."""
        x, y = np.meshgrid(np.arange(9.0), np.arange(9.0))
        labels = np.full((9, 9), "out", dtype=object)
        labels[3:6, 3:6] = "in"
        labels[0, 0] = labels[8, 8] = "in"
        labels[2, 2] = "in"  # touches the middle at a corner
        adata = anndata.AnnData(np.ones((81, 1), "float32"))
        adata.obsm["spatial"] = np.column_stack([x.ravel(), y.ravel()])
        adata.obs["spotscape_domain"] = pd.Categorical(labels.ravel())
        features = self.written(adata, tmp_path)
        check_polygons(features)
        found = {one["properties"]["domain"]: one for one in features}
        assert len(found["in"]["geometry"]["coordinates"]) == 4
        assert len(found["out"]["geometry"]["coordinates"]) == 1
        for name, feature in found.items():
            assert (inside(feature, adata.obsm["spatial"]) == (labels.ravel() == name)).all()
        total = sum(area(r) for one in features for rings in one["geometry"]["coordinates"] for r in rings)
        box = 8 + 2 * 1.5  # squares within reach beyond the outer spots, all but the corners
        assert 0.95 * box**2 < total <= box**2

    @pytest.mark.parametrize("seed", range(20))
    def test_any_pattern(self, tmp_path, seed):
        """Chance patterns touch themselves at corners in every way; each spot is in its own domain only."""
        x, y = np.meshgrid(np.arange(12.0), np.arange(12.0))
        labels = np.random.default_rng(seed).integers(0, 2, 144)
        adata = anndata.AnnData(np.ones((144, 1), "float32"))
        adata.obsm["spatial"] = np.column_stack([x.ravel(), y.ravel()])
        adata.obs["spotscape_domain"] = pd.Categorical(labels.astype(str))
        features = self.written(adata, tmp_path)
        check_polygons(features)
        for feature in features:
            own = labels == int(feature["properties"]["domain"])
            assert (inside(feature, adata.obsm["spatial"]) == own).all()

    def test_scale_and_colours(self, done, tmp_path):
        plain = self.written(done, tmp_path)
        some = done.copy()
        some.uns["spotscape_domain_colors"] = ["#ff0000", "#00ff00", "#0000ff"]
        scaled = self.written(some, tmp_path, scale=2.0)
        ring = np.array(plain[0]["geometry"]["coordinates"][0][0])
        np.testing.assert_allclose(np.array(scaled[0]["geometry"]["coordinates"][0][0]), 2 * ring)
        assert scaled[1]["properties"]["classification"] == {"name": "domain 2", "color": [0, 255, 0]}
        assert "color" not in plain[1]["properties"]["classification"]


class TestVitessce:
    def test_a_folder_to_serve(self, done, tmp_path):
        io.write_viewer(done, tmp_path / "site", kind="vitessce")
        assert {one.name for one in tmp_path.iterdir()} == {"site"}
        views = json.loads((tmp_path / "site" / "vitessce.json").read_text())
        store = tmp_path / "site" / "adata.zarr"
        assert zarr.open_group(store, mode="r").metadata.zarr_format == 2
        assert (store / ".zmetadata").is_file()
        options = views["datasets"][0]["files"][0]["options"]
        named = [
            options["obsLocations"],
            options["obsFeatureMatrix"],
            *options["obsSets"],
            *options["obsEmbedding"],
        ]
        for one in named:
            assert (store / one["path"]).exists()
        scopes = views["coordinationSpace"]
        for view in views["layout"]:
            assert all(scope in scopes[what] for what, scope in view["coordinationScopes"].items())
            assert view["x"] + view["w"] <= 12
        shown = anndata.read_zarr(store)
        assert (shown.X != done.X).nnz == 0
        assert shown.X.format == "csc"
        assert shown.obs["spotscape_domain"].tolist() == done.obs["spotscape_domain"].tolist()
        assert {"spotscape_confidence", "spotscape_pseudotime"} <= set(shown.obs)
        np.testing.assert_allclose(shown.obsm["spatial"], done.obsm["spatial"], rtol=1e-6)

    def test_nothing_is_written_over(self, done, tmp_path):
        (tmp_path / "site").mkdir()
        with pytest.raises(InputError, match="something there, expected a folder that does not exist yet"):
            io.write_viewer(done, tmp_path / "site", kind="vitessce")
        with pytest.raises(InputError, match="Create it first"):
            io.write_viewer(done, tmp_path / "no" / "site", kind="vitessce")


def digests(store, table="tables/table"):
    """Return what every file outside a table holds, and which there are."""
    files = [one for one in sorted(store.rglob("*")) if one.is_file()]
    kept = [one for one in files if not one.relative_to(store).as_posix().startswith(f"{table}/")]
    return {one.relative_to(store).as_posix(): hashlib.sha256(one.read_bytes()).hexdigest() for one in kept}


STORES = ["spatialdata_2", "spatialdata_3", "spatialdata_labels"]


class TestStore:
    @pytest.fixture
    def store(self, tmp_path):
        return lambda kind: KINDS[kind].make(tissue(), tmp_path)

    @pytest.mark.parametrize("kind", STORES)
    def test_results_go_into_the_table_and_nowhere_else(self, store, kind):
        path = store(kind)
        before, counts = digests(path), io.read(path)
        adata = io.read(path)
        tl.run_spotscape(adata, n_domains=3)
        io.write_viewer(adata, path, kind="spatialdata")
        assert digests(path) == before
        back = anndata.read_zarr(path / "tables" / "table")
        assert back.obs["spotscape_domain"].tolist() == adata.obs["spotscape_domain"].tolist()
        np.testing.assert_array_equal(back.obsm["X_spotscape"], adata.obsm["X_spotscape"])
        assert (back.X != counts.X).nnz == 0
        assert list(back.obs)[: counts.obs.shape[1]] == list(counts.obs)
        assert back.uns["spatialdata_attrs"]["region"] == "cells"
        assert "spatial" not in back.obsm  # which was made of shapes on reading
        # Once more, with another number of domains: replaced, not added.
        tl.spatial_domains(adata, n_domains=2)
        io.write_viewer(adata, path, kind="spatialdata")
        again = anndata.read_zarr(path / "tables" / "table")
        assert sorted(again.obs["spotscape_domain"].unique()) == ["1", "2"]
        assert list(again.obs) == list(back.obs)
        assert digests(path) == before

    def test_rows_that_were_left_out_have_no_value(self, store):
        path = store("spatialdata_3")
        adata = io.read(path)[5:].copy()
        tl.run_spotscape(adata, n_domains=3)
        shuffled = adata[np.random.default_rng(0).permutation(adata.n_obs)].copy()
        io.write_viewer(shuffled, path, kind="spatialdata")
        back = anndata.read_zarr(path / "tables" / "table")
        assert back.obs["spotscape_domain"][:5].isna().all()
        assert back.obs["spotscape_domain"][5:].tolist() == adata.obs["spotscape_domain"].tolist()
        assert np.isnan(back.obsm["X_spotscape"][:5]).all()
        np.testing.assert_array_equal(back.obsm["X_spotscape"][5:], adata.obsm["X_spotscape"])

    @pytest.mark.parametrize(
        ("kind", "file"), [("spatialdata_2", ".zmetadata"), ("spatialdata_3", "zarr.json")]
    )
    def test_consolidated_metadata_knows_of_it(self, store, kind, file):
        """Readers that trust what the store repeats of its parts must see the new columns."""
        path = store(kind)
        zarr.consolidate_metadata(zarr.open_group(path, mode="r+").store)
        before = digests(path)
        adata = io.read(path)
        tl.run_spotscape(adata, n_domains=3)
        io.write_viewer(adata, path, kind="spatialdata")
        after = digests(path)
        assert {name for name in before if before[name] != after[name]} == {file}
        group = zarr.open_group(path, mode="r", use_consolidated=True)
        assert "spotscape_domain" in group["tables/table/obs"]
        assert "spotscape_domain" in group["tables/table/obs"].attrs["column-order"]
        assert group["tables/table/obsm/X_spotscape"].shape == (300, adata.obsm["X_spotscape"].shape[1])
        fresh = path.parent / "fresh.zarr"
        shutil.copytree(path, fresh)
        zarr.consolidate_metadata(zarr.open_group(fresh, mode="r+").store)
        repeated = [json.loads((one / file).read_text()) for one in (path, fresh)]
        repeated = [one.get("metadata") or one["consolidated_metadata"]["metadata"] for one in repeated]
        assert set(repeated[0]) == set(repeated[1])

    def test_another_store(self, store, done):
        path = store("spatialdata_2")
        with pytest.raises(InputError, match="100 of 400 names that table 'table' does not have"):
            io.write_viewer(done, path, kind="spatialdata")
        with pytest.raises(InputError, match="nothing there"):
            io.write_viewer(done, path.parent / "other.zarr", kind="spatialdata")


class TestWrong:
    def test_before_a_run(self, tmp_path):
        with pytest.raises(InputError, match=r"spotscape_domain.*Run spotscape.tl.run_spotscape"):
            io.write_viewer(tissue(), tmp_path / "a.csv", kind="xenium")

    @pytest.mark.parametrize(
        ("name", "kind", "words"),
        [
            ("a.csv", "napari", "'xenium', 'loupe', 'geojson', 'vitessce', 'spatialdata'"),
            ("a.txt", "xenium", "ends in '.txt', expected one that ends in .csv"),
            ("a.json", "geojson", r"expected one that ends in \.geojson"),
            ("no/a.csv", "loupe", "Create it first"),
        ],
    )
    def test_names_and_kinds(self, done, tmp_path, name, kind, words):
        with pytest.raises(InputError, match=words):
            io.write_viewer(done, tmp_path / name, kind=kind)

    def test_no_anndata_and_no_scale(self, done, tmp_path):
        with pytest.raises(InputError, match="adata: found"):
            io.write_viewer(pd.DataFrame(), tmp_path / "a.csv", kind="xenium")
        with pytest.raises(InputError, match="scale: found 0"):
            io.write_viewer(done, tmp_path / "a.geojson", kind="geojson", scale=0)

    def test_three_dimensions(self, done, tmp_path):
        deep = done.copy()
        deep.obsm["spatial"] = np.column_stack([deep.obsm["spatial"], np.arange(deep.n_obs)])
        with pytest.raises(InputError, match="three dimensions"):
            io.write_viewer(deep, tmp_path / "a.geojson", kind="geojson")


class TestShell:
    def run(self, *arguments):
        with pytest.raises(SystemExit) as ended:
            main([str(one) for one in arguments])
        return ended.value.code

    def test_export_is_the_python_call(self, done, joined, tmp_path, capsys):
        io.write(done, tmp_path / "done.h5ad")
        io.write(joined[0], tmp_path / "joined.h5ad")
        for kind, name in (("xenium", "a.csv"), ("geojson", "a.geojson")):
            io.write_viewer(done, tmp_path / f"own_{name}", kind=kind)
            assert self.run("export", tmp_path / "done.h5ad", "-o", tmp_path / name, "--kind", kind) == 0
            assert (tmp_path / name).read_bytes() == (tmp_path / f"own_{name}").read_bytes()
            assert f"Written: {tmp_path / name}" in capsys.readouterr().out
        more = ("-o", tmp_path / "b.csv", "--kind", "loupe")
        assert self.run("export", tmp_path / "joined.h5ad", *more) == 2
        assert self.run("export", tmp_path / "joined.h5ad", *more, "--slice", "A", "-q") == 0
        assert len(pd.read_csv(tmp_path / "b.csv")) == (joined[0].obs["slice"] == "A").sum()

    def test_from_a_store_and_back_into_it(self, tmp_path):
        path = KINDS["spatialdata_3"].make(tissue(), tmp_path)
        assert self.run("run", path, "-o", tmp_path / "out.h5ad", "-k", 3, "-q") == 0
        assert self.run("export", tmp_path / "out.h5ad", "-o", path, "--kind", "spatialdata", "-q") == 0
        back = anndata.read_zarr(path / "tables" / "table")
        assert (
            back.obs["spotscape_domain"].tolist()
            == io.read(tmp_path / "out.h5ad").obs["spotscape_domain"].tolist()
        )
