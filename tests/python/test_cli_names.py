"""``spotscape names``, ``rename`` and ``gene-sets``."""

from __future__ import annotations

import pandas as pd
import pytest

from spotscape import datasets, io, tl

from .shell import told


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with a slice of domains 1 to 3, and its markers as lists and as sets."""
    folder = tmp_path_factory.mktemp("bands")
    adata = datasets.simulate_slice(n_spots=300, n_genes=80, n_domains=3)
    layers = adata.obs["ground_truth"].cat
    adata.obs["spotscape_domain"] = layers.rename_categories([str(i + 1) for i in range(3)])
    io.write(adata, folder / "in.h5ad")
    known = adata.var["marker_domain"].dropna()
    pd.DataFrame({"name": known, "gene": known.index}).to_csv(folder / "lists.csv", index=False)
    lines = ["\t".join([name, "", *known.index[known == name]]) for name in known.unique()]
    (folder / "sets.gmt").write_text("\n".join(lines))
    return folder


@pytest.fixture
def bands(folder, monkeypatch):
    """Return the true names of the domains, in the folder."""
    monkeypatch.chdir(folder)
    return list(io.read("in.h5ad").obs["ground_truth"].cat.categories)


def test_names_are_suggested_and_given(bands, capsys):
    code, out, err = told(capsys, "names", "in.h5ad", "-m", "lists.csv", "-o", "names.csv")
    assert code == 0, err
    table = tl.suggest_domain_names(io.read("in.h5ad"), markers="lists.csv")
    pd.testing.assert_frame_equal(pd.read_csv("names.csv", dtype={"domain": str}), table)
    assert table["sure"].all()
    first = table.iloc[0]
    wanted = f"1: {bands[0]} ({first['score']:.2f}), second {first['second']} ({first['second_score']:.2f})"
    assert out.splitlines()[0] == wanted
    _, out, _ = told(capsys, "names", "in.h5ad", "-m", "lists.csv", "--margin", 0.5)
    assert out.startswith(f"1: unsure, perhaps {bands[0]}")

    code, out, err = told(capsys, "rename", "in.h5ad", "-o", "out.h5ad", "--names", "names.csv")
    assert code == 0, err
    assert list(io.read("out.h5ad").obs["spotscape_domain"].cat.categories) == bands
    assert f"{bands[0]} (" in out
    table.assign(sure=[True, False, False]).to_csv("names.csv", index=False)
    assert told(capsys, "rename", "in.h5ad", "-o", "out.h5ad", "--names", "names.csv", "-q")[:2] == (0, "")
    assert list(io.read("out.h5ad").obs["spotscape_domain"].cat.categories) == [bands[0], "2", "3"]
    merged = ["--name", "1=a=b", "--name", "2=a=b", "--merge"]
    assert told(capsys, "rename", "in.h5ad", "-o", "out.h5ad", *merged)[0] == 0
    assert list(io.read("out.h5ad").obs["spotscape_domain"].cat.categories) == ["a=b", "3"]


def test_sets_are_the_python_call(bands, capsys):
    code, out, err = told(capsys, "gene-sets", "in.h5ad", "-s", "sets.gmt", "-o", "sets.csv", "--min-size", 3)
    assert code == 0, err
    wanted = tl.domain_gene_sets(io.read("in.h5ad"), gene_sets="sets.gmt", min_size=3)
    written = pd.read_csv("sets.csv", dtype={"domain": str}, keep_default_na=False)
    pd.testing.assert_frame_equal(written, wanted)
    assert out.splitlines()[0].startswith(f"1: {bands[0]} (p ")
    assert told(capsys, "markers", "in.h5ad", "-o", "markers.csv", "-q")[0] == 0
    again = ["-s", "sets.gmt", "--min-size", 3, "--markers", "markers.csv"]
    assert told(capsys, "gene-sets", "in.h5ad", *again)[1] == "\n".join(out.splitlines()[:-1]) + "\n"
    _, out, _ = told(capsys, "gene-sets", "in.h5ad", *again, "--min-log2-fold-change", 40)
    assert out.splitlines()[0] == "1: none"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["names", "in.h5ad", "-m", "brain"], "markers: found 'brain'"),
        (["names", "in.h5ad", "-m", "lists.csv", "--gene-key", "x"], "gene_key: found 'x'"),
        (["names", "in.h5ad", "-m", "cortex layers"], "name it by --gene-key"),
        (["rename", "in.h5ad", "-o", "bad.h5ad"], "neither --name nor --names"),
        (["rename", "in.h5ad", "-o", "bad.h5ad", "--name", "1"], "expected OLD=NEW"),
        (["rename", "in.h5ad", "-o", "bad.h5ad", "--name", "1=a", "--name", "2=a"], "add --merge"),
        (["rename", "in.h5ad", "-o", "bad.h5ad", "--names", "sets.gmt"], "names: found a table without"),
        (["rename", "in.h5ad", "-o", "bad.h5ad", "--names", "no.csv"], "no file 'no.csv'"),
        (["gene-sets", "in.h5ad", "-s", "in.h5ad"], "gene_sets: found 'in.h5ad'"),
        (["gene-sets", "in.h5ad", "-s", "sets.gmt", "--markers", "lists.csv"], "without 'domain'"),
    ],
)
def test_what_is_wrong_ends_in_one_line(bands, folder, capsys, words, said):
    code, out, err = told(capsys, *words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said.lower() in err.lower()
    assert not (folder / "bad.h5ad").exists()
