"""Smallest sets that separate columns in a DAG, of the columns that may be used.

A set of ancestors of x and y separates the two where it cuts all paths between them in the moral
graph of these ancestors (Lauritzen, Dawid, Larsen and Leimer 1990), and if any set of allowed
columns separates them, those among it that are such ancestors do (van der Zander, Liskiewicz and
Textor 2019). So a smallest one is a minimum cut, in which each allowed column costs
one and no other can be cut (their algorithm FINDMINCOSTSEP).
"""

from __future__ import annotations

from collections.abc import Collection, Hashable
from typing import Any

import networkx as nx


def smallest_separator(
    dag: nx.DiGraph,
    x: Collection[Hashable],
    y: Collection[Hashable],
    allowed: Collection[Hashable],
) -> set[Any] | None:
    """The smallest set of allowed nodes that d-separates x and y; None where there is none.

    Of several, the one closest to y, which does not depend on the order of nodes or edges.

    Examples
    --------
    >>> import networkx as nx
    >>> dag = nx.DiGraph([("u", "x"), ("u", "z"), ("z", "y")])
    >>> smallest_separator(dag, ["x"], ["y"], ["u", "z"])
    {'z'}
    """
    ends = {*x, *y}
    around = ends.union(*(nx.ancestors(dag, v) for v in ends))
    usable = set(allowed) & around - ends
    moral = nx.moral_graph(dag.subgraph(around))
    flow = nx.DiGraph()
    for v in usable:  # each node is an arc from where paths enter to where they leave
        flow.add_edge((v, "in"), (v, "out"), capacity=1)

    def entry(v: Hashable) -> Any:
        return "y" if v in y else "x" if v in x else (v, "in")

    def exit_of(v: Hashable) -> Any:
        return (v, "out") if v in usable else entry(v)

    flow.add_nodes_from("xy")
    for u, v in moral.edges:
        flow.add_edges_from([(exit_of(u), entry(v)), (exit_of(v), entry(u))])
    flow.remove_edges_from(list(nx.selfloop_edges(flow)))
    try:
        _, (_, near_y) = nx.minimum_cut(flow, "x", "y")
    except nx.NetworkXUnbounded:
        return None
    return {v for v in usable if (v, "in") not in near_y and (v, "out") in near_y}
