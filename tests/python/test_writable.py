"""What cannot be written is found before the work, by name; what says something of all images is no image."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from spotscape import io, pl, tl
from spotscape._validate import InputError
from spotscape.cli import main
from spotscape.datasets import simulate_slice, simulate_slices


@pytest.fixture
def adata():
    return simulate_slice(n_spots=150, n_genes=60, n_domains=3, seed=1)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (lambda n: [1, "a"] * (n // 2), "several kinds"),
        (lambda n: [True, None] * (n // 2), "several kinds"),
        (lambda n: [{"a": 1}] * n, "several kinds"),
        (lambda n: pd.array(["a", None] * (n // 2), dtype="string"), "pandas' own type"),
    ],
)
def test_columns_are_named(adata, tmp_path, values, words):
    adata.obs["odd"] = pd.Series(values(150), index=adata.obs_names)
    with pytest.raises(InputError, match=rf"obs\['odd'\]: found .*{words}"):
        io.check_writable(adata)
    with pytest.raises(InputError, match=r"obs\['odd'\]"):
        io.write(adata, tmp_path / "a.h5ad")


def test_a_reserved_name_in_raw(adata):
    adata.raw = adata
    adata.raw.var["_index"] = "a"
    with pytest.raises(InputError, match=r"adata.raw.var\['_index'\]"):
        io.check_writable(adata)


@pytest.mark.parametrize("second", [["x"] * 120, None])
def test_the_command_checks_columns_over_slices_before_training(tmp_path, capsys, second):
    slices = simulate_slices(n_slices=2, n_spots=120, n_genes=60, n_domains=3)
    slices[0].obs["odd"] = np.ones(120, dtype=int if second else bool)
    if second:
        slices[1].obs["odd"] = second
    for name, one in zip("ab", slices, strict=True):
        io.write(one, tmp_path / f"{name}.h5ad")
    with pytest.raises(SystemExit) as stop:
        main(["run", str(tmp_path), "-o", str(tmp_path / "out.h5ad"), "--set", "n_starts=2"])
    said = capsys.readouterr().err
    assert stop.value.code == 2
    assert "obs['odd']" in said
    assert "epoch" not in said


def test_what_cellxgene_says_of_images_is_no_image(adata):
    image = {
        "images": {"hires": np.zeros((20, 20, 3))},
        "scalefactors": {"tissue_hires_scalef": 0.01, "spot_diameter_fullres": 80.0},
    }
    adata.uns["spatial"] = {"is_single": True, "V1": image}
    ax = pl.spatial_domains(adata, color="ground_truth", ax=Figure().add_subplot())
    assert ax.images
    others = simulate_slices(n_slices=2, n_spots=120, n_genes=60, n_domains=3)
    for one in others:
        one.uns["spatial"] = {"is_single": True, "V1": image}
    quick = {"n_starts": 1}
    both = tl.integrate_slices(others, n_domains=3, config=quick, progress=False)
    assert set(both.uns["spatial"]) == {"slice1", "slice2"}


@pytest.mark.parametrize(
    ("slot", "key", "value", "words"),
    [
        ("uns", "odd", object(), "a value of type object, which files do not hold"),
        ("uns", "odd", {"deep": {"er": (1, 2)}}, r"\['deep'\]\['er'\]: found a value of type tuple"),
        ("uns", "odd", np.datetime64("2020-01-01"), "datetime64"),
        ("uns", 3, 1, "no text"),
        ("uns", "odd", pd.DataFrame({("1", "2"): [1.0]}), r"\[\('1', '2'\)\]: found a name that is no text"),
        ("uns", "a/b", 1, "begins another level"),
        ("layers", "a/b", np.ones((150, 60)), "begins another level"),
        ("obsm", "a/b", np.ones((150, 2)), "begins another level"),
    ],
)
def test_other_parts_are_named(adata, tmp_path, slot, key, value, words):
    getattr(adata, slot)[key] = value
    with pytest.raises(InputError, match=rf"adata.{slot}\[{key!r}\].*{words}"):
        io.write(adata, tmp_path / "a.h5ad")
    assert not list(tmp_path.iterdir())


def test_what_files_hold_is_written(adata, tmp_path):
    adata.uns |= {
        "none": None,
        "list": [1, 2],
        "words": ["a", "b"],
        "empty": [],
        "table": pd.DataFrame({"a": [1]}),
        "category": pd.Categorical(["a"]),
        "deep": {"number": np.float32(1), "array": np.arange(3), "text": np.array(["a"], dtype=object)},
    }
    io.write(adata, tmp_path / "a.h5ad")
    assert set(io.read(tmp_path / "a.h5ad").uns) >= {"none", "list", "words", "empty", "table", "deep"}
