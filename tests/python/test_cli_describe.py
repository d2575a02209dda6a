"""``spotscape describe``."""

from __future__ import annotations

import pandas as pd
import pytest

from spotscape import datasets, io, tl

from .shell import told


@pytest.fixture
def bands(tmp_path):
    adata = datasets.simulate_slice(n_spots=200, n_genes=20, n_domains=3)
    adata.obs["spotscape_domain"] = adata.obs["ground_truth"]
    io.write(adata, tmp_path / "in.h5ad")
    return tmp_path / "in.h5ad"


def test_the_table_is_the_python_call(bands, tmp_path, capsys):
    before = bands.read_bytes()
    code, out, err = told(capsys, "describe", bands, "-o", tmp_path / "out.csv")
    assert code == 0, err
    found = tl.describe_domains(io.read(bands))
    table = pd.read_csv(tmp_path / "out.csv", dtype={"domain": str})
    pd.testing.assert_frame_equal(table[list(found.domains)], found.domains, check_dtype=False)
    borders = table[[f"border_{name}" for name in found.borders]].to_numpy()
    assert borders == pytest.approx(found.borders.to_numpy())
    assert f"Lengths in {'micrometres' if found.unit == 'um' else 'spot distances'}" in out
    assert all(f" {size} " in out for size in found.domains["n_spots"])
    assert bands.read_bytes() == before


def test_what_is_wrong_ends_in_one_line(bands, tmp_path, capsys):
    code, out, err = told(capsys, "describe", bands, "-o", tmp_path / "out.xlsx")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "ends in .csv" in err
    code, _, err = told(capsys, "describe", bands, "--domain-key", "region")
    assert code == 2
    assert "domain_key: found 'region'" in err
