"""A triangulation of a graph, as a tree of cliques.

Eliminating a node joins its neighbours to each other; the edges this adds make the graph chordal,
and each node with its neighbours at that moment is a complete set. The greedy rule "fewest added
edges first" adds none where the graph is chordal already, and is good elsewhere (Koller and
Friedman 2009, section 9.4.3). Read backwards, the elimination gives the maximal cliques and a
tree on them in which all that two cliques share lies in every clique between them.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping
from dataclasses import dataclass

import networkx as nx

from mistruct.export.tables import check_cells


@dataclass(frozen=True)
class Clique:
    """A maximal clique of the triangulated graph.

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


@dataclass(frozen=True)
class JunctionTree:
    """The cliques of a connected graph.

    Attributes
    ----------
    cliques : tuple of Clique
        Parents before their children.
    home : mapping of str to int
        The first clique that holds each node.
    n_added : int
        Number of edges the triangulation added; 0 where the graph is chordal.
    """

    cliques: tuple[Clique, ...]
    home: Mapping[str, int]
    n_added: int

    def containing(self, nodes: tuple[str, ...]) -> int:
        """Position of a clique that contains all `nodes`, which are complete in the graph."""
        # The one of them that was eliminated first came into the tree last, and the others were
        # its neighbours then, so they are in the clique it came with.
        return max(self.home[v] for v in nodes)


def junction_tree(graph: nx.Graph, n_states: Mapping[str, int], max_cells: int) -> JunctionTree:
    """Triangulate a connected graph by minimum fill and arrange its cliques in a tree.

    Raises DataError as soon as a clique table would exceed `max_cells`.

    Ties are broken by the size of the table that the elimination makes, then by name, so the
    result does not depend on the order of nodes.

    Examples
    --------
    >>> import networkx as nx
    >>> square = nx.cycle_graph(["a", "b", "c", "d"])
    >>> tree = junction_tree(square, dict.fromkeys("abcd", 2), max_cells=8)
    >>> [clique.nodes for clique in tree.cliques], tree.n_added
    ([('b', 'c', 'd'), ('a', 'b', 'd')], 1)
    """
    adjacent = {v: set(graph[v]) for v in graph}
    n_added = 0
    bags: list[tuple[str, set[str]]] = []

    def cost(node: str) -> tuple[int, int]:
        near = adjacent[node]
        linked = sum(len(near & adjacent[v]) for v in near) // 2
        table = math.prod(n_states[v] for v in near) * n_states[node]
        return len(near) * (len(near) - 1) // 2 - linked, table

    costs = {v: cost(v) for v in adjacent}
    queue = [(*costs[v], v) for v in adjacent]
    heapq.heapify(queue)
    stale: set[str] = set()
    while queue:
        if queue[0][0] > 0 and stale:
            # A node that needs no edges keeps that property while others without need are
            # eliminated, so costs are renewed only once no such node is left.
            for v in stale & adjacent.keys():
                costs[v] = cost(v)
                heapq.heappush(queue, (*costs[v], v))
            stale.clear()
            continue
        *priority, node = heapq.heappop(queue)
        if node not in adjacent or costs[node] != tuple(priority):
            continue
        near = adjacent.pop(node)
        check_cells("a clique table", sorted({node, *near}), n_states, max_cells)
        bags.append((node, near))
        for v in near:
            adjacent[v].discard(node)
        stale |= near
        if priority[0] > 0:
            n_added += priority[0]
            for v in near:
                adjacent[v] |= near - {v}
            stale.update(*(adjacent[v] for v in near))
            # The edges added may have undone what made other nodes cheap.
            for v in stale:
                costs[v] = cost(v)
                heapq.heappush(queue, (*costs[v], v))
            stale.clear()
    return _arrange(bags, n_added)


def _arrange(bags: list[tuple[str, set[str]]], n_added: int) -> JunctionTree:
    eliminated = {node: i for i, (node, _) in enumerate(bags)}
    members: list[set[str]] = []
    links: list[tuple[int | None, set[str]]] = []
    home: dict[str, int] = {}
    for node, later in reversed(bags):
        parent = home[min(later, key=eliminated.__getitem__)] if later else None
        if parent is not None and members[parent] == later:
            members[parent] = later | {node}
            home[node] = parent
        else:
            home[node] = len(members)
            members.append(later | {node})
            links.append((parent, later))
    return JunctionTree(
        tuple(
            Clique(tuple(sorted(nodes)), parent, tuple(sorted(separator)))
            for nodes, (parent, separator) in zip(members, links, strict=True)
        ),
        home,
        n_added,
    )
