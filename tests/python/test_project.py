"""What the project promises about itself: one version, floors, a light face, documented interfaces."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import matplotlib
import pytest
import typer
from matplotlib import pyplot

import spotscape
from spotscape import _keys
from spotscape.cli import app

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "python" / "spotscape"
FILES = sorted(PACKAGE.rglob("*.py"))
FACE = [name for name in spotscape.__all__ if name in spotscape._SUBMODULES]

# From the ground up (vignettes/software_design.Rmd): which rooms each room may import, besides itself.
GROUND = {
    "_adata",
    "_arrays",
    "_caller",
    "_docs",
    "_keys",
    "_logarithm",
    "_neighborhood",
    "_progress",
    "_row_blocks",
    "_slices",
    "_threads",
}
GROUND |= {"_validate", "_version", "_words", "config"}
ARRAYS = GROUND - {"_adata", "_slices"}
MAY_IMPORT = {
    "_adata": set(),
    "_arrays": set(),
    "_caller": set(),
    "_counts_file": set(),
    "_docs": set(),
    "_scanpy": set(),
    "_keys": set(),
    "_logarithm": set(),
    "_neighborhood": set(),
    "_paths": {"_validate"},
    "_progress": set(),
    "_row_blocks": set(),
    "_slices": {"_validate"},
    "_threads": {"_validate"},
    "_validate": set(),
    "_version": set(),
    "_versions": {"_threads", "_version"},
    "_words": set(),
    "_working_folder": set(),
    "config": {"_validate"},
    # the method, on arrays and tensors
    "core": ARRAYS,
    "components": ARRAYS | {"core"},
    "engine": ARRAYS | {"_paths", "core", "components"},
    "domains": ARRAYS | {"_scanpy"},
    "alignment": ARRAYS,
    "comparison": ARRAYS | {"_scanpy"},
    "annotation": ARRAYS | {"_scanpy", "comparison", "domains"},
    # what is read of an object
    "gr": GROUND,
    "pp": GROUND,
    # the steps of a run, the verbs, and what keeps a model
    "run": GROUND | {"_counts_file", "_paths", "core", "components", "domains", "engine", "gr", "pp"},
    "tl": GROUND
    | {"_paths", "_scanpy", "alignment", "annotation", "comparison", "domains", "engine", "gr"}
    | {"metrics", "pp", "run"},
    "model": GROUND | {"_paths", "domains", "engine", "gr", "pp", "run", "tl"},
    # beside the floors
    "metrics": GROUND,
    "datasets": GROUND,
    "io": GROUND | {"_counts_file", "_paths", "gr", "interop"},
    "interop": GROUND | {"_paths"},
    "pl": GROUND | {"_scanpy", "annotation", "gr", "io", "metrics", "pp"},
    # the top
    "cli": GROUND
    | {"_versions", "datasets", "engine", "gr", "interop", "io", "metrics", "model", "pl", "pp", "run", "tl"},
    "__main__": {"_working_folder", "cli"},
}
FORBIDDEN = {
    "core": {"anndata", "scanpy", "scipy", "pandas"},
    "components": {"anndata", "scanpy", "pandas"},
    "engine": {"anndata", "scanpy", "pandas"},
    "domains": {"anndata", "torch", "torch_geometric"},
    "alignment": {"anndata", "torch", "torch_geometric"},
    "comparison": {"anndata", "torch", "torch_geometric"},
    "annotation": {"anndata", "torch", "torch_geometric"},
    "pl": {"torch", "torch_geometric"},
    "interop": {"torch", "torch_geometric"},
}
FORBIDDEN_EVERYWHERE = {"pickle", "joblib", "cloudpickle", "torch_sparse", "torch_scatter", "pyg_lib"}
ONLY_IN = {
    "rpy2": "interop/",
    "anndata2ri": "interop/",
    "torch.distributed": "engine/distributed.py",
}
HEAVY = {"anndata", "igraph", "matplotlib", "numpy", "pandas", "scanpy", "scipy", "sklearn", "torch"}


def _path(file: Path) -> str:
    return file.relative_to(PACKAGE).as_posix()


def _module(file: Path) -> str:
    parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _room(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(source: str) -> Iterator[tuple[str, bool]]:
    """Yield every module that source code imports, at any depth, and whether only for type checkers."""
    for_types = set()
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            for_types.update(id(inner) for part in node.body for inner in ast.walk(part))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in for_types) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import: {ast.unparse(node)}"
            for alias in node.names:
                yield f"{node.module}.{alias.name}", id(node) in for_types


def floor_problems(path: str, source: str) -> list[str]:
    """Say which imports of a file of the package (its path inside it) the floors do not allow."""
    room = path.split("/")[0].removesuffix(".py")
    if room == "__init__":  # the face itself; what it may import is any submodule, lazily
        return []
    if room not in MAY_IMPORT:
        return [f"{path}: a room that MAY_IMPORT in this test does not know; give it its floor"]
    problems = []
    for name, for_types in imports(source):
        top, _, rest = name.partition(".")
        if top == "spotscape":
            target = rest.split(".")[0]
            if target not in MAY_IMPORT:
                problems.append(f"{path} imports the package's face: {name}")
            elif target != room and target not in MAY_IMPORT[room]:
                problems.append(f"{path} ({room}) imports {name}: {target} is not below {room}")
            elif target != room and re.search(r"\._[a-z]", rest):
                problems.append(f"{path} imports {name}, which is private to {target}")
        if top in FORBIDDEN_EVERYWHERE or (top in FORBIDDEN.get(room, ()) and not for_types):
            problems.append(f"{path} imports {name}")
        for limited, home in ONLY_IN.items():
            if (name + ".").startswith(limited + ".") and not path.startswith(home):
                problems.append(f"{path} imports {name}, which is for {home} only")
    return problems


def test_one_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    description = (ROOT / "DESCRIPTION").read_text()
    versions = {
        "pyproject.toml": project["version"],
        "DESCRIPTION": re.search(r"^Version: *(\S+)$", description, re.M)[1],
        "spotscape.__version__": spotscape.__version__,
        "NEWS.md": re.search(r"^# spotscape (\S+)$", (ROOT / "NEWS.md").read_text(), re.M)[1],
        "CITATION.cff": re.search(r"^version: *(\S+)$", (ROOT / "CITATION.cff").read_text(), re.M)[1],
    }
    assert len(set(versions.values())) == 1, versions


def test_every_direct_dependency_is_pinned():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = project["dependencies"] + extras["dev"] + extras["docs"] + extras["dist"]
    pins = re.findall(r"^([\w.-]+)==\S+$", (ROOT / "constraints.txt").read_text(), re.M)
    names = {re.match(r"[\w.-]+", requirement)[0].lower() for requirement in wanted}
    assert names <= {name.lower() for name in pins}


@pytest.mark.parametrize("room", ["domains", "alignment", "comparison", "annotation"])
def test_rooms_of_arrays_load_no_objects(room: str):
    code = f"import sys, spotscape.{room}; print(sorted({{'anndata', 'scanpy', 'torch'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("file", FILES, ids=_path)
def test_floors(file: Path):
    assert floor_problems(_path(file), file.read_text()) == []


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("core/telescope.py", "import pandas as pd"),
        ("core/telescope.py", "from scipy import sparse"),
        ("core/telescope.py", "from spotscape.engine.trainer import fit"),
        ("engine/trainer.py", "import torch.distributed as dist"),
        ("engine/trainer.py", "from torch import distributed"),
        ("engine/trainer.py", "from spotscape.tl.run import run_spotscape"),
        ("tl/domains.py", "def f():\n    import joblib"),
        ("tl/domains.py", "from spotscape import pp, metrics, SpotscapeConfig"),
        ("tl/domains.py", "import spotscape"),
        ("pl/report.py", "from torch import nn"),
        ("gr.py", "import rpy2.robjects"),
        ("attic/old.py", "import os"),
    ],
)
def test_floors_would_be_missed(path: str, line: str):
    assert floor_problems(path, line)


def test_floors_allow_imports_for_types_and_ranks_at_home():
    assert not floor_problems("core/x.py", "if TYPE_CHECKING:\n    from anndata import AnnData")
    assert not floor_problems("engine/distributed.py", "import torch.distributed as dist")


@pytest.mark.parametrize("file", [f for f in FILES if _room(f) == "tl"], ids=_path)
def test_tl_names_no_device_and_no_rank(file: Path):
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Attribute):
            assert ast.unparse(node) not in {"torch.cuda", "torch.device", "torch.distributed", "torch.mps"}
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert not re.fullmatch(r"cuda(:\d+)?|mps|gloo|nccl|RANK|WORLD_SIZE", node.value)


def test_face_is_light():
    code = f"import sys, spotscape; dir(spotscape); print(*sorted({HEAVY} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_modules_in_the_working_folder_are_not_taken(tmp_path):
    for name in ("numpy", "anndata", "typer"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('from the working folder')")
    command = [sys.executable, "-m", "spotscape", "simulate", "-o", "slice.h5ad", "--spots", "60"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "slice.h5ad").exists()


def test_face_gives_what_it_names():
    for name in spotscape.__all__:
        assert getattr(spotscape, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        spotscape.nothing  # noqa: B018


@pytest.mark.parametrize("file", FILES, ids=_path)
def test_names_in_anndata_are_written_once(file: Path):
    """A name typed a second time is a name that can come to differ."""
    if file.name in {"_keys.py", "__init__.py"}:  # a package's face lists names of functions
        return
    names = {getattr(_keys, name) for name in dir(_keys) if name.isupper()}
    names -= {_keys.KEY_ADDED, _keys.SPATIAL}  # also the package's name, and a folder of Space Ranger
    functions = [f for _, f in inspect.getmembers(_keys, inspect.isfunction)]
    built = {f(_keys.KEY_ADDED) for f in functions} - {_keys.KEY_ADDED}
    pieces = {piece for f in functions for piece in f("\0").split("\0") if piece}
    tree = ast.parse(file.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant):
            assert node.value not in names | built, f"line {node.lineno}: take {node.value!r} from _keys"
        if isinstance(node, ast.JoinedStr):
            fixed = {part.value for part in node.values if isinstance(part, ast.Constant)}
            assert not fixed & pieces, f"line {node.lineno}: take {ast.unparse(node)} from _keys"


def _public(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """Yield the functions and classes of a submodule of the face that a user calls."""
    for name in getattr(module, "__all__", [name for name in vars(module) if not name.startswith("_")]):
        value = getattr(module, name)
        ours = getattr(value, "__module__", "").startswith(module.__name__)
        if ours and (inspect.isfunction(value) or inspect.isclass(value)):
            yield f"{module.__name__}.{name}", value


def documentation_problems(name: str, function: Any) -> list[str]:
    """Say what a function's docstring lacks."""
    text = inspect.getdoc(function) or ""
    sections = dict(re.findall(r"^(\w+)\n-{3,}\n((?:(?!^\w+\n-{3,}$).*\n?)*)", text, re.M))
    signature = inspect.signature(function)
    wanted = ["Parameters"] * bool(signature.parameters) + ["Examples"]
    wanted += ["Returns"] * (signature.return_annotation not in {"None", None, "NoReturn"})
    sections.setdefault("Returns", sections.get("Yields"))
    problems = [f"{name} has no section {section}" for section in wanted if sections.get(section) is None]
    if ">>>" not in sections.get("Examples", ">>>"):
        problems.append(f"{name}: nothing runs in Examples")
    described = re.findall(r"^[\w, *]+$", sections.get("Parameters", ""), re.M)
    names = {word.strip("* ") for line in described for word in line.split(",")}
    problems += [f"{name}: {p} is not described" for p in signature.parameters if p not in names | {"self"}]
    return problems + [f"{name} has no {p}" for p in sorted(names - set(signature.parameters))]


