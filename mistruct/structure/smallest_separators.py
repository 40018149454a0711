"""Smallest sets that separate columns in a DAG, of the columns that may be used.

A set of ancestors of x and y separates the two where it cuts all paths between them in the moral
graph of these ancestors (Lauritzen, Dawid, Larsen and Leimer 1990), and if any set of allowed
columns separates them, those among it that are such ancestors do (van der Zander, Liskiewicz and
Textor 2019). So a smallest one is a minimum cut, in which each allowed column costs
one and no other can be cut (their algorithm FINDMINCOSTSEP).
"""

from __future__ import annotations

from collections.abc import Collection, Hashable
from itertools import combinations
from typing import Any

import networkx as nx
import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

_X, _Y = 0, 1  # the places of both ends in a flow


class Separators:
    """Smallest separating sets in one DAG.

    Parameters
    ----------
    dag : networkx.DiGraph
    """

    def __init__(self, dag: nx.DiGraph) -> None:
        self._dag = dag
        self._nodes = list(dag)
        place = {v: i for i, v in enumerate(self._nodes)}
        edges = [(place[u], place[v], place[v]) for u, v in dag.edges]
        for v in dag:
            edges += [(place[a], place[b], place[v]) for a, b in combinations(dag.pred[v], 2)]
        # The ends of each edge of the moral graph, and the child that it is there for.
        self._edges = np.array(edges, dtype=np.int64).reshape(-1, 3).T

    def smallest(
        self, x: Collection[Hashable], y: Collection[Hashable], allowed: Collection[Hashable]
    ) -> set[Any] | None:
        """The smallest set of allowed nodes that d-separates x and y; None where there is none.

        Of several, the one closest to y, which does not depend on the order of nodes or edges.
        """
        around = {*x, *y}.union(*(nx.ancestors(self._dag, v) for v in (*x, *y)))
        n, allowed = len(self._nodes), set(allowed)
        is_around = np.array([v in around for v in self._nodes], dtype=bool)
        of_x, of_y = (np.array([v in end for v in self._nodes]) for end in (x, y))
        usable = np.array([v in allowed for v in self._nodes]) & is_around & ~of_x & ~of_y
        # A node is an arc from where paths enter to where they leave, or one place if none cuts it.
        entry = np.select([of_x, of_y], [_X, _Y], 2 + np.arange(n))
        leave = np.where(usable, entry + n, entry)
        a, b, child = self._edges
        a, b = a[is_around[child]], b[is_around[child]]
        # All turned around: what paths from y still reach is on its side of the cut closest to it.
        start = np.concatenate([entry[a], entry[b], leave[usable]])
        end = np.concatenate([leave[b], leave[a], entry[usable]])
        # More than all nodes together, so that an edge is in no cut that separates.
        room = np.repeat(np.array([n + 1, 1], dtype=np.int32), [2 * len(a), usable.sum()])
        apart = start != end
        flow = csr_array((room[apart], (start[apart], end[apart])), shape=(2 * n + 2, 2 * n + 2))
        found = maximum_flow(flow, _Y, _X)
        if found.flow_value > n:
            return None
        left = csr_array(flow - found.flow)
        near_y = np.zeros(2 * n + 2, dtype=bool)
        near_y[breadth_first_order(left, _Y, return_predecessors=False)] = True
        cut = np.flatnonzero(usable & ~near_y[entry] & near_y[leave])
        return {self._nodes[i] for i in cut}


def smallest_separator(
    dag: nx.DiGraph,
    x: Collection[Hashable],
    y: Collection[Hashable],
    allowed: Collection[Hashable],
) -> set[Any] | None:
    """The smallest set of allowed nodes that d-separates x and y; None where there is none.

    Examples
    --------
    >>> import networkx as nx
    >>> dag = nx.DiGraph([("u", "x"), ("u", "z"), ("z", "y")])
    >>> smallest_separator(dag, ["x"], ["y"], ["u", "z"])
    {'z'}
    """
    return Separators(dag).smallest(x, y, allowed)
