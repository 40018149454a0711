"""Shared parts of the pictures: axes, and sizes of text."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mistruct.errors import ParameterError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]

LONGEST_LABEL = 24  # characters


def check_axes(ax: Any) -> None:
    """Raise ParameterError unless `ax` is None or matplotlib axes."""
    from matplotlib.axes import Axes

    if ax is not None and not isinstance(ax, Axes):
        raise ParameterError(f"ax must be matplotlib axes, got {type(ax).__name__}")


def new_axes(size: tuple[float, float], **figure_options: Any) -> Axes:
    """Axes that fill a new figure of a size in points.

    pyplot keeps every figure it makes, which is what shows them in notebooks and at
    ``plt.show()``. Who uses pyplot, or sits in a notebook, gets a figure of pyplot's; for everyone
    else, a server or a command, pyplot is not even imported and no window system is touched.
    """
    figsize = (size[0] / 72, size[1] / 72)
    if "matplotlib.pyplot" in sys.modules or "ipykernel" in sys.modules:
        from matplotlib import pyplot

        figure = pyplot.figure(figsize=figsize, **figure_options)
    else:
        from matplotlib.figure import Figure

        figure = Figure(figsize=figsize, **figure_options)
    return figure.add_subplot()


def size_in_points(ax: Axes) -> tuple[float, float]:
    """Width and height of axes in points."""
    extent = ax.get_window_extent()
    scale = 72 / ax.figure.dpi
    return extent.width * scale, extent.height * scale


def shorten(name: object) -> str:
    """The name on one line, without control characters, and its middle cut out if it is long."""
    text = " ".join(str(name).split())
    if not text.isprintable():  # these have no glyph
        text = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    if len(text) <= LONGEST_LABEL:
        return text
    return text[: LONGEST_LABEL - 9].rstrip() + "…" + text[-8:].lstrip()


def text_extents(texts: Sequence[str]) -> Array:
    """Width and height in the default font, per point of its size, shape (n, 2)."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(size=100)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # drawing says it again
        extents = [
            text_to_path.get_text_width_height_descent(text or " ", font, ismath=False)[:2]
            for text in texts
        ]
    return np.array(extents).reshape(-1, 2) / 100
