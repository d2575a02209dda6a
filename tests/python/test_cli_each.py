"""``spotscape run --each``: every slice with its part of the results, as a file of its own."""

import pytest

from spotscape import datasets, io

from .shell import told


@pytest.fixture
def files(tmp_path):
    slices = datasets.simulate_slices(n_slices=2, n_spots=150, n_genes=60, n_domains=3)
    for name, one in zip("ab", slices, strict=True):
        io.write(one, tmp_path / f"{name}.h5ad")
    return [tmp_path / "a.h5ad", tmp_path / "b.h5ad"]


@pytest.mark.parametrize("how", [[], ["--backed"]])
def test_writes_each_slice(files, tmp_path, capsys, how):
    out, each = tmp_path / "all.h5ad", tmp_path / "each"
    code, printed, _ = told(capsys, "run", *files, "-o", out, "-k", 3, "--each", each, *how)
    assert code == 0
    assert all(str(each / f"{name}.h5ad") in printed for name in "ab")
    both = io.read(out)
    for name, spots in (("a", slice(0, 150)), ("b", slice(150, 300))):
        one, was = io.read(each / f"{name}.h5ad"), io.read(tmp_path / f"{name}.h5ad")
        assert one.obs["spotscape_domain"].tolist() == both.obs["spotscape_domain"].tolist()[spots]
        assert (one.X != was.X).nnz == 0
        assert one.obs_names.equals(was.obs_names)
    assert sorted(path.name for path in each.iterdir()) == ["a.h5ad", "b.h5ad"]


def test_says_what_is_wrong_and_writes_nothing(files, tmp_path, capsys):
    out = tmp_path / "all.h5ad"
    for arguments, words in (
        ([*files, "--each", tmp_path], "which is IN"),
        ([files[0], "--each", tmp_path / "each"], "one slice"),
        ([*files, "--each", files[0]], "which is a file"),
    ):
        code, _, error = told(capsys, "run", *arguments, "-o", out, "-k", 3, "-q")
        assert code == 2
        assert words in " ".join(error.split())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.h5ad", "b.h5ad"]
