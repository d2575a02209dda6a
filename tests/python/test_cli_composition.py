"""``spotscape composition``."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from spotscape import datasets, io, tl

from .shell import told


@pytest.fixture
def labelled(tmp_path):
    adata = datasets.simulate_slice(n_spots=200, n_genes=20, n_domains=3)
    adata.obs["spotscape_domain"] = adata.obs["ground_truth"]
    deep = adata.obs["ground_truth"] == "WM"
    adata.obs["cell"] = np.where(np.random.default_rng(0).random(200) < 0.2 + 0.7 * deep, "glia", "neuron")
    io.write(adata, tmp_path / "in.h5ad")
    return tmp_path / "in.h5ad"


def test_the_tables_are_the_python_call(labelled, tmp_path, capsys):
    before = labelled.read_bytes()
    files = {name: tmp_path / name for name in ("made.csv", "shares.csv", "made.png")}
    code, out, err = told(
        capsys,
        *("composition", labelled, "--cell-types", "cell", "--n-permutations", 99, "--seed", 3),
        *("-o", files["made.csv"], "--shares", files["shares.csv"], "--figure", files["made.png"]),
    )
    assert code == 0, err
    found = tl.domain_composition(io.read(labelled), "cell", n_permutations=99, seed=3)
    for name, table in (("made.csv", found.enrichment), ("shares.csv", found.composition)):
        written = pd.read_csv(files[name], dtype={"domain": str})
        pd.testing.assert_frame_equal(written, table, check_dtype=False)
    assert files["made.png"].read_bytes().startswith(b"\x89PNG")
    row = next(line for line in out.splitlines() if line.startswith("WM"))
    share = found.enrichment.set_index(["domain", "cell_type"])["share"]["WM", "glia"]
    assert f"{share:.0%}+" in row.split()
    assert out.splitlines()[-1] == f"Written: {files['made.png']}"
    assert labelled.read_bytes() == before


def test_proportions_and_signatures_from_tables(labelled, tmp_path, capsys):
    adata = io.read(labelled)
    parts = pd.DataFrame({"a": 2.0, "b": np.arange(200)}, index=adata.obs_names)
    parts.to_csv(tmp_path / "parts.csv")
    arguments = "composition", labelled, "--n-permutations", 0, "--shares", tmp_path / "made.csv", "-q"
    code, out, err = told(capsys, *arguments, "--table", tmp_path / "parts.csv")
    assert code == 2
    assert err.count("\n") == 1
    assert "do not sum to 1" in err
    code, out, err = told(capsys, *arguments, "--table", tmp_path / "parts.csv", "--normalize")
    assert (code, out, err) == (0, "", "")
    found = tl.domain_composition(adata, parts, normalize=True, n_permutations=0).composition
    np.testing.assert_allclose(pd.read_csv(tmp_path / "made.csv")["share"], found["share"])
    signatures = pd.DataFrame(np.random.default_rng(0).random((20, 2)), index=adata.var_names).add_prefix("t")
    signatures.to_csv(tmp_path / "genes.csv")
    code, out, err = told(capsys, *arguments, "--signatures", tmp_path / "genes.csv")
    assert (code, out, err) == (0, "", "")
    found = tl.domain_composition(adata, signatures=signatures, n_permutations=0).composition
    np.testing.assert_allclose(pd.read_csv(tmp_path / "made.csv")["share"], found["share"])


def test_bad_input_is_one_line(labelled, tmp_path, capsys):
    for words, expected in (
        ((), "cell_types: found neither it nor signatures"),
        (("--cell-types", "kind"), "cell_types: found 'kind'"),
        (("--cell-types", "cell", "--table", tmp_path / "x.csv"), "--table: found also --cell-types"),
        (("--cell-types", "cell", "-o", tmp_path / "made.txt"), "ends in .csv"),
        (("--cell-types", "cell", "--comparison", tmp_path / "c.csv"), "Give --condition-key."),
        (("--cell-types", "cell", "--figure", tmp_path / "made.gif"), "ends in .png"),
        (("--cell-types", "cell", "--donor-key", "cell"), "donor_key: found 'cell'"),
    ):
        code, out, err = told(capsys, "composition", labelled, "--n-permutations", 0, *words)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert expected in err
    assert [path.name for path in tmp_path.iterdir()] == ["in.h5ad"]
