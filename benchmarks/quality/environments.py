"""Environments of the peers: each its own, from pinned requirements, by one command."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
ENVIRONMENTS = REPOSITORY / ".peers"
REQUIREMENTS = Path(__file__).parent / "peers"
PEERS = tuple(sorted(path.stem for path in REQUIREMENTS.glob("*.txt")))


def python_of(peer: str) -> Path:
    """Return the interpreter of a peer's environment; it need not be there."""
    folder = ENVIRONMENTS / peer
    return folder / "Scripts" / "python.exe" if sys.platform == "win32" else folder / "bin" / "python"


def make(peer: str, interpreter: str, pip_arguments: Sequence[str]) -> None:
    """Make a peer's environment anew.

    The requirements name every package, pinned, so that pip is told to look for no others: some peers ask
    for packages that compile for minutes and that they never import.
    """
    found = shutil.which(interpreter)
    if found is None:
        sys.exit(f"found no {interpreter!r}; name a Python 3.11 by --python")
    subprocess.run([found, "-m", "venv", "--clear", ENVIRONMENTS / peer], check=True)
    install = [python_of(peer), "-m", "pip", "install", "--quiet", "--no-compile", "--no-deps"]
    subprocess.run([*install, *pip_arguments, "-r", REQUIREMENTS / f"{peer}.txt"], check=True)


def run_module_with(peer: str, module: str, arguments: Sequence[str]) -> int:
    """Run a module in our environment, a peer that needs nothing else beside it; return its exit status."""
    packages = next((ENVIRONMENTS / peer).rglob("site-packages"), None)
    if packages is None:
        sys.exit(f"run `python -m benchmarks.quality environments --peers {peer}` first")
    program = (
        "import runpy, sys; sys.path.append(sys.argv[1]); del sys.argv[:2]; "
        "runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)"
    )
    command = [sys.executable, "-c", program, packages, module, *arguments]
    return subprocess.run(command, check=False, cwd=REPOSITORY).returncode
