"""Sphinx configuration: MyST pages, numpydoc docstrings, no network needed to build or to read."""

from __future__ import annotations

import shutil
import sys
import warnings
from pathlib import Path

import mistruct

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS / "_extensions"))

project = "mistruct"
author = "mistruct developers"
copyright = "mistruct developers"
version = release = mistruct.__version__

extensions = [
    "formulas",
    "myst_parser",
    "numpydoc",
    "offline",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["_templates"]
exclude_patterns = ["_build"]

myst_enable_extensions = ["amsmath", "deflist", "dollarmath"]
myst_heading_anchors = 3
html_math_renderer = "svg"

autosummary_generate = True
# An extra, which pages on it do not need.
autodoc_mock_imports = ["torch"]
# Type hints are for mypy; the Parameters section of each docstring is for people.
autodoc_typehints = "none"
numpydoc_show_class_members = False

# Examples write files into the folder in which they run, so they run in a copy of theirs.
copied = DOCS / "_build" / "examples"
shutil.copytree(
    DOCS.parent / "examples",
    copied,
    ignore=shutil.ignore_patterns("README.md", "__pycache__"),  # or the data were a gallery, too
    dirs_exist_ok=True,
)
sphinx_gallery_conf = {
    "examples_dirs": str(copied),
    "gallery_dirs": "gallery",
    "backreferences_dir": "gallery/backreferences",
    "filename_pattern": r"\.py",
    "abort_on_example_error": True,
    "show_signature": False,
    "write_computation_times": False,
    "first_notebook_cell": "%matplotlib inline\n"
    "# Run this notebook in the folder examples/ of the source tree, beside its data.",
}
# `import pgmpy.inference` warns about a module of its own that it imports itself.
warnings.filterwarnings("ignore", message="`pgmpy.estimators.StructureScore` is deprecated")

html_theme = "furo"
html_title = f"mistruct {release}"
html_static_path = ["_static"]
html_css_files = ["mistruct.css"]
