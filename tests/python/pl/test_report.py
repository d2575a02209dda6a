import re
import subprocess
import sys
from base64 import b64decode
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from anndata import read_h5ad
from matplotlib import pyplot

from spotscape._validate import InputError, SpotscapeWarning
from spotscape.pl import _report, report
from spotscape.tl import describe_domains

VOID = {"meta", "img", "br", "link", "hr", "input"}
SECTIONS = {
    "summary",
    "map",
    "umap",
    "domains",
    "silhouette",
    "genes",
    "run",
    "warnings",
    "parameters",
    "versions",
    "cite",
}
EVIL = "<script>alert(1)</script>"


class Page(HTMLParser):
    """Reads a page, and fails where a tag is closed that was not open."""

    def __init__(self, path):
        super().__init__()
        self.open, self.tags, self.text, self.in_style = [], [], [], False
        self.feed(path.read_text(encoding="utf-8"))
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.text.append(data)

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]

    def words(self):
        return " ".join(" ".join(self.text).split())

    def ids(self):
        return {attrs["id"] for _, attrs in self.tags if "id" in attrs}


@pytest.fixture
def made(tmp_path, quick_umap):
    def make(adata, **arguments):
        report(adata, tmp_path / "report.html", **arguments)
        return Page(tmp_path / "report.html")

    return make


def test_has_all_sections_and_links_to_them(run, made):
    page = made(run, title="My slice")
    assert page.ids() >= SECTIONS
    assert all(link["href"][1:] in page.ids() for link in page.all("a") if link["href"].startswith("#"))
    assert "My slice" in page.words()


def test_needs_nothing_from_elsewhere(run, made):
    page = made(run)
    assert not page.all("script")
    assert not page.all("link")
    sources = [
        attrs[name] for _, attrs in page.tags for name in ("src", "srcset", "data", "action") if name in attrs
    ]
    assert sources
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    outside = [link["href"] for link in page.all("a") if not link["href"].startswith("#")]
    assert outside == ["https://arxiv.org/abs/2506.15698"]


def test_pictures_are_whole_and_described(run, made):
    images = made(run).all("img")
    assert len(images) == 3
    for image in images:
        png = b64decode(image["src"].split(",", 1)[1])
        assert png.startswith(b"\x89PNG")
        assert png.endswith(b"IEND\xaeB`\x82")
        assert int.from_bytes(png[16:20], "big") == int(image["width"])
        assert len(image["alt"]) > 20
    assert "1 (33 %), 2 (33 %), 3 (33 %)" in images[0]["alt"]


def test_says_in_plain_words_what_was_found(run, made):
    words = made(run).words()
    assert "144 spots or cells of this tissue were divided into 3 spatial domains" in words
    assert "no annotation was used" in words
    assert "gene0" in words
    assert "gene7" not in words  # never seen
    assert "domain_markers" in words
    assert "3 spots have no neighbours." in words
    assert "over all 144 spots" in words
    assert "training 1.2 s" in words
    assert "2.13.0" in words
    assert "Oh Y, Lee J, Kim Y" in words


def test_is_small_and_says_its_language_and_width(run, made, tmp_path):
    page = made(run)
    assert (tmp_path / "report.html").stat().st_size < 1e6
    assert page.all("html")[0]["lang"] == "en"
    assert any(meta.get("name") == "viewport" for meta in page.all("meta"))


def test_what_the_user_named_is_shown_and_not_run(run, made):
    run.var_names = [EVIL, *run.var_names[1:]]
    run.obs["spotscape_domain"] = run.obs["spotscape_domain"].cat.rename_categories({"1": EVIL})
    run.obs['"><img src=x>'] = pd.Categorical([EVIL] * run.n_obs)
    run.uns["spotscape"]["warnings"] = np.array([EVIL])
    run.uns["spotscape"]["params"][EVIL] = EVIL
    page = made(run, title=f"{EVIL}</title>", truth_key='"><img src=x>')
    assert not page.all("script")
    assert len(page.all("img")) == 4
    assert page.words().count(EVIL) >= 6


