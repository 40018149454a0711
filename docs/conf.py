"""Sphinx configuration: MyST pages, numpydoc docstrings, no network needed to build."""

from __future__ import annotations

import mistruct

project = "mistruct"
author = "mistruct developers"
copyright = "mistruct developers"
version = release = mistruct.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
]
templates_path = ["_templates"]
exclude_patterns = ["_build"]

myst_enable_extensions = ["amsmath", "deflist", "dollarmath"]
myst_heading_anchors = 3

autosummary_generate = True
# An extra, which pages on it do not need.
autodoc_mock_imports = ["torch"]
# Type hints are for mypy; the Parameters section of each docstring is for people.
autodoc_typehints = "none"
numpydoc_show_class_members = False

html_theme = "furo"
html_title = f"mistruct {release}"
