"""The picture of a network: `plot_network`.

What a reader wants to see in 200 variables is the target, what depends on it directly, how
strongly, and where the rest hangs together. So distance from the target is colour, mutual
information is width, the number of neighbours is size, and a variable without an edge is a number
in the caption. Every label costs room: the page grows with the labels until it is as large as a
poster; then the type gets smaller; then only the more important nodes keep their labels (the
target, its neighbours, theirs, then hubs).
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np

from mistruct.errors import ParameterError, nearest_names
from mistruct.plot.canvas import check_axes, new_axes, shorten, size_in_points, text_extents
from mistruct.plot.labels import LARGEST_TYPE, boxes, free_labels, into, label_offsets, what_fits
from mistruct.plot.layout import Array, density, layout_component, pack, separate
from mistruct.plot.marks import (
    COLOURS,
    LEGEND_ROW,
    PLAIN,
    TARGET_TYPE,
    caption,
    draw_edges,
    draw_label,
    draw_legend,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

UNIT = 26.0  # points for a layout length of 1
LARGEST_PAGE = (16 * 72.0, 12 * 72.0)
SMALLEST_PAGE = (5.5 * 72.0, 4 * 72.0)
MARGIN = 8.0
TITLE = 22.0  # left free above, for who calls set_title


def plot_network(
    graph: nx.Graph,
    *,
    target: Hashable | None = None,
    ax: Axes | None = None,
    isolated: bool = False,
    legend: bool = True,
) -> Axes:
    """Draw a network, with the target and its neighbourhood highlighted.

    Edges are as wide as their mutual information. An edge of a directed graph ends in an
    arrowhead, unless its opposite is there too: two opposite arcs are one undirected edge. Nodes
    grow with the number of their neighbours. When there is not room for all labels, the target,
    its neighbours, their neighbours and the hubs keep theirs.

    The same graph always gives the same picture, whatever the order of its nodes.

    Parameters
    ----------
    graph : networkx.Graph or networkx.DiGraph
        Its edges may carry the attribute ``mi`` (mutual information, nats).
    target : node, optional
        The node to put in the centre of interest.
    ax : matplotlib.axes.Axes, optional
        Where to draw. Without it a new figure is made, as large as the network needs. It belongs
        to pyplot (so that ``plt.show()`` and notebooks show it) if the caller has imported pyplot,
        and to nobody else if not.
    isolated : bool, default False
        Draw the nodes without an edge too. The target is always drawn.
    legend : bool, default True
        Explain colours and widths, and count what is not shown, below the network.

    Returns
    -------
    matplotlib.axes.Axes
        One unit of its coordinates is one point (1/72 inch).

    Raises
    ------
    ParameterError
        If `graph` is not a networkx graph, `target` not one of its nodes or `ax` not axes.

    Examples
    --------
    >>> import networkx as nx
    >>> from mistruct.plot import plot_network
    >>> graph = nx.Graph()
    >>> graph.add_edge("smoking", "cancer", mi=0.12)
    >>> graph.add_edge("cancer", "x-ray", mi=0.31)
    >>> ax = plot_network(graph, target="cancer")
    >>> ax.figure.savefig("network.png")  # doctest: +SKIP
    """
    if not isinstance(graph, nx.Graph):
        raise ParameterError(f"graph must be a networkx graph, got {type(graph).__name__}")
    if target is not None and target not in graph:
        raise ParameterError(
            f"target must be a node of the graph, got {target!r}{nearest_names(target, graph)}"
        )
    check_axes(ax)
    links = _links(graph)
    drawn = [node for node in links if isolated or links.degree(node) or node == target]
    shown = links.subgraph(drawn).copy()
    steps = {} if target is None else nx.single_source_shortest_path_length(shown, target, 2)
    nodes = sorted(shown, key=lambda n: (steps.get(n, 3), -shown.degree(n), str(n)))
    names = [shorten(node) for node in nodes]
    radii = np.array([2.0 + 0.75 * math.sqrt(min(shown.degree(n), 60)) for n in nodes])
    radii[: target is not None] += 2.0
    strip = (3 * LEGEND_ROW if legend else 0.0) + MARGIN

    largest = LARGEST_PAGE if ax is None else size_in_points(ax)
    room = np.maximum(np.array(largest) - (2 * MARGIN, strip + MARGIN), 2 * MARGIN)
    per_point = text_extents(names)
    per_point[: target is not None] *= 1.1 * TARGET_TYPE  # it is bold as well
    type_size, n_labels = what_fits(per_point, radii, room[0] * room[1])
    radii *= type_size / LARGEST_TYPE
    labelled = np.arange(len(nodes))[:, None] < n_labels
    extents = np.where(labelled, per_point * type_size + 2.0, 0.0)  # with a point of air around

    places, page = _arrange(shown, nodes, target, radii, extents, room[0] / room[1])
    if ax is None:
        room = np.clip(page, SMALLEST_PAGE, room)
        height = room[1] + strip + MARGIN
        ax = new_axes((room[0] + 2 * MARGIN, height + TITLE))
        ax.set_position((0.0, 0.0, 1.0, height / (height + TITLE)))
    places = places * (room / np.maximum(page, 1.0))
    offsets = label_offsets(shown, nodes, places, radii, extents)
    places = separate(places, *boxes(offsets, radii, extents))
    places = into(places, room, *boxes(offsets, radii, extents))

    ax.set_axis_off()
    ax.set(xlim=(-MARGIN, room[0] + MARGIN), ylim=(-strip, room[1] + MARGIN))
    ends = {node: (places[i], radii[i]) for i, node in enumerate(nodes)}
    widths = draw_edges(ax, shown, ends, steps)
    colours = [PLAIN if target is None else COLOURS[steps.get(node, 3)] for node in nodes]
    ground = ax.figure.get_facecolor()
    areas = (2 * radii) ** 2
    ax.scatter(
        places[:, 0], places[:, 1], areas, colours, edgecolors=ground, linewidths=0.6, zorder=3
    )
    free = free_labels(places + offsets, extents / 2, n_labels)
    for i in free:
        draw_label(ax, names[i], places[i] + offsets[i], type_size, steps.get(nodes[i], 3))
    if legend:
        draw_legend(ax, room[0], strip, widths, steps, caption(links, shown, len(free)))
    return ax


def _links(graph: nx.Graph) -> nx.Graph:
    """The lines to draw, each with ``mi`` (or nan) and ``head`` (or None); nodes by name."""
    links = nx.Graph()
    links.add_nodes_from(sorted(graph, key=lambda node: (str(node), type(node).__name__)))
    for u, v, evidence in graph.edges(data=True):
        if u == v:
            continue
        mi = evidence.get("mi")
        mi = math.nan if mi is None else float(mi)
        if links.has_edge(u, v):
            mi = float(np.fmax(mi, links.edges[u, v]["mi"]))
        head = v if graph.is_directed() and not graph.has_edge(v, u) else None
        links.add_edge(u, v, mi=mi, head=head)
    return links


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
