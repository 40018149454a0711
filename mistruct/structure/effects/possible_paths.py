"""Paths along which a cause may act, in a DAG, CPDAG or PAG.

A path from x is possibly directed if no arrow on it points back towards x. In a class of graphs
some member may have it directed, and if there is one from u to v, there is one in which no three
nodes in a row are all adjacent (Perkovic, Textor, Kalisch and Maathuis 2018; for a CPDAG with
knowledge Perkovic, Kalisch and Maathuis 2017). Only those are searched.

An edge x -> v is visible if it has no hidden common cause beside it (Zhang 2008, definition 8).
Without hidden causes, in a DAG or CPDAG, every arrow is.
"""

from __future__ import annotations

from collections.abc import Collection

from mistruct.structure.mixed_graph import MixedGraph


def possible_path(
    graph: MixedGraph, start: str, ends: Collection[str], avoiding: Collection[str] = ()
) -> list[str] | None:
    """A shortest possibly directed path from a node to one of others, None if there is none."""
    before = _search(graph, start, avoiding)
    for prev, node in before:
        if node in ends:
            path = [node]
            state = (prev, node)
            while state[0] is not None:
                state = before[state]
                path.append(state[1])
            return path[::-1]
    return None


def possible_descendants(
    graph: MixedGraph, starts: Collection[str], avoiding: Collection[str] = ()
) -> set[str]:
    """Nodes that possibly directed paths from any of the starts lead to, and the starts."""
    return {node for v in starts for _, node in _search(graph, v, avoiding)}


def possible_ancestors(
    graph: MixedGraph, ends: Collection[str], avoiding: Collection[str] = ()
) -> set[str]:
    """Nodes from which possibly directed paths lead to any of the ends, and the ends."""
    return {node for v in ends for _, node in _search(graph, v, avoiding, backwards=True)}


_State = tuple[str | None, str]


def _search(
    graph: MixedGraph, start: str, avoiding: Collection[str], *, backwards: bool = False
) -> dict[_State, _State]:
    """The last two nodes of all such paths, nearest first, each with those before it."""
    first: _State = (None, start)
    before = {first: first}
    queue = [first]
    for prev, node in queue:
        for new in graph.adjacent[node]:
            end = graph.marks[node, new] if backwards else graph.marks[new, node]
            state = (node, new)
            if end == "arrow" or new in avoiding or state in before:
                continue
            if prev is None or (prev != new and (prev, new) not in graph.marks):
                before[state] = (prev, node)
                queue.append(state)
    return before


def is_visible(graph: MixedGraph, u: str, v: str) -> bool:
    """Whether the edge between two nodes is u -> v and cannot hide a common cause of the two."""
    if not graph.is_directed(u, v):
        return False
    if graph.kind != "PAG":
        return True
    # Search from u against arrows into u, along colliders that are parents of v.
    queue, seen = [u], {u}
    for node in queue:
        for new in graph.adjacent[node]:
            if new in seen or graph.marks[new, node] != "arrow" or new == v:
                continue
            if (new, v) not in graph.marks:
                return True
            if graph.marks[node, new] == "arrow" and graph.is_directed(new, v):
                seen.add(new)
                queue.append(new)
    return False
