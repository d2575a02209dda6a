import os
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest
from anndata import AnnData, read_h5ad
from matplotlib import pyplot
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.image import imread

from spotscape._validate import InputError, SpotscapeWarning
from spotscape.pl import spatial_domains
from spotscape.pl._palette import MISSING, color_distances

DATA = Path(os.environ.get("SPOTSCAPE_DATA", Path(__file__).parents[3] / ".." / "shared" / "data"))


@pytest.fixture
def ax():
    return Figure().add_subplot()


def with_image(adata, scale=0.5, resolution="hires"):
    image = np.zeros((150, 120, 3), dtype=np.float32)
    adata.uns["spatial"] = {
        "slide": {"images": {resolution: image}, "scalefactors": {f"tissue_{resolution}_scalef": scale}}
    }
    return adata


def spot_facecolors(ax):
    return [to_hex(color).upper() for color in ax.collections[0].get_facecolors()]


def test_each_spot_has_the_color_that_is_stored_for_its_domain(run, ax):
    assert spatial_domains(run, ax=ax) is ax
    colors = dict(zip(["1", "2", "3"], run.uns["spotscape_domain_colors"], strict=True))
    assert spot_facecolors(ax) == [colors[name] for name in run.obs["spotscape_domain"]]


def test_colors_that_are_there_are_used_and_those_that_do_not_fit_replaced(run, ax):
    chosen = ["#010101", "#020202", "#030303"]
    run.uns["spotscape_domain_colors"] = np.array(chosen)
    spatial_domains(run, ax=ax)
    assert set(spot_facecolors(ax)) == set(chosen)
    run.uns["spotscape_domain_colors"] = ["#010101", "#020202"]
    spatial_domains(run, ax=ax)
    assert len(set(run.uns["spotscape_domain_colors"])) == 3


def test_nothing_but_colors_is_written(run, ax):
    before = run.copy()
    spatial_domains(run, ax=ax)
    assert set(run.uns) - set(before.uns) == {"spotscape_domain_colors"}
    pd.testing.assert_frame_equal(run.obs, before.obs)
    assert list(run.obsm) == list(before.obsm)
    np.testing.assert_array_equal(run.obsm["spatial"], before.obsm["spatial"])


def test_a_view_stays_a_view(run, ax):
    view = run[:100]
    spatial_domains(view, ax=ax)
    assert view.is_view
    assert "spotscape_domain_colors" not in run.uns


def test_y_runs_downward_and_the_whole_tissue_is_shown_undistorted(run, ax):
    spatial_domains(run, ax=ax)
    bottom, top = ax.get_ylim()
    left, right = ax.get_xlim()
    assert bottom > 210
    assert top < 100
    assert left < 100
    assert right > 210
    assert ax.get_aspect() == 1


def test_the_image_is_scaled_to_the_coordinates(run, ax):
    spatial_domains(with_image(run), ax=ax)
    assert ax.images[0].get_extent() == [0, 240, 300, 0]


def test_a_low_resolution_image_serves_where_there_is_no_other(run, ax):
    spatial_domains(with_image(run, scale=0.1, resolution="lowres"), ax=ax)
    assert ax.images[0].get_extent() == [0, 1200, 1500, 0]


def test_over_an_image_spots_have_their_true_width_unless_told_otherwise(run, ax):
    run.obsm["spatial"] = run.obsm["spatial"] @ np.array([[0.8, 0.6], [-0.6, 0.8]])  # turned: drawn as discs
    with_image(run)
    for image_diameter, asked, drawn in ((None, None, 9.5), (6.5, None, 6.5), (6.5, 4.0, 4.0)):
        if image_diameter:
            run.uns["spatial"]["slide"]["scalefactors"]["spot_diameter_fullres"] = image_diameter
        ax.clear()
        spatial_domains(run, spot_size=asked, ax=ax)
        np.testing.assert_allclose(ax.collections[0].get_widths(), drawn)


def test_the_image_can_be_left_out(run, ax):
    spatial_domains(with_image(run), img=False, ax=ax)
    assert not ax.images


