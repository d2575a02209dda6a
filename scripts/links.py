"""Every link within a made site leads somewhere: files, and places in them.

Usage: python scripts/links.py FOLDER [--ignore PREFIX]. Links to other hosts are not looked at.
"""

from __future__ import annotations

import argparse
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ELEMENTS = {"a", "area", "img", "iframe", "link", "script", "source"}


class Page(HTMLParser):
    """What one page links to, and the places in it that can be linked to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.places: set[str] = {"", "top"}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take in one element."""
        found = dict(attrs)
        self.places.update(value for name in ("id", "name") if (value := found.get(name)))
        for name in ("href", "src"):
            if (value := found.get(name)) and tag in {
                "a",
                "area",
                "img",
                "iframe",
                "link",
                "script",
                "source",
            }:
                self.links.add(value)


def broken_links(folder: Path, ignore: str | None = None) -> list[str]:
    """Return the links of a site that lead nowhere, as "page: link"."""
    folder = folder.resolve()
    # What a theme keeps for itself is no page.
    files = [path for path in sorted(folder.rglob("*.html")) if "_static" not in path.parts]
    pages = {path: Page(path.read_text()) for path in files}
    found = []
    for path, page in pages.items():
        for link in sorted(page.links):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = path if not parts.path else (path.parent / unquote(parts.path)).resolve()
            if target.is_dir():
                target /= "index.html"
            if ignore and folder in target.parents and str(target.relative_to(folder)).startswith(ignore):
                continue
            place = unquote(parts.fragment)
            if not target.exists() or (target in pages and place not in pages[target].places):
                found.append(f"{path.relative_to(folder)}: {link}")
    return found


def main() -> None:
    """Check a site."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--ignore", help="links into this part of the site are not looked at")
    arguments = parser.parse_args()
    found = broken_links(arguments.folder, arguments.ignore)
    sys.stdout.write("".join(f"broken: {line}\n" for line in found) or "links: every one leads somewhere\n")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
