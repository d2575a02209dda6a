"""``spotscape score``."""

from __future__ import annotations

import pandas as pd

from spotscape import datasets, io, tl

from .shell import told


def test_the_table_is_the_python_call(tmp_path, capsys):
    adata = datasets.simulate_slice(n_spots=200, n_genes=20, n_domains=3)
    adata.obs["spotscape_domain"] = adata.obs["ground_truth"]
    source = tmp_path / "in.h5ad"
    io.write(adata, source)
    before = source.read_bytes()
    more = ["--truth-key", "ground_truth", "--n-permutations", "20"]
    code, out, err = told(capsys, "score", source, "-o", tmp_path / "out.csv", *more)
    assert code == 0, err
    found = tl.score_domains(io.read(source), truth_key="ground_truth", n_permutations=20)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "out.csv"), found, check_dtype=False)
    assert all(measure in out for measure in found["measure"])
    assert source.read_bytes() == before
    code, out, err = told(capsys, "score", source, "--truth-key", "layer")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "truth_key: found 'layer'" in err
