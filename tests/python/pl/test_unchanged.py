"""A plot that fails leaves the object as it was."""

import pytest
from matplotlib.figure import Figure

from spotscape import pl
from spotscape._validate import InputError
from spotscape.pl import _embedding, _report


def two_axes():
    return list(Figure().subplots(1, 2))


def left(adata):
    return (
        set(adata.uns),
        set(adata.obsm),
        {key: list(adata.uns[key]) for key in adata.uns if "colors" in key},
    )


def test_a_map_with_axes_that_do_not_fit(run):
    before = left(run)
    with pytest.raises(InputError, match="ax: found 2 axes"):
        pl.spatial_domains(run, ax=two_axes())
    assert left(run) == before
    run.uns["spotscape_domain_colors"] = ["red"]  # too few, and the user's
    with pytest.raises(InputError, match="ax: found 2 axes"):
        pl.spatial_domains(run, ax=two_axes())
    assert run.uns["spotscape_domain_colors"] == ["red"]


def test_a_umap_that_is_interrupted(run, quick_umap, tmp_path, monkeypatch):
    before = left(run)

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(_embedding, "save_figure", interrupted)
    with pytest.raises(KeyboardInterrupt):
        pl.embedding(run, save=tmp_path / "a.png")
    assert left(run) == before


def test_a_report_that_cannot_be_made(run, quick_umap, tmp_path, monkeypatch):
    before = left(run)

    def broken():
        raise OSError("no template")

    monkeypatch.setattr(_report, "_template", broken)
    with pytest.raises(OSError, match="no template"):
        pl.report(run, tmp_path / "r.html")
    assert left(run) == before
