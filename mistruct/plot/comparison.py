"""The picture of a learned graph beside the true one: `plot_comparison`.

All edges of both graphs stand on one page, each as one of four lines: found, found with another
direction, missed, or extra. Patterns and colours say the same, so that either is enough.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np

from mistruct.errors import ParameterError
from mistruct.plot.canvas import check_axes
from mistruct.plot.end_glyphs import arrowhead
from mistruct.plot.fonts import with_glyphs
from mistruct.plot.layout import Array
from mistruct.plot.marks import LEGEND_ROW, counted, draw_legend, not_shown
from mistruct.plot.sheet import Page, lay_out
from mistruct.structure.causal.compare import as_cpdags

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NODE = "#BBBBBB"
LINE = 1.6  # width of lines, points
CLEARANCE = 5.0  # between a line and a node that it passes, points

# Okabe and Ito's colours, and patterns in widths of the line.
KINDS: dict[str, tuple[str, Any]] = {
    "found": ("#0072B2", "-"),
    "direction differs": ("#CC79A7", (0, (6.0, 1.5, 1.0, 1.5))),
    "missed": ("#D55E00", (0, (3.5, 1.8))),
    "extra": ("#333333", (0, (1.0, 1.5))),
}


@with_glyphs
def plot_comparison(
    learned: nx.Graph,
    truth: nx.Graph,
    *,
    names: tuple[str, str] | None = None,
    ax: Axes | None = None,
    legend: bool = True,
) -> Axes:
    """Draw a learned graph beside the true one: edges found, missed and added.

    A solid line is found as it is in truth, one of dots and dashes in another direction; a
    dashed line is missed, a dotted line extra. Filled arrowheads are those of the learned graph,
    hollow ones those of the truth where it differs.

    Parameters
    ----------
    learned, truth : networkx.Graph or networkx.DiGraph
        With the same nodes, and taken as :func:`~mistruct.compare` does: a DAG stands for its
        CPDAG, so that a direction which no data can tell counts as none. If either is a `Graph`,
        which has no directions, only the lines are compared.
    names : tuple of two str, optional
        What to call `learned` and `truth` in the legend, if neither is the truth: the edges are
        then those in both, in either, and those whose direction differs.
    ax : matplotlib.axes.Axes, optional
        Where to draw. Without it a new figure is made, pyplot's if the caller has imported pyplot,
        as in `plot_network`.
    legend : bool, default True
        Explain the lines, with their numbers, below the network.

    Returns
    -------
    matplotlib.axes.Axes
        One unit of its coordinates is one point (1/72 inch).

    Raises
    ------
    DataError
        The nodes differ, or a node has an edge to itself.
    ParameterError
        `learned` or `truth` are no graphs of networkx, or `ax` no axes.

    Examples
    --------
    >>> import networkx as nx
    >>> import mistruct as ms
    >>> truth = nx.DiGraph([("rain", "wet"), ("sprinkler", "wet"), ("wet", "slippery")])
    >>> learned = nx.Graph([("rain", "wet"), ("wet", "slippery"), ("rain", "slippery")])
    >>> learned.add_node("sprinkler")
    >>> ax = ms.plot_comparison(learned, truth)
    >>> ax.figure.savefig("comparison.png")  # doctest: +SKIP
    """
    for name, graph in (("learned", learned), ("truth", truth)):
        if not isinstance(graph, nx.Graph):
            raise ParameterError(f"{name} must be a networkx graph, got {type(graph).__name__}")
    check_axes(ax)
    found, true = as_cpdags(learned, truth)
    directed = learned.is_directed() and truth.is_directed()
    if not directed:
        found, true = (g.to_undirected().to_directed() for g in (found, true))
    both = _judged(found, true)
    shown = both.subgraph([v for v in both if both.degree(v)]).copy()
    page = lay_out(shown, {}, ax, 3 * LEGEND_ROW if legend else 0.0)
    for kind in KINDS:
        edges = [(u, v) for u, v, of in shown.edges(data="kind") if of == kind]
        _draw(page, kind, edges, found, true)
    page.draw_nodes([NODE] * len(page.nodes))
    n_labelled = page.draw_labels()
    if legend:
        n_edges = [counted(len(g.to_undirected().edges), "edge") for g in (true, found)]
        where = (" learned", " in truth") if names is None else [f" in {name}" for name in names]
        note = f"{counted(len(both), 'variable')}; {n_edges[0]}{where[1]}, {n_edges[1]}{where[0]}"
        note += not_shown(both, shown, n_labelled)
        draw_legend(
            page.ax, page.width, page.strip, _rows(both, directed, names), note, handlelength=3.0
        )
    return page.ax


def _judged(found: nx.DiGraph, true: nx.DiGraph) -> nx.Graph:
    """The edges of both graphs, each with its ``kind``; nodes by name."""
    both = nx.Graph()
    both.add_nodes_from(sorted(found, key=lambda node: (str(node), type(node).__name__)))
    for u, v in [*found.edges, *true.edges]:
        of_found, of_true = ((g.has_edge(u, v), g.has_edge(v, u)) for g in (found, true))
        kind = "found" if of_found == of_true else "direction differs"
        if not any(of_found) or not any(of_true):
            kind = "extra" if any(of_found) else "missed"
        both.add_edge(u, v, kind=kind)
    return both


def _draw(page: Page, kind: str, edges: list[Any], found: nx.DiGraph, true: nx.DiGraph) -> None:
    """Draw the edges of one kind, with the arrowheads of the learned graph and of the truth."""
    from matplotlib.collections import LineCollection, PolyCollection

    colour, pattern = KINDS[kind]
    ends = page.ends
    lines, filled, hollow = [], [], []
    t = np.linspace(0.0, 1.0, 21)[:, np.newaxis]
    for u, v in edges:
        start, end = ends[u][0], ends[v][0]
        bend = _bend(page, start, end)
        lines.append((1 - t) ** 2 * start + 2 * t * (1 - t) * bend + t**2 * end)
        for tail, head in ((u, v), (v, u)):
            shape = arrowhead(bend, *ends[head])
            if _points(found, tail, head):
                filled.append(shape)
            elif _points(true, tail, head):
                hollow.append(shape)
    page.ax.add_collection(
        LineCollection(lines, linewidths=LINE, colors=colour, linestyles=[pattern], zorder=1)
    )
    for shapes, inside in ((filled, colour), (hollow, page.ax.figure.get_facecolor())):
        heads = PolyCollection(shapes, facecolors=[inside], edgecolors=colour, zorder=2)
        page.ax.add_collection(heads)


def _points(graph: nx.DiGraph, tail: Any, head: Any) -> bool:
    return graph.has_edge(tail, head) and not graph.has_edge(head, tail)


def _bend(page: Page, start: Array, end: Array) -> Array:
    """Control point of a parabola that passes by other nodes."""
    way = end - start
    length = float(np.linalg.norm(way))
    aside = np.array([-way[1], way[0]]) / length
    along, off = (page.places - start) @ way / length**2, (page.places - start) @ aside
    needed = page.radii + CLEARANCE - np.abs(off)
    near = np.flatnonzero((needed > 0) & (along > 0.05) & (along < 0.95))
    if not len(near):
        return np.asarray(start + way / 2)
    # Away from the node that is most in the way; at t the parabola is 2 t (1 - t) as far aside.
    most = near[needed[near].argmax()]
    t = along[most]
    far = (np.abs(off[most]) + needed[most]) / (2 * t * (1 - t))
    side = -1.0 if off[most] > 0 else 1.0
    return np.asarray(start + way / 2 + side * min(far, length / 2) * aside)


def _rows(both: nx.Graph, directed: bool, names: tuple[str, str] | None = None) -> list[list[Any]]:
    """Rows of the legend of lines and arrowheads."""
    from matplotlib.lines import Line2D

    counts = Counter(kind for *_, kind in both.edges(data="kind"))
    words = {kind: kind for kind in KINDS}
    heads_of = ["as learned", "as in truth, where that differs"]
    if names is not None:
        learned, truth = names
        words |= {"found": "in both", "missed": f"only in {truth}", "extra": f"only in {learned}"}
        heads_of = [f"as in {learned}", f"as in {truth}, where that differs"]
    lines = [
        Line2D(
            [],
            [],
            color=c,
            linestyle=pattern,
            linewidth=LINE,
            label=f"{words[kind]} ({counts[kind]})",
        )
        for kind, (c, pattern) in KINDS.items()
        if directed or kind != "direction differs"
    ]
    heads = [
        Line2D([], [], linestyle="", marker=">", color="0.4", markerfacecolor=inside, label=label)
        for inside, label in zip(("0.4", "none"), heads_of, strict=True)
    ]
    return [lines, heads] if directed else [lines]
