"""``spotscape align-stack``: the Python call, what it says, and bad input in one line."""

from __future__ import annotations

import anndata as ad
import numpy as np
import pytest

from spotscape import io, tl

from .shell import told


@pytest.fixture(scope="module")
def sections(tmp_path_factory):
    """Two sections of one tissue, the second turned over, in one space."""
    rng = np.random.default_rng(0)
    places = rng.uniform(0, 3, (400, 2))
    x, y = places.T
    adata = ad.AnnData(rng.poisson(3, (400, 4)).astype("float32"))
    adata.obs_names = [f"spot{number}" for number in range(400)]
    adata.obs["slice"] = np.repeat(["a", "b"], 200)
    z = np.stack([np.sin(3 * x) + x, np.cos(2 * y) + y, np.sin(2 * (x + y)), np.cos(3 * x)], axis=1)
    adata.obsm["X_spotscape"] = z + rng.normal(scale=0.05, size=z.shape)
    adata.obsm["spatial"] = np.concatenate([places[:200], places[200:] * [-1, 1]])
    adata.uns["spotscape"] = {"params": {}}
    path = tmp_path_factory.mktemp("stack") / "in.h5ad"
    io.write(adata, path)
    return path


def test_align_stack_is_the_python_call(sections, tmp_path, capsys):
    out = tmp_path / "out.h5ad"
    code, said, err = told(capsys, "align-stack", sections, "-o", out, "--order", "a,,b", "--thickness", 2)
    assert code == 0, err
    assert said.splitlines()[0] == "a: z 0, turned by 0 degrees, held by 1 alignments"
    assert said.splitlines()[1].startswith("b: z 4, turned by ")
    assert "turned over" in said.splitlines()[1]
    adata = io.read(sections)
    tl.align_stack(adata, order=["a", None, "b"], thickness=2)
    found = io.read(out)
    np.testing.assert_array_equal(found.obsm["spatial_3d"], adata.obsm["spatial_3d"])
    assert list(found.uns["spotscape_stack"]["edges"]["kept"]) == [True]


def test_what_is_wrong_ends_in_one_line(sections, tmp_path, capsys):
    out = tmp_path / "out.h5ad"
    for arguments, words in (
        ((), "thickness and positions: found neither"),
        (("--thickness", 1, "--order", "b"), "order: found no 'a'"),
        (("--positions", "1,one"), "--positions: found '1,one'"),
        (("--positions", "1,1"), "expected 2 numbers that rise"),
    ):
        code, said, err = told(capsys, "align-stack", sections, "-o", out, *arguments)
        assert (code, said, err.count("\n")) == (2, "", 1), err
        assert words in err
    assert not out.exists()
