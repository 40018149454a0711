"""The page of a network: positions of nodes and labels, and drawing them."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np

from mistruct.plot.canvas import new_axes, shorten, size_in_points, text_extents
from mistruct.plot.labels import LARGEST_TYPE, boxes, free_labels, into, label_offsets, what_fits
from mistruct.plot.layout import Array, density, layout_component, pack, separate
from mistruct.plot.marks import TARGET_TYPE, draw_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

UNIT = 26.0  # points for a layout length of 1
LARGEST_PAGE = (16 * 72.0, 12 * 72.0)
SMALLEST_PAGE = (5.5 * 72.0, 4 * 72.0)
MARGIN = 8.0
TITLE = 22.0  # left free above, for who calls set_title


@dataclass(frozen=True, eq=False)
class Page:
    """Page of a network: nodes in order of importance, and their positions in points.

    Attributes
    ----------
    ax : matplotlib.axes.Axes
    nodes : list of nodes
    places : ndarray of float, shape (n_nodes, 2)
    radii : ndarray of float, shape (n_nodes,)
    centres, extents : ndarray of float, shape (n_nodes, 2)
        Of the labels.
    n_labels : int
        So many nodes have a label, if it is free.
    type_size : float
    width, strip : float
        Width of the page, and height of what is left below the network.
    steps : mapping of node to int
        How far a node is from the target.
    """

    ax: Axes
    nodes: list[Hashable]
    places: Array
    radii: Array
    centres: Array
    extents: Array
    n_labels: int
    type_size: float
    width: float
    strip: float
    steps: Mapping[Hashable, int]

    @property
    def ends(self) -> dict[Hashable, Any]:
        """Place and radius of each node."""
        return dict(zip(self.nodes, zip(self.places, self.radii, strict=True), strict=True))

    def draw_nodes(self, colours: Sequence[str]) -> None:
        """Draw the nodes, one colour each."""
        ground = self.ax.figure.get_facecolor()
        areas = (2 * self.radii) ** 2
        x, y = self.places.T
        self.ax.scatter(x, y, areas, colours, edgecolors=ground, linewidths=0.6, zorder=3)

    def draw_labels(self) -> int:
        """Draw the labels that do not overlap; returns their number."""
        free = free_labels(self.centres, self.extents / 2, self.n_labels)
        for i in free:
            step = self.steps.get(self.nodes[i], 3)
            draw_label(self.ax, shorten(self.nodes[i]), self.centres[i], self.type_size, step)
        return len(free)


def lay_out(graph: nx.Graph, steps: Mapping[Hashable, int], ax: Axes | None, legend: float) -> Page:
    """Lay out a graph on axes, or on new axes of the size that it needs.

    Parameters
    ----------
    graph : networkx.Graph
        Without loops.
    steps : mapping of node to int
        How far nodes are from the target, which is the one at 0; empty without a target.
    ax : matplotlib.axes.Axes, optional
    legend : float
        Height of the rows below the network, in points.
    """
    target = next(iter(steps), None)
    nodes = sorted(graph, key=lambda n: (steps.get(n, 3), -graph.degree(n), str(n)))
    radii = np.array([2.0 + 0.75 * math.sqrt(min(graph.degree(n), 60)) for n in nodes])
    radii[: len(steps) > 0] += 2.0
    strip = legend + MARGIN

    largest = LARGEST_PAGE if ax is None else size_in_points(ax)
    room = np.maximum(np.array(largest) - (2 * MARGIN, strip + MARGIN), 2 * MARGIN)
    per_point = text_extents([shorten(node) for node in nodes])
    per_point[: len(steps) > 0] *= 1.1 * TARGET_TYPE  # it is bold as well
    type_size, n_labels = what_fits(per_point, radii, room[0] * room[1])
    radii *= type_size / LARGEST_TYPE
    labelled = np.arange(len(nodes))[:, None] < n_labels
    extents = np.where(labelled, per_point * type_size + 2.0, 0.0)  # with a point of air around

    places, page = _arrange(graph, nodes, target, radii, extents, room[0] / room[1])
    if ax is None:
        room = np.clip(page, SMALLEST_PAGE, room)
        height = room[1] + strip + MARGIN
        ax = new_axes((room[0] + 2 * MARGIN, height + TITLE))
        ax.set_position((0.0, 0.0, 1.0, height / (height + TITLE)))
    places = places * (room / np.maximum(page, 1.0))
    offsets = label_offsets(graph, nodes, places, radii, extents)
    places = separate(places, *boxes(offsets, radii, extents))
    places = into(places, room, *boxes(offsets, radii, extents))
    ax.set_axis_off()
    ax.set(xlim=(-MARGIN, room[0] + MARGIN), ylim=(-strip, room[1] + MARGIN))
    centres = places + offsets
    return Page(
        ax, nodes, places, radii, centres, extents, n_labels, type_size, room[0], strip, steps
    )


def _arrange(
    graph: nx.Graph,
    nodes: Sequence[Hashable],
    target: Hashable | None,
    radii: Array,
    extents: Array,
    aspect: float,
) -> tuple[Array, Array]:
    """Positions in points, without overlapping boxes, and the size of the page that they fill."""
    rank = {node: i for i, node in enumerate(nodes)}
    components = [sorted(c, key=rank.__getitem__) for c in nx.connected_components(graph)]
    components.sort(key=lambda c: (-len(c), rank[c[0]]))
    unit = UNIT * density(graph) ** 0.25
    places = np.zeros((len(nodes), 2))
    sizes = np.zeros((len(components), 2))
    for i, component in enumerate(components):
        rows = [rank[node] for node in component]
        own = unit * layout_component(graph, component, target if target in component else None)
        offsets = label_offsets(graph, component, own, radii[rows], extents[rows])
        centres, halves = boxes(offsets, radii[rows], extents[rows])
        own = separate(own, centres, halves)
        low = (own + centres - halves).min(axis=0)
        sizes[i] = (own + centres + halves).max(axis=0) - low + UNIT
        places[rows] = own - low
    corners = pack(sizes, aspect)
    low = corners.min(axis=0, initial=0.0)
    for component, corner in zip(components, corners - low, strict=True):
        places[[rank[node] for node in component]] += corner
    return places, (corners - low + sizes).max(axis=0, initial=0.0)
