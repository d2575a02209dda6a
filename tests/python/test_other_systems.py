"""What Windows and macOS do otherwise: encodings, line ends, and processes that start anew (spawn)."""

from __future__ import annotations

import ast
import importlib
import multiprocessing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import spotscape
from spotscape._validate import InputError
from spotscape.cli._output import Left, write_table
from spotscape.io._text import read_header

FILES = sorted(Path(spotscape.__file__).parent.rglob("*.py"))
TEXT = {"read_text", "write_text"}
LINUX_ONLY = {"fork", "getuid", "killpg", "uname", "getpgid", "setsid", "WNOHANG"}


def problems(tree: ast.AST) -> list[str]:
    """Say which calls go by the system's encoding or line end, and which names a system may lack."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "os" and node.attr in LINUX_ONLY:
            found.append(f"line {node.lineno}: os.{node.attr} is not everywhere")
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        given = {keyword.arg for keyword in node.keywords}
        how = [a.value for a in node.args if isinstance(a, ast.Constant) and _is_mode(a.value)]
        opens = ast.unparse(node.func) if name == "open" else ""
        as_text = "rt" in how if opens == "gzip.open" else not any("b" in mode for mode in how)
        if name in TEXT or (opens in {"open", "path.open", "gzip.open"} and as_text):
            if not given & {"encoding", None}:  # None: settings that stand beside
                found.append(f"line {node.lineno}: {ast.unparse(node)} names no encoding")
        if name == "to_csv" and "lineterminator" not in given:
            found.append(f"line {node.lineno}: {ast.unparse(node)} ends lines as the system does")
    return found


def _is_mode(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 3 and set(value) <= set("rwabt+")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_nothing_goes_by_the_encoding_or_the_line_ends_of_the_system(file):
    found = problems(ast.parse(file.read_text(encoding="utf-8")))
    # What Linux says of a container's quota is ASCII, and Linux alone has it.
    assert [line for line in found if "_CGROUP" not in line] == []


@pytest.mark.parametrize(
    "code",
    ["path.read_text()", "open(path)", "gzip.open(path, 'rt')", "table.to_csv(path)", "os.fork()"],
)
def test_the_search_finds_them(code):
    assert len(problems(ast.parse(code))) == 1


def test_names_of_files_differ_by_more_than_case():
    root = FILES[0].parent
    names = [file.relative_to(root).as_posix().lower() for file in FILES]
    assert len(set(names)) == len(names)


def test_a_table_ends_its_lines_the_same_everywhere(tmp_path, monkeypatch):
    monkeypatch.setattr("os.linesep", "\r\n")
    write_table(tmp_path / "a.csv", pd.DataFrame({"a": ["µ"]}), Left())
    assert (tmp_path / "a.csv").read_bytes() == "a\nµ\n".encode()


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_table_of_another_system_is_read(tmp_path, ends, mark):
    (tmp_path / "a.csv").write_bytes(f"{mark}cell,µ{ends}x,1{ends}".encode())
    assert read_header(tmp_path / "a.csv").names == ["cell", "µ"]


PROGRAM = """
import spotscape

def embed(adata, config):
    spotscape.tl.run_spotscape(adata, n_domains=2, config=config, progress=False)
    return adata.obsm["X_spotscape"]
"""


def test_slices_settings_and_errors_go_to_a_process_that_starts_anew_and_back(tmp_path, monkeypatch):
    """As macOS and Windows start processes: nothing of this one is there but what is sent."""
    (tmp_path / "spawned.py").write_text(PROGRAM, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    embed = importlib.import_module("spawned").embed
    adata = spotscape.datasets.simulate_slice(n_spots=60, n_genes=30, n_domains=2)
    config = spotscape.SpotscapeConfig(n_starts=2)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        found = pool.apply(embed, (adata, config))
        del adata.obsm["spatial"]
        with pytest.raises(InputError, match=r"^adata\.obsm\['spatial'\]: found"):
            pool.apply(embed, (adata, config))
    assert found.shape[0] == 60
    assert np.isfinite(found).all()
