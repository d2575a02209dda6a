"""``spotscape compare``."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from spotscape import io, tl

from .shell import told

GIVEN = {
    "condition_key": "condition",
    "slice_key": "slice",
    "donor_key": "patient",
    "domain_key": "area",
    "test": "permutation",
    "min_spots": 5,
}


@pytest.fixture
def eight_slices(tmp_path):
    """Two conditions of two donors with two slices each, with random counts and domains."""
    rng = np.random.default_rng(0)
    adata = AnnData(rng.poisson(3, (320, 12)).astype(np.float32))
    adata.var_names = [f"gene{number}" for number in range(12)]
    adata.obs["area"] = pd.Categorical(rng.choice(list("mn"), 320))
    adata.obs["slice"] = pd.Categorical(np.repeat(list("abcdefgh"), 40))
    adata.obs["patient"] = pd.Categorical(np.repeat(list("wxyz"), 80))
    adata.obs["condition"] = pd.Categorical(np.repeat(["case", "control"], 160))
    io.write(adata, tmp_path / "in.h5ad")
    return tmp_path / "in.h5ad"


@pytest.mark.filterwarnings("ignore:So few donors")
def test_the_tables_are_the_python_call(eight_slices, tmp_path, capsys):
    before = eight_slices.read_bytes()
    paths = {name: tmp_path / name for name in ("shares.csv", "genes.csv", "c.png", "out.h5ad")}
    options = [text for name, value in GIVEN.items() for text in (f"--{name.replace('_', '-')}", value)]
    code, out, err = told(
        *(capsys, "compare", eight_slices, *options, "--reference", "control"),
        *("--composition", paths["shares.csv"], "--genes", paths["genes.csv"]),
        *("--figure", paths["c.png"], "-o", paths["out.h5ad"]),
    )
    assert code == 0, err
    assert "So few donors give no p-value below 0.33" in err
    found = tl.compare_domains(io.read(eight_slices), **GIVEN, reference="control", copy=True)
    expected = found.uns["spotscape_comparison"]
    for name, path in (("composition", paths["shares.csv"]), ("genes", paths["genes.csv"])):
        table = expected[name].reset_index(drop=True)
        read = pd.read_csv(path, keep_default_na=False, na_values={"similarity": [""]})
        pd.testing.assert_frame_equal(read, table)
    assert set(expected["composition"]["unit"]) == {"donor"}
    stored = io.read(paths["out.h5ad"]).uns["spotscape_comparison"]
    assert stored["donor_key"] == "patient"
    assert "case against control: 0 of 2 domains differ in size" in out
    assert out.splitlines()[-1].startswith("Written: ")
    assert eight_slices.read_bytes() == before


def test_bad_input_is_said_before_work(eight_slices, capsys):
    code, _, err = told(capsys, "compare", eight_slices, "--figure", "x.pdf")
    assert code == 2
    assert "--figure" in err
    code, _, err = told(capsys, "compare", eight_slices, "--condition-key", "condition", "--test", "anova")
    assert code == 2
    assert "'moderated t', 'permutation'" in err
