"""The interactive map: what the page holds."""

from __future__ import annotations

import base64

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from spotscape._validate import InputError
from spotscape.pl import interactive_map

from .marked_up import BAD, content, tissue, unpacked


def test_holds_places_groups_and_numbers_as_they_are(tmp_path):
    adata = tissue()
    panels = ["domain", "confidence", "known", "gene1"]
    interactive_map(adata, tmp_path / "map.html", panels=panels, slice_key="slice")
    held = content(tmp_path / "map.html")
    assert held["names"] == list(adata.obs_names)
    assert [panel["name"] for panel in held["panels"]] == panels
    domain, confidence, known, gene = held["panels"]
    assert (unpacked(domain["values"], "u1") == adata.obs["spotscape_domain"].cat.codes).all()
    assert domain["counts"] == [60, 60, 80]
    assert domain["colors"] == list(adata.uns["spotscape_domain_colors"])
    assert (known["counts"], known["n_missing"]) == ([150], 50)
    assert (unpacked(known["values"], "u1")[:50] == 255).all()
    shares = unpacked(confidence["values"], "<u2") / 65534
    assert shares == pytest.approx(adata.obs["spotscape_confidence"].to_numpy(), abs=1e-5)
    counts = adata.X.toarray()
    expected = np.log1p(counts[:, 1] / counts.sum(axis=1) * 1e4)
    values = gene["low"] + unpacked(gene["values"], "<u2") / 65534 * (gene["high"] - gene["low"])
    assert values == pytest.approx(expected, abs=1e-3)
    for one in held["slices"]:  # both slices have the same places, each around its own corner
        x = unpacked(held["x"], "<u2")[one["first"] : one["end"]] * one["step_x"]
        assert x == pytest.approx(adata.obsm["spatial"][:100, 0] * 2, abs=0.01)


def test_a_sample_is_named_as_such_and_counts_are_those_of_all(tmp_path):
    interactive_map(tissue(), tmp_path / "map.html", sample=50, slice_key="slice")
    held = content(tmp_path / "map.html")
    assert len(held["names"]) == 50
    assert held["panels"][0]["counts"] == [60, 60, 80]
    assert "50 spots in 2 slices, a random sample of 200" in (tmp_path / "map.html").read_text()


@pytest.mark.parametrize("n", [1, 3])
def test_few_spots_on_one_line(tmp_path, n):
    adata = tissue()[:n].copy()
    interactive_map(adata, tmp_path / "map.html", panels=["domain", "gene1"], img=False)
    held = content(tmp_path / "map.html")
    assert np.isfinite([held["width"], held["height"], held["slices"][0]["size"]]).all()
    x = unpacked(held["x"], "<u2") * held["slices"][0]["step_x"]
    assert x == pytest.approx(np.arange(n) * 20.0, abs=0.01)


def test_no_spots_are_refused(tmp_path):
    with pytest.raises(InputError, match="no spots"):
        interactive_map(tissue()[:0].copy(), tmp_path / "map.html")


def test_too_many_spots_are_refused(tmp_path):
    n = 100_001
    adata = AnnData(obs=pd.DataFrame({"spotscape_domain": ["1"] * n}, index=np.arange(n).astype(str)))
    adata.obsm["spatial"] = np.random.default_rng(0).random((n, 2))
    with pytest.raises(InputError, match=r"found 100,001 spots.*at most 100,000.*by sample"):
        interactive_map(adata, tmp_path / "map.html")
    assert list(tmp_path.iterdir()) == []


def test_a_large_image_is_made_small_and_cropped(tmp_path):
    adata = tissue()
    pixels = np.zeros((3200, 4800), dtype=np.float32)
    library = {"images": {"hires": pixels}, "scalefactors": {"tissue_hires_scalef": 20.0}}
    adata.uns["spatial"] = {BAD["slice"][0]: library}
    interactive_map(adata, tmp_path / "map.html", slice_key="slice")
    left, right = (one["image"] for one in content(tmp_path / "map.html")["slices"])
    assert right is None
    jpeg = base64.b64decode(left["src"].removeprefix("data:image/jpeg;base64,"))
    assert jpeg[:2] == b"\xff\xd8"
    assert len(jpeg) < 50_000
    assert left["width"] == pytest.approx(
        (90 + 2 * 10) * 2, abs=1
    )  # to the frame, or two spots beyond the last


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"panels": ["domian"]}, r"panels: found 'domian'.*Did you mean 'domain'"),
        ({"panels": []}, "panels"),
        ({"panels": ["name"]}, "300 different values"),
        ({"sample": 0}, "sample"),
        ({"cmap": "pastel"}, "cmap"),
        ({"layer": "counts"}, "layer"),
        ({"title": 3}, "title"),
        ({"slice_key": "donor"}, "slice_key"),
    ],
)
def test_bad_input_is_named_before_anything_is_written(tmp_path, arguments, message):
    adata = tissue()
    if arguments.get("panels") == ["name"]:
        adata = AnnData(
            obs=pd.DataFrame({"name": np.arange(300).astype(str)}), obsm={"spatial": np.ones((300, 2))}
        )
    with pytest.raises(InputError, match=message):
        interactive_map(adata, tmp_path / "map.html", **arguments)
    with pytest.raises(InputError, match=r"\.html"):
        interactive_map(adata, tmp_path / "map.png")
    assert list(tmp_path.iterdir()) == []
    assert "spotscape_domain_colors" not in adata.uns
