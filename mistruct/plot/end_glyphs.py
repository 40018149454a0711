"""Glyphs at the ends of edges: arrowheads, and the circles of graphs with hidden causes."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mistruct.plot.layout import Array
from mistruct.structure.end_marks import ARROW, CIRCLE, Mark

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEAD = (7.0, 3.2)  # length and half the breadth of arrowheads, points
RADIUS = 2.4  # of circles, points

MEANING = "circle: open, two arrowheads: a hidden common cause"


def arrowhead(tail: Array, head: Array, radius: float) -> Array:
    """The corners of an arrowhead that touches a node, shape (3, 2)."""
    way = (head - tail) / np.linalg.norm(head - tail)
    tip = head - way * (radius + 1.0)
    aside = np.array([-way[1], way[0]]) * HEAD[1]
    return np.array([tip, tip - way * HEAD[0] + aside, tip - way * HEAD[0] - aside])


def draw_marks(
    ax: Axes, marks: Mapping[Hashable, Mark], places: Mapping[Hashable, Any], colour: str
) -> None:
    """Draw the marks at the two ends of an edge; a place is a point and the radius of its node."""
    from matplotlib.patches import Circle, Polygon

    for (at, mark), other in zip(marks.items(), reversed(list(marks)), strict=True):
        start, (end, radius) = places[other][0], places[at]
        if mark == ARROW:
            ax.add_patch(Polygon(arrowhead(start, end, radius), color=colour, lw=0, zorder=2))
        elif mark == CIRCLE:
            way = (end - start) / np.linalg.norm(end - start)
            ax.add_patch(
                Circle(
                    tuple(end - way * (radius + RADIUS)),
                    RADIUS,
                    facecolor=ax.figure.get_facecolor(),
                    edgecolor=colour,
                    zorder=2,
                )
            )
