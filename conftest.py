"""What holds for tests and the examples in docstrings alike."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.util import find_spec

import pytest

# The docstrings of an extra are read where it is installed.
collect_ignore_glob = [] if find_spec("torch") else ["mistruct/neural/*.py"]


@pytest.fixture(autouse=True)
def _no_figure_stays_open() -> Iterator[None]:
    yield
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close("all")
