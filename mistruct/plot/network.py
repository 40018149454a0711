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
from collections.abc import Hashable
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np

from mistruct.errors import ParameterError, nearest_names
from mistruct.plot.canvas import check_axes
from mistruct.plot.fonts import with_glyphs
from mistruct.plot.marks import (
    COLOURS,
    LEGEND_ROW,
    PLAIN,
    caption,
    draw_edges,
    draw_legend,
    legend_rows,
)
from mistruct.plot.sheet import lay_out
from mistruct.structure.end_marks import is_pag, marks_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@with_glyphs
def plot_network(
    graph: nx.Graph,
    *,
    target: Hashable | None = None,
    ax: Axes | None = None,
    isolated: bool = False,
    legend: bool = True,
) -> Axes:
    """Draw a network, with the target and its neighbourhood highlighted.

    Edges are as wide as their mutual information. An edge of a directed graph ends in an arrowhead,
    unless its opposite is there too: two opposite arcs are one undirected edge, dashed where `PC`
    found its direction contested. A partial ancestral graph, as from `FCI`, has an arrowhead, a
    circle or nothing at each end. Nodes grow with the number of their neighbours. When there is not
    room for all labels, the target, its neighbours, their neighbours and the hubs keep theirs.

    The same graph always gives the same picture, whatever the order of its nodes.

    Parameters
    ----------
    graph : networkx.Graph or networkx.DiGraph
        Its edges may carry the attributes ``mi`` (mutual information, nats) and ``orientation``.
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
    DataError
        If an edge of a partial ancestral graph has no mark.

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
    page = lay_out(shown, steps, ax, 3 * LEGEND_ROW if legend else 0.0)
    widths = draw_edges(page.ax, shown, page.ends, steps)
    page.draw_nodes([PLAIN if target is None else COLOURS[steps.get(n, 3)] for n in page.nodes])
    n_labelled = page.draw_labels()
    if legend:
        note = caption(links, shown, n_labelled)
        draw_legend(page.ax, page.width, page.strip, legend_rows(widths, steps), note)
    return page.ax


def _links(graph: nx.Graph) -> nx.Graph:
    """The lines to draw, nodes by name.

    They have ``mi`` or nan, ``head`` or None, ``contested``, and the ``marks`` at their ends, if
    any.
    """
    links = nx.Graph()
    ends = marks_of(graph) if is_pag(graph) else {}
    links.add_nodes_from(sorted(graph, key=lambda node: (str(node), type(node).__name__)))
    for u, v, evidence in graph.edges(data=True):
        if u == v:
            continue
        mi = evidence.get("mi")
        mi = math.nan if mi is None else float(mi)
        if links.has_edge(u, v):
            mi = float(np.fmax(mi, links.edges[u, v]["mi"]))
        head = v if graph.is_directed() and not graph.has_edge(v, u) else None
        contested = evidence.get("orientation") == "contested"
        marks = {u: ends[v, u], v: ends[u, v]} if ends else {}
        links.add_edge(u, v, mi=mi, head=head, contested=contested, marks=marks)
    return links