def test_of_several_images_only_a_named_one_is_drawn(run, ax):
    with_image(run)
    run.uns["spatial"]["other"] = run.uns["spatial"]["slide"]
    spatial_domains(run, ax=ax)
    assert not ax.images
    spatial_domains(run, library_id="other", ax=ax)
    assert ax.images
    with pytest.raises(InputError, match=r"library_id: found 'third'.*'slide', 'other'"):
        spatial_domains(run, library_id="third", ax=ax)


def test_an_image_without_a_scale_is_not_drawn_and_said(run, ax):
    with_image(run)
    run.uns["spatial"]["slide"]["scalefactors"] = {}
    with pytest.warns(SpotscapeWarning, match="tissue_hires_scalef"):
        spatial_domains(run, ax=ax)
    assert not ax.images


def test_spots_without_a_label_are_grey_and_in_the_legend(run, ax):
    run.obs["known"] = ["a", "", None, *["b"] * (run.n_obs - 3)]
    spatial_domains(run, color="known", ax=ax)
    assert spot_facecolors(ax)[1:3] == [MISSING, MISSING]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b", "unlabelled"]
    assert run.obs["known"].iloc[1] == ""


def test_names_can_be_left_out(run, ax):
    spatial_domains(run, names=False, ax=ax)
    assert not ax.texts


def test_of_3d_coordinates_the_first_two_are_drawn(run, ax):
    run.obsm["spatial"] = np.column_stack([run.obsm["spatial"], np.zeros(run.n_obs)])
    spatial_domains(run, ax=ax)
    assert len(spot_facecolors(ax)) == run.n_obs


def test_without_a_graph_colors_come_from_the_coordinates(run, ax):
    spatial_domains(run, ax=ax)
    with_graph = run.uns.pop("spotscape_domain_colors")
    del run.obsp["spatial_connectivities"]
    spatial_domains(run, ax=ax)
    colors = run.uns["spotscape_domain_colors"]
    assert color_distances(colors)[0, 1] > 0.2
    assert color_distances(colors)[1, 2] > 0.2
    assert len(with_graph) == len(colors)


def test_one_spot_is_a_map_too(run, ax):
    one = run[:1].copy()
    spatial_domains(one, ax=ax)
    ax.figure.canvas.draw()
    assert len(spot_facecolors(ax)) == 1


def test_saving_needs_no_pyplot_and_leaves_one_file(run, tmp_path):
    before = dict(matplotlib.rcParams)
    spatial_domains(run, save=tmp_path / "map.png")
    assert [path.name for path in tmp_path.iterdir()] == ["map.png"]
    assert imread(tmp_path / "map.png").shape[2] == 4
    assert pyplot.get_fignums() == []
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize("ending", ["pdf", "svg"])
def test_saves_what_the_ending_says(run, tmp_path, ending):
    path = tmp_path / f"map.{ending}"
    spatial_domains(run, save=path)
    assert path.read_bytes()[:5] in (b"%PDF-", b"<?xml")


def test_to_look_at_a_pyplot_figure_is_made(run):
    with matplotlib.rc_context({"backend": "agg"}):
        ax = spatial_domains(run)
        assert pyplot.get_fignums() == [ax.figure.number]
        pyplot.close(ax.figure)


def test_a_write_that_fails_leaves_the_old_file(run, tmp_path, monkeypatch):
    path = tmp_path / "map.png"
    path.write_bytes(b"old")

    def no_space(self, unfinished, **kwargs):
        Path(unfinished).write_bytes(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr("matplotlib.backends.backend_agg.FigureCanvasAgg.print_figure", no_space)
    with pytest.raises(InputError, match="No space"):
        spatial_domains(run, save=path)
    assert path.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["map.png"]


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        (None, {"key_added": "other"}, r"adata\.obs\['other_domain'\].*run_spotscape"),
        (None, {"color": "nothing"}, r"adata\.obs\['nothing'\]"),
        (None, {"spatial_key": "elsewhere"}, r"adata\.obsm\['elsewhere'\]"),
        (None, {"alpha": 2}, "alpha"),
        (None, {"spot_size": 0}, "spot_size"),
        (None, {"spot_size": "big"}, "spot_size"),
        (None, {"save": "map.docx"}, r"save: found 'map\.docx'.*\.png"),
        (None, {"save": "no/such/folder/map.png"}, "no folder"),
        (None, {"color": "depth"}, r"adata\.obs\['depth'\].*decimal"),
        (lambda a: a.obsm["spatial"].__setitem__((0, 0), np.nan), {}, r"adata\.obsm\['spatial'\].*missing"),
    ],
)
def test_bad_input_is_named_before_anything_is_written(run, change, arguments, message):
    run.obs["depth"] = 0.5
    if change:
        change(run)
    with pytest.raises(InputError, match=message):
        spatial_domains(run, **arguments)
    assert "spotscape_domain_colors" not in run.uns
    assert pyplot.get_fignums() == []


