"""Extension of a partially directed graph to a DAG.

A CPDAG stands for a class of DAGs that imply the same independences; to fit one, an arrowhead has
to be put on every undirected edge without creating a cycle or a v-structure. Dor and Tarsi (1992)
do it backwards: take any node that could be the last of all (no arrow leaves it, and each of its
undirected neighbours is adjacent to all its other neighbours), point its undirected edges at it,
remove it, and go on. Such a node stays one while others are removed, so the choice among them
never leads into a dead end: if none is left, no extension exists.

An undirected edge is two opposite arcs here, as in :class:`pgmpy.base.PDAG`.
"""

from __future__ import annotations

import heapq

import networkx as nx

from mistruct.errors import DataError


def to_dag(graph: nx.Graph) -> nx.DiGraph:
    """Consistent extension of a partially directed graph.

    Parameters
    ----------
    graph : networkx.DiGraph or networkx.Graph
        Two opposite arcs are an undirected edge; a `Graph` has no others. Nodes are strings.

    Returns
    -------
    networkx.DiGraph
        A DAG with the same nodes, adjacencies, directed edges and v-structures, and with the
        attributes of `graph`. It does not depend on the order of nodes: of several nodes that
        could come last, the first by name does. A DAG is returned as it is (a copy).

    Raises
    ------
    DataError
        No such DAG exists, or a node has an edge to itself.

    References
    ----------
    D. Dor, M. Tarsi, "A simple algorithm to construct a consistent extension of a partially
    oriented graph", Technical Report R-185, UCLA, 1992.

    Examples
    --------
    >>> import networkx as nx
    >>> from mistruct.structure.causal.to_dag import to_dag
    >>> cpdag = nx.DiGraph([("a", "c"), ("b", "c"), ("c", "d"), ("d", "e"), ("e", "d")])
    >>> sorted(to_dag(cpdag).edges)
    [('a', 'c'), ('b', 'c'), ('c', 'd'), ('d', 'e')]
    """
    loops = sorted(str(v) for v in nx.nodes_with_selfloops(graph))
    if loops:
        raise DataError(f"node {loops[0]!r} has an edge to itself, which no DAG has")
    arcs = graph if graph.is_directed() else graph.to_directed()

    # What is left of the graph: arcs into and out of each node.
    into = {v: set(arcs.pred[v]) for v in arcs}
    out_of = {v: set(arcs.succ[v]) for v in arcs}

    def can_come_last(node: str) -> bool:
        undirected = out_of[node]
        return undirected <= into[node] and all(
            into[node] - {other} <= into[other] | out_of[other] for other in undirected
        )

    ready = [v for v in into if can_come_last(v)]
    queued = set(ready)
    heapq.heapify(ready)
    rank: dict[str, int] = {}
    while ready:
        last = heapq.heappop(ready)
        rank[last] = len(rank)
        neighbours = into.pop(last)
        for other in neighbours:
            into[other].discard(last)
            out_of[other].discard(last)
        for other in neighbours - queued:
            if can_come_last(other):
                heapq.heappush(ready, other)
                queued.add(other)
    if into:
        shown = ", ".join(repr(v) for v in sorted(into)[:6]) + (", ..." if len(into) > 6 else "")
        raise DataError(
            "the graph has no consistent extension to a DAG: whatever direction the undirected "
            f"edges among {shown} take, a cycle or a new v-structure arises; where PC "
            "learned it, dag_ is the nearest DAG"
        )
    dag = nx.DiGraph()
    dag.graph.update(graph.graph)
    dag.add_nodes_from(graph.nodes(data=True))
    dag.add_edges_from((u, v, d) for u, v, d in arcs.edges(data=True) if rank[v] < rank[u])
    return dag


def nearest_dag(graph: nx.DiGraph) -> nx.DiGraph:
    """A DAG that keeps every arrow of a partially directed graph, with few new v-structures.

    What is learned from a sample need not have a consistent extension. The same search then goes
    on with the node, among those that no arrow leaves, that makes the fewest pairs of its
    neighbours parents that are not adjacent; of several, the first by name. Where a consistent
    extension exists, one is found.

    Parameters
    ----------
    graph : networkx.DiGraph
        Two opposite arcs are an undirected edge; the arrows form no cycle. Nodes are strings.

    Returns
    -------
    networkx.DiGraph
        With the attributes of `graph`.
    """
    into = {v: set(graph.pred[v]) for v in graph}
    out_of = {v: set(graph.succ[v]) for v in graph}
    rank: dict[str, int] = {}

    def cost(node: str) -> tuple[int, str]:
        around = into[node]
        new = sum(
            len(around - {other} - into[other] - out_of[other]) for other in out_of[node] & around
        )
        return new, node

    while into:
        last = min((v for v in into if out_of[v] <= into[v]), key=cost)
        rank[last] = len(rank)
        for other in into.pop(last):
            into[other].discard(last)
            out_of[other].discard(last)
    dag = nx.DiGraph()
    dag.graph.update(graph.graph)
    dag.add_nodes_from(graph.nodes(data=True))
    dag.add_edges_from((u, v, d) for u, v, d in graph.edges(data=True) if rank[v] < rank[u])
    return dag
