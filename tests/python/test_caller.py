"""Messages name what the caller knows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from spotscape import io, tl
from spotscape._caller import in_words_of
from spotscape.cli import main
from spotscape.datasets import simulate_slice
from spotscape.interop import reticulate


@pytest.fixture
def twice():
    adata = simulate_slice(n_spots=200, n_genes=60, n_domains=3)
    adata.obs["library_id"] = np.where(np.arange(200) % 2, "a", "b")
    adata.obsm["spatial"][::2] = adata.obsm["spatial"][1::2]
    return adata


def test_r_reads_of_calls_of_r(twice):
    error = reticulate.call(tl.run_spotscape, twice, progress=False)["error"]
    assert error.startswith("metadata column 'library_id': found 2 sections on top of each other")
    assert error.endswith('IntegrateSlices(object, slice_by = "library_id").')


def test_the_shell_reads_of_options(twice, tmp_path, capsys):
    io.write(twice, tmp_path / "a.h5ad")
    with pytest.raises(SystemExit) as stop:
        main(["run", str(tmp_path / "a.h5ad"), "-o", str(tmp_path / "out.h5ad")])
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("spotscape: obs['library_id']: found 2 sections")
    assert error.endswith("Add --slice-key library_id.\n")


@pytest.mark.parametrize(
    ("python", "r", "shell"),
    [
        (
            "adata.X: found NaN. Put the raw counts into adata.X or adata.layers['counts'].",
            "the counts: found NaN. Name the assay with the raw counts by assay.",
            "X: found NaN. Put the raw counts into X or layers['counts'].",
        ),
        (
            "adata: found x. Name the one to take by layer='raw'.",
            'object: found x. Name the one to take by layer = "raw".',
            "IN: found x. Name the one to take by --layer raw.",
        ),
        (
            "scale: found x. Say it: adata.uns['micrometres_per_unit'] = 0.5",
            "scale: found x. Say it: micrometres_per_unit = 0.5",
            "scale: found x. Say it: uns['micrometres_per_unit'] = 0.5",
        ),
    ],
)
def test_slots_and_arguments(python, r, shell):
    assert in_words_of("r", python) == r
    assert in_words_of("shell", python) == shell


PACKAGE = Path(tl.__file__).parents[1]
PYTHONS_OWN = re.compile(
    r"\badatas?\b|\bobs[mp]?\b|\bvar[mp]?\b(?!iable)|\buns\b|\blayers\[|\.X\b|spotscape\.\w|\btl\.|\bpp\.|\bgr\.|"
    r"_key='|slice_key|\bNone\b|\bTrue\b|\bFalse\b"
)


def _text(node: ast.expr) -> str:
    """Return a string as it reads, with a name where a value goes."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_part(part) for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _text(node.left) + _text(node.right)
    if isinstance(node, ast.IfExp):
        return f"{_text(node.body)} {_text(node.orelse)}"
    return ""


def _part(part: ast.expr) -> str:
    if not isinstance(part, ast.FormattedValue):
        return _text(part)
    return "'x'" if part.conversion == 114 else "x"


def messages(file: Path) -> Iterator[tuple[int, str]]:
    """Yield each error and warning that a file can raise, as one line of text."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in {"input_error", "InputError", "warn"}:
                texts = [_text(argument).replace("adata.x", "adata.X") for argument in node.args]
                named = [texts[0], ". ".join(texts[1:])] if len(texts) > 1 else texts
                yield node.lineno, ": found ".join(named)


# What R does not call: files but for those of viewers, the shell, figures, simulated data.
NOT_FROM_R = {"cli", "pl", "datasets", "_h5ad.py", "_writable.py", "metrics.py"}


def test_messages_that_r_shows_name_nothing_of_python():
    found, looked_at = [], 0
    for file in sorted(PACKAGE.rglob("*.py")):
        parts = file.relative_to(PACKAGE).parts
        if NOT_FROM_R & set(parts) or (parts[0] == "io" and parts[-1] != "viewers.py"):
            continue
        for line, text in messages(file):
            looked_at += 1
            if PYTHONS_OWN.search(in_words_of("r", text)):
                found.append(f"{file.relative_to(PACKAGE)}:{line}: {in_words_of('r', text)}")
    assert looked_at > 100
    assert found == [], "\n".join(found)