def test_layers_of_a_real_section_that_touch_are_told_apart(ax):
    path = DATA / "dlpfc_151673.h5ad"
    if not path.is_file():
        pytest.skip("the real slices are not here: set SPOTSCAPE_DATA to their folder")
    full = read_h5ad(path)
    adata = AnnData(obs=full.obs, obsm={"spatial": full.obsm["spatial"]})
    spatial_domains(adata, color="ground_truth", ax=ax)
    distances = color_distances(adata.uns["ground_truth_colors"])
    assert all(distances[i, i + 1] > 0.2 for i in range(6))
    assert len(spot_facecolors(ax)) == adata.n_obs


class TestSeveralSlices:
    def test_each_has_its_own_axes_with_one_palette(self, integrated, tmp_path):
        axes = spatial_domains(integrated, save=tmp_path / "domains.png")
        assert [ax.get_title() for ax in axes] == ["left", "mid", "right"]
        colors = dict(zip("123", integrated.uns["spotscape_domain_colors"], strict=True))
        for ax in axes:
            of = integrated.obs["slice"] == ax.get_title()
            assert spot_facecolors(ax) == [colors[name] for name in integrated.obs["spotscape_domain"][of]]
        assert [ax.get_legend() is not None for ax in axes] == [False, False, True]
        assert imread(tmp_path / "domains.png").ndim == 3

    def test_one_of_them_is_drawn_alone(self, integrated, ax):
        assert spatial_domains(integrated, slices="right", ax=ax) is ax
        assert len(spot_facecolors(ax)) == 72
        assert ax.get_title() == "right"

    def test_some_of_them_on_axes_of_the_user(self, integrated):
        mine = [Figure().add_subplot(), Figure().add_subplot()]
        assert spatial_domains(integrated, slices=["right", "left"], ax=mine) == mine
        assert [len(spot_facecolors(ax)) for ax in mine] == [72, 144]

    def test_slices_of_an_object_without_a_run(self, run):
        run.obs["part"] = pd.Categorical.from_codes(np.arange(run.n_obs) % 2, ["even", "odd"])
        del run.uns["spotscape"]
        mine = [Figure().add_subplot(), Figure().add_subplot()]
        spatial_domains(run, slice_key="part", title="both", ax=mine)
        assert [ax.get_title() for ax in mine] == ["even", "odd"]
        assert mine[0].figure.get_suptitle() == "both"

    def test_each_has_its_image(self, integrated):
        for name, width in (("left", 100), ("mid", 120)):
            pixels = np.zeros((150, width, 3), dtype=np.float32)
            library = {"images": {"hires": pixels}, "scalefactors": {"tissue_hires_scalef": 0.5}}
            integrated.uns.setdefault("spatial", {})[name] = library
        integrated.obs["library_id"] = integrated.obs["slice"].map(
            lambda name: "left" if name == "right" else name
        )
        mine = [Figure().add_subplot() for _ in range(3)]
        spatial_domains(integrated, ax=mine)
        assert [ax.images[0].get_array().shape[1] for ax in mine] == [100, 120, 100]

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            ({"slices": "top"}, ["slices", "'top'", "'left', 'mid', 'right'"]),
            ({"slices": []}, ["slices", "none"]),
            ({"slice_key": "donor"}, ["slice_key", "'donor'"]),
            ({"ax": Figure().add_subplot()}, ["ax", "1 axes", "3"]),
        ],
    )
    def test_what_is_wrong_is_said(self, integrated, arguments, words):
        with pytest.raises(InputError) as error:
            spatial_domains(integrated, **arguments)
        assert all(word in str(error.value) for word in words)

    def test_slices_of_one_slice(self, run):
        with pytest.raises(InputError, match="slice_key="):
            spatial_domains(run, slices="left")
