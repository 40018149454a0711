"""Graphs as the text files of TETRAD.

A file has the names of the nodes, separated by semicolons, and one numbered edge a line. An edge is
``-->``, ``<->``, ``o->``, ``o-o``, ``o--`` or ``---``. Nothing says what kind of graph it is: where
an end has a circle, or both an arrowhead, it is read as a partial ancestral graph, and otherwise
``---`` as an undirected edge.
"""

from __future__ import annotations

import re
from pathlib import Path

import networkx as nx

from mistruct.errors import DataError
from mistruct.structure.end_marks import ARROW, CIRCLE, KIND, TAIL, Mark, glyph, is_pag, marks_of

_NAME = re.compile(r"[^\s;,]+$")
_EDGE = re.compile(r"\s*\d+\.\s+(\S+)\s+([<o-])-([>o-])\s+(\S+)")
_MARK_OF: dict[str, Mark] = {"<": ARROW, ">": ARROW, "-": TAIL, "o": CIRCLE}


def write_tetrad(graph: nx.Graph, path: Path) -> None:
    """One line an edge; attributes are lost."""
    for name in graph:
        if not _NAME.match(name):
            raise DataError(
                f"TETRAD cannot read the name {name!r}, with a space, comma or semicolon; "
                "rename it, or use the suffix .json"
            )
    marks = marks_of(graph)
    seen: set[frozenset[str]] = set()
    lines: list[str] = []
    for u, v in graph.edges:
        if frozenset((u, v)) in seen:
            continue
        seen.add(frozenset((u, v)))
        ends = marks[v, u], marks[u, v]
        if not is_pag(graph) and CIRCLE in ends:
            ends = TAIL, TAIL
        if (ends[0] == ARROW and ends[1] != ARROW) or ends == (TAIL, CIRCLE):
            u, v, ends = v, u, ends[::-1]
        lines.append(f"{len(lines) + 1}. {u} {glyph(*ends)} {v}")
    text = "\n".join(["Graph Nodes:", ";".join(graph), "", "Graph Edges:", *lines, ""])
    path.write_text(text, encoding="utf-8", newline="\n")


def read_tetrad(path: Path) -> nx.Graph:
    """Undo :func:`write_tetrad`, also for files of TETRAD itself."""
    lines = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
    if "Graph Nodes:" not in lines or "Graph Edges:" not in lines:
        raise ValueError("it has no lines 'Graph Nodes:' and 'Graph Edges:'")
    names = lines[lines.index("Graph Nodes:") + 1]
    marks: dict[tuple[str, str], Mark] = {}
    for line in lines[lines.index("Graph Edges:") + 1 :]:
        found = _EDGE.match(line)
        if found:
            u, at_u, at_v, v = found.groups()
            marks[v, u], marks[u, v] = _MARK_OF[at_u], _MARK_OF[at_v]
        elif line:
            break  # other sections follow
    ends = [(marks[v, u], mark) for (u, v), mark in marks.items()]
    marked = any(CIRCLE in both or both == (ARROW, ARROW) for both in ends)
    graph = nx.DiGraph()
    graph.add_nodes_from(name for name in re.split("[;,]", names) if name)
    if marked:
        graph.graph["kind"] = KIND
        graph.add_edges_from((u, v, {"mark": mark}) for (u, v), mark in marks.items())
        return graph
    graph.add_edges_from((u, v) for (u, v), mark in marks.items() if mark == ARROW)
    for (u, v), mark in marks.items():
        if mark == marks[v, u] == TAIL:
            graph.add_edge(u, v)
    undirected = all(mark == TAIL for mark in marks.values())
    return graph.to_undirected() if undirected else graph
