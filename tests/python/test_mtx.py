"""Matrices in Matrix Market's format, read some lines at a time."""

import gzip
from io import BytesIO

import numpy as np
import pytest
from scipy import sparse
from scipy.io import mmwrite

from spotscape.io import _mtx
from spotscape.io._mtx import read_mtx

HEAD = "%%MatrixMarket matrix coordinate integer general\n"


@pytest.fixture
def counts():
    """Barcodes x features, some barcodes without counts."""
    values = np.random.default_rng(0).poisson(0.4, (70, 23))
    values[[0, 30, 31, 69]] = 0
    return values


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch):
    monkeypatch.setattr(_mtx, "_BLOCK", 64)


def text_of(values, kind="integer", order="barcodes"):
    turned = sparse.coo_matrix(values.T.astype(float if kind == "real" else int))
    turned = turned.tocsc().tocoo() if order == "barcodes" else turned.tocsr().tocoo()
    file = BytesIO()
    mmwrite(file, turned, field=kind, comment="made by\na test")
    return file.getvalue()


@pytest.mark.parametrize("order", ["barcodes", "features", "none"])
@pytest.mark.parametrize("kind", ["integer", "real"])
def test_is_the_matrix_that_was_written(counts, tmp_path, kind, order):
    text = text_of(counts, kind, order)
    if order == "none":
        head, lines = text.split(b"\n")[:4], text.split(b"\n")[4:-1]
        shuffled = np.random.default_rng(1).permutation(len(lines))
        text = b"\n".join([*head, *(lines[i] for i in shuffled)])  # and no end of the last line
    for path, data in ((tmp_path / "a.mtx", text), (tmp_path / "a.mtx.gz", gzip.compress(text))):
        path.write_bytes(data)
        found = read_mtx(path)
        assert found.format == "csr"
        assert found.dtype == np.float32
        assert found.has_canonical_format
        np.testing.assert_array_equal(found.toarray(), counts)


def test_lines_of_other_systems_empty_lines_and_values_in_parts(tmp_path):
    path = tmp_path / "a.mtx"
    path.write_bytes(
        (HEAD + "%\n2 3 4\n\n1 1 2\n\n\n2\t1 5\n1 1 1\n2 3 9\n\n").replace("\n", "\r\n").encode()
    )
    np.testing.assert_array_equal(read_mtx(path).toarray(), [[3, 5], [0, 0], [0, 9]])


def test_an_empty_matrix_and_other_formats(tmp_path):
    path = tmp_path / "a.mtx"
    path.write_text(HEAD + "2 3 0\n")
    assert read_mtx(path).shape == (3, 2)
    path.write_text("%%MatrixMarket matrix coordinate pattern general\n2 3 2\n1 1\n2 3\n")
    np.testing.assert_array_equal(read_mtx(path).toarray(), [[1, 0], [0, 0], [0, 1]])
    path.write_text("%%MatrixMarket matrix array integer general\n2 1\n7\n0\n")
    np.testing.assert_array_equal(read_mtx(path).toarray(), [[7, 0]])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2 3 2\n1 1 2\n", "1 of the 2 values"),
        ("2 3 1\n1 1 2\n2 1 2\n", "more than the 1 values"),
        ("2 3 1000000000000000\n1 1 2\n", "more than the file can hold"),
        ("2 3 1\n3 1 2\n", "."),
        ("2 3 1\n1 4 2\n", "."),
        ("2 3 1\n0 1 2\n", "."),
        ("2 3 1\n1 1 many\n", "."),
        ("2 3 -1\n", "."),
        ("", "."),
    ],
)
def test_what_is_wrong_is_said(tmp_path, text, said):
    path = tmp_path / "a.mtx"
    path.write_text(HEAD + text)
    with pytest.raises(ValueError, match=said):
        read_mtx(path)


def test_no_step_holds_the_whole_text(counts, tmp_path, monkeypatch):
    path = tmp_path / "a.mtx"
    path.write_bytes(text_of(counts))
    held = []
    mmread = _mtx.mmread
    monkeypatch.setattr(_mtx, "mmread", lambda file: held.append(file.getbuffer().nbytes) or mmread(file))
    read_mtx(path)
    assert len(held) > 20
    assert max(held) < 200