@pytest.mark.parametrize("name", FACE)
def test_public_interfaces_are_documented(name: str):
    public = list(_public(importlib.import_module(f"spotscape.{name}")))
    assert public
    problems = []
    for full_name, value in public:
        if inspect.isfunction(value):
            problems += documentation_problems(full_name, value)
        elif not inspect.getdoc(value):
            problems.append(f"{full_name} has no docstring")
    assert problems == []


def test_documentation_problems_are_found():
    def good(adata, *, k: int = 1) -> int:
        """Do it.

        Parameters
        ----------
        adata, k
            Things.

        Returns
        -------
        int

        Examples
        --------
        >>> 1
        1
        """

    def bad(adata, *, k: int = 1) -> int:
        """Do it.

        Parameters
        ----------
        adata
            Things and k.
        copy
            Or not.

        Examples
        --------
        Like so.
        """

    assert documentation_problems("good", good) == []
    assert len(documentation_problems("bad", bad)) == 4


def _readme(language: str) -> str:
    """Return all code of one language in the README, and in the guide that it sends readers to."""
    pages = [(ROOT / page).read_text() for page in ("README.md", "vignettes/guide.Rmd")]
    return "\n".join(re.findall(rf"^```{language}\n(.*?)^```", "\n".join(pages), re.M | re.S))


