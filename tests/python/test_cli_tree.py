"""``spotscape tree``, and the stability of ``spotscape suggest-n-domains``."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from spotscape import datasets, io, tl
from spotscape.config import SpotscapeConfig

from .shell import told


@pytest.fixture(scope="module")
def after_run(tmp_path_factory):
    adata = datasets.simulate_slice(n_spots=150, n_genes=60, n_domains=3)
    tl.run_spotscape(adata, n_domains=3, config=SpotscapeConfig(n_starts=2), progress=False)
    path = tmp_path_factory.mktemp("run") / "in.h5ad"
    io.write(adata, path)
    return path


def test_the_tree_and_its_cuts_are_the_python_calls(after_run, tmp_path, capsys):
    out, figure = tmp_path / "out.h5ad", tmp_path / "tree.png"
    code, said, err = told(
        capsys, "tree", after_run, "-o", out, "--highest", 5, "--cut", 2, "--cut", 4, "--figure", figure
    )
    assert code == 0, err
    assert "levels of 2 to 5 domains, grown from 3" in said
    assert "columns: spotscape_domain_2, spotscape_domain_4" in said
    adata = io.read(after_run)
    tl.domain_tree(adata, n_domains=(2, 5))
    tl.cut_domain_tree(adata, n_domains=[2, 4])
    found = io.read(out)
    for name in ("spotscape_leaf", "spotscape_domain_2", "spotscape_domain_4"):
        pd.testing.assert_series_equal(found.obs[name], adata.obs[name])
    assert figure.read_bytes().startswith(b"\x89PNG")


def test_what_is_wrong_ends_in_one_line(after_run, tmp_path, capsys):
    out = tmp_path / "out.h5ad"
    code, said, err = told(capsys, "tree", after_run, "-o", out, "--lowest", 4, "--highest", 3)
    assert (code, said, err.count("\n")) == (2, "", 1)
    assert "--highest: found 3" in err
    code, _, err = told(capsys, "tree", after_run, "-o", out, "--highest", 4, "--cut", 9)
    assert (code, err.count("\n")) == (2, 1)
    assert err.endswith("Grow the tree further by --lowest and --highest.\n")
    assert not out.exists()


def test_stability_is_told_where_it_is_asked_for(after_run, capsys, monkeypatch):
    monkeypatch.setattr("spotscape.tl._n_domains.stability_of", lambda *_, **__: np.array([0.25, 0.75]))
    words = ("suggest-n-domains", after_run, "--lowest", 3, "--highest", 4)
    code, said, err = told(capsys, *words, "--stability")
    assert code == 0, err
    assert [line.split()[3] for line in said.splitlines()[1:3]] == ["0.25", "0.75"]
    assert "stability" not in told(capsys, *words)[1]
