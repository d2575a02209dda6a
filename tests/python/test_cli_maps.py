"""``spotscape tissue-maps`` and ``spotscape interactive-map``."""

from __future__ import annotations

import inspect

import pytest
from matplotlib.image import imread

from spotscape import datasets, io, pl
from spotscape.cli import maps

from .shell import told


@pytest.fixture(scope="module")
def bands(tmp_path_factory):
    adata = datasets.simulate_slice(n_spots=120, n_genes=10, n_domains=3)
    adata.obs["spotscape_domain"] = adata.obs["ground_truth"]
    path = tmp_path_factory.mktemp("in") / "in.h5ad"
    io.write(adata, path)
    return path


def test_the_page_is_that_of_python(bands, tmp_path, capsys):
    page = tmp_path / "map.html"
    words = (
        "interactive-map",
        bands,
        "-o",
        page,
        "--panel",
        "gene01",
        "--panel",
        "domain",
        "--title",
        "Bands",
    )
    code, out, err = told(capsys, *words, "--sample", "50")
    assert (code, out) == (0, f"Written: {page}\n"), err
    pl.interactive_map(
        io.read(bands), tmp_path / "own.html", panels=["gene01", "domain"], title="Bands", sample=50
    )
    assert page.read_bytes() == (tmp_path / "own.html").read_bytes()


def test_the_figure_is_written(bands, tmp_path, capsys):
    before = bands.read_bytes()
    figure = tmp_path / "maps.png"
    code, out, err = told(capsys, "tissue-maps", bands, "-o", figure, "-q", "--panel", "gene01")
    assert (code, out) == (0, ""), err
    assert imread(figure).shape[2] == 4
    assert bands.read_bytes() == before


@pytest.mark.parametrize("name", ["tissue_maps", "interactive_map"])
def test_defaults_are_those_of_python(name):
    ours, python = (inspect.signature(getattr(module, name)).parameters for module in (maps, pl))
    shared = set(ours) & set(python)
    assert len(shared) >= 9
    assert {one: ours[one].default for one in shared} == {one: python[one].default for one in shared}


def test_what_is_wrong_ends_in_one_line(bands, tmp_path, capsys):
    code, out, err = told(capsys, "tissue-maps", bands, "-o", tmp_path / "maps.html")
    assert (code, out, err.count("\n")) == (2, "", 1)
    code, out, err = told(capsys, "interactive-map", bands, "-o", tmp_path / "m.html", "--panel", "gene_01")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "--panel: found 'gene_01'" in err
    assert list(tmp_path.iterdir()) == []
