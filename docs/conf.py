"""Settings of the Python half of the site; `make site` calls Sphinx with them. Nothing is fetched."""

from __future__ import annotations

import sys
from pathlib import Path

from spotscape import __version__

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS / "extensions"))

project = "spotscape"
author = "The spotscape developers"
project_copyright = author
release = __version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_design",
    "reference_pages",
]
exclude_patterns = ["extensions", "_build", "**.ipynb_checkpoints"]

# Names in single backticks are those of the package, and become links. The pages of other projects are not at
# hand where nothing is fetched, so that a name has to be found only if it is public and spotscape's own.
default_role = "py:obj"
nitpicky = True
nitpick_ignore_regex = [
    ("py:.*", r"(?!spotscape\b).*"),
    ("py:.*", r"spotscape\.(_|annotation|core|engine|interop\.pieces|pp\.stored_counts).*"),
]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autosummary_generate = False  # `reference_pages` writes the pages
python_maximum_signature_line_length = 88
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
# What a function writes into an object is told in sentences and lists, which are kept as they are.
napoleon_custom_sections = ["Returns"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
nb_execution_mode = "force"  # a cell that fails is a warning, and warnings fail the build
nb_execution_show_tb = True
nb_execution_timeout = 300
nb_merge_streams = True

html_theme = "sphinx_book_theme"
html_title = "spotscape"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_theme_options = {
    "show_navbar_depth": 1,
    "home_page_in_toc": False,
    "use_download_button": False,
    "use_fullscreen_button": False,
    "path_to_docs": "docs",
}

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
