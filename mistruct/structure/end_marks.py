"""The marks at the ends of edges, where causes may be hidden.

A partial ancestral graph (PAG) says at each end of an edge whether the column there may be a cause
of the other (Richardson and Spirtes 2002; Zhang 2008). A tail: it is one, in every graph that fits
the data. An arrowhead: it is in none. A circle: it is in some of them. So x --> y is a cause,
x <-> y has a hidden common cause, and in x o-> y the two are still to be told apart.

Such a graph is a networkx DiGraph in which each edge is two opposite arcs. The arc (u, v) has the
attribute ``mark``, which stands at the end v.
"""

from __future__ import annotations

from typing import Literal

import networkx as nx

from mistruct.errors import DataError

Mark = Literal["arrow", "tail", "circle"]

ARROW: Mark = "arrow"
TAIL: Mark = "tail"
CIRCLE: Mark = "circle"

KIND = "pag"

_AT_START = {ARROW: "<", TAIL: "-", CIRCLE: "o"}
_AT_END = {ARROW: ">", TAIL: "-", CIRCLE: "o"}


def is_pag(graph: nx.Graph) -> bool:
    """Whether a graph says that it is a partial ancestral graph."""
    return bool(graph.graph.get("kind") == KIND)


def check_pag(graph: nx.Graph) -> None:
    """Raise DataError unless each edge has a mark at both ends."""
    if not graph.is_directed():
        raise DataError("a partial ancestral graph must be a networkx.DiGraph, got a Graph")
    for u, v, mark in graph.edges(data="mark"):
        if not graph.has_edge(v, u):
            raise DataError(
                f"the edge of {u!r} and {v!r} has no arc back; in a partial ancestral graph an "
                "edge is two opposite arcs"
            )
        if mark not in _AT_END:
            raise DataError(
                f"the arc from {u!r} to {v!r} must have a mark 'arrow', 'tail' or 'circle', "
                f"got {mark!r}"
            )


def marks_of(graph: nx.Graph) -> dict[tuple[str, str], Mark]:
    """The mark at v for each edge (u, v), and the other way round.

    In a graph without marks a directed edge has a tail and an arrowhead, and others have circles.
    """
    if is_pag(graph):
        check_pag(graph)
        return {(u, v): mark for u, v, mark in graph.edges(data="mark")}
    marks: dict[tuple[str, str], Mark] = {}
    for u, v in graph.edges:
        one_way = graph.is_directed() and not graph.has_edge(v, u)
        marks[u, v], marks[v, u] = (ARROW, TAIL) if one_way else (CIRCLE, CIRCLE)
    return marks


def glyph(at_start: Mark, at_end: Mark) -> str:
    """An edge as text, such as ``o->``.

    Examples
    --------
    >>> glyph("circle", "arrow"), glyph("arrow", "arrow"), glyph("tail", "arrow")
    ('o->', '<->', '-->')
    """
    return f"{_AT_START[at_start]}-{_AT_END[at_end]}"
