"""A stack in space: the picture, and what the report turns."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from spotscape import pl
from spotscape._validate import InputError
from spotscape.pl._stack import MOST_TURNED, read_volume, turning


def axes():
    return Figure().add_subplot(projection="3d")


@pytest.fixture
def stacked(run):
    """The run's slice as two sections of a stack, and a third that is not placed."""
    names = np.array(["a", "b", "c"])[np.arange(run.n_obs) % 3]
    run.obs["section"] = names
    height = np.select([names == "a", names == "b"], [0.0, 30.0], np.nan)
    places = np.column_stack([run.obsm["spatial"], height])
    places[names == "c"] = np.nan
    run.obsm["spatial_3d"] = places
    sections = pd.DataFrame({"slice": ["a", "b", "c"], "z": [0.0, 30.0, 60.0], "placed": [True, True, False]})
    edges = pd.DataFrame({"kept": [True, False], "off": [0.25, np.nan]})
    run.uns["spotscape_stack"] = {"slice_key": "section", "sections": sections, "edges": edges}
    return run


def test_placed_sections_are_drawn_in_the_domains_colours(stacked):
    ax = pl.stack(stacked, stretch=1, ax=axes())
    drawn = ax.collections[0]
    placed = stacked.obs["section"].isin(["a", "b"]).to_numpy()
    x, y, z = (np.sort(np.asarray(values)) for values in drawn._offsets3d)
    for found, column in ((x, 0), (y, 1), (z, 2)):
        np.testing.assert_allclose(found, np.sort(stacked.obsm["spatial_3d"][placed, column]))
    assert ax.yaxis_inverted()
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == list(stacked.obs["spotscape_domain"].cat.categories)
    assert ax.get_zlabel() == "z"


def test_a_thin_stack_is_drawn_out_and_the_axis_says_so(stacked, tmp_path):
    stacked.obsm["spatial_3d"][:, 2] /= 1000
    assert re.fullmatch(r"z, drawn out \S+ times", pl.stack(stacked, ax=axes()).get_zlabel())
    wide = np.nanmax(stacked.obsm["spatial_3d"], axis=0) - np.nanmin(stacked.obsm["spatial_3d"], axis=0)
    volume = read_volume(stacked, None, None, "spatial", "spotscape")
    assert volume.stretch * wide[2] == pytest.approx(0.6 * wide[:2].max())
    pl.stack(stacked, color="section", elevation=90, azimuth=0, save=tmp_path / "stack.png")
    assert (tmp_path / "stack.png").read_bytes().startswith(b"\x89PNG")


def test_bad_input_says_so(run, stacked):
    for arguments, words in (
        ({"stretch": 0}, "stretch"),
        ({"elevation": 100}, "elevation"),
        ({"color": "nothing"}, "nothing"),
        ({"ax": Figure().add_subplot()}, "axes of '3d'"),
    ):
        with pytest.raises(InputError, match=words):
            pl.stack(stacked, **({"ax": axes()} | arguments))
    del stacked.obsm["spatial_3d"]
    with pytest.raises(InputError, match=r"Call spotscape\.tl\.align_stack"):
        pl.stack(stacked, ax=axes())


def test_what_is_turned_keeps_the_shape_and_is_not_too_much(stacked):
    volume = read_volume(stacked, None, 2.0, "spatial", "spotscape")
    content = json.loads(turning(volume)["data"])
    places = np.reshape(content["places"], (-1, 3))
    assert len(places) == len(content["codes"]) == len(volume.places)
    assert np.abs(places).max() <= 1000
    drawn = volume.places * [1, 1, 2.0]
    ratio = np.ptp(places, axis=0) / np.ptp(drawn, axis=0)
    np.testing.assert_allclose(ratio, ratio[0], rtol=0.02)
    many = volume._replace(
        places=np.tile(volume.places, (300, 1)), labels=pd.Categorical(np.tile(volume.labels, 300))
    )
    assert len(json.loads(turning(many)["data"])["codes"]) == MOST_TURNED


def test_the_report_turns_the_stack_and_has_a_still_picture(stacked, tmp_path, quick_umap):
    stacked.uns["spotscape_domain_colors"] = ["#112233", "#445566", "#778899"]
    pl.report(stacked, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    section = page[page.index('<section id="stack"') :]
    section = section[: section.index("</section>")]
    assert "2 of 3 sections lie in one volume. It is made from 1 of 2 alignments" in section
    assert "0.25 spot distances" in section
    assert "Not placed, because nothing holds them: c." in section
    assert 'id="turning-figure" hidden' in section
    assert section.count("data:image/png;base64,") == 1
    (data,) = re.findall(r'id="turning-data">(.*?)</script>', section, re.DOTALL)
    assert json.loads(data)["colors"][:3] == ["#112233", "#445566", "#778899"]
    assert re.search(r"script-src 'sha256-[^' ]+'", page)
    assert page.count("<script") == 2


def test_a_name_cannot_end_the_script(stacked, tmp_path, quick_umap):
    evil = "</script><script>alert(1)</script>"
    stacked.obs["spotscape_domain"] = stacked.obs["spotscape_domain"].cat.rename_categories({"1": evil})
    stacked.uns["spotscape_stack"]["sections"]["slice"] = ["a", "b", evil]
    pl.report(stacked, tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text(encoding="utf-8").count("<script") == 2