def test_a_color_cannot_carry_a_style(run, made):
    run.uns["spotscape_domain_colors"] = ["red; background: url(http://evil)", "#000000", "#FFFFFF"]
    assert "url(" not in "".join(attrs.get("style", "") for attrs in made(run).all("span"))


def test_known_labels_are_used_only_when_asked_for(run, made):
    run.obs["ground_truth"] = run.obs["spotscape_domain"].cat.rename_categories(list("abc"))
    assert "Rand" not in made(run).words()
    page = made(run, truth_key="ground_truth")
    assert "adjusted Rand index 1.00" in page.words()
    assert len(page.all("img")) == 4


def test_known_labels_have_the_colors_of_the_domains_that_they_fit(run, made):
    domains = run.obs["spotscape_domain"]
    names = dict(zip(domains.cat.categories, ["z", "y", "x"], strict=True))
    run.obs["ground_truth"] = pd.Categorical(domains.map(names), categories=["w", "x", "y", "z"])
    run.obs.iloc[:1, run.obs.columns.get_loc("ground_truth")] = "w"
    made(run, truth_key="ground_truth")
    first, *others = run.uns["ground_truth_colors"]
    assert others[::-1] == list(run.uns["spotscape_domain_colors"])
    assert first not in others
    run.uns["ground_truth_colors"] = ["#000000", "#111111", "#222222", "#333333"]
    made(run, truth_key="ground_truth")
    assert run.uns["ground_truth_colors"][0] == "#000000"


def test_numbers_tried_are_drawn_where_the_number_was_suggested(run, made):
    assert "suggested" not in made(run).words()
    run.uns["spotscape"]["domains"] |= {"suggested": True}
    run.uns["spotscape"]["n_domains"] = {
        "suggested": 3,
        "candidates": np.array([2, 3]),
        "log_likelihood": np.array([-2.0, -1.0]),
        "by_data": np.array([0.4, 0.6]),
        "weights": np.array([0.2, 0.8]),
    }
    words = made(run).words()
    assert "Their number was suggested from the data." in words
    assert "How much each number of domains weighs" in words


def test_works_on_what_comes_back_from_a_file(run, made, tmp_path):
    run.uns["spotscape"]["warnings"] = np.array([], dtype=str)
    run.write_h5ad(tmp_path / "run.h5ad")
    words = made(read_h5ad(tmp_path / "run.h5ad")).words()
    assert "The run raised no warnings." in words
    assert "target_sum 10000" in words


def test_what_is_missing_is_said(run, made):
    run.uns["spotscape"] = {}
    run.X = run.X * 0.5
    del run.obsm["spatial"], run.obsp["spatial_connectivities"]
    page = made(run)
    assert page.ids() >= SECTIONS
    words = page.words()
    assert "No map" in words
    assert "No top genes: adata.X: found values that are not whole numbers" in words
    assert "The number of domains was given" in words
    assert "Losses at each step" not in words
    assert "No parameters are stored" in words


@pytest.mark.parametrize("n_spots", [1, 2, 3])
def test_a_handful_of_spots_still_has_a_report(run, made, n_spots):
    page = made(run[:n_spots].copy())
    assert "No UMAP: it needs at least 4 spots." in page.words()
    assert "It is not defined here" in page.words()


def test_shapes_are_those_of_the_verb(run, made):
    page = made(run)
    assert {"href": "#shapes"} in page.all("a")
    with pytest.warns(SpotscapeWarning, match="was there, not made by spotscape"):
        found = describe_domains(run)
    words = page.words()
    assert "Lengths are in distances of neighbouring spots" in words
    for row in found.domains.itertuples():
        assert f" {row.area:,.0f} {row.perimeter:,.0f} {row.outline:,.0f} " in words
    run.uns["micrometres_per_unit"] = 100.0
    assert "Lengths are in µm, areas in µm²." in made(run).words()
    del run.obsm["spatial"]
    assert "shapes" not in made(run).ids()


