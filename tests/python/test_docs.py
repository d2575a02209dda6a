"""The documentation site and the files of a forge: nothing public is missing, nothing named is gone."""

from __future__ import annotations

import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import spotscape

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
TUTORIALS = [
    "first_slice",
    "n_domains",
    "annotation",
    "several_slices",
    "alignment",
    "trained_model",
    "million_cells",
    "r_and_back",
    "scanpy_squidpy",
    "own_steps",
]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yaml"))
TARGETS = set(re.findall(r"^([a-z-]+)(?= *[a-z-]*:)", (ROOT / "Makefile").read_text(), re.M))


@pytest.fixture
def extensions(monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS / "extensions"))
    return importlib.import_module("public_names")


def test_every_public_name_has_a_page(extensions, tmp_path):
    pages = {path.name for path in importlib.import_module("reference_pages").write_pages(tmp_path)}
    assert pages == {path.name for path in tmp_path.iterdir()}
    for module, names in extensions.public_names().items():
        listed = (tmp_path / f"{module}.rst").read_text()
        for name in names:
            assert f"{module}.{name}.rst" in pages
            assert f"   {name}\n" in listed
            assert f":: {name}\n" in (tmp_path / f"{module}.{name}.rst").read_text()


def test_public_names_are_those_of_all(extensions):
    found = extensions.public_names()
    wanted = {name for name in spotscape.__all__ if isinstance(getattr(spotscape, name), ModuleType)}
    assert set(found) == {"spotscape"} | {f"spotscape.{name}" for name in wanted}
    assert set(found["spotscape"]) == set(spotscape.__all__) - wanted - {"__version__"}
    for module, names in found.items():
        for name in names:
            value = getattr(importlib.import_module(module), name)
            assert inspect.isroutine(value) or inspect.isclass(value)
        listed = getattr(importlib.import_module(module), "__all__", None)
        if module != "spotscape" and listed is not None:
            assert set(names) == set(listed)


def test_names_without_all_are_what_the_module_defines(extensions):
    module = ModuleType("made")
    exec("from pathlib import Path\ndef one(): ...\ndef _two(): ...", vars(module))
    assert extensions.names_of(module) == ["one"]


def test_tutorials_are_there_and_listed():
    listed = re.search(r"```\{toctree\}(.*?)```", (DOCS / "tutorials" / "index.md").read_text(), re.S)[1]
    assert listed.split()[2:] == TUTORIALS
    assert {path.stem for path in (DOCS / "tutorials").glob("*.md")} == {*TUTORIALS, "index"}


@pytest.mark.parametrize("name", TUTORIALS)
def test_tutorials_run_code_on_simulated_and_on_real_tissue(name: str):
    text = (DOCS / "tutorials" / f"{name}.md").read_text()
    cells = re.findall(r"^```\{code-cell\} ipython3\n(.*?)^```", text, re.M | re.S)
    assert len(cells) >= 4
    assert "spotscape.datasets.simulate_" in "".join(cells)
    real = [cell for cell in cells if "SPOTSCAPE_DATA" in cell]
    assert len(real) == 1
    assert ".exists()" in real[0]
    assert "is left out" in real[0]


@pytest.mark.parametrize("path", [*WORKFLOWS, ROOT / ".readthedocs.yaml"], ids=lambda path: path.name)
def test_workflows_call_targets_that_exist(path: Path):
    yaml = pytest.importorskip("yaml")
    read = yaml.safe_load(path.read_text())
    if "jobs" in read:
        commands = [step["run"] for job in read["jobs"].values() for step in job["steps"] if "run" in step]
    else:
        commands = read["build"]["commands"]
    called = [target for line in commands for target in re.findall(r"^make (\S+)", line, re.M)]
    assert called
    assert set(called) <= TARGETS


def test_workflows_cover_tests_docs_and_build():
    called = set(re.findall(r"run: make (\S+)", "".join(path.read_text() for path in WORKFLOWS)))
    assert called == {"test", "site", "dist", "check-bioc"}


@pytest.mark.parametrize(
    "path",
    [ROOT / ".pre-commit-config.yaml", *sorted((ROOT / ".github").rglob("*.yml"))],
    ids=lambda p: p.name,
)
def test_files_of_the_forge_can_be_read(path: Path):
    yaml = pytest.importorskip("yaml")
    assert isinstance(yaml.safe_load(path.read_text()), dict)


@pytest.mark.parametrize(
    ("link", "broken"),
    [
        ("other.html", False),
        ("other.html#there", False),
        ("#here", False),
        ("https://example.org/gone", False),
        ("gone.html", True),
        ("other.html#gone", True),
    ],
)
def test_links_that_lead_nowhere_are_found(tmp_path, link: str, broken: bool):
    (tmp_path / "index.html").write_text(f'<h1 id="here">x</h1><a href="{link}">x</a>')
    (tmp_path / "other.html").write_text('<p id="there">x</p>')
    command = [sys.executable, str(ROOT / "scripts" / "links.py"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode != 0) is broken
    assert (f"index.html: {link}" in done.stdout) is broken
