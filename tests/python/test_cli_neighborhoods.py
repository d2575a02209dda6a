"""``spotscape neighborhoods``."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from spotscape import io, tl
from spotscape._validate import SpotscapeWarning

from .shell import told


@pytest.fixture
def four_slices(tmp_path):
    """Two slices a condition, of 6 x 6 spots with free names."""
    rng = np.random.default_rng(0)
    adata = AnnData(np.ones((144, 2), dtype=np.float32))
    rows, columns = (values.ravel() for values in np.indices((24, 6)))
    adata.obsm["spatial"] = np.column_stack([columns, rows]).astype(float)
    adata.obs["type"] = pd.Categorical(rng.choice(list("abc"), 144))
    adata.obs["slice"] = pd.Categorical(np.repeat(list("wxyz"), 36))
    adata.obs["condition"] = pd.Categorical(np.repeat(["case", "control"], 72))
    adata.obs["patient"] = pd.Categorical(np.repeat(["p", "q", "p", "q"], 36))
    io.write(adata, tmp_path / "in.h5ad")
    return tmp_path / "in.h5ad"


def test_the_tables_are_the_python_call(four_slices, tmp_path, capsys):
    before = four_slices.read_bytes()
    paths = {name: tmp_path / name for name in ("pairs.csv", "differences.csv", "z.png")}
    code, out, err = told(
        *(capsys, "neighborhoods", four_slices, "--key", "type", "--slice-key", "slice"),
        *("--condition-key", "condition", "--donor-key", "patient", "--reference", "control"),
        *("--n-permutations", 50, "--seed", 2),
        *("-o", paths["pairs.csv"], "--differences", paths["differences.csv"], "--figure", paths["z.png"]),
    )
    assert code == 0, err
    assert "So few donors with both conditions of case and control" in err
    with pytest.warns(SpotscapeWarning, match="So few donors"):
        found = tl.domain_neighborhoods(
            io.read(four_slices),
            **{"key": "type", "slice_key": "slice", "condition_key": "condition", "reference": "control"},
            **{"donor_key": "patient", "n_permutations": 50, "seed": 2},
        )
    table = pd.read_csv(paths["pairs.csv"])
    whole, each = table[table["slice"].isna()], table[table["slice"].notna()]
    pd.testing.assert_frame_equal(whole[list(found.pairs)], found.pairs)
    pd.testing.assert_frame_equal(each[list(found.slices)].reset_index(drop=True), found.slices)
    pd.testing.assert_frame_equal(pd.read_csv(paths["differences.csv"]), found.differences)
    assert paths["z.png"].stat().st_size > 1000
    assert f"{found.zscore.iloc[0, 1]:.2f}" in out
    assert out.splitlines()[-1] == f"Written: {', '.join(map(str, paths.values()))}"
    assert four_slices.read_bytes() == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-o", "out.xlsx"], "ends in .csv"),
        (["--figure", "out.pdf"], "ends in .png"),
        (["--key", "type", "--differences", "d.csv"], "expected --condition-key beside it"),
        (["--key", "region"], "key: found 'region'"),
        (["--key", "type", "--n-permutations", "1"], "'--n-permutations'"),
    ],
)
def test_what_is_wrong_ends_in_one_line(four_slices, capsys, words, message):
    code, out, err = told(capsys, "neighborhoods", four_slices, *words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err