def test_spots_without_a_domain_are_counted(run, made):
    run.obs.loc[run.obs_names[:36], "spotscape_domain"] = np.nan
    assert "without a domain 36 25.0 %" in made(run).words()


def test_leaves_no_figures_and_writes_what_it_says(run, made):
    before = run.copy()
    made(run)
    assert pyplot.get_fignums() == []
    assert set(run.uns) - set(before.uns) == {"spotscape_domain_colors", "X_umap_spotscape"}
    assert set(run.obsm) - set(before.obsm) == {"X_umap_spotscape"}
    pd.testing.assert_frame_equal(run.obs, before.obs)


def test_what_fails_leaves_the_old_page(run, made, tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    path.write_text("old")

    def fail(*args, **kwargs):
        raise RuntimeError("no picture")

    monkeypatch.setattr(_report, "png_bytes", fail)
    with pytest.raises(RuntimeError, match="no picture"):
        made(run)
    assert path.read_text() == "old"
    assert [found.name for found in tmp_path.iterdir()] == ["report.html"]


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("r.html", {"key_added": "other"}, r"adata\.obs\['other_domain'\].*run_spotscape"),
        ("r.html", {"truth_key": "nothing"}, r"adata\.obs\['nothing'\]"),
        ("r.pdf", {}, r"path: found .*r\.pdf.*\.html"),
        ("no/such/r.html", {}, "no folder"),
    ],
)
def test_bad_input_is_named_before_anything_is_written(run, tmp_path, name, arguments, message):
    with pytest.raises(InputError, match=message):
        report(run, tmp_path / name, **arguments)
    assert "spotscape_domain_colors" not in run.uns
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("slot", "key"), [("obs", "spotscape_domain"), ("obsm", "X_spotscape"), ("uns", "spotscape")]
)
def test_an_object_without_a_run_is_refused_by_the_name_of_what_is_missing(run, tmp_path, slot, key):
    del getattr(run, slot)[key]
    with pytest.raises(InputError, match=rf"adata\.{slot}\['{key}'\]"):
        report(run, tmp_path / "r.html")


def test_plots_load_no_torch():
    code = "import sys, spotscape.pl; assert 'torch' not in sys.modules, 'torch was loaded'"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_several_slices_have_a_section(integrated, quick_umap, tmp_path):
    report(integrated, tmp_path / "report.html", truth_key="slice")
    page = (tmp_path / "report.html").read_text()
    section = page[page.index('<section id="slices">') : page.index('<section id="genes">')]
    rows = re.findall(r"<tr><th scope=\"row\".*?</tr>", section)
    text = [re.sub(r"<[^>]+>", " ", row).split() for row in rows]
    assert [row[:4] for row in text] == [
        ["left", "control", "144", "0.80"],
        ["mid", "control", "144", "0.70"],
        ["right", "case", "72", "0.60"],
    ]
    third = [float(share) for share in text[2][4::2]]
    expected = integrated.obs["spotscape_domain"][integrated.obs["slice"] == "right"].value_counts(
        normalize=True
    )
    np.testing.assert_allclose(third, 100 * expected.sort_index(), atol=0.05)
    assert "360 spots or cells of 3 slices" in page
    assert "share one space well" in section


def test_one_slice_has_no_such_section(run, quick_umap, tmp_path):
    report(run, tmp_path / "report.html")
    assert 'id="slices"' not in (tmp_path / "report.html").read_text()


def test_it_says_which_counts_the_run_took(run, tmp_path, quick_umap):
    run.uns["spotscape"]["counts"] = {"place": "layers['umi']", "total": 123456.0, "median": 840.5}
    report(run, tmp_path / "r.html")
    words = Page(tmp_path / "r.html").words()
    assert "Raw counts were read from layers['umi']: 123,456 in all, 840 per spot at the median." in words