def test_readme_is_short_and_its_links_lead_somewhere():
    text = (ROOT / "README.md").read_text()
    assert len(text.splitlines()) <= 180
    links = re.findall(r"\]\(([^)#]+)\)|src=\"([^\"]+)\"", text)
    paths = [one or other for one, other in links if not (one or other).startswith("http")]
    assert len(paths) > 10
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.filterwarnings("ignore::spotscape._validate.SpotscapeWarning")  # of slices as small as these
def test_readme_python_runs(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    matplotlib.use("Agg")
    spotscape.io.write(spotscape.datasets.simulate_slice(n_spots=200, n_genes=60), "slice.h5ad")
    slices = spotscape.datasets.simulate_slices(n_slices=4, n_spots=200, n_genes=60)
    for name, one in zip("ABCD", slices, strict=True):
        spotscape.io.write(one, f"{name}.h5ad")
    exec(compile(_readme("python"), "README.md", "exec"), {})
    pyplot.close("all")  # other tests hold that no figure is left open
    assert {path.name for path in tmp_path.iterdir()} == {
        *(f"{name}.h5ad" for name in "ABCD"),
        "AB.h5ad",
        "slice.h5ad",
        "domains.png",
        "confidence.png",
        "domains.h5ad",
        "report.html",
        "pseudotime.png",
        "model",
        "groups.csv",
        "maps.png",
        "map.html",
    }
    assert "spotscape_domain" in capsys.readouterr().out


def test_readme_commands_exist():
    lines = [line.split("#")[0] for line in _readme("sh").splitlines() if line.startswith("spotscape ")]
    commands = typer.main.get_command(app).commands
    assert {line.split()[1] for line in lines} == set(commands)
    for line in lines:
        name, *arguments = line.split()[1:]
        if arguments != ["--help"]:
            commands[name].make_context(name, arguments)
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    assert set(re.findall(r"make (\w+)", _readme("sh"))) <= targets


@pytest.mark.parametrize("file", FILES, ids=_path)
def test_examples_run(file: Path):
    if file.name == "__main__.py":  # running it is the command
        return
    if file.parent.name == "interop" and "rpy2" in file.read_text() and find_spec("rpy2") is None:
        pytest.skip("rpy2 is not installed")
    matplotlib.use("Agg")
    results = doctest.testmod(
        importlib.import_module(_module(file)), optionflags=doctest.NORMALIZE_WHITESPACE
    )
    assert results.failed == 0


@pytest.mark.parametrize("file", FILES, ids=_path)
def test_files_stay_readable(file: Path):
    assert len(file.read_text().splitlines()) < 350


def test_tables_of_what_crosses_to_r_are_those_of_the_list():
    script = ROOT / "scripts" / "crossing.py"
    done = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_known_issues_can_be_read():
    yaml = pytest.importorskip("yaml")
    known = yaml.safe_load((ROOT / "inst" / "known_issues.yaml").read_text())["known_issues"]
    assert all({"object", "part", "what"} <= set(one) or "id" in one for one in known)
