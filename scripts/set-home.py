"""Write who maintains the package and where it lives into every file that says so.

    python scripts/set-home.py https://host/owner/spotscape "Given Family" name@host [--orcid 0000-...]

A release is preceded by it: until then there is no public home, and the maintainer's address is a stand-in.
DESCRIPTION gets the maintainer, URL and BugReports, pyproject.toml its urls, recipe/recipe.yaml its home.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

PAPER = "https://arxiv.org/abs/2506.15698"


def replace(path: Path, pattern: str, text: str) -> None:
    """Put the text in place of the one match."""
    changed, found = re.subn(pattern, lambda _: text, path.read_text(), flags=re.MULTILINE)
    if found != 1:
        raise SystemExit(f"{path.name}: {found} places look like {pattern!r}, expected one")
    path.write_text(changed)


def set_home(root: Path, url: str, name: str, email: str, orcid: str | None = None) -> None:
    """Change the files under ``root``."""
    url = url.rstrip("/")
    given, _, family = name.rpartition(" ")
    comment = f', comment = c(ORCID = "{orcid}")' if orcid else ""
    person = f'person("{given}", "{family}", role = c("aut", "cre", "cph"), email = "{email}"{comment})'
    description = root / "DESCRIPTION"
    replace(description, r"^Authors@R: person\(.*\)$", f"Authors@R: {person}")
    replace(description, r"^URL: .*$(\nBugReports: .*$)?", f"URL: {url}, {PAPER}\nBugReports: {url}/issues")
    urls = f'[project.urls]\nHomepage = "{url}"\nIssues = "{url}/issues"\nPaper = "{PAPER}"\n\n'
    project = root / "pyproject.toml"
    project.write_text(re.sub(r"^\[project\.urls\]\n(.+\n)+\n", "", project.read_text(), flags=re.MULTILINE))
    replace(project, r"^\[project\.scripts\]\n", f"{urls}[project.scripts]\n")
    recipe = root / "recipe" / "recipe.yaml"
    replace(recipe, r"^about:\n(  homepage: .*\n)?", f"about:\n  homepage: {url}\n")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("url", help="address of the repository")
    parser.add_argument("name", help="given and family name of the maintainer")
    parser.add_argument("email")
    parser.add_argument("--orcid")
    given = parser.parse_args()
    set_home(Path(__file__).parents[1], given.url, given.name, given.email, given.orcid)


if __name__ == "__main__":
    main()
