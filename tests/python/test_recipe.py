"""What names the dependencies a second time says the same as pyproject.toml and constraints.txt."""

from __future__ import annotations

import re
import runpy
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
# Where conda-forge has another name.
CONDA = {
    "igraph": "python-igraph",
    "matplotlib": "matplotlib-base",
    "torch": "pytorch",
    "torch-geometric": "pytorch_geometric",
}


def split(requirement: str) -> tuple[str, str]:
    """Return name and bound."""
    name, bound = re.fullmatch(r"([A-Za-z0-9_.-]+?)\s*([<>=].*)?", requirement).groups()
    return name.lower(), bound or ""


def test_the_conda_recipe_has_the_dependencies_of_pyproject() -> None:
    recipe = yaml.safe_load((ROOT / "recipe/recipe.yaml").read_text())
    assert recipe["context"]["version"] == PROJECT["version"]
    assert f">={recipe['context']['python_min']}" == PROJECT["requires-python"]
    run = dict(split(one.replace("${{ python_min }}", "3.11")) for one in recipe["requirements"]["run"])
    assert run.pop("python") == PROJECT["requires-python"]
    wanted = dict(map(split, PROJECT["dependencies"]))
    assert run == {CONDA.get(name, name): bound for name, bound in wanted.items()}
    entries = [f"{name} = {target}" for name, target in PROJECT["scripts"].items()]
    assert recipe["build"]["python"]["entry_points"] == entries
    assert recipe["about"]["license"] == PROJECT["license"]


def test_basilisk_gets_the_versions_of_the_constraints() -> None:
    code = (ROOT / "R/basilisk.R").read_text()
    pins = dict(one.lower().split("==") for one in re.findall(r'"([A-Za-z0-9_-]+==[^"]+)"', code))
    lines = (ROOT / "constraints.txt").read_text().lower().splitlines()
    constraints = dict(line.split("==") for line in lines if "==" in line and not line.startswith("#"))
    assert pins.items() <= constraints.items()
    assert {split(one)[0] for one in PROJECT["dependencies"]} <= pins.keys()


def test_a_release_fills_in_its_home_once(tmp_path: Path) -> None:
    files = ["DESCRIPTION", "pyproject.toml", "recipe/recipe.yaml"]
    (tmp_path / "recipe").mkdir()
    for file in files:
        (tmp_path / file).write_text((ROOT / file).read_text())
    set_home = runpy.run_path(str(ROOT / "scripts/set-home.py"))["set_home"]
    set_home(tmp_path, "https://old.example/a/", "Ann Other", "ann@old.example", "0000-0001")
    set_home(tmp_path, "https://new.example/b/", "Ada Maria Lovelace", "ada@new.example")
    texts = {file: (tmp_path / file).read_text() for file in files}
    assert not any("old.example" in text for text in texts.values())
    person = 'person("Ada Maria", "Lovelace", role = c("aut", "cre", "cph"), email = "ada@new.example")'
    assert f"Authors@R: {person}\n" in texts["DESCRIPTION"]
    assert texts["DESCRIPTION"].count("BugReports: https://new.example/b/issues\n") == 1
    project = tomllib.loads(texts["pyproject.toml"])
    assert project["project"]["urls"]["Homepage"] == "https://new.example/b"
    assert project | {"project": None} == tomllib.loads((ROOT / "pyproject.toml").read_text()) | {
        "project": None
    }
    recipe = yaml.safe_load(texts["recipe/recipe.yaml"])
    assert recipe["about"]["homepage"] == "https://new.example/b"
    assert recipe["requirements"] == yaml.safe_load((ROOT / files[2]).read_text())["requirements"]
