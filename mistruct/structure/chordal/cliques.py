"""The maximal cliques of a chordal graph, as a tree in which what two share lies between them.

A search that always goes on to a node with the most neighbours among those it has visited meets
each clique as a whole: these neighbours are complete, and where they are not more than those of the
node before, a new clique begins, whose separator they are (Tarjan and Yannakakis 1984; Blair and
Peyton 1993, section 4).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

import networkx as nx


@dataclass(frozen=True)
class Clique:
    """A maximal clique of a chordal graph.

    Attributes
    ----------
    nodes : tuple of str
        Its nodes, sorted.
    parent : int or None
        Position of its parent in the list of cliques; parents stand before their children.
    separator : tuple of str
        The nodes it shares with its parent, sorted.
    """

    nodes: tuple[str, ...]
    parent: int | None
    separator: tuple[str, ...]


def cliques_of(graph: nx.Graph) -> tuple[Clique, ...]:
    """The maximal cliques of a chordal graph; those of a component come one after another.

    The result does not depend on the order of nodes: of equal ones the first by name is visited.

    Examples
    --------
    >>> import networkx as nx
    >>> from mistruct.structure.chordal.cliques import cliques_of
    >>> graph = nx.Graph(["ab", "bc", "ac", "cd"])
    >>> [(clique.nodes, clique.separator) for clique in cliques_of(graph)]
    [(('a', 'b', 'c'), ()), (('c', 'd'), ('c',))]
    """
    visited: dict[str, set[str]] = {node: set() for node in graph}  # neighbours of each
    home: dict[str, int] = {}
    last: dict[str, int] = {}  # when each node was visited
    members: list[set[str]] = []
    links: list[tuple[int | None, set[str]]] = []
    queue = [(0, node) for node in sorted(graph)]
    n_before = -1
    while queue:
        count, node = heapq.heappop(queue)
        near = visited[node]
        if node in home or -count != len(near):
            continue
        if len(near) > n_before >= 0:
            members[-1].add(node)
        else:
            links.append((home[max(near, key=last.__getitem__)] if near else None, near))
            members.append({node, *near})
        home[node], last[node] = len(members) - 1, len(last)
        n_before = len(near)
        for neighbour in graph[node]:
            if neighbour not in home:
                visited[neighbour].add(node)
                heapq.heappush(queue, (-len(visited[neighbour]), neighbour))
    return tuple(
        Clique(tuple(sorted(nodes)), parent, tuple(sorted(separator)))
        for nodes, (parent, separator) in zip(members, links, strict=True)
    )


def junction_tree_of(cliques: tuple[Clique, ...]) -> nx.Graph:
    """The cliques as a networkx forest: nodes are tuples of names, edges have a `separator`."""
    tree = nx.Graph()
    tree.add_nodes_from(clique.nodes for clique in cliques)
    for clique in cliques:
        if clique.parent is not None:
            tree.add_edge(cliques[clique.parent].nodes, clique.nodes, separator=clique.separator)
    return tree


def arcs_of(cliques: tuple[Clique, ...]) -> Iterator[tuple[str, str]]:
    """The edges of the graph, so directed that the parents of each node are complete."""
    for clique in cliques:
        before = list(clique.separator)
        for node in clique.nodes:
            if node not in clique.separator:
                yield from ((parent, node) for parent in before)
                before.append(node)
